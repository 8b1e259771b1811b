"""What must be the same from one moment to the next."""

from typing import Any

from contract_tests.actor import Customer
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law

MOVES = {"last_active_at", "last_check_in", "updated_at"}
"""Fields that reading itself may change."""


def _steady(exchange: Exchange) -> Any:
    return [
        {key: value for key, value in record.items() if key not in MOVES}
        for record in exchange.records
    ]


@law("TIME-01")
def two_reads_agree(customer: Customer, operation: Operation) -> None:
    first, second = customer.once(operation), customer.call(operation)
    if _steady(first) != _steady(second):
        # Something may have been changed or ordered since; nothing is, twice, within a moment.
        first, second = customer.call(operation), customer.call(operation)
    if not first.ok:
        raise NotCovered(f"it answered {first.told()[:60]}")

    if second.status != first.status or _steady(second) != _steady(first):
        raise Violation(expected="the first answer again", actual="another", exchange=second)
