"""Bodies that are sent with a decision, which needs none."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

from contract_tests.actor import Actor, Customer, Record, consents_in
from contract_tests.document import Operation
from contract_tests.exchange import NO_ANSWER
from contract_tests.headers import FORM
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.preferences.decisions import probes_of
from contract_tests.session import Session

JSON = "application/json"
TYPES = (FORM, "text/plain;charset=UTF-8", f"{JSON}; charset=utf-8", "application/vnd.api+json")
"""What clients call a body that they do not send."""
CHUNKED = {"Transfer-Encoding": "chunked", "Connection": "close"}
"""No body in chunks. A server that leaves them unread would take them for the next request."""
_TAKES_NO_CHUNKS = (411, 501, NO_ANSWER)
"""How a server answers that knows no chunks, which no browser sends."""


@law("PREF-09")
def a_decision_needs_no_body(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    for _, probe in probes_of(customers, operation):
        first = probe.answers[0]
        if first.status in (400, 411, 415, 422):
            actual = first.brief()
            raise Violation(expected="200 without a body", actual=actual, exchange=first)
        if not first.ok:
            raise NotCovered(f"it answered {first.brief()[:60]}")
    for number, customer in enumerate(session.acting):
        with suppress(NotCovered):
            _check_without_a_body(customer, operation, CHUNKED)
            for type in (JSON, *TYPES[number :: len(session.acting)]):
                _check_without_a_body(customer, operation, {"Content-Type": type})
            _check_body_is_ignored(session, customer, operation)


def _check_without_a_body(
    customer: Customer, operation: Operation, headers: dict[str, str]
) -> None:
    """Check a decision that tells of a body and sends none, as many clients do."""
    chosen = next(iter(customer.consents_to_change()))
    naming = customer.with_headers(headers)
    answer = naming.call(operation, preference=chosen)
    forgiven = answer.from_the_edge or (headers is CHUNKED and answer.status in _TAKES_NO_CHUNKS)
    if not answer.ok and not forgiven and customer.decide(chosen, opted_in=operation.opts_in).ok:
        raise Violation(
            expected="200 without a body, whatever is told of one",
            actual=answer.brief(),
            exchange=answer,
        )


def _check_body_is_ignored(session: Session, customer: Customer, operation: Operation) -> None:
    """Check that bodies do not steer a decision: ignored, or refused."""
    consents = customer.consents_to_change()
    chosen = next(iter(consents))
    prepared = customer.restore(dict.fromkeys(consents, not operation.opts_in), consents)
    for sender, payload in _with_bodies(session, customer, operation, list(consents)):
        answer = sender.call(operation, preference=chosen, payload=payload)
        if answer.from_the_edge or answer.status == NO_ANSWER:
            continue
        if not (answer.ok or 400 <= answer.status < 500):
            raise Violation(
                expected="200, or a refusal of the body",
                actual=answer.brief(),
                exchange=answer,
                after=prepared,
            )
        read = customer.preferences()
        expected = dict.fromkeys(consents, not operation.opts_in)
        expected[chosen] = operation.opts_in == answer.ok
        for answered in (answer, read) if answer.ok else (read,):
            if consents_in(answered.records) != expected:
                raise Violation(
                    expected=f"{expected}, after {answer.status}",
                    actual=f"{consents_in(answered.records)}",
                    exchange=answered,
                    after=[*prepared, *([answer] if answered is read else [])],
                )
        prepared = [*prepared, answer, read, *customer.restore({chosen: not operation.opts_in})]


def _with_bodies(
    session: Session, customer: Customer, operation: Operation, preferences: Sequence[str]
) -> Iterator[tuple[Actor, str]]:
    """Senders and bodies that ask for the contrary, for others, or for nothing."""
    others = [id for name, id in session.ids.items() if name != customer.name]
    opted_in, method = not operation.opts_in, customer.decision(not operation.opts_in).method
    body: Record = {"opted_in": opted_in, "optedIn": opted_in, "_method": method}
    body |= dict.fromkeys(("customer_id", "customerId", "user_id"), others[0]) if others else {}
    if preferences[1:]:
        body |= dict.fromkeys(("id", "marketing_preference_id"), preferences[-1])
    # As browsers write it.
    yield customer, json.dumps(body, separators=(",", ":"))
    yield customer, "{"
    form = customer.with_headers({"Content-Type": FORM})
    yield form, f"opted_in={str(opted_in).lower()}&_method={method}"
