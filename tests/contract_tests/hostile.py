"""Servers that misbehave: a proxy before the mock that answers what a test wants it to."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext

import httpx

from contract_tests.mutants.proxy import read_body


@dataclass
class Asked:
    """A request that came to the proxy; a test may alter it before it goes on."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Answer:
    """What the proxy answers."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Raw = Callable[[BaseHTTPRequestHandler], None]
"""Writes to the connection by itself."""
Odd = Callable[[Asked], Answer | Raw | None]
"""What is odd about a server: an answer of its own, or None for the mock's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """Head and body leave together."""
    server: "_Server"

    def answer(self) -> None:
        if not self.server.knows_chunks:
            del self.headers["Transfer-Encoding"]
        asked = Asked(self.command, self.path, dict(self.headers.items()), read_body(self))
        answer = self.server.odd(asked) or self.server.mocks(asked)
        if isinstance(answer, Answer):
            self.write(answer)
        else:
            self.close_connection = True
            answer(self)

    def write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        named = {name.lower() for name in answer.headers}
        if self.command != "HEAD" and "content-length" not in named:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behind: str, odd: Odd, knows_chunks: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.knows_chunks = knows_chunks
        self.odd, self.onward = odd, httpx.Client(base_url=behind, timeout=None)

    def mocks(self, asked: Asked) -> Answer:
        """The mock's own answer."""
        # So HEAD tells the length that is sent on.
        headers = httpx.Headers(asked.headers | {"Accept-Encoding": "identity"}, "latin-1")
        del headers["Host"]
        got = self.onward.request(asked.method, asked.target, headers=headers, content=asked.body)
        dropped = ["content-encoding", "transfer-encoding"]
        dropped += ["content-length"] if asked.method != "HEAD" else []
        kept = {k: v for k, v in got.headers.items() if k not in dropped}
        ours = f"http://{asked.headers.get('Host', '')}".encode()
        body = got.content.replace(str(self.onward.base_url).rstrip("/").encode(), ours)
        return Answer(got.status_code, kept, body)

    def handle_error(self, *_: object) -> None:
        """A client that has gone is nothing to tell of."""


@contextmanager
def proxy(
    behind: str, odd: Odd, *, tls: SSLContext | None = None, knows_chunks: bool = True
) -> Iterator[str]:
    """The URL of a server that answers as `odd` says, and as the mock does for the rest."""
    server = _Server(behind, odd, knows_chunks)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http{'s' if tls is not None else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        server.onward.close()
