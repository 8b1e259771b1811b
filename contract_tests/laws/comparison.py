"""Comparing two answers of which the later should say what the earlier did."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.actor import Record
from contract_tests.client import http_date
from contract_tests.exchange import Exchange, in_one_notation, instant
from contract_tests.law import Violation
from contract_tests.strict_json import leaves

LAST_ACTIVE = "last_active_at"
"""The field that reading itself may change, and with it when the customer last changed."""
ACTIVITY = (LAST_ACTIVE, "updated_at")
"""What reading may change of an account."""
MOVING = {LAST_ACTIVE, "last_check_in", "updated_at"}
"""Fields that may move while others write or read."""
DECIDED = ("opted_in", "updated_at")
"""What a decision changes of a preference."""
PAGING = ("page", "per_page")
"""The parameters of links."""
A_MOMENT = timedelta(seconds=2)
"""How far the date of an answer may be from the clock that it was made by."""
TOLERANCE = timedelta(minutes=2)
"""How far the target's clock may be from ours."""
_CODE = re.compile(r"(?=.*\d)\S+")
"""What is no word of a language."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt].*")


def changed(
    before: Exchange, after: Exchange, exchanges: Iterable[Exchange] = (), *, certain: bool = False
) -> Violation:
    """
    The violation of an answer that should say what one before it did; `exchanges` are those it
    takes to see it, `before` among them, if it takes more.
    """
    return Violation(
        expected=f"{difference(before, after)}, as answered before",
        actual=difference(after, before),
        exchange=after,
        after=[*exchanges] or [before],
        certain=certain,
        compares=True,
    )


def difference(exchange: Exchange, other: Exchange) -> str:
    """The part in which an answer differs from another."""
    if exchange.status != other.status or exchange.json is None:
        return exchange.brief()
    mine, theirs = exchange.plain_records, other.plain_records
    if len(mine) != len(theirs):
        return f"{len(mine)} records"
    for record, against in zip(mine, theirs, strict=True):
        if record != against:
            return differing_field(record, against)
    return str({key: value for key, value in exchange.json.items() if key != "data"})


def differing_field(record: Record, other: Record) -> str:
    """The first value in which a record is not as another one, by its path, and the record's id."""
    id = record.get("id")
    if id != other.get("id"):
        return f"the record {id}"
    path, value = _first_difference(record, other)
    return f"{'.'.join(path)} {value!r} in {id}"


def _first_difference(one: Any, other: Any) -> tuple[list[str], Any]:
    """Where a JSON value is not as another one, whatever their notation, and what stands there."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [
            (name, one.get(name), other.get(name)) for name in sorted(one.keys() | other.keys())
        ]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(str(place), *both) for place, both in enumerate(zip(one, other, strict=True))]
    else:
        return [], one
    for name, mine, theirs in pairs:
        if in_one_notation(mine, name) != in_one_notation(theirs, name):
            path, value = _first_difference(mine, theirs)
            return [name, *path], value
    return [], one


def substance(exchange: Exchange) -> Any:
    """
    The part of an answer that the contract fixes: a field besides the records may differ each
    time, and links may repeat unknown parameters.
    """
    tree = exchange.json
    if not exchange.ok or not isinstance(tree, dict):
        return tree
    links = {name: _comparable_link(url) for name, url in (tree.get("links") or {}).items()}
    return {"data": exchange.plain_data, "meta": tree.get("meta"), "links": links}


def _comparable_link(url: Any) -> Any:
    if not isinstance(url, str):
        return url
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    return parts._replace(query="").geturl(), [pair for pair in pairs if pair[0] in PAGING]


def unexplained(first: Exchange, other: Exchange, now: datetime) -> bool:
    """Whether two answers to one request differ by more than the passing of time explains."""
    if other.status != first.status:
        return True
    if not other.ok or substance(other) == substance(first):
        return False
    if _is_shifted(first, other):
        return False
    before, after = ({each.get("id"): each for each in one.plain_records} for one in (first, other))
    ids = (before.keys() | after.keys()) - _displaced_ids([*before], [*after])
    changed = [id for id in ids if _stable_fields(before.get(id)) != _stable_fields(after.get(id))]
    if changed or first.plain_records != other.plain_records:
        moved = [each.get("id") for each in first.plain_records] != [
            each.get("id") for each in other.plain_records
        ]
        return (moved and not changed) or any(
            not _came_since(first, [before.get(id), after.get(id)], now) for id in changed
        )
    return bool(_meta_and_links(first) != _meta_and_links(other))


def agree(one: Record, other: Record, first: Exchange, now: datetime) -> bool:
    """
    Whether two looks at one record, the earlier in the `first` answer, differ by no more than the
    passing of time explains.
    """
    same = _stable_fields(one) == _stable_fields(other)
    return same or _came_since(first, [one, other], now)


def fell_due_between(first: Exchange, last: Exchange, *, fresh: bool = False) -> bool:
    """
    Whether each record that differs was told before to change at an instant that then came; with
    `fresh` also whether it is one that only the later answer tells, such as that of a new charge.
    """
    begin, end = (http_date(each.headers.get("date", "")) for each in (first, last))
    if not (begin and end and first.fits and last.fits):
        return False
    earliest, latest = begin - A_MOMENT, end + A_MOMENT
    before, after = ({each.get("id"): each for each in one.plain_records} for one in (first, last))
    return all(
        any(
            earliest <= instant <= latest
            for instant in _instants([before.get(id), fresh and after.get(id)])
        )
        for id in before.keys() | after.keys()
        if before.get(id) != after.get(id)
    )


def _is_shifted(first: Exchange, other: Exchange) -> bool:
    """Whether a page after the first one stands further on, by as many as there are more in all."""
    before, after = (each.json.get("meta") or {} for each in (first, other))
    more = after.get("total", 0) - before.get("total", 0)
    if more <= 0 or after.get("current_page", 1) == 1:
        return False
    return other.plain_records[more:] == first.plain_records[: len(other.records) - more]


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
    moving = (
        DECIDED
        if "opted_in" in record
        else (LAST_ACTIVE, "updated_at")
        if LAST_ACTIVE in record
        else ()
    )
    return {key: value for key, value in record.items() if key not in moving}


def _came_since(first: Exchange, records: list[Record | None], now: datetime) -> bool:
    """Whether records tell of an instant that came, by the target's clock, after an answer did."""
    earliest = now - timedelta(seconds=first.age_s) - TOLERANCE
    return any(earliest < each < now + TOLERANCE for each in _instants(records))


def _instants(tree: Any) -> Iterator[datetime]:
    for _, text in leaves(tree):
        if isinstance(text, str) and _INSTANT.fullmatch(text):
            with suppress(ValueError):
                moment = instant(text)
                yield moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def steady(exchange: Exchange) -> Any:
    """The records of an answer without what moves by itself."""
    return [
        {key: value for key, value in record.items() if key not in MOVING}
        for record in exchange.plain_records
    ]


def content(exchange: Exchange) -> Any:
    """What two answers have in common that differ by no more than what moves by itself."""
    return exchange.status, steady(exchange)


def without_words(exchange: Exchange) -> Any:
    """An answer without its words; ids, numbers and instants are the same in all languages."""

    def plain(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: plain(value) for key, value in node.items() if key not in MOVING}
        if isinstance(node, list):
            return [plain(item) for item in node]
        return node if not isinstance(node, str) or _CODE.fullmatch(node) else ""

    return exchange.status, plain(exchange.plain_records)
