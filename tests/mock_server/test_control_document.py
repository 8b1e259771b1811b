"""The control API keeps its own document: Schemathesis, as it comes, with every check."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import Serve
from tests.soak.generated import CONTROL


@pytest.mark.long
def test_schemathesis_finds_nothing_in_the_control_api(serve: Serve, tmp_path: Path) -> None:
    url = serve("--scenario", "empty", "--sandbox-ttl", "120")
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONTROL)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
    options = [f"{url}/__mock__/openapi.yaml", "--seed", "3", "--url", url, "--max-examples", "50"]

    ran = subprocess.run([*command, *options], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout[-6000:]
    assert "No issues found" in ran.stdout
    assert httpx.get(f"{url}/__mock__/health").json()["status"] == "ok"


def test_a_path_that_is_written_out_answers_its_own_methods_only(client: httpx.Client) -> None:
    path = "/__mock__/sandboxes/default/faults"

    assert client.options(f"{path}/clear").headers["Allow"] == "OPTIONS, POST"
    assert client.options(f"{path}/1").headers["Allow"] == "DELETE, OPTIONS"
