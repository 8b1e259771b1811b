"""Mutants in the form of a refusal."""

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    CREDITS,
    LISTS,
    MEMBERSHIPS,
    ORDERS,
    at,
    decides,
    error,
    mutant,
    without_header,
)
from contract_tests.mutants.people import People

PAGE = b"<html><body><h1>Error</h1></body></html>"


def _with_body(response: Response, body: bytes) -> Response:
    return replace(response, body=body) if response.status >= 400 else response


@mutant("ERR-01")
def the_message_is_called_error(request: Request, send: Send, _people: People) -> Response:
    """Errors have an `error` in place of a `message`."""
    return _with_body(send(request), b'{"error":"No."}')


@mutant("ERR-01")
def the_message_is_a_list(request: Request, send: Send, _people: People) -> Response:
    """The orders' 400 has a list of messages."""
    response = send(request)
    listed = at(request, ORDERS) and response.status == 400
    return _with_body(response, b'{"message":["page","per_page"]}') if listed else response


@mutant("ERR-01")
def an_unknown_preference_is_a_page(request: Request, send: Send, _people: People) -> Response:
    """The 404 of a preference is an HTML page."""
    response = send(request)
    return _with_body(response, PAGE) if decides(request) and response.status == 404 else response


@mutant("ERR-01")
def a_401_is_a_page(request: Request, send: Send, _people: People) -> Response:
    """The 401 of memberships is an HTML page, and says so."""
    response = send(request)
    if response.status != 401 or not at(request, MEMBERSHIPS):
        return response
    bare = without_header(response, "Content-Type")
    return replace(bare, body=PAGE, headers=(*bare.headers, ("Content-Type", "text/html")))


@mutant("ERR-01")
def a_403_has_no_words(request: Request, send: Send, _people: People) -> Response:
    """The message of a 403 is null."""
    response = send(request)
    return _with_body(response, b'{"message":null}') if response.status == 403 else response


@mutant("ERR-01")
def credits_refuse_in_silence(request: Request, send: Send, _people: People) -> Response:
    """The 401 of credits has an empty object."""
    response = send(request)
    return (
        _with_body(response, b"{}") if at(request, CREDITS) and response.status == 401 else response
    )


@mutant("ERR-02")
def a_405_has_no_message(request: Request, send: Send, _people: People) -> Response:
    """405 has a `detail` in place of a `message`."""
    response = send(request)
    return _with_body(response, b'{"detail":"No."}') if response.status == 405 else response


@mutant("ERR-02")
def a_405_message_is_a_number(request: Request, send: Send, _people: People) -> Response:
    """The 405 of the orders has a number for a message."""
    response = send(request)
    affected = at(request, ORDERS) and response.status == 405
    return _with_body(response, b'{"message":405}') if affected else response


@mutant("ERR-03")
def an_unknown_path_is_fine(request: Request, send: Send, _people: People) -> Response:
    """An unknown path of the API is answered 200."""
    response = send(request)
    return replace(response, status=200) if _lost(request, response) else response


@mutant("ERR-03")
def an_unknown_shop_path_is_500(request: Request, send: Send, _people: People) -> Response:
    """An unknown path of the shop is answered 500."""
    response = send(request)
    shop = request.path.startswith("/shop/")
    return error(500) if shop and _lost(request, response) else response


def _lost(request: Request, response: Response) -> bool:
    return response.status == 404 and not at(request, *LISTS)


@mutant("ERR-02")
def a_405_is_no_json(request: Request, send: Send, _people: People) -> Response:
    """The body of a 405 is called JSON, and is none."""
    response = send(request)
    return _with_body(response, b"Method not allowed") if response.status == 405 else response
