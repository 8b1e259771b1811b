"""A client of the control API, for tests in Python."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import httpx

CONTROL = "/__mock__"
SANDBOXES = f"{CONTROL}/sandboxes"
WAIT_MS, LONGEST_WAIT_MS = 5000, 8000
"""How long to wait, usually and at a time; who waits longer asks again."""
Json = dict[str, Any]


class MockError(Exception):
    """The mock refused, or is not there; the message says why."""


class MockServer:
    """A running mock."""

    def __init__(self, url: str, admin_token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {admin_token}"} if admin_token else {}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def call(self, method: str, path: str, **said: Any) -> Any:
        """
        Call the control API, and give the JSON of its answer.

        Raises:
            MockError: it refused, or nobody answers.
        """
        try:
            answer = self._http.request(method, path, **said)
        except httpx.HTTPError as error:
            raise MockError(f"{self.url} does not answer: {error}") from None
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            message = answer.json()["message"]
        except (ValueError, KeyError, TypeError):
            message = answer.text[:200]
        raise MockError(f"{method} {path} was answered {answer.status_code}: {message}")

    def sandbox(self, scenario: str | None = None, **said: Any) -> "Sandbox":
        """Open a sandbox; `said` is seed, now, overrides or snapshot."""
        body = said if scenario is None else said | {"scenario": scenario}
        return Sandbox(self, self.call("POST", SANDBOXES, json=body))

    def open(self, id: str) -> "Sandbox":
        """A sandbox that is open already."""
        return Sandbox(self, self.call("GET", f"{SANDBOXES}/{id}"))

    def coverage(self, sandbox: str | None = None) -> Json:
        """What clients have met: in one sandbox, or in all, closed ones included."""
        place = CONTROL if sandbox is None else f"{SANDBOXES}/{sandbox}"
        found: Json = self.call("GET", f"{place}/coverage")
        return found

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
    facts: Mapping[str, Any]
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
    said: Json
    _path: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_path", f"{SANDBOXES}/{self.id}")

    @property
    def id(self) -> str:
        return str(self.said["id"])

    @property
    def url(self) -> str:
        """Requests under it live here, even without a token."""
        return self.server.url + str(self.said["base_path"])

    @property
    def tokens(self) -> Mapping[str, str]:
        """Tokens that are refused, by the reason: staff, expired, revoked, unknown."""
        found: Mapping[str, str] = self.said["tokens"]
        return found

    @property
    def customers(self) -> list[Customer]:
        """Everybody in it."""
        return [Customer(self.server, **each) for each in self.said["customers"]]

    def customer(self, persona: str | None = None) -> Customer:
        """
        A customer by name; the scenario's first without one.

        Raises:
            MockError: nobody is called so.
        """
        found = [each for each in self.customers if persona in (None, each.persona)]
        if not found:
            known = ", ".join(each.persona for each in self.customers)
            raise MockError(f"nobody is called '{persona}' here; there are {known}")
        return found[0]

    def person(self, persona: str) -> Json:
        """Everything a customer has now, with what differs from the scenario."""
        found: Json = self._call("GET", f"customers/{persona}")
        return found

    def change(self, persona: str, **holdings: Any) -> Json:
        """Change what a customer holds, in the words of a scenario file; None removes."""
        found: Json = self._call("PATCH", f"customers/{persona}", json=holdings)
        return found

    def use_scenario(self, scenario: str | Json, **more: Any) -> "Sandbox":
        """The same sandbox with another scenario; `more` is seed or overrides."""
        said = self._call("POST", "scenario", json={"scenario": scenario} | more)
        return Sandbox(self.server, said)

    def mint(self, persona: str, expires_in: int | str | None = None) -> str:
        """A token that runs out by the sandbox's clock, after seconds or a duration."""
        until = {} if expires_in is None else {"expires_in": expires_in}
        return str(self._call("POST", "tokens", json={"persona": persona} | until)["token"])

    def now(self) -> str:
        """What time it is here."""
        return str(self._call("GET", "clock")["now"])

    def set_clock(self, **change: Any) -> Json:
        """Change the clock: now, advance, running, force."""
        found: Json = self._call("PATCH", "clock", json=change)
        return found

    def advance(self, by: str) -> Json:
        """Advance the clock by an ISO 8601 duration."""
        return self.set_clock(advance=by)

    def fault(self, kind: str, operation: str | None = None, **rule: Any) -> Json:
        """Let something go wrong: see NewFault in the control document."""
        where = {} if operation is None else {"operation": operation}
        found: Json = self._call("POST", "faults", json={"kind": kind} | where | rule)
        return found

    def faults(self) -> list[Json]:
        """Everything that goes wrong, with how often it struck."""
        found: list[Json] = self._call("GET", "faults")
        return found

    def remove_fault(self, id: str) -> None:
        """Take one fault back."""
        self._call("DELETE", f"faults/{id}")

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._call("POST", "faults/clear")

    def requests(self, **wanted: Any) -> list[Json]:
        """What was asked: by operation, status, persona, method, since."""
        found: list[Json] = self._call("GET", "journal", params={"limit": 500} | wanted)["entries"]
        return found

    def wait_for(self, count: int = 1, timeout_ms: int = WAIT_MS, **wanted: Any) -> list[Json]:
        """
        What was asked, once it was asked so often.

        Raises:
            AssertionError: it was not in time; the message shows what was asked.
        """
        found: Json = {}
        for left_ms in range(timeout_ms, -1, -LONGEST_WAIT_MS):
            query = {"count": count, "timeout_ms": min(left_ms, LONGEST_WAIT_MS)} | wanted
            found = self._call("GET", "journal/wait", params=query)
            if found["met"]:
                entries: list[Json] = found["entries"]
                return entries
        raise AssertionError(self._told(f"{count} or more", found["count"], wanted))

    def assert_requested(self, operation: str, times: int | None = None, **wanted: Any) -> None:
        """
        Insist that an operation was called: so often, or at all.

        Raises:
            AssertionError: it was not; the message shows what was asked.
        """
        count = len(self.requests(operation=operation, **wanted))
        if count != times if times is not None else not count:
            expected = "at least one" if times is None else str(times)
            raise AssertionError(self._told(expected, count, {"operation": operation} | wanted))

    def snapshot(self) -> Json:
        """The sandbox as one document."""
        found: Json = self._call("GET", "snapshot")
        return found

    def reset(self) -> None:
        """Take back every change."""
        self._call("POST", "reset")

    def close(self) -> None:
        """Close it; its tokens stop working."""
        self.server.call("DELETE", self._path)

    def _call(self, method: str, place: str, **said: Any) -> Any:
        return self.server.call(method, f"{self._path}/{place}", **said)

    def _told(self, expected: str, count: int, wanted: Mapping[str, Any]) -> str:
        asked = " ".join(f"{name}={value}" for name, value in wanted.items()) or "any"
        return "\n".join(
            [f"requests with {asked}: expected {expected}, found {count}; there were:"]
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


def _line(entry: Json) -> str:
    who, query = entry["persona"] or "nobody", f"?{entry['query']}" if entry["query"] else ""
    what = f"{entry['method']} {entry['path']}{query}"
    return f"  {entry['number']:>3}  {entry['status']}  {what}  as {who}: {entry['reason']}"


def unmet(coverage: Json) -> Iterator[str]:
    """What no client has met, in words."""
    for each in coverage["operations"]:
        for status, count in each["statuses"].items():
            if not count:
                yield f"no {status} on {each['operation']} was ever seen"
        for state, met in each["states"].items():
            if not met:
                yield f"{each['operation']} never showed {state}"
