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
WRITE = re.compile(r"Write `([^`]+)`:[^\n]*\n\n```\w+\n(.*?)```", re.S)


def section(title: str) -> str:
    return RECIPES.partition(f"## {title}\n")[2].partition("\n## ")[0]


def follow(recipe: str, root: Path) -> None:
    """Do what a recipe says."""
    for name, text in WRITE.findall(recipe):
        (root / name).write_text(text, "utf-8")
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


def test_an_operation_without_a_handler_is_refused_at_the_start(tmp_path: Path) -> None:
    for name in PARTS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    follow(section("Add an operation").partition("The mock now refuses")[0], tmp_path)
    refused = run(tmp_path, "mock_server", "serve", "--port", "0")

    assert refused.returncode == 2
    assert "no handler for listMyAccountVouchers" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_new_operation_is_served_and_judged_and_a_missing_law_is_told(project: Path) -> None:
    answer = judged(project)

    assert '"value":5000,"balance":1200' in answer.stdout, answer.stderr[-2000:]
    assert "KEPT" in answer.stdout
    assert "VOUCHER-01" in answer.stdout


def test_with_its_law_nothing_of_the_rule_is_left_uncovered(project: Path) -> None:
    follow(section("Add a law"), project)
    answer = judged(project)

    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-2000:]
    assert "KEPT" in answer.stdout
    assert "VOUCHER-01" not in answer.stdout
