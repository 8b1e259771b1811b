"""A world: everybody of a scenario, opened at an instant."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any

from mock_server.http.bounds import MOST_FOLLOWING
from mock_server.worlds.account import Account, Kind, Mistake, Person
from mock_server.worlds.catalogue import Catalogue
from mock_server.worlds.scenario import Scenario
from mock_server.worlds.scenario_text import Place
from mock_server.worlds.seed import Seed
from mock_server.worlds.shapes import MOST_SOUGHT

About = Mapping[str, Any]
"""A customer's name, what makes them worth choosing, and facts for tests."""


class World(Mapping[str, Person]):
    """
    Everybody of a scenario by name, opened at an instant; shared by many sandboxes.

    It makes each record when it is first asked for, and the same one ever after.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        opened_at: datetime,
        catalogue: Catalogue,
        describe: Callable[[Account], About],
        overrides: bytes = b"{}",
    ) -> None:
        self.scenario, self.seed, self.opened_at = scenario, seed, opened_at
        self.overrides = overrides
        """What was laid over the scenario, as JSON."""
        self._describe = describe
        self._records: dict[tuple[str, str], Sequence[Any]] = {}
        self._people = {
            name: Person(
                name,
                plan.description,
                Seed(f"{seed}/{name}"),
                opened_at,
                catalogue,
                plan.holdings,
                self,
                self._all,
            )
            for name, plan in scenario.customers.items()
        }

    def __getitem__(self, name: str) -> Person:
        return self._people[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._people)

    def __len__(self) -> int:
        return len(self._people)

    @cached_property
    def people(self) -> Mapping[str, About]:
        """Everybody at the opening."""
        accounts = (Account(person, self.opened_at) for person in self.values())
        return {account.person.name: self._describe(account) for account in accounts}

    def describe(self, account: Account) -> About:
        """A customer as they are now."""
        return self._describe(account)

    def check(self, kinds: Iterable[Kind[Any, Any]]) -> None:
        """
        Make every record once, to find every mistake.

        Raises:
            ScenarioError: what the scenario says has a mistake in it; every one is told.
        """
        mistakes = [*self.scenario.mistakes, *self.mistakes(tuple(kinds))]
        if mistakes:
            raise self.scenario.places.error(mistakes)

    def mistakes(self, kinds: Collection[Kind[Any, Any]]) -> list[tuple[Place, str]]:
        """The mistakes in holdings that could be read, and in what cannot be made of them."""
        reading, sound = self.scenario.reading, []
        mistakes: list[tuple[Place, str]] = []
        for person in self.values():
            found = (each for kind in kinds for each in _mistakes_of(person, kind))
            own = list(islice(found, MOST_SOUGHT))
            mistakes += [
                (reading.deepest_place(places[0]), text)
                for places, text in own
                if not any(map(reading.is_in_doubt, places))
            ]
            if not own and not reading.is_in_doubt(("customers", person.name)):
                sound.append(person)
            if len(mistakes) >= MOST_SOUGHT:
                return mistakes
        if reading.is_in_doubt(("catalogue",)):
            return mistakes
        leading = [kind for kind in kinds if kind.follow is not None]
        if unmakeable := _unmakeable(sound, leading):
            return mistakes + unmakeable
        if too_many := self._too_many(leading, self.opened_at, sound):
            # What follows from so many is not made.
            return [*mistakes, too_many]
        return mistakes + _unmakeable(sound, [kind for kind in kinds if kind.follow is None])

    def check_size(self, kinds: Iterable[Kind[Any, Any]], now: datetime) -> None:
        """
        Check that charges are few enough to be listed while a client waits.

        Raises:
            ScenarioError: it is too much by then.
        """
        if too_many := self._too_many(kinds, now, self.values()):
            raise self.scenario.places.error([too_many])

    def _too_many(
        self, kinds: Iterable[Kind[Any, Any]], now: datetime, people: Iterable[Person]
    ) -> tuple[Place, str] | None:
        count = sum(
            kind.follow(record, now)
            for person in people
            for kind in kinds
            if kind.follow is not None
            for record in person.all(kind)
        )
        if count <= MOST_FOLLOWING:
            return None
        return ("customers",), (
            f"by {now:%Y-%m} there would be some {count} charges, and {MOST_FOLLOWING} is the"
            " most; let memberships start later, or the clock stand earlier"
        )

    def _all(self, person: Person, kind: Kind[Any, Any]) -> Sequence[Any]:
        key = (person.name, kind.name)
        if key not in self._records:
            self._records[key] = kind.make(person, person.holdings.get(kind.name, {}))
        return self._records[key]


def _mistakes_of(person: Person, kind: Kind[Any, Any]) -> Iterator[tuple[Sequence[Place], str]]:
    """The mistakes in a person's holdings of a kind, with the places that each follows from."""
    for name, holding in person.holdings.get(kind.name, {}).items():
        place = person.place(kind.name, *([] if kind.single else [name]))
        problems: Callable[[Person], Iterable[Mistake]] = getattr(holding, "problems", _none)
        yield from ((each.places(place), each.text) for each in problems(person) if each.text)


def _unmakeable(
    people: Iterable[Person], kinds: Collection[Kind[Any, Any]]
) -> list[tuple[Place, str]]:
    mistakes = []
    for person in people:
        for kind in kinds:
            try:
                person.all(kind)
            except ValueError as error:
                mistakes.append((person.place(kind.name), str(error)))
    return mistakes


def _none(_person: Person) -> Iterable[Mistake]:
    return ()
