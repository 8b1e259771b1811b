"""Methods, headers and origins."""

import re
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote

from contract_tests.actor import Actor, Customer, consents_in
from contract_tests.client import ORIGIN
from contract_tests.document import Operation, filled
from contract_tests.exchange import NO_ANSWER, Exchange, Query
from contract_tests.extras import unanswered
from contract_tests.headers import BROWSER_HEADERS, UNPACKED
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.aliases import spellings
from contract_tests.laws.consents import check_same_consents
from contract_tests.laws.extras import deviations
from contract_tests.queries import malformed_queries, query_past_the_end, unusual_query
from contract_tests.session import Session
from contract_tests.transport import NotSent

ORIGINS = (
    *(ORIGIN, "http://localhost:5173", "null"),
    *("http://[::1]:3000", "capacitor://localhost", "https://xn--bcher-kva.example"),
    *("https://192.0.2.7", "http://my_shop.local", "chrome-extension://abcdefgh"),
    *(f"https://{'a' * 63}.{'b' * 63}.example", "https://app.other.example:8443"),
)
"""Of a shopfront, a developer's machine, a sandboxed frame, apps, unusual names, and a stranger."""
SIMPLE_METHODS = ("GET", "HEAD", "POST")
"""What a browser sends to another origin without being allowed to."""
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
"""Headers by which some frameworks take one method for another."""
METHODS = ("PATCH", "PUT", "POST", "DELETE", "GET", "TRACE", "REPORT")
UNSAFE = ("POST", "PUT", "DELETE", "PATCH")
TRIED_METHODS = ("GET", "HEAD", "PUT", "PATCH", "OPTIONS")
"""What a preference might be changed by at other services."""
COMMON_HEADERS = {
    *("connection", "content-encoding", "content-length", "content-type", "date", "keep-alive"),
    *("cache-control", "etag", "server", "transfer-encoding", "vary", "via"),
}
"""Headers that any server sends."""
UNIMPLEMENTED = (400, 403, 404, 405, 501)
"""How servers, and the proxies before them, answer a method that nobody implemented."""
REQUESTED_HEADERS = ("authorization", "Authorization, Content-Type", "accept,authorization")
"""What a preflight asks for; all of them for `Authorization`, which the contract needs."""


def _check_readable(exchange: Exchange) -> None:
    origin = exchange.sent.get("Origin")
    allowed = exchange.headers.get("access-control-allow-origin")
    if origin is not None and allowed not in ("*", origin):
        expected = "Access-Control-Allow-Origin: *"
        raise Violation(expected=expected, actual=allowed or "none", exchange=exchange)


def _methods(session: Session, operation: Operation) -> set[str]:
    operations = session.contract.operations.values()
    return {each.method for each in operations if each.path == operation.path}


def undeclared_methods(session: Session, operation: Operation) -> list[Exchange]:
    """The API's own answers to methods that a path does not declare; a gateway's are left out."""
    of_the_api = {
        answer.method
        for each in session.contract.operations.values()
        for answer in _call_undeclared_methods(session, each)
        if answer.status == 405 and isinstance(answer.json, dict)
    }
    return [
        each
        for each in _call_undeclared_methods(session, operation)
        if each.status not in UNIMPLEMENTED
        or isinstance(each.json, dict)
        or each.method in of_the_api
        or _of_the_api(session, operation, each)
    ]


def _of_the_api(session: Session, operation: Operation, answer: Exchange) -> bool:
    """Whether the API itself sent an answer: it knows the path's methods, and has its headers."""
    # What names another origin, or none, may be answered with other headers.
    alike = [each for each in session.client.exchanges if each.sent.keys() == answer.sent.keys()]
    every = [each.headers.keys() for each in alike if each.fits]
    common = set.intersection(*map(set, every)) - COMMON_HEADERS if every else set()
    allowed, methods = _names_in(answer.headers.get("allow", "")), _methods(session, operation)
    knows = (
        {each.lower() for each in methods}
        <= allowed
        <= {each.lower() for each in (*methods, "HEAD", "OPTIONS")}
    )
    return knows and bool(common) and common <= answer.headers.keys()


def _has_something(session: Session, customer: Customer, operation: Operation) -> bool:
    if not operation.reads:
        return session.has_preferences(customer)
    return bool(customer.cached_call(operation).records)


