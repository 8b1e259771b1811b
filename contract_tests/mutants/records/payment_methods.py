"""Mutants in payment methods, and in who has none."""

from contract_tests.mutants.message import Request, Response
from contract_tests.mutants.mutant import (
    MEMBERSHIPS,
    PAYMENT_METHODS,
    Tree,
    answer,
    at,
    edit,
    error,
)

NONE = b'{"data":[]}'


def _empty(response: Response) -> bool:
    return response.status == 200 and response.json["data"] == []


@edit("PAYMENT-01", PAYMENT_METHODS)
def direct_debits_have_a_country(tree: Tree, _request: Request) -> None:
    """A direct debit has the country of a card."""
    for method in tree["data"]:
        if method["type"] == "direct_debit":
            method["card_country"] = "gb"


@edit("PAYMENT-01", PAYMENT_METHODS)
def a_pending_direct_debit_has_a_brand(tree: Tree, _request: Request) -> None:
    """A direct debit has the brand of a card for as long as it is pending."""
    for method in tree["data"]:
        if method["type"] == "direct_debit" and method["status"] == "pending":
            method["card_brand"] = "visa"


@answer("PAYMENT-02")
def the_unknown_have_an_empty_list(response: Response, request: Request) -> Response:
    """Whom no processor knows is answered an empty list."""
    if at(request, PAYMENT_METHODS) and response.status == 404:
        return Response(200, NONE, (("Content-Type", "application/json"),))
    return response


@answer("PAYMENT-02", PAYMENT_METHODS, status=404)
def the_unknown_are_forbidden(response: Response, _request: Request) -> Response:
    """Whom no processor knows is answered 403."""
    return error(403)


@answer("PAYMENT-03", PAYMENT_METHODS)
def an_empty_list_is_404(response: Response, _request: Request) -> Response:
    """A known customer without payment methods is answered 404."""
    return error(404) if _empty(response) else response


@answer("PAYMENT-03", PAYMENT_METHODS)
def an_empty_list_is_204(response: Response, _request: Request) -> Response:
    """A known customer without payment methods is answered 204."""
    return Response(204) if _empty(response) else response


@edit("PAYMENT-04", PAYMENT_METHODS)
def the_last_four_lose_their_zeros(tree: Tree, _request: Request) -> None:
    """Leading zeros of the last four digits are lost."""
    for method in tree["data"]:
        method["last_4"] = str(int(method["last_4"]))


@edit("PAYMENT-04", PAYMENT_METHODS)
def a_revoked_cards_last_four_are_a_number(tree: Tree, _request: Request) -> None:
    """The last four digits of a revoked method are a number."""
    for method in tree["data"]:
        if method["status"] == "revoked":
            method["last_4"] = int(method["last_4"])


@edit("PAYMENT-05", MEMBERSHIPS)
def the_short_form_has_other_digits(tree: Tree, _request: Request) -> None:
    """The short form of a payment method in a membership has other digits."""
    for membership in tree["data"]:
        if membership["payment_method"]:
            membership["payment_method"]["last_4"] = "9999"


@edit("PAYMENT-06", PAYMENT_METHODS)
def active_methods_were_revoked(tree: Tree, _request: Request) -> None:
    """An active payment method was revoked when it was last changed."""
    for method in tree["data"]:
        method["revoked_at"] = method["updated_at"]


@edit("PAYMENT-01", PAYMENT_METHODS)
def a_direct_debit_has_an_empty_brand(tree: Tree, _request: Request) -> None:
    """A direct debit has the empty text for the brand of a card."""
    for method in tree["data"]:
        if method["type"] == "direct_debit":
            method["card_brand"] = ""
