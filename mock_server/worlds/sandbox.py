"""Sandboxes: a world each, with what was changed in it since."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from mock_server.http import problems
from mock_server.http.exchange import Request, Response
from mock_server.http.problems import Problem
from mock_server.observation.coverage import Coverage
from mock_server.observation.journal import Journal, MemoryBudget
from mock_server.worlds import tokens
from mock_server.worlds.account import Account, Consent
from mock_server.worlds.changes import Change, Decided, Reset, State, WorldSet
from mock_server.worlds.clock import Clock
from mock_server.worlds.faults import Fault
from mock_server.worlds.grants import Grant, Grants
from mock_server.worlds.seed import Seed
from mock_server.worlds.tokens import Token
from mock_server.worlds.world import World

_REVISIONS = count()


@dataclass(frozen=True, slots=True)
class Staff:
    """A caller with a staff token."""

    name: str


Caller = Account | Staff


class Sandbox:
    """A world of one's own: a shared scenario, a clock, and what was changed since."""

    __slots__ = (
        "_grants",
        "_listeners",
        "_journal",
        "_persist",
        "_memory",
        "id",
        "opening",
        "revision",
        "state",
    )

    def __init__(
        self,
        id: str,
        opening: State,
        *,
        state: State | None = None,
        persist: Callable[["Sandbox"], None] | None = None,
        memory: MemoryBudget | None = None,
    ) -> None:
        """
        `state` is where it stands, if not at its opening; `persist` is told of each change before
        anybody sees it, and refuses it by raising; `memory` is what its journal shares with others.
        """
        self.id, self.opening, self._persist, self._memory = id, opening, persist, memory
        self._journal: Journal | None = None
        self._grants: Grants | None = None
        self.state = state or opening
        self.revision = next(_REVISIONS)
        """Counts changes: no two states of any sandboxes have the same."""
        self._listeners: tuple[list[Change], ...] = ()

    @property
    def journal(self) -> Journal:
        """The requests it got; created at the first one, since most sandboxes never get any."""
        if self._journal is None:
            self._journal = Journal(self._memory)
        return self._journal

    def close(self) -> None:
        """Forget the journal and end its streams."""
        if self._journal is not None:
            self._journal.close()

    def end_streams(self) -> None:
        """End the streams of those who wait for requests."""
        if self._journal is not None:
            self._journal.end_streams()

    @property
    def grants(self) -> Grants:
        """The sign-ins; a restart forgets them."""
        if self._grants is None:
            self._grants = Grants()
        return self._grants

    def grant_of(self, token: str | None) -> Grant | None:
        """The sign-in that an access token, or the header that carries it, came of."""
        parsed = tokens.parse((token or "").rpartition(" ")[2])
        return self.grants.of(parsed.grant) if parsed else None

    @property
    def coverage(self) -> Coverage | None:
        """What its clients have covered; None before the first request."""
        return self._journal.coverage if self._journal is not None else None

    @property
    def world(self) -> World:
        return self.state.world

    @property
    def clock(self) -> Clock:
        return self.state.clock

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self.state.faults

    def apply(self, change: Change) -> None:
        """
        The one door for changes: journal and storage hear of each here.

        Raises:
            Problem: 500, it could not be kept; nothing has changed then.
        """
        before = self.state
        self.state = change.applied_to(before, self.opening)
        try:
            if self._persist is not None:
                self._persist(self)
        except Problem:
            self.state = before
            raise
        self.revision = next(_REVISIONS)
        is_reset = isinstance(change, Reset)
        if is_reset:
            self._grants = None
        if self._journal is not None:
            if is_reset:
                self._journal.clear(reset=True)
            if parts := self.state.differs_from(before):
                self._journal.tell(parts)
        for changes in self._listeners:
            changes.append(change)

    def move(self, opening: State, state: State, persist: Callable[["Sandbox"], None]) -> None:
        """Continue in other worlds, persisted by another registry; the journal stays."""
        self.opening, self.state, self._persist = opening, state, persist
        self.revision = next(_REVISIONS)
        if self._journal is not None:
            self._journal.tell(["customers"])

    def account(self, name: str) -> Account:
        """A customer as they are now."""
        decided = self.state.decisions.get(name, {})

        def decide(consent: Consent) -> None:
            self.apply(Decided(name, consent.preference_id, consent.opted_in))

        return Account(self.world[name], self.clock.now(), decided, decide)

    def account_at_opening(self, name: str) -> Account | None:
        """A customer as the scenario has them at the opening; None where it knows none."""
        world = self.opening.world
        return Account(world[name], world.opened_at, {}) if name in world else None

    def accounts(self) -> Iterator[Account]:
        """Every customer of the sandbox, as they are now."""
        return map(self.account, self.world)

    def token(self, role: tokens.Role, name: str) -> str:
        """A token that opens this sandbox."""
        return str(Token(self.id, role, name))

    def mint(self, name: str, expires: datetime | None, grant: str | None = None) -> str:
        """A customer's token that is good until an instant, or until its sign-in is revoked."""
        return str(Token(self.id, "customer", name, expires, grant))

    @property
    def seed(self) -> Seed:
        """The seed of its random draws."""
        return Seed(f"{self.world.seed}/sandbox")

    def steer(self, method: str, place: str, body: bytes, change: WorldSet) -> None:
        """Apply a change for a call of the control API, and record the call in the journal."""
        self.apply(change)
        request = Request(method, f"/__mock__/sandboxes/{self.id}/{place}", body=body)
        now, shown = self.clock.now(), [change.as_json()]
        self.journal.record(now, None, change.persona, None, request, Response(200), shown)

    def is_revoked(self, token: Token | None) -> bool:
        """Whether the sign-in that a token came of was ended."""
        grant = token.grant if token else None
        return grant is not None and grant in self.grants.revoked

    def identify(self, request: Request, token: Token | None) -> tuple[str | None, str | None]:
        """The persona and the role that a token names, whether or not it is accepted."""
        authorization = request.headers.get("authorization")
        if authorization is None:
            return None, None
        if token is None or token.sandbox != self.id or not tokens.is_bearer(authorization):
            return None, "unknown"
        if token.role == "staff":
            return None, "staff"
        if token.name not in self.world:
            return None, "unknown"
        over = token.expires is not None and token.expires <= self.clock.now()
        return token.name, "expired" if over else token.role

    def caller(self, token: Token | None) -> Caller:
        """
        The caller that a token names.

        Raises:
            Problem: 401, it opens nothing here.
        """
        if token is None or token.sandbox != self.id:
            raise problems.invalid_token("The token is not valid.").under("AUTH-02")
        if token.role == "staff" and token.name in self.world.scenario.staff:
            return Staff(token.name)
        if token.role == "staff" or token.name not in self.world:
            raise problems.invalid_token("The token is not valid.").under("AUTH-02")
        account = self.account(token.name)
        if token.role == "revoked" or self.is_revoked(token):
            raise problems.invalid_token("The token was revoked; sign in again.").under("AUTH-09")
        if token.role == "expired" or (token.expires and token.expires <= account.now):
            raise problems.invalid_token("The token has expired; sign in again.").under("AUTH-06")
        return account


class ChangeListener:
    """
    Collects the changes made to a sandbox within its `with` block.

    A class, because every request passes here and a generator would take three times as long.
    """

    __slots__ = ("_before", "_changes", "_sandbox")

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self._before = sandbox, sandbox._listeners
        self._changes: list[Change] = []

    def __enter__(self) -> list[Change]:
        self._sandbox._listeners = (*self._before, self._changes)
        return self._changes

    def __exit__(self, *_error: object) -> None:
        self._sandbox._listeners = self._before
