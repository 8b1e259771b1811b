"""The recipes of CONTRIBUTING.md, followed word for word on a copy of the project."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RECIPES = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PARTS = ("spec", "mock_server", "fixtures", "contract_tests")
INSERT = re.compile(
    r"In `([^`]+)`, (?:under `([^`]+)`(, twice)?|at the end)[^\n]*:\n\n```\w+\n(.*?)```", re.S
)
CHANGE = re.compile(r"In `([^`]+)`, `([^`]+)` becomes `([^`]+)`")
WRITE = re.compile(r"Write `([^`]+)`:[^\n]*\n\n```\w+\n(.*?)```", re.S)


def section(title: str) -> str:
    return RECIPES.partition(f"## {title}\n")[2].partition("\n## ")[0]


def follow(recipe: str, root: Path) -> None:
    """Do what a recipe says."""
    for name, text in WRITE.findall(recipe):
        (root / name).write_text(text, "utf-8")
    for name, old, new in CHANGE.findall(recipe):
        file = root / name
        before = file.read_text("utf-8")
        assert before.count(old) == 1, f"{name} does not have '{old}' once"
        file.write_text(before.replace(old, new), "utf-8")
    for name, anchor, twice, text in INSERT.findall(recipe):
        file = root / name
        before = file.read_text("utf-8")
        if anchor:
            line = f"{anchor}\n"
            assert before.count(line) >= 1, f"{name} has no line '{anchor}'"
            after = before.replace(line, line + text, 2 if twice else 1)
        else:
            after = before + text
        file.write_text(after, "utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with vouchers in it."""
    root = tmp_path_factory.mktemp("project")
    for name in PARTS:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    follow(section("Add an operation"), root)
    return root


@pytest.fixture(scope="module")
def grown(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that with all the other recipes followed."""
    root = tmp_path_factory.mktemp("grown") / "project"
    shutil.copytree(project, root, ignore=shutil.ignore_patterns("__pycache__"))
    for title in ("Add a law", "Add a mutant", "Add a field", "Add a fault"):
        follow(section(title), root)
    return root


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


SERVE_AND_JUDGE = """
import sys
from mock_server.client.process import running
from click.testing import CliRunner
from contract_tests.cli import main
with running("--port", "0") as url:
    import httpx
    print(httpx.get(url + "/customers/my-account/vouchers",
                    headers={"Authorization": "Bearer customer-ada"}).text)
    answer = CliRunner().invoke(main, ["run", "--base-url", url, "--depth", "quick", *sys.argv[1:]])
    print(answer.output)
    sys.exit(answer.exit_code)
"""


def judged(project: Path) -> "subprocess.CompletedProcess[str]":
    script = project / "judge.py"
    script.write_text(SERVE_AND_JUDGE)
    return subprocess.run(
        [sys.executable, "judge.py"], cwd=project, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_an_operation_without_a_handler_is_refused_at_the_start(tmp_path: Path) -> None:
    for name in PARTS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    follow(section("Add an operation").partition("The mock now refuses")[0], tmp_path)
    refused = run(tmp_path, "mock_server", "serve", "--port", "0")

    assert refused.returncode == 2
    assert "no handler for listMyAccountVouchers" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.long
def test_a_new_operation_is_served_and_judged_and_a_missing_law_is_told(project: Path) -> None:
    answer = judged(project)

    assert '"value":5000,"balance":1200' in answer.stdout, answer.stderr[-2000:]
    assert "KEPT" in answer.stdout
    assert "VOUCHER-01" in answer.stdout


@pytest.mark.long
def test_with_its_law_nothing_of_the_rule_is_left_uncovered(grown: Path) -> None:
    answer = judged(grown)

    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-2000:]
    assert "KEPT" in answer.stdout
    assert "VOUCHER-01" not in answer.stdout
    assert re.search(r'"balance":1200,"code":"[0-9A-F]{8}"', answer.stdout)


@pytest.mark.slow
def test_a_field_that_only_the_document_has_is_refused_at_the_start(
    project: Path, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    shutil.copytree(project, root, ignore=shutil.ignore_patterns("__pycache__"))
    follow(section("Add a field").partition("Until the record")[0], root)
    refused = run(root, "mock_server", "serve", "--port", "0")

    assert refused.returncode == 2
    assert "code" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.long
def test_a_new_mutant_is_found_by_the_law_that_it_is_about(grown: Path) -> None:
    answer = run(grown, "contract_tests", "self-check", "--only", "VOUCHER-01")

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "kill rate 1/1 (100 %), right rule 1/1" in answer.stdout


INJECT = """
import httpx
from mock_server.client.process import running
with running("--port", "0") as url:
    rule = {"kind": "no_data", "operation": "listMyAccountVouchers"}
    httpx.post(url + "/__mock__/sandboxes/default/faults", json=rule).raise_for_status()
    print(httpx.get(url + "/customers/my-account/vouchers",
                    headers={"Authorization": "Bearer customer-ada"}).text)
"""


@pytest.mark.slow
def test_a_new_fault_strikes_when_it_is_asked_for(grown: Path) -> None:
    (grown / "inject.py").write_text(INJECT)
    answer = run(grown, "inject")

    assert answer.stdout == '{"data":null}\n', answer.stderr[-2000:]
