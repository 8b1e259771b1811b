"""Mutants in methods, headers and origins."""

from urllib.parse import parse_qs

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
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


@mutant("HTTP-01")
def a_wrong_method_is_404(request: Request, send: Send, _people: People) -> Response:
    """A method that a path lacks is answered 404."""
    response = send(request)
    return error(404) if response.status == 405 else response


@mutant("HTTP-01")
def allow_is_missing(request: Request, send: Send, _people: People) -> Response:
    """405 comes without Allow."""
    return without_header(send(request), "Allow")


@mutant("HTTP-01")
def allow_forgets_delete(request: Request, send: Send, _people: People) -> Response:
    """Where POST and DELETE are allowed, Allow names POST alone."""
    response = send(request)
    allow = response.header("Allow")
    if response.status != 405 or allow is None or "DELETE" not in allow:
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


@mutant("HTTP-02")
def no_origin_may_read(request: Request, send: Send, _people: People) -> Response:
    """No answer carries CORS headers."""
    return _hidden(send(request))


@mutant("HTTP-02")
def no_origin_may_read_orders(request: Request, send: Send, _people: People) -> Response:
    """Only the orders' answers carry no CORS headers."""
    response = send(request)
    return _hidden(response) if at(request, ORDERS) and response.status == 200 else response


@mutant("HTTP-03")
def answers_are_text(request: Request, send: Send, _people: People) -> Response:
    """Successes are sent as text/html."""
    response = send(request)
    return _as(response, "text/html") if response.status == 200 else response


@mutant("HTTP-03")
def credits_are_text(request: Request, send: Send, _people: People) -> Response:
    """Only credits are sent as text/plain."""
    response = send(request)
    return _as(response, "text/plain") if at(request, CREDITS) else response


@mutant("HTTP-03")
def bad_parameters_are_text(request: Request, send: Send, _people: People) -> Response:
    """Only 400 is sent as text/html."""
    response = send(request)
    return _as(response, "text/html") if response.status == 400 else response


@mutant("HTTP-04")
def errors_hide_from_browsers(request: Request, send: Send, _people: People) -> Response:
    """Errors carry no CORS headers."""
    response = send(request)
    return _hidden(response) if response.status >= 400 else response


@mutant("HTTP-04")
def charges_hide_their_401_from_browsers(request: Request, send: Send, _people: People) -> Response:
    """Only 401 at the charges carries no CORS headers."""
    response = send(request)
    return _hidden(response) if at(request, CHARGES) and response.status == 401 else response


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


@mutant("QUERY-01")
def sort_is_understood(request: Request, send: Send, _people: People) -> Response:
    """Charges take a `sort` that nobody documented, and turn round for it."""
    response = send(request)
    if not at(request, CHARGES) or "sort=" not in request.query:
        return response
    return changed(request, response, lambda tree, _: tree["data"].reverse())


@mutant("HTTP-04")
def wrong_methods_hide_from_browsers(request: Request, send: Send, _people: People) -> Response:
    """Only 405 carries no CORS headers."""
    response = send(request)
    return _hidden(response) if response.status == 405 else response
