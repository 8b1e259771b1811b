"""What contradicts itself over a run is a violation at once: no second try can show it again."""

import pytest

from contract_tests.document import Contract
from contract_tests.mutants.catalogue import MUTANTS
from contract_tests.mutants.study import Study
from tests.contract_tests import implementations


@pytest.fixture(scope="module")
def study(contract: Contract) -> Study:
    target, transport = implementations.mock()
    return Study(target, contract, transport=transport)


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant",
    [
        "the-seventh-opt-in-is-lost",
        "preferences-with-parameters-are-stale",
        "every-third-list-of-credits-shows-redeemed-ones",
    ],
)
def test_what_shows_once_is_violated_and_not_unstable(study: Study, mutant: str) -> None:
    finding = study.finding(MUTANTS[mutant])

    assert finding.outcome == "killed"
    assert {alarm.outcome for alarm in finding.alarms} == {"violated"}


@pytest.mark.slow
def test_a_lost_opt_in_is_shown_with_the_decision_and_the_list_that_lacks_it(study: Study) -> None:
    [alarm, *_] = study.finding(MUTANTS["the-seventh-opt-in-is-lost"]).alarms
    preference = next(word for word in alarm.expected.split() if len(word) > 30).rstrip(",")

    assert "opted_in True" in alarm.expected
    assert alarm.evidence[-1].fits
    assert any(
        each.method == "POST" and each.url.endswith(preference) for each in alarm.evidence[:-1]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant", ["a-charge-is-completed-meanwhile", "a-charge-falls-due-meanwhile"]
)
def test_what_time_changes_is_no_contradiction(study: Study, variant: str) -> None:
    assert study.finding(MUTANTS[variant]).outcome == "quiet"
