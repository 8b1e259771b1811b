"""The people: what the default scenario covers, and that the same world is the same bytes."""

import json
import subprocess
import sys
from typing import Any

import pytest

from mock_server.app import Settings
from mock_server.resources import KINDS
from mock_server.worlds import scenario
from tests.conftest import Caller
from tests.mock_server.golden import NOW, PATHS, everybody, recorded


def everything(call: Caller, path: str) -> list[Any]:
    """What all customers see at a path."""
    people = call.json("GET", "/__mock__/sandboxes/default")["customers"]
    seen = [call.json("GET", path, each["token"]).get("data") or [] for each in people]
    return [record for data in seen for record in data]


def test_the_same_seed_and_clock_give_the_same_bytes_on_any_day() -> None:
    """Where people were changed on purpose: `make golden`, and a line in the changelog."""
    assert everybody() == recorded()


@pytest.mark.slow
def test_the_same_seed_and_clock_give_the_same_bytes_in_any_process() -> None:
    code = "import json, tests.mock_server.golden as g; print(json.dumps(g.everybody()))"
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert json.loads(elsewhere.stdout) == recorded()


def test_every_scenario_that_comes_along_can_be_served() -> None:
    for name in scenario.names():
        assert scenario.load(name, KINDS).title


def test_the_default_world_has_every_status_of_memberships_and_charges(call: Caller) -> None:
    schemas = call.json("GET", "/openapi.json")["components"]["schemas"]
    for path, name in (("memberships", "MembershipStatus"), ("charges", "ChargeStatus")):
        known = set(schemas[name]["enum"])
        seen = {each["status"] for each in everything(call, f"/customers/my-account/{path}")}
        assert seen == known


def test_the_default_world_has_the_order_counts_that_pages_turn_on(call: Caller) -> None:
    people = call.json("GET", "/__mock__/sandboxes/default")["customers"]

    assert {0, 1, 15, 16, 137} <= {each["facts"]["order_count"] for each in people}


def test_the_default_world_has_cards_direct_debits_and_people_without(call: Caller) -> None:
    people = call.json("GET", "/__mock__/sandboxes/default")["customers"]
    facts = [each["facts"] for each in people]
    methods = [
        method
        for each in people
        for method in call.json("GET", PATHS[5], each["token"]).get("data", [])
    ]

    assert {method["type"] for method in methods} == {"card", "direct_debit"}
    assert any(not each["payment_provider"] for each in facts)
    assert any(each["payment_provider"] and not each["payment_methods"] for each in facts)


def test_the_default_world_has_orders_of_every_kind_of_item(call: Caller) -> None:
    orders = everything(call, PATHS[6])

    for items in ("booking_items", "package_items", "purchase_items"):
        assert any(order[items] for order in orders)


def test_the_default_world_has_all_none_and_some_opted_in(call: Caller) -> None:
    people = call.json("GET", "/__mock__/sandboxes/default")["customers"]
    lists = [call.json("GET", PATHS[3], each["token"]).get("data") for each in people]
    shares = {tuple(sorted({each["opted_in"] for each in listed})) for listed in lists if listed}

    assert shares == {(True,), (False,), (False, True)}


def test_nothing_is_redeemed_before_it_was_issued(call: Caller) -> None:
    for credit in everything(call, PATHS[2]):
        assert credit["redeemed_at"] is None or credit["redeemed_at"] >= credit["issued_at"]


def test_the_last_of_a_million_orders_is_as_right_as_the_first() -> None:
    call = Caller(Settings(scenario="heavy-history", now=NOW))
    people = call.json("GET", "/__mock__/sandboxes/default")["customers"]
    heavy = next(each for each in people if each["facts"]["order_count"] == 1_000_000)

    last = call.json("GET", "/shop/my-account/orders?page=10000&per_page=100", heavy["token"])

    assert last["meta"]["to"] == 1_000_000
    assert len(last["data"]) == 100
    assert "next" not in last["links"]
