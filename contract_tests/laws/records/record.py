"""What the laws of records share: going through the records of an operation, and reporting one."""

from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

from contract_tests.actor import Customer, Record
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import Law, NotCovered, Violation, check_order, law
from contract_tests.session import Session

MEMBERSHIPS = "listMyAccountMemberships"
PAYMENT_METHODS = "listMyAccountPaymentMethods"
Shown = tuple[Customer, Exchange, Record]


def distinct_records(session: Session, operation: Operation) -> Iterator[Shown]:
    """
    Every record in every form in which it was shown, once.

    Raises:
        NotCovered: there is none.
    """
    latest: dict[object, Record] = {}
    for customer, exchange, record in session.records(operation):
        key = (customer.name, record.get("id"))
        if latest.get(key) != record:
            latest[key] = record
            yield customer, exchange, record


def record_law(rule: str) -> Callable[[Callable[..., str | None]], Law]:
    """
    A law of single records: the function says `wanted; got actual` of one that breaks the rule. It
    takes the record, and `now` if it asks for it: the target's time.
    """

    def declare(violation_in: Callable[..., str | None]) -> Law:
        needs_now = "now" in signature(violation_in).parameters

        def judge(session: Session, operation: Operation) -> None:
            known = {"now": session.client.now()} if needs_now else {}
            for _, exchange, record in distinct_records(session, operation):
                if finding := violation_in(record, **known):
                    raise_violation(finding, record, exchange)

        judge.__name__, judge.__module__ = violation_in.__name__, violation_in.__module__
        return law(rule)(judge)

    return declare


def check_sorted(
    session: Session, operation: Operation, rule: str, key: Callable[[Record], tuple[Any, ...]]
) -> None:
    """
    Check that every list is sorted by a key, which ends in the id.

    Raises:
        NotCovered: none has two records.
    """
    longest = 0
    for _, exchange in session.successes(operation):
        longest = max(longest, len(exchange.records))
        check_order(rule, [key(each) for each in exchange.records], exchange)
    if longest < 2:
        raise NotCovered(f"no customer has two {operation.subject.replace('_', ' ')}")


def rate_of(customer: Customer, charge: Record) -> tuple[Exchange, Record | None]:
    """The rate of the membership that a charge is for, if the customer has it; and the list."""
    answer = memberships(customer)
    rates = [each["rate"] for each in answer.records if each["id"] == charge["membership_id"]]
    return answer, next(iter(rates), None)


def raise_violation(finding: str, record: Record, exchange: Exchange, *after: Exchange) -> None:
    """Report a record that breaks the rule; `finding` reads `wanted; got actual`."""
    expected, _, got = finding.partition("; got ")
    actual = f"{got} in {record.get('id')}"
    raise Violation(expected=expected, actual=actual, exchange=exchange, after=after)


def memberships(customer: Customer) -> Exchange:
    """The first list of a customer's memberships."""
    return customer.read(MEMBERSHIPS)


def check_membership(
    customer: Customer, record: Record, exchange: Exchange, *allowed: None
) -> None:
    """Check that the record names a membership of the customer's own."""
    answer, membership_id = memberships(customer), record["membership_id"]
    own = [each["id"] for each in answer.records]
    if membership_id not in (*own, *allowed):
        raise_violation(
            f"one of {own}, {customer.name}'s; got {membership_id}", record, exchange, answer
        )


def short_forms(session: Session, operation: Operation) -> Iterator[tuple[Shown, Record]]:
    """
    Every payment method that the records name, with the record; the records where they are ones.

    Raises:
        NotCovered: there is no record.
    """
    for entry in distinct_records(session, operation):
        method = entry[2] if operation.id == PAYMENT_METHODS else entry[2]["payment_method"]
        if method is not None:
            yield entry, method


def require_some(judged: object, what: str) -> None:
    """A law that judged nothing is not covered."""
    if not judged:
        raise NotCovered(f"no customer has {what}")
