"""The way out: what comes of a late, slow or broken answer, message for message."""

import asyncio
import struct
from collections.abc import AsyncIterator
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.http.delivery import Delivery
from mock_server.http.exchange import CONTEXT, Context, Request, Response
from mock_server.http.wire import GARBAGE, TRANSPORT
from tests.asgi import scope_of

JSON = ("Content-Type", "application/json")


class Client:
    """Whoever takes an answer: the messages to it, what was waited for, and the connection."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.pieces: list[bytes] = []
        self.waited: list[float] = []
        self.written, self.is_closed, self.is_aborted = b"", False, False
        self.options: list[tuple[Any, ...]] = []
        self.is_ended = False

    async def send(self, message: Message) -> None:
        assert not self.is_ended
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.pieces.append(message["body"])
        self.is_ended = not message.get("more_body")

    async def receive(self) -> Message:
        return {"type": "http.disconnect"} if self.is_closed else await asyncio.Future()

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    @property
    def length(self) -> bytes | None:
        """The length that was promised."""
        return dict(self.start["headers"]).get(b"content-length")

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True

    def get_extra_info(self, _socket: str) -> "Client":
        return self

    def setsockopt(self, *option: Any) -> None:
        self.options.append(option)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    client = Client()
    monkeypatch.setattr(asyncio, "sleep", client.sleep)
    return client


def deliver(client: Client, response: ASGIApp, method: str = "GET") -> None:
    scope = scope_of(method, b"/", b"", ())
    scope |= {"extensions": {TRANSPORT: {"transport": client}}, CONTEXT: Context(Request("", ""))}
    asyncio.run(Delivery(response)(scope, client.receive, client.send))


def test_a_late_answer_is_waited_for_and_whole(client: Client) -> None:
    deliver(client, Response(200, b"{}", delay_s=0.5))

    assert (client.waited, client.pieces, client.length) == ([0.5], [b"{}"], b"2")


@pytest.mark.parametrize(("length", "pieces"), [(100, 20), (101, 17), (20, 20), (3, 3), (0, 1)])
def test_a_slow_body_comes_in_pieces_that_share_its_time(
    client: Client, length: int, pieces: int
) -> None:
    body = bytes(range(length))
    deliver(client, Response(200, body, drip_s=2.0))

    assert b"".join(client.pieces) == body
    assert len(client.pieces) == pieces
    assert sum(client.waited) == pytest.approx(2.0 if pieces > 1 else 0)
    assert (client.length, client.is_ended) == (b"%d" % length, True)


def test_a_chunked_body_comes_in_two_halves_and_promises_no_length(client: Client) -> None:
    deliver(client, Response(200, b"abcde", chunked=True))

    assert (client.pieces, client.length, client.is_ended) == ([b"abc", b"de"], None, True)
    assert sum(client.waited) == 0


@pytest.mark.parametrize("shape", [{}, {"drip_s": 2.0}, {"chunked": True}])
def test_the_answer_to_head_has_the_head_only(client: Client, shape: dict[str, Any]) -> None:
    response = Response(200, b"abcde", (JSON,), **shape)
    deliver(client, response, "HEAD")

    assert client.start["headers"] == response.raw_headers
    assert (client.pieces, client.waited, client.is_ended) == ([b""], [], True)


@pytest.mark.parametrize(("method", "pieces"), [("GET", [b"a", b"b", b"c", b""]), ("HEAD", [b""])])
def test_a_stream_follows_its_beginning_and_is_ended(
    client: Client, method: str, pieces: list[bytes]
) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"b"
        yield b"c"

    deliver(client, Response(200, b"a", stream=stream()), method)

    assert (client.pieces, client.length, client.is_ended) == (pieces, None, True)


def test_a_stream_ends_with_its_client(client: Client) -> None:
    async def stream() -> AsyncIterator[bytes]:
        client.close()
        await asyncio.Future()
        yield b"never"

    deliver(client, Response(200, b"a", stream=stream()))

    assert client.pieces == [b"a", b""]


def test_what_another_application_answers_in_pieces_is_one_answer(client: Client) -> None:
    async def other(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"4"), (b"x-odd", b"\xe9")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        await send({"type": "http.response.body", "body": b"cd"})
        await send({"type": "http.response.body"})

    deliver(client, other)

    assert client.start["headers"] == [(b"x-odd", b"\xe9"), (b"content-length", b"4")]
    assert (client.start["status"], client.pieces) == (404, [b"abcd"])


def test_half_of_a_truncated_answer_comes_under_a_head_that_promises_all(client: Client) -> None:
    deliver(client, Response(200, b"abcdefg", (JSON,), wire="truncated"))

    assert client.start["status"] == 200
    assert (b"Content-Type", b"application/json") in client.start["headers"]
    assert (client.length, client.pieces, client.is_ended) == (b"7", [b"abc"], False)
    assert (client.written, client.is_closed, client.is_aborted) == (b"", True, False)


def test_garbage_stands_where_a_chunk_would(client: Client) -> None:
    deliver(client, Response(200, b"abc", (JSON,), wire="MALFORMED_RESPONSE_CHUNK"))

    assert client.start["status"] == 200
    assert (client.length, client.pieces, client.is_ended) == (None, [b""], False)
    assert (client.written, client.is_closed) == (GARBAGE, True)


@pytest.mark.parametrize(
    ("wire", "written", "is_aborted"),
    [
        ("EMPTY_RESPONSE", b"", False),
        ("RANDOM_DATA_THEN_CLOSE", GARBAGE, False),
        ("CONNECTION_RESET_BY_PEER", b"", True),
    ],
)
def test_of_an_answer_that_nobody_sees_no_head_comes(
    client: Client, wire: Any, written: bytes, is_aborted: bool
) -> None:
    deliver(client, Response(200, b"abc", wire=wire))

    assert (client.start, client.pieces) == ({}, [])
    assert (client.written, client.is_closed, client.is_aborted) == (written, True, is_aborted)
    # Without this the system would send what is left, and end as ever.
    reset = [(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))]
    assert client.options == (reset if is_aborted else [])
