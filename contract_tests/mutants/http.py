"""Mutants in methods, headers and origins."""

from urllib.parse import parse_qs

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    ERRORS,
    MEMBERSHIPS,
    ORDERS,
    answer,
    at,
    changed,
    decides,
    error,
    mutant,
    with_header,
    without_header,
)
from contract_tests.mutants.people import People

CORS = ("access-control-allow-origin", "access-control-allow-credentials")
KNOWN = {"page", "per_page", "redeemed", "expired"}
"""Every query parameter of the document."""


def _as(response: Response, media_type: str) -> Response:
    return with_header(response, "Content-Type", media_type)


def _hidden(response: Response) -> Response:
    return replace(
        response, headers=tuple(pair for pair in response.headers if pair[0].lower() not in CORS)
    )


@answer("HTTP-01", status=405)
def a_wrong_method_is_404(response: Response, _request: Request) -> Response:
    """A method that a path lacks is answered 404."""
    return error(404)


@answer("HTTP-01")
def allow_is_missing(response: Response, _request: Request) -> Response:
    """405 comes without Allow."""
    return without_header(response, "Allow")


@answer("HTTP-01", status=405)
def allow_names_put(response: Response, _request: Request) -> Response:
    """Allow names PUT too, which nothing takes."""
    allow = response.header("Allow") or ""
    return with_header(without_header(response, "Allow"), "Allow", f"{allow}, PUT")


@answer("HTTP-01", status=405)
def allow_forgets_delete(response: Response, _request: Request) -> Response:
    """Where POST and DELETE are allowed, Allow names POST alone."""
    allow = response.header("Allow")
    if allow is None or "DELETE" not in allow:
        return response
    bare = without_header(response, "Allow")
    return replace(bare, headers=(*bare.headers, ("Allow", "POST")))


@mutant("HTTP-01")
def patch_is_read_as_get(request: Request, send: Send, _people: People) -> Response:
    """PATCH on the memberships answers as GET does."""
    taken = request.method == "PATCH" and at(request, MEMBERSHIPS)
    return send(replace(request, method="GET") if taken else request)


@mutant("HTTP-01")
def put_is_read_as_post(request: Request, send: Send, _people: People) -> Response:
    """PUT on a preference opts in to it."""
    put = replace(request, method="POST")
    return send(put if request.method == "PUT" and decides(put) else request)


@mutant("HTTP-01")
def post_is_read_as_get(request: Request, send: Send, _people: People) -> Response:
    """POST on the account, and no other method, answers as GET does."""
    taken = request.method == "POST" and at(request, ACCOUNT)
    return send(replace(request, method="GET") if taken else request)


@answer("HTTP-02")
def no_origin_may_read(response: Response, _request: Request) -> Response:
    """No answer carries CORS headers."""
    return _hidden(response)


@answer("HTTP-02", ORDERS, status=200)
def no_origin_may_read_orders(response: Response, _request: Request) -> Response:
    """Only the orders' answers carry no CORS headers."""
    return _hidden(response)


@answer("HTTP-02", CREDITS, status=200)
def no_address_may_read(response: Response, request: Request) -> Response:
    """Credits carry no CORS headers for an origin that is an address of IPv6."""
    return _hidden(response) if "[" in request.headers.get("origin", "") else response


@answer("HTTP-02", CHARGES, status=200)
def no_app_may_read(response: Response, request: Request) -> Response:
    """Charges carry no CORS headers for the origin of an app's web view."""
    origin = request.headers.get("origin", "null")
    return response if origin.startswith(("http", "null")) else _hidden(response)


@answer("HTTP-03", status=200)
def answers_are_text(response: Response, _request: Request) -> Response:
    """Successes are sent as text/html."""
    return _as(response, "text/html")


@answer("HTTP-03", CREDITS)
def credits_are_text(response: Response, _request: Request) -> Response:
    """Only credits are sent as text/plain."""
    return _as(response, "text/plain")


@answer("HTTP-03", status=400)
def bad_parameters_are_text(response: Response, _request: Request) -> Response:
    """Only 400 is sent as text/html."""
    return _as(response, "text/html")


@answer("HTTP-04", status=ERRORS)
def errors_hide_from_browsers(response: Response, _request: Request) -> Response:
    """Errors carry no CORS headers."""
    return _hidden(response)


@answer("HTTP-04", CHARGES, status=401)
def charges_hide_their_401_from_browsers(response: Response, _request: Request) -> Response:
    """Only 401 at the charges carries no CORS headers."""
    return _hidden(response)


@mutant("HTTP-05")
def head_is_empty_handed(request: Request, send: Send, _people: People) -> Response:
    """HEAD answers 204."""
    return Response(204) if request.method == "HEAD" else send(request)


@mutant("HTTP-05")
def head_needs_no_account(request: Request, send: Send, _people: People) -> Response:
    """HEAD on the account is answered 400."""
    return error(400) if request.method == "HEAD" and at(request, ACCOUNT) else send(request)


@mutant("QUERY-01")
def unknown_parameters_are_refused(request: Request, send: Send, _people: People) -> Response:
    """An unknown query parameter is answered 400."""
    return error(400) if _unknown_parameters(request) else send(request)


@mutant("QUERY-01")
def credits_refuse_unknown_parameters(request: Request, send: Send, _people: People) -> Response:
    """Only at the credits an unknown query parameter is answered 400."""
    refused = at(request, CREDITS) and _unknown_parameters(request)
    return error(400) if refused else send(request)


def _unknown_parameters(request: Request) -> set[str]:
    return parse_qs(request.query, keep_blank_values=True).keys() - KNOWN


@answer("QUERY-01", CHARGES)
def sort_is_understood(response: Response, request: Request) -> Response:
    """Charges take a `sort` that nobody documented, and turn round for it."""
    if "sort=" not in request.query:
        return response
    return changed(request, response, lambda tree, _: tree["data"].reverse())


@answer("HTTP-04", status=405)
def wrong_methods_hide_from_browsers(response: Response, _request: Request) -> Response:
    """Only 405 carries no CORS headers."""
    return _hidden(response)
