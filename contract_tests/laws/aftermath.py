"""Traces that a run leaves behind, once everything was read, refused, decided and taken back."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from contract_tests.actor import Actor, Customer
from contract_tests.document import Operation
from contract_tests.exchange import NO_ANSWER, Exchange
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.comparison import (
    DECIDED,
    LAST_ACTIVE,
    changed,
    fell_due_between,
    steady,
    substance,
    unexplained,
)
from contract_tests.laws.consents import check_consents, check_same_consents
from contract_tests.session import UNKNOWN_PREFERENCE, Session
from contract_tests.transport import SAFE

PLAINLY = {"Origin", "Authorization"}
"""The headers of a plain read."""
DATED = 2
"""So many changes of a date, with nothing written between, are the reads' doing."""
SHOWN = 12
"""Writes, at most, that are shown with what they may have left behind."""


@law("TIME-02")
def nothing_is_left_behind(session: Session, operation: Operation) -> None:
    compared, now = 0, session.client.now()
    queries = [(), *(((name, "true"),) for name in operation.queries("boolean"))]
    for customer in session.customers:
        for query in queries:
            first = customer.cached_call(operation, query)
            if not first.ok:
                continue
            compared += 1
            last = customer.call(operation, query)
            if unexplained(first, last, now):
                raise changed(first, last, [first, *_writes(session, customer)])
    if not compared:
        raise NotCovered("nobody was answered 200")
    for customer in session.acting:
        _check_head(customer, operation)
    _check_first_decision(session, operation)
    _check_every_read(session, operation)
    _check_reads_change_no_date(session, operation)
    if "opted_in" in operation.fields:
        check_consents(session)
        _check_head_and_options(session, operation)
    else:
        _check_decisions(session, operation)


def _check_decisions(session: Session, operation: Operation) -> None:
    staff = session.roles.get("staff", session.unknown)
    for customer in session.acting:
        with suppress(NotCovered):
            _check_decision(customer, operation, staff)


def _check_head_and_options(session: Session, operation: Operation) -> None:
    """Check that HEAD and OPTIONS change no consent."""
    customer = next(filter(session.has_preferences, session.acting), None)
    if customer is None or session.client.target.read_only:
        return
    for opted_in in (False, True):
        prepared = customer.restore(dict.fromkeys(customer.consents(), opted_in))
        before = customer.preferences()
        looked = [customer.call(operation, method=each) for each in ("HEAD", "OPTIONS")]
        after = customer.preferences()
        check_same_consents(before, after, [*prepared, before, *looked])


def _check_decision(customer: Customer, operation: Operation, stranger: Actor) -> None:
    """
    Check that decisions change nothing else: what changes at both of two tries, and in neither
    pause before them, is their doing, however fresh its dates are.
    """
    if _change_by_decisions(customer, operation, stranger) and (
        exchanges := _change_by_decisions(customer, operation, stranger)
    ):
        raise changed(exchanges[0], exchanges[-1], exchanges)


def _check_head(customer: Customer, operation: Operation) -> None:
    """Check that HEAD changes no answer that two reads before it agreed on."""
    earlier, before = customer.call(operation), customer.call(operation)
    head = customer.call(operation, method="HEAD")
    if not (before.fits and head.ok):
        return
    after = customer.call(operation)
    first, then, last = (_unaffected_by_decisions(each) for each in (earlier, before, after))
    # What is there no more, or only now, came and went while others were at work.
    same = [each.get("id") for each in before.records] == [each.get("id") for each in after.records]
    if first == then != last and same and not fell_due_between(before, after):
        raise changed(before, after, [before, head], certain=True)


def _check_first_decision(session: Session, operation: Operation) -> None:
    """Check that a first decision changes no answer that two reads before it agreed on."""
    try:
        journal = session.first_decisions()
    except NotCovered:
        return
    fresh: dict[str, Violation] = {}
    for customer in session.acting:
        places = [
            place
            for place, each in enumerate(journal)
            if (each.actor, each.operation) == (customer.name, operation.id)
        ]
        for earlier, before, after in zip(places, places[1:], places[2:], strict=False):
            first, last = journal[before], journal[after]
            if (
                _unaffected_by_decisions(journal[earlier])
                == _unaffected_by_decisions(first)
                != _unaffected_by_decisions(last)
            ) and not fell_due_between(first, last):
                decisions = [each for each in journal[before:after] if each.method != "GET"]
                violation = changed(first, last, [first, *decisions], certain=True)
                if not fell_due_between(first, last, fresh=True):
                    raise violation
                # What falls due does so for one customer, and not for whoever decides.
                fresh[customer.name] = violation
    if len(fresh) > 1:
        raise next(iter(fresh.values()))


