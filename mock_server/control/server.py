"""The mock itself: whether it is ready, and what sandboxes can be made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mock_server import __version__
from mock_server.http.operation import operation
from mock_server.resources import KINDS
from mock_server.worlds import scenario
from mock_server.worlds.registry import Sandboxes

Json = dict[str, Any]


@operation("getHealth")
def health(sandboxes: Sandboxes) -> Json:
    default = sandboxes.default
    return {
        "status": "ok",
        "version": __version__,
        # Its name and not its path: anybody may ask.
        "scenario": Path(str(default.scenario)).stem,
        "seed": default.seed,
        "problem": sandboxes.problem,
        "upstream": sandboxes.upstream,
    }


@operation("listScenarios")
def list_scenarios(_sandboxes: Sandboxes) -> Sequence[Json]:
    scenarios = (scenario.load(name, KINDS) for name in scenario.names())
    return [{"name": each.name, "title": each.title} for each in scenarios]
