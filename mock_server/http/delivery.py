"""The way out: answers that are late, slow, in pieces or lost, and all the others."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http import wire
from mock_server.http.exchange import Response, answer_of

DRIPS = 20
"""In how many pieces a slow body is sent."""


class Delivery:
    """Sends each answer late, slowly or broken, as its `Response` says; no journal waits for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and deliver what comes back."""
        response = await answer_of(self._app, scope, receive)
        if response.delay_s:
            await asyncio.sleep(response.delay_s)
        if response.wire is not None:
            await wire.send_broken(response, scope, receive, send)
        elif response.drip_s or response.chunked or response.stream is not None:
            await _in_pieces(response, scope, receive, send)
        else:
            await response(scope, receive, send if scope["method"] != "HEAD" else _headless(send))


def _headless(send: Send) -> Send:
    async def without_body(message: dict[str, object]) -> None:
        await send({**message, "body": b""} if "body" in message else message)

    return without_body  # type: ignore[return-value]  # ASGI messages are mutable mappings


async def _in_pieces(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    headers = response.raw_headers
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    *pieces, last = _pieces(response) if scope["method"] != "HEAD" else [b""]
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(response.drip_s / len(pieces))
    if response.stream is not None and scope["method"] != "HEAD":
        await send({"type": "http.response.body", "body": last, "more_body": True})
        await _stream(response.stream, receive, send)
        last = b""
    await send({"type": "http.response.body", "body": last})


async def _stream(stream: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Send chunks until the stream ends or the client disconnects."""

    async def forward() -> None:
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    sending = asyncio.ensure_future(forward())
    disconnected = asyncio.ensure_future(wire.disconnected(receive))
    await asyncio.wait((sending, disconnected), return_when=asyncio.FIRST_COMPLETED)
    for each in (sending, disconnected):
        each.cancel()


def _pieces(response: Response) -> list[bytes]:
    count = DRIPS if response.drip_s else 2 if response.chunked else 1
    size = max(1, -(-len(response.body) // count))
    return [
        response.body[start : start + size] for start in range(0, len(response.body), size)
    ] or [b""]
