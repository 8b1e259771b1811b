"""Refusals in other words, by others, or in another order."""

import msgspec
from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ERRORS,
    HARMLESS,
    LISTS,
    answer,
    at,
    decides,
    error,
    mutant,
    with_header,
)
from contract_tests.mutants.people import People

PARAMETERS = ("per_page", "page", "redeemed", "expired")
LONGEST_URL = 2000
HTML = (("Content-Type", "text/html"), ("Server", "gateway"))


@answer(HARMLESS, status=ERRORS)
def other_wording(response: Response, _request: Request) -> Response:
    """Errors are worded in another language, the parameter's name among the words."""
    if not response.body:
        return response
    message = response.json["message"]
    named = [name for name in PARAMETERS if name in message]
    text = f"Unprozessierbar: {' '.join(named)} (Kundentoken: customer, staff)"
    return replace(response, body=msgspec.json.encode({"message": text, "code": 17}))


@mutant(HARMLESS)
def strangers_are_401_everywhere(request: Request, send: Send, people: People) -> Response:
    """401 comes before 404 and 405."""
    response = send(request)
    stranger = people.role(request) != "customer"
    if response.status in (404, 405) and stranger and request.method != "HEAD":
        return with_header(error(401), "WWW-Authenticate", "Bearer")
    return response


@mutant(HARMLESS)
def a_proxy_answers_other_methods(request: Request, send: Send, _people: People) -> Response:
    """A proxy refuses methods that it does not know, in its own words."""
    if request.method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
        return send(request)
    allow = ("Allow", "GET, HEAD, POST, DELETE")
    return Response(405, b"<h1>405 Not Allowed</h1>", (*HTML, allow))


@mutant(HARMLESS)
def head_is_not_implemented(request: Request, send: Send, _people: People) -> Response:
    """HEAD is answered 405."""
    return _without(request, send, "HEAD", 405)


@mutant(HARMLESS)
def head_is_404(request: Request, send: Send, _people: People) -> Response:
    """HEAD is answered 404."""
    return _without(request, send, "HEAD", 404)


@mutant(HARMLESS)
def options_is_not_implemented(request: Request, send: Send, _people: People) -> Response:
    """OPTIONS that is no preflight is answered 404."""
    if "access-control-request-method" in request.headers:
        return send(request)
    return _without(request, send, "OPTIONS", 404)


def _without(request: Request, send: Send, method: str, status: int) -> Response:
    if request.method != method:
        return send(request)
    refused = error(status)
    return with_header(refused, "Allow", "GET") if status == 405 else refused


@mutant(HARMLESS)
def a_gateway_refuses_odd_requests(request: Request, send: Send, _people: People) -> Response:
    """A gateway answers 403 with a page of its own to what looks like an attack."""
    return Response(403, b"<h1>Request blocked</h1>", HTML) if _odd(request) else send(request)


@mutant(HARMLESS)
def a_gateway_cannot_read_odd_requests(request: Request, send: Send, _people: People) -> Response:
    """A gateway answers 400 with a page of its own to what it cannot read."""
    return Response(400, b"<h1>Bad Request</h1>", HTML) if _odd(request) else send(request)


@mutant(HARMLESS)
def a_gateway_takes_json_alone(request: Request, send: Send, _people: People) -> Response:
    """A gateway answers 415 with a page of its own where a body is called anything but JSON."""
    other = "json" not in request.headers.get("content-type", "json")
    return Response(415, b"<h1>Unsupported Media Type</h1>", HTML) if other else send(request)


@mutant(HARMLESS)
def a_gateway_has_no_room_for_long_urls(request: Request, send: Send, _people: People) -> Response:
    """A gateway answers 414 with a page of its own where the URL is very long."""
    long = len(request.path) + len(request.query) > LONGEST_URL
    return Response(414, b"<h1>URI Too Long</h1>", HTML) if long else send(request)


def _odd(request: Request) -> bool:
    """Whether there are control characters in the URL, or a path leads out of the API."""
    url = f"{request.path}?{request.query}".lower()
    signs = ("%00", "%0a", "%0d", "..", "%2e%2e", "<", "%3c")
    return any(sign in url for sign in signs)


@answer(HARMLESS, status=404)
def unknown_paths_are_the_gateways(response: Response, request: Request) -> Response:
    """An unknown path is answered 404 with extra members."""
    if at(request, *LISTS) or decides(request):
        return response
    return error(404, "no Route matched with those values")
