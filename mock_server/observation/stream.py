"""What happens in a sandbox, as server-sent events for those who follow it."""

import asyncio
import re
from collections import deque
from collections.abc import Collection
from typing import Any, Literal, NamedTuple

import msgspec

from mock_server.observation.entry import Entry, Filter

LONGEST_QUEUE = 500
"""Who is so many events behind is given no more."""
Part = Literal["journal", "customers", "clock", "faults"]
"""What of a sandbox can be another than before; of the journal, that it was emptied."""


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


class Event:
    """An entry as a server-sent event, written once for all who get it."""

    def __init__(self, entry: Entry, position: Position) -> None:
        self.entry, self.position = entry, position
        self._texts: dict[bool, bytes] = {}

    def text(self, *, bodies: bool) -> bytes:
        if bodies not in self._texts:
            shown = self.entry.as_json(bodies=bodies)
            self._texts[bodies] = _event(self.position, "request", shown)
        return self._texts[bodies]


class Change:
    """That something of the sandbox is another now; what, one asks for."""

    def __init__(self, position: Position, parts: Collection[Part]) -> None:
        self.position, self.parts = position, parts

    def text(self, **_shown: bool) -> bytes:
        return _event(self.position, "change", {"changed": sorted(self.parts)})


class Subscription:
    """What somebody waits for, handed over as it comes: entries, and for who follows, changes."""

    def __init__(self, filter: Filter, *, follows: bool = False) -> None:
        self.matches, self._follows = filter, follows
        self._pending: deque[Event | Change] = deque()
        self._news = asyncio.Event()
        self._ended = False

    def offer(self, event: Event) -> None:
        """Hand an entry over, if it matches; who is too far behind gets no more."""
        if not self._ended and self.matches(event.entry):
            self._pending.append(event)
            self._news.set()
            if len(self._pending) > LONGEST_QUEUE:
                self.end()

    def tell(self, change: Change) -> None:
        """Hand a change over, together with the one before where nothing came between."""
        if self._ended or not self._follows:
            return
        if self._pending and isinstance(last := self._pending[-1], Change):
            self._pending.pop()
            change = Change(change.position, {*last.parts, *change.parts})
        self._pending.append(change)
        self._news.set()

    def end(self) -> None:
        """End the wait."""
        self._ended = True
        self._news.set()

    async def next(self) -> Event | Change | None:
        """What comes next, once it is there; None when no more will come."""
        while not self._pending and not self._ended:
            self._news.clear()
            await self._news.wait()
        return self._pending.popleft() if self._pending else None


def _event(position: Position, name: str, data: dict[str, Any]) -> bytes:
    text = msgspec.json.encode(data)
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(position).encode(), name.encode(), text)
