"""What a run leaves behind, once everything has been read, refused, and decided and taken back."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from contract_tests.actor import Customer, Record
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.filters import TOLERANCE
from contract_tests.laws.time import SEEN, difference
from contract_tests.session import Session
from contract_tests.transport import SAFE

DECIDED = ("opted_in", "updated_at")
RUN = timedelta(minutes=10)
"""How long ago a run may have begun."""
SHOWN = 12
"""Writes, at most, that are shown with what they may have left behind."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT.*")


@law("TIME-02")
def nothing_is_left_behind(session: Session, operation: Operation) -> None:
    compared, now = 0, session.client.now()
    queries = [(), *(((name, "true"),) for name in operation.queries("boolean"))]
    for customer in session.customers:
        for query in queries:
            first = customer.once(operation, query)
            if not first.ok:
                continue
            compared += 1
            last = customer.call(operation, query)
            if _changed(first, last, now):
                raise Violation(
                    expected=f"what was read at first, {difference(first, last)}",
                    actual=difference(last, first),
                    exchange=last,
                    after=[first, *_writes(session, customer)],
                )
    if not compared:
        raise NotCovered("nobody was answered 200")


def _writes(session: Session, customer: Customer) -> list[Exchange]:
    """The last requests that could have changed something, the customer's own before others'."""
    found = [each for each in session.client.exchanges if each.method not in SAFE]
    return sorted(found, key=lambda each: each.actor == customer.name)[-SHOWN:]


def _changed(first: Exchange, last: Exchange, now: datetime) -> bool:
    """Whether something changed that the passing of time does not explain."""
    if last.status != first.status:
        return True
    before, after = ({each.get("id"): each for each in one.records} for one in (first, last))
    return any(
        _kept(before.get(id)) != _kept(after.get(id))
        and not any(_recent(instant, now) for instant in _instants([before.get(id), after.get(id)]))
        for id in before.keys() | after.keys()
    )


def _kept(record: Record | None) -> Record | None:
    if record is None:
        return None
    moving = DECIDED if "opted_in" in record else (SEEN, "updated_at") if SEEN in record else ()
    return {key: value for key, value in record.items() if key not in moving}


def _recent(instant: datetime, now: datetime) -> bool:
    return now - RUN < instant < now + TOLERANCE


def _instants(node: Any) -> Iterator[datetime]:
    if isinstance(node, str) and _INSTANT.fullmatch(node):
        yield datetime.fromisoformat(node)
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _instants(item)
