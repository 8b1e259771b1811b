"""What must be the same from one moment to the next."""

from typing import Any

from contract_tests.actor import Customer
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law

MOVES = {"last_active_at", "last_check_in", "updated_at"}
"""Fields that reading itself may change."""

UNKNOWN = (("utm_source", "newsletter"), ("sort", "oldest"))
"""Parameters that no operation has, and that change nothing."""


def _steady(exchange: Exchange) -> Any:
    return [
        {key: value for key, value in record.items() if key not in MOVES}
        for record in exchange.records
    ]


@law("TIME-01")
def reads_agree(customer: Customer, operation: Operation) -> None:
    reads = [
        customer.once(operation),
        customer.once(operation, UNKNOWN),
        customer.call(operation),
    ]
    if not _agree(reads):
        # Something may have been changed or ordered since the first; nothing is, twice, at once.
        reads = [customer.call(operation) for _ in reads]
    if not reads[0].ok:
        raise NotCovered(f"it answered {reads[0].told()[:60]}")

    if not _agree(reads):
        raise Violation(expected="the same answer", actual="another", exchange=reads[-1])


def _agree(reads: list[Exchange]) -> bool:
    first, *others = [(each.status, _steady(each)) for each in reads]
    return all(each == first for each in others)
