"""Records requests, their answers and what they changed in the journal."""

import time

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http.exchange import answer_of
from mock_server.middleware.context import api_context_of
from mock_server.middleware.request_log import LOG
from mock_server.worlds.sandbox import ChangeListener

API = ("/customers/", "/shop/")
"""What stands under these is meant for the My Account API, even where it does not exist."""


class Recording:
    """Records each request for the API in the journal of its sandbox."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and record it with its answer."""
        context = api_context_of(scope)
        request, sandbox = context.request, context.sandbox
        with ChangeListener(sandbox) as changes:
            response = await answer_of(self._app, scope, receive)
        persona, role = sandbox.identify(request, context.token)
        if context.route is not None or request.path.startswith(API):
            shown = [text for each in changes if (text := each.as_json()) is not None]
            sandbox.journal.record(
                *(sandbox.clock.now(), context.route, persona, role, request, response, shown),
                took_s=time.perf_counter() - context.began,
            )
        if LOG in scope:
            scope[LOG].update(persona=persona, rule=response.rule, fault=response.fault)
        await response(scope, receive, send)