def _call_undeclared_methods(session: Session, operation: Operation) -> list[Exchange]:
    declared, answers = _methods(session, operation), []
    preference, acting = session.preference(operation), session.acting
    # What is changed by it shows with who has something there.
    owners = [each for each in acting if _has_something(session, each, operation)] or acting
    for number, method in enumerate(each for each in METHODS if each not in declared):
        # What shows a single record shows it to who has it; forms send POST.
        asking = {"GET": acting, "POST": owners}.get(method, [owners[number % len(owners)]])
        for customer in asking:
            answers.append(customer.cached_call(operation, method=method, preference=preference))
    return answers


def unknown_paths(session: Session, operation: Operation) -> list[Exchange]:
    """The answers at unknown paths near an operation's."""
    return [customer.at(path) for customer, path in _unknown_paths_near(session, operation)]


def unknown_writes(session: Session, operation: Operation) -> list[Exchange]:
    """The answers there to writing methods: all of them below the path, elsewhere some."""
    answers, turn = [], session.position(operation)
    with suppress(NotSent):
        for number, (customer, path) in enumerate(_unknown_paths_near(session, operation)):
            for method in UNSAFE if number == 0 else UNSAFE[(turn + number) % 2 :: 2]:
                answers.append(customer.at(path, method))
    return answers


def _unknown_paths_near(session: Session, operation: Operation) -> list[tuple[Customer, str]]:
    """Paths near an operation's that are none, and who asks for them."""
    # Two segments more, and none in place of a parameter, which any text may stand for; beside
    # it only where that is within the API.
    parent = operation.fixed_path.rpartition("/")[0]
    beside = [f"{parent}/no-such-thing"] if parent.count("/") > 1 else []
    customer = session.acting[len(operation.path) % len(session.acting)]
    near = [(customer, path) for path in (operation.unknown_path, *beside)]
    return near + _record_below(session, operation)


def _record_below(session: Session, operation: Operation) -> list[tuple[Customer, str]]:
    """The path at which another API might show one record of a list, and its owner."""
    paths = [each.path for each in session.contract.operations.values()]
    declared = any(each.startswith(f"{operation.path}/") for each in paths)
    for customer in session.acting if operation.reads and operation.lists and not declared else ():
        answer = customer.cached_call(operation)
        for record in answer.records[:1] if answer.fits else ():
            return [(customer, f"{operation.path}/{quote(str(record['id']), safe='')}")]
    return []


@law("HTTP-01")
def an_undeclared_method_is_405(session: Session, operation: Operation) -> None:
    methods, answers = _methods(session, operation), undeclared_methods(session, operation)
    with suppress(NotCovered):
        _check_nothing_is_written(session, operation)
    for answer in answers:
        if answer.status != 405:
            raise Violation(expected="405", actual=answer.brief(), exchange=answer)
        allowed = answer.headers.get("allow", "none")
        # The names of methods are in capitals, and their case counts (RFC 9110, 9.1).
        if methods - {each.strip() for each in allowed.split(",")}:
            expected = f"Allow with {', '.join(sorted(methods))}"
            raise Violation(expected=expected, actual=allowed, exchange=answer)
        # HEAD comes with GET, and OPTIONS with what lets browsers ask.
        extra = _names_in(allowed) - {each.lower() for each in (*methods, "HEAD", "OPTIONS")}
        if extra & {each.lower() for each in METHODS}:
            expected = f"Allow with {', '.join(sorted(methods))} alone"
            raise Violation(expected=expected, actual=allowed, exchange=answer)
    if not answers:
        raise NotCovered("something before the API answers other methods")


def _check_nothing_is_written(session: Session, operation: Operation) -> None:
    """Check that methods that a path does not declare change no consent."""
    if not operation.decides or not session.has_preferences(session.customers[0]):
        return
    customer, preference = session.customers[0], session.preference(operation)
    # What opts in shows only where nobody is opted in yet; the same the other way round.
    done = customer.restore(dict.fromkeys(customer.consents_to_change(), not operation.opts_in))
    before = customer.preferences()
    undeclared = [method for method in TRIED_METHODS if method not in _methods(session, operation)]
    answers = [customer.call(operation, method=m, preference=preference) for m in undeclared]
    override = dict.fromkeys(OVERRIDES, operation.method)
    overriding = customer.with_headers(override)
    answers.append(overriding.call(operation, method="GET", preference=preference))
    asking = customer.with_headers({"Access-Control-Request-Method": operation.method})
    answers.append(asking.call(operation, method="OPTIONS", preference=preference))
    check_same_consents(before, customer.preferences(), [*done, before, *answers])
    paths = [filled(path, preference) for path in spellings(operation.path) if "%" not in path]
    accepted = {path for path in paths if customer.at(path, operation.method).status < 400}
    if accepted:
        # A spelling that is known did as it was asked; the others are tried once more.
        done = customer.restore(consents_in(before.records))
        for path in (each for each in paths if each not in accepted):
            answers.append(customer.with_headers({}).at(path, operation.method))
    check_same_consents(before, customer.preferences(), [*done, before, *answers])


