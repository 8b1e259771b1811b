"""The world is changed while a page is open: records, scenario, faults one by one, own answers."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mock_server.client.client import MockError, MockServer, Sandbox

ACCOUNT = "/customers/my-account"


@pytest.fixture
def world(url: str) -> Iterator[Sandbox]:
    server = MockServer(url)
    with server.sandbox(now="2026-03-01T09:00:00Z") as sandbox:
        yield sandbox
    server.close()


def listed(world: Sandbox, persona: str, name: str) -> Any:
    with world.customer(persona).http() as http:
        return http.get(f"{ACCOUNT}/{name}").json()["data"]


def test_a_charge_fails_now(world: Sandbox) -> None:
    world.change("ada", charges={"another": {"status": "failed", "membership": "thermal"}})

    assert [each["status"] for each in listed(world, "ada", "charges")].count("failed") == 2


def test_null_removes_what_a_customer_holds(world: Sandbox) -> None:
    before = listed(world, "ada", "payment-methods")
    after = world.change("ada", payment_methods={"old-card": None})

    assert len(listed(world, "ada", "payment-methods")) == len(before) - 1
    resources = {each["operation"]: each for each in after["resources"]}
    assert [each["status"] for each in resources["listMyAccountPaymentMethods"]["removed"]] == [
        "revoked"
    ]


def test_a_change_leaves_everything_else_as_it_was(world: Sandbox) -> None:
    before = [listed(world, "ada", name) for name in ("memberships", "charges", "credits")]
    world.change("ada", customer={"first_name": "Augusta"})

    assert [listed(world, "ada", name) for name in ("memberships", "charges", "credits")] == before


def test_what_differs_from_the_scenario_is_marked(world: Sandbox) -> None:
    changed = world.change("eve", credits={"gift": {"state": "open"}})
    resources = {each["operation"]: each for each in changed["resources"]}

    assert list(resources["listMyAccountCredits"]["marks"].values()) == ["new"]
    assert resources["listMyAccountMemberships"]["marks"] == {}


def test_changed_preferences_forget_what_was_decided_before(world: Sandbox) -> None:
    preference = listed(world, "ada", "marketing-preferences")[0]["id"]
    with world.customer("ada").http() as http:
        http.post(f"{ACCOUNT}/marketing-preferences/{preference}")
    world.change("ada", marketing_preferences={"opted_in": "none"})

    assert not any(each["opted_in"] for each in listed(world, "ada", "marketing-preferences"))


def test_an_impossible_change_says_why_and_changes_nothing(world: Sandbox) -> None:
    before = world.person("ada")
    with pytest.raises(MockError, match="409.*phone"):
        world.change("ada", customer={"phone": "07700"})

    assert world.person("ada") == before
    with pytest.raises(MockError, match="404.*zoe.*ada, ben"):
        world.person("zoe")


def test_a_mistake_in_a_change_is_told_at_its_place_in_the_body(world: Sandbox) -> None:
    world.change("ada", credits={"gift": {"state": "open"}})
    with pytest.raises(MockError) as told:
        world.change("ada", credits={"gift": {"expire": "P1D"}, "other": {"expires": "soon"}})
    with pytest.raises(MockError) as elsewhere:
        world.change("ada", memberships=None)

    assert ": credits.other.expires: expires 'soon' is not" in str(told.value)
    assert "\ncredits.gift.expire: " in str(told.value)
    assert "customers.ben" in str(elsewhere.value)


def test_a_change_is_journalled_and_undone_by_reset(world: Sandbox) -> None:
    world.change("eve", credits={"gift": {"state": "open"}})
    entry = world.requests()[-1]
    assert (entry["method"], entry["persona"]) == ("PATCH", "eve")
    assert entry["changes"] == [{"persona": "eve", "text": "credits changed"}]
    assert entry["request"]["valid"]
    assert json.loads(entry["request"]["body"]) == {"credits": {"gift": {"state": "open"}}}

    world.reset()
    assert listed(world, "eve", "credits") == []


def test_a_snapshot_has_the_change_and_what_a_reset_goes_back_to(world: Sandbox) -> None:
    world.change("eve", credits={"gift": {"state": "open"}})
    with world.server.sandbox(snapshot=world.snapshot()) as again:
        assert listed(again, "eve", "credits") == listed(world, "eve", "credits") != []
        again.reset()
        assert listed(again, "eve", "credits") == []


def test_another_scenario_keeps_tokens_clock_and_decisions(world: Sandbox) -> None:
    world.advance("P3D")
    token, now = world.customer("ada").token, world.now()
    switched = world.use_scenario("failed-payment")

    assert switched.customer("ada").token == token
    assert (switched.data["scenario"], world.now()) == ("failed-payment", now)
    assert len(switched.customers) < len(world.customers)
    with pytest.raises(MockError, match="409.*unknown scenario"):
        world.use_scenario("no-such-scenario")


def test_a_bundle_of_a_changed_world_says_that_it_is_not_complete(world: Sandbox) -> None:
    listed(world, "ada", "credits")
    path = f"/__mock__/sandboxes/{world.id}/bundle"
    assert world.server.call("GET", path)["complete"]
    world.change("ada", customer={"first_name": "Augusta"})
    bundle = world.server.call("GET", path)

    assert not bundle["complete"]
    assert [each["path"] for each in bundle["requests"]] == [f"{ACCOUNT}/credits"]


def test_one_fault_is_taken_back_and_the_others_stay(world: Sandbox) -> None:
    first, second = world.fault("latency", delay_ms=1), world.fault("latency", delay_ms=2)
    world.remove_fault(first["id"])

    assert [each["id"] for each in world.faults()] == [second["id"]]
    with pytest.raises(MockError, match="404"):
        world.remove_fault(first["id"])


@pytest.mark.parametrize(
    ("body", "documented"), [({"data": []}, True), ({"data": "none"}, False), ([], False)]
)
def test_an_answer_of_ones_own_is_marked_where_the_document_forbids_it(
    world: Sandbox, body: object, documented: bool
) -> None:
    fault = world.fault(
        "answer", "listMyAccountCharges", body=body, headers={"X-Own": "1"}, count=1
    )
    with world.customer("ada").http() as http:
        own, next_one = (http.get(f"{ACCOUNT}/charges") for _ in range(2))

    assert fault["documented"] is documented
    assert (own.status_code, own.json(), own.headers["X-Own"]) == (200, body, "1")
    assert ("X-Mock-Off-Contract" in own.headers) is not documented
    assert "X-Own" not in next_one.headers


@pytest.mark.parametrize("name", ["Content-Length", "bad name", "", "X-\u00e9"])
def test_a_header_that_cannot_be_sent_is_refused(url: str, world: Sandbox, name: str) -> None:
    body = {"kind": "answer", "headers": {name: "1"}}
    answer = httpx.post(f"{url}/__mock__/sandboxes/{world.id}/faults", json=body)

    assert answer.status_code == 409


def test_moving_the_clock_tells_what_became_of_whom(world: Sandbox) -> None:
    changes = world.advance("P1M")["changes"]
    told = [each["text"] for each in changes if each["persona"] == "ada"]

    assert any(text.endswith("open → expired") for text in told)
    assert any(text.startswith("new: charge of £54.00") for text in told)
    assert any(": next charge on " in text for text in told)
    assert any(text.endswith("its bookings can no longer be changed") for text in told)
    assert world.advance("PT0S")["changes"] == []


@pytest.mark.parametrize(
    "odd", ["\x7f", "\x80", "\x85", "\u2028", "\ufeff", "\uffff", "\x00", ": 🐉"]
)
def test_a_text_may_have_every_character_however_it_comes(url: str, odd: str) -> None:
    name = {"customer": {"first_name": f"{odd}x{odd}"}}
    document = {"title": "Odd", "customers": {"ben": name}}
    server = MockServer(url)
    with server.sandbox(scenario=document) as first, server.sandbox() as second:
        second.change("ben", **name)
        second.change("ada", customer={"last_name": "Later"})
        with server.sandbox(overrides={"customers": {"ben": name}}) as third:
            for sandbox in (first, second, third):
                with sandbox.customer("ben").http() as http:
                    assert http.get(ACCOUNT).json()["data"]["first_name"] == f"{odd}x{odd}"
    server.close()
