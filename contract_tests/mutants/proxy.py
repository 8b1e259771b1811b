"""A reverse proxy that shows an implementation broken by a mutant."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx

from contract_tests.document import Contract
from contract_tests.mutants.mutant import Mutant
from contract_tests.mutants.people import People
from contract_tests.mutants.transport import MutantTransport
from contract_tests.target import Target
from contract_tests.transport import transport_of

_HOP_BY_HOP = ("connection", "keep-alive", "te", "trailer", "upgrade")
"""Headers that are good for one connection."""
_LENGTH = ("content-length", "transfer-encoding")


class Proxy(ThreadingHTTPServer):
    """Listens on this machine, and has every path that the target's origin has."""

    daemon_threads = True

    def __init__(self, mutant: Mutant, target: Target, contract: Contract, port: int = 0) -> None:
        """
        Raises:
            OSError: the port is taken.
        """
        super().__init__(("127.0.0.1", port), _Handler)
        parts = urlsplit(target.base_url)
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"
        self.url = self.origin + parts.path.rstrip("/")
        """The target's base URL, as it stands here."""
        self.target_origin = f"{parts.scheme}://{parts.netloc}"
        people = People(target, contract)
        self.client = httpx.Client(
            transport=MutantTransport(mutant, transport_of(target), people),
            timeout=target.timeout_s,
            headers=target.headers,
        )

    def rewritten(self, text: bytes) -> bytes:
        """A body or a header with links that lead through this proxy."""
        ours, theirs = self.origin.encode(), self.target_origin.encode()
        escaped = theirs.replace(b"/", rb"\/"), ours.replace(b"/", rb"\/")
        return text.replace(theirs, ours).replace(*escaped)


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    # Head and body are two writes; the second would wait 40 ms for the first to be acknowledged.
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        # The base class looks for a do_GET, a do_POST and so on; every method is taken.
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the target logs."""

    def _answer(self) -> None:
        try:
            body = read_body(self)
        except ValueError:
            self.close_connection = True
            self._send_text(400, "where the body ends cannot be told from its headers")
            return
        client = self.server.client
        try:
            request = client.build_request(
                self.command,
                self.server.target_origin + self.path,
                headers=self._headers_onward(),
                # Of bytes httpx would tell the length, also of what is to go on in chunks.
                content=iter((body,)) if body else None,
            )
            response = client.send(request, stream=True)
            with closing(response):
                self._send_back(response, b"".join(response.iter_raw()))
        except httpx.HTTPError as error:
            self._send_text(502, f"the target: {error}")

    def _headers_onward(self) -> list[tuple[bytes, bytes]]:
        """Headers as they came, in the letters that HTTP has."""
        return [
            (name.encode(), value.encode("latin-1"))
            for name, value in self.headers.items()
            if name.lower() not in (*_HOP_BY_HOP, "host")
        ]

    def _send_back(self, response: httpx.Response, body: bytes) -> None:
        pairs = [
            (name, self.server.rewritten(value.encode("latin-1", "replace")).decode("latin-1"))
            for name, value in response.headers.multi_items()
            if name.lower() not in (*_HOP_BY_HOP, *_LENGTH)
        ]
        if "content-encoding" not in response.headers:
            body = self.server.rewritten(body)
        self._send(response.status_code, pairs, body, self._length(response, body))

    def _length(self, response: httpx.Response, body: bytes) -> str | None:
        if self.command != "HEAD":
            return str(len(body))
        # What the body would have here, which a link to another address makes longer or shorter.
        moved = len(self.server.origin) != len(self.server.target_origin)
        return None if moved else response.headers.get("content-length")

    def _send_text(self, status: int, text: str) -> None:
        body = text.encode()
        self._send(status, [("Content-Type", "text/plain")], body, str(len(body)))

    def _send(
        self, status: int, headers: list[tuple[str, str]], body: bytes, length: str | None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if length is not None and status not in (204, 304):
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """
    The body of a request, which `http.server` leaves to be read.

    Raises:
        ValueError: its length, or that of a chunk, is no number.
    """
    if "chunked" not in handler.headers.get("transfer-encoding", "").lower():
        return handler.rfile.read(int(handler.headers.get("content-length") or 0))
    body = b""
    while size := int(handler.rfile.readline().partition(b";")[0], 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    while handler.rfile.readline().strip():
        pass  # Trailers, and the blank line behind them.
    return body


@contextmanager
def running(mutant: Mutant, target: Target, contract: Contract) -> Iterator[Proxy]:
    """A proxy on a free port for as long as it is needed."""
    with Proxy(mutant, target, contract) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