@law("HTTP-02")
def any_origin_may_read_and_ask(session: Session, operation: Operation) -> None:
    for number, headers in enumerate(REQUESTED_HEADERS):
        _check_preflight(session, operation, ORIGINS[number], headers)
    with suppress(NotSent):
        _check_answered_everywhere(session, operation)
    successes = [each for each in session.exchanges(operation) if each.ok]
    if not successes:
        raise NotCovered("no success was seen that a browser could read")
    for exchange in successes:
        _check_readable(exchange)


def _check_answered_everywhere(session: Session, operation: Operation) -> None:
    """Check that who is answered at one origin is answered at every other."""
    if operation.reads:
        asked = [(customer, "x") for customer in session.acting]
    else:
        people = filter(session.has_preferences, session.acting if operation.decides else ())
        asked = [(customer, next(iter(customer.consents_to_change()))) for customer in people]
    for number, origin in enumerate(ORIGINS if asked else ()):
        customer, preference = asked[number % len(asked)]
        plain = customer.cached_call(operation, preference=preference)
        asking = customer.with_headers({"Origin": origin} | BROWSER_HEADERS)
        answer = asking.call(operation, preference=preference)
        if plain.ok and not (answer.ok or unanswered(answer)):
            raise Violation(expected="200", actual=answer.brief(), exchange=answer)


def _check_preflight(session: Session, operation: Operation, origin: str, headers: str) -> None:
    headers_sent = {
        "Origin": origin,
        "Access-Control-Request-Method": operation.method,
        "Access-Control-Request-Headers": headers,
    }
    preflight = Actor(session.client, headers=headers_sent).call(operation, method="OPTIONS")
    if not 200 <= preflight.status < 300 and "," not in headers:
        raise Violation(expected="2xx", actual=preflight.brief(), exchange=preflight)
    _check_readable(preflight)
    _check_allows(preflight, "headers", "authorization")
    if operation.method not in SIMPLE_METHODS:
        _check_allows(preflight, "methods", operation.method.lower())


def _check_allows(preflight: Exchange, what: str, name: str) -> None:
    allowed = preflight.headers.get(f"access-control-allow-{what}", "none")
    # To a browser `*` stands for every header but this one.
    anything = set() if name == "authorization" else {"*"}
    if not ({name} | anything) & _names_in(allowed):
        expected = f"Access-Control-Allow-{what.title()} with {name}"
        raise Violation(expected=expected, actual=allowed, exchange=preflight)


def _names_in(header: str) -> set[str]:
    return {each.strip().lower() for each in header.split(",")}


@law("HTTP-04")
def any_origin_may_read_errors(session: Session, operation: Operation) -> None:
    turn = session.position(operation)
    for origin in (ORIGINS[-1], ORIGINS[1 + turn % 2]):
        nobody = Actor(session.client, headers={"Origin": origin})
        nobody.call(operation, preference=session.preference(operation))
    errors = [each for each in session.exchanges(operation) if each.status >= 400]
    errors += [
        each
        for each in (*undeclared_methods(session, operation), *unknown_paths(session, operation))
        if each.status >= 400 and isinstance(each.json, dict)
    ]
    if not errors:
        raise NotCovered("no error was met")
    for exchange in errors:
        _check_readable(exchange)


