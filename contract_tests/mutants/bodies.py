"""Mutants in the form of a success."""

import html
import json
from urllib.parse import quote

from contract_tests.mutants.message import Request
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    LISTS,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    PREFERENCES,
    Tree,
    edit,
)


def _last_page(tree: Tree) -> bool:
    meta = tree["meta"]
    return bool(meta["current_page"] == meta["last_page"] > 1)


@edit("BODY-01", CHARGES)
def amounts_are_decimals(tree: Tree, _request: Request) -> None:
    """Amounts are in pounds in place of pence."""
    for charge in tree["data"]:
        charge["amount"] = charge["amount"] / 100 + 0.001


@edit("BODY-01", ORDERS)
def a_null_on_the_last_page(tree: Tree, _request: Request) -> None:
    """The last order of the last page has no status."""
    if tree["data"] and _last_page(tree):
        tree["data"][-1]["status"] = None


@edit("BODY-01", MEMBERSHIPS)
def a_field_is_missing_once(tree: Tree, _request: Request) -> None:
    """The last membership has no rate."""
    for membership in tree["data"][-1:]:
        del membership["rate"]


@edit("BODY-01", ACCOUNT)
def has_password_is_text(tree: Tree, _request: Request) -> None:
    """A boolean is sent as text."""
    tree["data"]["has_password"] = "true"


@edit("BODY-01", PREFERENCES)
def a_consent_is_a_number(tree: Tree, _request: Request) -> None:
    """Whether the last preference is opted in is told as 0 or 1."""
    for preference in tree["data"][-1:]:
        preference["opted_in"] = int(preference["opted_in"])


@edit("BODY-01", CREDITS)
def multi_use_is_a_number(tree: Tree, _request: Request) -> None:
    """A boolean is sent as 0 or 1, in credits with both flags only."""
    for credit in tree["data"][2:]:
        credit["multi_use"] = int(credit["multi_use"])


@edit("BODY-02", ACCOUNT)
def the_account_is_bare(tree: Tree, _request: Request) -> None:
    """The account stands in the body without data around it."""
    tree.update(tree.pop("data"))


@edit("BODY-02", *LISTS)
def an_empty_list_is_null(tree: Tree, _request: Request) -> None:
    """A list with nothing in it is null."""
    tree["data"] = tree["data"] or None


@edit("BODY-02", PAYMENT_METHODS)
def payment_methods_are_keyed(tree: Tree, _request: Request) -> None:
    """Payment methods are an object by id."""
    tree["data"] = {method["id"]: method for method in tree["data"]}


@edit("BODY-03", CHARGES)
def charges_have_pages(tree: Tree, _request: Request) -> None:
    """Charges come with a meta of pages."""
    tree["meta"] = {"current_page": 1, "last_page": 1}


@edit("BODY-03", PREFERENCES)
def preferences_have_links(tree: Tree, _request: Request) -> None:
    """Preferences come with links."""
    tree["links"] = {}


@edit("BODY-03", CHARGES)
def the_oldest_charge_is_left_out(tree: Tree, _request: Request) -> None:
    """Of more than twenty charges the oldest is left out."""
    tree["data"] = tree["data"][:20]


@edit("BODY-04", CREDITS)
def instants_have_no_offset(tree: Tree, _request: Request) -> None:
    """Credits are issued at an instant without an offset."""
    for credit in tree["data"]:
        credit["issued_at"] = credit["issued_at"].removesuffix("Z")


@edit("BODY-04", ORDERS)
def one_instant_has_no_offset(tree: Tree, _request: Request) -> None:
    """The last order of a page was created at an instant without an offset."""
    for order in tree["data"][-1:]:
        order["created_at"] = order["created_at"].removesuffix("Z")


@edit("BODY-04", CREDITS)
def offsets_have_no_colon(tree: Tree, _request: Request) -> None:
    """Credits are issued at an instant whose offset has no colon, unlike its time."""
    for credit in tree["data"]:
        credit["issued_at"] = credit["issued_at"].replace("Z", "+0000")


@edit("BODY-04", MEMBERSHIPS)
def dates_and_times_stand_apart(tree: Tree, _request: Request) -> None:
    """Memberships begin at an instant with a space between date and time."""
    for membership in tree["data"]:
        membership["start_date"] = membership["start_date"].replace("T", " ")


@edit("BODY-05", ORDERS)
def order_ids_are_upper_case(tree: Tree, _request: Request) -> None:
    """An order's id is in upper case."""
    for order in tree["data"][-1:]:
        order["id"] = f"ABCDEF{order['id'][6:].upper()}"


@edit("BODY-05", PAYMENT_METHODS)
def one_id_has_no_dashes(tree: Tree, _request: Request) -> None:
    """The last payment method's id is written without dashes."""
    for method in tree["data"][-1:]:
        method["id"] = method["id"].replace("-", "") + "x"


