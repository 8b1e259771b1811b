"""The requests to a sandbox, what it answered and why."""

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from typing import get_args

import msgspec

from mock_server.http.exchange import Request, Response
from mock_server.http.router import Route
from mock_server.observation.coverage import Coverage
from mock_server.observation.entry import Entry, Filter, Json
from mock_server.observation.stream import Change, Event, Part, Position, Subscription

KEPT = 500
"""So many requests are remembered of a sandbox; older ones are forgotten."""
BODY_BYTES = 8192
"""So much of each body is remembered, unless a journal says more."""
ENTRY_BYTES = 2048
"""About what an entry takes beside the texts of its request and its answer."""
MEMORY_BYTES = 256 << 20
"""So much of all requests and answers is remembered in all sandboxes."""
HEARTBEAT_S = 15.0


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
        self._entries: deque[tuple[int, Entry, int]] = deque()
        self._subscriptions: set[Subscription] = set()
        self._id = secrets.token_hex(4)
        """Tells it apart from one that a server before this one kept of the same sandbox."""
        self._changes, self._cleared = 0, 0
        """How often something changed, and had when it was cleared."""
        self._events: dict[int, Event] = {}
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
        size = entry.request.size + len(entry.response.body)
        if len(self._entries) == KEPT:
            self.forget()
        key = self._memory.reserve(self, ENTRY_BYTES + size)
        self._entries.append((key, entry, self._changes))
        if self._subscriptions:
            event = Event(entry, self.position)
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
            each.tell(Change(self.position, parts))

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
                        if isinstance(event, Event):
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
                yield Change(self.position._replace(number=since), changed).text()
            kept = [(entry, changes) for _, entry, changes in self._entries if matches(entry)]
            for entry, changes in kept:
                position = Position(self._id, entry.number, changes)
                event = self._events.setdefault(entry.number, Event(entry, position))
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
