"""What a connection is given: time, room and no more, without a socket."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from mock_server.http import server
from mock_server.http.exchange import Response
from mock_server.http.server import LARGEST_HEAD, Protocol

WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request that is there, whole."""
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        await Response(200, b"{}")(scope, receive, send)


class Connection:
    """A client's end of a connection, and the transport at ours."""

    def __init__(self) -> None:
        self.received, self.is_closed = b"", False
        config = uvicorn.Config(_answer, http=Protocol, log_config=None, access_log=False)
        config.load()
        self.protocol = Protocol(config, ServerState(), {}, asyncio.get_running_loop())
        self.protocol.connection_made(self)

    def send(self, data: bytes) -> "Connection":
        self.protocol.data_received(data)
        return self

    async def closed(self) -> bool:
        """Whether it is closed, once all was done that there was to do."""
        for _ in range(5):
            await asyncio.sleep(0)
        return self.is_closed

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.received += data

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _nobody_else_waits() -> Iterator[None]:
    assert not Protocol._waiting
    yield
    Protocol._waiting.clear()


@pytest.mark.parametrize(
    ("sent", "is_given_up"),
    [
        ([], True),
        ([b"GET / HT"], True),
        ([HEAD], True),
        ([HEAD, b"12345678"], True),
        ([WHOLE], False),
        ([HEAD, b"123456789"], False),
        # What the time of the first was is none of the second's.
        ([WHOLE, b"GET / HT"], True),
        ([HEAD + b"123456789", HEAD], True),
        ([WHOLE, WHOLE], False),
    ],
)
def test_a_request_that_does_not_come_whole_in_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch, sent: list[bytes], is_given_up: bool
) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0)

    async def come() -> bool:
        connection = Connection()
        for each in sent:
            connection.send(each)
        whole = sum(each in (WHOLE, b"123456789", HEAD + b"123456789") for each in sent)
        closed = await connection.closed()
        assert connection.received.count(b"HTTP/1.1 200 ") == whole
        return closed

    assert asyncio.run(come()) is is_given_up


def waiting(*begun: bytes) -> list[bool]:
    """Which of the connections are closed that began so, one after another."""

    async def come() -> list[bool]:
        connections = [Connection().send(each) for each in begun]
        return [await each.closed() for each in connections]

    return asyncio.run(come())


def test_of_too_many_that_are_waited_for_the_oldest_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "MOST_WAITING", 2)

    assert waiting(HEAD, HEAD) == [False, False]
    Protocol._waiting.clear()
    assert waiting(HEAD, b"", HEAD, HEAD) == [True, True, False, False]
    Protocol._waiting.clear()
    assert waiting(HEAD, WHOLE, HEAD) == [False, False, False]


def test_of_too_much_that_has_come_the_oldest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_BYTES_WAITING", 12)

    async def come(*bodies: bytes) -> list[bool]:
        connections = [Connection().send(HEAD) for _ in bodies]
        for connection, body in zip(connections, bodies, strict=True):
            connection.send(body)
        return [await each.closed() for each in connections]

    assert asyncio.run(come(b"123456", b"123456")) == [False, False]
    Protocol._waiting.clear()
    assert asyncio.run(come(b"123456", b"1234567")) == [True, False]
    Protocol._waiting.clear()
    # A body that is there takes no room of those that are waited for.
    assert asyncio.run(come(b"123456", b"123456789", b"123456")) == [False, False, False]


@pytest.mark.parametrize(("more", "status"), [(0, b"200"), (1, b"431")])
def test_a_head_may_be_so_long_and_no_longer(more: int, status: bytes) -> None:
    async def come() -> bytes:
        # What comes with the beginning of a request is not counted.
        connection = Connection().send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        connection.send(b"x" * (LARGEST_HEAD + more)).send(b"\r\n\r\n")
        assert await connection.closed() is bool(more)
        return connection.received

    assert asyncio.run(come()).startswith(b"HTTP/1.1 %s " % status)


@pytest.mark.parametrize(
    ("sent", "statuses", "is_closed"),
    [
        ([b"nonsense\r\n\r\n"], [b"400"], True),
        ([WHOLE + b"nonsense\r\n\r\n"], [b"200"], True),
        ([WHOLE + WHOLE + WHOLE], [b"200"] * 3, False),
        ([WHOLE + HEAD, b"123456789" + WHOLE], [b"200"] * 3, False),
        ([CHUNKED + b"2\r\n{}\r\nzz\r\n"], [b"400"], True),
        ([CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"], [b"200"], False),
        ([WHOLE.replace(b"a", b"a\r\nConnection: Upgrade\r\nUPGRADE: h2c")], [b"200"], False),
    ],
)
def test_requests_are_answered_in_their_order_and_what_is_none_ends_the_connection(
    sent: list[bytes], statuses: list[bytes], is_closed: bool
) -> None:
    async def come() -> tuple[bytes, bool]:
        connection = Connection()
        for each in sent:
            connection.send(each)
            await connection.closed()
        return connection.received, await connection.closed()

    received, closed = asyncio.run(come())
    assert (re.findall(rb"HTTP/1.1 (\d+) ", received), closed) == (statuses, is_closed)
    if statuses == [b"400"]:
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"Content-Length: %d\r\n" % len(body) in head
        assert {b"Connection: close", b"Access-Control-Allow-Origin: *"} < {*head.split(b"\r\n")}
        assert json.loads(body) == {"message": "This is not a valid HTTP/1.1 request."}


@pytest.mark.parametrize(
    ("error", "is_logged"), [(None, True), (ValueError(), True), (asyncio.CancelledError(), False)]
)
def test_what_the_end_of_the_server_cancels_is_not_logged(
    error: BaseException | None, is_logged: bool
) -> None:
    about = (type(error), error, None) if error else None
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "x", (), about)

    assert server._is_no_cancellation(record) is is_logged
