"""Everything that the people of a scenario have, judged by the document."""

from collections.abc import Iterator
from typing import Any

import msgspec

from mock_server.http import router
from mock_server.http.pages import LARGEST_PER_PAGE, Page
from mock_server.http.problems import Problem
from mock_server.http.router import Route
from mock_server.worlds.account import Account
from mock_server.worlds.registry import Sandboxes
from mock_server.worlds.tokens import DEFAULT_SANDBOX

PAGES = 20
"""So many pages of the largest size are looked at from each end of a long list."""
URL = "http://127.0.0.1:4010"


def judge_records(sandboxes: Sandboxes) -> None:
    """
    Make and judge the records of everybody in the default sandbox.

    Raises:
        ScenarioError: one is not what the document allows; it would be answered 500.
    """
    sandbox = sandboxes.get(DEFAULT_SANDBOX)
    mistakes = []
    for account in sandbox.accounts():
        for route in sandboxes.operations:
            if route.method != "GET" or "{" in route.path:
                continue
            for result in _results(route, account):
                error = _violation(route, result)
                if error is not None:
                    what = f"{route.id} would answer what the contract does not allow: {error}"
                    mistakes.append((("customers", account.person.name), what))
    if mistakes:
        raise sandbox.world.scenario.places.error(mistakes)


def _violation(route: Route, result: Any) -> str | None:
    response = router.response_of(route, result, URL + route.path)
    return router.violation(route, response.status, msgspec.json.decode(response.body))


def _results(route: Route, account: Account) -> Iterator[Any]:
    """What the operation shows of an account, with all that its flags can bring to light."""
    flags = {each.python_name: True for each in route.parameters if each.type == "boolean"}
    try:
        first = route.handler(account, **flags)
        yield first
        if isinstance(first, Page):
            last = -(-first.total // LARGEST_PER_PAGE)
            for page in sorted({*range(1, PAGES + 1), *range(last - PAGES + 1, last + 1)}):
                if 1 <= page <= last:
                    yield route.handler(account, page=page, per_page=LARGEST_PER_PAGE)
    except Problem:
        return
