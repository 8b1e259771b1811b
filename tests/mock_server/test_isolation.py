"""Sandboxes at any parallelism, and against a model of what they should be."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from mock_server.app import Settings
from mock_server.client import MockServer
from mock_server.worlds.moments import parse_duration
from tests.conftest import Caller

ACCOUNT = "/customers/my-account"
PREFERENCES = f"{ACCOUNT}/marketing-preferences"
SANDBOXES = "/__mock__/sandboxes"
PARALLEL = 200
STEPS = 12
NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


async def one_test(client: httpx.AsyncClient, number: int) -> bool:
    """A test in a sandbox of its own, that knows what it should see at every step."""
    dice = random.Random(number)
    opening = {"now": "2026-01-31T09:00:00Z", "scenario": dice.choice(["default", "many-brands"])}
    said = (await client.post(SANDBOXES, json=opening)).json()
    token = next(each["token"] for each in said["customers"] if each["persona"] == "ada")
    headers, path = {"Authorization": f"Bearer {token}"}, f"{SANDBOXES}/{said['id']}"
    listed = (await client.get(PREFERENCES, headers=headers)).json()["data"]
    model, months = {each["id"]: each["opted_in"] for each in listed}, 0
    for _ in range(STEPS):
        id, opted_in = dice.choice(list(model)), dice.random() < 0.5
        await client.request(
            "POST" if opted_in else "DELETE", f"{PREFERENCES}/{id}", headers=headers
        )
        model[id] = opted_in
        if dice.random() < 0.3:
            await client.patch(f"{path}/clock", json={"advance": "P1M"})
            months += 1
    shown = (await client.get(PREFERENCES, headers=headers)).json()["data"]
    clock = (await client.get(f"{path}/clock")).json()["now"]
    asked = (await client.get(f"{path}/journal")).json()["count"]
    await client.delete(path)
    gone = (await client.get(PREFERENCES, headers=headers)).status_code
    right = parse_duration(f"P{months}M").after(NOW).isoformat().replace("+00:00", "Z")
    return (
        {each["id"]: each["opted_in"] for each in shown} == model
        and clock == right
        and asked == STEPS + 2
        and gone == 401
    )


@pytest.mark.long
def test_two_hundred_tests_at_once_do_not_disturb_each_other(mock_server: MockServer) -> None:
    async def all_at_once() -> list[bool]:
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(
            base_url=mock_server.url, limits=limits, timeout=120
        ) as client:
            return await asyncio.gather(*(one_test(client, n) for n in range(PARALLEL)))

    assert asyncio.run(all_at_once()) == [True] * PARALLEL


class Worlds(RuleBasedStateMachine):
    """Control and business API together, against a dictionary for each sandbox."""

    sandboxes = Bundle("sandboxes")
    snapshots = Bundle("snapshots")

    def __init__(self) -> None:
        super().__init__()
        self.call = Caller(Settings(now=NOW))
        self.model: dict[str, dict[str, Any]] = {}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self.call.control(method, path, body)

    def known(self, sandbox: str) -> bool:
        return sandbox in self.model

    def learn(self, said: Any) -> str:
        eve = next(each for each in said["customers"] if each["persona"] == "eve")
        listed = self.call.json("GET", PREFERENCES, eve["token"])["data"]
        self.model[said["id"]] = {
            "token": eve["token"],
            "first": dict.fromkeys((each["id"] for each in listed), False),
            "consents": {each["id"]: each["opted_in"] for each in listed},
            "months": 0,
            "faulty": False,
        }
        return str(said["id"])

    @rule(target=sandboxes)
    def opened(self) -> str:
        return self.learn(self.control("POST", SANDBOXES, {}))

    @rule(sandbox=sandboxes, index=st.integers(0, 3), opted_in=st.booleans())
    def decided(self, sandbox: str, index: int, opted_in: bool) -> None:
        if not self.known(sandbox):
            return
        said = self.model[sandbox]
        id = list(said["consents"])[index % len(said["consents"])]
        method = "POST" if opted_in else "DELETE"
        answer = self.call(method, f"{PREFERENCES}/{id}", said["token"])
        assert answer.status == 200
        said["consents"][id] = opted_in

    @rule(sandbox=sandboxes, months=st.integers(1, 3))
    def advanced(self, sandbox: str, months: int) -> None:
        if self.known(sandbox):
            self.control("PATCH", f"{SANDBOXES}/{sandbox}/clock", {"advance": f"P{months}M"})
            self.model[sandbox]["months"] += months

    @rule(sandbox=sandboxes)
    def broken(self, sandbox: str) -> None:
        if self.known(sandbox):
            rule = {"kind": "status", "status": 401, "operation": "getMyAccountDetails"}
            self.control("POST", f"{SANDBOXES}/{sandbox}/faults", rule)
            self.model[sandbox]["faulty"] = True

    @rule(sandbox=sandboxes)
    def mended(self, sandbox: str) -> None:
        if self.known(sandbox):
            self.control("POST", f"{SANDBOXES}/{sandbox}/faults/clear")
            self.model[sandbox]["faulty"] = False

    @rule(sandbox=sandboxes)
    def reset(self, sandbox: str) -> None:
        if self.known(sandbox):
            self.control("POST", f"{SANDBOXES}/{sandbox}/reset")
            said = self.model[sandbox]
            said.update(consents=dict(said["first"]), months=0, faulty=False)

    @rule(sandbox=sandboxes, target=snapshots)
    def saved(self, sandbox: str) -> Any:
        if not self.known(sandbox):
            return None
        saved = self.control("GET", f"{SANDBOXES}/{sandbox}/snapshot")
        return saved, {**self.model[sandbox], "consents": dict(self.model[sandbox]["consents"])}

    @rule(snapshot=snapshots, target=sandboxes)
    def restored(self, snapshot: Any) -> str:
        if snapshot is None:
            return "none"
        saved, then = snapshot
        said = self.control("POST", SANDBOXES, {"snapshot": saved})
        token = next(each["token"] for each in said["customers"] if each["persona"] == "eve")
        self.model[said["id"]] = {**then, "token": token, "consents": dict(then["consents"])}
        return str(said["id"])

    @rule(sandbox=sandboxes)
    def closed(self, sandbox: str) -> None:
        if self.known(sandbox):
            token = self.model.pop(sandbox)["token"]
            self.control("DELETE", f"{SANDBOXES}/{sandbox}")
            assert self.call("GET", ACCOUNT, token).status == 401

    @invariant()
    def every_sandbox_is_as_the_model_says(self) -> None:
        listed = {each["id"] for each in self.control("GET", SANDBOXES)}
        assert listed == {"default", *self.model}
        for id, said in self.model.items():
            shown = self.call.json("GET", PREFERENCES, said["token"])["data"]
            assert {each["id"]: each["opted_in"] for each in shown} == said["consents"]
            status = self.call("GET", ACCOUNT, said["token"]).status
            assert status == (401 if said["faulty"] else 200)
            clock = self.control("GET", f"{SANDBOXES}/{id}/clock")["now"]
            now = parse_duration(f"P{said['months']}M").after(NOW)
            assert clock == now.isoformat().replace("+00:00", "Z")


TestWorlds = pytest.mark.slow(Worlds.TestCase)
TestWorlds.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
