"""What the clients of a sandbox have covered: operations, statuses, personas, edge states."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from mock_server.http.exchange import Response
from mock_server.http.router import Route

Json = dict[str, Any]


class Coverage:
    """What was covered, operation by operation."""

    __slots__ = ("personas", "states", "statuses")

    def __init__(self) -> None:
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.personas: defaultdict[str, set[str]] = defaultdict(set)
        self.states: set[tuple[str, str]] = set()

    def record(self, route: Route, persona: str | None, response: Response) -> None:
        """Count an answer."""
        self.statuses[route.id, response.status] += 1
        if persona is not None:
            self.personas[route.id].add(persona)
        if response.states:
            self.states.update((route.id, text) for text in response.states)

    def add(self, other: "Coverage") -> None:
        """Add what was covered elsewhere."""
        self.statuses.update(other.statuses)
        self.states |= other.states
        for operation, personas in other.personas.items():
            self.personas[operation] |= personas

    def as_json(self, routes: Iterable[Route]) -> Json:
        """As the control API shows it: all there is, and what of it was covered."""
        operations = [self._operation(route) for route in routes]
        known = sum(len(each["statuses"]) + len(each["states"]) for each in operations)
        covered = sum(
            bool(count)
            for each in operations
            for count in (*each["statuses"].values(), *each["states"].values())
        )
        percent = round(100 * covered / known, 1) if known else 100.0
        return {"percent": percent, "met": covered, "known": known, "operations": operations}

    def _operation(self, route: Route) -> Json:
        return {
            "operation": route.id,
            "statuses": {
                str(status): self.statuses[route.id, status] for status in sorted(route.answers)
            },
            "states": {each.text: (route.id, each.text) in self.states for each in route.states},
            "personas": sorted(self.personas.get(route.id, ())),
        }
