"""The requests to a sandbox, what it answered and why."""

import asyncio
import re
import secrets
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import Any, Literal, NamedTuple, get_args

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
Part = Literal["journal", "customers", "clock", "faults"]
"""What of a sandbox can be another than before; of the journal, that it was emptied."""
Json = dict[str, Any]


class Verdict(NamedTuple):
    """What the document says of a request or of an answer."""

    valid: bool | None
    """Whether it allows it; None where that was not judged."""
    problem: str | None = None
    """What it does not allow, or why it was not judged."""


VALID = Verdict(True)


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
    request_judged: Verdict | None = None
    """What the document says of the request, where it was cut since."""
    answer_judged: Verdict | None = None
    """What the document says of the answer, where it was cut since."""

    @cached_property
    def request_verdict(self) -> Verdict:
        """Whether the document allows the request."""
        return self.request_judged or _verdict(self._request_problem())

    @cached_property
    def answer_verdict(self) -> Verdict:
        """Whether the document allows the answer."""
        return self.answer_judged or self._judge_answer()

    def cut(self, most: int) -> "Entry":
        """The entry with at most so many bytes of each side, judged before if need be."""
        changes: dict[str, Any] = {}
        if _size(self.request) > most:
            changes |= {"request": _cut(self.request, most), "request_judged": self.request_verdict}
        if len(self.response.body) > most:
            cut = msgspec.structs.replace(self.response, body=self.response.body[:most])
            # What nothing altered was judged before it was sent.
            judged = self.answer_verdict if self.response.is_altered else VALID
            changes |= {"response": cut, "answer_judged": judged}
        return msgspec.structs.replace(self, **changes) if changes else self

    def _request_problem(self) -> str | None:
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
        sides = (("request", self.request_verdict), ("answer", self.answer_verdict))
        return [
            f"{side}: {self._redactor.text(verdict.problem)}"
            for side, verdict in sides
            if verdict.valid is False and verdict.problem
        ]

    @property
    def unjudged(self) -> list[str]:
        """That the answer was not judged, and why; nothing where it was."""
        verdict = self.answer_verdict
        return [f"the answer is not judged: {verdict.problem}"] if verdict.valid is None else []

    def as_json(self, *, bodies: bool = True) -> Json:
        """As the control API shows it; tokens left out, and bodies where nobody asks for them."""
        request, response, hidden = self.request, self.response, self._redactor.text

        def shown(body: bytes) -> str | None:
            return hidden(body.decode("utf-8", "replace")) if bodies else None

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
                **self._shown(self.request_verdict),
                "headers": self._redactor.headers(request.headers),
                "body": shown(request.body),
                "body_bytes": self.request_bytes,
            },
            "response": {
                **self._shown(self.answer_verdict),
                "headers": self._redactor.pairs(response.headers),
                "body": shown(response.body),
                "body_bytes": self.body_bytes,
            },
        }

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self.request.headers, self.request.query)

    def _shown(self, verdict: Verdict) -> Json:
        text = verdict.problem
        return {"valid": verdict.valid, "problem": text and self._redactor.text(text)}

    def _judge_answer(self) -> Verdict:
        route, response = self.route, self.response
        if response.wire:
            return Verdict(False, f"it was lost on its way: {response.wire}")
        if route is None:
            return VALID
        if response.status not in route.answers:
            return Verdict(False, f"the document lists no {response.status} for {route.id}")
        if route.answers[response.status] is None or self.request.method == "HEAD":
            return VALID
        media_type = (response.header("Content-Type") or "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            what = f"it is {media_type or 'of no media type'} and not application/json"
            return Verdict(False, what)
        if self.body_bytes > len(response.body):
            return Verdict(None, f"it has more than the {len(response.body)} bytes that are judged")
        return _verdict(_body_problem(route, response))


class Filter(Struct, frozen=True):
    """Selects entries, and what of them is shown; a field that is not set matches all."""

    operation: str | None = None
    status: int | None = None
    persona: str | None = None
    method: str | None = None
    since: int = 0
    """Entries with a higher number."""
    bodies: bool = True
    """Whether their bodies are shown."""

    def __call__(self, entry: Entry) -> bool:
        return (
            entry.number > self.since
            and self.operation in (None, entry.route and entry.route.id)
            and self.status in (None, entry.response.status)
            and self.persona in (None, entry.persona)
            and self.method in (None, entry.request.method)
        )


class MemoryBudget:
    """What the journals of all sandboxes may take together; the oldest entries make room."""

    def __init__(self, most_bytes: int = MEMORY_BYTES) -> None:
        self._most, self._used = most_bytes, 0
        self._allocated: OrderedDict[int, tuple[Journal, int]] = OrderedDict()
        self._keys = count()

    def reserve(self, journal: "Journal", size: int) -> int:
        """Room for an entry of so many bytes; the key gives it back."""
        key = next(self._keys)
        self._allocated[key] = journal, size
        self._used += size
        while self._used > self._most and len(self._allocated) > 1:
            next(iter(self._allocated.values()))[0].forget()
        return key

    def release(self, key: int) -> None:
        """Use the room of an entry for others."""
        self._used -= self._allocated.pop(key)[1]


class Position(NamedTuple):
    """How far a reader of a stream has come; its text is the id of a server-sent event."""

    journal: str
    number: int
    """The last entry."""
    changes: int
    """How often something of the sandbox had changed by then."""

    @classmethod
    def read(cls, text: str) -> "Position":
        """The position that a text tells; whatever is none is one in another journal."""
        found = re.fullmatch(r"([0-9a-f]{8})-(\d{1,18})-(\d{1,18})", text, re.ASCII)
        return cls(found[1], int(found[2]), int(found[3])) if found else cls("", 0, 0)

    def __str__(self) -> str:
        return f"{self.journal}-{self.number}-{self.changes}"


class Subscription:
    """What somebody waits for, handed over as it comes: entries, and for who follows, changes."""

    def __init__(self, filter: Filter, *, follows: bool = False) -> None:
        self.matches, self._follows = filter, follows
        self._pending: deque[_Event | _Change] = deque()
        self._news = asyncio.Event()
        self._ended = False

    def offer(self, event: "_Event") -> None:
        """Hand an entry over, if it matches; who is too far behind gets no more."""
        if not self._ended and self.matches(event.entry):
            self._pending.append(event)
            self._news.set()
            if len(self._pending) > KEPT:
                self.end()

    def tell(self, change: "_Change") -> None:
        """Hand a change over, together with the one before where nothing came between."""
        if self._ended or not self._follows:
            return
        if self._pending and isinstance(last := self._pending[-1], _Change):
            self._pending.pop()
            change = _Change(change.position, {*last.parts, *change.parts})
        self._pending.append(change)
        self._news.set()

    def end(self) -> None:
        """End the wait."""
        self._ended = True
        self._news.set()

    async def next(self) -> "_Event | _Change | None":
        """What comes next, once it is there; None when no more will come."""
        while not self._pending and not self._ended:
            self._news.clear()
            await self._news.wait()
        return self._pending.popleft() if self._pending else None


class _Event:
    """An entry as a server-sent event, written once for all who get it."""

    def __init__(self, entry: Entry, position: Position) -> None:
        self.entry, self.position = entry, position
        self._texts: dict[bool, bytes] = {}

    def text(self, *, bodies: bool) -> bytes:
        if bodies not in self._texts:
            shown = self.entry.as_json(bodies=bodies)
            self._texts[bodies] = _event(self.position, "request", shown)
        return self._texts[bodies]


class _Change:
    """That something of the sandbox is another now; what, one asks for."""

    def __init__(self, position: Position, parts: Collection[Part]) -> None:
        self.position, self.parts = position, parts

    def text(self, **_shown: bool) -> bytes:
        return _event(self.position, "change", {"changed": sorted(self.parts)})


def _event(position: Position, name: str, data: Json) -> bytes:
    text = msgspec.json.encode(data)
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(position).encode(), name.encode(), text)


