"""One customer of a sandbox: everything that they have, what differs from the scenario, changes."""

from typing import Any

import msgspec

from mock_server.http import problems
from mock_server.http.operation import operation
from mock_server.http.problems import Problem
from mock_server.observation import people
from mock_server.observation.people import DETAILS, Json
from mock_server.resources.everything import SHOWN, answers_of
from mock_server.resources.marketing_preferences import names_of
from mock_server.worlds.catalogue import unknown_name
from mock_server.worlds.changes import WorldSet
from mock_server.worlds.registry import Sandboxes
from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.scenario import ScenarioError, Source


@operation("getCustomer")
def get_customer(sandboxes: Sandboxes, *, sandbox_id: str, persona: str) -> Json:
    sandbox = sandboxes.get(sandbox_id)
    _exists(sandbox, persona)
    return _view(sandbox, persona)


@operation("changeCustomer")
def change_customer(sandboxes: Sandboxes, *, sandbox_id: str, persona: str, body: Json) -> Json:
    sandbox = sandboxes.get(sandbox_id)
    _exists(sandbox, persona)
    now = sandbox.world
    source = Source.of(now.scenario.name, now.scenario.document)
    place = ("customers", persona)
    try:
        world = sandboxes.worlds.world(
            source, now.seed, now.opened_at, {"customers": {persona: body}}, place
        )
        world.check_size(sandboxes.worlds.kinds, sandbox.clock.now())
    except ScenarioError as error:
        raise problems.conflict(str(error)) from None
    text = f"{', '.join(body).replace('_', ' ')} changed"
    change = WorldSet(world, persona, text, "marketing_preferences" in body)
    sandbox.steer("PATCH", f"customers/{persona}", msgspec.json.encode(body), change)
    return _view(sandbox, persona)


def _exists(sandbox: Sandbox, persona: str) -> None:
    if mistake := unknown_name("persona", persona, sandbox.world):
        raise problems.not_found(problems.sentence(mistake))


def _view(sandbox: Sandbox, persona: str) -> Json:
    """A customer as the control API shows them."""
    account = sandbox.account(persona)
    first = sandbox.account_at_opening(persona)
    earlier = answers_of(first) if first else {}
    return {
        "persona": persona,
        "token": sandbox.token("customer", persona),
        "description": account.person.description,
        "now": account.now,
        "holdings": sandbox.world.scenario.document["customers"][persona],
        "preference_names": names_of(account.person),
        "resources": [
            _resource(id, answer, earlier.get(id)) for id, answer in answers_of(account).items()
        ],
    }


def _resource(id: str, answer: Any, earlier: Any) -> Json:
    if isinstance(answer, Problem):
        refused = {"status": answer.status, "message": answer.message, "data": None}
        return {"operation": id, **refused, "total": 0, "marks": {}, "removed": []}
    records, total = answer
    before = earlier[0] if isinstance(earlier, tuple) else []
    return {
        "operation": id,
        "status": 200,
        "message": None,
        "data": records[0] if id == DETAILS else records,
        "total": total,
        "marks": people.marks_of(before, records),
        # Of a longer list only the newest are known, so that what is missing may just be older.
        "removed": people.removed_from(before, records) if total <= SHOWN else [],
    }
