"""The requests to a sandbox, what it answered and why."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import Any

import msgspec
from msgspec import Struct

from mock_server.http import bounds
from mock_server.http.adapter import problem_of
from mock_server.http.bounds import BoundsError
from mock_server.http.exchange import Request, Response
from mock_server.http.router import Route, violation
from mock_server.observation.coverage import Coverage
from mock_server.observation.redaction import Redactor

KEPT = 500
"""So many requests are remembered of a sandbox; older ones are forgotten."""
BODY_BYTES = 8192
"""So much of each body is remembered, unless a journal says more."""
ENTRY_BYTES = 2048
"""About what an entry takes beside the texts of its request and its answer."""
MEMORY_BYTES = 256 << 20
"""So much of all requests and answers is remembered in all sandboxes."""
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
    took_s: float = 0.0
    """How long it took to answer, less what a fault holds it back."""

    @cached_property
    def problem(self) -> str | None:
        """Why the request is not one that the document allows; None if it is."""
        if self.steers:
            return None
        if self.route is None:
            return f"no operation answers {self.request.method} {self.request.path[:200]}"
        return problem_of(self.route, self.request)

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
        body = decode_json(self.response.body)
        return str(body.get("message")) if isinstance(body, dict) else "it was refused"

    @property
    def violations(self) -> list[str]:
        """What the document does not allow of the request and of its answer; tokens left out."""
        sides = (("request", self.problem), ("answer", self.answer_problem))
        return [f"{side}: {self._redactor.text(text)}" for side, text in sides if text]

    def as_json(self) -> Json:
        """As the control API shows it; tokens left out."""
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
        if not self.response.body:
            return "its body is empty"
        try:
            body = bounds.json_tree(self.response.body)
        except BoundsError as error:
            return f"it cannot be read as JSON: {error}"
        return violation(self.route, self.response.status, body)


class Filter(Struct, frozen=True):
    """Selects entries; a field that is not set matches all."""

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


class Memory:
    """What the journals of all sandboxes may take together; the oldest entries make room."""

    def __init__(self, most_bytes: int = MEMORY_BYTES) -> None:
        self._most, self._used = most_bytes, 0
        self._allocated: OrderedDict[int, tuple[Journal, int]] = OrderedDict()
        self._keys = count()

    def take(self, journal: "Journal", size: int) -> int:
        """Room for an entry of so many bytes; the key gives it back."""
        key = next(self._keys)
        self._allocated[key] = journal, size
        self._used += size
        while self._used > self._most and len(self._allocated) > 1:
            next(iter(self._allocated.values()))[0].forget()
        return key

    def give_back(self, key: int) -> None:
        """Use the room of an entry for others."""
        self._used -= self._allocated.pop(key)[1]


class Subscription:
    """The entries that somebody waits for, handed over as they come."""

    def __init__(self, filter: Filter) -> None:
        self.matches = filter
        self._pending: deque[_Event] = deque()
        self._news = asyncio.Event()
        self._ended = False

    def offer(self, event: "_Event") -> None:
        """Hand an entry over, if it matches; who is too far behind gets no more."""
        if not self._ended and self.matches(event.entry):
            self._pending.append(event)
            self._news.set()
            if len(self._pending) > KEPT:
                self.end()

    def end(self) -> None:
        """End the wait."""
        self._ended = True
        self._news.set()

    async def next(self) -> "_Event | None":
        """The next entry, once it is there; None when no more will come."""
        while not self._pending and not self._ended:
            self._news.clear()
            await self._news.wait()
        return self._pending.popleft() if self._pending else None


class _Event:
    """An entry as a server-sent event, written once for all who get it."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    @cached_property
    def text(self) -> bytes:
        data = msgspec.json.encode(self.entry.as_json())
        return b"id: %d\nevent: request\ndata: %s\n\n" % (self.entry.number, data)


