"""What everybody sees in each scenario, a line a person and path; `make golden` writes it anew."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from mock_server.app import Settings
from mock_server.worlds import scenario
from tests.conftest import Caller

FILE = Path(__file__).with_name("golden.json")
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
PATHS = [
    "/customers/my-account",
    "/customers/my-account/charges",
    "/customers/my-account/credits?redeemed=true&expired=true",
    "/customers/my-account/marketing-preferences",
    "/customers/my-account/memberships",
    "/customers/my-account/payment-methods",
    "/shop/my-account/orders?per_page=100",
]


def everybody() -> dict[str, dict[str, str]]:
    """What is seen in all scenarios that come along."""
    return {name: _seen(name) for name in scenario.names()}


def _seen(name: str) -> dict[str, str]:
    """Person and path in a scenario -> status, how many records, and a digest of the bytes."""
    call = Caller(Settings(scenario=name, seed=7, now=NOW))
    return {
        f"{persona} {path.partition('?')[0]}": _in_short(call, persona, path)
        for persona in call.mock.sandboxes.get("default").world
        for path in PATHS
    }


def _in_short(call: Caller, persona: str, path: str) -> str:
    answer = call("GET", path, f"customer-{persona}")
    data = json.loads(answer.body).get("data")
    records = f", {len(data)} records" if isinstance(data, list) else ""
    return f"{answer.status}{records}, {hashlib.sha256(answer.body).hexdigest()[:16]}"


def recorded() -> dict[str, dict[str, str]]:
    """What stood there when somebody last looked, by scenario."""
    lines: dict[str, dict[str, str]] = json.loads(FILE.read_text("utf-8"))
    return lines


if __name__ == "__main__":
    FILE.write_text(json.dumps(everybody(), indent=1) + "\n", "utf-8")
