"""The fixtures that we ship, under the short names that these tests use."""

import pytest

from mock_server.client import MockServer, Sandbox


@pytest.fixture
def sandbox(my_account_sandbox: Sandbox) -> Sandbox:
    return my_account_sandbox


@pytest.fixture(scope="session")
def mock_server(my_account_mock: MockServer) -> MockServer:
    return my_account_mock
