"""What a browser needs of every answer of the My Account API: CORS, and gzip where asked for."""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.http import parse_accept_header

from mock_server.http.exchange import (
    SMALLEST_ZIPPED,
    Response,
    ResponseSend,
    context_of,
    start_of,
)

PREFLIGHT_KEPT_S = 600
_ALWAYS_READABLE = {
    *(b"cache-control", b"content-language", b"content-length", b"content-type", b"expires"),
    *(b"last-modified", b"pragma", b"vary"),
}
"""Headers that a page may read unasked, or has no use for."""
Headers = Sequence[tuple[bytes, bytes]]


class Web:
    """
    Lets every origin read the My Account API, and `control_origins` the control API too; sends a
    body compressed to who takes it so.

    The origin is named, and not `*`, because a browser takes that for no answer to a request with
    credentials. Nothing here is open to cookies alone, so that there is nothing to protect.
    """

    def __init__(self, app: ASGIApp, control_origins: Collection[str] = ()) -> None:
        self._app, self._control_origins = app, control_origins

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, unless it is a preflight."""
        context = context_of(scope)
        headers = context.request.headers
        origin = headers.get("origin")
        is_shared = not context.for_control or origin in self._control_origins
        asks = origin and is_shared and scope["method"] == "OPTIONS"
        if origin and asks and "access-control-request-method" in headers:
            return _preflight(headers, origin)(scope, receive, send)
        zips = _takes_gzip(headers.get("accept-encoding", ""))
        more = _cors(origin) if is_shared else ()
        is_read = is_shared and origin is not None
        return self._app(scope, receive, _BrowserSend(send, more, exposes=is_read, zips=zips))


class _BrowserSend(ResponseSend):
    """Sends answers with the headers that browsers want, and compressed where they may be."""

    __slots__ = ("_exposes", "_more", "_send", "_zips")

    def __init__(self, send: Send, more: Headers, *, exposes: bool, zips: bool) -> None:
        self._send, self._more, self._exposes, self._zips = send, more, exposes, zips

    async def __call__(self, message: Message) -> None:
        """Send a message; what comes in pieces is not compressed."""
        if message["type"] == "http.response.start":
            message = {**message, "headers": self._with_more(message["headers"])}
        await self._send(message)

    async def send_response(self, response: Response) -> None:
        """Send a whole answer."""
        if self._zips and len(response.body) >= SMALLEST_ZIPPED:
            headers, body = response.gzip_headers, response.gzip_body
        else:
            headers, body = response.raw_headers, response.body
        await self._send(start_of(response, self._with_more(headers)))
        await self._send({"type": "http.response.body", "body": body})

    def _with_more(self, headers: Headers) -> Headers:
        exposed = _exposed(tuple([name for name, _ in headers])) if self._exposes else ()
        return [*headers, *self._more, *exposed]


@lru_cache(256)
def _takes_gzip(accept_encoding: str) -> bool:
    return bool(accept_encoding and parse_accept_header(accept_encoding).quality("gzip"))


_VARY = (b"vary", b"Origin")


@lru_cache(64)
def _cors(origin: str | None) -> Headers:
    if origin is None:
        return (_VARY,)
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        _VARY,
    )


def _preflight(headers: Mapping[str, str], origin: str) -> Response:
    """Allow whatever a browser asks for."""
    requested = {
        "Access-Control-Allow-Methods": headers["access-control-request-method"],
        "Access-Control-Allow-Headers": headers.get("access-control-request-headers"),
        "Access-Control-Allow-Private-Network": headers.get(
            "access-control-request-private-network"
        ),
    }
    shared = ((name.decode(), value.decode("latin-1")) for name, value in _cors(origin))
    allowed = ((name, value) for name, value in requested.items() if value)
    age = ("Access-Control-Max-Age", str(PREFLIGHT_KEPT_S))
    return Response(204, headers=(*shared, *allowed, age))


@lru_cache(256)
def _exposed(names: Sequence[bytes]) -> Headers:
    exposed = sorted({name.lower() for name in names} - _ALWAYS_READABLE)
    return ((b"access-control-expose-headers", b", ".join(exposed)),) if exposed else ()
