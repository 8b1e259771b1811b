"""A cache of successes: the same request to an unchanged sandbox is not worked out twice."""

from collections.abc import Awaitable, Hashable

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http.exchange import answer_of
from mock_server.http.lru import LruResponses
from mock_server.middleware.context import ApiContext, OperationLayer

CACHED_BYTES = 32 << 20
SAFE = ("GET", "HEAD")


class ResponseCache(OperationLayer):
    """
    Repeats a success that Connexion's layers let pass before.

    A revision names one state of one sandbox, and all that an answer depends on besides is in the
    key: whatever leaves from here is, byte for byte, what the document's validators accepted.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._cache = LruResponses(CACHED_BYTES)

    def handle(
        self, context: ApiContext, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Answer, or pass the request on and remember what comes back."""
        if context.request.method not in SAFE:
            return self.app(scope, receive, send)
        key = _key(context)
        cached = self._cache.get(key)
        if cached is not None:
            return cached(scope, receive, send)
        return self._fill(key, scope, receive, send)

    async def _fill(self, key: Hashable, scope: Scope, receive: Receive, send: Send) -> None:
        response = await answer_of(self.app, scope, receive)
        if response.status == 200:
            self._cache.put(key, response)
        await response(scope, receive, send)


def _key(context: ApiContext) -> Hashable:
    request, route = context.request, context.operation
    return (
        context.sandbox.revision,
        # Nothing in an answer is finer than a second.
        int(context.sandbox.clock.now().timestamp()),
        request.headers.get("authorization"),
        # Signing out is no change of the sandbox, but ends what a token opens.
        context.sandbox.is_revoked(context.token),
        request.base_url,
        request.path,
        request.query,
        *map(request.headers.get, route.headers),
    )
