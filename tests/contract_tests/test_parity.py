"""Two implementations side by side: alike ones are, and the others are told apart."""

import httpx
import pytest

from contract_tests.parity import Difference, compare
from contract_tests.target import Target, complete


def parted(url: str, *faults: str) -> Difference | None:
    sandboxes = f"{url}/__mock__/sandboxes"
    paths = [
        httpx.post(sandboxes, json={"breakages": planted}).json()["base_path"]
        for planted in ([], list(faults))
    ]
    left, right = (complete(Target(base_url=url + path)) for path in paths)
    return compare(left, right, depth="quick")


def test_the_mock_agrees_with_itself(url: str) -> None:
    assert parted(url) is None


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
def test_a_fault_is_shown_in_the_fewest_requests(url: str, fault: str, rule: str) -> None:
    found = parted(url, fault)

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