def _unaffected_by_decisions(exchange: Exchange) -> Any:
    """The part of an answer that no decision may change."""
    if not exchange.fits:
        return exchange.status
    [record, *_] = exchange.records or [{}]
    if "opted_in" in record:
        return [
            {k: v for k, v in each.items() if k not in DECIDED} for each in exchange.plain_records
        ]
    return steady(exchange) if LAST_ACTIVE in record else substance(exchange)


def _change_by_decisions(
    customer: Customer, operation: Operation, stranger: Actor
) -> list[Exchange]:
    """Read, decide, be refused, read again: the exchanges if the last read differs, else none."""
    [(chosen, opted_in), *_] = customer.consents_to_change().items()
    earlier, before = customer.call(operation), customer.call(operation)
    done = [
        customer.decide(UNKNOWN_PREFERENCE, opted_in=True),
        stranger.call(customer.decision(not opted_in), preference=chosen),
        customer.decide(chosen, opted_in=not opted_in),
        customer.decide(chosen, opted_in=opted_in),
    ]
    after = customer.call(operation)
    changed = (
        before.fits
        and after.fits
        and _unaffected_by_decisions(before) != _unaffected_by_decisions(after)
    )
    settled = _unaffected_by_decisions(earlier) == _unaffected_by_decisions(before)
    return [before, *done, after] if changed and settled else []


def _check_every_read(session: Session, operation: Operation) -> None:
    """Check that every read of the run agrees with the first of its URL."""
    names, now = {each.name for each in session.customers}, session.client.now()
    firsts: dict[tuple[str, str, int | None], Exchange] = {}
    for exchange in session.exchanges(operation):
        if exchange.actor not in names or exchange.method != "GET" or exchange.status == NO_ANSWER:
            continue
        # When an order arrives, it moves all that come after it to other pages.
        total = exchange.json["meta"]["total"] if operation.pages and exchange.fits else None
        first = firsts.setdefault((exchange.actor, exchange.url, total), exchange)
        # Beside other headers an answer may be in another language, or be refused.
        if exchange.from_the_edge or not exchange.sent.keys() <= PLAINLY:
            continue
        if first.sent.keys() <= PLAINLY and unexplained(first, exchange, now):
            raise changed(first, exchange, certain=True)


def _check_reads_change_no_date(session: Session, operation: Operation) -> None:
    """Check that reads alone move no `updated_at` of what else stays as it was."""
    last: dict[str, Exchange] = {}
    changes: Counter[str] = Counter()
    for exchange in session.client.exchanges:
        if exchange.method not in SAFE:
            last.clear()
        elif exchange.operation == operation.id and exchange.fits:
            before = last.get(exchange.actor, exchange)
            last[exchange.actor] = exchange
            moved = next(_dates_moved(before, exchange), None)
            changes[exchange.actor] += moved is not None
            # Once, somebody else may have changed it.
            if moved and changes[exchange.actor] >= DATED:
                was, now = moved
                raise Violation(
                    expected=f"updated_at {was}, as nothing was written",
                    actual=f"{now}",
                    exchange=exchange,
                    after=[before],
                    certain=True,
                )


def _dates_moved(before: Exchange, after: Exchange) -> Iterator[tuple[Any, Any]]:
    """Each `updated_at` and what it is later, where nothing that explains it has changed."""
    earlier = {each.get("id"): each for each in before.plain_records}
    for record in after.plain_records:
        was = earlier.get(record.get("id"), record)
        date, dated = was.get("updated_at"), record.get("updated_at")
        if date != dated and was | {"updated_at": dated} == record:
            yield date, dated


def _writes(session: Session, customer: Customer) -> list[Exchange]:
    """The last requests that could have changed something, the customer's own before others'."""
    writes = [each for each in session.client.exchanges if each.method not in SAFE]
    return sorted(writes, key=lambda each: each.actor == customer.name)[-SHOWN:]