class Journal:
    """The latest requests of a sandbox, and what its clients have covered."""

    __slots__ = (
        "_changes",
        "_cleared",
        "_entries",
        "_events",
        "_id",
        "_memory",
        "_subscriptions",
        "body_bytes",
        "complete",
        "coverage",
        "forgotten",
        "number",
    )

    def __init__(self, memory: MemoryBudget | None = None) -> None:
        self._memory = memory or MemoryBudget()
        self._entries: deque[tuple[int, Entry, Position]] = deque()
        self._subscriptions: set[Subscription] = set()
        self._id = secrets.token_hex(4)
        """Tells it apart from one that a server before this one kept of the same sandbox."""
        self._changes, self._cleared = 0, 0
        """How often something changed, and had when it was cleared."""
        self._events: dict[int, _Event] = {}
        """Entries as those who come to a stream are given them, while there is anybody."""
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
        request_bytes: int | None = None,
        body_bytes: int | None = None,
        took_s: float = 0.0,
    ) -> Entry:
        """
        Record a request; returns its entry. `request_bytes` and `body_bytes` are how long the
        bodies of the request and of the answer were, if they are not all there; `took_s` how long
        the answer took to make.
        """
        self.number += 1
        if route is not None and response.wire is None:
            # What is lost on its way, no client has seen.
            self.coverage.record(route, persona, response)
        entry = Entry(
            *(self.number, at, route, persona, role, request, response),
            *(request_bytes or len(request.body), body_bytes or len(response.body), changes),
            took_s=took_s,
        ).cut(self.body_bytes)
        if len(self._entries) == KEPT:
            self.forget()
        size = _size(entry.request) + len(entry.response.body)
        key = self._memory.reserve(self, ENTRY_BYTES + size)
        self._entries.append((key, entry, self.position))
        if self._subscriptions:
            event = _Event(entry, self.position)
            for each in self._subscriptions:
                each.offer(event)
        return entry

    def forget(self) -> None:
        """Forget the oldest entry, to make room."""
        key, entry, _ = self._entries.popleft()
        self._memory.release(key)
        self._events.pop(entry.number, None)
        self.forgotten += 1
        self.complete = False

    @property
    def position(self) -> Position:
        """How far a reader has come who knows everything."""
        return Position(self._id, self.number, self._changes)

    def tell(self, parts: Collection[Part]) -> None:
        """Tell who follows what of the sandbox is another now."""
        self._changes += 1
        for each in self._subscriptions:
            each.tell(_Change(self.position, parts))

    def clear(self, *, reset: bool = False) -> None:
        """Forget the requests; coverage stays, and numbers go on."""
        self._release()
        self.forgotten = 0
        self.complete = reset
        self._cleared = self._changes + 1
        self.tell({"journal"})

    def close(self) -> None:
        """Forget the requests, and end the streams."""
        self._release()
        self.end_streams()

    def _release(self) -> None:
        for key, _, _ in self._entries:
            self._memory.release(key)
        self._entries.clear()
        self._events.clear()

    def end_streams(self) -> None:
        """End the streams of those who wait for requests."""
        for each in self._subscriptions:
            each.end()

    def entries(self, matches: Callable[[Entry], bool]) -> Iterator[Entry]:
        """The remembered entries that match, oldest first."""
        return filter(matches, [entry for _, entry, _ in self._entries])

    async def wait_for(self, matches: Filter, count: int, timeout_s: float) -> list[Entry]:
        """The entries that match, once there are `count` of them or time is up."""
        with self._subscribe(matches) as coming:
            entries = list(self.entries(matches))
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    while len(entries) < count and (event := await coming.next()):
                        if isinstance(event, _Event):
                            entries.append(event.entry)
        return entries

    async def stream(self, matches: Filter, after: Position | None = None) -> AsyncIterator[bytes]:
        """
        Entries and changes as server-sent events, as they come, those `after` a reader was here
        last among them; a comment now and then keeps it open.
        """
        changed = self._changed_since(after) if after is not None else ()
        since = matches.since if after is None else after.number
        if "journal" in changed or since > self.number:
            # It was counted by a server before this one.
            since = 0
        matches = msgspec.structs.replace(matches, since=since)
        with self._subscribe(matches, follows=True) as coming:
            if changed:
                yield _Change(self.position._replace(number=since), changed).text()
            kept = [(entry, at) for _, entry, at in self._entries if matches(entry)]
            for entry, at in kept:
                event = self._events.setdefault(entry.number, _Event(entry, at))
                yield event.text(bodies=matches.bodies)
                # Others are answered meanwhile.
                await asyncio.sleep(0)
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        news = await coming.next()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if news is None:
                    return
                yield news.text(bodies=matches.bodies)

    def _changed_since(self, reader: Position) -> Collection[Part]:
        """What may be another than when a reader was here last."""
        if reader.journal != self._id or reader.changes < self._cleared:
            return get_args(Part)
        return [] if reader.changes == self._changes else ["customers", "clock", "faults"]

    @contextmanager
    def _subscribe(self, matches: Filter, *, follows: bool = False) -> Iterator[Subscription]:
        subscription = Subscription(matches, follows=follows)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            if not self._subscriptions:
                self._events.clear()


def _verdict(problem: str | None) -> Verdict:
    return VALID if problem is None else Verdict(False, problem)


def _body_problem(route: Route, response: Response) -> str | None:
    if not response.body:
        return "its body is empty"
    try:
        body = bounds.json_tree(response.body)
    except BoundsError as error:
        return f"it cannot be read as JSON: {error}"
    return violation(route, response.status, body)


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
