"""A sandbox as one JSON document: everything it takes to have the same one elsewhere."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from mock_server.http import bounds
from mock_server.http.bounds import LARGEST_NUMBER, MOST_FAULTS, BoundsError
from mock_server.http.errors import UserError
from mock_server.worlds.clock import EARLIEST, LATEST, OUT_OF_BOUNDS, Clock, ClockError, machine_now
from mock_server.worlds.faults import Fault
from mock_server.worlds.moments import Duration
from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.scenario import Source
from mock_server.worlds.world import World

FORMAT: Literal["my-account-snapshot"] = "my-account-snapshot"
VERSION: Literal[1] = 1
LARGEST_FILE = 16 << 20


class SnapshotError(UserError):
    """A document that no sandbox can be made of; the message says why."""


Instant = Annotated[datetime, Meta(tz=True)]


class ClockState(Struct, frozen=True, forbid_unknown_fields=True):
    """A saved clock: its base, what it was advanced by, and since when it runs by the machine's."""

    base: Instant
    months: int
    seconds: float
    since: Instant | None


class ScenarioText(Struct, frozen=True, forbid_unknown_fields=True):
    """The scenario it was opened with, whole, so that nothing else is needed."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    text: str


class WorldText(Struct, frozen=True, forbid_unknown_fields=True):
    """What a world is made of."""

    scenario: ScenarioText
    seed: Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
    overrides: dict[str, Any]


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """A marketing preference that was decided since the opening."""

    persona: str
    preference_id: str
    opted_in: bool


class Snapshot(Struct, frozen=True, forbid_unknown_fields=True):
    """`Snapshot` of the control document."""

    format: Literal["my-account-snapshot"]
    version: Literal[1]
    saved_at: Instant
    """By the machine's clock."""
    scenario: ScenarioText
    seed: Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
    overrides: dict[str, Any]
    opened: Instant
    first_clock: ClockState
    """What a reset goes back to."""
    clock: ClockState
    decisions: list[Decision]
    faults: Annotated[list[Fault], Meta(max_length=MOST_FAULTS)]
    begun_as: WorldText | None = None
    """What a reset goes back to, where the world was changed since the opening."""

    @property
    def source(self) -> Source:
        """The scenario's text, under its name."""
        return Source(self.scenario.name, self.scenario.text)

    @property
    def decided(self) -> Mapping[str, Mapping[str, bool]]:
        """Persona → preference id → whether they opted in."""
        decided: dict[str, dict[str, bool]] = {}
        for each in self.decisions:
            decided.setdefault(each.persona, {})[each.preference_id] = each.opted_in
        return decided

    def clocks(self, *, resumed: bool) -> tuple[Clock, Clock]:
        """
        The first clock and the one it had; a running one goes on where it was when it was saved,
        or, `resumed`, as if it had never stopped.

        Raises:
            ClockError: it shows a time that no clock shows.
        """
        passed = machine_now() - self.saved_at if not resumed else timedelta()
        try:
            clocks = _clock(self.first_clock, passed), _clock(self.clock, passed)
            since = [each.since for each in clocks if each.since]
            shown = [self.opened, *since, *(each.now() for each in clocks)]
        except (OverflowError, ValueError):
            raise ClockError(OUT_OF_BOUNDS) from None
        if not all(EARLIEST <= instant <= LATEST for instant in shown):
            raise ClockError(OUT_OF_BOUNDS)
        return clocks


def snapshot_of(sandbox: Sandbox) -> Snapshot:
    """A sandbox as it is now."""
    world, text = sandbox.world, _text_of(sandbox.world)
    return Snapshot(
        FORMAT,
        VERSION,
        machine_now(),
        text.scenario,
        text.seed,
        text.overrides,
        world.opened_at,
        _clock_state(sandbox.opening.clock),
        _clock_state(sandbox.clock),
        [
            Decision(persona, id, opted_in)
            for persona, own in sandbox.state.decisions.items()
            for id, opted_in in own.items()
        ],
        list(sandbox.faults),
        _text_of(sandbox.opening.world) if sandbox.opening.world is not world else None,
    )


def initial_snapshot_of(sandbox: Sandbox) -> Snapshot:
    """A sandbox as it was opened."""
    now, begun = snapshot_of(sandbox), _text_of(sandbox.opening.world)
    return replace(
        now,
        scenario=begun.scenario,
        seed=begun.seed,
        overrides=begun.overrides,
        clock=now.first_clock,
        decisions=[],
        faults=[],
        begun_as=None,
    )


def _text_of(world: World) -> WorldText:
    scenario = ScenarioText(world.scenario.name, world.scenario.source.text)
    return WorldText(scenario, world.seed, msgspec.json.decode(world.overrides))


def read(document: Any) -> Snapshot:
    """
    Check a decoded snapshot.

    Raises:
        SnapshotError: it is none, or of another version.
    """
    fields = document if isinstance(document, dict) else {}
    if fields.get("format") != FORMAT:
        raise SnapshotError(f'not a snapshot: it has no "format": "{FORMAT}"')
    if fields.get("version") != VERSION:
        raise SnapshotError(
            f"a snapshot of version {fields.get('version')}; this mock reads version {VERSION}"
        )
    try:
        return msgspec.convert(document, Snapshot)
    except (msgspec.ValidationError, OverflowError) as error:
        raise SnapshotError(f"a broken snapshot: {error}") from None


def from_file(file: Path) -> Snapshot:
    """
    Read the snapshot that a file holds.

    Raises:
        SnapshotError: it holds none, or cannot be read.
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(LARGEST_FILE + 1)
        if len(text) > LARGEST_FILE:
            raise SnapshotError(f"longer than {LARGEST_FILE} bytes, which no snapshot is")
        return decode(text)
    except OSError as error:
        raise SnapshotError(f"{file} cannot be read: {error.strerror}") from None
    except SnapshotError as error:
        raise SnapshotError(f"{file} is {error}") from None


def decode(text: bytes) -> Snapshot:
    """
    Read a snapshot.

    Raises:
        SnapshotError: it is none, or of another version.
    """
    try:
        return read(bounds.json_values(text))
    except BoundsError as error:
        raise SnapshotError(f"not a snapshot: {error}") from None


def _clock_state(clock: Clock) -> ClockState:
    return ClockState(clock.base, clock.months, 0, clock.since)


def _clock(state: ClockState, passed: timedelta) -> Clock:
    since = state.since + passed if state.since else None
    if not state.seconds:
        return Clock(state.base, state.months, since)
    # Of a version that kept the time apart, too, and added the months first.
    advanced = Duration(state.months, timedelta(seconds=state.seconds))
    return Clock(advanced.after(state.base), since=since)
