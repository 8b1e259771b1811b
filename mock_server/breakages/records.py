"""Faults in single records: sums, states and what excludes what."""

from mock_server.breakages.breakage import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    Tree,
    at,
    edit,
    error,
    fault,
)
from mock_server.exchange import Answer, Request, Response
from mock_server.sandbox import Sandbox

FUTURE = "2099-01-01T00:00:00Z"
PAST = "2001-01-01T00:00:00Z"
NOBODY = "00000000-0000-4000-8000-000000000003"


@edit("CUSTOMER-01", ACCOUNT)
def the_email_keeps_its_capitals(tree: Tree, _request: Request) -> None:
    """The e-mail address is shown as it was typed."""
    tree["data"]["email"] = (tree["data"]["email"] or "").capitalize() or None


@edit("CUSTOMER-02", ACCOUNT)
def the_full_name_is_the_other_way_round(tree: Tree, _request: Request) -> None:
    """The full name begins with the last name."""
    account = tree["data"]
    account["full_name"] = f"{account['last_name']}, {account['first_name']}"


@edit("CHARGES-01", CHARGES)
def oldest_charge_first(tree: Tree, _request: Request) -> None:
    """Charges are the wrong way round."""
    tree["data"].reverse()


@edit("CHARGES-01", CHARGES)
def the_oldest_charges_are_swapped(tree: Tree, _request: Request) -> None:
    """The oldest charge stands third."""
    if len(tree["data"]) > 4:
        tree["data"].insert(2, tree["data"].pop())


@edit("CHARGES-02", CHARGES)
def failures_have_no_reason(tree: Tree, _request: Request) -> None:
    """A failed charge has no reason."""
    for charge in tree["data"]:
        charge["failure_reason"] = None


@edit("CHARGES-02", CHARGES)
def a_success_has_a_reason(tree: Tree, _request: Request) -> None:
    """The oldest charge has a reason although it succeeded."""
    for charge in tree["data"][-1:]:
        charge["failure_reason"] = "None."


@edit("CHARGES-03", CHARGES)
def pending_charges_are_completed(tree: Tree, _request: Request) -> None:
    """A charge is completed when it is billed, even while it is processing."""
    for charge in tree["data"]:
        charge["completed_at"] = charge["completed_at"] or charge["billed_at"]


@edit("CHARGES-03", CHARGES)
def refunds_are_not_completed(tree: Tree, _request: Request) -> None:
    """A refunded charge has no completed_at."""
    for charge in tree["data"]:
        if charge["status"] == "refunded":
            charge["completed_at"] = None


@edit("CHARGES-04", CHARGES)
def the_next_charge_is_listed(tree: Tree, _request: Request) -> None:
    """A charge that is due in the future is listed."""
    for charge in tree["data"][:1]:
        charge["billed_at"] = FUTURE


@edit("CHARGES-05", CHARGES)
def a_charge_of_no_membership(tree: Tree, _request: Request) -> None:
    """The oldest charge is for a membership that the customer does not have."""
    for charge in tree["data"][-1:]:
        charge["membership_id"] = NOBODY


@edit("CHARGES-06", CHARGES)
def joining_fees_are_the_price(tree: Tree, _request: Request) -> None:
    """A joining fee is a penny too high."""
    for charge in tree["data"]:
        charge["amount"] += charge["type"] == "joining_fee"


@edit("CHARGES-06", CHARGES)
def charges_are_in_pounds(tree: Tree, _request: Request) -> None:
    """Amounts are in pounds."""
    for charge in tree["data"]:
        charge["amount"] //= 100


@edit("CREDITS-10", CREDITS)
def a_credit_of_no_membership(tree: Tree, _request: Request) -> None:
    """The first credit is of a membership that the customer does not have."""
    for credit in tree["data"][:1]:
        credit["membership_id"] = NOBODY


