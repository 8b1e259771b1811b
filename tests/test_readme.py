"""Every example of the README, run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mock_server.resources import KINDS
from mock_server.worlds import scenario
from tests.conftest import Serve

README = Path(__file__).parent.parent / "README.md"
NOW = "2026-03-01T09:00:00Z"


def blocks(language: str) -> list[str]:
    """The examples in a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)


def examples() -> list[tuple[str, str]]:
    """Command and answer of every console example."""
    text = "".join(blocks("console"))
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.M)


@pytest.fixture(scope="module")
def frozen(serve: Serve) -> str:
    return serve("--now", NOW)


def test_every_curl_line_in_its_order_answers_as_the_readme_says(frozen: str) -> None:
    assert shutil.which("curl"), "the README's examples need curl"
    here = "http://127.0.0.1:4010"
    for command, answer in examples():
        asked = subprocess.run(
            ["bash", "-c", command.replace(here, frozen)], capture_output=True, text=True
        )

        assert asked.returncode == 0, command
        assert asked.stdout.replace(frozen, here).rstrip("\n") == answer.rstrip("\n")


def test_the_scenario_of_the_readme_can_be_served(tmp_path: Path, serve: Serve) -> None:
    file = tmp_path / "mia.yaml"
    file.write_text(blocks("yaml")[0], "utf-8")

    assert scenario.load(str(file), KINDS).customers.keys() == {"mia"}
    assert serve("--scenario", str(file))


def test_the_table_names_everybody_of_the_default_scenario() -> None:
    named = set(re.findall(r"^\| `customer-(\w+)`", README.read_text("utf-8"), re.M))

    assert named == scenario.load("default", KINDS).customers.keys()


def test_the_pytest_example_passes(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(blocks("python")[0], "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "1 passed" in ran.stdout, ran.stdout


def test_the_python_example_runs(url: str) -> None:
    exec(blocks("python")[1].replace("http://127.0.0.1:4010", url), {})
