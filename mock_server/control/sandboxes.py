"""Sandboxes: opening, showing, resetting and closing them."""

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from mock_server.http import problems
from mock_server.http.operation import operation
from mock_server.worlds import scenario, snapshot
from mock_server.worlds.changes import Reset, WorldSet
from mock_server.worlds.clock import ClockError, instant
from mock_server.worlds.opening import Opening
from mock_server.worlds.registry import Sandboxes, base_path
from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.scenario import ScenarioError, Source
from mock_server.worlds.snapshot import Snapshot, SnapshotError

Json = dict[str, Any]


@operation("listSandboxes")
def list_sandboxes(sandboxes: Sandboxes) -> Sequence[Json]:
    return [_summary(sandbox) for sandbox in sandboxes]


@operation("createSandbox")
def create_sandbox(sandboxes: Sandboxes, *, body: Json) -> Json:
    try:
        sandbox = _create(sandboxes, body)
    except (ScenarioError, ClockError, SnapshotError) as error:
        raise problems.conflict(str(error)) from None
    # Shown before it is added, so that one that cannot be shown never stands in the list.
    shown = _current_view(sandbox) if "snapshot" in body else _initial_view(sandbox)
    sandboxes.add(sandbox)
    return shown


@operation("getSandbox")
def get_sandbox(sandboxes: Sandboxes, *, sandbox_id: str) -> Json:
    return _current_view(sandboxes.get(sandbox_id))


@operation("deleteSandbox")
def delete_sandbox(sandboxes: Sandboxes, *, sandbox_id: str) -> None:
    sandboxes.close(sandbox_id)


@operation("resetSandbox")
def reset_sandbox(sandboxes: Sandboxes, *, sandbox_id: str) -> Json:
    sandbox = sandboxes.get(sandbox_id)
    sandbox.apply(Reset())
    return _current_view(sandbox)


@operation("switchScenario")
def switch_scenario(sandboxes: Sandboxes, *, sandbox_id: str, body: Json) -> Json:
    sandbox, opening = sandboxes.get(sandbox_id), _opening(sandboxes, body)
    opened_at = sandbox.world.opened_at
    try:
        world = sandboxes.worlds.world(opening.scenario, opening.seed, opened_at, opening.overrides)
        world.check_size(sandboxes.worlds.kinds, sandbox.clock.now())
    except ScenarioError as error:
        raise problems.conflict(str(error)) from None
    change = WorldSet(world, None, f"the scenario is {world.scenario.name}")
    sandbox.steer("POST", "scenario", msgspec.json.encode(body), change)
    return _current_view(sandbox)


@operation("takeSnapshot")
def take_snapshot(sandboxes: Sandboxes, *, sandbox_id: str) -> Snapshot:
    return snapshot.snapshot_of(sandboxes.get(sandbox_id))


def _create(sandboxes: Sandboxes, body: Json) -> Sandbox:
    if "snapshot" not in body:
        return sandboxes.create(_opening(sandboxes, body))
    if others := ", ".join(body.keys() - {"snapshot"}):
        raise problems.conflict(f"A snapshot says everything; leave out {others}.")
    return sandboxes.restore(snapshot.read(body["snapshot"]))


def _opening(sandboxes: Sandboxes, body: Json) -> Opening:
    default = sandboxes.default
    now = instant(body["now"]) if "now" in body else default.now
    return Opening(
        _scenario(sandboxes, body["scenario"]) if "scenario" in body else default.scenario,
        body.get("seed", default.seed),
        now,
        body.get("overrides", {}),
    )


def _scenario(sandboxes: Sandboxes, requested: str | Json) -> str | Source:
    """What a name or a document stands for; a file is for the command line to name."""
    if isinstance(requested, dict):
        return Source.of("scenario", requested)
    own = Path(str(sandboxes.default.scenario)).stem
    if requested == own:
        return sandboxes.default.scenario
    known = sorted({*scenario.names(), own})
    if requested not in known:
        raise problems.conflict(
            f"unknown scenario '{requested[:80]}': it is not one of {', '.join(known)}; a"
            " scenario of your own goes in as a document, or on the command line as a file."
        )
    return requested


def _summary(sandbox: Sandbox) -> Json:
    return {
        "id": sandbox.id,
        "scenario": sandbox.world.scenario.name,
        "seed": sandbox.world.seed,
        "now": sandbox.clock.now(),
    }


def _current_view(sandbox: Sandbox) -> Json:
    accounts = sandbox.accounts()
    return _view(sandbox, {each.person.name: sandbox.world.describe(each) for each in accounts})


def _initial_view(sandbox: Sandbox) -> Json:
    """With what everybody has when a sandbox is opened: the same in all that share the world."""
    return _view(sandbox, sandbox.world.people)


def _view(sandbox: Sandbox, descriptions: Mapping[str, Mapping[str, Any]]) -> Json:
    return _summary(sandbox) | {
        "base_path": base_path(sandbox),
        "customers": [
            {
                "persona": person.name,
                "id": person.customer_id,
                "token": sandbox.token("customer", person.name),
                "description": person.description,
                **descriptions[person.name],
            }
            for person in sandbox.world.values()
        ],
        "tokens": _refused_tokens(sandbox),
    }


def _refused_tokens(sandbox: Sandbox) -> Json:
    """A token for each way to be refused."""
    strangers = (f"nobody{number or ''}" for number in count())
    stranger = next(name for name in strangers if name not in sandbox.world)
    refused = {"unknown": sandbox.token("customer", stranger)}
    for name in sandbox.world.scenario.staff[:1]:
        refused["staff"] = sandbox.token("staff", name)
    for name in list(sandbox.world)[:1]:
        refused["expired"] = sandbox.token("expired", name)
        refused["revoked"] = sandbox.token("revoked", name)
    return refused
