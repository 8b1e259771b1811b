"""What is written of a run: files for people and for other programs, and progress meanwhile."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from jsonschema_rs import Draft202012Validator
from rich.console import Console

from contract_tests import cli, power
from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.report import terminal
from contract_tests.report.files import WRITERS
from contract_tests.report.progress import progress
from contract_tests.report.summary import Report
from contract_tests.target import Target, complete
from tests.contract_tests.conftest import breaking

ORDERS = "--only=PAGE-08"


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli.main, ["run", *arguments], env=env)


@pytest.fixture(scope="module")
def broken(url: str, contract: Contract) -> Iterator[str]:
    """A sandbox in which orders come in another order."""
    with breaking(url, contract) as show:
        yield show("two-orders-are-swapped").base_url


@pytest.fixture(scope="module")
def report(broken: str) -> Report:
    return check(complete(Target(base_url=broken)), Plan(Options(only=("PAGE-08",)), "quick"))


def test_the_folder_of_a_report_is_made_and_a_place_without_one_refused_before_the_run(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    nowhere = "http://127.0.0.1:1"
    for place in (tmp_path, tmp_path / "file" / "report.xml"):
        result = run("-u", nowhere, "--customer-token=x", f"--report=junit={place}")
        assert result.exit_code == 2, result.output
        assert str(tmp_path) in result.stderr
    twice = [f"--report={kind}={tmp_path / 'a' / 'r'}" for kind in ("json", "html")]
    assert run("-u", nowhere, *twice).exit_code == 2
    assert (tmp_path / "a").is_dir()


@pytest.mark.slow
def test_one_report_that_cannot_be_written_takes_neither_verdict_nor_others_away(
    broken: str, tmp_path: Path
) -> None:
    gone = "/dev/full"
    result = run("-u", broken, ORDERS, f"--report=junit={gone}", f"--report=json={tmp_path}/r.json")

    assert result.exit_code == 1
    assert "BROKEN" in result.stdout
    assert gone in result.stderr
    assert json.loads((tmp_path / "r.json").read_text())["verdict"] == "broken"


def test_a_kept_contract_whose_report_could_not_be_written_is_no_success(url: str) -> None:
    result = run("-u", url, ORDERS, "--report=junit=/dev/full")

    assert "KEPT" in result.stdout
    assert result.exit_code == 2


@pytest.mark.slow
def test_the_json_report_is_as_its_published_schema_says(report: Report) -> None:
    schema = json.loads(CliRunner().invoke(cli.main, ["report-schema"]).stdout)
    validator = Draft202012Validator(schema, validate_formats=True)
    tree = json.loads(WRITERS["json"](report))

    assert [str(each) for each in validator.iter_errors(tree)] == []
    assert set(tree) == set(schema["required"])
    assert set(tree["verdicts"][0]) == set(schema["$defs"]["verdict"]["required"])
    assert not validator.is_valid(tree | {"verdict": "fine"})


def test_junit_tells_type_time_and_host(report: Report) -> None:
    suite = ET.fromstring(WRITERS["junit"](report))[0]
    failure = suite.find("testcase/failure")

    assert failure is not None
    assert failure.attrib["type"] == "violated"
    assert datetime.fromisoformat(suite.attrib["timestamp"]).year > 2000
    assert suite.attrib["hostname"] == socket.gethostname()


@pytest.mark.slow
def test_sarif_and_annotations_point_at_the_profile_of_the_users_repository(
    broken: str, tmp_path: Path
) -> None:
    profile = tmp_path / "ci" / "my staging.yaml"
    profile.parent.mkdir()
    profile.write_text(f"base_url: {broken}\n")
    env = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}
    sarif = tmp_path / "r.sarif"
    with_one = run(f"--profile={profile}", ORDERS, f"--report=sarif={sarif}", env=env)
    run_ = json.loads(sarif.read_text())["runs"][0]
    place = run_["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    without = run("-u", broken, ORDERS, f"--report=sarif={sarif}", env=env)
    location = json.loads(sarif.read_text())["runs"][0]["results"][0]["locations"][0]

    assert place == "ci/my%20staging.yaml"
    assert run_["tool"]["driver"]["version"]
    assert "::error file=ci/my staging.yaml,line=1,title=PAGE-08@" in with_one.stdout
    assert "::error title=PAGE-08@" in without.stdout
    assert "physicalLocation" not in location
    assert "openapi.yaml" not in sarif.read_text()


def test_markdown_is_a_job_summary_with_lines_to_paste(report: Report) -> None:
    text = WRITERS["markdown"](report)

    assert text.startswith("# My Account contract: BROKEN\n")
    assert "| PAGE-08 | listMyAccountOrders |" in text
    assert re.search(r"^curl -i ", text, re.M)
    assert text.count("<details>") == text.count("</details>") == len(report.violations)


def test_what_one_request_shows_of_two_rules_is_told_once(url: str, contract: Contract) -> None:
    with breaking(url, contract) as show:
        target = show("a-reference-finds-anybodys-orders")
        rules = ("QUERY-01", "OWN-01")
        plan = Plan(Options(only=tuple(f"{each}@listMyAccountOrders" for each in rules)), "quick")
        report = check(target, plan)
    shown = StringIO()
    terminal.show(report, Console(file=shown, width=80))
    told = shown.getvalue()

    assert {each.rule.id for each in report.violations} == set(rules)
    assert [len(each) for each in report.findings] == [2]
    assert all(f"VIOLATED {rule}@" in told for rule in rules)
    assert told.count("curl -i") == 2


def test_a_badge_is_what_shields_reads(report: Report, url: str) -> None:
    red = json.loads(WRITERS["badge"](report))
    kept = check(complete(Target(base_url=url)), Plan(Options(only=("PAGE-08",)), "quick"))

    assert (red["schemaVersion"], red["message"], red["color"]) == (1, "broken", "red")
    assert json.loads(WRITERS["badge"](kept))["color"] == "brightgreen"


def test_a_log_hears_of_a_run_while_nothing_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    heard = threading.Event()
    with progress(every_s=0.01):
        for _ in range(1000):
            if "verdicts" in capsys.readouterr().err:
                heard.set()
                break
            heard.wait(0.01)

    assert heard.is_set()


def test_html_is_one_column_in_which_code_is_code(report: Report) -> None:
    page = WRITERS["html"](report)

    assert "<table" not in page, "a table of operations is wider than a phone"
    assert "<code>submitted_at</code>" in page
    assert not re.search(r"`[^`<]+`", page.partition("</style>")[2].partition("<ol>")[0])
    assert "http://" not in page.partition("</head>")[0], "it needs nothing else"


@pytest.mark.long
def test_the_summary_tells_the_last_power_that_was_measured_there(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    power.save(url, power.Power(found=7, awake=8, asleep=2, measured_at=power.now()))
    markdown, badge = tmp_path / "r.md", tmp_path / "badge.json"
    reports = (f"--report=markdown={markdown}", f"--report=badge={badge}")
    result = run("-u", url, "--depth=quick", *reports)

    for text in (result.stdout, markdown.read_text()):
        assert "finds 7 of 10 known mutants" in text
    assert "7 of 10" in badge.read_text()
