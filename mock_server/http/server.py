"""The socket: uvicorn, bound before anything is promised, and its words in our envelope."""

import asyncio
import logging
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.http import problems
from mock_server.http.errors import UserError
from mock_server.http.origin import host_and_port
from mock_server.http.problems import Problem
from mock_server.http.router import refusal
from mock_server.http.wire import TRANSPORT

SHUTDOWN_S = 5
LARGEST_HEAD = 64 << 10
REQUEST_S = 20
"""Seconds in which a request has to come."""
MOST_WAITING = 200
"""So many connections may keep us waiting for that; the oldest makes room."""
MOST_BYTES_WAITING = 32 << 20
"""So much may have come of all that is waited for; the oldest makes room here, too."""
PIECE = 16 << 10
"""So many bytes at most are parsed ahead of the answers that a connection waits for."""
KEEP_ALIVE_S = 75
"""Longer than clients keep a connection, so that they never send into a closing one."""


class AddressError(UserError):
    """The address cannot be listened on, or not with this certificate; the message says why."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What https is served with: files in PEM."""

    chain: Path
    key: Path
    authority: Path | None = None
    """Whom to trust for it, where nobody does yet."""


class Connection:
    """A transport to which nothing is written once it is closed; uvloop's raises then."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_closing, self._write = transport.is_closing, transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send something, if there is still somebody to send it to."""
        if not self.is_closing():
            self._write(data)


class Protocol(HttpToolsProtocol):
    """HTTP/1.1, answering what is not HTTP with the contract's envelope."""

    _bytes = 0
    """How much came since a request began, less what came with its beginning."""
    _held = b""
    """What came behind requests that are not answered yet."""
    _in_head = False
    _in_message = False
    """Whether a request has begun and not ended, whatever it was answered meanwhile."""
    _giving_up: asyncio.TimerHandle | None = None
    _waiting: ClassVar[dict["Protocol", None]] = {}
    """Those that wait for the rest of a request, the oldest first."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, but not for ever."""
        super().connection_made(Connection(transport))  # type: ignore[arg-type]  # stands in for it
        self._start_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout."""
        self._cancel_timeout()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, but not ahead of answers that nobody takes."""
        data, self._held = self._held + data, b""
        for at in range(0, len(data), PIECE):
            if self.transport.is_closing():
                return
            if self.pipeline:
                self._held = data[at:]
                self.flow.pause_reading()
                return
            self._parse(data[at : at + PIECE])

    def on_response_complete(self) -> None:
        """Go on to the next request, and read on once no other waits."""
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()
        elif self._held:
            self.data_received(b"")

    def _parse(self, data: bytes) -> None:
        """Take what comes, while the head is no longer than it may be."""
        self._bytes += len(data)
        if b"pgrade" in data and not self._in_message:
            data = _without_upgrade(data)
        super().data_received(data)
        if self._in_message and self._giving_up is None:
            self._start_timeout()
        elif self._in_message and not self._in_head:
            self._make_room()
        if self._in_head and self._bytes > LARGEST_HEAD:
            what = f"The head of a request may be {LARGEST_HEAD} bytes long."
            self._refuse(Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, what))

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_head = False
        super().on_headers_complete()
        # The request has the list; a header that follows the body has no say (RFC 9110, 6.5.1).
        self.headers = []

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade is no more than offered: the request is answered without it."""

    def _start_timeout(self) -> None:
        self._giving_up = self.loop.call_later(REQUEST_S, self.transport.close)
        self._waiting[self] = None
        self._make_room()

    def _make_room(self) -> None:
        too_many = len(self._waiting) > MOST_WAITING
        if too_many or sum(each._bytes for each in self._waiting) > MOST_BYTES_WAITING:
            oldest = next(iter(self._waiting))
            oldest._cancel_timeout()
            oldest.transport.close()

    def _cancel_timeout(self) -> None:
        if self._giving_up is not None:
            del self._waiting[self]
            self._giving_up.cancel()
            self._giving_up = None

    def on_message_begin(self) -> None:
        """Hand the connection on, for answers that are to be lost on it."""
        super().on_message_begin()
        self._bytes, self._in_head, self._in_message = 0, True, True
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}

    def on_message_complete(self) -> None:
        """The request is there, whole."""
        self._in_message = False
        self._cancel_timeout()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that could not be parsed, and hang up."""
        self._refuse(problems.bad_request("This is not a valid HTTP/1.1 request."))

    def _refuse(self, problem: Problem) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            if not self.cycle.more_body:
                # Answers go out in order: that to the request before ends the connection.
                self.cycle.keep_alive = False
                self.flow.pause_reading()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        answer = refusal(problem)
        lines = [
            f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}",
            *(f"{name}: {value}" for name, value in answer.headers),
            f"Content-Length: {len(answer.body)}",
            "Access-Control-Allow-Origin: *",
            "Connection: close",
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + answer.body)
        self.transport.close()


