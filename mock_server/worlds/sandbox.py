"""Worlds: a scenario opened at an instant, and the sandboxes that live in it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mock_server.http import problems
from mock_server.http.exchange import Answer, Request, Response
from mock_server.http.router import Route
from mock_server.observation.journal import Journal
from mock_server.worlds import tokens
from mock_server.worlds.account import Account, Kind, Person
from mock_server.worlds.catalogue import Catalogue
from mock_server.worlds.clock import Clock
from mock_server.worlds.faults import Fault
from mock_server.worlds.scenario import Scenario
from mock_server.worlds.seed import Seed
from mock_server.worlds.tokens import Token


class World(Mapping[str, Person]):
    """Everybody of a scenario, opened at an instant: never changes, shared by many sandboxes."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        opened: datetime,
        catalogue: Catalogue,
        overrides: bytes = b"{}",
    ) -> None:
        self.scenario, self.seed, self.opened, self._catalogue = scenario, seed, opened, catalogue
        self.overrides = overrides
        """What was laid over the scenario, as JSON."""
        self._people: dict[str, Person] = {}
        self.facts: dict[str, Mapping[str, Any]] = {}
        """What each customer has at the opening, once somebody asked."""

    def __getitem__(self, name: str) -> Person:
        if name not in self._people:
            plan = self.scenario.customers[name]
            seed = Seed(f"{self.seed}/{name}")
            self._people[name] = Person(
                name, plan.description, seed, self.opened, self._catalogue, plan.holdings, self
            )
        return self._people[name]

    def check(self, kinds: Iterable[Kind[Any, Any]]) -> None:
        """
        Make everything once, to find what cannot be made.

        Raises:
            ScenarioError: something refers to what does not exist, or a date is no date.
        """
        for who, person in self.items():
            for kind in kinds:
                for name, holding in person.holdings.get(kind.name, {}).items():
                    place = ("customers", who, kind.name, *([] if kind.single else [name]))
                    for wrong in filter(None, _problems(holding, person)):
                        raise self.scenario.source.error(wrong, place)
                try:
                    person.all(kind)
                except ValueError as error:
                    place = ("customers", who, kind.name)
                    raise self.scenario.source.error(str(error), place) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.scenario.customers)

    def __len__(self) -> int:
        return len(self.scenario.customers)


def _problems(holding: Any, person: Person) -> Iterable[str | None]:
    problems: Callable[[Person], Iterable[str | None]] = getattr(holding, "problems", _none)
    return problems(person)


def _none(_person: Person) -> Iterable[str | None]:
    return ()


@dataclass(frozen=True, slots=True)
class Staff:
    """A caller with a staff token."""

    name: str


Caller = Account | Staff
PlantedFault = Callable[[Request, Answer, "Sandbox"], Response]
"""Answers in place of the right `Answer`, which it may ask."""


@dataclass(slots=True)
class Sandbox:
    """A world of one's own: a shared scenario, a clock, and what was changed since."""

    id: str
    world: World
    clock: Clock
    breakages: Mapping[str, PlantedFault] = field(default_factory=dict)
    """What was broken in it on purpose, by the breakage's id."""
    faults: Sequence[Fault] = ()
    """What goes wrong in it on demand."""
    journal: Journal | None = None
    """What was asked of it; None before the first request."""
    used_s: float = 0.0
    """When somebody last asked for it, on a clock that only measures."""
    _consents: dict[str, dict[str, bool]] = field(default_factory=dict)
    first_clock: Clock = field(init=False)
    """What a reset goes back to."""

    def __post_init__(self) -> None:
        self.first_clock = self.clock

    def account(self, name: str) -> Account:
        """A customer as they are now."""
        consents = self._consents.setdefault(name, {})
        return Account(self.world[name], self.clock.now(), consents)

    def accounts(self) -> Iterator[Account]:
        """Every customer of the sandbox, as they are now."""
        return map(self.account, self.world)

    def token(self, role: tokens.Role, name: str) -> str:
        """A token that opens this sandbox."""
        return str(Token(self.id, role, name))

    def mint(self, name: str, expires: datetime | None) -> str:
        """A customer's token that is good until an instant."""
        return str(Token(self.id, "customer", name, expires))

    @property
    def seed(self) -> Seed:
        """Where what is drawn in it is drawn from."""
        return Seed(f"{self.world.seed}/sandbox")

    def decide(self, name: str, preference_id: str, opted_in: bool) -> None:
        """Let a customer have opted in or out."""
        self._consents.setdefault(name, {})[preference_id] = opted_in

    def decisions(self) -> dict[tuple[str, str], bool]:
        """What everybody opted in to (true) and out of (false) since it was opened."""
        return {
            (name, id): opted_in
            for name, consents in self._consents.items()
            for id, opted_in in consents.items()
        }

    def changes_since(self, before: Mapping[tuple[str, str], bool]) -> list[dict[str, Any]]:
        """What was decided otherwise since the `decisions` were these."""
        return [
            {"persona": name, "preference_id": id, "opted_in": opted_in}
            for (name, id), opted_in in self.decisions().items()
            if before.get((name, id)) != opted_in
        ]

    def record(
        self,
        route: Route | None,
        request: Request,
        response: Response,
        changes: list[dict[str, Any]],
    ) -> None:
        """Note a request in the journal."""
        if self.journal is None:
            self.journal = Journal()
        persona, role = self._spoken_for(request.headers.get("authorization"))
        self.journal.record(self.clock.now(), route, persona, role, request, response, changes)

    def _spoken_for(self, authorization: str | None) -> tuple[str | None, str | None]:
        """The persona and the role that a token names, good or not."""
        if authorization is None:
            return None, None
        token = tokens.parse(authorization.rpartition(" ")[2])
        if token is None or token.sandbox != self.id:
            return None, "unknown"
        if token.role == "staff":
            return None, "staff"
        if token.name not in self.world.scenario.customers:
            return None, "unknown"
        over = token.expires is not None and token.expires <= self.clock.now()
        return token.name, "expired" if over else token.role

    def reset(self) -> None:
        """Back to what the scenario says, and to the time it was opened with."""
        self._consents.clear()
        self.faults = ()
        if self.journal is not None:
            self.journal.clear(reset=True)
        self.clock = self.first_clock

    def caller(self, authorization: str | None) -> Caller:
        """
        Who speaks, by the Authorization header.

        Raises:
            Problem: 401, there is no token, or it opens nothing here.
        """
        token = tokens.parse(_bearer(authorization))
        if token is None or token.sandbox != self.id:
            raise problems.invalid_token("The token is not valid.").under("AUTH-02")
        if token.role == "staff" and token.name in self.world.scenario.staff:
            return Staff(token.name)
        if token.role == "staff" or token.name not in self.world:
            raise problems.invalid_token("The token is not valid.").under("AUTH-02")
        account = self.account(token.name)
        if token.role == "revoked":
            raise problems.invalid_token("The token was revoked; sign in again.").under("AUTH-09")
        if token.role == "expired" or (token.expires and token.expires <= account.now):
            raise problems.invalid_token("The token has expired; sign in again.").under("AUTH-06")
        return account


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise problems.token_missing(
            "No token was sent; send 'Authorization: Bearer TOKEN'."
        ).under("AUTH-01")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise problems.token_missing("The Authorization header must read 'Bearer TOKEN'.").under(
            "AUTH-03"
        )
    return token.strip()
