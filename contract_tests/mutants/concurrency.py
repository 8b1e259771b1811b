"""Mutants that show when requests come at the same time."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    ORDERS,
    PREFERENCES,
    Change,
    Edit,
    Tree,
    at,
    changed,
    decides,
    error,
    stateful,
)
from contract_tests.mutants.people import People

WINDOW_S = 0.03
"""How long a request is under way, at the least: what comes meanwhile comes at the same time."""


class _UnderWay:
    """What is under way at this moment."""

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._guard = Lock()

    @contextmanager
    def __call__(self, key: str) -> Iterator[list[str]]:
        """Be under way; what else was so before."""
        with self._guard:
            others = [other for other in self._keys if other != key]
            self._keys.append(key)
        try:
            yield others
        finally:
            with self._guard:
                self._keys.remove(key)


@stateful("CONC-01", needs="a customer with two marketing preferences, and a run that may write")
def the_second_of_two_decisions_is_lost() -> Change:
    """Of two opt-ins or opt-outs of a customer at the same time the second is forgotten."""
    under_way: dict[str, _UnderWay] = {}

    def lossy(request: Request, send: Send, people: People) -> Response:
        if not decides(request):
            return send(request)
        with under_way.setdefault(people.name(request), _UnderWay())(request.path) as others:
            time.sleep(WINDOW_S)
            listed = replace(request, method="GET", path=PREFERENCES)
            return send(listed if others else request)

    return lossy


@stateful("CONC-01", needs="a customer with two marketing preferences, and a run that may write")
def an_opt_out_loses_against_an_opt_in() -> Change:
    """An opt-out while the customer opts in to something else is forgotten."""
    opting_in: dict[str, _UnderWay] = {}

    def lossy(request: Request, send: Send, people: People) -> Response:
        if not decides(request):
            return send(request)
        under_way = opting_in.setdefault(people.name(request), _UnderWay())
        if request.method == "POST":
            with under_way(request.path):
                time.sleep(WINDOW_S)
                return send(request)
        time.sleep(WINDOW_S / 3)
        with under_way(request.path) as others:
            listed = replace(request, method="GET", path=PREFERENCES)
            return send(listed if others else request)

    return lossy


@stateful("CONC-02")
def answers_are_mixed_up() -> Change:
    """Where two customers ask for their accounts at the same time, one is shown the other's."""
    return _mixed_up(ACCOUNT)


@stateful("CONC-02")
def orders_are_mixed_up() -> Change:
    """Where two customers ask for their orders at the same time, one is shown the other's."""
    return _mixed_up(ORDERS)


def _mixed_up(path: str) -> Change:
    under_way = _UnderWay()

    def mixed(request: Request, send: Send, people: People) -> Response:
        mine = people.name(request)
        if not at(request, path) or not mine:
            return send(request)
        with under_way(mine) as others:
            time.sleep(WINDOW_S)
            return send(people.as_customer(request, others[0]) if others else request)

    return mixed


@stateful("CONC-01", needs="two customers with marketing preferences, and a run that may write")
def answers_to_decisions_are_mixed_up() -> Change:
    """Where two customers decide at the same time, one is answered the other's list."""
    under_way = _UnderWay()

    def mixed(request: Request, send: Send, people: People) -> Response:
        mine = people.name(request)
        if not decides(request) or not mine:
            return send(request)
        with under_way(mine) as others:
            time.sleep(WINDOW_S)
            response, listed = send(request), replace(request, method="GET", path=PREFERENCES)
            return send(people.as_customer(listed, others[0])) if others else response

    return mixed


@stateful("CONC-01", needs="a run that may write")
def a_double_click_is_a_conflict() -> Change:
    """A decision while the same one is under way is answered 409."""
    under_way: Counter[tuple[str, str]] = Counter()
    guard = Lock()

    def refusing(request: Request, send: Send, people: People) -> Response:
        key = (people.name(request), f"{request.method} {request.path}")
        if not decides(request):
            return send(request)
        with guard:
            under_way[key] += 1
            twice = under_way[key] > 1
        time.sleep(WINDOW_S)
        response = error(409, "Somebody else decides.") if twice else send(request)
        with guard:
            under_way[key] -= 1
        return response

    return refusing


@stateful("CONC-01", needs="a run that may write")
def nothing_is_listed_while_it_is_decided() -> Change:
    """Preferences that are read while the customer decides are none."""
    return _read_half_written(lambda tree, _: tree["data"].clear())


@stateful("CONC-01", needs="a customer with three marketing preferences, and a run that may write")
def nothing_is_opted_in_to_while_it_is_decided() -> Change:
    """Preferences that are read while the customer decides are those of who never opted in."""

    def opted_out(tree: Tree, _request: Request) -> None:
        for preference in tree["data"]:
            preference["opted_in"] = False

    return _read_half_written(opted_out)


def _read_half_written(change: Edit) -> Change:
    """What is listed is changed while the customer decides."""
    under_way: Counter[str] = Counter()
    guard = Lock()

    def reading(request: Request, send: Send, people: People) -> Response:
        name = people.name(request)
        if request.path == PREFERENCES and under_way[name]:
            return changed(request, send(request), change)
        if not decides(request):
            return send(request)
        with guard:
            under_way[name] += 1
        time.sleep(WINDOW_S)
        response = send(request)
        with guard:
            under_way[name] -= 1
        return response

    return reading
