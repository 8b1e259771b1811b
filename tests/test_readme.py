"""Every example of the README and of the pages under docs/, run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mock_server.resources import KINDS
from mock_server.worlds import scenario
from tests.conftest import Serve
from tests.marks import rest_is_slow
from tests.needs import needs

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
NOW = "2026-03-01T09:00:00Z"


def blocks(language: str) -> list[str]:
    """The examples in a language, in the order of the pages."""
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def example(language: str, words: str) -> str:
    """The example in a language that has these words in it."""
    (found,) = (block for block in blocks(language) if words in block)
    return found


def examples(page: Path) -> list[tuple[str, str]]:
    """Command and answer of every console example of a page."""
    text = "".join(re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), re.M | re.S))
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.M)


@pytest.mark.parametrize("page", rest_is_slow(PAGES), ids=lambda page: page.name)
def test_every_curl_line_in_its_order_answers_as_the_page_says(serve: Serve, page: Path) -> None:
    needs("curl")
    here, frozen = "http://127.0.0.1:4010", serve("--now", NOW)
    for command, answer in examples(page):
        asked = subprocess.run(
            ["bash", "-c", command.replace(here, frozen)], capture_output=True, text=True
        )

        assert asked.returncode == 0, command
        assert asked.stdout.replace(frozen, here).rstrip("\n") == answer.rstrip("\n")


@pytest.mark.slow
def test_the_scenario_of_the_readme_can_be_served(tmp_path: Path, serve: Serve) -> None:
    file = tmp_path / "mia.yaml"
    file.write_text(example("yaml", "A member in trouble"), "utf-8")

    assert scenario.load(str(file), KINDS).customers.keys() == {"mia"}
    assert serve("--scenario", str(file))


def test_the_table_names_everybody_of_the_default_scenario() -> None:
    named = set(
        re.findall(r"^\| `customer-(\w+)`", (ROOT / "docs" / "mock.md").read_text("utf-8"), re.M)
    )

    assert named == scenario.load("default", KINDS).customers.keys()


@pytest.mark.slow
def test_the_pytest_example_passes(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(example("python", "import pytest"), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "1 passed" in ran.stdout, ran.stdout


@pytest.mark.long
def test_the_python_example_runs(url: str) -> None:
    exec(example("python", "from contract_tests.check").replace("http://127.0.0.1:4010", url), {})


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in (*PAGES, *(ROOT / "docs" / "decisions").glob("*.md"), ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