def _without_upgrade(data: bytes) -> bytes:
    """
    What begins with the head of a request, less its offer to go on in another protocol.

    Java's own client offers HTTP/2 with each first request, and the parser would take the body of
    such a one for that protocol.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    return _OFFER.sub(rb"\1X-Upgrade\2", head, count=1) + end + body


_OFFER = re.compile(rb"(\r\n)upgrade([ \t]*:)", re.IGNORECASE)


def listen(host: str, port: int) -> list[socket.socket]:
    """
    Sockets bound to every address that a host stands for; port 0 takes any free one, for all.

    Raises:
        AddressError: one is in use, not ours, or no address at all.
    """
    bound: list[socket.socket] = []
    try:
        for family, address in _addresses(host):
            chosen_port = bound[0].getsockname()[1] if bound else port
            bound.append(_bind(family, address, chosen_port))
    except OSError as error:
        for each in bound:
            each.close()
        reason = error.strerror or str(error)
        raise AddressError(
            f"cannot listen on {host_and_port(host, port)}: {reason}; choose another"
            " --port (0 = any free one)"
        ) from None
    return bound


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """Every address of a host that this machine has; `localhost` is two where there is IPv6."""
    infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys((info[0], str(info[4][0])) for info in infos)
    if host == "localhost" and socket.has_ipv6:
        # Many a hosts file names only the one, while clients try the other first.
        with suppress(OSError):
            _bind(socket.AF_INET6, "::1", 0).close()
            addresses |= {(socket.AF_INET6, "::1"): None}
    return list(addresses)


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen(1024)
    except OSError:
        bound.close()
        raise
    return bound


class Server(uvicorn.Server):
    """uvicorn, ending quietly on SIGINT and SIGTERM, and saying when it is ready."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], ending: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready, self._ending = ready, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully on the first signal, at once on the second."""
        # Not through the loop: Windows' loops handle no signals.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would never end by itself, then wait a little for the rest."""
        self._ending()
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        await super().shutdown(sockets)


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Whether a record is worth reading once the server ends what is too late."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def run(
    app: ASGIApp,
    bound: list[socket.socket],
    ready: Callable[[], None],
    ending: Callable[[], None],
    certificate: Certificate | None = None,
    *,
    dated: bool = True,
) -> None:
    """
    Serve until SIGINT or SIGTERM; `ready` is called once requests are answered, and `ending`
    before the last ones are waited for. `dated` is whether answers get a `Date`.

    Raises:
        AddressError: the certificate cannot be used.
    """
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=dated,
        timeout_graceful_shutdown=SHUTDOWN_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        # Our own layer reads these, and from whom it was told to.
        proxy_headers=False,
        ssl_certfile=certificate.chain if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    try:
        config.load()
    except OSError as error:
        for each in bound:
            each.close()
        assert certificate
        names = " and ".join(dict.fromkeys((str(certificate.chain), str(certificate.key))))
        raise AddressError(f"{names}: not a certificate and its key, in PEM: {error}") from None
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(Server(config, ready, ending).serve(bound))
