"""Worlds that nobody would write: they are refused in words, or every operation answers in them."""

import json
from random import Random
from typing import Any

import msgspec
import pytest

from mock_server.app import Settings
from mock_server.resources import KINDS
from mock_server.worlds.account import Kind
from tests.conftest import Caller
from tests.mock_server.test_journal import LISTS
from tests.mock_server.test_time import ACCOUNT, NOW, SANDBOXES

VALUES: tuple[Any, ...] = (
    *("", None, 5, -1, 0, True, 1e9, 12.5, [], {}, [None], {"a": None}, "é\u202e", "x" * 200),
    *("P1D", "-P1D", "-P100Y", "P100Y", "midnight Europe/London", "never", "2026-02-30"),
    *("1900-01-01T00:00:00Z", "2299-12-31T23:59:59Z", "ada/thermal", "ada/a", "ben/shared"),
    *("ada", "ben", "visa", "thermal", "thermal-monthly", "swim-monthly", "lisbon", "newsletter"),
    *("active", "expired", "open", "redeemed", "failed", "succeeded", "upcoming", "all", "none"),
    *("needs_attention", "payment_failed", "card", "direct_debit", "import"),
)
NAMES = ("a", "b", "open", "failed", "thermal", "visa", "shared")
PEOPLE = ("ada", "ben", "eve", "zoe")


def person(random: Random) -> dict[str, Any]:
    """What somebody holds: kinds and fields as they are called, and anything in them."""
    kinds = random.sample(sorted(KINDS), random.randint(1, 4))
    return {name: held(random, KINDS[name]) for name in kinds}


def held(random: Random, kind: Kind[Any, Any]) -> Any:
    if random.random() < 0.1:
        return random.choice(VALUES)
    if kind.single:
        return holding(random, kind)
    return {random.choice(NAMES): holding(random, kind) for _ in range(random.randint(1, 3))}


def holding(random: Random, kind: Kind[Any, Any]) -> Any:
    if random.random() < 0.1:
        return random.choice(VALUES)
    fields = [each.encode_name for each in msgspec.structs.fields(kind.holding)]
    chosen = random.sample(fields, random.randint(0, min(3, len(fields))))
    return {name: random.choice(VALUES) for name in chosen}


@pytest.fixture(scope="module")
def mock() -> Caller:
    return Caller(Settings())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 12))
def test_whatever_a_scenario_says_it_is_refused_or_every_operation_answers(
    mock: Caller, seed: int
) -> None:
    random = Random(seed)
    for _ in range(100):
        people = {name: person(random) for name in random.sample(PEOPLE, random.randint(1, 2))}
        body = json.dumps({"now": NOW, "overrides": {"customers": people}})
        made = mock("POST", SANDBOXES, body=body.encode())
        assert made.status in (201, 409), body
        if made.status == 201:
            opened = json.loads(made.body)
            place = f"{SANDBOXES}/{opened['id']}"
            for by in ("PT1S", "P1M", "P1Y"):
                moved = mock("PATCH", f"{place}/clock", body=json.dumps({"advance": by}).encode())
                assert moved.status == 200, body
                answers = [
                    mock("GET", path, f"{opened['id']}.customer-{who}").status
                    for who in people
                    for path in (ACCOUNT, *LISTS)
                ]
                # Somebody may be locked, anonymised, or known to no payment processor.
                assert {*answers} <= {200, 401, 404}, body
            mock("DELETE", place)
