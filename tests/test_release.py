"""A release is what it says it is."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.release import problems, unmade

MAKEFILE = "dist: .venv/dev\n\tmkdir $(DIST)\n\ttouch"
READY = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-25\n\n- A thing.\n"


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    package = tmp_path / "mock_server/client/javascript/package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"version": "1.2.3"}))
    (tmp_path / "CHANGELOG.md").write_text(READY)
    made = " ".join(f"$(DIST)/kit-1.2.3{kind}" for kind in ("-py3-none-any.whl", ".tar.gz", ".tgz"))
    (tmp_path / "Makefile").write_text(f"{MAKEFILE} {made}\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "--quiet", "-m", "ready")
    return tmp_path


def test_a_checkout_that_agrees_with_its_version_is_ready(checkout: Path) -> None:
    git(checkout, "tag", "v1.2.3")

    assert list(problems(checkout, "1.2.3")) == []


@pytest.mark.parametrize(
    ("changelog", "problem"),
    [
        (READY.replace("1.2.3", "1.2.2"), "has no section [1.2.3]"),
        (READY.replace(" - 2026-11-25", ""), "has no day"),
        (READY.replace("[Unreleased]\n", "[Unreleased]\n\n- Late.\n"), "[Unreleased] has entries"),
    ],
)
def test_a_changelog_that_is_not_cut_is_told(checkout: Path, changelog: str, problem: str) -> None:
    (checkout / "CHANGELOG.md").write_text(changelog)
    git(checkout, "commit", "--quiet", "-am", "changed")
    [line] = problems(checkout, "1.2.3")

    assert problem in line


def test_another_number_in_the_npm_package_is_told(checkout: Path) -> None:
    lines = list(problems(checkout, "1.2.4"))

    assert "says 1.2.3, mock_server says 1.2.4" in lines[0]


def test_what_is_not_committed_is_told(checkout: Path) -> None:
    (checkout / "notes.txt").write_text("x")
    [line] = problems(checkout, "1.2.3")

    assert line == "1 files are not committed, notes.txt among them"


def test_a_tag_that_is_taken_is_told(checkout: Path) -> None:
    git(checkout, "tag", "v1.2.3")
    git(checkout, "commit", "--quiet", "--allow-empty", "-m", "more")
    [line] = problems(checkout, "1.2.3")

    assert "tag of another commit" in line


def state(root: Path) -> dict[str, tuple[int, int]]:
    """Every file of a folder, with its size and when it was written."""
    files = (each for each in root.rglob("*") if each.is_file())
    return {str(each): (each.stat().st_size, each.stat().st_mtime_ns) for each in files}


def test_the_packages_are_made_on_a_copy_and_the_checkout_stays_as_it_was(checkout: Path) -> None:
    before = state(checkout)

    assert [*problems(checkout, "1.2.3"), *unmade(checkout, "1.2.3")] == []
    assert state(checkout) == before


def test_a_package_that_is_not_made_is_told(checkout: Path) -> None:
    assert "make dist makes no .whl of 1.2.4" in list(unmade(checkout, "1.2.4"))
    (checkout / "Makefile").write_text("dist:\n\techo no >&2; false\n")
    git(checkout, "commit", "--quiet", "-am", "changed")

    assert next(unmade(checkout, "1.2.3")).startswith("make dist fails: make")
