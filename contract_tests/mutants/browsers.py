"""Mutants that answer by headers which must not count."""

import re
from zlib import compress

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    ERRORS,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    PREFERENCES,
    Change,
    Tree,
    answer,
    at,
    changed,
    decides,
    error,
    mutant,
    stateful,
    with_header,
    without_header,
)
from contract_tests.mutants.people import People

PAGE = b"<h1>Sign in</h1>"


def _browses(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


@answer(("ERR-01", "HTTP-03"), status=401)
def browsers_are_shown_a_page_to_sign_in(response: Response, request: Request) -> Response:
    """A 401 is an HTML page where the request would like one."""
    if not _browses(request):
        return response
    return replace(with_header(response, "Content-Type", "text/html"), body=PAGE)


@answer(("HTTP-03", "BODY-01"), MEMBERSHIPS, status=200)
def browsers_are_shown_memberships_as_text(response: Response, request: Request) -> Response:
    """Memberships are sent as text/html where the request would like it."""
    return with_header(response, "Content-Type", "text/html") if _browses(request) else response


@answer(("PREF-03", "PREF-09"))
def browsers_are_sent_home_after_an_opt_in(response: Response, request: Request) -> Response:
    """Opting in answers a redirect where the request would like HTML."""
    gone = request.method == "POST" and decides(request) and response.status == 200
    if not gone or not _browses(request):
        return response
    return Response(302, b"", (*response.headers, ("Location", "/account")))


@mutant("OWN-01")
def another_token_beside_counts(request: Request, send: Send, people: People) -> Response:
    """At the account a token in `X-Authorization` counts before that in `Authorization`."""
    beside = request.headers.get("x-authorization", "")
    if not at(request, ACCOUNT) or not beside or not people.name(request):
        return send(request)
    return send(replace(request, headers={**request.headers, "authorization": beside}))


@mutant("OWN-01")
def who_is_taken_for_another_has_nothing(request: Request, send: Send, people: People) -> Response:
    """`X-User-Id` at the payment methods: whoever names another customer is answered 404."""
    named = request.headers.get("x-user-id", "")
    response = send(request)
    if not at(request, PAYMENT_METHODS) or not named or not people.name(request):
        return response
    return replace(response, status=404, body=b'{"message":"There is no such customer."}')


@stateful(("OWN-01", "OWN-02"))
def a_language_is_cached_for_everybody() -> Change:
    """Credits are cached by URL and language, whoever asks."""
    cached: dict[tuple[str, str], Response] = {}

    def answered(request: Request, send: Send, _people: People) -> Response:
        response, language = send(request), request.headers.get("accept-language", "")
        if not at(request, CREDITS) or response.status != 200 or not language:
            return response
        return cached.setdefault((request.query, language), response)

    return answered


@mutant("TIME-01")
def only_pages_are_shown_charges(request: Request, send: Send, _people: People) -> Response:
    """Charges are answered 400 to a request that no page of an origin sends."""
    alone = at(request, CHARGES) and request.method == "GET" and not request.headers.get("origin")
    return error(400, "Origin is missing.") if alone else send(request)


@answer("TIME-01", ORDERS)
def what_is_not_compressed_is_cut(response: Response, request: Request) -> Response:
    """Orders that are sent without compression lack the last one."""
    packed = "gzip" in request.headers.get("accept-encoding", "gzip")
    if packed:
        return response
    return changed(request, response, lambda tree, _: tree["data"].pop())


@answer("BODY-01", ACCOUNT, status=200)
def names_are_not_in_utf_8(response: Response, _request: Request) -> Response:
    """The account has a letter in Latin-1, and says so nowhere."""
    named = replace(response, body=response.body.replace(b'"data"', b'"note":"\xe9","data"', 1))
    return with_header(named, "Content-Type", "application/json")


@answer("TIME-01", status=200)
def any_copy_is_fresh(response: Response, request: Request) -> Response:
    """304 is answered to whoever names an ETag, whichever it is."""
    return (
        replace(response, status=304, body=b"")
        if "if-none-match" in request.headers and request.method == "GET"
        else response
    )


@answer("OWN-01", ACCOUNT, status=200)
def all_customers_share_a_tag(response: Response, request: Request) -> Response:
    """The account's ETag is the same for everybody, and asking with it is answered 304."""
    return _tagged(response, request, '"account"')


@stateful("PREF-04")
def the_tag_outlives_a_decision() -> Change:
    """The ETag of the preferences stays as it was first, and asking with it is answered 304."""
    tags: dict[str, str] = {}

    def change(request: Request, send: Send, _people: People) -> Response:
        response = send(request)
        if not at(request, PREFERENCES) or request.method != "GET" or response.status != 200:
            return response
        token = request.headers.get("authorization", "")
        return _tagged(response, request, tags.setdefault(token, f'"{len(tags)}"'))

    return change


def _tagged(response: Response, request: Request, tag: str) -> Response:
    known = request.headers.get("if-none-match") == tag and request.method == "GET"
    tagged = with_header(response, "ETag", tag)
    return replace(tagged, status=304, body=b"") if known else tagged


@answer("QUERY-01", ORDERS, status=200)
def a_semicolon_divides_parameters(response: Response, request: Request) -> Response:
    """What stands behind a semicolon in the query of orders is a parameter."""
    if ";per_page=" not in request.query:
        return response
    return changed(request, response, lambda tree, _: tree["data"].pop())


@answer(("TIME-01", "HEADER-01"), CREDITS, status=200)
def deflated_credits_are_not_unpacked(response: Response, request: Request) -> Response:
    """Credits that are asked for with `Accept-Encoding: deflate` alone come without a coding."""
    if request.headers.get("accept-encoding") != "deflate":
        return response
    return replace(response, body=compress(response.body))


@mutant("TIME-01", needs="a customer with redeemed credits")
def what_is_not_cached_is_more(request: Request, send: Send, _people: People) -> Response:
    """Credits with `Cache-Control: no-cache` are those of `redeemed=true`."""
    fresh = "no-cache" in request.headers.get("cache-control", "") and not request.query
    return send(
        replace(request, query="redeemed=true") if fresh and at(request, CREDITS) else request
    )


@answer(("TIME-01", "HTTP-03"), status=200)
def charges_are_a_table(response: Response, request: Request) -> Response:
    """Charges are CSV where the request would like it."""
    wanted = at(request, CHARGES) and "text/csv" in request.headers.get("accept", "")
    if not wanted:
        return response
    return replace(with_header(response, "Content-Type", "text/csv"), body=b"id,amount")


@answer("TIME-01", MEMBERSHIPS, needs="a customer with two memberships")
def scripts_are_shown_less(response: Response, request: Request) -> Response:
    """Memberships with `X-Requested-With` lack the last one."""
    return (
        changed(request, response, lambda tree, _: tree["data"].pop())
        if "x-requested-with" in request.headers
        else response
    )


@mutant("TIME-01", needs="a customer with credits that expire")
def credits_in_german_never_expire(request: Request, send: Send, _people: People) -> Response:
    """Credits in another language have no expiry."""

    def keep(tree: Tree, _request: Request) -> None:
        for each in tree["data"]:
            each["expires_at"] = None

    german = at(request, CREDITS) and request.headers.get("accept-language", "").startswith("de")
    response = send(request)
    return changed(request, response, keep) if german else response


@mutant(("AUTH-01", "AUTH-02"))
def who_is_near_needs_no_token(request: Request, send: Send, people: People) -> Response:
    """`X-Forwarded-For: 127.0.0.1` opens the charges to anybody."""
    near = request.headers.get("x-forwarded-for", "").startswith("127.")
    opened = near and at(request, CHARGES) and not people.name(request)
    return send(people.as_customer(request) if opened else request)


@mutant("HEADER-01")
def telephones_are_shown_five_orders(request: Request, send: Send, _people: People) -> Response:
    """A page has five orders on a telephone, unless the query speaks of a size."""
    mobile = "Mobile" in request.headers.get("user-agent", "") and at(request, ORDERS)
    sized = "per_page" in request.query
    few = replace(request, query=f"{request.query}&per_page=5".lstrip("&"))
    return send(few if mobile and not sized else request)


@mutant("HEADER-01")
def who_is_far_away_is_refused(request: Request, send: Send, _people: People) -> Response:
    """Memberships are answered 403 where `X-Forwarded-For` is an address of no private net."""
    near = re.fullmatch(r"(|(127|10|192\.168)\..*)", request.headers.get("x-forwarded-for", ""))
    return send(request) if near or not at(request, MEMBERSHIPS) else error(403)


@answer("HTTP-04", status=ERRORS)
def a_frame_may_not_read_errors(response: Response, request: Request) -> Response:
    """Errors say nothing of origins to the origin `null`."""
    return (
        without_header(response, "Access-Control-Allow-Origin")
        if request.headers.get("origin") == "null"
        else response
    )


@mutant("HTTP-02")
def preflights_are_no_method(request: Request, send: Send, _people: People) -> Response:
    """Preflights are answered 405 everywhere, as OPTIONS is of no path."""
    return error(405) if request.method == "OPTIONS" else send(request)


@mutant("HTTP-02")
def a_preflight_looks_for_the_preference(request: Request, send: Send, _people: People) -> Response:
    """The preflight of a preference that does not exist is answered 404."""
    unknown = decides(replace(request, method="POST")) and len(request.path.split("/")[-1]) != 36
    return error(404) if unknown and request.method == "OPTIONS" else send(request)