@edit("CREDITS-11", CREDITS)
def a_multi_use_credit_is_redeemed(tree: Tree, _request: Request) -> None:
    """With `redeemed=true` multi-use credits are redeemed by use."""
    for credit in tree["data"]:
        if credit["multi_use"] and any(each["redeemed_at"] for each in tree["data"]):
            credit["redeemed_at"] = credit["issued_at"]


@edit("CREDITS-12", CREDITS)
def revoked_at_is_filled(tree: Tree, _request: Request) -> None:
    """The last credit has a revoked_at."""
    for credit in tree["data"][-1:]:
        credit["revoked_at"] = FUTURE


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


@edit("MEMBER-05", MEMBERSHIPS)
def numbers_lose_their_zeros(tree: Tree, _request: Request) -> None:
    """A member's number is nine digits."""
    for membership in tree["data"][-1:]:
        membership["members"][0]["membership_number"] = "123456789"


@edit("PAYMENT-01", PAYMENT_METHODS)
def direct_debits_have_a_brand(tree: Tree, _request: Request) -> None:
    """A direct debit has the country of a card."""
    for method in tree["data"]:
        if method["type"] == "direct_debit":
            method["card_country"] = "gb"


@fault("PAYMENT-02")
def the_unknown_have_an_empty_list(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Whom no processor knows is answered an empty list."""
    response = answer(request)
    if at(request, PAYMENT_METHODS) and response.status == 404:
        return Response(200, b'{"data":[]}', (("Content-Type", "application/json"),))
    return response


@fault("PAYMENT-03")
def an_empty_list_is_404(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A known customer without payment methods is answered 404."""
    response = answer(request)
    nothing = at(request, PAYMENT_METHODS) and response.body == b'{"data":[]}'
    return error(404) if nothing else response


@edit("PAYMENT-04", PAYMENT_METHODS)
def the_last_four_are_a_number(tree: Tree, _request: Request) -> None:
    """Leading zeros of the last four digits are lost."""
    for method in tree["data"]:
        method["last_4"] = str(int(method["last_4"]))


@edit("ORDER-01", ORDERS)
def unpaid_is_what_is_missing(tree: Tree, _request: Request) -> None:
    """`unpaid` is off by a penny in every order."""
    for order in tree["data"]:
        order["payment_totals"]["unpaid"] += 1


@edit("ORDER-01", ORDERS)
def one_total_is_off(tree: Tree, _request: Request) -> None:
    """The last order of the last page costs a penny more than its total."""
    if tree["data"] and tree["meta"]["current_page"] == tree["meta"]["last_page"]:
        tree["data"][-1]["total_cost"] += 1


@edit("ORDER-01", ORDERS)
def discounts_are_added(tree: Tree, _request: Request) -> None:
    """The order's discount is added in place of taken off."""
    for order in tree["data"]:
        totals = order["totals"]
        totals["total"] = totals["subtotal"] + totals["order_discount"]


@edit("ORDER-02", ORDERS)
def an_order_of_nothing(tree: Tree, _request: Request) -> None:
    """The last order of a page has no items."""
    for order in tree["data"][-1:]:
        order.update(booking_items=[], package_items=[], purchase_items=[])
        order.update(booking_items_start_date=None, booking_items_end_date=None)


@edit("ORDER-03", ORDERS)
def orders_end_when_they_begin(tree: Tree, _request: Request) -> None:
    """The end of the bookings is the start of the first."""
    for order in tree["data"]:
        order["booking_items_end_date"] = order["booking_items_start_date"]


@edit("ORDER-04", ORDERS)
def the_past_can_be_moved(tree: Tree, _request: Request) -> None:
    """Every booking can be modified."""
    for order in tree["data"]:
        for item in order["booking_items"]:
            item["is_modifiable"] = True


@edit("ORDER-05", ORDERS)
def a_basket_is_listed(tree: Tree, _request: Request) -> None:
    """A basket that will be submitted tomorrow is listed as the newest order."""
    if tree["data"] and tree["meta"]["current_page"] == 1:
        tree["data"][0]["submitted_at"] = FUTURE
