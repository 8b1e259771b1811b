"""Broken answers: cut off, garbled or reset at the connection, below HTTP."""

import asyncio
import socket
import struct

from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from mock_server.http.exchange import Response, Wire

TRANSPORT = "my_account.transport"
"""The ASGI extension under which the server hands on the connection."""
GARBAGE = bytes(range(128, 256)) * 4


async def send_broken(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send what the fault leaves of a response, and close the connection."""
    transport = scope["extensions"][TRANSPORT]["transport"]
    if response.wire == "truncated":
        await _begin(response, send)
    elif response.wire == "MALFORMED_RESPONSE_CHUNK":
        await _begin_chunks(response, send)
        transport.write(GARBAGE)
    elif response.wire is not None:
        _break(transport, response.wire)
    transport.close()
    await disconnected(receive)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection in the middle of an answer."""
    scope["extensions"][TRANSPORT]["transport"].close()
    await disconnected(receive)


async def disconnected(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _begin(response: Response, send: Send) -> None:
    """The head, and the first half of the body that it promises."""
    length = (b"content-length", str(len(response.body)).encode())
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
    start = {"type": "http.response.start", "status": response.status}
    await send({**start, "headers": [*headers, length]})
    half = response.body[: len(response.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})


async def _begin_chunks(response: Response, send: Send) -> None:
    """The head of an answer in chunks; through every layer, so that a page may read it."""
    chunked = replace(response, chunked=True)
    start = {"type": "http.response.start", "status": response.status}
    await send({**start, "headers": chunked.raw_headers})
    await send({"type": "http.response.body", "body": b"", "more_body": True})


def _break(transport: asyncio.Transport, wire: Wire) -> None:
    if wire == "RANDOM_DATA_THEN_CLOSE":
        transport.write(GARBAGE)
    elif wire == "CONNECTION_RESET_BY_PEER":
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
