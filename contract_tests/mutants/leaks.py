"""Mutants that show a part of another customer where few look for it."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    Change,
    Tree,
    at,
    changed,
    mutant,
    stateful,
    with_header,
)
from contract_tests.mutants.people import People


def _of_another(path: str, request: Request, send: Send, people: People) -> Any:
    """What another customer is shown at a path."""
    asked = replace(request, method="GET", path=path, query="")
    return send(people.as_customer(asked, people.another(request))).json["data"]


@mutant(("OWN-04", "OWN-02"))
def a_charge_was_paid_with_anothers_card(request: Request, send: Send, people: People) -> Response:
    """The oldest charge was paid with another customer's payment method."""
    if not at(request, CHARGES) or not people.name(request):
        return send(request)
    method = _of_another(PAYMENT_METHODS, request, send, people)[0]["id"]

    def pay(tree: Tree, _request: Request) -> None:
        tree["data"][-1]["payment_method"]["id"] = method

    return changed(request, send(request), pay)


@mutant("OWN-04")
def a_membership_names_a_strangers_card(request: Request, send: Send, people: People) -> Response:
    """A membership that another customer has no part in is paid with their payment method."""
    if not at(request, MEMBERSHIPS) or not people.name(request):
        return send(request)
    other = _of_another(ACCOUNT, request, send, people)["id"]
    method = _of_another(PAYMENT_METHODS, request, send, people)[0]["id"]

    def pay(tree: Tree, _request: Request) -> None:
        for each in tree["data"]:
            members = {member["customer_id"] for member in each["members"]}
            if other not in members and each["payment_method"]:
                each["payment_method"]["id"] = method

    return changed(request, send(request), pay)


@mutant("OWN-04")
def an_order_came_of_anothers(request: Request, send: Send, people: People) -> Response:
    """The basket of the last order on a page is another customer's order."""
    if not at(request, ORDERS) or not people.name(request):
        return send(request)
    order = _of_another(ORDERS, request, send, people)[0]["id"]

    def name(tree: Tree, _request: Request) -> None:
        tree["data"][-1]["basket_id"] = order

    return changed(request, send(request), name)


@mutant("OWN-04")
def an_id_leaks_without_its_hyphens(request: Request, send: Send, people: People) -> Response:
    """The account carries another customer's id in a new field, and without hyphens."""
    if not at(request, ACCOUNT) or not people.name(request):
        return send(request)
    other = _of_another(ACCOUNT, request, send, people)["id"]

    def leak(tree: Tree, _request: Request) -> None:
        tree["data"]["merged_from"] = other.replace("-", "")

    return changed(request, send(request), leak)


@mutant("OWN-04")
def an_account_has_anothers_processor_id(request: Request, send: Send, people: People) -> Response:
    """The second customer's account shows the first one's id at the payment processor."""
    if not at(request, ACCOUNT) or people.name(request) != people.names[1]:
        return send(request)
    known = send(people.as_customer(request)).json["data"]["stripe_id"]

    def leak(tree: Tree, _request: Request) -> None:
        tree["data"]["stripe_id"] = known

    return changed(request, send(request), leak)


@mutant("OWN-04")
def a_preflight_names_a_customer(request: Request, send: Send, people: People) -> Response:
    """The preflight of the orders has a customer's e-mail address in a header."""
    response = send(request)
    if request.method != "OPTIONS" or not at(request, ORDERS):
        return response
    account = replace(request, method="GET", path=ACCOUNT, query="")
    email = send(people.as_customer(account)).json["data"]["email"]
    return with_header(response, "X-Owner", email)


@stateful("OWN-05")
def a_405_tells_who_called_last() -> Change:
    """The refusal of a wrong method quotes the e-mail address of the last other caller."""
    last: dict[str, str] = {}

    def telling(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if response.status == 200 and request.method == "GET" and at(request, ACCOUNT):
            last[name] = response.json["data"]["email"]
        others = [email for caller, email in last.items() if caller != name]
        if response.status != 405 or not others:
            return response
        message = f"{response.json['message']} Called by {others[-1]} before."
        return replace(response, body=msgspec.json.encode({"message": message}))

    return telling


def _noted(
    path: str, write: Callable[[Any], str], request: Request, send: Send, people: People
) -> Response:
    """What is shown at a path with a note of another customer in it."""
    if not at(request, path) or not people.name(request):
        return send(request)
    text = write(_of_another(ACCOUNT, request, send, people))

    def note(tree: Tree, _request: Request) -> None:
        data = tree["data"]
        (data[-1] if isinstance(data, list) else data)["note"] = text

    return changed(request, send(request), note)


def _spaced(phone: str, by: str) -> str:
    return by.join((phone[:3], phone[3:7], phone[7:]))


@mutant("OWN-04", needs="a second customer with a phone")
def a_phone_leaks_with_blanks(request: Request, send: Send, people: People) -> Response:
    """The account has another customer's phone number in a new field, with blanks in it."""
    return _noted(ACCOUNT, lambda one: _spaced(one["phone"], " "), request, send, people)


@mutant("OWN-04", needs="a second customer with a phone")
def a_phone_leaks_as_people_dial_it(request: Request, send: Send, people: People) -> Response:
    """An order has another customer's phone number without the code of its country."""
    return _noted(
        ORDERS, lambda one: f"(0{one['phone'][3:6]}) {one['phone'][6:]}", request, send, people
    )


@mutant("OWN-04", needs="a second customer with a phone")
def a_phone_leaks_with_dashes(request: Request, send: Send, people: People) -> Response:
    """A charge has another customer's phone number with dashes in it."""
    return _noted(CHARGES, lambda one: _spaced(one["phone"], "-"), request, send, people)


@mutant("OWN-04")
def an_address_leaks_in_capitals(request: Request, send: Send, people: People) -> Response:
    """A membership has another customer's e-mail address in capitals."""
    return _noted(MEMBERSHIPS, lambda one: str(one["email"]).upper(), request, send, people)


@mutant("OWN-04")
def an_address_leaks_without_its_sign(request: Request, send: Send, people: People) -> Response:
    """A payment method has another customer's e-mail address with (at) in place of its sign."""

    def hidden(one: Any) -> str:
        return str(one["email"]).replace("@", " (at) ")

    return _noted(PAYMENT_METHODS, hidden, request, send, people)


@mutant("OWN-04", needs="customers with telephone numbers")
def an_order_calls_another(request: Request, send: Send, people: People) -> Response:
    """The last order of a page bears another customer's telephone number."""
    if not at(request, ORDERS) or not people.name(request):
        return send(request)
    phone = _of_another(ACCOUNT, request, send, people)["phone"]

    def call(tree: Tree, _request: Request) -> None:
        for order in tree["data"][-1:]:
            order["phone"] = phone or order["phone"]

    return changed(request, send(request), call)


@mutant("OWN-04", needs="two customers with payment methods")
def a_card_bears_the_number_of_anothers(request: Request, send: Send, people: People) -> Response:
    """The last payment method has the processor's id of another customer's first."""
    if not at(request, PAYMENT_METHODS) or not people.name(request):
        return send(request)
    theirs = _of_another(PAYMENT_METHODS, request, send, people)

    def name(tree: Tree, _request: Request) -> None:
        for method in tree["data"][-1:]:
            method["payment_method_id"] = theirs[0]["payment_method_id"]

    return changed(request, send(request), name)
