"""The mock itself: whether it is ready, and what sandboxes can be made of."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from mock_server import __version__
from mock_server.http.operation import operation
from mock_server.resources import KINDS
from mock_server.worlds import scenario
from mock_server.worlds.registry import Sandboxes
from mock_server.worlds.scenario import ScenarioError, Source

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
    sources = ((name, scenario.source_of(name)) for name in scenario.names())
    return [{"name": name, "title": _title(source)} for name, source in sources]


@lru_cache(64)
def _title(source: Source) -> str:
    """The title of a scenario; of one that somebody is at work on, what is wrong with it."""
    try:
        return scenario.load(source, KINDS).title
    except ScenarioError as error:
        return str(error).partition("\n")[0]
