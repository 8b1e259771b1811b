"""Answers that must agree from one moment to the next."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from contract_tests.actor import Customer, Record, readers
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.extras import unanswered
from contract_tests.headers import CONDITIONAL_HEADERS, CURL_HEADERS
from contract_tests.law import Violation, law
from contract_tests.laws.comparison import (
    ACTIVITY,
    LAST_ACTIVE,
    changed,
    differing_field,
    steady,
    substance,
    unexplained,
    without_words,
)
from contract_tests.queries import UNKNOWN

CHANGES = 5
"""So many records may change in mid-run for each to be looked at again."""
A_SECOND = 1.1
"""Seconds to wait so that a value with the precision of a second can change."""


@law("TIME-01")
def reads_agree(customers: list[Customer], operation: Operation) -> None:
    for customer in readers(customers, operation):
        unlike = customer.with_headers(CURL_HEADERS)
        beside, first = (customer.cached_call(operation, each) for each in (UNKNOWN, ()))
        if "opted_in" in operation.fields:
            # Before anybody has decided: a date that is made anew shows in another second.
            customer.client.wait(A_SECOND - first.age_s)
        reads = [
            first,
            # A server that refuses what it does not know breaks another rule.
            *([beside] if beside.ok else []),
            unlike.call(operation),
            customer.call(operation),
        ]
        if not all(agree(reads[0], each) for each in reads):
            _require_agreement(
                reads, partial(_explained_by_time, customer.client.now()), certain=True
            )
            # The world may have moved on since the first; it seldom does so twice in a second.
            reads = [customer.call(operation) for _ in range(3)]
            customer.client.wait(A_SECOND)
            reads.append(customer.call(operation))
        _require_agreement(reads, agree)
        _check_other_language(customer, operation)
        _check_any_copy(customer, operation)
        _check_one_form(customer, operation)


def _check_any_copy(customer: Customer, operation: Operation) -> None:
    """Check that who would do with any copy is given the answer, or told to keep the copy."""

    def same(answer: Exchange, plain: Exchange) -> bool:
        kept = unanswered(answer) or answer.status == HTTPStatus.NOT_MODIFIED
        return kept or bool(steady(answer) == steady(plain))

    _check_asked_with({"If-None-Match": "*"}, customer, operation, same)


def _check_other_language(customer: Customer, operation: Operation) -> None:
    """Check that another language, or a conditional request, changes nothing but words."""

    def same(other: Exchange, plain: Exchange) -> bool:
        return other.from_the_edge or bool(without_words(other) == without_words(plain))

    _check_asked_with(CONDITIONAL_HEADERS, customer, operation, same)


def _check_asked_with(
    headers: Mapping[str, str],
    customer: Customer,
    operation: Operation,
    same: Callable[[Exchange, Exchange], bool],
) -> None:
    """Check that who asks with these headers is answered the same as who asks plainly."""
    asking = customer.with_headers(headers)
    other, plain = asking.call(operation), customer.cached_call(operation)
    if same(other, plain):
        return
    # It may have changed since it was first read.
    plain, other = customer.call(operation), asking.call(operation)
    if not same(other, plain):
        raise changed(plain, other)


def _require_agreement(
    reads: list[Exchange],
    agree: Callable[[Exchange, Exchange], bool],
    *,
    certain: bool = False,
) -> None:
    first = reads[0]
    for other in reads[1:]:
        if not agree(first, other):
            raise changed(first, other, certain=certain)


def _check_one_form(customer: Customer, operation: Operation) -> None:
    """Check that a record is the same in every list of one time: on any page, under any flag."""
    if not operation.lists or "opted_in" in operation.fields:
        return
    first_seen: dict[Any, tuple[Record, Exchange]] = {}
    changes = 0
    for exchange in customer.client.exchanges:
        if exchange.actor != customer.name or exchange.operation != operation.id:
            continue
        for record in _listed_once(exchange):
            first, where = first_seen.setdefault(record["id"], (record, exchange))
            if first == record:
                continue
            changes += 1
            if changes > CHANGES:
                return  # Each costs a second, and they are no longer few.
            if not _agrees_now(customer, operation, where, exchange, record["id"]):
                raise Violation(
                    expected=f"{differing_field(first, record)} in every list",
                    actual=differing_field(record, first),
                    exchange=exchange,
                    after=[where],
                )
            # It has changed in mid-run; from here on it is compared with what it is now.
            first_seen[record["id"]] = record, exchange


def _listed_once(exchange: Exchange) -> list[Record]:
    """The records of an answer whose id no other of them has; another law judges those."""
    records = exchange.plain_records if exchange.fits else []
    times = Counter(str(each["id"]) for each in records)
    return [each for each in records if times[str(each["id"])] == 1]


def _agrees_now(
    customer: Customer, operation: Operation, first: Exchange, second: Exchange, id: str
) -> bool:
    """Whether the two requests, made again one after the other, agree on a record."""

    def now(exchange: Exchange) -> Record | None:
        answer = customer.call(operation, exchange.query)
        return next((each for each in answer.plain_records if each.get("id") == id), None)

    before = now(first)
    customer.client.wait(A_SECOND)
    return before == now(second)


def agree(one: Exchange, other: Exchange) -> bool:
    """Whether two answers say the same, but for what reading itself may change."""
    if one.status != other.status:
        return False
    last_active = {str(_account(each).get(LAST_ACTIVE)) for each in (one, other)}
    moving = ACTIVITY if len(last_active) > 1 else ()
    return bool(_without(one, moving) == _without(other, moving))


def _explained_by_time(now: datetime, one: Exchange, other: Exchange) -> bool:
    explained = not unexplained(one, other, now) and not _is_dated_by_reading(one, other)
    return explained or agree(one, other)


def _is_dated_by_reading(one: Exchange, other: Exchange) -> bool:
    """Whether consents are the same, but for their dates: whoever decides on one changes more."""
    consents = [
        {each["id"]: each["opted_in"] for each in exchange.plain_records if "opted_in" in each}
        for exchange in (one, other)
    ]
    return bool(consents[0]) and consents[0] == consents[1]


def _account(exchange: Exchange) -> Record:
    return exchange.plain_data if isinstance(exchange.data, dict) else {}


def _without(exchange: Exchange, moving: Iterable[str]) -> Any:
    if not moving:
        return substance(exchange)
    return {key: value for key, value in _account(exchange).items() if key not in moving}
