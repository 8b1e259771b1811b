"""Methods, headers and origins."""

from contract_tests.actor import Actor, Customer
from contract_tests.client import NO_ANSWER, ORIGIN, Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.time import UNKNOWN, difference, steady
from contract_tests.session import Session

ORIGINS = (ORIGIN, "http://localhost:5173", "null", "https://app.other.example:8443")
"""The origins of a shopfront, of a developer's machine, of a sandboxed frame and of a stranger."""
GUESSED = (
    *(("page", "2"), ("per_page", "1"), ("limit", "1"), ("offset", "1"), ("redeemed", "true")),
    *(("expired", "true"), ("status", "none"), ("fields", "id"), ("include", "none")),
    *(("filter[id]", "none"), ("q", "none"), ("search", "none"), ("order", "asc")),
    *(("callback", "show"), ("format", "csv"), ("locale", "fr"), ("_", "1")),
)
"""What a developer might obey who reads more into the query than the document names."""
SIMPLE = ("GET", "HEAD", "POST")
"""What a browser sends to another origin without being allowed to."""
METHODS = ("PATCH", "PUT", "POST", "DELETE", "GET", "TRACE", "REPORT")
BEHIND = (400, 403, 404, 405, 501)
"""How servers, and the proxies before them, answer a method that nobody implemented."""
HEADERS = ("authorization", "Authorization, Content-Type", "accept,authorization")
"""What a preflight asks for; all of them for `Authorization`, which the contract needs."""


def _readable(exchange: Exchange) -> None:
    origin = exchange.sent.get("Origin")
    allowed = exchange.headers.get("access-control-allow-origin")
    if origin is not None and allowed not in ("*", origin):
        wanted = "Access-Control-Allow-Origin: *"
        raise Violation(expected=wanted, actual=allowed or "none", exchange=exchange)


def _methods(session: Session, operation: Operation) -> set[str]:
    operations = session.contract.operations.values()
    return {each.method for each in operations if each.path == operation.path}


def undeclared(session: Session, operation: Operation) -> list[Exchange]:
    """What the API answers to methods that a path does not have; what stands before it is none."""
    declared = _methods(session, operation)
    answers = []
    for number, method in enumerate(each for each in METHODS if each not in declared):
        customer = session.acting[number % len(session.acting)]
        preference = session.preference(operation)
        answers.append(customer.once(operation, method=method, preference=preference))
    return [each for each in answers if each.status not in BEHIND or isinstance(each.json, dict)]


@law("HTTP-01")
def an_undeclared_method_is_405(session: Session, operation: Operation) -> None:
    methods, answers = _methods(session, operation), undeclared(session, operation)
    for answer in answers:
        if answer.status != 405:
            raise Violation(expected="405", actual=answer.told(), exchange=answer)
        allowed = answer.headers.get("allow", "none")
        if {each.lower() for each in methods} - _listed(allowed):
            wanted = f"Allow with {', '.join(sorted(methods))}"
            raise Violation(expected=wanted, actual=allowed, exchange=answer)
        # HEAD comes with GET, and OPTIONS with what lets browsers ask.
        extra = _listed(allowed) - {each.lower() for each in (*methods, "HEAD", "OPTIONS")}
        if extra & {each.lower() for each in METHODS}:
            wanted = f"Allow with {', '.join(sorted(methods))} alone"
            raise Violation(expected=wanted, actual=allowed, exchange=answer)
    if not answers:
        raise NotCovered("something before the API answers other methods")


@law("HTTP-02")
def any_origin_may_read_and_ask(session: Session, operation: Operation) -> None:
    for number, headers in enumerate(HEADERS):
        _may_be_asked(session, operation, ORIGINS[number], headers)
    for number, origin in enumerate(ORIGINS if operation.reads else ()):
        customer = session.acting[number % len(session.acting)]
        Actor(session.client, customer.name, customer.token, {"Origin": origin}).call(operation)
    successes = [each for each in session.exchanges(operation) if each.ok]
    if not successes:
        raise NotCovered("no success was seen that a browser could read")
    for exchange in successes:
        _readable(exchange)


def _may_be_asked(session: Session, operation: Operation, origin: str, headers: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": operation.method,
        "Access-Control-Request-Headers": headers,
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
    # To a browser `*` stands for every header but this one.
    anything = set() if wanted == "authorization" else {"*"}
    if not ({wanted} | anything) & _listed(allowed):
        told = f"Access-Control-Allow-{what.title()} with {wanted}"
        raise Violation(expected=told, actual=allowed, exchange=preflight)


def _listed(header: str) -> set[str]:
    return {each.strip().lower() for each in header.split(",")}


@law("HTTP-04")
def any_origin_may_read_errors(session: Session, operation: Operation) -> None:
    nobody = Actor(session.client, headers={"Origin": ORIGINS[-1]})
    nobody.call(operation, preference=session.preference(operation))
    errors = [each for each in session.exchanges(operation) if each.status >= 400]
    errors += [each for each in undeclared(session, operation) if each.status >= 400]
    if not errors:
        raise NotCovered("no error was met")
    for exchange in errors:
        _readable(exchange)


@law("HTTP-05")
def head_answers_as_get_without_a_body(session: Session, operation: Operation) -> None:
    turn = list(session.contract.operations).index(operation.id)
    customer = session.acting[turn % len(session.acting)]
    other = session.strangers[turn % len(session.strangers)]
    for actor in (customer, session.nobody, other):
        head = actor.call(operation, method="HEAD")
        if head.status in (405, 501):
            continue
        get = actor.once(operation)
        kinds = [each.headers.get("content-type", "").partition(";")[0] for each in (head, get)]
        if head.status != get.status or kinds[0] != kinds[1]:
            wanted = f"{get.status} {kinds[1]}"
            actual = f"{head.status} {kinds[0]}"
            raise Violation(expected=wanted, actual=actual, exchange=head, after=[get])
        if head.body:
            raise Violation(expected="no body", actual=head.told(), exchange=head, after=[get])


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
def unknown_parameters_are_ignored(customers: list[Customer], operation: Operation) -> None:
    readable = [each for each in customers if each.once(operation).ok]
    if not readable:
        told = customers[0].once(operation).told()
        raise NotCovered(f"it answered {told[:60]}")
    known = {each.name for each in operation.parameters}
    guessed = tuple((name, value) for name, value in GUESSED if name not in known)
    for customer in readable:
        for query in (UNKNOWN, guessed):
            asked, plain = customer.once(operation, query), customer.once(operation)
            if not _same_records(asked, plain):
                plain, asked = customer.call(operation), customer.call(operation, query)
            if not _same_records(asked, plain):
                raise Violation(
                    expected=f"the answer of the plain request, {difference(plain, asked)}",
                    actual=difference(asked, plain),
                    exchange=asked,
                    after=[plain],
                )


def _same_records(one: Exchange, other: Exchange) -> bool:
    return one.status == other.status and bool(steady(one) == steady(other))
