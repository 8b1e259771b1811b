"""Faults that show from one moment to the next."""

from mock_server.breakages.breakage import (
    CHARGES,
    MEMBERSHIPS,
    ORDERS,
    Edit,
    Tree,
    at,
    changed,
    remembering,
)
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import PlantedFault, Sandbox


@remembering("TIME-01")
def every_other_read_is_reversed() -> PlantedFault:
    """Every other read of the charges is the wrong way round."""
    return _every(2, CHARGES, _reverse)


@remembering("TIME-01")
def every_other_page_is_short() -> PlantedFault:
    """Every other read of the orders lacks the last one."""
    return _every(2, ORDERS, _shorten)


@remembering("TIME-01")
def every_third_read_of_memberships_is_short() -> PlantedFault:
    """Every third read of the memberships lacks the last one."""
    return _every(3, MEMBERSHIPS, _shorten)


def _every(nth: int, path: str, change: Edit) -> PlantedFault:
    seen = 0

    def unsteady(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        nonlocal seen
        response = answer(request)
        if not at(request, path) or response.status != 200:
            return response
        seen += 1
        return changed(request, response, change) if seen % nth == 0 else response

    return unsteady


def _reverse(tree: Tree, _request: Request) -> None:
    tree["data"].reverse()


def _shorten(tree: Tree, _request: Request) -> None:
    tree["data"] = tree["data"][:-1]
