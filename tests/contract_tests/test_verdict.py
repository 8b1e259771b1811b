"""What a run comes to: no green without something that holds, and evidence that shows the bug."""

import pytest
from click.testing import CliRunner, Result

from contract_tests import cli
from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.law import Outcome, Verdict
from contract_tests.laws import LAWS
from contract_tests.report.summary import Report
from contract_tests.target import Target, complete
from tests.contract_tests.conftest import Broken


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def report(*outcomes: Outcome, allow_unstable: bool = False) -> Report:
    rule = Contract.load().rules["PAGE-03"]
    verdicts = [Verdict(rule, "pagination", "listMyAccountOrders", each) for each in outcomes]
    return Report("http://x", 1, verdicts, 0.0, 0, allow_unstable=allow_unstable)


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        (("holds", "not covered"), "kept"),
        (("holds", "violated", "unstable"), "broken"),
        (("holds", "unstable"), "unstable"),
        (("not covered", "waived"), "not covered"),
        ((), "not covered"),
    ],
)
def test_a_contract_is_kept_where_a_rule_holds_and_none_is_in_doubt(
    outcomes: tuple[Outcome, ...], state: str
) -> None:
    assert report(*outcomes).state == state
    assert report(*outcomes).kept is (state == "kept")


def test_what_is_unstable_may_be_allowed() -> None:
    assert report("holds", "unstable", allow_unstable=True).kept
    assert not report("unstable", allow_unstable=True).kept


def test_of_violations_causes_are_told_first_and_what_races_last() -> None:
    rule = Contract.load().rules["PAGE-03"]
    groups = list(dict.fromkeys(law.group for law in LAWS))
    verdicts = [Verdict(rule, group, "listMyAccountOrders", "violated") for group in groups]
    told = [each.group for each in Report("http://x", 1, verdicts, 0.0, 0).violations]

    assert told.index("bodies") == 0
    assert told.index("records") < told.index("preferences") < told.index("time")
    assert told[-1] == "concurrency"
    assert sorted(told) == sorted(groups)


def test_no_percentage_is_rounded_to_all_or_nothing() -> None:
    assert report("holds").percent == "100 %"
    assert report(*["holds"] * 2000, "not covered").percent == "99.9 %"
    assert report("holds", *["not covered"] * 4000).percent == "0.025 %"
    assert report("not covered").percent == "0 %"


@pytest.mark.parametrize(
    ("only", "near"),
    [
        ("PAGE-03@listMyAccountCharges", "PAGE-03@listMyAccountOrders"),
        ("PAG-03", "PAGE-03"),
        ("listMyAcountOrders", "listMyAccountOrders"),
        ("paginatoin", "pagination"),
    ],
)
def test_to_judge_by_what_does_not_exist_is_wrong_usage(url: str, only: str, near: str) -> None:
    result = run("run", "--base-url", url, "--only", "AUTH-01", "--only", only)

    assert result.exit_code == 2
    assert near in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_rule_that_the_kinds_leave_out_cannot_be_chosen(url: str) -> None:
    result = run("run", "--base-url", url, "--only", "CREDITS-08", "--rules", "documented")

    assert result.exit_code == 2
    assert "ruled" in result.stderr


def test_a_run_without_anything_that_holds_is_not_green(url: str) -> None:
    only = ("--customer-token", "customer-eve", "--only", "AUTH-05")
    result = run("run", "--base-url", url, *only)

    assert result.exit_code == 4
    assert "KEPT" not in result.stdout
    assert "no staff token: AUTH-05" in result.stdout


@pytest.mark.slow
def test_generated_requests_alone_can_be_chosen(url: str) -> None:
    target = complete(Target(base_url=url))
    chosen = check(target, Plan(Options(only=("SCHEMA-01",))))

    assert {each.rule.id for each in chosen.verdicts} == {"SCHEMA-01"}
    assert chosen.kept


def test_a_rule_without_a_law_is_explained_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "LAWS", [law for law in LAWS if law.rule != "PAGE-03"])
    result = run("explain", "PAGE-03")

    assert result.exit_code == 0
    assert "no law of this kit" in result.stdout


@pytest.mark.parametrize(
    ("mutant", "law", "paths"),
    [
        ("expired-ones-are-always-listed", "CREDITS-01", ["/customers/my-account/credits"]),
        pytest.param(
            *("everybody-is-the-first-customer", "OWN-01", ["/customers/my-account"]),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("every-other-read-is-reversed", "TIME-01", ["/customers/my-account/charges"]),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_evidence_is_the_exchanges_that_show_it(
    broken: Broken, mutant: str, law: str, paths: list[str]
) -> None:
    target = broken(mutant)
    found = check(target, Plan(Options(only=(law,)), "quick")).violations[0]
    shown = [each.url.removeprefix(target.base_url).partition("?")[0] for each in found.evidence]

    assert shown[-1] == paths[-1]
    assert set(shown) == set(paths)


@pytest.mark.slow
def test_a_refused_write_and_the_read_that_shows_its_harm_are_both_shown_in_order(
    broken: Broken,
) -> None:
    target = broken("a-refused-opt-in-still-writes")
    found = check(target, Plan(Options(only=("AUTH-12",)), "quick")).violations[0]
    *before, read = found.evidence

    assert (read.method, read.status) == ("GET", 200)
    assert {each.status for each in before if each.method == "POST"} & {401, 403}
    assert "opted_in False" in found.expected
    assert "opted_in True" in found.actual
