"""Mutants in the account."""

from datetime import timedelta
from email.utils import format_datetime

from msgspec.structs import replace as with_fields

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    Tree,
    at,
    changed,
    edit,
    mutant,
    retargeted,
    with_header,
)
from contract_tests.mutants.people import People


@edit("CUSTOMER-01", ACCOUNT)
def the_email_keeps_its_capitals(tree: Tree, _request: Request) -> None:
    """The e-mail address is shown as it was typed."""
    tree["data"]["email"] = (tree["data"]["email"] or "").capitalize() or None


@edit("CUSTOMER-01", ACCOUNT)
def a_new_customers_email_keeps_its_capitals(tree: Tree, _request: Request) -> None:
    """The e-mail address of a customer whom no processor knows is shown as it was typed."""
    if tree["data"]["stripe_id"] is None:
        tree["data"]["email"] = tree["data"]["email"].capitalize()


@edit("CUSTOMER-02", ACCOUNT)
def the_full_name_is_the_other_way_round(tree: Tree, _request: Request) -> None:
    """The full name begins with the last name."""
    account = tree["data"]
    account["full_name"] = f"{account['last_name']}, {account['first_name']}"


@edit("CUSTOMER-02", ACCOUNT)
def the_full_name_is_ascii(tree: Tree, _request: Request) -> None:
    """The full name lacks the letters that are not ASCII."""
    name = tree["data"]["full_name"]
    tree["data"]["full_name"] = name.encode("ascii", "ignore").decode()


@edit("CUSTOMER-03", ACCOUNT)
def who_is_answered_was_locked(tree: Tree, _request: Request) -> None:
    """The account was locked when it was last changed."""
    if isinstance(tree["data"], dict):
        tree["data"]["locked_at"] = tree["data"]["updated_at"]


@retargeted(lambda target: with_fields(target, now=None))
@mutant("CUSTOMER-03")
def who_is_answered_was_locked_a_minute_ago(
    request: Request, send: Send, people: People
) -> Response:
    """The account was locked a minute before the date of the answer."""

    def lock(tree: Tree, _request: Request) -> None:
        tree["data"]["locked_at"] = (people.now - timedelta(minutes=1)).isoformat()

    response = with_header(send(request), "Date", format_datetime(people.now, usegmt=True))
    return changed(request, response, lock) if at(request, ACCOUNT) else response


@edit("CUSTOMER-04", ACCOUNT)
def the_avatar_is_named_otherwise(tree: Tree, _request: Request) -> None:
    """`avatar_id` is the id of the customer."""
    if isinstance(tree["data"], dict):
        tree["data"]["avatar_id"] = tree["data"]["id"]
