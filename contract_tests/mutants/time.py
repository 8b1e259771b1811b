"""Mutants that show from one moment to the next."""

import time
from collections import Counter

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    CHARGES,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    PREFERENCES,
    Change,
    Edit,
    Tree,
    at,
    changed,
    decides,
    stateful,
)
from contract_tests.mutants.people import People


@stateful("TIME-01")
def every_other_read_is_reversed() -> Change:
    """Every other read of the charges is the wrong way round."""
    return _every(2, CHARGES, _reverse)


@stateful("TIME-01")
def every_other_page_is_short() -> Change:
    """Every other read of the orders lacks the last one."""
    return _every(2, ORDERS, _shorten)


@stateful("TIME-01")
def every_third_read_of_memberships_is_short() -> Change:
    """Every third read of the memberships lacks the last one."""
    return _every(3, MEMBERSHIPS, _shorten)


@stateful("TIME-01")
def what_is_undecided_is_dated_when_it_is_read() -> Change:
    """Until a customer decides, `updated_at` of what they are not opted in to is now."""
    decided: set[str] = set()

    def dating(request: Request, send: Send, people: People) -> Response:
        name = people.name(request)
        decided.update([name] if decides(request) else [])

        def date(tree: Tree, _request: Request) -> None:
            for each in tree["data"]:
                if not each["opted_in"]:
                    each["updated_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

        response = send(request)
        undecided = at(request, PREFERENCES) and name not in decided
        return changed(request, response, date) if undecided else response

    return dating


def _every(nth: int, path: str, change: Edit) -> Change:
    seen = 0

    def unsteady(request: Request, send: Send, _people: People) -> Response:
        nonlocal seen
        response = send(request)
        if not at(request, path) or response.status != 200:
            return response
        seen += 1
        return changed(request, response, change) if seen % nth == 0 else response

    return unsteady


def _reverse(tree: Tree, _request: Request) -> None:
    tree["data"].reverse()


def _shorten(tree: Tree, _request: Request) -> None:
    tree["data"] = tree["data"][:-1]


@stateful(("TIME-02", "TIME-01"))
def reading_changes_a_charge() -> Change:
    """Whoever has read their charges sees the oldest described otherwise from then on."""
    readers: set[str] = set()

    def changing(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if not at(request, CHARGES) or response.status != 200:
            return response
        if name in readers:
            return changed(request, response, _renamed)
        readers.add(name)
        return response

    return changing


@stateful("TIME-02")
def reading_charges_dates_payment_methods() -> Change:
    """Whoever reads their charges changes the `updated_at` of their first payment method."""
    reads: Counter[str] = Counter()

    def dating(request: Request, send: Send, people: People) -> Response:
        name = people.name(request)
        reads[name] += request.method == "GET" and at(request, CHARGES)

        def dated(tree: Tree, _request: Request) -> None:
            for method in tree["data"][:1]:
                method["updated_at"] = f"2026-01-01T00:{reads[name] % 60:02}:00Z"

        response = send(request)
        read = request.method == "GET" and at(request, PAYMENT_METHODS)
        return changed(request, response, dated) if read else response

    return dating


def _renamed(tree: Tree, _request: Request) -> None:
    for charge in tree["data"][-1:]:
        charge["description"] = "Moved on"
