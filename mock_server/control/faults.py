"""Fault injection: create, list, remove and clear the faults of a sandbox."""

from collections.abc import Sequence
from typing import Any

import msgspec

from mock_server.http import problems
from mock_server.http.operation import operation
from mock_server.http.router import Route
from mock_server.worlds.changes import FaultsSet
from mock_server.worlds.faults import Fault, FaultSpec, problem_of
from mock_server.worlds.registry import Sandboxes

Json = dict[str, Any]


@operation("listFaults")
def list_faults(sandboxes: Sandboxes, *, sandbox_id: str) -> Sequence[Json]:
    return [_view(fault, sandboxes.operations) for fault in sandboxes.get(sandbox_id).faults]


@operation("createFault")
def create_fault(sandboxes: Sandboxes, *, sandbox_id: str, body: Json) -> Json:
    sandbox, spec = sandboxes.get(sandbox_id), msgspec.convert(body, FaultSpec)
    if mistake := problem_of((*(each.spec for each in sandbox.faults), spec), sandboxes.operations):
        raise problems.conflict(problems.sentence(mistake))
    number = max((int(each.id) for each in sandbox.faults), default=0) + 1
    fault = Fault(str(number), spec)
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


def _view(fault: Fault, routes: Sequence[Route]) -> Json:
    fields: Json = msgspec.to_builtins(fault.spec)
    affected = (route for route in routes if fault.spec.applies_to(route))
    documented = all(map(fault.spec.documented, affected))
    counts = {"id": fault.id, "seen": fault.seen, "hits": fault.hits}
    return fields | counts | {"documented": documented}
