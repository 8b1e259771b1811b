"""An upstream that answers what a test says, and a proxy before it."""

import gzip
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import httpx

ACCOUNT, CREDITS = "/customers/my-account", "/customers/my-account/credits"
ORDERS = "/shop/my-account/orders"
ADA = {"Authorization": "Bearer customer-ada"}
TELL = {"Prefer": "contract-violations"}
IMPLEMENTATION = Path(__file__).parents[2] / "contract_tests" / "implementation.mjs"


class Proxied:
    """A running proxy."""

    def __init__(self, url: str, log: Path, pid: int) -> None:
        self.url, self._log, self.pid = url, log, pid

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers or ADA, timeout=60)

    def control(self, path: str) -> Any:
        return httpx.get(f"{self.url}/__mock__/sandboxes/default{path}").raise_for_status().json()

    @property
    def entries(self) -> list[dict[str, Any]]:
        return self.control("/journal")["entries"]

    @property
    def problems(self) -> list[str | None]:
        return [each[side]["problem"] for each in self.entries for side in ("request", "response")]

    @property
    def peak_mib(self) -> int:
        """The most memory that it ever took."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) // 1024

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def proxied(folder: Path, upstream: str, *options: object, **env: str) -> Iterator[Proxied]:
    port_file, log = folder / "port", folder / "log"
    port_file.unlink(missing_ok=True)
    command = ["proxy", upstream, "--port", "0", "--port-file", port_file, *options]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "mock_server", *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | env,
        )
    try:
        assert process.stdout
        assert upstream in process.stdout.readline(), log.read_text()
        yield Proxied(f"http://127.0.0.1:{port_file.read_text()}", log, process.pid)
    finally:
        process.terminate()
        process.communicate(timeout=20)


Proxying = Callable[..., Proxied]


Script = Callable[["Server.Handler"], None]


class Server(ThreadingTCPServer):
    """An upstream that answers every request with the same bytes, and keeps what it was sent."""

    daemon_threads = True
    allow_reuse_address = True

    class Handler(StreamRequestHandler):
        server: "Server"

        def handle(self) -> None:
            while line := self.rfile.readline():
                head = [line]
                while (line := self.rfile.readline()) not in (b"\r\n", b""):
                    head.append(line)
                self.server.asked.append([each.rstrip(b"\r\n").decode() for each in head])
                self.server.bodies.append(self._body(self.server.asked[-1]))
                if isinstance(self.server.answer, bytes):
                    self.wfile.write(self.server.answer)
                else:
                    self.server.answer(self)
                    return

        def _body(self, head: list[str]) -> bytes:
            fields = dict(each.lower().split(": ", 1) for each in head[1:])
            if "transfer-encoding" not in fields:
                return self.rfile.read(int(fields.get("content-length", 0)))
            pieces = b""
            while size := int(self.rfile.readline(), 16):
                pieces += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return pieces

    def __init__(self, answer: bytes | Script, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Server.Handler)
        self.answer, self.asked, self.bodies = answer, list[list[str]](), list[bytes]()
        self._context = context
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


Serving = Callable[..., Server]
Pair = tuple[Server, Proxied]


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    fields = {"Content_Type": "application/json", "Content_Length": str(len(body))} | headers
    lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in fields.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def raw(
    url: str, method: str = "GET", path: str = ACCOUNT, headers: Mapping[str, str] | None = None
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers in their order and body of an answer, as they came over the socket."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    with closing(connection):
        connection.putrequest(method, path, skip_host=False, skip_accept_encoding=True)
        for name, text in (headers or {}).items():
            connection.putheader(name, text)
        connection.endheaders()
        got = connection.getresponse()
        fields = [(name.lower(), text) for name, text in got.getheaders()]
        return got.status, fields, got.read()


NO_CREDITS = b'{"data":[]}'
ZIPPED = gzip.compress(NO_CREDITS)
