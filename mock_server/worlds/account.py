"""One customer at one instant: all that a handler gets, and so all that it can show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from mock_server.worlds.catalogue import Catalogue
from mock_server.worlds.scenario_text import Place
from mock_server.worlds.seed import Seed

H = TypeVar("H")
R = TypeVar("R")


class Mistake(NamedTuple):
    """A mistake that a scenario may make in a holding."""

    text: str | None
    """What is wrong; None if nothing is."""
    on: tuple[str | Place, ...]
    """
    What it follows from: fields of the holding, reported at the first, and places elsewhere in the
    scenario. Nothing follows from what is itself a mistake.
    """

    def at_place(self, place: Place) -> "Mistake":
        """The same mistake, for a holding at a place of the scenario."""
        return Mistake(self.text, self.places(place))

    def places(self, place: Place) -> tuple[Place, ...]:
        """What it follows from, where the holding stands at a place."""
        return tuple((*place, each) if isinstance(each, str) else each for each in self.on)


@dataclass(frozen=True, slots=True)
class Kind(Generic[H, R]):
    """A kind of record that people hold."""

    name: str
    """Its key in a scenario file."""
    holding: type[H]
    """What a scenario says of it: a msgspec Struct."""
    make: Callable[["Person", Mapping[str, H]], Sequence[R]]
    """Every record of this kind that a person has, in the API's order; may be lazy."""
    state: str | None = None
    """The holding's field that the name fills where a scenario gives only a count."""
    single: bool = False
    """Whether a person has one holding of it, written without a name."""
    cost: int = 1
    """What a record weighs against `MOST_RECORDS`: 0 where it is made only when asked for."""
    follow: Callable[[R, datetime], int] | None = None
    """About how many other records follow from one up to an instant; None where none do."""


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as a scenario describes them, before any request."""

    name: str
    """The persona, for example `ada`."""
    description: str
    seed: Seed
    opened_at: datetime
    """When the world was made: relative dates of the scenario count from here."""
    catalogue: Catalogue
    holdings: Mapping[str, Mapping[str, Any]]
    """Kind name → holding name → holding."""
    personas: Mapping[str, "Person"]
    """Everybody of the same world, for what two people share."""
    make: Callable[["Person", Kind[Any, Any]], Sequence[Any]]
    """The records of a kind: the world's, which makes them once."""

    @property
    def customer_id(self) -> str:
        return self.seed.child("customer").uuid()

    def place(self, *names: str) -> Place:
        """Where the scenario says something of this customer."""
        return ("customers", self.name, *names)

    def all(self, kind: Kind[H, R]) -> Sequence[R]:
        """Every record of a kind, as it stood when the world was opened."""
        return self.make(self, kind)


@dataclass(frozen=True, slots=True)
class Consent:
    """A change: whether a marketing preference is opted in to."""

    preference_id: str
    opted_in: bool


def _read_only(change: Consent) -> None:
    raise TypeError(f"nobody takes {change}")


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's view of their own data for the length of one request."""

    person: Person
    now: datetime
    consents: Mapping[str, bool] = field(default_factory=dict)
    """Preference id → whether they opted in, where they decided since the opening."""
    apply: Callable[[Consent], None] = _read_only
    """Makes a change; making it again changes nothing more."""

    @property
    def customer_id(self) -> str:
        return self.person.customer_id

    def all(self, kind: Kind[H, R]) -> Sequence[R]:
        """Every record of a kind, as it stood when the world was opened."""
        return self.person.all(kind)
