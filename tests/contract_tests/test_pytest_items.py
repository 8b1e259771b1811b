"""The laws as pytest items, run as a user runs them."""

import subprocess
import sys
from pathlib import Path

import pytest


def items(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `pytest --pyargs contract_tests` with these arguments."""
    command = [sys.executable, "-m", "pytest", "-q", "--pyargs", "contract_tests"]
    ran = [*command, "--strict-markers", *arguments]
    return subprocess.run(ran, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.long
@pytest.mark.parametrize("workers", ["0", "2"])
def test_each_law_is_an_item_that_a_marker_selects(url: str, tmp_path: Path, workers: str) -> None:
    ran = items(tmp_path, "--contract-base-url", url, "-m", "contract_filters", "-n", workers)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "passed" in ran.stdout


@pytest.mark.long
def test_a_target_that_is_not_there_ends_it_in_one_line(tmp_path: Path) -> None:
    ran = items(
        tmp_path, "--contract-base-url", "http://127.0.0.1:1", "--contract-customer-token", "x"
    )

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "http://127.0.0.1:1" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.slow
def test_without_a_target_nothing_is_green(tmp_path: Path) -> None:
    ran = items(tmp_path)

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "give --contract-base-url" in ran.stdout
