"""What people have, and what became of it, in words that a tester reads at a glance."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mock_server.observation.people import (
    CHARGES,
    CREDITS,
    DETAILS,
    MEMBERSHIPS,
    METHODS,
    ORDERS,
    PREFERENCES,
    changes_between,
    marks_of,
    money,
    removed_from,
    state_of,
    summary_of,
)

THEN = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
Json = dict[str, Any]


def credit(**other: Any) -> Json:
    return {"id": "1", "coupon_code": "GIFT", "redeemed_at": None, "expires_at": None} | other


def membership(status: str = "active", **other: Any) -> Json:
    own = {"id": "1", "type": {"name": "Thermal"}, "status": status}
    return own | {"attention_reason": None, "next_billing_date": date(2026, 5, 9)} | other


def charge(status: str = "paid") -> Json:
    about = {"amount": 5400, "currency": "gbp", "description": "Thermal Club"}
    return {"id": "1", "status": status} | about


def order(*modifiable: bool) -> Json:
    items = [{"is_modifiable": each} for each in modifiable]
    return {"id": "1", "order_ref": "R-1", "booking_items": items}


@pytest.mark.parametrize(
    ("operation", "record", "state"),
    [
        (PREFERENCES, {"opted_in": True}, "opted in"),
        (PREFERENCES, {"opted_in": False}, "opted out"),
        (CHARGES, {"status": "failed"}, "failed"),
        (ORDERS, {}, ""),
        (CREDITS, credit(), "open"),
        (CREDITS, credit(expires_at=NOW), "expired"),
        (CREDITS, credit(expires_at=datetime(2026, 4, 1, 9, 0, 1, tzinfo=UTC)), "open"),
        (CREDITS, credit(expires_at=THEN, redeemed_at=THEN), "redeemed"),
    ],
)
def test_the_state_of_a_record_is_one_word(operation: str, record: Json, state: str) -> None:
    assert state_of(operation, record, NOW) == state


def test_what_is_new_changed_or_gone_is_told_by_its_id() -> None:
    first = [{"id": "a"}, {"id": "b", "x": 1}, {"id": "c"}]
    now = [{"id": "a"}, {"id": "b", "x": 2}, {"id": "d"}]

    assert marks_of(first, now) == {"b": "changed", "d": "new"}
    assert removed_from(first, now) == [{"id": "c"}]


@pytest.mark.parametrize(
    ("operation", "before", "after", "told"),
    [
        (CHARGES, [], [charge()], ["new: charge of £54.00 for Thermal Club, paid"]),
        (CHARGES, None, [charge()], ["new: charge of £54.00 for Thermal Club, paid"]),
        (CHARGES, [charge()], [], ["charge of £54.00 for Thermal Club is gone"]),
        (CHARGES, [charge()], None, ["charge of £54.00 for Thermal Club is gone"]),
        (CHARGES, [charge()], [charge()], []),
        (
            CHARGES,
            [charge("not_yet_due")],
            [charge()],
            ["charge of £54.00 for Thermal Club: not yet due → paid"],
        ),
        (
            CREDITS,
            [credit(expires_at=NOW)],
            [credit(expires_at=NOW)],
            ["credit GIFT: open → expired"],
        ),
        (
            MEMBERSHIPS,
            [membership()],
            [membership("needs_attention", next_billing_date=date(2026, 6, 9))],
            [
                "membership Thermal: active → needs attention",
                "membership Thermal: next charge on 9 June 2026",
            ],
        ),
        (
            MEMBERSHIPS,
            [membership()],
            [membership(next_billing_date=None)],
            ["membership Thermal: no further charge"],
        ),
        (
            METHODS,
            [],
            [{"id": "1", "type": "direct_debit", "last_4": "1234", "status": "active"}],
            ["new: direct debit ending in 1234, active"],
        ),
        (
            PREFERENCES,
            [{"id": "1", "text": "News", "opted_in": True}],
            [{"id": "1", "text": "News", "opted_in": False}],
            ["“News”: opted in → opted out"],
        ),
        (
            ORDERS,
            [order(True, False)],
            [order(False, False)],
            ["order R-1: its bookings can no longer be changed"],
        ),
        (ORDERS, [order(True, True)], [order(True, False)], []),
        (ORDERS, [order(False)], [order(True)], []),
        (ORDERS, [], [order(True)], ["new: order R-1"]),
        (
            DETAILS,
            [{"id": "1", "first_name": "Ada", "last_name": "L", "dob": "x"}],
            [{"id": "1", "first_name": "Zoe", "last_name": "M", "dob": "x"}],
            ["details: first name, last name changed"],
        ),
        ("listSomethingElse", [{"id": "1"}], [], ["1 is gone"]),
    ],
)
def test_what_became_of_a_customer_is_a_sentence_each(
    operation: str, before: list[Json] | None, after: list[Json] | None, told: list[str]
) -> None:
    lists = ({operation: before} if before is not None else {}, {operation: after})

    assert list(changes_between(*lists, THEN, NOW)) == told


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (5400, "gbp", "£54.00"),
        (123456789, "EUR", "€1,234,567.89"),
        (5, "USD", "$0.05"),
        (-100, "aed", "AED -1.00"),
    ],
)
def test_money_is_written_as_people_write_it(amount: int, currency: str, text: str) -> None:
    assert money(amount, currency) == text


USUAL = {MEMBERSHIPS: [membership()], METHODS: [{"id": "1"}]}
ACTIVE = "1 active membership"


@pytest.mark.parametrize(
    ("lists", "summary"),
    [
        ({}, [ACTIVE]),
        ({DETAILS: [{"deleted_at": THEN, "locked_at": THEN}]}, ["anonymised", ACTIVE]),
        ({DETAILS: [{"deleted_at": None, "locked_at": THEN}]}, ["locked", ACTIVE]),
        ({DETAILS: [{"deleted_at": None, "locked_at": None}]}, [ACTIVE]),
        ({MEMBERSHIPS: []}, ["no membership"]),
        ({MEMBERSHIPS: None}, ["no membership"]),
        ({MEMBERSHIPS: [membership("expired"), membership("inactive")]}, ["membership lapsed"]),
        ({MEMBERSHIPS: [membership("expired"), membership()]}, [ACTIVE]),
        ({MEMBERSHIPS: [membership(), membership()]}, ["2 active memberships"]),
        ({MEMBERSHIPS: [membership("on_hold")]}, ["membership on hold"]),
        (
            {MEMBERSHIPS: [membership("needs_attention", attention_reason="payment_failed")]},
            ["membership needs attention: payment failed"],
        ),
        (
            {CHARGES: [charge("refunded"), charge("failed"), charge(), charge("failed")]},
            [ACTIVE, "2 charges failed", "1 charge refunded"],
        ),
        ({CHARGES: [charge(each) for each in ("errored", "processing", "preparing")]}, [
            ACTIVE, "1 charge errored", "1 charge processing", "1 charge preparing",
        ]),
        ({CREDITS: [credit()]}, [ACTIVE, "1 credit"]),
        ({CREDITS: [credit(), credit(redeemed_at=THEN)]}, [ACTIVE, "2 credits"]),
        ({CREDITS: [credit(), credit(expires_at=THEN)]}, [ACTIVE, "1 of 2 credits expired"]),
        ({CREDITS: []}, [ACTIVE]),
        ({METHODS: None}, [ACTIVE, "no payment processor"]),
        ({METHODS: []}, [ACTIVE, "no payment method"]),
        ({PREFERENCES: [{"opted_in": True}] * 2}, [ACTIVE, "opted in to everything"]),
        ({PREFERENCES: [{"opted_in": True}, {"opted_in": False}]}, [ACTIVE]),
        ({PREFERENCES: []}, [ACTIVE]),
    ],
)  # fmt: skip
def test_the_unusual_of_a_customer_comes_first(lists: Json, summary: list[str]) -> None:
    assert summary_of(USUAL | lists, NOW, 1) == [*summary, "1 order"]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "no orders"), (2, "2 orders"), (1234, "1,234 orders")]
)
def test_orders_are_counted_last(count: int, text: str) -> None:
    assert summary_of(USUAL, NOW, count) == [ACTIVE, text]
