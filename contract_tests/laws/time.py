"""What must be the same from one moment to the next."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.actor import Customer, Record
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law

A_SECOND = 1.1
"""Seconds after which what is told to the second is told anew."""
SEEN = "last_active_at"
"""The field that reading itself may change, and with it when the customer last changed."""
MOVES = {SEEN, "last_check_in", "updated_at"}
"""Fields that may move while others write or read."""
UNKNOWN = (("utm_source", "newsletter"), ("sort", "oldest"))
"""Parameters that no operation has, and that change nothing."""


@law("TIME-01")
def reads_agree(customers: list[Customer], operation: Operation) -> None:
    readable = [each for each in customers if each.once(operation).ok]
    if not readable:
        told = customers[0].once(operation).told()
        raise NotCovered(f"it answered {told[:60]}")
    for customer in readable:
        reads = [
            customer.once(operation),
            customer.once(operation, UNKNOWN),
            customer.call(operation),
        ]
        if not all(agree(reads[0], each) for each in reads):
            # The world may have moved on since the first; it seldom does so twice in a second.
            reads = [customer.call(operation) for _ in range(3)]
            customer.client.wait(A_SECOND)
            reads.append(customer.call(operation))
        _told(reads)
        _one_form(customer, operation)


def _told(reads: list[Exchange]) -> None:
    first = reads[0]
    for other in reads[1:]:
        if not agree(first, other):
            raise Violation(
                expected=f"the first answer again, {difference(first, other)}",
                actual=difference(other, first),
                exchange=other,
                after=[first],
            )


def _one_form(customer: Customer, operation: Operation) -> None:
    """A record must say the same wherever it is listed at the same time: on any page, any flag."""
    if not operation.lists or "opted_in" in operation.fields:
        return
    shown: dict[Any, tuple[Record, Exchange]] = {}
    for exchange in customer.client.exchanges:
        if exchange.actor != customer.name or exchange.operation != operation.id:
            continue
        for record in exchange.records if exchange.fits else ():
            first, where = shown.setdefault(record["id"], (record, exchange))
            if first != record and not _settled(customer, operation, where, exchange, record["id"]):
                raise Violation(
                    expected=f"{_field(first, record)} in every list",
                    actual=_field(record, first),
                    exchange=exchange,
                    after=[where],
                )


def _settled(
    customer: Customer, operation: Operation, first: Exchange, second: Exchange, id: str
) -> bool:
    """Whether the two requests, made again one after the other, agree on a record."""
    found = []
    for exchange in (first, second):
        query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
        answer = customer.call(operation, tuple(query))
        found.append(next((each for each in answer.records if each.get("id") == id), None))
        customer.client.wait(A_SECOND)
    return found[0] == found[1]


def agree(one: Exchange, other: Exchange) -> bool:
    """Whether two answers say the same, but for what reading itself may change."""
    if one.status != other.status:
        return False
    seen = {str(_account(each).get(SEEN)) for each in (one, other)}
    moving = (SEEN, "updated_at") if len(seen) > 1 else ()
    return bool(_without(one, moving) == _without(other, moving))


def steady(exchange: Exchange) -> Any:
    """The records of an answer without what moves by itself."""
    return [
        {key: value for key, value in record.items() if key not in MOVES}
        for record in exchange.records
    ]


def _account(exchange: Exchange) -> Record:
    return exchange.data if isinstance(exchange.data, dict) else {}


def _without(exchange: Exchange, moving: Iterable[str]) -> Any:
    if not moving:
        return exchange.json
    return {key: value for key, value in _account(exchange).items() if key not in moving}


def difference(exchange: Exchange, other: Exchange) -> str:
    """The part in which an answer differs from another."""
    if exchange.status != other.status:
        return exchange.told()
    mine, theirs = exchange.records, other.records
    if len(mine) != len(theirs):
        return f"{len(mine)} records"
    for record, against in zip(mine, theirs, strict=True):
        if record != against:
            return _field(record, against)
    return str({key: value for key, value in exchange.json.items() if key != "data"})


def _field(record: Record, other: Record) -> str:
    keys = record.keys() | other.keys()
    name = min((key for key in keys if record.get(key) != other.get(key)), default="id")
    return f"{name} {record.get(name)!r} in {record.get('id')}"
