"""The way in: what is known of every request before anything else looks at it."""

from collections.abc import Awaitable, Mapping, Sequence
from functools import lru_cache

from msgspec.structs import replace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.http import problems
from mock_server.http.exchange import CONTEXT, Context, Request, context_of
from mock_server.http.origin import PublicAddress, is_host
from mock_server.http.paths import is_control
from mock_server.http.problems import Problem
from mock_server.http.router import refusal

LARGEST_BODY = 1 << 20
HEADS_KEPT = 128
_ONCE = (b"host", b"authorization", b"origin", b"content-type")
"""Headers by which a request is judged, so that no two of a kind may say different things."""


class Entrance:
    """Reads the head of a request, once; of heads that come again, only the first."""

    def __init__(self, app: ASGIApp, address: PublicAddress) -> None:
        self._app, self._address = app, address
        self._read = lru_cache(HEADS_KEPT)(self._read_head)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a context of its own."""
        if scope["type"] != "http":
            raise RuntimeError(f"this server does not speak {scope['type']}")
        # Without the port, by which each connection of a client differs.
        client = scope["client"] and scope["client"][0]
        head = self._read(
            *(scope["method"], scope["path"], scope["query_string"], tuple(scope["headers"])),
            *(client, scope["server"], scope["scheme"], scope.get("root_path", "")),
        )
        scope[CONTEXT] = Context(*head)
        await self._app(scope, receive, send)

    def _read_head(
        self,
        method: str,
        path: str,
        query: bytes,
        pairs: Sequence[tuple[bytes, bytes]],
        client: str | None,
        server: tuple[str, int],
        scheme: str,
        prefix: str,
    ) -> tuple[Request, bool, str]:
        """What a context begins with."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
        reached_at = self._address.reached_at(headers, client, server, scheme, prefix)
        base_url = self._address.url or reached_at
        request = Request(method, path, query.decode("latin-1"), headers, base_url=base_url)
        return request, is_control(path), reached_at


class Head:
    """Refuses what HTTP does not let a request begin with."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, or refuse it with 400."""
        problem = _problem_of_head(scope, context_of(scope).request.headers)
        answer = self._app if problem is None else refusal(problems.bad_request(problem))
        return answer(scope, receive, send)


class Body:
    """Reads the body of a request, as long as it is no longer than it may be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on with its body, or refuse it."""
        context = context_of(scope)
        headers = context.request.headers
        if "content-length" in headers or "transfer-encoding" in headers:
            return self._with_body(context, scope, receive, send)
        return self._app(scope, receive, send)

    async def _with_body(
        self, context: Context, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            context.request = replace(context.request, body=await _body(receive))
        except Problem as problem:
            await refusal(problem)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _problem_of_head(scope: Scope, headers: Mapping[str, str]) -> str | None:
    if len(headers) < len(scope["headers"]):
        names = [name for name, _ in scope["headers"]]
        for name in _ONCE:
            if names.count(name) > 1:
                return f"The header {name.decode().title()} may stand once only."
    host = headers.get("host")
    if host is None and scope["http_version"] == "1.1":
        return "HTTP/1.1 wants a Host header."
    if host and not is_host(host):
        return f"The Host header must be a name or an address; got '{host[:80]}'."
    return None


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            # Half of what somebody meant must change nothing.
            raise problems.bad_request("The body ended before its end.")
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise problems.too_large(LARGEST_BODY)
        if not message.get("more_body"):
            return bytes(body)