class Journal:
    """The latest requests of a sandbox, and what its clients have covered."""

    __slots__ = (
        "_entries",
        "_memory",
        "_subscriptions",
        "body_bytes",
        "complete",
        "coverage",
        "forgotten",
        "number",
    )

    def __init__(self, memory: Memory | None = None) -> None:
        self._memory = memory or Memory()
        self._entries: deque[tuple[int, Entry]] = deque()
        self._subscriptions: set[Subscription] = set()
        self.number = 0
        self.body_bytes = BODY_BYTES
        """So much of each body is remembered."""
        self.forgotten = 0
        """How many entries made room for later ones since the journal was last cleared."""
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
        took_s: float = 0.0,
    ) -> Entry:
        """
        Record a request; returns its entry. `body_bytes` is how long the body of the
        answer was, if it is not all there; `took_s` how long it took to make.
        """
        self.number += 1
        if route is not None and response.wire is None:
            # What is lost on its way, no client has seen.
            self.coverage.record(route, persona, response)
        request_bytes, answer_bytes = len(request.body), body_bytes or len(response.body)
        if answer_bytes > self.body_bytes:
            response = msgspec.structs.replace(response, body=response.body[: self.body_bytes])
        size = _size(request)
        if size > self.body_bytes:
            request = _cut(request, self.body_bytes)
            size = _size(request)
        entry = Entry(
            *(self.number, at, route, persona, role, request, response),
            *(request_bytes, answer_bytes, changes),
            took_s=took_s,
        )
        if len(self._entries) == KEPT:
            self.forget()
        key = self._memory.take(self, ENTRY_BYTES + size + len(response.body))
        self._entries.append((key, entry))
        if self._subscriptions:
            event = _Event(entry)
            for each in self._subscriptions:
                each.offer(event)
        return entry

    def forget(self) -> None:
        """Forget the oldest entry, to make room."""
        self._memory.give_back(self._entries.popleft()[0])
        self.forgotten += 1
        self.complete = False

    def clear(self, *, reset: bool = False) -> None:
        """Forget the requests; coverage stays, and numbers go on."""
        for key, _ in self._entries:
            self._memory.give_back(key)
        self._entries.clear()
        self.forgotten = 0
        self.complete = reset

    def close(self) -> None:
        """Forget the requests, and end the streams."""
        self.clear()
        self.end_streams()

    def end_streams(self) -> None:
        """End the streams of those who wait for requests."""
        for each in self._subscriptions:
            each.end()

    def entries(self, matches: Callable[[Entry], bool]) -> Iterator[Entry]:
        """The remembered entries that match, oldest first."""
        return filter(matches, [entry for _, entry in self._entries])

    async def wait_for(self, matches: Filter, count: int, timeout_s: float) -> list[Entry]:
        """The entries that match, once there are `count` of them or time is up."""
        with self._subscribe(matches) as coming:
            entries = list(self.entries(matches))
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    while len(entries) < count and (event := await coming.next()):
                        entries.append(event.entry)
        return entries

    async def stream(self, matches: Filter) -> AsyncIterator[bytes]:
        """Entries as server-sent events, as they come; a comment now and then keeps it open."""
        if matches.since > self.number:
            # It was counted by a server before this one.
            matches = msgspec.structs.replace(matches, since=0)
        with self._subscribe(matches) as coming:
            for entry in self.entries(matches):
                yield _Event(entry).text
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        event = await coming.next()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                yield event.text

    @contextmanager
    def _subscribe(self, matches: Filter) -> Iterator[Subscription]:
        subscription = Subscription(matches)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)


def _size(request: Request) -> int:
    headers = sum(map(len, request.headers)) + sum(map(len, request.headers.values()))
    return headers + len(request.path) + len(request.query) + len(request.body)


def _cut(request: Request, most: int) -> Request:
    """The request with at most so much of its headers, its path, its query and its body."""
    headers, left = {}, most
    for name, value in request.headers.items():
        headers[name] = value[: max(0, left)]
        left -= len(name) + len(value)
        if left <= 0:
            break
    path, query, body = (each[:most] for each in (request.path, request.query, request.body))
    return msgspec.structs.replace(request, path=path, query=query, body=body, headers=headers)


def decode_json(body: bytes) -> Any:
    """The JSON of a body; None where it is none."""
    try:
        return bounds.json_tree(body)
    except BoundsError:
        return None
