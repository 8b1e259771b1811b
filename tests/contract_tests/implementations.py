"""Right implementations of the contract, reached without a socket where that is possible."""

import asyncio
import json
import os
import subprocess
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
import msgspec

from contract_tests.target import Target, complete
from mock_server.app import Settings, build_app
from tests.asgi import scope_of
from tests.contract_tests import independent
from tests.needs import needs

ORIGIN = "http://127.0.0.1:4010"
NODE = Path(__file__).with_name("implementation.mjs")


class InProcess(httpx.BaseTransport):
    """
    Sends requests to an ASGI application, one at a time.

    In place of httpx's own, which looks for another event loop's package at every request.
    """

    def __init__(self, app: Any) -> None:
        self._app, self._loop, self._turn = app, asyncio.new_event_loop(), Lock()
        weakref.finalize(self, self._loop.close)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._turn:
            return self._loop.run_until_complete(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        parts = [{"type": "http.request", "body": request.content, "more_body": False}]
        sent: list[Any] = []
        answered = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not parts:
                await answered.wait()
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        await self._app(_scope(request), receive, send)
        body = b"" if request.method == "HEAD" else b"".join(each.get("body", b"") for each in sent)
        stream = httpx.ByteStream(body)
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], stream=stream)

    def close(self) -> None:
        """Nothing: it is shared."""


def _scope(request: httpx.Request) -> dict[str, Any]:
    url = request.url
    path, headers = url.raw_path.partition(b"?")[0], request.headers.raw
    server = url.host, url.port
    return scope_of(request.method, path, url.query, headers, scheme=url.scheme, server=server)


Implementation = tuple[Target, httpx.BaseTransport]


def mock(overrides: Mapping[str, Any] | None = None) -> Implementation:
    """The mock at a fixed instant, in a sandbox with these overrides."""
    transport = InProcess(build_app(Settings(now=datetime(2026, 3, 1, 9, tzinfo=UTC))))
    with httpx.Client(transport=transport, base_url=ORIGIN) as client:
        sandbox = client.post("/__mock__/sandboxes", json={"overrides": overrides or {}}).json()
    described = Target(base_url=ORIGIN + sandbox["base_path"])
    return complete(described, transport=transport), transport


def python() -> Implementation:
    """The independent implementation in Python."""
    profile = {"base_url": f"http://independent{independent.PREFIX}"} | independent.PROFILE
    return complete(msgspec.convert(profile, Target)), InProcess(independent.app)


@contextmanager
def node() -> Iterator[Implementation]:
    """The implementation on Node, as a process of its own."""
    with subprocess.Popen(
        [needs("node"), str(NODE)],
        env={**os.environ, "PORT": "0", "PREFIX": "/club"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            profile = json.loads(process.stdout.readline())
            with httpx.HTTPTransport() as transport:
                yield complete(msgspec.convert(profile, Target)), transport
        finally:
            process.terminate()
