"""Fixtures for test-suites of clients: a mock per run, a sandbox per test."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_server.client import Customer, MockServer, Sandbox

STARTS_WITHIN_S = 30.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the options."""
    group = parser.getgroup("mock-server")
    group.addoption("--mock-server", metavar="URL", help="Use this running mock, and start none.")
    group.addoption("--mock-admin-token", metavar="TOKEN", help="What its control API asks for.")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    marker = "scenario(name, persona=None, **opening): what the sandbox of a test is opened with."
    config.addinivalue_line("markers", marker)


@pytest.fixture(scope="session")
def mock_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MockServer]:
    """A mock for the whole run; each xdist worker has one of its own."""
    given = request.config.getoption("--mock-server")
    if given:
        server = MockServer(given, request.config.getoption("--mock-admin-token"))
        yield server
        server.close()
        return
    folder = tmp_path_factory.mktemp("mock-server")
    process = _started(folder / "port", folder / "log")
    server = MockServer(_url(process, folder / "port", folder / "log"))
    yield server
    server.close()
    process.terminate()
    process.wait()


@pytest.fixture
def sandbox(request: pytest.FixtureRequest, mock_server: MockServer) -> Iterator[Sandbox]:
    """A sandbox of the test's own, as `@pytest.mark.scenario` says."""
    marker = request.node.get_closest_marker("scenario")
    said = {name: value for name, value in _said(marker).items() if name != "persona"}
    with mock_server.sandbox(*(marker.args if marker else ()), **said) as opened:
        yield opened


@pytest.fixture
def customer(request: pytest.FixtureRequest, sandbox: Sandbox) -> Customer:
    """The sandbox's first customer, or the `persona` of the marker."""
    return sandbox.customer(_said(request.node.get_closest_marker("scenario")).get("persona"))


def _said(marker: pytest.Mark | None) -> dict[str, str]:
    return dict(marker.kwargs) if marker else {}


def _started(port_file: Path, log: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0"]
    with log.open("wb") as errors:
        return subprocess.Popen(
            [*command, "--port-file", str(port_file)], stdout=subprocess.DEVNULL, stderr=errors
        )


def _url(process: "subprocess.Popen[bytes]", port_file: Path, log: Path) -> str:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if port_file.exists() and (port := port_file.read_text()):
            return f"http://127.0.0.1:{port}"
        time.sleep(0.02)
    raise pytest.UsageError(f"the mock could not be started: {log.read_text()[-500:]}")
