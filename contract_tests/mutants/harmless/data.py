"""Other data, as good as any."""

from collections import Counter
from datetime import datetime

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    HARMLESS,
    Change,
    Tree,
    at,
    changed,
    edit,
    stateful,
)
from contract_tests.mutants.people import People


@edit(HARMLESS, ACCOUNT)
def names_of_the_world(tree: Tree, _request: Request) -> None:
    """Customers have names in other scripts."""
    names = {"first_name": "عائشة", "last_name": "بنت محمد 🐉"}
    account = tree["data"]
    account.update(names, full_name=f"{names['first_name']} {names['last_name']}")


OPEN = ("processing", "preparing")


@stateful(HARMLESS)
def a_charge_is_completed_meanwhile() -> Change:
    """A charge that is being collected at first is completed by the fourth read, as it tells."""
    reads: Counter[str] = Counter()
    done: list[datetime] = []

    def completing(request: Request, send: Send, people: People) -> Response:
        if not at(request, CHARGES):
            return send(request)
        reads[people.name(request)] += 1

        def complete(tree: Tree, _request: Request) -> None:
            for charge in [each for each in tree["data"] if each["status"] in OPEN][:1]:
                charge.update(status="succeeded", completed_at=done[0].isoformat())

        if reads[people.name(request)] <= 3:
            return send(request)
        done.append(people.now)
        return changed(request, send(request), complete)

    return completing


@stateful(HARMLESS)
def a_charge_falls_due_meanwhile() -> Change:
    """The newest charge is only there from the fourth read on: it fell due in this second."""
    reads: Counter[str] = Counter()
    due: list[datetime] = []

    def falling(request: Request, send: Send, people: People) -> Response:
        if not at(request, CHARGES):
            return send(request)
        reads[people.name(request)] += 1
        due.append(people.now)

        def fall(tree: Tree, _request: Request) -> None:
            for charge in tree["data"][:1]:
                early = reads[people.name(request)] <= 3
                begun = {"billed_at": due[0].isoformat(), "completed_at": None}
                charge.update(begun, status="processing", failure_reason=None)
                tree["data"] = tree["data"][1:] if early else tree["data"]

        return changed(request, send(request), fall)

    return falling
