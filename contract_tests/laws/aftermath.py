"""What a run leaves behind, once everything has been read, refused, and decided and taken back."""

from contextlib import suppress
from typing import Any

from contract_tests.actor import Actor, Customer, consents_in
from contract_tests.client import NO_ANSWER, Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.consents import as_decided
from contract_tests.laws.time import DECIDED, SEEN, difference, steady, substance, unexplained
from contract_tests.session import NOWHERE, Session
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
    _nothing_by_the_first_decision(session, operation)
    _every_read_agrees(session, operation)
    if "opted_in" in operation.fields:
        as_decided(session)
        _nothing_by_looking(session, operation)
    else:
        _nothing_by_decisions(session, operation)


def _nothing_by_decisions(session: Session, operation: Operation) -> None:
    if SEEN in operation.fields:
        _no_read_dates_it(session, operation)
    staff = session.roles.get("staff", session.unknown)
    for customer in session.acting:
        with suppress(NotCovered):
            _nothing_by_a_decision(customer, operation, staff)


def _nothing_by_looking(session: Session, operation: Operation) -> None:
    """HEAD and OPTIONS must not decide, nor take back what was decided."""
    customer = next(filter(session.has_preferences, session.acting), None)
    if customer is None or session.client.target.read_only:
        return
    for opted_in in (False, True):
        prepared = customer.restore(dict.fromkeys(customer.consents(), opted_in))
        before = customer.preferences()
        looked = [customer.call(operation, method=each) for each in ("HEAD", "OPTIONS")]
        after = customer.preferences()
        if consents_in(after.records) != consents_in(before.records):
            raise Violation(
                expected=f"what was read before, {difference(before, after)}",
                actual=difference(after, before),
                exchange=after,
                after=[*prepared, before, *looked],
            )


def _nothing_by_a_decision(customer: Customer, operation: Operation, stranger: Actor) -> None:
    """
    What changes with two decisions, and in neither of the pauses before them, is their doing,
    however fresh its dates are.
    """
    if _by_a_decision(customer, operation, stranger) and (
        shown := _by_a_decision(customer, operation, stranger)
    ):
        before, *decisions, after = shown
        raise Violation(
            expected=f"what was read before, {difference(before, after)}",
            actual=difference(after, before),
            exchange=after,
            after=[before, *decisions],
        )


def _nothing_by_the_first_decision(session: Session, operation: Operation) -> None:
    """What was read twice alike before a decision must be alike after it, however often it was."""
    try:
        journal = session.first_decisions()
    except NotCovered:
        return
    for customer in session.acting:
        read = [
            place
            for place, each in enumerate(journal)
            if (each.actor, each.operation) == (customer.name, operation.id)
        ]
        for earlier, before, after in zip(read, read[1:], read[2:], strict=False):
            first, last = journal[before], journal[after]
            if _undecided(journal[earlier]) == _undecided(first) != _undecided(last):
                raise Violation(
                    expected=f"what was read before, {difference(first, last)}",
                    actual=difference(last, first),
                    exchange=last,
                    after=[
                        first,
                        *(each for each in journal[before:after] if each.method != "GET"),
                    ],
                    certain=True,
                )


def _undecided(exchange: Exchange) -> Any:
    """What an answer shows that no decision may change."""
    if not exchange.fits:
        return exchange.status
    [record, *_] = exchange.records or [{}]
    if "opted_in" in record:
        return [{k: v for k, v in each.items() if k not in DECIDED} for each in exchange.records]
    return steady(exchange) if SEEN in record else substance(exchange)


def _by_a_decision(customer: Customer, operation: Operation, stranger: Actor) -> list[Exchange]:
    """What was read, decided, refused and read again, if that is another answer than before."""
    [(chosen, opted_in), *_] = customer.changeable().items()
    earlier, before = customer.call(operation), customer.call(operation)
    done = [
        customer.decide(NOWHERE, opted_in=True),
        stranger.call(customer.decision(not opted_in), preference=chosen),
        customer.decide(chosen, opted_in=not opted_in),
        customer.decide(chosen, opted_in=opted_in),
    ]
    after = customer.call(operation)
    changed = before.fits and after.fits and _undecided(before) != _undecided(after)
    return [before, *done, after] if changed and _undecided(earlier) == _undecided(before) else []


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


def _no_read_dates_it(session: Session, operation: Operation) -> None:
    """When a customer last changed may move with when they were last seen; not by reads alone."""
    last: dict[str, Exchange] = {}
    moved: dict[str, list[Exchange]] = {}
    for exchange in session.client.exchanges:
        if exchange.method not in SAFE:
            last.clear()
        elif exchange.operation == operation.id and exchange.fits:
            before = last.get(exchange.actor, exchange)
            last[exchange.actor] = exchange
            was, now = before.data, exchange.data
            if was.get(SEEN) == now.get(SEEN) and was["updated_at"] != now["updated_at"]:
                moved.setdefault(exchange.actor, []).append(exchange)
                # Once, somebody else may have changed it.
                if len(moved[exchange.actor]) >= DATED:
                    raise Violation(
                        expected=f"updated_at {was['updated_at']}, as nothing was written",
                        actual=f"{now['updated_at']}",
                        exchange=exchange,
                        after=[before],
                        certain=True,
                    )


def _writes(session: Session, customer: Customer) -> list[Exchange]:
    """The last requests that could have changed something, the customer's own before others'."""
    found = [each for each in session.client.exchanges if each.method not in SAFE]
    return sorted(found, key=lambda each: each.actor == customer.name)[-SHOWN:]
