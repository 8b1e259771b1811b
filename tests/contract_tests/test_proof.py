"""The kit finds every mutant by a rule that it breaks, and minds no harmless variant."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from msgspec.structs import replace

from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.mutants.catalogue import MUTANTS
from contract_tests.mutants.study import Study
from tests.contract_tests import implementations

MANY_ORDERS = {"ada": {"orders": {"history": {"count": 20_000, "every": "PT2H"}}}}
EMPTY_ACCOUNT = {"ada": dict.fromkeys(("credits", "orders", "charges"))}
OTHER_NAMES = {
    "ada": {"customer": {"first_name": "عائشة", "last_name": "بنت محمد"}},
    "ben": {"customer": {"first_name": "李", "last_name": "小龙 🐉"}},
}


def chosen(*, harmless: bool) -> list[str]:
    """The ids of all mutants, or of all harmless variants."""
    return [id for id, mutant in MUTANTS.items() if mutant.harmless is harmless]


WAITED_FOR = {"busy-now-and-then", "busy-in-bursts", "busy-until-a-date", "slow-now-and-then"}
"""Harmless variants that the kit is patient with for half a minute each."""
IN_TURN = list(zip(cycle(("python", "node")), chosen(harmless=False), strict=False))
"""Each mutant, with one of the implementations that share nothing with the mock."""


@pytest.fixture(scope="session")
def mock(contract: Contract) -> Study:
    target, transport = implementations.mock()
    return Study(target, contract, transport=transport)


@pytest.fixture(scope="session")
def few(contract: Contract) -> Study:
    """The mock with three of its people: with all of them each run takes twice as long."""
    target, transport = implementations.mock()
    return Study(replace(target, customers=target.customers[:3]), contract, transport=transport)


@pytest.fixture(scope="session")
def python(contract: Contract) -> Study:
    target, transport = implementations.python()
    return Study(target, contract, transport=transport)


@pytest.fixture(scope="session")
def node(contract: Contract) -> Iterator[Study]:
    with implementations.node() as (target, transport):
        yield Study(target, contract, transport=transport)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", chosen(harmless=False))
def test_each_mutant_of_the_mock_is_found_by_a_rule_it_breaks(mock: Study, mutant: str) -> None:
    finding = mock.finding(MUTANTS[mutant])

    assert (finding.outcome, finding.killers) == ("killed", finding.killers)


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant",
    [
        pytest.param(id, marks=pytest.mark.long if id in WAITED_FOR else ())
        for id in chosen(harmless=True)
    ],
)
def test_no_harmless_variant_raises_an_alarm(few: Study, variant: str) -> None:
    finding = few.finding(MUTANTS[variant])

    assert [(alarm.id, alarm.expected, alarm.actual) for alarm in finding.alarms] == []


@pytest.mark.long
@pytest.mark.parametrize(("other", "mutant"), IN_TURN)
def test_each_mutant_of_another_implementation_is_found_or_cannot_show(
    request: pytest.FixtureRequest, other: str, mutant: str
) -> None:
    finding = request.getfixturevalue(other).finding(MUTANTS[mutant])

    assert finding.outcome == "killed" or (finding.outcome == "asleep" and finding.wakes)


@pytest.mark.slow
@pytest.mark.parametrize("people", [MANY_ORDERS, EMPTY_ACCOUNT, OTHER_NAMES])
def test_no_odd_data_raises_an_alarm(people: dict[str, Any], contract: Contract) -> None:
    target, transport = implementations.mock({"customers": people})
    report = check(target, Plan(depth="quick"), contract=contract, transport=transport)

    assert [(alarm.id, alarm.expected, alarm.actual) for alarm in report.violations] == []


def test_the_catalogue_is_as_large_as_it_should_be() -> None:
    assert len(chosen(harmless=False)) >= 400
    assert len(chosen(harmless=True)) >= 45
