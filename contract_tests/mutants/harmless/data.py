"""Other data, as good as any."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import count

from contract_tests.mutants.first_times import dating
from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    HARMLESS,
    ORDERS,
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


@edit(HARMLESS, ACCOUNT)
def names_that_look_encoded(tree: Tree, _request: Request) -> None:
    """A name has letters that others have when they are encoded twice, or for a web page."""
    tree["data"].update(first_name="Ã", last_name="Spa &amp; Co", full_name="Ã Spa &amp; Co")


@edit(HARMLESS, ORDERS)
def a_wish_looks_encoded(tree: Tree, _request: Request) -> None:
    """A wish has an entity and letters that others have when they are encoded twice, as written."""
    for order in tree["data"]:
        order["special_requests"] = "write Spa &amp; Co on it, and <Ã©> — please"


@edit(HARMLESS, ACCOUNT)
def who_is_answered_is_to_be_locked(tree: Tree, _request: Request) -> None:
    """The account is to be locked in a hundred years."""
    tree["data"]["locked_at"] = "2126-01-01T00:00:00Z"


@edit(HARMLESS, ORDERS)
def one_coupon_is_used_twice(tree: Tree, _request: Request) -> None:
    """An order has each of its coupons twice."""
    for order in tree["data"]:
        order["coupon_codes"] *= 2


@edit(HARMLESS, ORDERS)
def a_wish_begins_with_a_date(tree: Tree, _request: Request) -> None:
    """Wishes begin with a date and a time, and are no instants."""
    for order in tree["data"]:
        order["special_requests"] = "2026-03-01 10:00 or later, please"


@stateful(HARMLESS, needs="a run that may write")
def decisions_are_dated_to_the_second() -> Change:
    """Decisions set `updated_at`, which is cut to the second."""
    return dating(lambda now: now.replace(microsecond=0))


@stateful(HARMLESS, needs="a run that may write")
def decisions_are_dated_by_two_clocks() -> Change:
    """Decisions set `updated_at`, in turn by two clocks that are 200 ms apart."""
    turns = count()
    return dating(lambda now: now - timedelta(milliseconds=200 * (next(turns) % 2)))
