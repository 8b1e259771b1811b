"""The delay of all answers that a server can be started with."""

from msgspec.structs import replace
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http.exchange import answer_of


class Delay:
    """Makes every answer wait."""

    def __init__(self, app: ASGIApp, delay_ms: int) -> None:
        self._app, self._delay_s = app, delay_ms / 1000

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        response = await answer_of(self._app, scope, receive)
        late = replace(response, delay_s=response.delay_s + self._delay_s)
        await late(scope, receive, send)
