"""Mutants in single memberships."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import ACCOUNT, MEMBERSHIPS, Tree, at, changed, edit, mutant
from contract_tests.mutants.people import People

PAST = "2001-01-01T00:00:00Z"
NOBODY = "00000000-0000-4000-8000-000000000003"
"""An id that nothing and nobody has."""


@edit("MEMBER-01", MEMBERSHIPS)
def active_members_need_attention(tree: Tree, _request: Request) -> None:
    """An active membership has a reason for attention."""
    for membership in tree["data"]:
        if membership["status"] == "active":
            membership["attention_reason"] = "payment_failed"


@edit("MEMBER-01", MEMBERSHIPS)
def a_missing_mandate_has_no_reason(tree: Tree, _request: Request) -> None:
    """A membership that needs a mandate does not say so in its reason."""
    for membership in tree["data"]:
        if membership["status"] == "needs_dd_mandate":
            membership["attention_reason"] = None


@edit("MEMBER-02", MEMBERSHIPS)
def nobody_leads(tree: Tree, _request: Request) -> None:
    """No member of a shared membership leads it."""
    for membership in tree["data"]:
        if len(membership["members"]) > 1:
            membership["members"][0]["is_lead"] = False


@edit("MEMBER-02", MEMBERSHIPS)
def two_lead(tree: Tree, _request: Request) -> None:
    """Every member of a shared membership leads it."""
    for membership in tree["data"]:
        for member in membership["members"]:
            member["is_lead"] = True


@edit("MEMBER-02", MEMBERSHIPS)
def the_customer_is_no_member(tree: Tree, _request: Request) -> None:
    """The customer is not among the members of the last membership."""
    for membership in tree["data"][-1:]:
        membership["members"] = [membership["members"][0] | {"customer_id": NOBODY}]


@edit("MEMBER-03", MEMBERSHIPS)
def ended_memberships_are_active(tree: Tree, _request: Request) -> None:
    """An expired membership is shown as active."""
    for membership in tree["data"]:
        if membership["status"] == "expired":
            membership["status"] = "active"


@edit("MEMBER-03", MEMBERSHIPS)
def upcoming_ones_have_begun(tree: Tree, _request: Request) -> None:
    """An upcoming membership began in the past."""
    for membership in tree["data"]:
        if membership["status"] == "upcoming":
            membership["start_date"] = PAST


@edit("MEMBER-04", MEMBERSHIPS)
def the_rate_is_of_another_type(tree: Tree, _request: Request) -> None:
    """The last membership's rate is of another type."""
    for membership in tree["data"][-1:]:
        membership["rate"]["membership_type_id"] = NOBODY


@edit("MEMBER-04", MEMBERSHIPS)
def the_type_is_of_another_brand(tree: Tree, _request: Request) -> None:
    """The last membership's type is of another brand."""
    for membership in tree["data"][-1:]:
        membership["type"]["brand_id"] = NOBODY


@edit("MEMBER-05", MEMBERSHIPS)
def a_members_number_is_short(tree: Tree, _request: Request) -> None:
    """The number of the first member of the last membership has nine digits."""
    for membership in tree["data"][-1:]:
        membership["members"][0]["membership_number"] = "123456789"


@edit("MEMBER-05", MEMBERSHIPS)
def the_deprecated_number_is_short(tree: Tree, _request: Request) -> None:
    """The own number of the last membership has eight digits, as without two leading zeros."""
    for membership in tree["data"][-1:]:
        membership["membership_number"] = membership["membership_number"][2:]


@mutant("MEMBER-06")
def only_the_lead_sees_a_membership(request: Request, send: Send, _people: People) -> Response:
    """A membership is shown to its lead alone."""
    return _to_leads(request, send, lambda _membership: True)


@mutant("MEMBER-06")
def only_the_lead_sees_what_is_monthly(request: Request, send: Send, _people: People) -> Response:
    """A membership that is billed monthly is shown to its lead alone."""
    return _to_leads(request, send, lambda each: each["rate"]["billing_frequency"] == "P1M")


def _to_leads(request: Request, send: Send, kept: Callable[[Tree], bool]) -> Response:
    if not at(request, MEMBERSHIPS):
        return send(request)
    account = send(replace(request, path=ACCOUNT, query="")).body
    lead = {"customer_id": msgspec.json.decode(account)["data"]["id"], "is_lead": True}

    def hide(tree: Tree, _request: Request) -> None:
        tree["data"] = [
            each
            for each in tree["data"]
            if not kept(each) or any(member | lead == member for member in each["members"])
        ]

    return changed(request, send(request), hide)


@mutant("MEMBER-03")
def what_ended_lately_is_active(request: Request, send: Send, people: People) -> Response:
    """A membership that ended within the last week is shown as active."""
    lately = people.now - timedelta(days=7)

    def revive(tree: Tree, _request: Request) -> None:
        for membership in tree["data"]:
            ended = membership["status"] == "expired" and membership["end_date"]
            if ended and datetime.fromisoformat(ended) > lately:
                membership["status"] = "active"

    response = send(request)
    return changed(request, response, revive) if at(request, MEMBERSHIPS) else response


@edit("MEMBER-07", MEMBERSHIPS)
def the_next_charge_is_a_penny_more(tree: Tree, _request: Request) -> None:
    """The next charge is a penny more than the price."""
    for membership in tree["data"]:
        if membership["next_charge"]:
            membership["next_charge"]["amount"] += 1


@edit("MEMBER-07", MEMBERSHIPS)
def the_next_charge_falls_due_otherwise(tree: Tree, _request: Request) -> None:
    """The next charge is due when the membership began."""
    for membership in tree["data"]:
        if membership["next_charge"]:
            membership["next_charge"]["due_date"] = membership["start_date"]


@edit("MEMBER-08", MEMBERSHIPS)
def the_number_is_nobodys(tree: Tree, _request: Request) -> None:
    """`membership_number` is that of no member."""
    for membership in tree["data"]:
        membership["membership_number"] = "0000000000"


@edit("MEMBER-08", MEMBERSHIPS)
def members_share_a_number(tree: Tree, _request: Request) -> None:
    """All members of a membership have one number."""
    for membership in tree["data"]:
        for member in membership["members"]:
            member["membership_number"] = membership["membership_number"]


@edit("MEMBER-09", MEMBERSHIPS)
def nobody_fits(tree: Tree, _request: Request) -> None:
    """A type is for nobody."""
    for membership in tree["data"]:
        membership["type"].update(min_members=0, max_members=0)


@edit("MEMBER-07", MEMBERSHIPS, needs="a customer whose membership is inactive")
def what_is_inactive_is_charged(tree: Tree, _request: Request) -> None:
    """An inactive membership has a next charge, though nothing is billed."""
    for membership in tree["data"]:
        if membership["status"] == "inactive":
            rate = membership["rate"]
            charge = {"amount": rate["price"], "currency": rate["currency"]}
            membership["next_charge"] = charge | {"due_date": membership["start_date"]}
            membership["next_billing_date"] = None
