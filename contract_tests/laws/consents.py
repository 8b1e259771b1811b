"""Consents as every answer must show them, by the decisions made before it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from contract_tests.actor import consents_in
from contract_tests.document import Contract
from contract_tests.exchange import NO_ANSWER, Exchange
from contract_tests.law import Violation
from contract_tests.laws.comparison import changed
from contract_tests.session import Session
from contract_tests.transport import SAFE

SHOWN = 12
"""Requests, at most, that are shown with the answer that contradicts them."""


@dataclass
class _Known:
    """A customer's expected consents, and since when."""

    consents: dict[str, bool] = field(default_factory=dict)
    """Preference, in lower case → opted in; empty while it is not known."""
    since: int = 0
    """The place of the last answer that showed them."""


def check_consents(session: Session) -> None:
    """
    Check that every list of preferences since the last check shows what was decided.

    Raises:
        Violation: one shows a consent that nobody gave, or misses one.
    """
    exchanges, contract = session.take_unchecked(), session.contract
    known = {each.name: _Known() for each in session.customers}
    for place, exchange in enumerate(exchanges):
        if exchange.actor in known:
            _track(known[exchange.actor], place, exchanges, contract)


def check_same_consents(before: Exchange, after: Exchange, exchanges: Sequence[Exchange]) -> None:
    """Check that two lists show the same consents; `exchanges` led from the one to the other."""
    if consents_in(before.records) != consents_in(after.records):
        raise changed(before, after, exchanges)


def _track(known: _Known, place: int, exchanges: Sequence[Exchange], contract: Contract) -> None:
    exchange = exchanges[place]
    operation = contract.operations.get(exchange.operation or "")
    if operation is None or not operation.decides:
        # Whether it wrote is not known of what answers well and is no operation.
        if exchange.method not in SAFE and exchange.status < 400:
            known.consents = {}
    elif exchange.ok:
        id = operation.parameter_in(exchange.url).lower()
        known.consents |= {id: operation.opts_in} if id in known.consents else {}
    elif exchange.status == NO_ANSWER or exchange.status >= 500:
        known.consents = {}
    if exchange.concurrent or not exchange.fits or not operation:
        return
    if "opted_in" in operation.fields:
        listed = {id.lower(): opted_in for id, opted_in in consents_in(exchange.records).items()}
        if known.consents and listed != known.consents:
            _raise_contradiction(known, listed, place, exchanges)
        known.consents, known.since = listed, place


def _raise_contradiction(
    known: _Known, listed: dict[str, bool], place: int, exchanges: Sequence[Exchange]
) -> None:
    ids = known.consents.keys() | listed.keys()
    changed = min(id for id in ids if known.consents.get(id) != listed.get(id))
    between = exchanges[known.since : place]
    raise Violation(
        expected=f"opted_in {known.consents.get(changed)} for {changed}, as it was decided",
        actual=f"opted_in {listed.get(changed)}",
        exchange=exchanges[place],
        after=[between[0], *between[1:][-SHOWN:]],
        certain=True,
    )
