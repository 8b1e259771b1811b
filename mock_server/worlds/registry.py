"""Every sandbox of the server: which there are, and the one that a request lives in."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mock_server.http import problems
from mock_server.http.problems import Problem
from mock_server.http.router import Route
from mock_server.observation.coverage import Coverage
from mock_server.observation.journal import MEMORY_BYTES, MemoryBudget
from mock_server.worlds import snapshot
from mock_server.worlds.changes import State
from mock_server.worlds.clock import machine_now
from mock_server.worlds.faults import problem_of
from mock_server.worlds.open_sandboxes import OpenSandboxes
from mock_server.worlds.opening import Opening, Worlds
from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.shard import Shard
from mock_server.worlds.snapshot import Snapshot, SnapshotError
from mock_server.worlds.storage import Storage, StorageError
from mock_server.worlds.tokens import DEFAULT_SANDBOX


@dataclass(frozen=True, slots=True)
class Limits:
    """What protects the server from sandboxes that nobody closes."""

    most: int = 100_000
    """How many may be open beside the default one."""
    idle_s: float | None = None
    """After how many seconds without a request one is closed; None keeps them all."""
    journal_bytes: int = MEMORY_BYTES
    """What the journals of all of them may take."""


class Sandboxes:
    """The sandboxes by id; `default` is there from the start and always."""

    def __init__(
        self,
        default: Opening,
        worlds: Worlds,
        operations: Sequence[Route] = (),
        limits: Limits | None = None,
        storage: Storage | None = None,
        shard: Shard | None = None,
    ) -> None:
        self.default, self._limits, self._storage = default, limits or Limits(), storage
        self._shard = shard or Shard()
        self._memory = MemoryBudget(self._limits.journal_bytes)
        self.operations = operations
        """Those of the My Account API."""
        self.worlds = worlds
        self._open = OpenSandboxes()
        self._closed_coverage = Coverage()
        self.problem: str | None = None
        """Why changed files are not served, where they are watched."""
        self.upstream: str | None = None
        """The real implementation that requests are forwarded to, where they are."""
        first = worlds.initial_state(default, default.now or machine_now())
        self._open.put(self._sandbox(DEFAULT_SANDBOX, first))
        if storage:
            self._resume(storage, first)
            storage.begin()

    def _resume(self, storage: Storage, first: State) -> None:
        for id, saved in storage.all():
            if id != DEFAULT_SANDBOX or _is_same_start(saved, first):
                try:
                    self._open.put(self.restore(saved, id, resumed=True))
                except SnapshotError as error:
                    raise storage.unusable(id, error) from None

    def create(self, opening: Opening) -> Sandbox:
        """
        Make a sandbox; nobody can reach it until it is added.

        Raises:
            ScenarioError: the scenario or what is laid over it cannot be used.
            ClockError: no clock shows that time.
            Problem: 503, there are as many as there may be.
        """
        self._make_room()
        return self._sandbox(self._shard.new_id(), self.worlds.initial_state(opening))

    def add(self, sandbox: Sandbox) -> None:
        """
        Make a sandbox reachable, in place of any other with its id.

        Raises:
            Problem: 500, it could not be kept and is not there.
        """
        before = self._open.get(sandbox.id)
        self._open.put(sandbox)
        try:
            self._persist(sandbox)
        except Problem:
            self._open.remove(sandbox.id)
            if before is not None:
                self._open.put(before)
            raise
        if before is not None:
            before.close()

    def take_over(self, earlier: "Sandboxes") -> None:
        """
        Go on with all sandboxes of another registry, in worlds made of what this one has read.

        Raises:
            ScenarioError: one of their scenarios cannot be used any more; nothing has changed then.
        """
        moved = [
            (each, self.worlds.reread(each.opening), self.worlds.reread(each.state))
            for each in earlier._open
        ]
        self._storage, self._memory = earlier._storage, earlier._memory
        self._open, self._closed_coverage = earlier._open, earlier._closed_coverage
        for sandbox, opening, state in moved:
            sandbox.move(opening, state, self._persist)

    def _make_room(self) -> None:
        self._close_idle()
        if len(self._open) > self._limits.most:
            raise problems.unavailable(
                f"{self._limits.most} sandboxes are open, and no more may be; close some, or"
                " start the server with another --max-sandboxes."
            )

    def restore(self, saved: Snapshot, id: str | None = None, *, resumed: bool = False) -> Sandbox:
        """
        A sandbox as it was saved, under an id of its own or this one; `resumed` is whether its
        clock ran on meanwhile. Nobody can reach it until it is added.

        Raises:
            SnapshotError: it cannot be had in this version of the mock.
            Problem: 503, there are as many as there may be.
        """
        if id is None:
            self._make_room()
        mistake = problem_of([each.spec for each in saved.faults], self.operations)
        if mistake is None and len({each.id for each in saved.faults}) < len(saved.faults):
            mistake = "two faults have the same id"
        if mistake is not None:
            raise SnapshotError(f"a snapshot that cannot be opened: {mistake}")
        opening, state = self.worlds.restore(saved, resumed=resumed)
        return self._sandbox(id or self._shard.new_id(), opening, state)

    def _sandbox(self, id: str, opening: State, state: State | None = None) -> Sandbox:
        return Sandbox(id, opening, state=state, persist=self._persist, memory=self._memory)

    def _persist(self, sandbox: Sandbox) -> None:
        """
        Save a sandbox as it is, if persistence is on.

        Raises:
            Problem: 500, it could not be written.
        """
        if self._storage is None or sandbox.id not in self._open:
            return
        try:
            self._storage.save(sandbox.id, snapshot.snapshot_of(sandbox))
        except StorageError as error:
            raise problems.internal(
                f"Nothing was changed, for a restart would undo it: {error}."
            ) from None

    def __iter__(self) -> Iterator[Sandbox]:
        self._close_idle()
        return iter(self._open)

    def get(self, id: str) -> Sandbox:
        """
        A sandbox by its id.

        Raises:
            Problem: 404, there is none; 421, it is another shard's.
        """
        sandbox = self.find(id)
        self.check_shard(id)
        if sandbox is None:
            raise problems.not_found(f"There is no sandbox '{id[:80]}'.")
        return sandbox

    def check_shard(self, id: str) -> None:
        """
        Refuse the id of another shard's sandbox.

        Raises:
            Problem: 421, with the shard that it belongs to.
        """
        if owner := self._shard.owner_of(id):
            raise problems.misdirected(self._shard.number, owner, self._shard.count)

    def find(self, id: str) -> Sandbox | None:
        """A sandbox by its id, or None. Finding it counts as using it."""
        if self._limits.idle_s is None:
            return self._open.get(id)
        self._close_idle()
        if id in self._open:
            self._open.touch(id)
        return self._open.get(id)

    def _close_idle(self) -> None:
        """Close sandboxes that were idle for too long."""
        if self._limits.idle_s is None:
            return
        while idle := self._open.longest_idle(self._limits.idle_s):
            with suppress(Problem):
                self._delete(idle)
            self._close(idle)

    def close(self, id: str) -> None:
        """
        Forget a sandbox and everything in it.

        Raises:
            Problem: 403 for the default one, 404 where there is none, 500 where it would be back
                after a restart; it is open then.
        """
        if id == DEFAULT_SANDBOX:
            raise problems.forbidden("The default sandbox cannot be closed; reset it instead.")
        sandbox = self.get(id)
        self._delete(sandbox)
        self._close(sandbox)

    def _delete(self, sandbox: Sandbox) -> None:
        if self._storage is not None:
            try:
                self._storage.delete(sandbox.id)
            except StorageError as error:
                raise problems.internal(
                    f"It stays open, for a restart would open it again: {error}."
                ) from None

    def _close(self, sandbox: Sandbox) -> None:
        self._open.remove(sandbox.id)
        if sandbox.coverage is not None:
            self._closed_coverage.add(sandbox.coverage)
        sandbox.close()

    def end_streams(self) -> None:
        """End all streams, since the server is ending."""
        for sandbox in self._open:
            sandbox.end_streams()

    @property
    def coverage(self) -> Coverage:
        """What clients have covered in all sandboxes, closed ones included."""
        total = Coverage()
        total.add(self._closed_coverage)
        for sandbox in self._open:
            if sandbox.coverage is not None:
                total.add(sandbox.coverage)
        return total


def _is_same_start(saved: Snapshot, first: State) -> bool:
    """Whether a saved default sandbox has the scenario and seed that this server starts with."""
    return (saved.scenario.name, saved.seed) == (first.world.scenario.name, first.world.seed)


def base_path(sandbox: Sandbox) -> str:
    """The path under which even a request without a token lives in the sandbox."""
    return "" if sandbox.id == DEFAULT_SANDBOX else f"/@{sandbox.id}"
