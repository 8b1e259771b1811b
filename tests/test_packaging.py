"""What is built can be installed, and serves from an empty directory."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from mock_server import __version__

ROOT = Path(__file__).parent.parent


def test_the_wheel_carries_the_documents_and_the_scenarios(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "my_account_kit/spec/openapi.yaml" in names
    assert "my_account_kit/fixtures/scenarios/default.yaml" in names
    assert not any(name.startswith(("tests/", "spec/", "fixtures/")) for name in names)


@pytest.mark.slow
def test_the_wheel_serves_from_an_empty_directory(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(site)
    empty.mkdir()
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--port-file", str(port_file)],
        cwd=empty,
        env=os.environ | {"PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        url = f"http://127.0.0.1:{port_file.read_text()}"
        found = httpx.get(f"{url}/__mock__/health").json()
        where = subprocess.run(
            [sys.executable, "-c", "import mock_server; print(mock_server.__file__)"],
            cwd=empty,
            env=os.environ | {"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        process.terminate()
        process.wait(timeout=10)

    assert found["status"] == "ok"
    assert where.stdout.startswith(str(site))
    assert list(empty.iterdir()) == []


@pytest.mark.long
def test_what_make_dist_makes_installs_and_runs_in_an_empty_environment(tmp_path: Path) -> None:
    subprocess.run(["make", "dist", f"DIST={tmp_path / 'dist'}"], cwd=ROOT, check=True)
    made = sorted(file.suffix for file in (tmp_path / "dist").iterdir())
    for package in ("*.whl", "*.tar.gz"):
        [file] = (tmp_path / "dist").glob(package)
        place = tmp_path / file.suffix.strip(".")
        bin, empty = place / "venv" / "bin", place / "empty"
        empty.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "venv", bin.parent], check=True)
        install = [bin / "pip", "install", "--quiet", "-c", ROOT / ".constraints.txt"]
        subprocess.run([*install, f"{file}[kit]"], cwd=empty, check=True)
        for command in ("mock-server", "contract-tests"):
            shown = subprocess.run(
                [bin / command, "--version"], cwd=empty, capture_output=True, text=True, check=True
            )
            assert __version__ in shown.stdout
        listed = subprocess.run(
            [bin / "mock-server", "scenarios", "list"], cwd=empty, capture_output=True, check=True
        )
        assert b"default" in listed.stdout

    assert made == [".gz", ".tgz", ".whl"]


@pytest.mark.parametrize(
    ("environment", "requirement"), [("serve", "."), ("test", ".[test]"), ("dev", ".[dev]")]
)
def test_make_installs_each_environment_from_what_pip_takes(
    environment: str, requirement: str
) -> None:
    command = ["make", "--dry-run", "--always-make", f".venv/{environment}"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert f'-e "{requirement}"' in ran.stdout
