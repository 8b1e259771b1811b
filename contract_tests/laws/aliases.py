"""Paths that are spelled otherwise than in the document: which are known, and what they show."""

from typing import Any

from contract_tests.actor import Actor, Customer
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import Violation
from contract_tests.laws.comparison import changed
from contract_tests.session import Session


def spellings(path: str) -> list[str]:
    """Other spellings of a path, which a router may know or not."""
    fixed, brace, rest = path.partition("/{")
    head, _, tail = fixed.rpartition("/")
    ending = brace + rest
    return [
        f"{fixed}{ending}/",
        f"{head}//{tail}{ending}",
        f"/{head}/{tail}{ending}",
        f"{head}/{tail.upper()}{ending}",
        f"{head}/%2e/{tail}{ending}",
        f"{head}/%{ord(tail[0]):02x}{tail[1:]}{ending}",
        f"{fixed}{ending};v=1",
        f"{fixed}{ending}.json",
        f"/v1{path}",
    ]


def reader(session: Session, operation: Operation) -> Customer | None:
    """A customer who is answered 200, another one at each operation."""
    turn = session.position(operation) % len(session.acting)
    people = (*session.acting[turn:], *session.acting[:turn])
    return next((each for each in people if each.cached_call(operation).fits), None)


def answered_spellings(session: Session, operation: Operation) -> list[str]:
    """The other spellings of a path that are answered as it is."""
    customer = reader(session, operation) if operation.reads else None
    paths = spellings(operation.path)
    return [path for path in paths if customer and _is_answered(customer.at(path))]


def _is_answered(exchange: Exchange) -> bool:
    return (
        200 <= exchange.status < 300 and isinstance(exchange.json, dict) and "data" in exchange.json
    )


def drops_the_ending(session: Session, ending: str) -> bool:
    """Whether a router takes a path with this ending for the path."""
    account = session.contract.account
    customer = reader(session, account)
    return customer is not None and _is_answered(customer.at(account.path + ending))


def successes_for(session: Session, operation: Operation, stranger: Actor) -> list[Exchange]:
    """Successes that somebody who must be refused gets at spellings that customers can use."""
    answers = [stranger.at(path) for path in answered_spellings(session, operation)]
    return [each for each in answers if 200 <= each.status < 300]


def check_unknown_spellings(session: Session, operation: Operation) -> None:
    """
    A path that the document does not know is none. A router may take one spelling for another, as
    many do with a slash at the end and some with `.json`; then it does so everywhere.
    """
    customer = reader(session, operation)
    for path in answered_spellings(session, operation):
        if customer and not _everywhere(session, operation, path):
            answer = customer.at(path)
            raise Violation(expected="404", actual=answer.brief(), exchange=answer)


def _everywhere(session: Session, operation: Operation, path: str) -> bool:
    kind = spellings(operation.path).index(path)
    readable = [
        (customer, each) for each in session.contract.reads if (customer := reader(session, each))
    ]
    return all(_is_answered(customer.at(spellings(each.path)[kind])) for customer, each in readable)


def check_spellings_show_own_data(session: Session, operation: Operation) -> None:
    """Check that another spelling of the path shows callers their own data."""
    for path in answered_spellings(session, operation):
        for customer in session.acting:
            plain, answer = customer.cached_call(operation), customer.at(path)
            if not (plain.fits and _is_answered(answer)):
                continue
            if _ids_and_consents(answer) == _ids_and_consents(plain):
                continue
            # It may have changed since it was first read.
            plain = customer.call(operation)
            answer = customer.with_headers({}).at(path)
            if _is_answered(answer) and _ids_and_consents(answer) != _ids_and_consents(plain):
                raise changed(plain, answer)


def _ids_and_consents(exchange: Exchange) -> list[tuple[Any, Any]]:
    """Ids and consents, by which answers of two customers differ."""
    return [(each.get("id"), each.get("opted_in")) for each in exchange.plain_records]
