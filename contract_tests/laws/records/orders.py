"""Orders: sums, times, guests, and what can be changed."""

from datetime import UTC, date, datetime, timedelta

from contract_tests.actor import Record
from contract_tests.exchange import instant
from contract_tests.laws.comparison import TOLERANCE
from contract_tests.laws.records.record import record_law

CLOSED = ("cancelled", "no_show")
UNFINISHED = ("basket", "cart", "draft", "in_progress", "open", "pending")
"""Words for what is no order yet; a new status of another name is not judged."""


@record_law("ORDER-01")
def sums_add_up(order: Record) -> str | None:
    totals, payments = order["totals"], order["payment_totals"]
    total = totals["subtotal"] - totals["order_discount"]
    provided = payments["paid"] + payments["pending"] + payments["chargeable"]
    sums = {
        "totals.total": (total, totals["total"]),
        "total_cost": (total, order["total_cost"]),
        "provided": (provided, payments["provided"]),
        "missing": (total - provided, payments["missing"]),
        "unpaid": (total - payments["paid"], payments["unpaid"]),
    }
    off = [f"{name} {want}; got {got}" for name, (want, got) in sums.items() if want != got]
    return off[0] if off else None


def _items(order: Record) -> list[Record]:
    return [*order["booking_items"], *order["package_items"], *order["purchase_items"]]


@record_law("ORDER-02")
def an_order_has_an_item(order: Record) -> str | None:
    return None if _items(order) else "an item; got none"


@record_law("ORDER-03")
def the_order_begins_and_ends_with_its_bookings(order: Record) -> str | None:
    spans = [each["booking_summary"] for each in order["booking_items"]]
    starts = [instant(each["start_time"]) for each in spans]
    ends = [instant(each["end_time"]) for each in spans]
    expected = (min(starts, default=None), max(ends, default=None))
    texts = [order[f"booking_items_{edge}_date"] for edge in ("start", "end")]
    actual = tuple(text and instant(text) for text in texts)
    return None if actual == expected else f"{expected[0]} to {expected[1]}; got {texts}"


@record_law("ORDER-04")
def what_is_to_come_can_be_changed_and_nothing_else(order: Record, now: datetime) -> str | None:
    for item in order["booking_items"]:
        start, free = instant(item["start_time"]), item["is_modifiable"]
        if free and item["status"] == "cancelled":
            return f"is_modifiable false, as it is cancelled; got true for item {item['id']}"
        if free and start < now - TOLERANCE:
            return f"is_modifiable false, as it began {start}; got true for item {item['id']}"
        closed = item["status"] == "cancelled" or order["status"] in CLOSED
        if not free and start > now + TOLERANCE and not closed:
            return f"is_modifiable true, as it begins {start}; got false for item {item['id']}"
    return None


@record_law("ORDER-05")
def no_basket_in_progress_is_listed(order: Record, now: datetime) -> str | None:
    now += TOLERANCE
    submitted, status = order["submitted_at"], order["status"]
    if status in UNFINISHED:
        return f"no basket in progress; got one that is {status}"
    return f"submitted by {now}; got {submitted}" if instant(submitted) > now else None


@record_law("ORDER-06")
def a_booking_lasts_from_its_start_to_its_end(order: Record) -> str | None:
    for item in order["booking_items"]:
        span = item["booking_summary"]
        lasts = instant(span["end_time"]) - instant(span["start_time"])
        if span["duration"] != lasts.total_seconds() / 60:
            return f"{lasts.total_seconds() / 60:g} minutes; got {span['duration']}"
    return None


@record_law("ORDER-07")
def the_items_add_up_to_the_order(order: Record) -> str | None:
    items, booked = _items(order), [*order["booking_items"], *order["package_items"]]
    total, net = order["total_cost"], order["net_total"]
    if order["total_tax"] != total - net:
        return f"total_tax {total - net}; got {order['total_tax']}"
    if any(item["status"] == "cancelled" for item in items):
        return None
    less = order["totals"]["order_discount"]
    shares = _sum(booked, "order_discount_amount")
    sums = {
        "total_cost": (_sum(items, "total_cost"), total, 0),
        # Taxes and shares are rounded item by item, or for the whole order.
        "net_total": (_sum(items, "net_total"), net, len(items)),
        "discount_total": (_sum(items, "discount_amount") + less, order["discount_total"], 0),
        "order_discount": (less if order["purchase_items"] else shares, less, len(items)),
    }
    off = [
        f"{name} {want}; got {got}"
        for name, (want, got, by) in sums.items()
        if abs(want - got) > by
    ]
    return off[0] if off else None


def _sum(items: list[Record], name: str) -> int:
    return sum(item[name] for item in items)


@record_law("ORDER-08")
def the_amounts_of_an_item_add_up(order: Record) -> str | None:
    for item in [*order["booking_items"], *order["package_items"]]:
        discount = item["discount_amount"] + item["order_discount_amount"]
        total = item["price"] - discount + item["exclusive_tax_amount"]
        net = item["total_cost"] - item["inclusive_tax_amount"] - item["exclusive_tax_amount"]
        for name, want in {"total_cost": total, "net_total": net}.items():
            if item[name] != want:
                return f"{name} {want} of item {item['id']}; got {item[name]}"
    for item in order["purchase_items"]:
        base = item["quantity"] * item["unit_price"]
        if item["base_price"] != base:
            return f"base_price {base} of item {item['id']}; got {item['base_price']}"
    return None


@record_law("ORDER-09")
def what_is_outstanding_is_between_missing_and_unpaid(order: Record) -> str | None:
    payments, outstanding = order["payment_totals"], order["outstanding_payment_amount"]
    least, most = payments["missing"], payments["unpaid"]
    if order["status"] in CLOSED or least <= outstanding <= most:
        return None
    return f"an outstanding_payment_amount from {least} to {most}; got {outstanding}"


@record_law("ORDER-10")
def a_booking_tells_one_time(order: Record) -> str | None:
    for item in order["booking_items"]:
        start, summary = item["start_time"], item["booking_summary"]["start_time"]
        if instant(start) != instant(summary):
            return f"start_time {summary} of item {item['id']}; got {start}"
    for item in [*order["booking_items"], *order["package_items"]]:
        # Where it takes place the date may be another than that of the offset.
        begins = instant(item["start_time"]).astimezone(UTC).date()
        if abs(date.fromisoformat(item["date"]) - begins) > timedelta(days=1):
            return f"a date of {item['start_time']}, item {item['id']}; got {item['date']}"
    return None


@record_law("ORDER-11")
def at_most_one_guest_booked(order: Record) -> str | None:
    booked = [*order["booking_items"], *order["package_items"]]
    for guests in (order["guests"], *(item["guests"] for item in booked)):
        leads = [each["id"] for each in guests if each["is_lead_booker"]]
        if len(set(leads)) > 1:
            return f"at most one lead booker; got {leads}"
    return None


@record_law("ORDER-12")
def nothing_in_an_order_stands_twice(order: Record) -> str | None:
    parts = [part for item in order["package_items"] for part in item["package_items"]]
    for records in (_items(order), parts, order["guests"]):
        ids = [each["id"] for each in records]
        if len(set(ids)) < len(ids):
            return f"different ids; got {ids}"
    return None
