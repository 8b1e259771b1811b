"""An implementation in another language, written from the document alone, keeps the contract."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import needs

pytestmark = pytest.mark.slow

IMPLEMENTATION = Path(__file__).with_name("implementation.mjs")


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Path]:
    with subprocess.Popen(
        [needs("node"), str(IMPLEMENTATION)],
        env={**os.environ, "PORT": "0", "PREFIX": "/club"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        path = tmp_path / "profile.json"
        path.write_text(process.stdout.readline())
        yield path
        process.terminate()


@pytest.mark.long
def test_a_correct_implementation_on_node_keeps_the_contract_at_full_depth(profile: Path) -> None:
    command = ["run", "--profile", str(profile), "--depth", "deep", "--strict"]

    run = subprocess.run(
        [sys.executable, "-m", "contract_tests", *command],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "KEPT" in run.stdout
