"""What a run leaves behind, once everything has been read, refused, and decided and taken back."""

from contextlib import suppress

from contract_tests.actor import Customer
from contract_tests.client import NO_ANSWER, Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.consents import as_decided
from contract_tests.laws.time import difference, steady, unexplained
from contract_tests.session import NOWHERE, Session
from contract_tests.transport import SAFE

PLAINLY = {"Origin", "Authorization"}
"""The headers of a plain read."""
SHOWN = 12
"""Writes, at most, that are shown with what they may have left behind."""


@law("TIME-02")
def nothing_is_left_behind(session: Session, operation: Operation) -> None:
    compared, now = 0, session.client.now()
    queries = [(), *(((name, "true"),) for name in operation.queries("boolean"))]
    for customer in session.customers:
        for query in queries:
            first = customer.once(operation, query)
            if not first.ok:
                continue
            compared += 1
            last = customer.call(operation, query)
            if unexplained(first, last, now):
                raise Violation(
                    expected=f"what was read at first, {difference(first, last)}",
                    actual=difference(last, first),
                    exchange=last,
                    after=[first, *_writes(session, customer)],
                )
    if not compared:
        raise NotCovered("nobody was answered 200")
    _every_read_agrees(session, operation)
    if "opted_in" in operation.fields:
        as_decided(session)
        return
    for customer in session.acting:
        with suppress(NotCovered):
            _nothing_by_a_decision(customer, operation)


def _nothing_by_a_decision(customer: Customer, operation: Operation) -> None:
    """
    What changes with two decisions, and in neither of the pauses before them, is their doing,
    however fresh its dates are.
    """
    if _by_a_decision(customer, operation) and (shown := _by_a_decision(customer, operation)):
        before, *decisions, after = shown
        raise Violation(
            expected=f"what was read before, {difference(before, after)}",
            actual=difference(after, before),
            exchange=after,
            after=[before, *decisions],
        )


def _by_a_decision(customer: Customer, operation: Operation) -> list[Exchange]:
    """What was read, decided, refused and read again, if that is another answer than before."""
    [(chosen, opted_in), *_] = customer.changeable().items()
    earlier, before = customer.call(operation), customer.call(operation)
    done = [
        customer.decide(NOWHERE, opted_in=True),
        customer.decide(chosen, opted_in=not opted_in),
        customer.decide(chosen, opted_in=opted_in),
    ]
    after = customer.call(operation)
    changed = before.fits and after.fits and steady(before) != steady(after)
    return [before, *done, after] if changed and steady(earlier) == steady(before) else []


def _every_read_agrees(session: Session, operation: Operation) -> None:
    """Whatever was read twice in the run, and however often, must be what it was at first."""
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
            raise Violation(
                expected=f"the first answer again, {difference(first, exchange)}",
                actual=difference(exchange, first),
                exchange=exchange,
                after=[first],
                certain=True,
            )


def _writes(session: Session, customer: Customer) -> list[Exchange]:
    """The last requests that could have changed something, the customer's own before others'."""
    found = [each for each in session.client.exchanges if each.method not in SAFE]
    return sorted(found, key=lambda each: each.actor == customer.name)[-SHOWN:]
