"""Other headers, or the same in another way."""

import gzip
from base64 import b64encode
from hashlib import sha256
from itertools import count

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    HARMLESS,
    ORDERS,
    Change,
    answer,
    mutant,
    stateful,
    with_header,
    without_header,
)
from contract_tests.mutants.people import People


@mutant(HARMLESS)
def chunked(request: Request, send: Send, _people: People) -> Response:
    """Answers come without a length."""
    response = without_header(send(request), "Content-Length")
    return with_header(response, "Transfer-Encoding", "chunked") if response.body else response


@answer(HARMLESS)
def extra_headers(response: Response, _request: Request) -> Response:
    """Answers carry headers that nobody knows."""
    more = (("X-Request-Id", "8c1f"), ("Cache-Control", "no-store"), ("X-Powered-By", "steam"))
    return replace(response, headers=(*response.headers, *more))


@answer(HARMLESS)
def a_charset_in_the_content_type(response: Response, _request: Request) -> Response:
    """The content type names its charset, in capitals."""
    if not (response.header("Content-Type") or "").startswith("application/json"):
        return response
    return with_header(response, "Content-Type", "Application/JSON; charset=UTF-8")


@answer(HARMLESS)
def header_names_in_capitals(response: Response, _request: Request) -> Response:
    """Names of headers are in capitals, and come the other way round."""
    names = tuple((name.upper(), value) for name, value in reversed(response.headers))
    return replace(response, headers=names)


@answer(HARMLESS)
def etags(response: Response, _request: Request) -> Response:
    """Answers carry an ETag and Last-Modified."""
    tagged = with_header(response, "ETag", f'W/"{sha256(response.body).hexdigest()[:12]}"')
    return with_header(tagged, "Last-Modified", "Mon, 02 Mar 2026 08:00:00 GMT")


@answer(HARMLESS, status=401)
def two_challenges(response: Response, _request: Request) -> Response:
    """A 401 carries two challenges in one header."""
    challenge = response.header("WWW-Authenticate")
    if challenge is None:
        return response
    return with_header(response, "WWW-Authenticate", f'Basic realm="staff, only", {challenge}')


@answer(HARMLESS, status=401)
def two_challenge_headers(response: Response, _request: Request) -> Response:
    """A 401 carries two challenges in two headers."""
    first = ("WWW-Authenticate", 'Negotiate realm="intranet"')
    return replace(response, headers=(first, *response.headers))


@answer(HARMLESS, status=401)
def a_challenge_with_a_realm(response: Response, _request: Request) -> Response:
    """A challenge has a realm, a scope and a name in lower case."""
    challenge = response.header("WWW-Authenticate")
    if challenge is None:
        return response
    _, _, parameters = challenge.partition(" ")
    realm = ", ".join(filter(None, ('bearer realm="my, account"', parameters, 'scope="read"')))
    return with_header(response, "WWW-Authenticate", realm)


@answer(HARMLESS)
def the_origin_is_echoed(response: Response, request: Request) -> Response:
    """CORS names the origin that asks, in place of every origin, and varies by it."""
    origin = request.headers.get("origin")
    if origin is None or response.header("Access-Control-Allow-Origin") is None:
        return response
    echoed = with_header(response, "Access-Control-Allow-Origin", origin)
    return with_header(echoed, "Vary", "Origin, Accept-Encoding")


@answer(HARMLESS)
def allow_in_another_order(response: Response, _request: Request) -> Response:
    """Allow names its methods the other way round, without spaces, and OPTIONS too."""
    allow = response.header("Allow")
    if allow is None:
        return response
    methods = [*reversed([name.strip() for name in allow.split(",")])]
    more = [] if "OPTIONS" in methods else ["OPTIONS"]
    return with_header(response, "Allow", ",".join([*more, *methods]))


@answer(HARMLESS)
def a_cookie_for_the_load_balancer(response: Response, _request: Request) -> Response:
    """Every answer sets a cookie, as load balancers do."""
    cookie = ("Set-Cookie", "AWSALB=3f9c; Path=/; HttpOnly")
    return replace(response, headers=(*response.headers, cookie))


@answer(HARMLESS)
def head_without_a_length(response: Response, request: Request) -> Response:
    """HEAD is answered without the length that GET would have."""
    return without_header(response, "Content-Length") if request.method == "HEAD" else response


@mutant(HARMLESS)
def a_session_of_ones_own(request: Request, send: Send, people: People) -> Response:
    """Answers carry opaque headers, and one that names in base64 who asked."""
    session = b64encode(f"session of {people.name(request)}".encode()).decode()
    trace = sha256(request.path.encode()).hexdigest()
    return with_header(with_header(send(request), "X-Session", session), "X-Trace", trace)


@answer(HARMLESS, ORDERS, status=200)
def links_trust_a_forwarded_host(response: Response, request: Request) -> Response:
    """The links of a page lead to where `X-Forwarded-Host` says."""
    host = request.headers.get("x-forwarded-host", "")
    if not host:
        return response
    own = response.json["links"]["first"].split("/")[2]
    return replace(response, body=response.body.replace(own.encode(), host.encode()))


@mutant(HARMLESS)
def answers_are_packed(request: Request, send: Send, _people: People) -> Response:
    """Answers are compressed wherever they may be, and HEAD has the length of what is packed."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return send(request)
    response = send(replace(request, method="GET") if request.method == "HEAD" else request)
    packed = gzip.compress(response.body, mtime=0)
    coded = with_header(response, "Content-Encoding", "gzip")
    if request.method != "HEAD":
        return replace(coded, body=packed)
    return replace(with_header(coded, "Content-Length", str(len(packed))), body=b"")


@answer(HARMLESS, status=200)
def copies_are_kept(response: Response, request: Request) -> Response:
    """304 is answered to who has this very answer, or any: without content, and without a type."""
    tag = f'"{sha256(response.body).hexdigest()[:12]}"'
    known = request.headers.get("if-none-match", "")
    if request.method not in ("GET", "HEAD") or not (known == "*" or tag in known):
        return with_header(response, "ETag", tag)
    return replace(without_header(response, "Content-Type"), status=304, body=b"")


@stateful(HARMLESS)
def two_nodes_name_the_type_differently() -> Change:
    """Two nodes answer in turn, one of which writes the type of content in capitals."""
    turns = count()

    def named(request: Request, send: Send, _people: People) -> Response:
        response, turn = send(request), next(turns)
        if response.header("Content-Type") != "application/json":
            return response
        types = ('application/json; charset="UTF-8"', "Application/JSON;charset=utf-8")
        return with_header(response, "Content-Type", types[turn % 2])

    return named
