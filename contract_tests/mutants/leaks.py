"""Mutants that show a part of another customer where few look for it."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import wraps
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
    Mutant,
    Rules,
    Tree,
    at,
    changed,
    mutant,
    stateful,
    with_header,
)
from contract_tests.mutants.people import People

Theirs = Callable[[str], Any]
"""What another customer than the one who asks is shown at a path."""


def leak(
    rules: Rules, path: str, *, needs: str = ""
) -> Callable[[Callable[[Tree, Theirs], None]], Mutant]:
    """A mutant of a customer's successes at a path, given what another customer is shown."""

    def declare(edit: Callable[[Tree, Theirs], None]) -> Mutant:
        @wraps(edit)
        def leaking(request: Request, send: Send, people: People) -> Response:
            if not at(request, path) or not people.name(request):
                return send(request)

            def theirs(path: str) -> Any:
                asked = replace(request, method="GET", path=path, query="")
                return send(people.as_customer(asked, people.another(request))).json["data"]

            return changed(request, send(request), lambda tree, _: edit(tree, theirs))

        return mutant(rules, needs=needs)(leaking)

    return declare


def _note(tree: Tree, text: str) -> None:
    """Put a text into a new field of the account, or of the last record of a list."""
    data = tree["data"]
    (data[-1] if isinstance(data, list) else data)["note"] = text


@leak(("OWN-04", "OWN-02"), CHARGES)
def a_charge_was_paid_with_anothers_card(tree: Tree, theirs: Theirs) -> None:
    """The oldest charge was paid with another customer's payment method."""
    tree["data"][-1]["payment_method"]["id"] = theirs(PAYMENT_METHODS)[0]["id"]


@leak("OWN-04", MEMBERSHIPS)
def a_membership_names_a_strangers_card(tree: Tree, theirs: Theirs) -> None:
    """A membership that another customer has no part in is paid with their payment method."""
    other, method = theirs(ACCOUNT)["id"], theirs(PAYMENT_METHODS)[0]["id"]
    for each in tree["data"]:
        members = {member["customer_id"] for member in each["members"]}
        if other not in members and each["payment_method"]:
            each["payment_method"]["id"] = method


@leak("OWN-04", ORDERS)
def an_order_came_of_anothers(tree: Tree, theirs: Theirs) -> None:
    """The basket of the last order on a page is another customer's order."""
    tree["data"][-1]["basket_id"] = theirs(ORDERS)[0]["id"]


@leak("OWN-04", ACCOUNT)
def an_id_leaks_without_its_hyphens(tree: Tree, theirs: Theirs) -> None:
    """The account carries another customer's id in a new field, and without hyphens."""
    tree["data"]["merged_from"] = theirs(ACCOUNT)["id"].replace("-", "")


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


def _spaced(phone: str, by: str) -> str:
    return by.join((phone[:3], phone[3:7], phone[7:]))


@leak("OWN-04", ACCOUNT, needs="a second customer with a phone")
def a_phone_leaks_with_blanks(tree: Tree, theirs: Theirs) -> None:
    """The account has another customer's phone number in a new field, with blanks in it."""
    _note(tree, _spaced(theirs(ACCOUNT)["phone"], " "))


@leak("OWN-04", ORDERS, needs="a second customer with a phone")
def a_phone_leaks_as_people_dial_it(tree: Tree, theirs: Theirs) -> None:
    """An order has another customer's phone number without the code of its country."""
    phone = theirs(ACCOUNT)["phone"]
    _note(tree, f"(0{phone[3:6]}) {phone[6:]}")


@leak("OWN-04", CHARGES, needs="a second customer with a phone")
def a_phone_leaks_with_dashes(tree: Tree, theirs: Theirs) -> None:
    """A charge has another customer's phone number with dashes in it."""
    _note(tree, _spaced(theirs(ACCOUNT)["phone"], "-"))


@leak("OWN-04", MEMBERSHIPS)
def an_address_leaks_in_capitals(tree: Tree, theirs: Theirs) -> None:
    """A membership has another customer's e-mail address in capitals."""
    _note(tree, theirs(ACCOUNT)["email"].upper())


@leak("OWN-04", PAYMENT_METHODS)
def an_address_leaks_without_its_sign(tree: Tree, theirs: Theirs) -> None:
    """A payment method has another customer's e-mail address with (at) in place of its sign."""
    _note(tree, theirs(ACCOUNT)["email"].replace("@", " (at) "))


@leak("OWN-04", ORDERS, needs="customers with telephone numbers")
def an_order_calls_another(tree: Tree, theirs: Theirs) -> None:
    """The last order of a page bears another customer's telephone number."""
    phone = theirs(ACCOUNT)["phone"]
    for order in tree["data"][-1:]:
        order["phone"] = phone or order["phone"]


@leak("OWN-04", PAYMENT_METHODS, needs="two customers with payment methods")
def a_card_bears_the_number_of_anothers(tree: Tree, theirs: Theirs) -> None:
    """The last payment method has the processor's id of another customer's first."""
    for method in tree["data"][-1:]:
        method["payment_method_id"] = theirs(PAYMENT_METHODS)[0]["payment_method_id"]


@leak("MEMBER-10", MEMBERSHIPS, needs="a customer who is a member, but does not lead")
def a_member_sees_how_the_lead_pays(tree: Tree, theirs: Theirs) -> None:
    """A member of a shared membership is shown the payment method of another member."""
    known = {each["id"]: each["payment_method"] for each in theirs(MEMBERSHIPS)}
    for each in tree["data"]:
        each["payment_method"] = each["payment_method"] or known.get(each["id"])


@leak("MEMBER-10", MEMBERSHIPS, needs="a customer who is a member, but does not lead")
def a_member_sees_the_card_under_another_id(tree: Tree, theirs: Theirs) -> None:
    """A member of a shared membership is shown how another pays, under an id of its own."""
    known = {each["id"]: each["payment_method"] for each in theirs(MEMBERSHIPS)}
    for each in tree["data"]:
        if each["payment_method"] is None and (method := known.get(each["id"])):
            each["payment_method"] = method | {"id": "99999999-0000-4000-8000-000000000002"}


def _telling_of_another(
    request: Request, send: Send, people: People, path: str, tell: Callable[[Tree], str]
) -> Response:
    """An answer at a path with a header that tells something of another customer's account."""
    response = send(request)
    if not at(request, path) or not people.name(request) or response.status != 200:
        return response
    account = replace(request, method="GET", path=ACCOUNT, query="")
    theirs = send(people.as_customer(account, people.another(request))).json["data"]
    return with_header(response, "X-Session", tell(theirs))


@mutant("OWN-04")
def a_session_names_another(request: Request, send: Send, people: People) -> Response:
    """A header of the charges has another customer's id in base64."""
    return _telling_of_another(
        request, send, people, CHARGES, lambda account: b64encode(account["id"].encode()).decode()
    )


@mutant("OWN-04")
def a_token_names_another(request: Request, send: Send, people: People) -> Response:
    """A header of the memberships has a token with another customer's id, as JWTs are written."""

    def token(account: Tree) -> str:
        claims = msgspec.json.encode({"sub": account["id"]})
        return f"e30.{urlsafe_b64encode(claims).decode().rstrip('=')}.c2lnbmF0dXJl"

    return _telling_of_another(request, send, people, MEMBERSHIPS, token)


@mutant("OWN-04")
def a_digest_is_anothers_address(request: Request, send: Send, people: People) -> Response:
    """A header of the orders has another customer's e-mail address in hexadecimal."""
    return _telling_of_another(
        request, send, people, ORDERS, lambda account: str(account["email"]).encode().hex()
    )
