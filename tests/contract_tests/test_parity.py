"""Two implementations side by side: alike ones are, and the others are told apart."""

import httpx
import pytest

from contract_tests.parity import compare
from contract_tests.target import Target, complete
from tests.contract_tests.conftest import Broken


def test_the_mock_agrees_with_itself(url: str) -> None:
    sandboxes = f"{url}/__mock__/sandboxes"
    paths = [httpx.post(sandboxes, json={}).json()["base_path"] for _ in range(2)]
    left, right = (complete(Target(base_url=url + path)) for path in paths)

    assert compare(left, right, depth="quick") is None


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("a-neighbour-changes-too", "PREF-04"),
        ("page-zero-is-page-one", "PAGE-10"),
        ("the-flags-are-swapped", "CREDITS-01"),
        ("the-unknown-have-an-empty-list", "PAYMENT-02"),
        ("no-token-needed", "AUTH-01"),
    ],
)
def test_a_fault_is_shown_in_the_fewest_requests(
    url: str, broken: Broken, fault: str, rule: str
) -> None:
    right = broken(fault)
    found = compare(complete(Target(base_url=url)), right, depth="quick")

    assert found is not None
    assert found.rule.id == rule
    assert len(found.left) == len(found.right) == 1
    assert found.left[0].startswith("curl -i")


def test_what_does_not_show_makes_no_difference(url: str) -> None:
    other = {"seed": 1, "now": "2026-03-01T09:00:00Z"}
    paths = [
        httpx.post(f"{url}/__mock__/sandboxes", json=said).json()["base_path"]
        for said in (other, other | {"overrides": {"customers": {"ada": {"description": "x"}}}})
    ]
    left, right = (complete(Target(base_url=url + path)) for path in paths)

    assert compare(left, right, depth="quick") is None
