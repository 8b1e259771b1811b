"""Whose data an answer shows."""

from collections.abc import Iterator
from typing import Any

from contract_tests.actor import Customer, consents_in
from contract_tests.client import Exchange
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
            others = ", ".join(sorted(owners - {known}))
            raise Violation(
                expected=f"{known}, the id of {customer.name}",
                actual=others,
                exchange=exchange,
                after=[customer.once(session.contract.account)],
            )
    if not operation.lists:
        _each_their_own(session, operation)
    elif not named and "members" not in operation.fields:
        raise NotCovered("no record names a customer")


def _each_their_own(session: Session, operation: Operation) -> None:
    answers: dict[str, Exchange] = {}
    for customer in session.customers:
        answer, known = customer.once(operation), session.known_ids.get(customer.name)
        own = session.ids.get(customer.name)
        if own is None:
            continue
        if known not in (None, own):
            raise Violation(expected=str(known), actual=own, exchange=answer)
        first = answers.setdefault(own, answer)
        if first is not answer:
            raise Violation(
                expected=f"an id of {customer.name}'s own",
                actual=f"{own}, which is {first.actor}'s",
                exchange=answer,
                after=[first],
            )


@law("OWN-02")
def no_record_is_listed_for_two_customers(session: Session, operation: Operation) -> None:
    owner: dict[object, Exchange] = {}
    for customer, exchange, record in session.records(operation):
        first = owner.setdefault(record["id"], exchange)
        if first.actor != customer.name:
            raise Violation(
                expected=f"no record of {first.actor}'s for {customer.name}",
                actual=f"{record['id']}",
                exchange=exchange,
                after=[first],
            )
    if len({each.actor for each in owner.values()}) < 2:
        raise NotCovered("only one customer has any")


@law("OWN-03")
def a_decision_is_nobody_elses(customer: Customer, other: Customer, operation: Operation) -> None:
    opted_in = operation.opts_in
    mine, before = customer.changeable(), other.changeable()
    shared = next((each for each in mine if each in before), next(iter(mine)))
    done = customer.restore({shared: not opted_in}, mine)
    if before.get(shared) == opted_in:
        done.append(other.decide(shared, opted_in=not opted_in))
        before[shared] = not opted_in
    done.append(customer.decide(shared, opted_in=opted_in))
    read = other.preferences()

    if (after := consents_in(read.records)) != before:
        changed = [each for each in {**before, **after} if after.get(each) != before.get(each)]
        raise Violation(
            expected=f"opted_in {before.get(changed[0])} for {other.name}'s {changed[0]}",
            actual=f"{after.get(changed[0])}, since {customer.name} decided on {shared}",
            exchange=read,
            after=done,
        )


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
                raise Violation(
                    expected=f"data of {customer.name} alone",
                    actual=f"{seen[0]}, which is {name}'s",
                    exchange=exchange,
                )


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
                actual = f"{seen[0]}, which is {name}'s"
                raise Violation(expected="no customer's data", actual=actual, exchange=exchange)
