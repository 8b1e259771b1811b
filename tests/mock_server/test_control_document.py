"""The control API keeps its own document: Schemathesis, as it comes, with every check."""

import subprocess
import sys

import httpx

from tests.conftest import Serve


def test_schemathesis_finds_nothing_in_the_control_api(serve: Serve) -> None:
    url = serve("--scenario", "empty", "--sandbox-ttl", "120")
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/__mock__/openapi.yaml"]
    options = ["--seed", "3", "--url", url]
    for waits in ("streamRequests", "waitForRequests"):
        # One never ends, the other takes as long as it is told to.
        options += ["--exclude-operation-id", waits]

    ran = subprocess.run([*command, *options], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout[-6000:]
    assert "No issues found" in ran.stdout
    assert httpx.get(f"{url}/__mock__/health").json()["status"] == "ok"
