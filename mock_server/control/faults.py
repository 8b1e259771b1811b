"""Fault injection: create, list, remove and clear the faults of a sandbox."""

from collections.abc import Sequence
from typing import Any

import msgspec

from mock_server.http import problems
from mock_server.http.bounds import MOST_FAULTS, MOST_OF_FAULTS
from mock_server.http.operation import operation
from mock_server.http.router import Route
from mock_server.worlds.changes import FaultsSet
from mock_server.worlds.faults import Fault, Rule
from mock_server.worlds.registry import Sandboxes

Json = dict[str, Any]


@operation("listFaults")
def list_faults(sandboxes: Sandboxes, *, sandbox_id: str) -> Sequence[Json]:
    return [_view(fault, sandboxes.operations) for fault in sandboxes.get(sandbox_id).faults]


@operation("createFault")
def create_fault(sandboxes: Sandboxes, *, sandbox_id: str, body: Json) -> Json:
    sandbox, rule = sandboxes.get(sandbox_id), msgspec.convert(body, Rule)
    affected = [route for route in sandboxes.operations if rule.applies_to(route)]
    if not affected:
        known = ", ".join(route.id for route in sandboxes.operations)
        raise problems.conflict(f"operation '{rule.operation}' is not one of {known}.")
    if rule.kind == "status" and not rule.off_contract:
        _must_be_documented(rule, affected)
    if len(sandbox.faults) >= MOST_FAULTS:
        raise problems.conflict(f"{MOST_FAULTS} faults are at work here; clear them first.")
    if (size := sum(map(_size, (rule, *(each.rule for each in sandbox.faults))))) > MOST_OF_FAULTS:
        what = f"The faults here would be {size} bytes of JSON; {MOST_OF_FAULTS} is the most."
        raise problems.conflict(f"{what} Remove one first, or let it answer less.")
    if mistake := rule.problem():
        raise problems.conflict(f"{mistake}.")
    number = max((int(each.id) for each in sandbox.faults), default=0) + 1
    fault = Fault(str(number), rule)
    sandbox.apply(FaultsSet((*sandbox.faults, fault)))
    return _view(fault, sandboxes.operations)


@operation("removeFault")
def remove_fault(sandboxes: Sandboxes, *, sandbox_id: str, fault_id: str) -> None:
    sandbox = sandboxes.get(sandbox_id)
    others = tuple(fault for fault in sandbox.faults if fault.id != fault_id)
    if len(others) == len(sandbox.faults):
        raise problems.not_found(f"There is no fault '{fault_id[:80]}' in this sandbox.")
    sandbox.apply(FaultsSet(others))


@operation("clearFaults")
def clear_faults(sandboxes: Sandboxes, *, sandbox_id: str) -> None:
    sandboxes.get(sandbox_id).apply(FaultsSet(()))


def _size(rule: Rule) -> int:
    return len(msgspec.json.encode(rule))


def _must_be_documented(rule: Rule, routes: Sequence[Route]) -> None:
    for route in routes:
        if not rule.documented(route):
            known = ", ".join(map(str, sorted(route.answers)))
            raise problems.conflict(
                f"The contract lists no {rule.status} for {route.id}, only {known}. Name an"
                ' operation that has it, or say "off_contract": true.'
            )


def _view(fault: Fault, routes: Sequence[Route]) -> Json:
    fields: Json = msgspec.to_builtins(fault.rule)
    affected = (route for route in routes if fault.rule.applies_to(route))
    documented = all(map(fault.rule.documented, affected))
    counts = {"id": fault.id, "seen": fault.seen, "hits": fault.hits}
    return fields | counts | {"documented": documented}
