"""Situations that a client should have seen, read off the document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mock_server.http.document import Document

EMPTY, NEXT = "an empty list", "a next page"


class State(Struct, frozen=True):
    """Something about the records of an operation that a client should have seen."""

    text: str
    field: str | None = None
    value: str | None = None
    """What a field of a record must hold, if it is about one."""


def shown_by(envelope: Mapping[str, Any], states: Sequence[State]) -> frozenset[str]:
    """Those of an operation's states that an answer shows: judged before it is text."""
    records = envelope.get("data", ())
    fields = {state.field for state in states if state.field}
    values = {field: [_get(record, field) for record in records] for field in fields}

    def shows(state: State) -> bool:
        if state.text == EMPTY:
            return not records
        if state.text == NEXT:
            return isinstance(_get(envelope.get("links"), "next"), str)
        return state.field in values and state.value in values[state.field]

    return frozenset([state.text for state in states if shows(state)])


def states_of(document: Document, operation: Mapping[str, Any]) -> Iterator[State]:
    """
    The edge states of an operation, read off its schema: a list that is empty, one that has a
    next page, and each value of each of its records' enumerated fields.
    """
    success = document.resolve(operation["responses"].get("200", {}))
    schema = success.get("content", {}).get("application/json", {})
    envelope = document.flat(schema.get("schema", {})).get("properties", {})
    data = document.flat(envelope.get("data", {}))
    if "items" not in data:
        return
    yield State(EMPTY)
    if "links" in envelope:
        yield State(NEXT)
    for name, field in document.flat(data["items"]).get("properties", {}).items():
        for value in document.resolve(field).get("enum", ()):
            if isinstance(value, str):
                yield State(f"{name} {value}", name, value)


def _get(record: Any, name: str | None) -> Any:
    if name is None:
        return None
    return record.get(name) if isinstance(record, dict) else getattr(record, name, None)
