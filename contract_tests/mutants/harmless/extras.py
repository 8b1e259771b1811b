"""What a server may honestly make of parameters and headers that the document does not know."""

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    HARMLESS,
    Change,
    answer,
    error,
    mutant,
    stateful,
    with_header,
)
from contract_tests.mutants.people import People

MOST_HEADERS = 30
PAGE = (("Content-Type", "text/html"), ("Server", "gateway"))


@answer(HARMLESS, status=200)
def a_part_may_be_asked_for(response: Response, request: Request) -> Response:
    """A range of bytes is answered 206 with that range."""
    first, _, last = request.headers.get("range", "").removeprefix("bytes=").partition("-")
    if request.method != "GET" or not first.isdecimal() or not last.isdecimal():
        return response
    whole, end = response.body, min(int(last), len(response.body) - 1)
    body = whole[int(first) : end + 1]
    part = with_header(replace(response, status=206, body=body), "Content-Length", str(len(body)))
    return with_header(part, "Content-Range", f"bytes {first}-{end}/{len(whole)}")


@mutant(HARMLESS)
def a_file_server_knows_ranges_of_bytes_alone(
    request: Request, send: Send, _people: People
) -> Response:
    """A range of anything but bytes is answered 416, as Go's file server does."""
    unit = request.headers.get("range", "bytes=").partition("=")[0]
    wrong = Response(416, b"invalid range", (("Content-Type", "text/plain"),))
    return wrong if unit != "bytes" else send(request)


@mutant(HARMLESS)
def a_gateway_has_no_room_for_many_headers(
    request: Request, send: Send, _people: People
) -> Response:
    """A gateway answers 431 with a page of its own to many headers."""
    many = len(request.headers) > MOST_HEADERS
    return Response(431, b"<h1>Too many headers</h1>", PAGE) if many else send(request)


@mutant(HARMLESS)
def a_gateway_has_no_room_for_queries(request: Request, send: Send, _people: People) -> Response:
    """A gateway answers 414 with a page of its own to a query of 900 letters."""
    long = len(request.query) > 900
    return Response(414, b"<h1>URI Too Long</h1>", PAGE) if long else send(request)


@mutant(HARMLESS)
def who_names_another_is_refused(request: Request, send: Send, people: People) -> Response:
    """`X-Impersonate` with a customer's token is answered 403."""
    names = people.role(request) == "customer" and "x-impersonate" in request.headers
    return error(403, "Customers cannot impersonate.") if names else send(request)


@stateful(HARMLESS)
def keys_are_kept_for_each_caller() -> Change:
    """The answer to an `Idempotency-Key` is sent again to the same caller and request."""
    kept: dict[tuple[str, ...], Response] = {}

    def answered(request: Request, send: Send, people: People) -> Response:
        key, name = request.headers.get("idempotency-key", ""), people.name(request)
        if not key or not name:
            return send(request)
        asked = (key, name, request.method, request.path)
        if asked not in kept:
            kept[asked] = send(request)
        return kept[asked]

    return answered
