"""What was asked of a sandbox, what it answered and why."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

from mock_server.http.adapter import problem_of
from mock_server.http.exchange import Request, Response
from mock_server.http.router import Route, violation
from mock_server.observation.coverage import Coverage
from mock_server.observation.redaction import Redactor

KEPT = 500
"""So many requests are remembered of a sandbox; older ones are forgotten."""
BODY_BYTES = 8192
"""So much of each body is remembered, unless a journal says more."""
MOST_BYTES = 64 << 20
"""So much of all bodies is remembered of a sandbox; older requests are forgotten."""
HEARTBEAT_S = 15.0
Json = dict[str, Any]


class Entry(Struct, frozen=True, dict=True):
    """One request and its answer."""

    number: int
    """Counted from 1 in its sandbox."""
    at: datetime
    """By the sandbox's clock."""
    route: Route | None
    """The operation, if it was for one."""
    persona: str | None
    """Whom the token names."""
    role: str | None
    """What kind of token it is: customer, staff, expired, revoked or unknown."""
    request: Request
    response: Response
    request_bytes: int
    """How long the request's body was before it was cut."""
    body_bytes: int
    """How long the body was that was sent."""
    changes: list[Json]

    @cached_property
    def problem(self) -> str | None:
        """Why the request is not one that the document allows; None if it is."""
        if self.steers:
            return None
        if self.route is None:
            return f"no operation answers {self.request.method} {self.request.path[:200]}"
        return problem_of(self.route, self.request)

    @property
    def size(self) -> int:
        """Bytes of its bodies."""
        return len(self.request.body) + len(self.response.body)

    @property
    def steers(self) -> bool:
        """Whether it changed the world through the control API."""
        return self.request.path.startswith("/__mock__/")

    def reason(self) -> str:
        """Why it was answered so."""
        if self.steers:
            return "the world was changed through the control API"
        if self.response.fault:
            return f"fault {self.response.fault} struck"
        if preferred := self.response.header("Preference-Applied"):
            return f"the request preferred {preferred}"
        if self.response.status < 400:
            return f"the token is {self.persona}'s" if self.persona else "it needs no token"
        body = _decoded(self.response.body)
        return str(body.get("message")) if isinstance(body, dict) else "it was refused"

    @property
    def violations(self) -> list[str]:
        """What the document does not allow of the request and of its answer; tokens left out."""
        sides = (("request", self.problem), ("answer", self.answer_problem))
        return [f"{side}: {self._redactor.text(text)}" for side, text in sides if text]

    def shown(self) -> Json:
        """As the control API tells it; tokens left out."""
        request, response, hidden = self.request, self.response, self._redactor.text
        return {
            "number": self.number,
            "at": self.at,
            "operation": self.route.id if self.route else None,
            "persona": self.persona,
            "role": self.role,
            "method": request.method,
            "path": hidden(request.path),
            "query": hidden(request.query),
            "status": response.status,
            "fault": response.fault,
            "rule": response.rule,
            "reason": hidden(self.reason()),
            "changes": self.changes,
            "request": {
                "valid": self.problem is None,
                "problem": self.problem and hidden(self.problem),
                "headers": self._redactor.headers(request.headers),
                "body": hidden(request.body.decode("utf-8", "replace")),
                "body_bytes": self.request_bytes,
            },
            "response": {
                "valid": self.answer_problem is None,
                "problem": self.answer_problem and hidden(self.answer_problem),
                "headers": self._redactor.pairs(response.headers),
                "body": hidden(response.body.decode("utf-8", "replace")),
                "body_bytes": self.body_bytes,
            },
        }

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self.request.headers, self.request.query)

    @cached_property
    def answer_problem(self) -> str | None:
        """Why the answer is not one that the document allows; None if it is, or was cut."""
        if self.response.wire:
            return f"it was lost on its way: {self.response.wire}"
        if self.route is None or self.body_bytes > len(self.response.body):
            return None
        if self.response.status not in self.route.answers:
            return f"the document lists no {self.response.status} for {self.route.id}"
        if self.route.answers[self.response.status] is None or self.request.method == "HEAD":
            return None
        media_type = (self.response.header("Content-Type") or "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            return f"it is {media_type or 'of no media type'} and not application/json"
        body = _decoded(self.response.body)
        if body is None:
            return "it is not JSON" if self.response.body else "its body is empty"
        return violation(self.route, self.response.status, body)


class Filter(Struct, frozen=True):
    """Which entries are meant; what is not said matches all."""

    operation: str | None = None
    status: int | None = None
    persona: str | None = None
    method: str | None = None
    since: int = 0
    """Entries with a higher number."""

    def __call__(self, entry: Entry) -> bool:
        return (
            entry.number > self.since
            and self.operation in (None, entry.route and entry.route.id)
            and self.status in (None, entry.response.status)
            and self.persona in (None, entry.persona)
            and self.method in (None, entry.request.method)
        )


class Journal:
    """The latest requests of a sandbox, and what its clients have met."""

    __slots__ = ("_bytes", "_entries", "_news", "body_bytes", "complete", "coverage", "number")

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._news: asyncio.Event | None = None
        self.number = 0
        self.body_bytes = BODY_BYTES
        """So much of each body is remembered."""
        self.complete = True
        """Whether every request since the sandbox was opened or reset is remembered."""
        self.coverage = Coverage()

    def record(
        self,
        at: datetime,
        route: Route | None,
        persona: str | None,
        role: str | None,
        request: Request,
        response: Response,
        changes: list[Json],
        body_bytes: int | None = None,
    ) -> Entry:
        """
        Remember a request; gives it as it is remembered. `body_bytes` is how long the body of the
        answer was, if it is not all there.
        """
        self.number += 1
        if route is not None and response.wire is None:
            # What is lost on its way, no client has seen.
            self.coverage.meet(route, persona, response)
        asked, length = len(request.body), body_bytes or len(response.body)
        if length > self.body_bytes:
            response = msgspec.structs.replace(response, body=response.body[: self.body_bytes])
        request = _cut(request, self.body_bytes)
        entry = Entry(
            self.number, at, route, persona, role, request, response, asked, length, changes
        )
        self._entries.append(entry)
        self._bytes += entry.size
        while len(self._entries) > KEPT or self._bytes > MOST_BYTES:
            self._bytes -= self._entries.popleft().size
            self.complete = False
        if self._news is not None:
            self._news.set()
            self._news = None
        return entry

    def clear(self, *, reset: bool = False) -> None:
        """Forget the requests; what was met stays met, and numbers go on."""
        self._entries.clear()
        self._bytes = 0
        self.complete = reset

    def entries(self, wanted: Callable[[Entry], bool]) -> Iterator[Entry]:
        """The remembered entries that are wanted, oldest first."""
        return filter(wanted, tuple(self._entries))

    async def waited(self, wanted: Filter, count: int, timeout_s: float) -> list[Entry]:
        """The entries that are wanted, once there are `count` of them or time is up."""
        async with asyncio.timeout(timeout_s) as limit:
            try:
                while len(found := list(self.entries(wanted))) < count:
                    await self._wait()
            except asyncio.CancelledError:
                if not limit.expired():
                    raise
        return found

    async def stream(self, wanted: Filter) -> AsyncIterator[bytes]:
        """Entries as server-sent events, as they come; a comment now and then keeps it open."""
        seen = wanted.since
        while True:
            for entry in self.entries(msgspec.structs.replace(wanted, since=seen)):
                seen = entry.number
                data = msgspec.json.encode(entry.shown())
                yield b"id: %d\nevent: request\ndata: %s\n\n" % (entry.number, data)
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._wait()
            except TimeoutError:
                yield b": still here\n\n"

    async def _wait(self) -> None:
        self._news = self._news or asyncio.Event()
        await self._news.wait()


def _cut(request: Request, most: int) -> Request:
    """The request as far as it is remembered."""
    size = sum(len(name) + len(value) for name, value in request.headers.items())
    longest = max(size, len(request.path), len(request.query), len(request.body))
    if longest <= most:
        return request
    kept, left = {}, most
    for name, value in request.headers.items():
        kept[name] = value[: max(0, left)]
        left -= len(name) + len(value)
        if left <= 0:
            break
    path, query, body = (each[:most] for each in (request.path, request.query, request.body))
    return msgspec.structs.replace(request, path=path, query=query, body=body, headers=kept)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
