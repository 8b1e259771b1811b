"""Worlds as sandboxes are opened with them: each made once for all that are opened alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from mock_server.worlds import scenario
from mock_server.worlds.account import Account
from mock_server.worlds.catalogue import Catalogue
from mock_server.worlds.changes import State, WorldSet
from mock_server.worlds.clock import Clock, ClockError, machine_now
from mock_server.worlds.scenario import Kinds, ScenarioError, Source
from mock_server.worlds.scenario_text import Place
from mock_server.worlds.snapshot import Snapshot, SnapshotError
from mock_server.worlds.world import About, World

_KEPT = 256
_SHARED_S = 10
"""Sandboxes with running clocks that are opened within so many seconds share a world."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a sandbox is opened with."""

    scenario: str | Source
    """A name, a file, or the document itself."""
    seed: int
    now: datetime | None = None
    """Where its clock stands still; None lets it run with real time."""
    overrides: Mapping[str, Any] = field(default_factory=dict)


class Worlds:
    """Makes worlds and caches them."""

    def __init__(
        self, kinds: Kinds, catalogue: Catalogue, describe: Callable[[Account], About]
    ) -> None:
        self.kinds = kinds.values()

        @lru_cache(_KEPT)
        def build(
            source: str | Source,
            seed: int,
            opened_at: datetime,
            overrides: bytes,
            within: Place = (),
        ) -> World:
            loaded = scenario.read(source, kinds, msgspec.json.decode(overrides), within)
            world = World(loaded, seed, opened_at, loaded.catalogue, describe, overrides)
            world.check(kinds.values())
            return world

        self._build = build

    def world(
        self,
        source: str | Source,
        seed: int,
        opened_at: datetime,
        overrides: Mapping[str, Any],
        within: Place = (),
    ) -> World:
        """
        Everybody of a scenario; mistakes in the overrides are told from `within` on.

        Raises:
            ScenarioError: the scenario or what is laid over it cannot be used.
        """
        laid_over = msgspec.json.encode(overrides, order="sorted")
        return self._build(source, seed, opened_at, laid_over, within)

    def initial_state(self, opening: Opening, at: datetime | None = None) -> State:
        """
        The state in which a sandbox begins, `at` an instant if not now.

        Raises:
            ScenarioError: the scenario or what is laid over it cannot be used.
            ClockError: no clock shows that time.
        """
        since = None if opening.now else machine_now()
        at = at or opening.now or _rounded_now()
        clock = Clock(at.astimezone(UTC).replace(microsecond=0), since=since)
        world = self.world(opening.scenario, opening.seed, clock.base, opening.overrides)
        return State(world, clock)

    def restore(self, saved: Snapshot, *, resumed: bool) -> tuple[State, State]:
        """
        The first and the latest state of a saved sandbox; `resumed` is whether its clock ran on.

        Raises:
            SnapshotError: it cannot be had in this version of the mock.
        """
        try:
            first, clock = saved.clocks(resumed=resumed)
            opened_at = saved.opened.astimezone(UTC)
            world = first_world = self.world(saved.source, saved.seed, opened_at, saved.overrides)
            if begun := saved.begun_as:
                source = Source(begun.scenario.name, begun.scenario.text)
                first_world = self.world(source, begun.seed, world.opened_at, begun.overrides)
            world.check_size(self.kinds, clock.now())
            for each in saved.decisions:
                world[each.persona]
        except KeyError as error:
            raise SnapshotError(f"a snapshot that names an unknown {error}") from None
        except (ScenarioError, ClockError) as error:
            raise SnapshotError(f"a snapshot that cannot be opened: {error}") from None
        state = State(world, clock, saved.decided, tuple(saved.faults))
        return State(first_world, first), state

    def reread(self, state: State) -> State:
        """
        A state with its world read again from its source.

        Raises:
            ScenarioError: its scenario cannot be used any more.
        """
        world = state.world
        source = world.scenario.reread_from
        new = self._build(source, world.seed, world.opened_at, world.overrides)
        return WorldSet(new, None, "reloaded").applied_to(state, state)


def _rounded_now() -> datetime:
    """The current time, rounded down to ten seconds."""
    # Sandboxes opened within them share a world, which takes far longer to make than a sandbox.
    now = machine_now()
    return now - timedelta(seconds=now.second % _SHARED_S)
