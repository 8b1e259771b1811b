"""Every sandbox of the server: opening them, and finding the one a request lives in."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, reduce
from typing import Any

import msgspec
from msgspec.structs import replace

from mock_server import problems, scenario, tokens
from mock_server.breakages import BREAKAGES
from mock_server.catalogue import Catalogue
from mock_server.clock import Clock
from mock_server.exchange import Request
from mock_server.sandbox import Sandbox, World
from mock_server.scenario import Kinds
from mock_server.tokens import DEFAULT_SANDBOX

_PREFIX = re.compile(r"/@([^/]*)(/.*)")
_WORLDS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Opening:
    """What a sandbox is opened with."""

    scenario: str
    seed: int
    now: datetime | None = None
    """Where its clock stands still; None lets it run with real time."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    breakages: tuple[str, ...] = ()


class Sandboxes:
    """The sandboxes by id; `default` is there from the start and always."""

    def __init__(self, default: Opening, kinds: Kinds, catalogue: Catalogue) -> None:
        self.default = default
        self._world = _worlds(kinds, catalogue)
        self._by_id: dict[str, Sandbox] = {}
        self._open(DEFAULT_SANDBOX, default)

    def open(self, opening: Opening) -> Sandbox:
        """
        A new sandbox.

        Raises:
            ScenarioError: the scenario or what is laid over it cannot be used.
        """
        return self._open(secrets.token_hex(4), opening)

    def _open(self, id: str, opening: Opening) -> Sandbox:
        clock = Clock(opening.now)
        # To the second, so that sandboxes opened together share a world.
        opened = clock.now().astimezone(UTC).replace(microsecond=0)
        broken = [BREAKAGES[id] for id in opening.breakages]
        overrides = reduce(scenario.merged, (each.overrides for each in broken), opening.overrides)
        text = msgspec.json.encode(overrides, order="sorted")
        world = self._world(opening.scenario, opening.seed, opened, text)
        faults = {each.id: each.start() for each in broken}
        self._by_id[id] = Sandbox(id, world, clock, faults)
        return self._by_id[id]

    def __iter__(self) -> Iterator[Sandbox]:
        return iter(tuple(self._by_id.values()))

    def get(self, id: str) -> Sandbox:
        """
        A sandbox by its id.

        Raises:
            Problem: 404, there is none.
        """
        if id not in self._by_id:
            raise problems.not_found(f"There is no sandbox '{id[:80]}'.")
        return self._by_id[id]

    def close(self, id: str) -> None:
        """
        Forget a sandbox and everything in it.

        Raises:
            Problem: 403 for the default one, 404 where there is none.
        """
        if id == DEFAULT_SANDBOX:
            raise problems.forbidden("The default sandbox cannot be closed; reset it instead.")
        del self._by_id[self.get(id).id]

    def addressed(self, request: Request) -> Request:
        """
        The request as seen from inside the sandbox that it lives in.

        That is named by the path, under `/@ID/`, or by the token; else it is the default one.

        Raises:
            Problem: 404, the path names a sandbox that does not exist.
        """
        if found := _PREFIX.fullmatch(request.path):
            base_url, sandbox = f"{request.base_url}/@{found[1]}", self.get(found[1]).id
            return replace(request, path=found[2], base_url=base_url, sandbox=sandbox)
        token = tokens.parse(request.headers.get("authorization", "").rpartition(" ")[2])
        if token is None or token.sandbox not in self._by_id:
            return request
        return replace(request, sandbox=token.sandbox)


def base_path(sandbox: Sandbox) -> str:
    """The path under which even a request without a token lives in the sandbox."""
    return "" if sandbox.id == DEFAULT_SANDBOX else f"/@{sandbox.id}"


def _worlds(kinds: Kinds, catalogue: Catalogue) -> Callable[[str, int, datetime, bytes], World]:
    @lru_cache(_WORLDS_KEPT)
    def world(source: str, seed: int, opened: datetime, overrides: bytes) -> World:
        found = scenario.load(source, kinds, msgspec.json.decode(overrides))
        world = World(found, seed, opened, catalogue)
        world.check(kinds.values())
        return world

    return world
