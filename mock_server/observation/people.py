"""What a person has, in words: what makes them worth choosing, and what a change meant for them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Literal

Json = dict[str, Any]
Lists = Mapping[str, Sequence[Json] | None]
"""What each reading operation shows of one customer, by operationId; None where it refuses."""
Mark = Literal["new", "changed"]

DETAILS, CHARGES, CREDITS = "getMyAccountDetails", "listMyAccountCharges", "listMyAccountCredits"
MEMBERSHIPS, METHODS = "listMyAccountMemberships", "listMyAccountPaymentMethods"
PREFERENCES, ORDERS = "listMyAccountMarketingPreferences", "listMyAccountOrders"
LAPSED = ("expired", "inactive")


def state_of(operation: str, record: Json, now: datetime) -> str:
    """The state of a record in one word; a credit's depends on the time."""
    if operation == PREFERENCES:
        return "opted in" if record["opted_in"] else "opted out"
    if operation != CREDITS:
        return str(record.get("status", ""))
    if record["redeemed_at"]:
        return "redeemed"
    return "expired" if record["expires_at"] and record["expires_at"] <= now else "open"


def marks_of(first: Sequence[Json], now: Sequence[Json]) -> dict[str, Mark]:
    """The records that are new or changed since `first`, by id."""
    before = {record["id"]: record for record in first}
    return {
        record["id"]: "changed" if record["id"] in before else "new"
        for record in now
        if before.get(record["id"]) != record
    }


def removed_from(first: Sequence[Json], now: Sequence[Json]) -> list[Json]:
    """The records of `first` that are no longer there."""
    ids = {record["id"] for record in now}
    return [record for record in first if record["id"] not in ids]


def changes_between(before: Lists, after: Lists, then: datetime, now: datetime) -> Iterator[str]:
    """Everything that became of one customer between two instants, a sentence each."""
    for operation, records in after.items():
        earlier = {record["id"]: record for record in before.get(operation) or ()}
        for record in records or ():
            yield from _sentences(operation, earlier.pop(record["id"], None), record, then, now)
        for record in earlier.values():
            yield f"{_name(operation, record)} is gone"


def _sentences(
    operation: str, before: Json | None, record: Json, then: datetime, now: datetime
) -> Iterator[str]:
    name, state = _name(operation, record), state_of(operation, record, now)
    if before is None:
        yield f"new: {name}{f', {_plain(state)}' if state else ''}"
        return
    if (earlier := state_of(operation, before, then)) != state:
        yield f"{name}: {_plain(earlier)} → {_plain(state)}"
    if operation == MEMBERSHIPS and before["next_billing_date"] != record["next_billing_date"]:
        due = record["next_billing_date"]
        # `%-d` is no day on Windows.
        yield f"{name}: {f'next charge on {due.day} {due:%B %Y}' if due else 'no further charge'}"
    if operation == ORDERS and _modifiable(before) and not _modifiable(record):
        yield f"{name}: its bookings can no longer be changed"
    if operation == DETAILS and before != record:
        fields = ", ".join(key for key in record if before.get(key) != record[key])
        yield f"details: {_plain(fields)} changed"


def _modifiable(order: Json) -> bool:
    return any(item["is_modifiable"] for item in order["booking_items"])


def _plain(word: str) -> str:
    return word.replace("_", " ")


def _name(operation: str, record: Json) -> str:
    name = _NAMES.get(operation)
    return name(record) if name else str(record["id"])


_NAMES: Mapping[str, Callable[[Json], str]] = {
    CHARGES: lambda each: (
        f"charge of {money(each['amount'], each['currency'])} for {each['description']}"
    ),
    CREDITS: lambda each: f"credit {each['coupon_code']}",
    MEMBERSHIPS: lambda each: f"membership {each['type']['name']}",
    METHODS: lambda each: f"{_plain(each['type'])} ending in {each['last_4']}",
    PREFERENCES: lambda each: f"“{each['text']}”",
    ORDERS: lambda each: f"order {each['order_ref']}",
}


def money(amount: int, currency: str) -> str:
    """An amount in minor units as people write it."""
    sign = {"GBP": "£", "EUR": "€", "USD": "$"}.get(currency.upper(), f"{currency.upper()} ")
    return f"{sign}{amount / 100:,.2f}"


def summary_of(lists: Lists, now: datetime, order_count: int) -> list[str]:
    """What makes a customer worth choosing, the unusual first."""
    parts = (_of_account, _of_memberships, _of_charges, _of_credits, _of_methods, _of_preferences)
    remarks = chain.from_iterable(part(lists, now) for part in parts)
    orders = "no orders" if not order_count else f"{order_count:,} order{'s'[: order_count != 1]}"
    return [*remarks, orders]


def _of_account(lists: Lists, _now: datetime) -> Iterator[str]:
    for account in lists.get(DETAILS) or ():
        if account["deleted_at"]:
            yield "anonymised"
        elif account["locked_at"]:
            yield "locked"


def _of_memberships(lists: Lists, _now: datetime) -> Iterator[str]:
    records = lists.get(MEMBERSHIPS) or ()
    if not records:
        yield "no membership"
    elif all(each["status"] in LAPSED for each in records):
        yield "membership lapsed"
    for each in records:
        if each["status"] == "needs_attention":
            yield f"membership needs attention: {_plain(each['attention_reason'])}"
        elif each["status"] not in ("active", *LAPSED):
            yield f"membership {_plain(each['status'])}"
    running = sum(each["status"] == "active" for each in records)
    if running:
        yield f"{running} active membership{'s'[: running != 1]}"


def _of_charges(lists: Lists, _now: datetime) -> Iterator[str]:
    records = lists.get(CHARGES) or ()
    for status in ("failed", "errored", "refunded", "processing", "preparing"):
        if count := sum(each["status"] == status for each in records):
            yield f"{count} charge{'s'[: count != 1]} {status}"


def _of_credits(lists: Lists, now: datetime) -> Iterator[str]:
    states = [state_of(CREDITS, each, now) for each in lists.get(CREDITS) or ()]
    if states and "expired" in states:
        yield f"{states.count('expired')} of {len(states)} credits expired"
    elif states:
        yield f"{len(states)} credit{'s'[: len(states) != 1]}"


def _of_methods(lists: Lists, _now: datetime) -> Iterator[str]:
    records = lists.get(METHODS)
    if records is None:
        yield "no payment processor"
    elif not records:
        yield "no payment method"


def _of_preferences(lists: Lists, _now: datetime) -> Iterator[str]:
    records = lists.get(PREFERENCES) or ()
    if records and all(each["opted_in"] for each in records):
        yield "opted in to everything"
