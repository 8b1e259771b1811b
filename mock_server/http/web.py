"""What a browser needs of every answer of the My Account API: CORS, and gzip where asked for."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.http.exchange import SMALLEST_ZIPPED, context_of, value_of

ANY_ORIGIN = (b"access-control-allow-origin", b"*")


class Cors:
    """Lets every origin read the My Account API, and answers preflights."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._preflight = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is a preflight."""
        names = [name for name, _ in scope["headers"]]
        if b"origin" not in names or context_of(scope).for_control:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and b"access-control-request-method" in names:
            await self._preflight(scope, receive, send)
        else:
            await self._app(scope, receive, _shared(send))


def _shared(send: Send) -> Send:
    async def shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], ANY_ORIGIN]}
        await send(message)

    return shared


class Gzip:
    """Compresses a whole body where the client takes it so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        accepted = [text for name, text in scope["headers"] if name == b"accept-encoding"]
        zips = any(b"gzip" in text for text in accepted)
        await self._app(scope, receive, _Zipping(send) if zips else send)


class _Zipping:
    """Holds the head of an answer back until it is known whether its body is worth the while."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            start, message = _zipped(start, message)
            await self._send(start)
        await self._send(message)


def _zipped(start: Message, message: Message) -> tuple[Message, Message]:
    body = message.get("body", b"")
    if message.get("more_body") or len(body) < SMALLEST_ZIPPED:
        return start, message
    value = value_of(start)
    if value is None or value.body is not body:
        return start, message
    small = value.zipped
    length = (b"content-length", str(len(small)).encode())
    kept = [each for each in start["headers"] if each[0] != b"content-length"]
    headers = [*kept, length, (b"content-encoding", b"gzip")]
    return {**start, "headers": headers}, {**message, "body": small}
