"""Faults in methods, headers and origins; CORS itself is laid round the server further out."""

from urllib.parse import parse_qs

from msgspec.structs import replace

from mock_server.breakages.breakage import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
    at,
    changed,
    decides,
    error,
    fault,
    without_header,
)
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import Sandbox

NO_CORS = ("X-Mock-No-Cors", "1")
"""Tells the layer that adds the CORS headers to leave this answer alone."""
KNOWN = {"page", "per_page", "redeemed", "expired"}
"""Every query parameter of the document."""


def _as(response: Response, media_type: str) -> Response:
    bare = without_header(response, "Content-Type")
    return replace(bare, headers=(*bare.headers, ("Content-Type", media_type)))


def _hidden(response: Response) -> Response:
    return replace(response, headers=(*response.headers, NO_CORS))


@fault("HTTP-01")
def a_wrong_method_is_404(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A method that a path lacks is answered 404."""
    response = answer(request)
    return error(404) if response.status == 405 else response


@fault("HTTP-01")
def allow_is_missing(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """405 comes without Allow."""
    return without_header(answer(request), "Allow")


@fault("HTTP-01")
def allow_forgets_delete(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Where POST and DELETE are allowed, Allow names POST alone."""
    response = answer(request)
    allow = response.header("Allow")
    if response.status != 405 or allow is None or "DELETE" not in allow:
        return response
    bare = without_header(response, "Allow")
    return replace(bare, headers=(*bare.headers, ("Allow", "POST")))


@fault("HTTP-01")
def patch_is_read_as_get(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """PATCH on the memberships answers as GET does."""
    taken = request.method == "PATCH" and at(request, MEMBERSHIPS)
    return answer(replace(request, method="GET") if taken else request)


@fault("HTTP-01")
def put_is_read_as_post(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """PUT on a preference opts in to it."""
    put = replace(request, method="POST")
    return answer(put if request.method == "PUT" and decides(put) else request)


@fault("HTTP-01")
def post_is_read_as_get(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """POST on the account, and no other method, answers as GET does."""
    taken = request.method == "POST" and at(request, ACCOUNT)
    return answer(replace(request, method="GET") if taken else request)


@fault("HTTP-02")
def no_origin_may_read(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """No answer carries CORS headers."""
    return _hidden(answer(request))


@fault("HTTP-02")
def no_origin_may_read_orders(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Only the orders' answers carry no CORS headers."""
    response = answer(request)
    return _hidden(response) if at(request, ORDERS) and response.status == 200 else response


@fault("HTTP-03")
def answers_are_text(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Successes are sent as text/html."""
    response = answer(request)
    return _as(response, "text/html") if response.status == 200 else response


@fault("HTTP-03")
def credits_are_text(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Only credits are sent as text/plain."""
    response = answer(request)
    return _as(response, "text/plain") if at(request, CREDITS) else response


@fault("HTTP-03")
def bad_parameters_are_text(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Only 400 is sent as text/html."""
    response = answer(request)
    return _as(response, "text/html") if response.status == 400 else response


@fault("HTTP-04")
def errors_hide_from_browsers(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Errors carry no CORS headers."""
    response = answer(request)
    return _hidden(response) if response.status >= 400 else response


@fault("HTTP-04")
def charges_hide_their_401_from_browsers(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Only 401 at the charges carries no CORS headers."""
    response = answer(request)
    return _hidden(response) if at(request, CHARGES) and response.status == 401 else response


@fault("HTTP-05")
def head_is_empty_handed(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """HEAD answers 204."""
    return Response(204) if request.method == "HEAD" else answer(request)


@fault("HTTP-05")
def head_needs_no_account(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """HEAD on the account is answered 400."""
    return error(400) if request.method == "HEAD" and at(request, ACCOUNT) else answer(request)


@fault("QUERY-01")
def unknown_parameters_are_refused(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """An unknown query parameter is answered 400."""
    return error(400) if _unknown_parameters(request) else answer(request)


@fault("QUERY-01")
def credits_refuse_unknown_parameters(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Only at the credits an unknown query parameter is answered 400."""
    refused = at(request, CREDITS) and _unknown_parameters(request)
    return error(400) if refused else answer(request)


def _unknown_parameters(request: Request) -> set[str]:
    return parse_qs(request.query, keep_blank_values=True).keys() - KNOWN


@fault("QUERY-01")
def sort_is_understood(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Charges take a `sort` that nobody documented, and turn round for it."""
    response = answer(request)
    if not at(request, CHARGES) or "sort=" not in request.query:
        return response
    return changed(request, response, lambda tree, _: tree["data"].reverse())


@fault("HTTP-04")
def wrong_methods_hide_from_browsers(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Only 405 carries no CORS headers."""
    response = answer(request)
    return _hidden(response) if response.status == 405 else response
