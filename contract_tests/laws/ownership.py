"""Whose data an answer shows."""

from collections.abc import Iterator
from typing import Any

from contract_tests.actor import Customer
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.session import Session


def _owners(node: Any) -> Iterator[str]:
    """Every customer_id in a record, but for those of a membership's members."""
    if isinstance(node, dict):
        if isinstance(node.get("customer_id"), str):
            yield node["customer_id"]
        node = [value for key, value in node.items() if key != "members"]
    for item in node if isinstance(node, list) else ():
        yield from _owners(item)


@law("OWN-01")
def every_answer_concerns_the_caller(session: Session, operation: Operation) -> None:
    named, ids = 0, session.ids
    for customer, exchange, record in session.records(operation):
        owners = {record["id"]} if not operation.lists else set(_owners(record))
        known = ids.get(customer.name)
        named += len(owners)
        if owners - {known}:
            raise Violation(expected=f"{known}", actual=f"{owners - {known}}", exchange=exchange)
    if not operation.lists:
        _each_their_own(session)
    elif not named and operation.id != "listMyAccountMemberships":
        raise NotCovered("no record names a customer")


def _each_their_own(session: Session) -> None:
    if len(set(session.ids.values())) < len(session.ids):
        raise Violation(expected="an id for each customer", actual="two customers share one")
    for customer in session.customers:
        known = session.known_ids.get(customer.name)
        if known and customer.name in session.ids and session.ids[customer.name] != known:
            raise Violation(expected=known, actual=session.ids[customer.name])


@law("OWN-02")
def no_record_is_listed_for_two_customers(session: Session, operation: Operation) -> None:
    owner: dict[object, str] = {}
    for customer, exchange, record in session.records(operation):
        if owner.setdefault(record["id"], customer.name) != customer.name:
            actual = f"{record['id']} is listed for {owner[record['id']]} too"
            raise Violation(expected="a record of their own", actual=actual, exchange=exchange)
    if len(set(owner.values())) < 2:
        raise NotCovered("only one customer has any")


@law("OWN-03")
def a_decision_is_nobody_elses(customer: Customer, other: Customer, operation: Operation) -> None:
    opted_in = operation.opts_in
    mine, before = customer.changeable(), other.changeable()
    shared = next((each for each in mine if each in before), next(iter(mine)))
    customer.restore({shared: not opted_in}, mine)
    if before.get(shared) == opted_in:
        other.decide(shared, opted_in=not opted_in)
        before[shared] = not opted_in
    answer = customer.decide(shared, opted_in=opted_in)
    after = other.consents()

    if after != before:
        actual = f"{other.name}'s list changed with {customer.name}'s"
        raise Violation(expected="the other list as it was", actual=actual, exchange=answer)


@law("OWN-04")
def nothing_of_another_customer_is_shown(session: Session, operation: Operation) -> None:
    if len(session.ids) < 2:
        raise NotCovered("it takes two customers")
    everybody = session.marks
    shared = {each.name: session.companions(each) for each in session.customers}
    for customer, exchange in session.successes(operation):
        text = exchange.body.decode("utf-8", "replace").lower()
        for name, marks in everybody.items():
            seen = [each for each in marks if each in text and each not in shared[customer.name]]
            if name != customer.name and seen:
                actual = f"{seen[0]}, which is {name}'s"
                raise Violation(expected="the caller's data", actual=actual, exchange=exchange)


@law("OWN-05")
def no_error_quotes_a_customer(session: Session, operation: Operation) -> None:
    errors = [each for each in session.exchanges(operation) if each.status >= 400]
    everybody = session.marks
    if not errors or not everybody:
        raise NotCovered("no error was met")
    for exchange in errors:
        text = exchange.body.decode("utf-8", "replace").lower()
        for name, marks in everybody.items():
            if name != exchange.actor and (seen := [each for each in marks if each in text]):
                raise Violation(expected="no data", actual=f"{seen[0]}", exchange=exchange)
