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


def steady(exchange: Exchange) -> Any:
    """The records of an answer without what moves by itself."""
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
        first, other = reads[0], next(each for each in reads if not _agree([reads[0], each]))
        raise Violation(
            expected=f"the first answer again, {difference(first, other)}",
            actual=difference(other, first),
            exchange=other,
            after=[first],
        )


def difference(exchange: Exchange, other: Exchange) -> str:
    """The part in which an answer differs from another."""
    if exchange.status != other.status:
        return exchange.told()
    mine, theirs = steady(exchange), steady(other)
    if len(mine) != len(theirs):
        return f"{len(mine)} records"
    pairs = zip(mine, theirs, strict=True)
    record, against = next((one, two) for one, two in pairs if one != two)
    keys = record.keys() | against.keys()
    name = min(key for key in keys if record.get(key) != against.get(key))
    return f"{name} {record.get(name)!r} in {record.get('id')}"


def _agree(reads: list[Exchange]) -> bool:
    first, *others = [(each.status, steady(each)) for each in reads]
    return all(each == first for each in others)
