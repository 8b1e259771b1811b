"""Handlers of the control API, spec/control.yaml."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from mock_server import __version__, problems, scenario
from mock_server.account import Account
from mock_server.breakages import BREAKAGES
from mock_server.operation import operation
from mock_server.resources import KINDS, RESOURCES
from mock_server.sandbox import Sandbox
from mock_server.sandboxes import Opening, Sandboxes, base_path
from mock_server.scenario import ScenarioError

Json = dict[str, Any]


@operation("getHealth")
def health(sandboxes: Sandboxes) -> Json:
    default = sandboxes.default
    return {
        "status": "ok",
        "version": __version__,
        "scenario": default.scenario,
        "seed": default.seed,
    }


@operation("listScenarios")
def list_scenarios(_sandboxes: Sandboxes) -> Sequence[Json]:
    found = (scenario.load(name, KINDS) for name in scenario.names())
    return [{"name": each.name, "title": each.title} for each in found]


@operation("listBreakages")
def list_breakages(_sandboxes: Sandboxes) -> Sequence[Json]:
    shown = ("id", "group", "rule", "text", "benign")
    return [{name: getattr(each, name) for name in shown} for each in BREAKAGES.values()]


@operation("listSandboxes")
def list_sandboxes(sandboxes: Sandboxes) -> Sequence[Json]:
    return [_summary(sandbox) for sandbox in sandboxes]


@operation("createSandbox")
def create_sandbox(sandboxes: Sandboxes, *, body: Json) -> Json:
    if unknown := sorted(set(body.get("breakages", ())) - BREAKAGES.keys()):
        raise problems.bad_request(f"Unknown breakages: {', '.join(unknown)}.")
    try:
        return _whole(sandboxes.open(_opening(sandboxes.default, body)))
    except ScenarioError as error:
        raise problems.bad_request(str(error)) from None


@operation("getSandbox")
def get_sandbox(sandboxes: Sandboxes, *, sandbox_id: str) -> Json:
    return _whole(sandboxes.get(sandbox_id))


@operation("deleteSandbox")
def delete_sandbox(sandboxes: Sandboxes, *, sandbox_id: str) -> None:
    sandboxes.close(sandbox_id)


@operation("resetSandbox")
def reset_sandbox(sandboxes: Sandboxes, *, sandbox_id: str) -> Json:
    sandbox = sandboxes.get(sandbox_id)
    sandbox.reset()
    return _whole(sandbox)


def _opening(default: Opening, body: Json) -> Opening:
    now = msgspec.convert(body["now"], datetime) if "now" in body else default.now
    return Opening(
        body.get("scenario", default.scenario),
        body.get("seed", default.seed),
        now,
        body.get("overrides", {}),
        tuple(body.get("breakages", ())),
    )


def _summary(sandbox: Sandbox) -> Json:
    return {
        "id": sandbox.id,
        "scenario": sandbox.world.scenario.name,
        "seed": sandbox.world.seed,
        "now": sandbox.clock.now(),
        "breakages": list(sandbox.faults),
    }


def _whole(sandbox: Sandbox) -> Json:
    return _summary(sandbox) | {
        "base_path": base_path(sandbox),
        "customers": [_customer(sandbox, account) for account in sandbox.accounts()],
        "tokens": _refused(sandbox),
    }


def _customer(sandbox: Sandbox, account: Account) -> Json:
    facts: Json = {}
    for resource in RESOURCES:
        facts |= resource.facts(account)
    return {
        "persona": account.person.name,
        "id": account.customer_id,
        "token": sandbox.token("customer", account.person.name),
        "description": account.person.description,
        "facts": facts,
    }


def _refused(sandbox: Sandbox) -> Json:
    """A token for each way to be refused."""
    refused = {"unknown": sandbox.token("customer", "nobody")}
    for name in sandbox.world.scenario.staff[:1]:
        refused["staff"] = sandbox.token("staff", name)
    for name in list(sandbox.world)[:1]:
        refused["expired"] = sandbox.token("expired", name)
        refused["revoked"] = sandbox.token("revoked", name)
    return refused
