"""Mutants that know paths which the document does not, and what is sent there."""

from collections.abc import Callable
from urllib.parse import unquote

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    decides,
    error,
    mutant,
)
from contract_tests.mutants.people import People


def _read_as(request: Request, path: str, *paths: str) -> Request:
    """The request with another path, where it is one of these."""
    return replace(request, path=path) if path in paths and path != request.path else request


def _of_the_first(request: Request, send: Send, people: People, read: Request) -> Response:
    """What the first customer is shown there, whoever asks."""
    other = read is not request and people.name(request)
    return send(people.as_customer(read) if other else read)


def _to_anybody(request: Request, send: Send, people: People, read: Request) -> Response:
    """The same, to those without a token too."""
    other = read is not request and not people.name(request)
    return send(people.as_customer(read) if other else read)


@mutant("ERR-03")
def json_is_a_suffix_of_orders(request: Request, send: Send, _people: People) -> Response:
    """Orders are answered at `/orders.json`, too."""
    return send(_read_as(request, request.path.removesuffix(".json"), ORDERS))


@mutant("ERR-03")
def a_slash_ends_the_memberships(request: Request, send: Send, _people: People) -> Response:
    """Memberships alone are answered at `/memberships/`, too."""
    return send(_read_as(request, request.path.rstrip("/"), MEMBERSHIPS))


@mutant("ERR-03")
def orders_in_capitals_are_known(request: Request, send: Send, _people: People) -> Response:
    """Orders alone are answered at `/ORDERS`, too."""
    return send(_read_as(request, request.path.lower(), ORDERS))


@mutant("ERR-03")
def two_slashes_lead_to_the_account(request: Request, send: Send, _people: People) -> Response:
    """The account alone is answered at `/customers//my-account`, too."""
    return send(_read_as(request, request.path.replace("//", "/"), ACCOUNT))


@mutant(("OWN-01", "OWN-04", "ERR-03"))
def a_slash_shows_the_first_ones_charges(request: Request, send: Send, people: People) -> Response:
    """`/charges/` shows everybody the charges of the first customer."""
    read = _read_as(request, request.path.rstrip("/"), CHARGES)
    return _of_the_first(request, send, people, read)


@mutant(("OWN-01", "OWN-04", "ERR-03"))
def matrix_parameters_show_the_first_ones_credits(
    request: Request, send: Send, people: People
) -> Response:
    """`/credits;v=1` shows everybody the credits of the first customer."""
    read = _read_as(request, request.path.partition(";")[0], CREDITS)
    return _of_the_first(request, send, people, read)


@mutant("AUTH-01")
def an_encoded_letter_needs_no_token(request: Request, send: Send, people: People) -> Response:
    """Payment methods with an encoded letter in their path are shown to anybody."""
    read = _read_as(request, unquote(request.path), PAYMENT_METHODS)
    return _to_anybody(request, send, people, read)


@mutant("AUTH-01")
def json_needs_no_token(request: Request, send: Send, people: People) -> Response:
    """`/my-account.json` is shown to anybody."""
    read = _read_as(request, request.path.removesuffix(".json"), ACCOUNT)
    return _to_anybody(request, send, people, read)


def _nowhere(
    request: Request, send: Send, method: str, status: int, near: Callable[[str], bool]
) -> Response:
    """What is answered to a method at a path that is none."""
    response = send(request)
    lost = request.method == method and response.status == 404 and near(request.path)
    return error(status) if lost and not decides(request) else response


@mutant(("ERR-03", "ERR-01"))
def what_is_posted_nowhere_ends_in_an_error(
    request: Request, send: Send, _people: People
) -> Response:
    """POST at an unknown path is answered 500."""
    return _nowhere(request, send, "POST", 500, lambda path: True)


@mutant("ERR-03")
def what_is_posted_below_a_list_is_accepted(
    request: Request, send: Send, _people: People
) -> Response:
    """POST below the charges is answered 202."""
    return _nowhere(request, send, "POST", 202, lambda path: path.startswith(f"{CHARGES}/"))


@mutant("ERR-03")
def what_is_put_beside_the_orders_is_accepted(
    request: Request, send: Send, _people: People
) -> Response:
    """PUT at an unknown path of the shop is answered 200."""
    return _nowhere(request, send, "PUT", 200, lambda path: path.startswith("/shop/"))


@mutant("ERR-03")
def what_is_nowhere_is_deleted(request: Request, send: Send, _people: People) -> Response:
    """DELETE at an unknown path is answered 200."""
    return _nowhere(request, send, "DELETE", 200, lambda path: True)


@mutant(("ERR-03", "ERR-01"))
def what_is_patched_nowhere_ends_in_an_error(
    request: Request, send: Send, _people: People
) -> Response:
    """PATCH below the account is answered 500."""
    return _nowhere(request, send, "PATCH", 500, lambda path: path.startswith(f"{ACCOUNT}/no-"))
