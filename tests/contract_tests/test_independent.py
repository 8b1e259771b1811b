"""A correct implementation that shares no code with the mock raises no violation."""

import socket
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest
import uvicorn

from contract_tests.check import Depth, Plan, check
from contract_tests.target import Target, complete
from tests.contract_tests import independent

pytestmark = pytest.mark.slow


@pytest.fixture
def target() -> Iterator[Target]:
    bound = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(independent.app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    url = f"http://127.0.0.1:{bound.getsockname()[1]}{independent.PREFIX}/"
    yield complete(msgspec.convert({"base_url": url} | independent.PROFILE, Target))
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("depth", ["quick", pytest.param("standard", marks=pytest.mark.long)])
def test_a_correct_implementation_is_not_accused(target: Target, depth: Depth) -> None:
    report = check(target, Plan(depth=depth))

    assert [(each.id, each.expected, each.actual) for each in report.violations] == []
    assert report.counts["unstable"] == 0
    assert report.coverage > 95
