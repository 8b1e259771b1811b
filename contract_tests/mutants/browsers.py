"""Mutants that answer by headers which must not count."""

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    Change,
    at,
    changed,
    decides,
    error,
    mutant,
    stateful,
    with_header,
)
from contract_tests.mutants.people import People

PAGE = b"<h1>Sign in</h1>"


def _browses(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


@mutant(("ERR-01", "HTTP-03"))
def browsers_are_shown_a_page_to_sign_in(request: Request, send: Send, _people: People) -> Response:
    """A 401 is an HTML page where the request would like one."""
    response = send(request)
    if response.status != 401 or not _browses(request):
        return response
    return replace(with_header(response, "Content-Type", "text/html"), body=PAGE)


@mutant(("HTTP-03", "BODY-01"))
def browsers_are_shown_memberships_as_text(
    request: Request, send: Send, _people: People
) -> Response:
    """Memberships are sent as text/html where the request would like it."""
    response = send(request)
    shown = at(request, MEMBERSHIPS) and response.status == 200 and _browses(request)
    return with_header(response, "Content-Type", "text/html") if shown else response


@mutant(("PREF-09", "PREF-03"))
def browsers_are_sent_home_after_an_opt_in(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting in answers a redirect where the request would like HTML."""
    response = send(request)
    gone = request.method == "POST" and decides(request) and response.status == 200
    if not gone or not _browses(request):
        return response
    return Response(302, b"", (*response.headers, ("Location", "/account")))


@mutant("PAGE-05")
def links_trust_a_forwarded_host(request: Request, send: Send, _people: People) -> Response:
    """The links of a page lead to where `X-Forwarded-Host` says."""
    response, host = send(request), request.headers.get("x-forwarded-host", "")
    if not at(request, ORDERS) or response.status != 200 or not host:
        return response
    own = response.json["links"]["first"].split("/")[2]
    return replace(response, body=response.body.replace(own.encode(), host.encode()))


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


@mutant("TIME-01")
def what_is_not_compressed_is_cut(request: Request, send: Send, _people: People) -> Response:
    """Orders that are sent without compression lack the last one."""
    response = send(request)
    packed = "gzip" in request.headers.get("accept-encoding", "gzip")
    if packed or not at(request, ORDERS):
        return response
    return changed(request, response, lambda tree, _: tree["data"].pop())


@mutant("BODY-01")
def names_are_not_in_utf_8(request: Request, send: Send, _people: People) -> Response:
    """The account has a letter in Latin-1, and says so nowhere."""
    response = send(request)
    if not at(request, ACCOUNT) or response.status != 200:
        return response
    named = replace(response, body=response.body.replace(b'"data"', b'"note":"\xe9","data"', 1))
    return with_header(named, "Content-Type", "application/json")
