"""Two implementations side by side: right ones agree whatever their data, broken ones part."""

import pytest
from click.testing import CliRunner

from contract_tests import cli
from contract_tests.document import Contract
from contract_tests.mutants.catalogue import MUTANTS
from contract_tests.mutants.people import People
from contract_tests.mutants.recording import RecordingTransport
from contract_tests.mutants.transport import MutantTransport
from contract_tests.parity import Difference, compare
from tests.contract_tests import implementations

pytestmark = pytest.mark.slow

SAMPLE = [id for id, mutant in MUTANTS.items() if not mutant.harmless][::50]


def parted(mutant: str, contract: Contract, *ignore: str) -> list[Difference]:
    """The mock beside itself, seen through a mutant: by all its people, for some show to few."""
    target, transport = implementations.mock()
    right = MutantTransport(MUTANTS[mutant], transport, People(target, contract))
    sides = (RecordingTransport(transport), right)
    return compare(target, target, depth="quick", ignore=ignore, transports=sides)


@pytest.mark.long
def test_right_implementations_agree_whatever_their_data() -> None:
    left, right = implementations.mock(), implementations.python()

    assert compare(left[0], right[0], transports=(left[1], right[1]), depth="quick") == []


@pytest.mark.long
@pytest.mark.parametrize("mutant", SAMPLE)
def test_mutants_of_all_groups_make_a_difference(mutant: str, contract: Contract) -> None:
    rules = {difference.rule.id for difference in parted(mutant, contract)}

    assert rules & set(MUTANTS[mutant].rules)


@pytest.mark.long
def test_all_differences_are_listed_each_in_few_requests(contract: Contract) -> None:
    found = parted("no-token-needed", contract)

    assert len({difference.operation for difference in found}) > 5
    assert any(difference.rule.id == "AUTH-01" for difference in found)
    assert all(len(difference.right) <= 3 for difference in found if difference.left)
    assert len({difference.id for difference in found}) == len(found)


@pytest.mark.long
def test_what_is_known_can_be_ignored(contract: Contract) -> None:
    found = parted("two-orders-are-swapped", contract, "PAGE-08")

    assert "PAGE-08" not in {difference.rule.id for difference in found}


def test_a_side_that_is_not_named_is_wrong_usage() -> None:
    result = CliRunner().invoke(cli.main, ["parity", "--left", "http://127.0.0.1:1"])

    assert result.exit_code in (2, 3)
    assert len(result.stderr.strip().splitlines()) == 1
