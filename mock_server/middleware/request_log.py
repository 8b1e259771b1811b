"""The log of requests: one line each, whatever they hold."""

import logging
import re
import time
from functools import lru_cache
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.http.exchange import context_of
from mock_server.observation.redaction import Redactor

LOG = "my_account.log"
"""Under which a request carries the fields of its line, for layers inside to add to."""
HEALTH = "/__mock__/health"
log = logging.getLogger("mock_server.requests")
_ID = re.compile("[0-9a-f]{32}")


class RequestLog:
    """Logs each request once it is answered, with what the layers inside noted of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        # Probes and pages ask for it all the time; their lines would drown the others.
        if not log.isEnabledFor(logging.INFO) or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        started, request = time.perf_counter(), context_of(scope).request
        path, query = _shown(request.path, request.query, tuple(request.headers.items()))
        fields: dict[str, Any] = {
            "method": request.method,
            "path": path,
            "query": query,
            "status": None,
        }

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields["status"] = message["status"]
            await send(message)

        await self._app({**scope, LOG: fields}, receive, noted)
        fields["ms"] = round((time.perf_counter() - started) * 1000, 2)
        # A record made here, for log.info() would look for its caller on the stack each time.
        line = "%(method)s %(path)s %(status)s"
        record = logging.LogRecord(log.name, logging.INFO, __file__, 0, line, (fields,), None)
        record.fields = fields
        log.handle(record)


@lru_cache(256)
def _shown(path: str, query: str, headers: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    redactor = Redactor(dict(headers), query)
    return logged_text(redactor.text(path)), logged_text(redactor.text(query))


def logged_text(text: str) -> str:
    """Text as it stands in the log: on one line, and without the secret of a sandbox's id."""
    plain = text if text.isprintable() else text.encode("unicode_escape").decode()
    return _ID.sub(lambda id: f"{id[0][:8]}\N{HORIZONTAL ELLIPSIS}", plain)
