"""The kit finds every planted fault, and minds no harmless variant."""

import pytest

from contract_tests.self_check import catalogue, findings
from mock_server.breakages import BREAKAGES

# It makes every request take 300 ms: here only the laws that time could trouble meet it, and all
# of them in `contract-tests self-check`.
SLOW = {"slow": ("concurrency", "time")}
PLANTED = [id for id, each in BREAKAGES.items() if not each.benign]
HARMLESS = [id for id, each in BREAKAGES.items() if each.benign]


@pytest.mark.parametrize("fault", PLANTED)
def test_each_planted_fault_is_found_by_its_group(url: str, fault: str) -> None:
    only = (BREAKAGES[fault].group,)
    [finding] = findings(url, catalogue(url, [fault]), only=only)

    assert finding.outcome == "killed", f"{finding.outcome}: {finding.killers}"


@pytest.mark.parametrize("variant", HARMLESS)
def test_no_harmless_variant_raises_an_alarm(url: str, variant: str) -> None:
    [finding] = findings(url, catalogue(url, [variant]), only=SLOW.get(variant, ()))

    assert finding.killers == []


def test_the_catalogue_is_as_large_as_it_should_be() -> None:
    assert len(PLANTED) >= 60
    assert len(HARMLESS) >= 20
