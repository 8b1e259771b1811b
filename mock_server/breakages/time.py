"""Faults that show from one moment to the next."""

from mock_server.breakages.breakage import CHARGES, ORDERS, Tree, at, changed, remembering
from mock_server.exchange import Answer, Request, Response
from mock_server.sandbox import Fault, Sandbox


def _every_other(path: str, change: str) -> Fault:
    seen = 0

    def alter(tree: Tree, _request: Request) -> None:
        data = tree["data"]
        tree["data"] = data[::-1] if change == "reverse" else data[:-1]

    def unsteady(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        nonlocal seen
        response = answer(request)
        if not at(request, path) or response.status != 200:
            return response
        seen += 1
        return changed(request, response, alter) if seen % 2 == 0 else response

    return unsteady


@remembering("TIME-01")
def every_other_read_is_reversed() -> Fault:
    """Every other read of the charges is the wrong way round."""
    return _every_other(CHARGES, "reverse")


@remembering("TIME-01")
def every_other_page_is_short() -> Fault:
    """Every other read of the orders lacks the last one."""
    return _every_other(ORDERS, "shorten")
