"""The sandboxes that can be reached, and when each was last used."""

import time
from collections import OrderedDict
from collections.abc import Iterator

from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.tokens import DEFAULT_SANDBOX


class OpenSandboxes:
    """Sandboxes by id, the one used last standing last; `default` is always among them."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, Sandbox] = OrderedDict()
        self._used_s: dict[str, float] = {}
        """When each was last used, by the monotonic clock."""

    def __iter__(self) -> Iterator[Sandbox]:
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, id: str) -> bool:
        return id in self._by_id

    def get(self, id: str) -> Sandbox | None:
        """A sandbox by its id; this alone is no use of it."""
        return self._by_id.get(id)

    def put(self, sandbox: Sandbox) -> None:
        """Add a sandbox, in place of any other with its id."""
        self._by_id[sandbox.id] = sandbox
        self._used_s[sandbox.id] = time.monotonic()

    def remove(self, id: str) -> None:
        """Take a sandbox out."""
        del self._by_id[id], self._used_s[id]

    def touch(self, id: str) -> None:
        """Note that a sandbox is used."""
        self._used_s[id] = time.monotonic()
        self._by_id.move_to_end(id)

    def longest_idle(self, idle_s: float) -> Sandbox | None:
        """The one unused for longest, if for more than so many seconds; never the default one."""
        used_before = time.monotonic() - idle_s
        first = next(iter(self._by_id.values()))
        if first.id == DEFAULT_SANDBOX and self._used_s[first.id] < used_before:
            self.touch(DEFAULT_SANDBOX)
            first = next(iter(self._by_id.values()))
        return first if self._used_s[first.id] < used_before else None
