"""
Fixtures for test-suites of clients: a mock per run, a sandbox per test.

Every pytest of an environment loads it, so it imports nothing heavy, names nothing that others
name, and imports no package of ours unasked: a project's own may have its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mock_server.client import Customer, MockServer, Sandbox

SCENARIO = "my_account_scenario"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the options."""
    group = parser.getgroup("my-account-mock", "My Account mock")
    group.addoption(
        "--my-account-mock", metavar="URL", help="use this running mock, and start none"
    )
    group.addoption(
        "--my-account-admin-token", metavar="TOKEN", help="what the mock's control API asks for"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    marker = (
        f"{SCENARIO}(name, persona=None, **opening): what the sandbox of a test is opened with."
    )
    config.addinivalue_line("markers", marker)


@pytest.fixture(scope="session")
def my_account_mock(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    """A mock for the whole run; each xdist worker has one of its own."""
    try:
        from mock_server.client import MockServer
        from mock_server.client.process import running
    except ImportError:
        raise pytest.UsageError(
            "a package 'mock_server' of this project hides the kit's: rename it"
        ) from None
    given = request.config.getoption("--my-account-mock")
    if given:
        server = MockServer(given, request.config.getoption("--my-account-admin-token"))
        yield server
        server.close()
        return
    with running() as url:
        server = MockServer(url)
        yield server
        server.close()


@pytest.fixture
def my_account_sandbox(
    request: pytest.FixtureRequest, my_account_mock: MockServer
) -> Iterator[Sandbox]:
    """A sandbox of the test's own, as `@pytest.mark.my_account_scenario` says."""
    marker = request.node.get_closest_marker(SCENARIO)
    opening = {name: value for name, value in _keywords(marker).items() if name != "persona"}
    with my_account_mock.sandbox(*(marker.args if marker else ()), **opening) as opened:
        yield opened


@pytest.fixture
def my_account_customer(request: pytest.FixtureRequest, my_account_sandbox: Sandbox) -> Customer:
    """The sandbox's first customer, or the `persona` of the marker."""
    persona = _keywords(request.node.get_closest_marker(SCENARIO)).get("persona")
    return my_account_sandbox.customer(persona)


def _keywords(marker: pytest.Mark | None) -> dict[str, Any]:
    return dict(marker.kwargs) if marker else {}
