"""What a run leaves behind, once everything has been read, refused, and decided and taken back."""

from contract_tests.actor import Customer
from contract_tests.client import NO_ANSWER, Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.consents import as_decided
from contract_tests.laws.time import difference, unexplained
from contract_tests.session import Session
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
