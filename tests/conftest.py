"""A running mock for tests: as a process with a socket, and as a function."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpx
import msgspec
import pytest
from httpx import create_ssl_context
from httpx._transports import default
from starlette.types import ASGIApp, Message

from mock_server.app import Mock, Settings
from mock_server.client.process import running
from mock_server.http.adapter import Specification  # type: ignore[attr-defined]
from mock_server.http.exchange import Response, value_of
from tests.asgi import scope_of

Serve = Callable[..., str]
_LOOP = asyncio.new_event_loop()
"""One for all calls without a socket: making one costs more than a call."""


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Starts `mock-server serve` with some arguments and gives its URL; stops it at the end."""
    with ExitStack() as started:
        yield lambda *arguments: started.enter_context(running(*arguments))


@pytest.fixture(scope="session")
def url(serve: Serve) -> str:
    """The URL of a mock of the default scenario, shared by all tests: change only sandboxes."""
    return serve()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    subprocess.run([*build, str(Path(__file__).parent.parent)], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    """An HTTP client of the shared mock."""
    with httpx.Client(base_url=url) as client:
        yield client


class Caller:
    """Calls a mock without a socket, for tests that call it very often."""

    def __init__(self, settings: Settings) -> None:
        self.mock = Mock(settings)

    def __call__(
        self,
        method: str,
        path: str,
        who: str | None = None,
        *,
        body: bytes = b"",
        **headers: str,
    ) -> Response:
        if who is not None:
            headers["authorization"] = f"Bearer {who}"
        return ask(self.mock.app, method, path, headers, body)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of what the control API answers; nothing but successes are expected."""
        text = json.dumps(body).encode() if body is not None else b""
        answer = self(method, path, body=text)
        assert answer.status < 300, answer.body
        return json.loads(answer.body) if answer.body else None

    def json(self, method: str, path: str, who: str | None = None) -> Any:
        """The JSON of the answer."""
        return json.loads(self(method, path, who).body)


def ask(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Response:
    """What an ASGI application answers."""
    path, _, query = path.partition("?")
    sent = {"host": "127.0.0.1:4010", "content-length": str(len(body))} | dict(headers or {})
    named = ((name.encode(), text.encode()) for name, text in sent.items())
    scope = scope_of(method, path.encode(), query.encode(), named)
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        messages.append(message)

    _LOOP.run_until_complete(app(scope, receive, send))
    start, *rest = messages
    told = tuple((name.decode(), text.decode("latin-1")) for name, text in start["headers"])
    value = value_of(start)
    delay_s = value.delay_s if value is not None else 0.0
    return Response(
        start["status"], b"".join(each.get("body", b"") for each in rest), told, delay_s
    )


@pytest.fixture(scope="session")
def _caller() -> Caller:
    return Caller(Settings(now=datetime(2026, 3, 1, 9, tzinfo=UTC)))


@pytest.fixture
def call(_caller: Caller) -> Caller:
    """A mock of the default scenario at a fixed instant, its default sandbox as it was opened."""
    _caller.control("POST", "/__mock__/sandboxes/default/reset")
    _caller.control("POST", "/__mock__/sandboxes/default/journal/clear")
    return _caller


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    """Two things that take longer than what most tests do, and come out the same each time."""
    judge, judged = Specification._validate_spec.__func__, set[bytes]()
    trust, trusted = create_ssl_context, dict[object, SSLContext]()

    def judge_once(cls: type[Specification], spec: Mapping[str, Any]) -> None:
        if (text := msgspec.json.encode(spec)) not in judged:
            judge(cls, spec)
            judged.add(text)

    def trust_once(verify: Any = True, cert: Any = None, trust_env: bool = True) -> SSLContext:
        if verify is not True or cert is not None:
            return trust(verify, cert, trust_env)
        known = trust_env and (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        if known not in trusted:
            trusted[known] = trust(trust_env=trust_env)
        return trusted[known]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Specification, "_validate_spec", classmethod(judge_once))
        patch.setattr(default, "create_ssl_context", trust_once)
        yield
