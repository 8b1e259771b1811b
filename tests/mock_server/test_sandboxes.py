"""Sandboxes: worlds of one's own, how many there may be, and for how long."""

import json
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from mock_server.app import Settings
from mock_server.worlds import open_sandboxes
from mock_server.worlds.registry import Limits
from tests.conftest import Caller, Serve

ACCOUNT = "/customers/my-account"
PREFERENCES = f"{ACCOUNT}/marketing-preferences"
SANDBOXES = "/__mock__/sandboxes"
JSON = {"Content-Type": "application/json"}


def opened(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post(SANDBOXES, json=body)
    assert answer.status_code == 201, answer.text
    sandbox: dict[str, Any] = answer.json()
    return sandbox


def token_of(sandbox: dict[str, Any], persona: str) -> str:
    found = (each for each in sandbox["customers"] if each["persona"] == persona)
    token: str = next(found)["token"]
    return token


def bearer(sandbox: dict[str, Any], persona: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(sandbox, persona)}"}


def test_what_is_done_in_one_sandbox_shows_in_no_other(client: httpx.Client) -> None:
    one, other = opened(client), opened(client)
    first = client.get(PREFERENCES, headers=bearer(one, "eve")).json()["data"][0]["id"]

    client.post(f"{PREFERENCES}/{first}", headers=bearer(one, "eve"))

    shown = [client.get(PREFERENCES, headers=bearer(each, "eve")) for each in (one, other)]
    assert [each.json()["data"][0]["opted_in"] for each in shown] == [True, False]


def test_the_facts_told_at_the_opening_are_those_told_later(client: httpx.Client) -> None:
    for body in ({}, {"now": "2026-03-01T09:00:00Z"}, {"scenario": "heavy-history"}):
        sandbox = opened(client, **body)
        later = client.get(f"{SANDBOXES}/{sandbox['id']}").json()
        assert later["customers"] == sandbox["customers"]


def test_overrides_lay_what_matters_over_the_scenario(client: httpx.Client) -> None:
    overrides = {"customers": {"ada": {"credits": {"expired": 7}}}}

    plain, bent = opened(client), opened(client, overrides=overrides)

    facts = [each["customers"][0]["facts"]["expired_credits"] for each in (plain, bent)]
    assert [len(each) for each in facts] == [2, 7]


def test_a_reset_takes_back_every_change(client: httpx.Client) -> None:
    sandbox = opened(client)
    before = client.get(PREFERENCES, headers=bearer(sandbox, "eve")).json()
    client.post(f"{PREFERENCES}/{before['data'][0]['id']}", headers=bearer(sandbox, "eve"))

    assert client.post(f"{SANDBOXES}/{sandbox['id']}/reset").json()["id"] == sandbox["id"]

    assert client.get(PREFERENCES, headers=bearer(sandbox, "eve")).json() == before


def test_the_tokens_of_a_closed_sandbox_open_nothing(client: httpx.Client) -> None:
    sandbox = opened(client)

    assert client.delete(f"{SANDBOXES}/{sandbox['id']}").status_code == 204

    refused = client.get(ACCOUNT, headers=bearer(sandbox, "ada"))
    assert refused.status_code == 401
    assert client.get(f"{SANDBOXES}/{sandbox['id']}").status_code == 404
    assert client.get(f"/@{sandbox['id']}{ACCOUNT}").status_code == 404


def test_the_default_sandbox_cannot_be_closed(client: httpx.Client) -> None:
    assert client.delete(f"{SANDBOXES}/default").status_code == 403
    assert client.get(f"{SANDBOXES}/default").status_code == 200


@pytest.mark.parametrize("now", ["1969-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_a_sandbox_at_a_time_that_no_clock_shows_is_refused(client: httpx.Client, now: str) -> None:
    answer = client.post(SANDBOXES, json={"now": now})

    assert answer.status_code == 409
    assert "2000 to 2200" in answer.json()["message"]


def test_a_misspelt_scenario_or_holding_is_named(client: httpx.Client) -> None:
    wrong = {
        "no-such-scenario": {"scenario": "no-such-scenario"},
        "no-such-kind": {"overrides": {"customers": {"ada": {"no-such-kind": 1}}}},
    }
    for name, body in wrong.items():
        answer = client.post(SANDBOXES, json=body)
        assert answer.status_code == 409
        assert name in answer.json()["message"]


def create(call: Caller) -> tuple[int, dict[str, Any]]:
    answer = call("POST", SANDBOXES, body=b'{"scenario": "empty"}')
    return answer.status, json.loads(answer.body)


def test_a_full_server_says_so_and_loses_nothing() -> None:
    call = Caller(Settings(scenario="empty", limits=Limits(most=2)))
    kept = [create(call)[1] for _ in range(2)]

    status, refused = create(call)

    assert status == 503
    assert "--max-sandboxes" in refused["message"]
    assert [call("GET", ACCOUNT, token_of(each, "ada")).status for each in kept] == [200, 200]
    call("DELETE", f"{SANDBOXES}/{kept[0]['id']}")
    assert create(call)[0] == 201


def test_an_idle_sandbox_is_closed_and_the_used_and_the_default_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed_s = 0.0
    # A machine that pauses for a moment must not close what is used.
    monkeypatch.setattr(open_sandboxes, "time", SimpleNamespace(monotonic=lambda: passed_s))
    call = Caller(Settings(scenario="empty", limits=Limits(idle_s=60)))
    idle, used = create(call)[1], create(call)[1]
    passed_s = 50.0
    assert call("GET", ACCOUNT, token_of(used, "ada")).status == 200
    passed_s = 70.0
    open_ids = {each["id"] for each in call.json("GET", SANDBOXES)}

    assert open_ids == {"default", used["id"]}
    assert call("GET", ACCOUNT, token_of(idle, "ada")).status == 401
    assert call("GET", ACCOUNT, token_of(used, "ada")).status == 200


def test_an_idle_sandbox_makes_room_for_a_new_one() -> None:
    call = Caller(Settings(scenario="empty", limits=Limits(most=1, idle_s=0.05)))
    create(call)
    time.sleep(0.1)

    assert create(call)[0] == 201


def test_sandboxes_opened_together_share_a_world() -> None:
    now = datetime(2026, 3, 1, 9, tzinfo=UTC)
    mock = Caller(Settings(scenario="empty", now=now)).mock
    one, other = (mock.sandboxes.create(mock.sandboxes.default) for _ in range(2))

    assert one.world is other.world


def test_coverage_of_all_sandboxes_counts_the_closed_too() -> None:
    call = Caller(Settings(scenario="empty"))
    one, other = (create(call)[1] for _ in range(2))
    for sandbox in (one, one, other):
        assert call("GET", ACCOUNT, token_of(sandbox, "ada")).status == 200
    call.control("DELETE", f"{SANDBOXES}/{one['id']}")
    call("GET", f"/@{other['id']}{ACCOUNT}")
    own, total = (
        {each["operation"]: each for each in call.control("GET", path)["operations"]}
        for path in (f"{SANDBOXES}/{other['id']}/coverage", "/__mock__/coverage")
    )

    assert own["getMyAccountDetails"]["statuses"] == {"200": 1, "401": 1}
    assert total["getMyAccountDetails"]["statuses"] == {"200": 3, "401": 1}
    assert total["getMyAccountDetails"]["personas"] == ["ada"]
    assert total["listMyAccountOrders"]["personas"] == []


@pytest.mark.slow
def test_a_server_takes_its_limits_from_the_command_line(serve: Serve) -> None:
    url = serve("--scenario", "empty", "--max-sandboxes", "1", "--sandbox-ttl", "3600")

    assert httpx.post(url + SANDBOXES, json={}).status_code == 201
    assert httpx.post(url + SANDBOXES, json={}).status_code == 503
