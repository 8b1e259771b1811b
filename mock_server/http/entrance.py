"""The way in: what is known of every request before anything else looks at it."""

from msgspec.structs import replace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.http import problems
from mock_server.http.exchange import CONTEXT, Context, Request, context_of
from mock_server.http.paths import is_control
from mock_server.http.problems import Problem
from mock_server.http.router import refusal

LARGEST_BODY = 1 << 20


class Entrance:
    """Reads the head of a request, once."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a context of its own."""
        if scope["type"] != "http":
            raise RuntimeError(f"this server does not speak {scope['type']}")
        request = _head(scope)
        context = Context(request, for_control=is_control(request.path))
        await self._app({**scope, CONTEXT: context}, receive, send)


class Body:
    """Reads the body of a request, as long as it is no longer than it may be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body, or refuse it."""
        context = context_of(scope)
        headers = context.request.headers
        if "content-length" in headers or "transfer-encoding" in headers:
            try:
                context.request = replace(context.request, body=await _body(receive))
            except Problem as problem:
                await refusal(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _head(scope: Scope) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host") or "{}:{}".format(*scope["server"])
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers,
        base_url=f"{scope['scheme']}://{host}{scope.get('root_path', '')}",
    )


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message: Message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise problems.too_large(LARGEST_BODY)
        if not message.get("more_body"):
            return bytes(body)