@law("HTTP-05")
def head_answers_as_get_without_a_body(session: Session, operation: Operation) -> None:
    turn = session.position(operation)
    customer = session.acting[turn % len(session.acting)]
    beside = session.customers[(turn + 1) % len(session.customers)]
    unusual = [unusual_query(operation), query_past_the_end(operation)]
    queries = [*malformed_queries(operation)[:1], *(unusual if operation.parameters else [])]
    for query in ((), *queries):
        for actor in (*session.customers, *session.strangers) if not query else (customer,):
            get = actor.cached_call(operation, query)
            head = actor.call(operation, query, method="HEAD")
            if head.status != 404 or _answers_head(session):
                _check_head_as_get(head, get)
                if head.headers.get("content-length", "") not in ("", str(len(get.body))):
                    _check_length(actor, operation, query, beside)
    # What a HEAD leaves behind may be shown to the next who asks.
    beside.call(operation)
    if operation.parameters:
        _check_length(customer, operation, unusual_query(operation), customer)
    # What a HEAD leaves behind in a cache the next GET would show.
    plain, get = customer.cached_call(operation), customer.call(operation)
    if plain.ok and not get.ok:
        raise Violation(expected="200", actual=get.brief(), exchange=get, after=[plain])


@law("HTTP-06")
def who_takes_no_coding_is_sent_none(session: Session, operation: Operation) -> None:
    # Some codings are for long answers only.
    customer = max(session.acting, key=lambda each: len(each.cached_call(operation).body))
    answer = customer.with_headers(UNPACKED).call(operation)
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if not unanswered(answer) and coding != "identity":
        raise Violation(expected="no Content-Encoding", actual=coding, exchange=answer)


def _check_length(actor: Actor, operation: Operation, query: Query, beside: Actor) -> None:
    """Check that HEAD has the length of GET, and of no plain request that came between."""
    asking = actor.with_headers(UNPACKED)
    get = asking.call(operation, query)
    between = beside.with_headers(UNPACKED).call(operation)
    head = asking.call(operation, query, method="HEAD")
    length = head.headers.get("content-length", "0")
    if not (get.ok and head.ok) or length in ("0", str(len(get.body))):
        return
    if "content-encoding" in get.headers:
        return  # Which another law judges: the length is that of the packed body.
    # Nodes that write differently have lengths of their own, and answer in turn; what tells how
    # long it took has any.
    again = [asking.call(operation, query) for _ in range(2)]
    beside.with_headers(UNPACKED).call(operation)
    twice = asking.call(operation, query, method="HEAD").headers.get("content-length")
    if twice == length and {len(each.body) for each in again} == {len(get.body)}:
        raise Violation(
            expected=f"the length that GET has, {len(get.body)}",
            actual=length,
            exchange=head,
            after=[get, between],
        )


def _answers_head(session: Session) -> bool:
    """Whether HEAD is implemented anywhere; where it is not, some servers know no such path."""
    first = session.customers[0]
    return any(first.cached_call(each, method="HEAD").ok for each in session.contract.reads)


def _check_head_as_get(head: Exchange, get: Exchange) -> None:
    if head.status in (405, 501):
        return
    names = ("content-type", "access-control-allow-origin", "www-authenticate")
    expected, got = (
        ", ".join(
            (
                f"{each.status:d}",
                *(re.split("[; ]", each.headers.get(name, "none"))[0].lower() for name in names),
            )
        )
        for each in (get, head)
    )
    if expected != got:
        raise Violation(expected=expected, actual=got, exchange=head, after=[get])
    if head.body or (get.body and head.headers.get("content-length") == "0"):
        length = head.headers.get("content-length", "none")
        actual = f"a body of {len(head.body)} bytes, content-length {length}"
        raise Violation(
            expected="no body, and the length that GET has",
            actual=actual,
            exchange=head,
            after=[get],
        )


@law("HTTP-03")
def answers_are_json(session: Session, operation: Operation) -> None:
    if operation.reads:
        with suppress(NotCovered):
            deviations(session, operation)  # Some name another type that they would accept.
    # 304 tells a client to use the copy that it has (RFC 9110, section 15.4.5).
    answers = [
        each
        for each in session.exchanges(operation)
        if NO_ANSWER < each.status < 500 and each.status != HTTPStatus.NOT_MODIFIED
    ]
    if not answers:
        raise NotCovered("nothing was answered")
    besides = unknown_paths(session, operation)
    with suppress(NotSent):
        besides += undeclared_methods(session, operation)
    answers += [each for each in besides if isinstance(each.json, dict) and "message" in each.json]
    for exchange in answers:
        kind = exchange.headers.get("content-type", "none")
        if exchange.media_type != "application/json":
            raise Violation(expected="application/json", actual=kind, exchange=exchange)
