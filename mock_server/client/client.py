"""A client of the control API, for tests in Python."""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Unpack

import httpx

from mock_server.client.shapes import (
    AwaitedJournal,
    ClockChange,
    ClockMove,
    Coverage,
    CustomerState,
    Fault,
    FaultKind,
    Journal,
    JournalEntry,
    NewFault,
    NewSandbox,
    NewScenario,
    OperationFilter,
    RequestFilter,
    SandboxData,
    Snapshot,
    Words,
)

CONTROL = "/__mock__"
SANDBOXES = f"{CONTROL}/sandboxes"
WAIT_MS, LONGEST_WAIT_MS = 5000, 8000
"""How long to wait, usually and at a time; who waits longer asks again."""


class MockError(Exception):
    """The mock refused, or is not there; the message says why."""


class MockServer:
    """A running mock."""

    def __init__(self, url: str, admin_token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {admin_token}"} if admin_token else {}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=30)
        # Sandboxes and customers speak by it as well; it ends with the last of them.
        weakref.finalize(self, self._http.close)

    def call(
        self, method: str, path: str, *, json: object = None, params: Words | None = None
    ) -> object:
        """
        Call the control API, and give the JSON of its answer; None where it has none.

        Raises:
            MockError: it refused, or nobody answers.
        """
        return self._call(method, path, json=json, params=params)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise MockError(f"{self.url} does not answer: {error}") from None
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            message = answer.json()["message"]
        except (ValueError, KeyError, TypeError):
            message = answer.text[:200]
        raise MockError(f"{method} {path} was answered {answer.status_code}: {message}")

    def sandbox(
        self, scenario: str | Words | None = None, **opening: Unpack[NewSandbox]
    ) -> "Sandbox":
        """Open a sandbox; `opening` is seed, now, overrides or snapshot."""
        body = opening if scenario is None else {**opening, "scenario": scenario}
        return Sandbox(self, self._call("POST", SANDBOXES, json=body))

    def open(self, id: str) -> "Sandbox":
        """A sandbox that is open already."""
        return Sandbox(self, self._call("GET", f"{SANDBOXES}/{id}"))

    def coverage(self, sandbox: str | None = None) -> Coverage:
        """What clients have covered: in one sandbox, or in all, closed ones included."""
        place = CONTROL if sandbox is None else f"{SANDBOXES}/{sandbox}"
        coverage: Coverage = self._call("GET", f"{place}/coverage")
        return coverage

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


@dataclass(frozen=True)
class Customer:
    """A customer of a sandbox, with the token to speak as them."""

    server: MockServer
    persona: str
    id: str
    token: str
    description: str
    facts: Words
    name: str | None = None
    summary: Sequence[str] = ()
    """What makes them worth choosing, in a few words each."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that make a request theirs."""
        return {"Authorization": f"Bearer {self.token}"}

    def http(self) -> httpx.Client:
        """An HTTP client that speaks as them."""
        return httpx.Client(base_url=self.server.url, headers=self.headers)


@dataclass(frozen=True)
class Sandbox:
    """An open sandbox; used as a context, it is closed at the end."""

    server: MockServer
    data: SandboxData
    _path: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_path", f"{SANDBOXES}/{self.id}")

    @property
    def id(self) -> str:
        return self.data["id"]

    @property
    def url(self) -> str:
        """Requests under it live here, even without a token."""
        return self.server.url + self.data["base_path"]

    @property
    def tokens(self) -> Mapping[str, str]:
        """Tokens that are refused, by the reason: staff, expired, revoked, unknown."""
        return self.data["tokens"]

    @property
    def customers(self) -> list[Customer]:
        """Everybody in it."""
        return [Customer(self.server, **each) for each in self.data["customers"]]

    def customer(self, persona: str | None = None) -> Customer:
        """
        A customer by name; the scenario's first without one.

        Raises:
            MockError: nobody is called so.
        """
        matching = [each for each in self.customers if persona in (None, each.persona)]
        if not matching:
            known = ", ".join(each.persona for each in self.customers)
            raise MockError(f"nobody is called '{persona}' here; there are {known}")
        return matching[0]

    def person(self, persona: str) -> CustomerState:
        """Everything a customer has now, with what differs from the scenario."""
        state: CustomerState = self._call("GET", f"customers/{persona}")
        return state

    def change(self, persona: str, **holdings: object) -> CustomerState:
        """Change what a customer holds, in the words of a scenario file; None removes."""
        state: CustomerState = self._call("PATCH", f"customers/{persona}", json=holdings)
        return state

    def use_scenario(self, scenario: str | Words, **more: Unpack[NewScenario]) -> "Sandbox":
        """The same sandbox with another scenario; `more` is seed or overrides."""
        return Sandbox(
            self.server, self._call("POST", "scenario", json={"scenario": scenario, **more})
        )

    def mint(self, persona: str, expires_in: int | str | None = None) -> str:
        """A token that runs out by the sandbox's clock, after seconds or a duration."""
        until = {} if expires_in is None else {"expires_in": expires_in}
        return str(self._call("POST", "tokens", json={"persona": persona} | until)["token"])

    def now(self) -> str:
        """What time it is here."""
        return str(self._call("GET", "clock")["now"])

    def set_clock(self, **change: Unpack[ClockChange]) -> ClockMove:
        """Change the clock: now, advance, running, force."""
        move: ClockMove = self._call("PATCH", "clock", json=change)
        return move

    def advance(self, by: str) -> ClockMove:
        """Advance the clock by an ISO 8601 duration."""
        return self.set_clock(advance=by)

    def fault(
        self, kind: FaultKind, operation: str | None = None, **rule: Unpack[NewFault]
    ) -> Fault:
        """Create a fault: see NewFault in the control document."""
        where = {} if operation is None else {"operation": operation}
        fault: Fault = self._call("POST", "faults", json={"kind": kind, **where, **rule})
        return fault

    def faults(self) -> list[Fault]:
        """Every fault, with how often it was hit."""
        faults: list[Fault] = self._call("GET", "faults")
        return faults

    def remove_fault(self, id: str) -> None:
        """Remove a fault."""
        self._call("DELETE", f"faults/{id}")

    def clear_faults(self) -> None:
        """Remove every fault."""
        self._call("POST", "faults/clear")

    def requests(self, **filters: Unpack[OperationFilter]) -> list[JournalEntry]:
        """The requests in the journal, filtered by operation, status, persona, method, since."""
        journal: Journal = self._call("GET", "journal", params={"limit": 500, **filters})
        return journal["entries"]

    def wait_for(
        self, count: int = 1, timeout_ms: int = WAIT_MS, **filters: Unpack[OperationFilter]
    ) -> list[JournalEntry]:
        """
        What was asked, once it was asked so often.

        Raises:
            AssertionError: it was not in time; the message shows what was asked.
        """
        came = 0
        for left_ms in range(timeout_ms, -1, -LONGEST_WAIT_MS):
            query = {"count": count, "timeout_ms": min(left_ms, LONGEST_WAIT_MS), **filters}
            journal: AwaitedJournal = self._call("GET", "journal/wait", params=query)
            if journal["met"]:
                return journal["entries"]
            came = journal["count"]
        raise AssertionError(self._unexpected(f"{count} or more", came, filters))

    def assert_requested(
        self, operation: str, times: int | None = None, **filters: Unpack[RequestFilter]
    ) -> None:
        """
        Insist that an operation was called: so often, or at all.

        Raises:
            AssertionError: it was not; the message shows what was asked.
        """
        count = len(self.requests(operation=operation, **filters))
        if count != times if times is not None else not count:
            expected = "at least one" if times is None else str(times)
            raise AssertionError(
                self._unexpected(expected, count, {"operation": operation, **filters})
            )

    def snapshot(self) -> Snapshot:
        """The sandbox as one document."""
        snapshot: Snapshot = self._call("GET", "snapshot")
        return snapshot

    def reset(self) -> None:
        """Take back every change."""
        self._call("POST", "reset")

    def close(self) -> None:
        """Close it; its tokens stop working."""
        self.server.call("DELETE", self._path)

    def _call(self, method: str, place: str, **options: Any) -> Any:
        return self.server._call(method, f"{self._path}/{place}", **options)

    def _unexpected(self, expected: str, count: int, filters: Words) -> str:
        description = " ".join(f"{name}={value}" for name, value in filters.items()) or "any"
        return "\n".join(
            [f"requests with {description}: expected {expected}, found {count}; there were:"]
            + (list(map(_line, self.requests())) or ["  none at all"])
        )

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def _line(entry: JournalEntry) -> str:
    who, query = entry["persona"] or "nobody", f"?{entry['query']}" if entry["query"] else ""
    what = f"{entry['method']} {entry['path']}{query}"
    return f"  {entry['number']:>3}  {entry['status']}  {what}  as {who}: {entry['reason']}"


def unmet(coverage: Coverage) -> Iterator[str]:
    """What no client has covered, in words."""
    for each in coverage["operations"]:
        for status, count in each["statuses"].items():
            if not count:
                yield f"no {status} on {each['operation']} was ever seen"
        for state, covered in each["states"].items():
            if not covered:
                yield f"{each['operation']} never showed {state}"
