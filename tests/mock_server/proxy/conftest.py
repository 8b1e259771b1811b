"""A proxy before an upstream, both started for a test or shared."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.mock_server.proxy.servers import Pair, Proxying, Script, Server, Serving, proxied


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxying]:
    """Starts a proxy before an upstream; stops it at the end."""
    with ExitStack() as started:
        yield lambda upstream, *options, **env: started.enter_context(
            proxied(tmp_path, upstream, *options, **env)
        )


@pytest.fixture
def upstream() -> Iterator[Serving]:
    """Starts an upstream that answers with these bytes; stops it at the end."""
    with ExitStack() as started:

        def start(answer: bytes | Script, context: ssl.SSLContext | None = None) -> Server:
            server = started.enter_context(Server(answer, context))
            Thread(target=server.serve_forever, daemon=True).start()
            started.callback(server.shutdown)
            return server

        yield start


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    server = Server(b"")
    Thread(target=server.serve_forever, daemon=True).start()
    with server, proxied(tmp_path_factory.mktemp("proxy"), server.url) as here:
        yield server, here
        server.shutdown()


@pytest.fixture
def pair(running: Pair) -> Pair:
    """An upstream whose answer a test sets, and a proxy of no options before it, both forgetful."""
    server, here = running
    server.asked.clear()
    httpx.post(f"{here.url}/__mock__/sandboxes/default/journal/clear")
    return running
