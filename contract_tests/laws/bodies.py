"""The form of a success."""

import html
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html.entities import html5
from typing import Any
from urllib.parse import unquote

from contract_tests.actor import Record
from contract_tests.document import Operation
from contract_tests.exchange import NO_ANSWER, Exchange
from contract_tests.extras import extras_of
from contract_tests.law import NotCovered, Violation, law
from contract_tests.session import Session
from contract_tests.strict_json import leaves

_INSTANT = re.compile(rb'"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d[\d:.,]* ?(?:[Zz]|[+-][\d:]+)?)"')
"""What is meant for an instant, and no sentence that begins with a date."""
_MARKED = re.compile(r"[^\x00-\x7f]|[&<>'\"%\\]")
_ENTITY = re.compile(
    rf"&(?:{'|'.join(name[:-1] for name in html5 if name[-1] == ';')}|#[0-9]+|#[xX][0-9a-fA-F]+);"
)
_BACKSLASHED = re.compile(r"\\(.)")
_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d([.,]\d+)?)?([Zz]|[+-]\d\d(:\d\d)?)")

_ANY_TIME = (NO_ANSWER, 401, 429, 502, 503, 504)
"""What tells to sign in again, or to come back later, which may be at any time."""


def _successes(session: Session, operation: Operation) -> list[Exchange]:
    successes = [each for each in session.exchanges(operation) if each.ok]
    if not successes:
        raise NotCovered("nobody was answered 200")
    # What a body is like need not be looked at twice.
    return list({each.body: each for each in reversed(successes)}.values())[::-1]


@law("BODY-01")
def a_customer_is_answered_what_the_schema_says(session: Session, operation: Operation) -> None:
    for exchange in (*session.survey_answers(operation), *_plainly_asked(session, operation)):
        missing = exchange.status == 404 and 404 in operation.statuses
        if not exchange.ok and not missing:
            raise Violation(expected="200", actual=exchange.brief(), exchange=exchange)
    for exchange in _successes(session, operation):
        misfits = [each for each in exchange.misfits if session.strict_enums or not each.drift]
        if exchange.json is None or misfits:
            actual = misfits[0].text if misfits else exchange.brief()
            raise Violation(expected="a body of the schema", actual=actual, exchange=exchange)
        if not _is_utf8(exchange.body):
            raise Violation(
                expected="text in UTF-8", actual="bytes that are none", exchange=exchange
            )


def _plainly_asked(session: Session, operation: Operation) -> Iterator[Exchange]:
    """How customers were refused who asked for no more than the document names."""
    people = {each.name: each for each in session.customers}
    for exchange in session.exchanges(operation):
        customer, unjudged = people.get(exchange.actor), exchange.ok or exchange.concurrent
        if customer is None or unjudged or exchange.status in _ANY_TIME:
            continue
        theirs = operation.reads or session.has_preference(
            customer, operation.parameter_in(exchange.url)
        )
        plainly = operation.understands(exchange.query) and not extras_of(exchange, operation)
        if exchange.method == operation.method and theirs and plainly and not exchange.payload:
            yield exchange


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@law("BODY-02")
def data_wraps_every_success(session: Session, operation: Operation) -> None:
    kind = list if operation.lists else dict
    # What is no JSON another law judges.
    answers = [each for each in _successes(session, operation) if each.json is not None]
    if not answers:
        raise NotCovered("no success is JSON")
    for exchange in answers:
        if not isinstance(exchange.data, kind):
            expected = f"data as {'an array' if operation.lists else 'an object'}"
            raise Violation(expected=expected, actual=exchange.brief(), exchange=exchange)


@law("BODY-03")
def what_has_no_pages_is_complete(session: Session, operation: Operation) -> None:
    for exchange in _successes(session, operation):
        keys = sorted(exchange.json) if isinstance(exchange.json, dict) else []
        if {"meta", "links"} & set(keys):
            raise Violation(expected="data alone", actual=", ".join(keys), exchange=exchange)
    for customer in session.customers if operation.reads else ():
        count, exchange = customer.facts.get(operation.subject), customer.cached_call(operation)
        if exchange.fits and count not in (None, len(exchange.records)):
            actual = f"{len(exchange.records)} for {customer.name}"
            raise Violation(expected=f"{count} records", actual=actual, exchange=exchange)


