"""Plain Schemathesis, as it comes, against both APIs: every check, positive and negative."""

import subprocess
import sys

import pytest

from tests.conftest import Serve


@pytest.mark.parametrize("seed", ["1", "7"])
def test_schemathesis_from_the_shell_finds_nothing(url: str, seed: str) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.yaml"]
    who = ["-H", "Authorization: Bearer customer-ada", "--seed", seed, "--url", url]
    ran = subprocess.run([*command, *who], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout[-4000:]
    assert "No issues found" in ran.stdout


def test_schemathesis_finds_nothing_in_the_control_api(serve: Serve) -> None:
    url = serve("--max-sandboxes", "50")
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/__mock__/openapi.yaml"]
    # One never ends, the other takes as long as it is told to.
    waiting = ["--exclude-operation-id", "streamRequests"]
    waiting += ["--exclude-operation-id", "waitForRequests"]
    options = [*waiting, "--url", url, "--seed", "1", "--max-examples", "30"]
    ran = subprocess.run([*command, *options], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout[-6000:]
    assert "No issues found" in ran.stdout
