"""Mutants in single orders."""

from datetime import timedelta

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import ORDERS, Tree, at, changed, edit, mutant
from contract_tests.mutants.people import People
from contract_tests.mutants.records.charges import FUTURE


def _oldest(tree: Tree) -> list[Tree]:
    """The last order of the last page, in a list; an empty one on other pages."""
    meta = tree["meta"]
    return tree["data"][-1:] if meta["current_page"] == meta["last_page"] else []


@edit("ORDER-01", ORDERS)
def unpaid_is_a_penny_off(tree: Tree, _request: Request) -> None:
    """`unpaid` is off by a penny in every order."""
    for order in tree["data"]:
        order["payment_totals"]["unpaid"] += 1


@edit("ORDER-01", ORDERS)
def one_total_is_off(tree: Tree, _request: Request) -> None:
    """The last order of the last page costs a penny more than its total."""
    for order in _oldest(tree):
        order["total_cost"] += 1


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
        _emptied(order)


@edit("ORDER-02", ORDERS)
def the_oldest_order_is_of_nothing(tree: Tree, _request: Request) -> None:
    """The last order of the last page has no items."""
    for order in _oldest(tree):
        _emptied(order)


def _emptied(order: Tree) -> None:
    order.update(booking_items=[], package_items=[], purchase_items=[])
    order.update(booking_items_start_date=None, booking_items_end_date=None)


@edit("ORDER-03", ORDERS)
def orders_end_when_they_begin(tree: Tree, _request: Request) -> None:
    """The end of the bookings is the start of the first."""
    for order in tree["data"]:
        order["booking_items_end_date"] = order["booking_items_start_date"]


@edit("ORDER-03", ORDERS)
def orders_end_with_their_first_booking(tree: Tree, _request: Request) -> None:
    """The end of several bookings is the end of the one that is listed first."""
    for order in tree["data"]:
        for item in order["booking_items"][:1]:
            order["booking_items_end_date"] = item["booking_summary"]["end_time"]


@edit("ORDER-04", ORDERS)
def the_past_can_be_moved(tree: Tree, _request: Request) -> None:
    """Every booking can be modified."""
    for order in tree["data"]:
        for item in order["booking_items"]:
            item["is_modifiable"] = True


@edit("ORDER-04", ORDERS)
def the_oldest_past_can_be_moved(tree: Tree, _request: Request) -> None:
    """Only the bookings of the last order of the last page can be modified although past."""
    for order in _oldest(tree):
        for item in order["booking_items"]:
            item["is_modifiable"] = True


@edit("ORDER-04", ORDERS)
def the_next_booking_cannot_be_moved(tree: Tree, _request: Request) -> None:
    """Only the first booking on a page that is to come cannot be modified."""
    booked = [item for order in tree["data"] for item in order["booking_items"]]
    for item in [item for item in booked if item["is_modifiable"]][:1]:
        item["is_modifiable"] = False


@edit("ORDER-05", ORDERS)
def a_basket_is_listed(tree: Tree, _request: Request) -> None:
    """What will be submitted one day is listed as the newest order."""
    for order in tree["data"][: tree["meta"]["current_page"] == 1]:
        order["submitted_at"] = FUTURE


@mutant("ORDER-05")
def a_basket_is_listed_an_hour_early(request: Request, send: Send, people: People) -> Response:
    """What is submitted in an hour is listed as the newest order."""
    then = (people.now + timedelta(hours=1)).isoformat()

    def hurry(tree: Tree, _request: Request) -> None:
        for order in tree["data"][: tree["meta"]["current_page"] == 1]:
            order["submitted_at"] = then

    response = send(request)
    return changed(request, response, hurry) if at(request, ORDERS) else response


@edit("ORDER-06", ORDERS)
def bookings_last_in_seconds(tree: Tree, _request: Request) -> None:
    """The duration of a booking is in seconds."""
    for order in tree["data"]:
        for item in order["booking_items"]:
            item["booking_summary"]["duration"] *= 60


@edit("ORDER-06", ORDERS)
def the_oldest_booking_lasts_longer(tree: Tree, _request: Request) -> None:
    """Only in the last order of the last page a booking lasts five minutes longer than it does."""
    for order in _oldest(tree):
        for item in order["booking_items"]:
            item["booking_summary"]["duration"] += 5


@edit("CUSTOMER-01", ORDERS)
def orders_keep_the_capitals(tree: Tree, _request: Request) -> None:
    """The e-mail address in an order is shown as it was typed."""
    for order in tree["data"]:
        order["email"] = order["email"].title()


@edit("ORDER-07", ORDERS)
def one_item_costs_more(tree: Tree, _request: Request) -> None:
    """The purchases of the last order of the last page cost a penny more than is told."""
    for order in _oldest(tree):
        for item in (*order["booking_items"], *order["purchase_items"], *order["package_items"]):
            item["total_cost"] += 1


@edit("ORDER-07", ORDERS)
def the_tax_is_of_the_net(tree: Tree, _request: Request) -> None:
    """`total_tax` is a penny off in every order."""
    for order in tree["data"]:
        order["total_tax"] += 1


@edit("ORDER-07", ORDERS)
def discounts_leave_out_the_orders(tree: Tree, _request: Request) -> None:
    """`discount_total` leaves out the discount of the order."""
    for order in tree["data"]:
        order["discount_total"] -= order["totals"]["order_discount"]


@edit("ORDER-08", ORDERS)
def two_for_the_price_of_one(tree: Tree, _request: Request) -> None:
    """The `base_price` of a purchase is that of one."""
    for order in tree["data"]:
        for item in order["purchase_items"]:
            item["base_price"] = item["unit_price"] * (item["quantity"] + 1)


@edit("ORDER-08", ORDERS)
def a_booking_tells_another_tax(tree: Tree, _request: Request) -> None:
    """The tax that a booking includes is a penny off."""
    for order in tree["data"]:
        for item in order["booking_items"]:
            item["inclusive_tax_amount"] += 1


@edit("ORDER-09", ORDERS)
def everything_is_outstanding(tree: Tree, _request: Request) -> None:
    """What is outstanding is the total and a penny, paid or not."""
    for order in tree["data"]:
        order["outstanding_payment_amount"] = order["total_cost"] + 1


@edit("ORDER-10", ORDERS)
def a_booking_begins_twice(tree: Tree, _request: Request) -> None:
    """`start_time` of a booking is the end of it."""
    for order in tree["data"]:
        for item in order["booking_items"]:
            item["start_time"] = item["booking_summary"]["end_time"]


@edit("ORDER-11", ORDERS)
def everybody_booked(tree: Tree, _request: Request) -> None:
    """Every guest is the lead booker."""
    for order in tree["data"]:
        for guest in order["guests"]:
            guest["is_lead_booker"] = True


@edit("ORDER-12", ORDERS)
def items_share_an_id(tree: Tree, _request: Request) -> None:
    """The items of an order have its id."""
    for order in tree["data"]:
        for item in (*order["booking_items"], *order["purchase_items"]):
            item["id"] = order["id"]


@edit("MONEY-01", ORDERS)
def orders_in_no_currency(tree: Tree, _request: Request) -> None:
    """The last order of the last page is in `XYZ`."""
    for order in _oldest(tree):
        order["currency"] = "XYZ"
