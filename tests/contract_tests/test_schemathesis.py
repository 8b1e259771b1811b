"""Plain Schemathesis, as it comes, against the mock: every check, positive and negative."""

import subprocess
import sys

import pytest


@pytest.mark.long
@pytest.mark.parametrize("seed", ["1", "7"])
def test_schemathesis_from_the_shell_finds_nothing(url: str, seed: str) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.yaml"]
    who = ["-H", "Authorization: Bearer customer-ada", "--seed", seed, "--url", url]
    ran = subprocess.run([*command, *who], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout[-4000:]
    assert "No issues found" in ran.stdout
