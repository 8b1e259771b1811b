"""Everything that a customer has, as the reading operations show it at their widest."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from inspect import Parameter, signature
from typing import Any

import msgspec

from mock_server.http.operation import Handler, handlers_of
from mock_server.http.problems import Problem
from mock_server.observation.people import CREDITS, DETAILS, ORDERS, Json, Lists, summary_of
from mock_server.resources import RESOURCES, facts_of
from mock_server.worlds.account import Account

SHOWN = 20
"""So many of a customer's orders are shown, the newest."""
_WIDEST: Mapping[str, Mapping[str, Any]] = {
    CREDITS: {"redeemed": True, "expired": True},
    ORDERS: {"per_page": SHOWN},
}
"""What shows the most of a list."""


def _needs_nothing(handler: Handler) -> bool:
    """Whether an operation can be called for a customer without saying more: it reads."""
    _caller, *parameters = signature(handler).parameters.values()
    return all(each.default is not Parameter.empty for each in parameters)


READS = {id: handler for id, handler in handlers_of(RESOURCES).items() if _needs_nothing(handler)}


def answers_of(
    account: Account, reads: Iterable[str] = READS
) -> dict[str, tuple[list[Json], int] | Problem]:
    """Each reading operation's records and how many there are in all, or why it refuses."""
    return {id: _answer(id, account) for id in reads}


def lists_of(account: Account, reads: Iterable[str] = READS) -> Lists:
    """Each reading operation's records; None where it refuses."""
    answers = answers_of(account, reads)
    return {id: None if isinstance(each, Problem) else each[0] for id, each in answers.items()}


def describe(account: Account) -> Json:
    """What a customer is called, what makes them worth choosing, and facts for tests."""
    # Orders are the longest of the lists, and only their number is told.
    facts, lists = facts_of(account), lists_of(account, READS.keys() - {ORDERS})
    return {
        "name": next((each["full_name"] for each in lists[DETAILS] or ()), None),
        "summary": summary_of(lists, account.now, facts["order_count"]),
        "facts": facts,
    }


def _answer(id: str, account: Account) -> tuple[list[Json], int] | Problem:
    try:
        result = READS[id](account, **_WIDEST.get(id, {}))
    except Problem as problem:
        return problem
    shown = msgspec.to_builtins(result, builtin_types=(datetime,))
    if isinstance(shown, list):
        return shown, len(shown)
    return (shown["items"], shown["total"]) if "items" in shown else ([shown], 1)
