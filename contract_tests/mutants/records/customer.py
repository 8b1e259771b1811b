"""Mutants in the account."""

from contract_tests.mutants.message import Request
from contract_tests.mutants.mutant import ACCOUNT, Tree, edit


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


@edit("CUSTOMER-04", ACCOUNT)
def the_avatar_is_named_otherwise(tree: Tree, _request: Request) -> None:
    """`avatar_id` is the id of the customer."""
    if isinstance(tree["data"], dict):
        tree["data"]["avatar_id"] = tree["data"]["id"]
