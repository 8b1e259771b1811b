"""Time in a sandbox: its clock, and tokens that run out by it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from mock_server.http import problems
from mock_server.http.operation import operation
from mock_server.observation.people import Lists, changes_between
from mock_server.resources.everything import lists_of
from mock_server.worlds.catalogue import unknown_name
from mock_server.worlds.changes import ClockSet
from mock_server.worlds.clock import Clock, ClockError, instant
from mock_server.worlds.moments import Duration, parse_duration
from mock_server.worlds.registry import Sandboxes
from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.scenario import ScenarioError

Json = dict[str, Any]


@operation("getClock")
def get_clock(sandboxes: Sandboxes, *, sandbox_id: str) -> Json:
    return _view(sandboxes.get(sandbox_id))


@operation("setClock")
def set_clock(sandboxes: Sandboxes, *, sandbox_id: str, body: Json) -> Json:
    sandbox = sandboxes.get(sandbox_id)
    before = sandbox.clock.now()
    try:
        clock = _move(sandbox.clock, body)
        sandbox.world.check_size(sandboxes.worlds.kinds, clock.now())
    except (ClockError, ScenarioError) as error:
        raise problems.conflict(str(error)) from None
    if clock.now() < before and not body.get("force"):
        raise problems.conflict(
            f"That is before {before:%Y-%m-%dT%H:%M:%SZ}, the time it is; time runs"
            ' backwards only with "force": true.'
        )
    earlier = _lists(sandbox)
    sandbox.apply(ClockSet(clock))
    return _view(sandbox) | {"changes": _changes(sandbox, earlier, before)}


@operation("createToken")
def create_token(sandboxes: Sandboxes, *, sandbox_id: str, body: Json) -> Json:
    sandbox, persona = sandboxes.get(sandbox_id), body["persona"]
    if mistake := unknown_name("persona", persona, sandbox.world):
        raise problems.conflict(problems.sentence(mistake))
    expires = _end(sandbox.clock.now(), body.get("expires_in"))
    return {"token": sandbox.mint(persona, expires), "persona": persona, "expires_at": expires}


def _lists(sandbox: Sandbox) -> dict[str, Lists]:
    """What everybody of a sandbox has now."""
    return {account.person.name: lists_of(account) for account in sandbox.accounts()}


def _changes(sandbox: Sandbox, earlier: Mapping[str, Lists], then: datetime) -> list[Json]:
    """What became of everybody since, a sentence each."""
    now = sandbox.clock.now()
    return [
        {"persona": persona, "text": text}
        for persona, lists in _lists(sandbox).items()
        for text in changes_between(earlier[persona], lists, then, now)
    ]


def _move(clock: Clock, body: Json) -> Clock:
    # First, or a clock that ran would stand still a moment after the time that it is set to.
    clock = clock.running(body.get("running", clock.runs))
    if "now" in body:
        clock = clock.at(instant(body["now"]))
    return clock.later(_duration(body["advance"])) if "advance" in body else clock


def _duration(text: str) -> Duration:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise problems.conflict(f"{error}.") from None


def _end(now: datetime, expires_in: int | str | None) -> datetime | None:
    if expires_in is None:
        return None
    now = now.replace(microsecond=0)
    try:
        if isinstance(expires_in, str):
            return _duration(expires_in).after(now)
        return now + timedelta(seconds=expires_in)
    except (ValueError, OverflowError):
        raise problems.conflict(f"The calendar ends before {expires_in} from now.") from None


def _view(sandbox: Sandbox) -> Json:
    return {
        "now": sandbox.clock.now(),
        "running": sandbox.clock.runs,
        "opened": sandbox.world.opened_at,
    }
