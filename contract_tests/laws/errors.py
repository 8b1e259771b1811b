"""The form of a refusal."""

from contract_tests.actor import Customer
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws import aliases
from contract_tests.laws.http import (
    UNIMPLEMENTED,
    undeclared_methods,
    unknown_paths,
    unknown_writes,
)
from contract_tests.session import Session

UNUSUAL_NAMES = ("caf%C3%A9", "x" * 900)
"""Of things that are nowhere: in other letters, and long."""
VAST = "1" + "0" * 24
"""More than any integer of a machine."""


def _check_envelope(exchange: Exchange) -> None:
    message = exchange.json.get("message") if isinstance(exchange.json, dict) else None
    if not isinstance(message, str) or not message:
        expected = 'JSON {"message": text}'
        raise Violation(expected=expected, actual=exchange.brief(), exchange=exchange)


@law("ERR-01")
def every_error_has_a_message(session: Session, operation: Operation) -> None:
    errors = [each for each in session.exchanges(operation) if each.status >= 400]
    errors += _refusals_of_large_numbers(session, operation)
    if not errors:
        raise NotCovered("no error was met")
    for exchange in errors:
        _check_envelope(exchange)
        if exchange.status >= 500:
            raise Violation(expected="no 5xx", actual=exchange.brief(), exchange=exchange)
        if misfits := [each.text for each in exchange.misfits if not each.drift]:
            expected = "an error of the schema"
            raise Violation(expected=expected, actual=misfits[0], exchange=exchange)


def _refusals_of_large_numbers(session: Session, operation: Operation) -> list[Exchange]:
    """Refusals of numbers too large for any machine; answering them is fine, too."""
    paths = [f"{operation.path}?{name}={VAST}" for name in operation.queries("integer")]
    turn = len(operation.path)
    answers = [
        session.acting[(turn + number) % len(session.acting)].at(path)
        for number, path in enumerate(paths)
    ]
    return [each for each in answers if each.status >= 400 and not each.from_the_edge]


@law("ERR-02")
def a_wrong_method_is_refused_in_the_envelope(session: Session, operation: Operation) -> None:
    answers = [each for each in undeclared_methods(session, operation) if each.status >= 400]
    if not answers:
        raise NotCovered("something before the API answers other methods")
    for answer in answers:
        _check_envelope(answer)


@law("ERR-03")
def an_unknown_path_is_not_found(session: Session, operation: Operation) -> None:
    parent = operation.fixed_path.rpartition("/")[0]
    if parent.count("/") > 1 and parent not in {each.path for each in session.contract.reads}:
        # Something else may be there; it is none of the API's, but must not fail either.
        above = session.acting[0].at(parent)
        if above.status >= 500 and not above.from_the_edge:
            raise Violation(expected="no 5xx", actual=above.brief(), exchange=above)
    for answer in unknown_paths(session, operation):
        if answer.status != 404:
            raise Violation(expected="404", actual=answer.brief(), exchange=answer)
        _check_envelope(answer)
    _check_unusual_names(session.acting[-1], operation)
    for answer in unknown_writes(session, operation):
        # A method that is nowhere may be refused before the path is looked at.
        if answer.status not in UNIMPLEMENTED and not answer.from_the_edge:
            raise Violation(expected="404", actual=answer.brief(), exchange=answer)
        if answer.status == 404:
            _check_envelope(answer)
    aliases.check_unknown_spellings(session, operation)


def _check_unusual_names(customer: Customer, operation: Operation) -> None:
    """Check that a path is unknown whatever its letters are, and however long it is."""
    for name in UNUSUAL_NAMES:
        answer = customer.at(f"{operation.fixed_path}/no-such/{name}")
        if answer.status != 404 and not answer.from_the_edge:
            raise Violation(expected="404", actual=answer.brief(), exchange=answer)
