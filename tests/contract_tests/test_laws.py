"""The laws and the rules they judge, and what the kit says of the mock."""

import httpx
import pytest
from msgspec.structs import replace

from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.exchange import Exchange
from contract_tests.laws import LAWS
from contract_tests.laws.comparison import differing_field
from contract_tests.mutants.catalogue import MUTANTS
from contract_tests.mutants.people import People
from contract_tests.mutants.transport import MutantTransport
from contract_tests.report.summary import Report
from contract_tests.session import Session
from contract_tests.target import NamedCustomer, Target, complete
from tests.contract_tests import implementations
from tests.contract_tests.implementations import Implementation


def judged(url: str, *only: str, **said: object) -> Report:
    target = Target(base_url=url, **said)
    return check(complete(target), Plan(Options(only=only), "quick"))


@pytest.fixture(scope="session")
def mock() -> Implementation:
    """The mock without a socket, made once."""
    return implementations.mock()


@pytest.fixture(scope="module")
def report(url: str) -> Report:
    """What a quick run says of the mock; it takes 5 s."""
    return judged(url)


def test_every_rule_has_one_law_and_every_law_a_rule() -> None:
    judged_rules = [law.rule for law in LAWS]

    assert sorted(judged_rules) == sorted(Contract.load().rules)


def test_every_rule_stands_at_its_line_of_the_document() -> None:
    contract = Contract.load()
    lines = contract.text.splitlines()

    assert all(rule.id in lines[rule.line - 1] for rule in contract.rules.values())


@pytest.mark.slow
def test_the_mock_keeps_the_contract_and_everything_is_covered(report: Report) -> None:
    assert report.violations == []
    assert report.coverage == 100


@pytest.mark.slow
@pytest.mark.parametrize("rule", [law.rule for law in LAWS])
def test_every_law_can_tell_by_itself(rule: str, mock: Implementation, contract: Contract) -> None:
    target, transport = mock
    plan = Plan(Options(only=(rule,)), "quick")
    report = check(target, plan, contract=contract, transport=transport)

    assert {each.outcome for each in report.verdicts} == {"holds"}


@pytest.mark.long
def test_a_second_run_on_the_same_server_says_the_same(url: str, report: Report) -> None:
    again = judged(url)

    assert [(each.id, each.outcome) for each in again.verdicts] == [
        (each.id, each.outcome) for each in report.verdicts
    ]


@pytest.mark.slow
def test_two_tokens_are_enough_and_what_they_cannot_show_is_not_covered(url: str) -> None:
    report = judged(url, customers=tuple(map(NamedCustomer, ("customer-ada", "customer-ben"))))
    reasons = {each.actual for each in report.verdicts if each.outcome == "not covered"}

    assert report.kept
    assert "the target names no staff token" in reasons
    assert all(reasons)
    assert 50 < report.coverage < 100


def test_an_account_with_nothing_is_not_covered_rather_than_held(url: str) -> None:
    report = judged(
        url, "pagination", "filters", "OWN-02", customers=(NamedCustomer("customer-eve"),)
    )
    outcomes = {each.id: each.outcome for each in report.verdicts}

    assert report.kept
    assert outcomes["PAGE-03@listMyAccountOrders"] == "not covered"
    assert outcomes["CREDITS-02@listMyAccountCredits"] == "not covered"
    assert outcomes["OWN-02@listMyAccountOrders"] == "not covered"


def test_whoever_speaks_to_the_target_can_be_logged_without_their_token(url: str) -> None:
    session = Session.open(complete(Target(base_url=url)), Contract.load())
    session.survey()
    shown = [repr(each) for each in (*session.customers, *session.strangers)]

    assert all(len(each) < 80 for each in shown)
    assert not any("-ada" in each for each in shown)


@pytest.mark.slow
def test_rules_can_be_narrowed_to_the_documented_ones(url: str) -> None:
    plan = Plan(Options(rules=("documented",), only=("pagination",)), "quick")
    report = check(complete(Target(base_url=url)), plan)

    assert {each.rule.source for each in report.verdicts} == {"documented"}