@law("BODY-04")
def instants_carry_an_offset(session: Session, operation: Operation) -> None:
    judged = 0
    for exchange in _successes(session, operation):
        for text in map(bytes.decode, _INSTANT.findall(exchange.body)):
            judged += 1
            if not _ISO_8601.fullmatch(text):
                expected = "ISO 8601 with an explicit offset"
                raise Violation(expected=expected, actual=text, exchange=exchange)
    if not judged:
        raise NotCovered("no answer has an instant")


@law("BODY-05")
def ids_have_their_form_and_are_unique(session: Session, operation: Operation) -> None:
    judged = 0
    for exchange in _successes(session, operation):
        judged += len(exchange.records)
        for records in _lists(exchange.records):
            # A UUID in capitals is the same one.
            ids = [str(each["id"]).lower() for each in records if "id" in each]
            if len(ids) > len(set(ids)):
                [(id, count)] = Counter(ids).most_common(1)
                actual = f"{id} {count} times"
                raise Violation(expected="each id once", actual=actual, exchange=exchange)
        for misfit in (each.text for each in exchange.misfits):
            if re.match(r"\S*id: ", misfit):
                raise Violation(expected="an id in its form", actual=misfit, exchange=exchange)
    if not judged:
        raise NotCovered("no customer has any")


def _lists(records: list[Record]) -> Iterator[list[Record]]:
    """A list of records, and every list within them but for coupons: one may be used twice."""
    if len(records) > 1:
        yield records
    for name, value in (item for record in records for item in record.items()):
        nested = value if isinstance(value, list) else [value]
        if name != "coupon_codes" and nested and isinstance(nested[0], dict):
            yield from _lists([each for each in nested if isinstance(each, dict)])


@law("BODY-06")
def text_is_encoded_once(session: Session, operation: Operation) -> None:
    answers = [each for read in session.contract.reads for each in session.survey_answers(read)]
    bodies = {each.body: each for each in answers}.values()
    known = {text for each in bodies for _, text in _marked_texts(each.json)}
    if not known:
        raise NotCovered("no text has a letter that an encoding changes")
    for exchange in _successes(session, operation):
        marked = [*_marked_texts(exchange.json)]
        for _, text in marked:
            for once in sorted({*_decoded(text)} & known - {text}):
                raise Violation(expected=f"{once}, as elsewhere", actual=text, exchange=exchange)
        for texts in _by_field(marked, session.contract.account.fields).values():
            for text, once in _encoded_twice(texts):
                raise Violation(expected=once, actual=text, exchange=exchange)


def _by_field(
    marked: list[tuple[tuple[str, ...], str]], personal: frozenset[str]
) -> Mapping[tuple[str, ...], list[str]]:
    """The texts of records by their field; what people are called may be anything."""
    fields = defaultdict(list)
    for place, text in marked:
        if place[:1] == ("data",) and not personal.intersection(place[1:]):
            fields[place].append(text)
    return fields


def _encoded_twice(texts: list[str]) -> Iterator[tuple[str, str]]:
    """
    A text of a field and what it was before, where all of them were escaped for a page, coded for a
    URL, or their bytes taken for Latin-1: one alone may have been written so.
    """
    escaped = {letter for text in texts for letter in map(html.unescape, _ENTITY.findall(text))}
    plain = {letter for text in texts for letter in _ENTITY.sub("", text)}
    if len(escaped) > 1 and not escaped & plain:
        yield from ((text, html.unescape(text)) for text in texts if _ENTITY.search(text))
    if not any("/" in text or " " in text or not text.isascii() for text in texts):
        decoded = [(text, unquote(text)) for text in texts]
        yield from (each for each in decoded if " " in each[1] or not each[1].isascii())
    foreign = [text for text in texts if not text.isascii()]
    once = [next(_as_utf_8(text), "") for text in foreign]
    if all(once):
        yield from zip(foreign, once, strict=True)


def _marked_texts(tree: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text with a letter that some encoding changes, or that comes of one, and its field."""
    for place, text in leaves(tree):
        if isinstance(text, str) and _MARKED.search(text):
            yield place, text


def _decoded(text: str) -> Iterator[str]:
    """What a text may have been, if it has been encoded twice or for another format."""
    yield from _as_utf_8(text)
    yield html.unescape(text)
    yield unquote(text)
    yield _BACKSLASHED.sub(r"\1", text)
    with suppress(ValueError):
        yield str(json.loads(f'"{text}"'))


def _as_utf_8(text: str) -> Iterator[str]:
    """What a text was, if its bytes were taken for Latin-1 or for Windows' letters."""
    for encoding in ("latin-1", "cp1252"):
        with suppress(UnicodeError):
            yield text.encode(encoding).decode("utf-8")
