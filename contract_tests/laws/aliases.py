"""Paths that are spelled otherwise than in the document: which are known, and what they show."""

from typing import Any

from contract_tests.actor import Actor, Customer
from contract_tests.client import Exchange
from contract_tests.credentials import spellings
from contract_tests.document import Operation
from contract_tests.law import Violation
from contract_tests.laws.time import difference
from contract_tests.session import Session


def reader(session: Session, operation: Operation) -> Customer | None:
    """A customer who is answered 200, another one at each operation."""
    turn = list(session.contract.operations).index(operation.id) % len(session.acting)
    people = (*session.acting[turn:], *session.acting[:turn])
    return next((each for each in people if each.once(operation).fits), None)


def known(session: Session, operation: Operation) -> list[str]:
    """The other spellings of a path that are answered as it is."""
    customer = reader(session, operation) if operation.reads else None
    paths = spellings(operation.path)
    return [path for path in paths if customer and _answered(customer.at(path))]


def _answered(exchange: Exchange) -> bool:
    return (
        200 <= exchange.status < 300 and isinstance(exchange.json, dict) and "data" in exchange.json
    )


def answered_to(session: Session, operation: Operation, stranger: Actor) -> list[Exchange]:
    """What somebody who must be refused is answered by spellings that a customer is answered by."""
    found = [stranger.at(path) for path in known(session, operation)]
    return [each for each in found if 200 <= each.status < 300]


def unknown_ones_are_not_found(session: Session, operation: Operation) -> None:
    """
    A path that the document does not know is none. A router may take one spelling for another, as
    many do with a slash at the end and some with `.json`; then it does so everywhere.
    """
    found, customer = known(session, operation), reader(session, operation)
    for path in found:
        if customer and not _everywhere(session, operation, path):
            answer = customer.at(path)
            raise Violation(expected="404", actual=answer.told(), exchange=answer)


def _everywhere(session: Session, operation: Operation, path: str) -> bool:
    kind = spellings(operation.path).index(path)
    readable = [
        (customer, each)
        for each in session.contract.operations.values()
        if each.reads and (customer := reader(session, each))
    ]
    return all(_answered(customer.at(spellings(each.path)[kind])) for customer, each in readable)


def show_what_the_path_shows(session: Session, operation: Operation) -> None:
    """Whoever is answered by another spelling must be shown what is theirs."""
    for path in known(session, operation):
        for customer in session.acting:
            plain, asked = customer.once(operation), customer.at(path)
            if not _answered(asked) or _whose(asked) == _whose(plain):
                continue
            # It may have changed since it was first read.
            plain = customer.call(operation)
            asked = Actor(customer.client, customer.name, customer.token).at(path)
            if _answered(asked) and _whose(asked) != _whose(plain):
                raise Violation(
                    expected=f"what {customer.name} is shown at {operation.path}, or 404",
                    actual=difference(asked, plain),
                    exchange=asked,
                    after=[plain],
                )


def _whose(exchange: Exchange) -> list[tuple[Any, Any]]:
    """What tells whose an answer is: ids and consents."""
    return [(each.get("id"), each.get("opted_in")) for each in exchange.records]
