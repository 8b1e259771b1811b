"""A world: everybody of a scenario, opened at an instant."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from mock_server.http.bounds import MOST_FOLLOWING
from mock_server.worlds.account import Account, Kind, Person
from mock_server.worlds.catalogue import Catalogue
from mock_server.worlds.scenario import Scenario
from mock_server.worlds.scenario_text import Place
from mock_server.worlds.seed import Seed

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
        opened: datetime,
        catalogue: Catalogue,
        about: Callable[[Account], About],
        overrides: bytes = b"{}",
    ) -> None:
        self.scenario, self.seed, self.opened = scenario, seed, opened
        self.overrides = overrides
        """What was laid over the scenario, as JSON."""
        self._about = about
        self._records: dict[tuple[str, str], Sequence[Any]] = {}
        self._people = {
            name: Person(
                name,
                plan.description,
                Seed(f"{seed}/{name}"),
                opened,
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
        accounts = (Account(person, self.opened) for person in self.values())
        return {account.person.name: self._about(account) for account in accounts}

    def about(self, account: Account) -> About:
        """A customer as they are now."""
        return self._about(account)

    def check(self, kinds: Iterable[Kind[Any, Any]]) -> None:
        """
        Make everything once, to find all that cannot be made.

        Raises:
            ScenarioError: something refers to what does not exist, or a date is no date.
        """
        known = tuple(kinds)
        leading = [kind for kind in known if kind.follow is not None]
        mistakes = self.mistakes(known, leading)
        if not mistakes:
            # Before what follows is made.
            self.check_size(leading, self.opened)
            mistakes = self.mistakes(known, known)
        if mistakes:
            raise self.scenario.places.error(mistakes)

    def mistakes(
        self, kinds: Collection[Kind[Any, Any]], made: Iterable[Kind[Any, Any]]
    ) -> list[tuple[Place, str]]:
        """What of these kinds is wrong, or else cannot be `made`: its place, and why."""
        found = [each for person in self.values() for each in _mistakes(person, kinds)]
        return found or [each for person in self.values() for each in _unmakeable(person, made)]

    def check_size(self, kinds: Iterable[Kind[Any, Any]], now: datetime) -> None:
        """
        See that all that follows from memberships can be told while a client waits.

        Raises:
            ScenarioError: it is too much by then.
        """
        count = sum(
            kind.follow(record, now)
            for kind in kinds
            if kind.follow is not None
            for person in self.values()
            for record in person.all(kind)
        )
        if count > MOST_FOLLOWING:
            what = (
                f"by {now:%Y-%m} there would be some {count} charges, and {MOST_FOLLOWING} is the"
                " most; let memberships start later, or the clock stand earlier"
            )
            raise self.scenario.places.error([(("customers",), what)])

    def _all(self, person: Person, kind: Kind[Any, Any]) -> Sequence[Any]:
        key = (person.name, kind.name)
        if key not in self._records:
            self._records[key] = kind.make(person, person.holdings.get(kind.name, {}))
        return self._records[key]


def _mistakes(person: Person, kinds: Iterable[Kind[Any, Any]]) -> Iterator[tuple[Place, str]]:
    for kind in kinds:
        for name, holding in person.holdings.get(kind.name, {}).items():
            place = ("customers", person.name, kind.name, *([] if kind.single else [name]))
            yield from ((place, problem) for problem in _problems(holding, person) if problem)


def _unmakeable(person: Person, kinds: Iterable[Kind[Any, Any]]) -> Iterator[tuple[Place, str]]:
    for kind in kinds:
        try:
            person.all(kind)
        except ValueError as error:
            yield ("customers", person.name, kind.name), str(error)


def _problems(holding: Any, person: Person) -> Iterable[str | None]:
    problems: Callable[[Person], Iterable[str | None]] = getattr(holding, "problems", _none)
    return problems(person)


def _none(_person: Person) -> Iterable[str | None]:
    return ()
