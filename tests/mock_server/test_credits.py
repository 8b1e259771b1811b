"""The filter of credits, by what the control API says each customer has."""

from itertools import product

import pytest

from tests.conftest import Caller

CREDITS = "/customers/my-account/credits"
ADA = "customer-ada"


def ids(call: Caller, query: str = "") -> set[str]:
    return {credit["id"] for credit in call.json("GET", CREDITS + query, ADA)["data"]}


@pytest.mark.parametrize(("redeemed", "expired"), list(product([False, True], repeat=2)))
def test_each_flag_adds_its_credits_and_both_are_needed_for_both(
    call: Caller, redeemed: bool, expired: bool
) -> None:
    facts = call.json("GET", "/__mock__/sandboxes/default")["customers"][0]["facts"]
    wanted = set(facts["live_credits"])
    wanted |= set(facts["redeemed_credits"]) if redeemed else set()
    wanted |= set(facts["expired_credits"]) if expired else set()
    wanted |= set(facts["redeemed_expired_credits"]) if redeemed and expired else set()

    shown = ids(call, f"?redeemed={str(redeemed).lower()}&expired={str(expired).upper()}")

    assert shown == wanted
    assert all(facts[state] for state in facts if state.endswith("_credits"))


def test_false_is_the_same_as_absent(call: Caller) -> None:
    assert ids(call, "?redeemed=false&expired=FALSE") == ids(call)


@pytest.mark.parametrize("value", ["1", "yes", "", "tru", "null"])
def test_what_is_no_boolean_is_400_naming_the_parameter(call: Caller, value: str) -> None:
    for name in ("redeemed", "expired"):
        answer = call("GET", f"{CREDITS}?{name}={value}", ADA)
        assert answer.status == 400
        assert f"'{name}'".encode() in answer.body


def test_credits_come_soonest_to_expire_first_and_endless_ones_last(call: Caller) -> None:
    listed = call.json("GET", f"{CREDITS}?redeemed=true&expired=true", ADA)["data"]
    keys = [(each["expires_at"] is None, each["expires_at"] or "", each["id"]) for each in listed]

    assert keys == sorted(keys)
    assert {True, False} <= {endless for endless, _, _ in keys}
