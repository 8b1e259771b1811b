"""Answers that must agree from one moment to the next."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.actor import Actor, Customer, Record
from contract_tests.credentials import ASKING, PLAIN
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Violation, law
from contract_tests.queries import UNKNOWN

CHANGES = 5
"""So many records may change in mid-run for each to be looked at again."""
A_SECOND = 1.1
"""Seconds to wait so that a value with the precision of a second can change."""
SEEN = "last_active_at"
"""The field that reading itself may change, and with it when the customer last changed."""
MOVES = {SEEN, "last_check_in", "updated_at"}
"""Fields that may move while others write or read."""
DECIDED = ("opted_in", "updated_at")
"""What a decision changes of a preference."""
PAGING = ("page", "per_page")
"""The parameters of links."""
RUN = timedelta(minutes=10)
"""How long ago a run may have begun."""
TOLERANCE = timedelta(minutes=2)
"""How far the target's clock may be from ours."""
_CODE = re.compile(r"(?=.*\d)\S+")
"""What is no word of a language."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT.*")


@law("TIME-01")
def reads_agree(customers: list[Customer], operation: Operation) -> None:
    readable = [each for each in customers if each.cached_call(operation).ok]
    if not readable:
        answer = customers[0].cached_call(operation).brief()
        raise NotCovered(f"it answered {answer[:60]}")
    for customer in readable:
        unlike = Actor(customer.client, customer.name, customer.token, PLAIN)
        reads = [
            customer.cached_call(operation),
            customer.cached_call(operation, UNKNOWN),
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
        _check_one_form(customer, operation)


def _check_other_language(customer: Customer, operation: Operation) -> None:
    """Check that another language, or a conditional request, changes nothing but words."""
    asking = Actor(customer.client, customer.name, customer.token, ASKING)
    other, plain = asking.call(operation), customer.cached_call(operation)
    if other.from_the_edge or _wordless(other) == _wordless(plain):
        return
    # It may have changed since it was first read.
    plain, other = customer.call(operation), asking.call(operation)
    if not other.from_the_edge and _wordless(other) != _wordless(plain):
        raise Violation(
            expected=f"the answer of the plain request, {difference(plain, other)}",
            actual=difference(other, plain),
            exchange=other,
            after=[plain],
        )


def _wordless(exchange: Exchange) -> Any:
    """An answer without its words; ids, numbers and instants are the same in all languages."""

    def plain(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: plain(value) for key, value in node.items() if key not in MOVES}
        if isinstance(node, list):
            return [plain(item) for item in node]
        return node if not isinstance(node, str) or _CODE.fullmatch(node) else ""

    return exchange.status, plain(exchange.records)


def _require_agreement(
    reads: list[Exchange],
    agree: Callable[[Exchange, Exchange], bool],
    *,
    certain: bool = False,
) -> None:
    first = reads[0]
    for other in reads[1:]:
        if not agree(first, other):
            raise Violation(
                expected=f"the first answer again, {difference(first, other)}",
                actual=difference(other, first),
                exchange=other,
                after=[first],
                certain=certain,
            )


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
                    expected=f"{_field(first, record)} in every list",
                    actual=_field(record, first),
                    exchange=exchange,
                    after=[where],
                )
            # It has changed in mid-run; from here on it is compared with what it is now.
            first_seen[record["id"]] = record, exchange


def _listed_once(exchange: Exchange) -> list[Record]:
    """The records of an answer whose id no other of them has; another law judges those."""
    records = exchange.records if exchange.fits else []
    times = Counter(str(each["id"]) for each in records)
    return [each for each in records if times[str(each["id"])] == 1]


def _agrees_now(
    customer: Customer, operation: Operation, first: Exchange, second: Exchange, id: str
) -> bool:
    """Whether the two requests, made again one after the other, agree on a record."""

    def now(exchange: Exchange) -> Record | None:
        query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
        answer = customer.call(operation, tuple(query))
        return next((each for each in answer.records if each.get("id") == id), None)

    before = now(first)
    customer.client.wait(A_SECOND)
    return before == now(second)


def agree(one: Exchange, other: Exchange) -> bool:
    """Whether two answers say the same, but for what reading itself may change."""
    if one.status != other.status:
        return False
    last_active = {str(_account(each).get(SEEN)) for each in (one, other)}
    moving = (SEEN, "updated_at") if len(last_active) > 1 else ()
    return bool(_without(one, moving) == _without(other, moving))


def substance(exchange: Exchange) -> Any:
    """
    The part of an answer that the contract fixes: a field besides the records may differ each
    time, and links may repeat unknown parameters.
    """
    tree = exchange.json
    if not exchange.ok or not isinstance(tree, dict):
        return tree
    links = {name: _comparable_link(url) for name, url in (tree.get("links") or {}).items()}
    return {"data": tree.get("data"), "meta": tree.get("meta"), "links": links}


def _comparable_link(url: Any) -> Any:
    if not isinstance(url, str):
        return url
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    return parts._replace(query="").geturl(), [pair for pair in pairs if pair[0] in PAGING]


def _explained_by_time(now: datetime, one: Exchange, other: Exchange) -> bool:
    return not unexplained(one, other, now)


def unexplained(first: Exchange, other: Exchange, now: datetime) -> bool:
    """Whether two answers to one request differ by more than the passing of time explains."""
    if other.status != first.status:
        return True
    if not other.ok or substance(other) == substance(first):
        return False
    if _is_shifted(first, other):
        return False
    before, after = ({each.get("id"): each for each in one.records} for one in (first, other))
    ids = (before.keys() | after.keys()) - _displaced_ids([*before], [*after])
    changed = [id for id in ids if _stable_fields(before.get(id)) != _stable_fields(after.get(id))]
    if changed or first.records != other.records:
        moved = [each.get("id") for each in first.records] != [
            each.get("id") for each in other.records
        ]
        return (moved and not changed) or any(
            not any(_recent(instant, now) for instant in _instants([before.get(id), after.get(id)]))
            for id in changed
        )
    return bool(_meta_and_links(first) != _meta_and_links(other))


def _is_shifted(first: Exchange, other: Exchange) -> bool:
    """Whether a page after the first one stands further on, by as many as there are more in all."""
    before, after = (each.json.get("meta") or {} for each in (first, other))
    more = after.get("total", 0) - before.get("total", 0)
    if more <= 0 or after.get("current_page", 1) == 1:
        return False
    return other.records[more:] == first.records[: len(other.records) - more]


def _displaced_ids(before: list[Any], after: list[Any]) -> set[Any]:
    """The ids that newer records at the beginning of a page pushed off its end."""
    kept = [id for id in after if id in before]
    full = len(before) == len(after) and kept == before[: len(kept)]
    return set(before[len(kept) :]) if full else set()


def _meta_and_links(exchange: Exchange) -> Any:
    content = substance(exchange)
    return [content.get(name) for name in ("meta", "links")]


def _stable_fields(record: Record | None) -> Record | None:
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
        return substance(exchange)
    return {key: value for key, value in _account(exchange).items() if key not in moving}


def difference(exchange: Exchange, other: Exchange) -> str:
    """The part in which an answer differs from another."""
    if exchange.status != other.status:
        return exchange.brief()
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