@edit("BODY-05", CHARGES)
def the_last_charge_twice(tree: Tree, _request: Request) -> None:
    """The last charge is listed twice."""
    tree["data"] += tree["data"][-1:]


def _twice(tree: Tree, _request: Request) -> None:
    first, second, *_ = tree["data"]
    second["id"] = first["id"].upper()


@edit("BODY-05", CREDITS, needs="a customer with two credits")
def two_credits_differ_in_capitals(tree: Tree, request: Request) -> None:
    """The second credit has the id of the first, in capitals."""
    _twice(tree, request)


@edit("BODY-05", PAYMENT_METHODS, needs="a customer with two payment methods")
def two_cards_differ_in_capitals(tree: Tree, request: Request) -> None:
    """The second payment method has the id of the first, in capitals."""
    _twice(tree, request)


@edit("BODY-05", CHARGES, needs="a customer with two charges")
def two_charges_share_an_id(tree: Tree, _request: Request) -> None:
    """The second charge has the id of the first."""
    first, second, *_ = tree["data"]
    second["id"] = first["id"]


@edit("BODY-05", ACCOUNT, needs="a customer with two labels")
def two_labels_share_an_id(tree: Tree, _request: Request) -> None:
    """The second label has the id of the first."""
    first, second, *_ = tree["data"]["labels"]
    second["id"] = first["id"]


@edit("BODY-05", ORDERS, needs="a customer with a booking that a practitioner gives")
def a_practitioner_stands_twice(tree: Tree, _request: Request) -> None:
    """The practitioner of a booking is listed twice."""
    for order in tree["data"]:
        for item in order["booking_items"]:
            item["booking_summary"]["practitioners"] *= 2


def _encoded_twice(record: Tree, encoding: str, *names: str) -> None:
    for name in names:
        record[name] = record[name].encode().decode(encoding)


NOT_ASCII = "a customer with orders, whose name is not ASCII"


@edit("BODY-06", ORDERS, needs=NOT_ASCII)
def names_are_encoded_twice(tree: Tree, _request: Request) -> None:
    """In orders the bytes of names were taken for Latin-1."""
    for order in tree["data"]:
        _encoded_twice(order, "latin-1", "first_name", "last_name")


@edit("BODY-06", ORDERS, needs=NOT_ASCII)
def a_name_is_encoded_twice_for_windows(tree: Tree, _request: Request) -> None:
    """In the last order of a page the bytes of the first name were taken for Windows' letters."""
    for order in tree["data"][-1:]:
        _encoded_twice(order, "cp1252", "first_name")


@edit("BODY-06", ORDERS, needs="a customer with orders, whose name has an apostrophe")
def names_are_escaped_for_html(tree: Tree, _request: Request) -> None:
    """In orders names are escaped as for a page of HTML."""
    for order in tree["data"]:
        for name in ("first_name", "last_name"):
            order[name] = html.escape(order[name])


@edit("BODY-06", ORDERS, needs=NOT_ASCII)
def names_are_escaped_twice(tree: Tree, _request: Request) -> None:
    """In orders letters beyond ASCII are written out as JSON may do, and shown so."""
    for order in tree["data"]:
        order["last_name"] = json.dumps(order["last_name"])[1:-1]
        order["first_name"] = json.dumps(order["first_name"])[1:-1]


WISH = '“Çay” & <i>bir</i> masaj – ve "sessiz" bir oda'


@edit("BODY-06", ORDERS)
def wishes_are_escaped_for_html(tree: Tree, _request: Request) -> None:
    """In orders wishes, which stand nowhere else, are escaped as for a page of HTML."""
    for order in tree["data"]:
        order["special_requests"] = html.escape(WISH)


@edit("BODY-06", MEMBERSHIPS)
def terms_are_typeset_for_html(tree: Tree, _request: Request) -> None:
    """The terms of memberships have dashes and quotation marks as a page of HTML has them."""
    for membership in tree["data"]:
        membership["type"]["terms"] = "Paid monthly &mdash; see &ldquo;Fees&rdquo;."


@edit("BODY-06", MEMBERSHIPS)
def terms_are_encoded_twice(tree: Tree, _request: Request) -> None:
    """The bytes of the terms of memberships, which stand nowhere else, were taken for Latin-1."""
    for membership in tree["data"]:
        membership["type"]["terms"] = WISH.encode().decode("latin-1")


@edit("BODY-06", ORDERS)
def wishes_are_coded_for_urls(tree: Tree, _request: Request) -> None:
    """In orders wishes, which stand nowhere else, are coded as for a URL."""
    for order in tree["data"]:
        order["special_requests"] = quote("Ein ruhiges Zimmer, bitte!")
