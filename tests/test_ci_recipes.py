"""What other repositories run in their CI: the composite action, and the recipes of docs/ci.md."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")


def block(language: str, name: str) -> str:
    """The example of the page that is marked so."""
    (text,) = re.findall(rf"^```{language} {name}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def environment(url: str, **more: str) -> dict[str, str]:
    known = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "STAGING_URL": url,
        "ALICE": "customer-ada",
        "BOB": "customer-ben",
        "CONTRACT_TESTS_DEPTH": "quick",
    }
    return os.environ | known | more


def ran(script: str, folder: Path, known: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository of somebody else's with the profile of the page in it."""
    (tmp_path / "staging.yaml").write_text(block("yaml", "profile"))
    return tmp_path


def step(name: str) -> dict[str, Any]:
    (found,) = (each for each in ACTION["runs"]["steps"] if each.get("name") == name)
    return dict(found)


def judged(folder: Path, url: str, **inputs: str) -> tuple[str, str]:
    """The summary and the outputs that the action's own step leaves behind."""
    defaults = {key: each["default"] for key, each in ACTION["inputs"].items()}
    given = defaults | {name.replace("_", "-"): value for name, value in inputs.items()}
    names = {
        name: re.fullmatch(r"\$\{\{ inputs\.(.*) \}\}", text)
        for name, text in step("Judge")["env"].items()
    }
    settings = {name: given[found[1]] for name, found in names.items() if found}
    files = {name: str(folder / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    done = ran(step("Judge")["run"], folder, environment(url, **settings, **files))
    assert done.returncode == 0, done.stderr
    summary, output = (Path(file) for file in files.values())
    return summary.read_text() if summary.exists() else "", output.read_text()


@pytest.mark.long
def test_the_action_judges_and_leaves_a_summary_and_reports(folder: Path, url: str) -> None:
    summary, output = judged(folder, url, profile="staging.yaml", args="--seed 3 --rate 5000")
    reports = folder / "contract-reports"

    assert "exit-code=0" in output
    assert "KEPT" in summary
    assert sorted(each.name for each in reports.iterdir()) == [
        "badge.json",
        "contract.sarif",
        "junit.xml",
        "summary.md",
    ]
    assert json.loads((reports / "badge.json").read_text())["schemaVersion"] == 1


@pytest.mark.long
def test_the_action_measures_how_many_mutants_such_a_run_finds_when_asked_to(
    folder: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))  # Where the figure is kept from one step to the next.
    summary, output = judged(folder, url, profile="staging.yaml", power="true")

    assert "exit-code=0" in output
    found, known = map(int, re.findall(r"finds (\d+) of (\d+) known mutants", summary)[0])
    assert known >= found > known * 0.8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        (
            {
                "profile": "staging.yaml",
                "args": "--require-coverage 100 --only AUTH-05 --only PREF-03",
            },
            4,
        ),
        ({"profile": "no-such.yaml"}, 2),
        ({"base_url": "http://127.0.0.1:9", "args": "--customer-token x"}, 3),
    ],
)
def test_the_action_tells_what_the_run_ended_with(
    folder: Path, url: str, inputs: dict[str, str], code: int
) -> None:
    _, output = judged(folder, url, **inputs)
    verdict = ran(step("Verdict")["run"], folder, environment(url, CODE=str(code)))

    assert f"exit-code={code}" in output
    assert verdict.returncode == code


def test_the_inputs_and_steps_that_the_recipe_names_are_the_actions() -> None:
    recipe = yaml.safe_load(block("yaml", "github"))
    [_, used] = recipe["jobs"]["contract"]["steps"]

    assert used["with"].keys() <= ACTION["inputs"].keys()
    for name in set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text("utf-8"))):
        assert name in ACTION["inputs"]


@pytest.mark.long
@pytest.mark.parametrize("system", ["gitlab", "jenkins"])
def test_the_lines_of_a_recipe_judge_and_write_their_reports(
    folder: Path, url: str, system: str
) -> None:
    if system == "gitlab":
        lines = yaml.safe_load(block("yaml", "gitlab"))["contract"]["script"]
    else:
        lines = re.findall(r"sh '(.*)'", block("groovy", "jenkins"))
    install, judge = lines
    done = ran(judge, folder, environment(url))

    assert install == 'pip install --quiet "my-account-kit[kit]"'
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "junit.xml").read_text().startswith("<?xml")
