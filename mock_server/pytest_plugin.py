"""Fixtures for test-suites of clients: a mock per run, a sandbox per test."""

from collections.abc import Iterator

import pytest

from mock_server.client import Customer, MockServer, Sandbox
from mock_server.process import running


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
def mock_server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """A mock for the whole run; each xdist worker has one of its own."""
    given = request.config.getoption("--mock-server")
    if given:
        server = MockServer(given, request.config.getoption("--mock-admin-token"))
        yield server
        server.close()
        return
    with running() as url:
        server = MockServer(url)
        yield server
        server.close()


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
