"""Methods, headers and origins."""

from contract_tests.actor import Actor, Customer
from contract_tests.client import NO_ANSWER, Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.time import UNKNOWN
from contract_tests.session import Session

SIMPLE = ("GET", "HEAD", "POST")
"""What a browser sends to another origin without being allowed to."""
UNDECLARED = {True: "PATCH", False: "PUT"}
"""A method that the path of an operation that reads, or writes, does not have."""
BEHIND = (403, 404, 405, 501)
"""How servers, and the proxies before them, answer a method that nobody implemented."""


def _readable(exchange: Exchange) -> None:
    origin = exchange.sent.get("Origin")
    allowed = exchange.headers.get("access-control-allow-origin")
    if origin is not None and allowed not in ("*", origin):
        wanted = "Access-Control-Allow-Origin: *"
        raise Violation(expected=wanted, actual=allowed or "none", exchange=exchange)


@law("HTTP-01")
def an_undeclared_method_is_405(session: Session, customer: Customer, operation: Operation) -> None:
    methods = {
        each.method for each in session.contract.operations.values() if each.path == operation.path
    }
    posted = ("POST",) if operation.reads else ()
    for method in (UNDECLARED[operation.reads], *posted):
        _refused(customer.once(operation, method=method), method, methods)


def _refused(answer: Exchange, method: str, methods: set[str]) -> None:
    if answer.status in BEHIND and not isinstance(answer.json, dict):
        raise NotCovered(f"something before the API answered {method} with {answer.status}")
    if answer.status != 405:
        raise Violation(expected="405", actual=answer.told(), exchange=answer)
    allowed = answer.headers.get("allow", "none")
    if {each.lower() for each in methods} - _listed(allowed):
        wanted = f"Allow with {', '.join(sorted(methods))}"
        raise Violation(expected=wanted, actual=allowed, exchange=answer)


@law("HTTP-02")
def any_origin_may_read_and_ask(session: Session, operation: Operation) -> None:
    for exchange in (each for each in session.exchanges(operation) if each.ok):
        _readable(exchange)
    asked = {
        "Access-Control-Request-Method": operation.method,
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = Actor(session.client, headers=asked).call(operation, method="OPTIONS")
    if preflight.status in BEHIND:
        raise NotCovered(f"a preflight is answered {preflight.status}")
    _readable(preflight)
    _allows(preflight, "headers", "authorization")
    if operation.method not in SIMPLE:
        _allows(preflight, "methods", operation.method.lower())


def _allows(preflight: Exchange, what: str, wanted: str) -> None:
    allowed = preflight.headers.get(f"access-control-allow-{what}", "none")
    if not {wanted, "*"} & _listed(allowed):
        told = f"Access-Control-Allow-{what.title()} with {wanted}"
        raise Violation(expected=told, actual=allowed, exchange=preflight)


def _listed(header: str) -> set[str]:
    return {each.strip().lower() for each in header.split(",")}


@law("HTTP-04")
def any_origin_may_read_errors(session: Session, customer: Customer, operation: Operation) -> None:
    wrong_method = customer.once(operation, method=UNDECLARED[operation.reads])
    errors = [each for each in session.exchanges(operation) if each.status >= 400]
    from_the_api = wrong_method.status == 405 and isinstance(wrong_method.json, dict)
    errors += [wrong_method] if from_the_api else []
    if not errors:
        raise NotCovered("no error was met")
    for exchange in errors:
        _readable(exchange)


@law("HTTP-05")
def head_answers_as_get_without_a_body(customer: Customer, operation: Operation) -> None:
    head = customer.call(operation, method="HEAD")
    if head.status in (405, 501):
        return
    get = customer.once(operation)
    kinds = [each.headers.get("content-type", "").partition(";")[0] for each in (head, get)]
    if head.status != get.status or kinds[0] != kinds[1]:
        wanted = f"{get.status} {kinds[1]}"
        actual = f"{head.status} {kinds[0]}"
        raise Violation(expected=wanted, actual=actual, exchange=head, after=[get])


@law("HTTP-03")
def answers_are_json(session: Session, operation: Operation) -> None:
    found = [each for each in session.exchanges(operation) if NO_ANSWER < each.status < 500]
    if not found:
        raise NotCovered("nothing was answered")
    for exchange in found:
        kind = exchange.headers.get("content-type", "none")
        if kind.partition(";")[0].strip().lower() != "application/json":
            raise Violation(expected="application/json", actual=kind, exchange=exchange)


@law("QUERY-01")
def unknown_parameters_are_ignored(customer: Customer, operation: Operation) -> None:
    plain = customer.once(operation)
    asked = customer.once(operation, UNKNOWN)
    if asked.status != plain.status:
        wanted = f"{plain.status}"
        raise Violation(expected=wanted, actual=asked.told(), exchange=asked, after=[plain])
    listed, shown = ([each.get("id") for each in answer.records] for answer in (plain, asked))
    if shown != listed:
        raise Violation(
            expected=f"the {len(listed)} records of the plain request: {listed[:3]}",
            actual=f"{len(shown)}: {shown[:3]}",
            exchange=asked,
            after=[plain],
        )
