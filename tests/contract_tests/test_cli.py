"""The kit's command line: what it says, and its exit codes."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from contract_tests.cli import main
from tests.contract_tests.conftest import Broken
from tests.contract_tests.hostile import Answer, proxy
from tests.marks import rest_is_slow

SWAPPED = "two-orders-are-swapped"


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, arguments, env=env)


@pytest.mark.long
def test_a_kept_contract_is_exit_0(url: str) -> None:
    result = run("run", "--base-url", f"{url}/", "--depth", "quick", "--strict")

    assert result.exit_code == 0
    assert "KEPT" in result.stdout


def test_a_broken_rule_is_exit_1_with_sentence_place_and_curl(broken: Broken) -> None:
    result = run("run", "--base-url", broken(SWAPPED).base_url, "--only", "PAGE-08")

    assert result.exit_code == 1
    for told in ("PAGE-08", "Newest first", "spec/openapi.yaml:", "curl -i", "_TOKEN"):
        assert told in result.stdout


def test_usage_and_profile_errors_are_exit_2_in_one_line(tmp_path: Path, url: str) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("base_url: http://127.0.0.1:1\ncustomers: [{tokn: x}]\n")
    wrong = [
        (["--base-url", "nowhere"], "is not one like"),
        (["--profile", str(profile)], "tokn"),
        (["--profile", str(tmp_path / "none.yaml")], "cannot be read"),
        (["--base-url", url, "--waive", "AUTH-01=no"], "is documented"),
        (["--base-url", url, "--waive", "PREF-06"], "LAW=REASON"),
        (["--base-url", url, "--only", "PAGE-99"], "PAGE-99"),
        (["--base-url", url, "--rules", "mine"], "'mine' is not one of"),
        (["--base-url", url, "--report", "pdf=x"], "KIND=FILE"),
    ]
    for arguments, told in wrong:
        result = run("run", *arguments)
        assert result.exit_code == 2, arguments
        assert told in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


def test_an_unknown_variable_in_a_profile_is_named(tmp_path: Path) -> None:
    profile = tmp_path / "profile.yaml"
    profile.write_text("base_url: ${NO_SUCH_VARIABLE}\n")

    assert "NO_SUCH_VARIABLE" in run("run", "--profile", str(profile)).stderr


def test_an_unreachable_target_is_exit_3() -> None:
    result = run("run", "--base-url", "http://127.0.0.1:1", "--customer-token", "x")

    assert result.exit_code == 3
    assert "cannot be reached" in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://127.0.0.1:99999",
        "http://x:0",
        f"http://u:p@{'a' * 80}.test",
        "ftp://x",
    ],
)
def test_a_base_url_that_is_none_is_exit_2(url: str) -> None:
    result = run("run", "--base-url", url, "--customer-token", "some-token")

    assert result.exit_code == 2
    assert "is not one like" in result.stderr
    assert "u:p@" not in result.stderr


@pytest.mark.parametrize("line_break", rest_is_slow(["\n", "\r", "\u2028", "\x85"]))
def test_no_answer_gives_a_ci_server_orders(
    url: str, line_break: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    body = f"<html>{line_break}::set-output name=x::y</html>".encode()
    with proxy(url, lambda asked: Answer(200, {"Content-Type": "text/html"}, body)) as at:
        ran = run("run", "-u", at, "--customer-token", "some-token", "--only", "AUTH-01")

    assert ran.exit_code == 1
    assert "::set-output" in ran.stdout
    assert not [line for line in ran.stdout.splitlines() if line.startswith("::set-output")]


@pytest.mark.slow
def test_a_slow_rate_ends_with_the_time_of_the_run(url: str) -> None:
    tokens = ("--customer-token", "customer-ada", "--customer-token", "customer-ben")
    ran = run("run", "-u", url, *tokens, "--only", "PREF-02", "--rate", "0.5", "--max-time", "1")

    assert ran.exit_code == 4
    assert "the time of the run is over" in ran.stdout


def test_a_variable_has_a_header_in_each_line(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRACT_TESTS_HEADER", "X-One: 1 and more\nX-Two: 2")
    monkeypatch.setenv("CONTRACT_TESTS_WAIVE", "PREF-06=in the next release")
    ran = run("run", "-u", url, "--customer-token", "customer-ada", "--only", "PREF-06")

    assert ran.exit_code == 4
    assert "in the next release" in ran.stdout


def test_a_port_that_is_taken_is_exit_2(url: str) -> None:
    port = url.rpartition(":")[2]
    ran = run("break", "two-orders-are-swapped", "--target", url, "--port", port)

    assert ran.exit_code == 2
    assert f"--port {port}: " in ran.stderr


def test_a_token_that_is_refused_is_exit_3(url: str) -> None:
    result = run("run", "--base-url", url, "--customer-token", "wrong-token-of-mine")

    assert result.exit_code == 3
    assert "401" in result.stderr


@pytest.mark.slow
def test_thin_coverage_is_exit_4_when_more_is_required(url: str) -> None:
    only = ("--base-url", url, "--customer-token", "customer-eve")
    only += ("--only", "filters", "--only", "AUTH-01@getMyAccountDetails")

    assert run("run", *only).exit_code == 0
    assert run("run", *only, "--require-coverage", "95").exit_code == 4
    for nonsense in ("nan", "101", "-1"):
        assert run("run", *only, "--require-coverage", nonsense).exit_code == 2


def test_reports_are_written_and_no_token_is_in_them(broken: Broken, tmp_path: Path) -> None:
    kinds = ("junit", "json", "html", "sarif")
    reports = [f"--report={kind}={tmp_path / kind}" for kind in kinds]
    env = {"GITHUB_ACTIONS": "true"}
    target = broken(SWAPPED)
    result = run("run", "--base-url", target.base_url, "--only", "PAGE-08", *reports, env=env)
    texts = {kind: (tmp_path / kind).read_text("utf-8") for kind in kinds}

    assert "::error title=PAGE-" in result.stdout
    assert int(ET.fromstring(texts["junit"])[0].attrib["failures"]) >= 1
    assert json.loads(texts["json"])["kept"] is False
    assert json.loads(texts["sarif"])["runs"][0]["results"][0]["ruleId"].startswith("PAGE-")
    for text in (*texts.values(), result.stdout):
        assert "customer-ada" not in text.replace("CUSTOMER-ADA", "")


@pytest.mark.slow
def test_a_law_is_explained(url: str) -> None:
    told = run("explain", "PAGE-03").stdout

    assert "each once" in told
    assert "documented by the platform" in told
    assert "curl -i 'http://127.0.0.1:4010/shop/my-account/orders?" in told
    assert "Right answer (-) and wrong answer (+)" in told
    assert "  -  " in told
    assert run("explain", "PAGE-99").exit_code == 2
    assert "CREDITS-05" in run("laws").stdout


@pytest.mark.long
def test_no_report_shows_a_token_or_most_of_one(broken: Broken, tmp_path: Path) -> None:
    target = broken("a-token-is-known-by-most-of-it")
    files = [tmp_path / kind for kind in ("junit", "json", "html", "sarif")]
    reports = [part for file in files for part in ("--report", f"{file.name}={file}")]
    result = run("run", "-u", target.base_url, "--only", "AUTH-02", *reports)

    assert result.exit_code == 1
    assert "${ADA_TOKEN%?}" in result.stdout
    for text in (result.stdout, *(file.read_text() for file in files)):
        assert target.customers[0].token[:-1] not in text


@pytest.mark.long
def test_the_line_for_a_lengthened_token_names_a_variable_that_a_shell_knows(
    broken: Broken,
) -> None:
    target = broken("a-token-is-known-by-its-beginning")
    result = run("run", "-u", target.base_url, "--only", "AUTH-02")

    assert "${ADA_TOKEN}x" in result.stdout
    assert "$ADA_TOKENx" not in result.stdout
