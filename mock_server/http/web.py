"""What a browser needs of every answer of the My Account API: CORS, and gzip where asked for."""

from collections.abc import Collection, Mapping, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.http.exchange import SMALLEST_ZIPPED, Response, context_of, value_of

PREFLIGHT_KEPT_S = 600
_ALWAYS_READABLE = {
    *(b"cache-control", b"content-language", b"content-length", b"content-type", b"expires"),
    *(b"last-modified", b"pragma", b"vary"),
}
"""Headers that a page may read unasked, or has no use for."""


class Cors:
    """
    Lets every origin read the My Account API, and `control_origins` the control API too.

    The origin is named, and not `*`, because a browser takes that for no answer to a request with
    credentials. Nothing here is open to cookies alone, so that there is nothing to protect.
    """

    def __init__(self, app: ASGIApp, control_origins: Collection[str] = ()) -> None:
        self._app, self._control_origins = app, control_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is a preflight."""
        context = context_of(scope)
        headers = context.request.headers
        origin = headers.get("origin")
        if context.for_control and origin not in self._control_origins:
            await self._app(scope, receive, send)
        elif origin is None:
            await self._app(scope, receive, _with_headers(send, [_VARY]))
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(headers, origin)(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send, _shared(origin), exposing=True))


_VARY = (b"vary", b"Origin")


def _shared(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        _VARY,
    ]


def _preflight(asked: Mapping[str, str], origin: str) -> Response:
    """Yes, to whatever a browser asks."""
    wanted = {
        "Access-Control-Allow-Methods": asked["access-control-request-method"],
        "Access-Control-Allow-Headers": asked.get("access-control-request-headers"),
        "Access-Control-Allow-Private-Network": asked.get("access-control-request-private-network"),
    }
    shared = ((name.decode(), value.decode("latin-1")) for name, value in _shared(origin))
    allowed = ((name, value) for name, value in wanted.items() if value)
    age = ("Access-Control-Max-Age", str(PREFLIGHT_KEPT_S))
    return Response(204, headers=(*shared, *allowed, age))


def _with_headers(
    send: Send, more: Sequence[tuple[bytes, bytes]], *, exposing: bool = False
) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], *more]
            if exposing:
                headers += _exposed(message["headers"])
            message = {**message, "headers": headers}
        await send(message)

    return sending


def _exposed(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    names = sorted({name.lower() for name, _ in headers} - _ALWAYS_READABLE)
    return [(b"access-control-expose-headers", b", ".join(names))] if names else []


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
