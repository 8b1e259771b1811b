"""What the laws of all records share: every record of an operation, and what is wrong with one."""

from collections.abc import Callable, Iterator
from datetime import datetime

from contract_tests.actor import Customer, Record
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation
from contract_tests.session import Session

MEMBERSHIPS = "listMyAccountMemberships"
PAYMENT_METHODS = "listMyAccountPaymentMethods"
Shown = tuple[Customer, Exchange, Record]


def each_shown(session: Session, operation: Operation) -> Iterator[Shown]:
    """
    Every record in every form in which it was shown, once.

    Raises:
        NotCovered: there is none.
    """
    seen: dict[object, Record] = {}
    for customer, exchange, record in session.records(operation):
        key = (customer.name, record.get("id"))
        if seen.get(key) != record:
            seen[key] = record
            yield customer, exchange, record


def every(session: Session, operation: Operation, wrong: Callable[[Record], str | None]) -> None:
    """No record may have something wrong with it; `wrong` says what, if anything."""
    for _, exchange, record in each_shown(session, operation):
        if told := wrong(record):
            broken(told, record, exchange)


def broken(told: str, record: Record, exchange: Exchange, *after: Exchange) -> None:
    """A record has something wrong with it: `wanted; got actual`."""
    wanted, _, got = told.partition("; got ")
    actual = f"{got} in {record.get('id')}"
    raise Violation(expected=wanted, actual=actual, exchange=exchange, after=after)


def instant(text: str) -> datetime:
    """An instant with its offset."""
    return datetime.fromisoformat(text)


def memberships(customer: Customer) -> Exchange:
    """What a customer was first answered."""
    return customer.read(MEMBERSHIPS)


def of_a_membership(customer: Customer, record: Record, exchange: Exchange, *allowed: None) -> None:
    """The record must name a membership of the customer's own."""
    answer, named = memberships(customer), record["membership_id"]
    own = [each["id"] for each in answer.records]
    if named not in (*own, *allowed):
        broken(f"one of {own}, {customer.name}'s; got {named}", record, exchange, answer)


def short_forms(session: Session, operation: Operation) -> Iterator[tuple[Shown, Record]]:
    """
    Every payment method that the records name, with the record; the records where they are ones.

    Raises:
        NotCovered: there is no record.
    """
    for shown in each_shown(session, operation):
        method = shown[2] if operation.id == PAYMENT_METHODS else shown[2]["payment_method"]
        if method is not None:
            yield shown, method


def covered(seen: object, what: str) -> None:
    """Nothing was judged where nothing was seen."""
    if not seen:
        raise NotCovered(f"no customer has {what}")
