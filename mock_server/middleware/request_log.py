"""The log of requests: one line each, whatever they hold."""

import logging
import re
import time
from collections.abc import Awaitable
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

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on."""
        # Probes and pages ask for it all the time; their lines would drown the others.
        if not log.isEnabledFor(logging.INFO) or scope["path"] == HEALTH:
            return self._app(scope, receive, send)
        return self._logged(scope, receive, send)

    async def _logged(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, request = time.perf_counter(), context_of(scope).request
        path, query = _redacted(request.path, request.query, tuple(request.headers.items()))
        fields: dict[str, Any] = {
            "method": request.method,
            "path": path,
            "query": query,
            "status": None,
        }

        def note_status(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                fields["status"] = message["status"]
            return send(message)

        scope[LOG] = fields
        await self._app(scope, receive, note_status)
        fields["ms"] = round((time.perf_counter() - started) * 1000, 2)
        log.handle(RequestRecord(fields))


class RequestRecord(logging.LogRecord):
    """
    The record of a request. Only its time and its fields are new: where in the code it was logged,
    which logging finds out for each record, takes longer than writing the line.
    """

    fields: dict[str, Any]

    def __init__(self, fields: dict[str, Any]) -> None:
        now = time.time()
        self.__dict__ |= _ALIKE
        self.__dict__.update(args=fields, fields=fields, created=now, msecs=now % 1 * 1000)


_ALIKE = vars(
    logging.LogRecord(
        log.name, logging.INFO, __file__, 0, "%(method)s %(path)s %(status)s", None, None
    )
)


@lru_cache(256)
def _redacted(path: str, query: str, headers: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    redactor = Redactor(dict(headers), query)
    return logged_text(redactor.text(path)), logged_text(redactor.text(query))


def logged_text(text: str) -> str:
    """Text as it stands in the log: on one line, and without the secret of a sandbox's id."""
    plain = text if text.isprintable() else text.encode("unicode_escape").decode()
    return _ID.sub(lambda id: f"{id[0][:8]}\N{HORIZONTAL ELLIPSIS}", plain)
