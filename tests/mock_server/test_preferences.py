"""Opt-in and opt-out, against a model and under concurrency."""

import asyncio
from datetime import UTC, datetime
from functools import cache

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mock_server.app import Settings
from tests.conftest import Caller

LIST = "/customers/my-account/marketing-preferences"
PEOPLE = ("ada", "ben")


def facts(call: Caller, persona: str) -> dict[str, object]:
    sandbox = call.json("GET", "/__mock__/sandboxes/default")
    return next(each["facts"] for each in sandbox["customers"] if each["persona"] == persona)


@cache
def caller() -> Caller:
    """A mock for all examples: making one takes longer than all of an example's steps."""
    return Caller(Settings(now=datetime(2026, 3, 1, 9, tzinfo=UTC)))


class Consents(RuleBasedStateMachine):
    """Whatever two customers do, each list is what that customer did, and nothing else."""

    @initialize()
    def open(self) -> None:
        self.call = caller()
        self.call.control("POST", "/__mock__/sandboxes/default/reset")
        self.model = {who: self.listed(who) for who in PEOPLE}

    def listed(self, who: str) -> dict[str, bool]:
        listed = self.call.json("GET", LIST, f"customer-{who}")["data"]
        return {each["id"]: each["opted_in"] for each in listed}

    @rule(who=st.sampled_from(PEOPLE), index=st.integers(0, 20), opted_in=st.booleans())
    def consent(self, who: str, index: int, opted_in: bool) -> None:
        preference = sorted(self.model[who])[index % len(self.model[who])]
        method = "POST" if opted_in else "DELETE"
        answer = self.call.json(method, f"{LIST}/{preference}", f"customer-{who}")["data"]

        self.model[who][preference] = opted_in
        assert {each["id"]: each["opted_in"] for each in answer} == self.model[who]

    @rule(who=st.sampled_from(PEOPLE), method=st.sampled_from(["POST", "DELETE"]))
    def refused(self, who: str, method: str) -> None:
        foreign = facts(self.call, who)["foreign_preference"]

        assert self.call(method, f"{LIST}/{foreign}", f"customer-{who}").status == 403
        assert self.call(method, f"{LIST}/not-a-uuid", f"customer-{who}").status == 404

    @invariant()
    def each_list_is_its_customers_own(self) -> None:
        for who in PEOPLE:
            assert self.listed(who) == self.model[who]


TestConsents = pytest.mark.slow(Consents.TestCase)
TestConsents.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def test_opting_in_answers_the_whole_list_as_the_read_does(call: Caller) -> None:
    preference = facts(call, "ada")["own_preferences"][0]

    answered = call.json("POST", f"{LIST}/{preference}", "customer-ada")

    assert answered == call.json("GET", LIST, "customer-ada")


def test_an_unknown_preference_is_404_in_any_form(call: Caller) -> None:
    for unknown in ("00000000-0000-4000-8000-000000000000", "x", "%20", "a" * 65):
        assert call("POST", f"{LIST}/{unknown}", "customer-ada").status == 404


def test_a_refused_change_changes_nothing(call: Caller) -> None:
    before = call.json("GET", LIST, "customer-ada")
    preference = facts(call, "ada")["own_preferences"][0]

    for who in (None, "staff-sam", "expired-ada", "nonsense"):
        for method in ("POST", "DELETE"):
            assert call(method, f"{LIST}/{preference}", who).status in (401, 403)

    assert call.json("GET", LIST, "customer-ada") == before


def test_of_32_concurrent_writers_on_one_customer_none_loses_an_update(url: str) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            sandbox = (await client.post("/__mock__/sandboxes", json={})).json()
            ada = next(each for each in sandbox["customers"] if each["persona"] == "ada")
            who = {"Authorization": f"Bearer {ada['token']}"}
            before = (await client.get(LIST, headers=who)).json()["data"]
            wanted = {each["id"]: not each["opted_in"] for each in before}
            writes = [
                client.request("POST" if on else "DELETE", f"{LIST}/{id}", headers=who)
                for id, on in list(wanted.items()) * 32
            ][: 32 * len(wanted)]
            answers = await asyncio.gather(*writes)
            after = (await client.get(LIST, headers=who)).json()["data"]

        assert {answer.status_code for answer in answers} == {200}
        assert {each["id"]: each["opted_in"] for each in after} == wanted

    asyncio.run(run())
