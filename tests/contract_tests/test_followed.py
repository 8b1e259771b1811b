"""What contradicts itself over a run is a violation at once: no second try can show it again."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.mutants.catalogue import MUTANTS
from contract_tests.mutants.study import Study
from tests.contract_tests import implementations

JSON = {"Content-Type": "application/json"}
Records = list[dict[str, Any]]
Change = Callable[[Records, str, bool], None]


@pytest.fixture(scope="module")
def study(contract: Contract) -> Study:
    target, transport = implementations.mock()
    return Study(target, contract, transport=transport)


@pytest.mark.long
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


@pytest.mark.long
@pytest.mark.parametrize(
    "variant", ["a-charge-is-completed-meanwhile", "a-charge-falls-due-meanwhile"]
)
def test_what_time_changes_is_no_contradiction(study: Study, variant: str) -> None:
    assert study.finding(MUTANTS[variant]).outcome == "quiet"


class Dated(httpx.BaseTransport):
    """The mock, with a list that is another one from the first opt-out on, five seconds later."""

    def __init__(self, inner: httpx.BaseTransport, path: str, change: Change) -> None:
        self._inner, self._path, self._change, self._decided = inner, path, change, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._decided |= request.method == "DELETE"
        response = self._inner.handle_request(request)
        shown = response.status_code == 200 and request.url.path.endswith(self._path)
        if shown and request.method == "GET":
            tree = json.loads(response.read())
            self._change(tree["data"], request.headers["authorization"], self._decided)
            response = httpx.Response(200, headers=JSON, json=tree)
        response.headers["Date"] = f"Sun, 01 Mar 2026 09:00:{'09' if self._decided else '04'} GMT"
        return response


def outcome_at(contract: Contract, operation: str, path: str, change: Change) -> str:
    target, transport = implementations.mock()
    plan = Plan(Options(only=(f"TIME-02@{operation}",)), "quick")
    dated = Dated(transport, path, change)
    [verdict] = check(target, plan, contract=contract, transport=dated).verdicts
    return verdict.outcome


@pytest.mark.parametrize(
    ("starts", "outcome"),
    [("2026-03-01T09:00:06Z", "holds"), ("2026-03-01T08:58:00Z", "violated")],
)
def test_what_comes_to_its_hour_at_a_decision_is_not_that_decisions_doing(
    contract: Contract, starts: str, outcome: str
) -> None:
    def begin(memberships: Records, _token: str, decided: bool) -> None:
        for each in memberships:
            status = "active" if decided else "upcoming"
            each.update(start_date=starts, status=status, attention_reason=None)

    assert outcome_at(contract, "listMyAccountMemberships", "/memberships", begin) == outcome


@pytest.mark.parametrize(("whose", "outcome"), [("ada", "holds"), ("", "violated")])
def test_a_charge_that_falls_due_at_a_decision_does_so_for_one_customer(
    contract: Contract, whose: str, outcome: str
) -> None:
    def fall_due(charges: Records, token: str, decided: bool) -> None:
        if whose in token and charges:
            charges[0].update(billed_at="2026-03-01T09:00:06Z", completed_at=None)
            charges[0].update(status="processing", failure_reason=None)
            del charges[: 0 if decided else 1]

    assert outcome_at(contract, "listMyAccountCharges", "/charges", fall_due) == outcome
