"""The JavaScript client, by Node's own test runner, and behind a page in Chromium."""

import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

TESTS = Path(__file__).parents[1] / "javascript"
CACHE = Path(__file__).parents[2] / ".cache"
PLAYWRIGHT = "playwright-core@1.64.1"
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
needs_chromium = pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("npm")),
    reason="Chromium, or npm to get Playwright with, is not installed",
)


def ran(url: str, folder: Path, test: str) -> "subprocess.CompletedProcess[str]":
    """Run a test file with the client that the mock itself serves."""
    client = folder / "my-account-mock.mjs"
    client.write_bytes(httpx.get(f"{url}/__mock__/client.js").content)
    shutil.copy(TESTS / test, folder)
    known = {"MOCK_URL": url, "CLIENT": client.as_uri(), "CHROMIUM": shutil.which("chromium") or ""}
    command = ["node", "--test", str(folder / test)]
    return subprocess.run(
        command, env=os.environ | known, capture_output=True, text=True, check=False
    )


@needs_node
def test_the_client_does_in_node_what_it_says(url: str, tmp_path: Path) -> None:
    done = ran(url, tmp_path, "client.test.mjs")

    assert done.returncode == 0, done.stdout


@needs_node
@needs_chromium
def test_a_page_in_chromium_lives_in_the_sandbox_of_its_token(url: str, tmp_path: Path) -> None:
    npm = ["npm", "install", "--prefix", str(tmp_path), "--cache", str(CACHE / "npm")]
    quiet = ["--no-save", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*npm, *quiet, PLAYWRIGHT], check=True)
    done = ran(url, tmp_path, "page.test.mjs")

    assert done.returncode == 0, done.stdout


def test_the_types_name_what_the_client_has(url: str) -> None:
    code = httpx.get(f"{url}/__mock__/client.js").text
    types = httpx.get(f"{url}/__mock__/client.d.ts").text
    methods = [
        line.split("(")[0].strip().removeprefix("async ")
        for line in code.splitlines()
        if line.startswith("  ") and line[2].isalpha() and "#" not in line and line.endswith(") {")
    ]

    assert len(methods) > 15
    assert [name for name in methods if f"{name}(" not in types] == []
