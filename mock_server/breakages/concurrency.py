"""Faults that show when requests come at the same time."""

import time

from msgspec.structs import replace

from mock_server.breakages.breakage import ACCOUNT, ORDERS, PREFERENCES, at, decides, remembering
from mock_server.exchange import Answer, Request, Response
from mock_server.sandbox import PlantedFault, Sandbox

AT_ONCE_S = 0.004
"""Requests that come within this time of each other count as simultaneous."""
SOON_S = 0.0015


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
    """The account asked for within a millisecond of another's is the other's."""
    return _mixed_up(ACCOUNT, SOON_S)


def _mixed_up(path: str, soon_s: float) -> PlantedFault:
    last: tuple[float, str, Response | None] = (0.0, "", None)

    def mixed(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        nonlocal last
        response, now = answer(request), time.monotonic()
        if not at(request, path) or response.status != 200:
            return response
        who = request.headers.get("authorization", "")
        then, other, theirs = last
        last = (now, who, response)
        return theirs if theirs and other != who and now - then < soon_s else response

    return mixed


@remembering("CONC-02")
def orders_are_mixed_up() -> PlantedFault:
    """The orders asked for within a few milliseconds of another's are the other's."""
    return _mixed_up(ORDERS, AT_ONCE_S)
