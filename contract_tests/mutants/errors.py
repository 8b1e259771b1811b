"""Mutants in the form of a refusal."""

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response
from contract_tests.mutants.mutant import (
    CREDITS,
    LISTS,
    MEMBERSHIPS,
    ORDERS,
    answer,
    at,
    decides,
    error,
    without_header,
)

PAGE = b"<html><body><h1>Error</h1></body></html>"


def _with_body(response: Response, body: bytes) -> Response:
    return replace(response, body=body) if response.status >= 400 else response


@answer("ERR-01")
def the_message_is_called_error(response: Response, _request: Request) -> Response:
    """Errors have an `error` in place of a `message`."""
    return _with_body(response, b'{"error":"No."}')


@answer("ERR-01", ORDERS, status=400)
def the_message_is_a_list(response: Response, request: Request) -> Response:
    """The orders' 400 has a list of messages."""
    if request.method == "HEAD":
        return response
    return _with_body(response, b'{"message":["page","per_page"]}')


@answer("ERR-01", status=404)
def an_unknown_preference_is_a_page(response: Response, request: Request) -> Response:
    """The 404 of a preference is an HTML page."""
    return _with_body(response, PAGE) if decides(request) else response


@answer("ERR-01", MEMBERSHIPS, status=401)
def a_401_is_a_page(response: Response, _request: Request) -> Response:
    """The 401 of memberships is an HTML page, and says so."""
    bare = without_header(response, "Content-Type")
    return replace(bare, body=PAGE, headers=(*bare.headers, ("Content-Type", "text/html")))


@answer("ERR-01", status=403)
def a_403_has_no_words(response: Response, _request: Request) -> Response:
    """The message of a 403 is null."""
    return _with_body(response, b'{"message":null}')


@answer("ERR-01", CREDITS, status=401)
def credits_refuse_in_silence(response: Response, _request: Request) -> Response:
    """The 401 of credits has an empty object."""
    return _with_body(response, b"{}")


@answer("ERR-02", status=405)
def a_405_has_no_message(response: Response, _request: Request) -> Response:
    """405 has a `detail` in place of a `message`."""
    return _with_body(response, b'{"detail":"No."}')


@answer("ERR-02", ORDERS, status=405)
def a_405_message_is_a_number(response: Response, _request: Request) -> Response:
    """The 405 of the orders has a number for a message."""
    return _with_body(response, b'{"message":405}')


@answer("ERR-03")
def an_unknown_path_is_fine(response: Response, request: Request) -> Response:
    """An unknown path of the API is answered 200."""
    return replace(response, status=200) if _lost(request, response) else response


@answer("ERR-03")
def an_unknown_shop_path_is_500(response: Response, request: Request) -> Response:
    """An unknown path of the shop is answered 500."""
    return (
        error(500) if request.path.startswith("/shop/") and _lost(request, response) else response
    )


def _lost(request: Request, response: Response) -> bool:
    return response.status == 404 and not at(request, *LISTS)


@answer("ERR-02", status=405)
def a_405_is_no_json(response: Response, _request: Request) -> Response:
    """The body of a 405 is called JSON, and is none."""
    return _with_body(response, b"Method not allowed")
