"""Faults that show when requests come at the same time."""

import time
from itertools import pairwise

from msgspec.structs import replace

from mock_server.breakages.breakage import ACCOUNT, ORDERS, PREFERENCES, at, decides, remembering
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import PlantedFault, Sandbox

LATELY = 6
"""How many requests are looked back on, to see two customers take turns."""
AT_ONCE_S = 0.004
"""Requests that come within this time of each other count as simultaneous."""


@remembering("CONC-01")
def the_second_of_two_decisions_is_lost() -> PlantedFault:
    """Of two opt-ins or opt-outs within a few milliseconds the second is forgotten."""
    last: dict[str, tuple[float, str]] = {}

    def lossy(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        if not decides(request):
            return answer(request)
        who, now = request.headers.get("authorization", ""), time.monotonic()
        before, path = last.get(who, (0.0, ""))
        last[who] = (now, request.path)
        if now - before < AT_ONCE_S and path != request.path:
            return answer(replace(request, method="GET", path=PREFERENCES))
        return answer(request)

    return lossy


@remembering("CONC-02")
def answers_are_mixed_up() -> PlantedFault:
    """Where two customers ask for their accounts in turns, one is shown the other's."""
    return _mixed_up(ACCOUNT)


@remembering("CONC-02")
def orders_are_mixed_up() -> PlantedFault:
    """Where two customers ask for their orders in turns, one is shown the other's."""
    return _mixed_up(ORDERS)


def _mixed_up(path: str) -> PlantedFault:
    """Requests of two in turns stand for requests at the same time: no clock decides."""
    seen: list[tuple[str, Response]] = []

    def mixed(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        response = answer(request)
        if not at(request, path) or response.status != 200:
            return response
        who = request.headers.get("authorization", "")
        seen.append((who, response))
        del seen[:-LATELY]
        callers = [each for each, _ in seen]
        turns = sum(one != other for one, other in pairwise(callers))
        theirs = [shown for each, shown in seen if each != who]
        return theirs[-1] if len(set(callers)) == 2 <= turns else response

    return mixed
