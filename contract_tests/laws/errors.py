"""The form of a refusal."""

from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws import aliases
from contract_tests.laws.http import BEHIND, undeclared, unknown_paths, unknown_writes
from contract_tests.session import Session

VAST = "1" + "0" * 24
"""More than any integer of a machine."""


def _in_the_envelope(exchange: Exchange) -> None:
    said = exchange.json.get("message") if isinstance(exchange.json, dict) else None
    if not isinstance(said, str) or not said:
        wanted = 'JSON {"message": text}'
        raise Violation(expected=wanted, actual=exchange.told(), exchange=exchange)


@law("ERR-01")
def every_error_has_a_message(session: Session, operation: Operation) -> None:
    errors = [each for each in session.exchanges(operation) if each.status >= 400]
    errors += _too_large(session, operation)
    if not errors:
        raise NotCovered("no error was met")
    for exchange in errors:
        _in_the_envelope(exchange)
        if exchange.status >= 500:
            raise Violation(expected="no 5xx", actual=exchange.told(), exchange=exchange)
        if misfits := [what for drift, what in exchange.misfits if not drift]:
            expected = "an error of the schema"
            raise Violation(expected=expected, actual=misfits[0], exchange=exchange)


def _too_large(session: Session, operation: Operation) -> list[Exchange]:
    """How numbers are refused that no machine counts with; to answer them is as good."""
    asked = [f"{operation.path}?{name}={VAST}" for name in operation.queries("integer")]
    turn = len(operation.path)
    answers = [
        session.acting[(turn + number) % len(session.acting)].at(path)
        for number, path in enumerate(asked)
    ]
    return [each for each in answers if each.status >= 400 and not each.from_the_edge]


@law("ERR-02")
def a_wrong_method_is_refused_in_the_envelope(session: Session, operation: Operation) -> None:
    answers = [each for each in undeclared(session, operation) if each.status >= 400]
    if not answers:
        raise NotCovered("something before the API answers other methods")
    for answer in answers:
        _in_the_envelope(answer)


@law("ERR-03")
def an_unknown_path_is_not_found(session: Session, operation: Operation) -> None:
    parent = operation.path.partition("/{")[0].rpartition("/")[0]
    if parent.count("/") > 1:
        # Something else may be there; it is none of the API's, but must not fail either.
        above = session.acting[0].at(parent)
        if above.status >= 500 and not above.from_the_edge:
            raise Violation(expected="no 5xx", actual=above.told(), exchange=above)
    for answer in unknown_paths(session, operation):
        if answer.status != 404:
            raise Violation(expected="404", actual=answer.told(), exchange=answer)
        _in_the_envelope(answer)
    for answer in unknown_writes(session, operation):
        # A method that is nowhere may be refused before the path is looked at.
        if answer.status not in BEHIND and not answer.from_the_edge:
            raise Violation(expected="404", actual=answer.told(), exchange=answer)
    aliases.unknown_ones_are_not_found(session, operation)