def test_a_target_that_takes_its_time_is_judged_all_the_same(
    mock: Implementation, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Exchange, "age_s", 30.0)
    target, transport = mock
    plan = Plan(Options(only=("TIME-01",)), "quick")
    report = check(target, plan, contract=contract, transport=transport)

    assert [each.outcome for each in report.verdicts] == ["holds"] * 7


def test_a_waived_law_is_not_judged_and_its_reason_is_kept(url: str) -> None:
    report = judged(url, "PREF-06", "PREF-03", waive={"PREF-06": "until the next release"})
    waived = [each for each in report.verdicts if each.outcome == "waived"]

    assert {each.rule.id for each in waived} == {"PREF-06"}
    assert waived[0].actual == "until the next release"


class Dying(httpx.BaseTransport):
    """A server that can be reached no more after some requests."""

    def __init__(self, inner: httpx.BaseTransport, requests: int) -> None:
        self._inner, self._left = inner, requests

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._left -= 1
        if self._left < 0:
            raise httpx.ConnectError("nobody listens")
        return self._inner.handle_request(request)


@pytest.mark.slow
def test_what_was_found_before_a_server_died_is_told(
    mock: Implementation, contract: Contract
) -> None:
    everybody, transport = mock
    target = replace(everybody, customers=everybody.customers[:2])
    broken = MutantTransport(
        MUTANTS["every-other-read-is-reversed"], transport, People(target, contract)
    )
    report = check(target, Plan(depth="quick"), contract=contract, transport=Dying(broken, 1000))

    assert [verdict.rule.id for verdict in report.violations] == ["TIME-01"]
    assert any("could be reached no more" in note for note in report.notes)
    assert report.state == "broken"


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant", ["every-other-read-is-reversed", "every-third-read-of-memberships-is-short"]
)
def test_answers_that_change_by_themselves_are_told_once(
    mutant: str, mock: Implementation, contract: Contract
) -> None:
    target, transport = mock
    seen = MutantTransport(MUTANTS[mutant], transport, People(target, contract))
    comparing = ("TIME-01", "AUTH-12", "QUERY-01", "HEADER-01", "OWN-01", "TIME-02")
    report = check(target, Plan(Options(only=comparing), "quick"), transport=seen)

    assert [verdict.rule.id for verdict in report.violations] == ["TIME-01"]
    assert any("as TIME-01@" in verdict.actual for verdict in report.having("not covered"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "rule"),
    [
        ("a-field-is-missing-once", "BODY-01"),
        ("the-message-is-a-list", "ERR-01"),
    ],
)
def test_what_does_not_fit_its_schema_is_told_once(
    mock: Implementation, contract: Contract, mutant: str, rule: str
) -> None:
    target, transport = mock
    broken = MutantTransport(MUTANTS[mutant], transport, People(target, contract))
    report = check(target, Plan(depth="quick"), contract=contract, transport=broken)

    assert [each.rule.id for each in report.violations] == [rule]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "unread"),
    [
        ("has-password-is-text", []),
        ("amounts-are-decimals", ["CHARGES-06@listMyAccountCharges"]),
        ("multi-use-is-a-number", ["CREDITS-11@listMyAccountCredits"]),
    ],
)
def test_all_that_needs_no_field_of_the_wrong_type_is_judged(
    mock: Implementation, contract: Contract, mutant: str, unread: list[str]
) -> None:
    target, transport = mock
    broken = MutantTransport(MUTANTS[mutant], transport, People(target, contract))
    report = check(target, Plan(depth="quick"), contract=contract, transport=broken)

    assert {each.rule.id for each in report.violations} == {"BODY-01"}
    assert [each.id for each in report.having("not covered")] == unread


def test_of_two_records_the_value_is_told_in_which_they_differ_and_where_it_stands() -> None:
    order = {"id": "o1", "items": [{"id": "i1", "at": "2026-01-01T10:00:00+00:00", "price": 10}]}
    same_time = {"id": "i1", "at": "2026-01-01T11:00:00+01:00", "price": 12}

    assert differing_field(order, order | {"items": [same_time]}) == "items.0.price 10 in o1"
    assert differing_field(order, order | {"items": []}).startswith("items [{")
    assert differing_field(order, order | {"id": "o2"}) == "the record o1"
