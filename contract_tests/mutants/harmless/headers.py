"""Other headers, or the same in another way."""

from hashlib import sha256

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    HARMLESS,
    mutant,
    with_header,
    without_header,
)
from contract_tests.mutants.people import People


@mutant(HARMLESS)
def chunked(request: Request, send: Send, _people: People) -> Response:
    """Answers come without a length."""
    response = without_header(send(request), "Content-Length")
    return with_header(response, "Transfer-Encoding", "chunked") if response.body else response


@mutant(HARMLESS)
def extra_headers(request: Request, send: Send, _people: People) -> Response:
    """Answers carry headers that nobody knows."""
    response = send(request)
    more = (("X-Request-Id", "8c1f"), ("Cache-Control", "no-store"), ("X-Powered-By", "steam"))
    return replace(response, headers=(*response.headers, *more))


@mutant(HARMLESS)
def a_charset_in_the_content_type(request: Request, send: Send, _people: People) -> Response:
    """The content type names its charset, in capitals."""
    response = send(request)
    if not (response.header("Content-Type") or "").startswith("application/json"):
        return response
    return with_header(response, "Content-Type", "Application/JSON; charset=UTF-8")


@mutant(HARMLESS)
def header_names_in_capitals(request: Request, send: Send, _people: People) -> Response:
    """Names of headers are in capitals, and come the other way round."""
    response = send(request)
    names = tuple((name.upper(), value) for name, value in reversed(response.headers))
    return replace(response, headers=names)


@mutant(HARMLESS)
def etags(request: Request, send: Send, _people: People) -> Response:
    """Answers carry an ETag and Last-Modified."""
    response = send(request)
    tagged = with_header(response, "ETag", f'W/"{sha256(response.body).hexdigest()[:12]}"')
    return with_header(tagged, "Last-Modified", "Mon, 02 Mar 2026 08:00:00 GMT")


@mutant(HARMLESS)
def two_challenges(request: Request, send: Send, _people: People) -> Response:
    """A 401 carries two challenges in one header."""
    response = send(request)
    challenge = response.header("WWW-Authenticate")
    if response.status != 401 or challenge is None:
        return response
    return with_header(response, "WWW-Authenticate", f'Basic realm="staff, only", {challenge}')


@mutant(HARMLESS)
def two_challenge_headers(request: Request, send: Send, _people: People) -> Response:
    """A 401 carries two challenges in two headers."""
    response = send(request)
    if response.status != 401:
        return response
    first = ("WWW-Authenticate", 'Negotiate realm="intranet"')
    return replace(response, headers=(first, *response.headers))


@mutant(HARMLESS)
def a_challenge_with_a_realm(request: Request, send: Send, _people: People) -> Response:
    """A challenge has a realm, a scope and a name in lower case."""
    response = send(request)
    challenge = response.header("WWW-Authenticate")
    if response.status != 401 or challenge is None:
        return response
    _, _, parameters = challenge.partition(" ")
    realm = ", ".join(filter(None, ('bearer realm="my, account"', parameters, 'scope="read"')))
    return with_header(response, "WWW-Authenticate", realm)


@mutant(HARMLESS)
def the_origin_is_echoed(request: Request, send: Send, _people: People) -> Response:
    """CORS names the origin that asks, in place of every origin, and varies by it."""
    response, origin = send(request), request.headers.get("origin")
    if origin is None or response.header("Access-Control-Allow-Origin") is None:
        return response
    echoed = with_header(response, "Access-Control-Allow-Origin", origin)
    return with_header(echoed, "Vary", "Origin, Accept-Encoding")


@mutant(HARMLESS)
def allow_in_another_order(request: Request, send: Send, _people: People) -> Response:
    """Allow names its methods the other way round, without spaces, and OPTIONS too."""
    response = send(request)
    allow = response.header("Allow")
    if allow is None:
        return response
    methods = [*reversed([name.strip() for name in allow.split(",")])]
    more = [] if "OPTIONS" in methods else ["OPTIONS"]
    return with_header(response, "Allow", ",".join([*more, *methods]))


@mutant(HARMLESS)
def a_cookie_for_the_load_balancer(request: Request, send: Send, _people: People) -> Response:
    """Every answer sets a cookie, as load balancers do."""
    response = send(request)
    cookie = ("Set-Cookie", "AWSALB=3f9c; Path=/; HttpOnly")
    return replace(response, headers=(*response.headers, cookie))


@mutant(HARMLESS)
def head_without_a_length(request: Request, send: Send, _people: People) -> Response:
    """HEAD is answered without the length that GET would have."""
    response = send(request)
    return without_header(response, "Content-Length") if request.method == "HEAD" else response
