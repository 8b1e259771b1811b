"""The socket: uvicorn, bound before anything is promised, and its words in our envelope."""

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server.http import problems
from mock_server.http.router import refusal
from mock_server.http.wire import TRANSPORT

log = logging.getLogger("mock_server.requests")
SHUTDOWN_S = 5
KEEP_ALIVE_S = 75
"""Longer than clients keep a connection, so that they never send into a closing one."""


class AddressError(Exception):
    """The address cannot be listened on; the message says why."""


class Protocol(HttpToolsProtocol):
    """HTTP/1.1, answering what is not HTTP with the contract's envelope."""

    def on_message_begin(self) -> None:
        """Hand the connection on, for answers that are to be lost on it."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that could not be parsed, and hang up."""
        answer = refusal(problems.bad_request("This is not a valid HTTP/1.1 request."))
        lines = [
            "HTTP/1.1 400 Bad Request",
            *(f"{name}: {value}" for name, value in answer.headers),
            f"Content-Length: {len(answer.body)}",
            "Access-Control-Allow-Origin: *",
            "Connection: close",
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + answer.body)
        self.transport.close()


def listen(host: str, port: int) -> socket.socket:
    """
    A socket bound to the address; port 0 takes any free one.

    Raises:
        AddressError: it is in use, not ours, or no address at all.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(1024)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AddressError(
            f"cannot listen on {host}:{port}: {reason}; choose another --port (0 = any free one)"
        ) from None
    return bound


class Server(uvicorn.Server):
    """uvicorn, ending quietly on SIGINT and SIGTERM, and saying when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully on the first signal, at once on the second."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.handle_exit, number, None)
        yield


def run(app: ASGIApp, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called once requests are answered."""
    config = uvicorn.Config(
        _logged(app),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(Server(config, ready).serve([bound]))


def _logged(app: ASGIApp) -> ASGIApp:
    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await app(scope, receive, noted)
        ms = (time.perf_counter() - started) * 1000
        what = {"method": scope["method"], "path": scope["path"], "status": status}
        log.info(
            "%(method)s %(path)s %(status)s", what, extra={"fields": what | {"ms": round(ms, 2)}}
        )

    return logged
