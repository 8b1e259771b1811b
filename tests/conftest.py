"""A running mock for tests: as a process with a socket, and as a function."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server.app import Mock, Settings
from mock_server.exchange import Request, Response

Serve = Callable[..., str]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts `mock-server serve` with some arguments and gives its URL; stops it at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> str:
        port_file = tmp_path_factory.mktemp("server") / "port"
        command = [sys.executable, "-m", "mock_server", "serve", "--port", "0"]
        command += ["--port-file", str(port_file), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        return f"http://127.0.0.1:{_port(process, port_file)}"

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=10)


def _port(process: subprocess.Popen[bytes], port_file: Path) -> str:
    while process.poll() is None:
        if port_file.exists() and (port := port_file.read_text()):
            return port
        time.sleep(0.01)
    raise RuntimeError(f"the mock ended with {process.returncode} before it served")


@pytest.fixture(scope="session")
def url(serve: Serve) -> str:
    """The URL of a mock of the default scenario, shared by all tests: change only sandboxes."""
    return serve()


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    """An HTTP client of the shared mock."""
    with httpx.Client(base_url=url) as client:
        yield client


class Caller:
    """Calls a mock without a socket, for tests that call it very often."""

    def __init__(self, settings: Settings) -> None:
        self.mock = Mock(settings)

    def __call__(self, method: str, path: str, who: str | None = None, **headers: str) -> Response:
        path, _, query = path.partition("?")
        if who is not None:
            headers["authorization"] = f"Bearer {who}"
        return self.mock.answer(Request(method, path, query, headers))

    def json(self, method: str, path: str, who: str | None = None) -> Any:
        """The JSON of the answer."""
        return json.loads(self(method, path, who).body)


@pytest.fixture
def call() -> Caller:
    """A mock of the default scenario at a fixed instant."""
    return Caller(Settings(now=datetime(2026, 3, 1, 9, tzinfo=UTC)))
