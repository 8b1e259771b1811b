"""The provider-state hook: asked before a run, thanked after it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from contract_tests.states import provider_state
from contract_tests.target import Target, TargetError, Unreachable


@pytest.fixture
def hook() -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """A hook that writes down what it is told, and answers what the test wants."""
    told: list[Any] = []
    wanted: dict[str, Any] = {"status": 200, "body": {}}

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(wanted["status"])
            self.end_headers()
            self.wfile.write(json.dumps(wanted["body"]).encode())

        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/state", told, wanted
    server.shutdown()
    server.server_close()


def test_setup_and_teardown_are_told_and_customers_taken_over(hook: Any) -> None:
    url, told, wanted = hook
    wanted["body"] = {"customers": [{"token": "t", "name": "zoe", "facts": {"order_count": 3}}]}

    with provider_state(Target(base_url="http://x", state_url=url)) as target:
        assert [each["action"] for each in told] == ["setup"]
        assert target.customers[0].facts == {"order_count": 3}

    assert [each["action"] for each in told] == ["setup", "teardown"]
    assert set(told[0]) == {"state", "params", "action"}


def test_a_refusal_or_a_wrong_answer_is_an_error(hook: Any) -> None:
    url, _, wanted = hook
    wanted["body"] = {"customers": [{"tokn": "t"}]}
    with pytest.raises(TargetError, match="tokn"), provider_state(Target(state_url=url)):
        raise AssertionError("nothing was provided")
    wanted["status"] = 500
    with pytest.raises(TargetError, match="answered 500"), provider_state(Target(state_url=url)):
        raise AssertionError("nothing was provided")


def test_a_hook_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable), provider_state(Target(state_url="http://127.0.0.1:1/state")):
        raise AssertionError("nothing was provided")
