"""What can change in a sandbox, and every change as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from mock_server.observation.stream import Part
from mock_server.worlds.clock import Clock
from mock_server.worlds.faults import Fault
from mock_server.worlds.world import World

Json = dict[str, Any]
_NONE: Mapping[str, Any] = MappingProxyType({})
"""Shared: a hundred thousand sandboxes need no dictionary each."""


@dataclass(frozen=True, slots=True)
class State:
    """A sandbox at one moment."""

    world: World
    clock: Clock
    decisions: Mapping[str, Mapping[str, bool]] = field(default_factory=lambda: _NONE)
    """Persona → preference id → whether they opted in, since the opening."""
    faults: tuple[Fault, ...] = ()
    """What goes wrong on demand."""

    def differs_from(self, other: "State") -> set[Part]:
        """What of a sandbox is another in this state."""
        parts: tuple[tuple[Part, bool], ...] = (
            ("customers", self.world is not other.world or self.decisions is not other.decisions),
            ("clock", self.clock is not other.clock),
            ("faults", self.faults is not other.faults),
        )
        return {part for part, differs in parts if differs}


class Change(Protocol):
    """A step from one state of a sandbox to the next; a new kind of change is a new class."""

    def applied_to(self, state: State, opening: State) -> State:
        """The state after it, `opening` being the one that the sandbox was opened in."""

    def as_json(self) -> Json | None:
        """As the journal shows it beside the request that made it; None keeps it out."""


class Unlisted:
    """A change that the journal does not show."""

    __slots__ = ()

    def as_json(self) -> None:
        """Nothing."""
        return


@dataclass(frozen=True, slots=True)
class Decided:
    """A customer opted in to a marketing preference, or out of it."""

    persona: str
    preference_id: str
    opted_in: bool

    def applied_to(self, state: State, _opening: State) -> State:
        """The state after it."""
        own = {**state.decisions.get(self.persona, {}), self.preference_id: self.opted_in}
        return replace(state, decisions={**state.decisions, self.persona: own})

    def as_json(self) -> Json:
        """Who decided what."""
        return {
            "persona": self.persona,
            "preference_id": self.preference_id,
            "opted_in": self.opted_in,
        }


@dataclass(frozen=True, slots=True)
class ClockSet(Unlisted):
    """The clock shows another time, or stands still, or runs."""

    clock: Clock

    def applied_to(self, state: State, _opening: State) -> State:
        """The state after it."""
        return replace(state, clock=self.clock)


@dataclass(frozen=True, slots=True)
class FaultsSet(Unlisted):
    """Faults were added, removed, or counted."""

    faults: tuple[Fault, ...]

    def applied_to(self, state: State, _opening: State) -> State:
        """The state after it."""
        return replace(state, faults=self.faults)


@dataclass(frozen=True, slots=True)
class WorldSet:
    """Customers hold something else, or the scenario is another; who is still there decides on."""

    world: World
    persona: str | None
    """Whose holdings changed; None where everybody's did."""
    text: str
    """What was changed, in words."""
    forgets_decisions: bool = False
    """Whether what the persona opted in to is now as the world says."""

    def applied_to(self, state: State, _opening: State) -> State:
        """The state after it."""
        forgotten = {self.persona} if self.forgets_decisions else set()
        remaining = {who: own for who, own in state.decisions.items() if who in self.world}
        return replace(
            state,
            world=self.world,
            decisions={who: own for who, own in remaining.items() if who not in forgotten},
        )

    def as_json(self) -> Json:
        """What was changed, and whose."""
        return {"persona": self.persona, "text": self.text}


@dataclass(frozen=True, slots=True)
class Reset(Unlisted):
    """Everything is as it was at the opening."""

    def applied_to(self, _state: State, opening: State) -> State:
        """The state after it."""
        return opening
