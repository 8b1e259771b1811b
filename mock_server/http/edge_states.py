"""Situations that a client should have met, read off the document."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from mock_server.http.document import Document


class State(Struct, frozen=True):
    """Something about the records of an operation that a client should have met."""

    operation: str
    text: str
    needle: bytes
    """What stands in the body of an answer where it may be met."""
    field: str | None = None
    value: str | None = None
    """What a field of a record must say, if it is about one."""

    def met(self, body: bytes) -> bool:
        """Whether the body of a success shows it."""
        if self.needle not in body:
            return False
        if self.field is None:
            return True
        try:
            records = msgspec.json.decode(body)["data"]
        except msgspec.DecodeError:
            # A fault has spoilt the body: no client can read a state off it.
            return False
        return any(each.get(self.field) == self.value for each in records)


def states_of(document: Document, id: str, said: Mapping[str, Any]) -> Iterator[State]:
    """
    The edge states of an operation, read off its schema: a list that is empty, one that has a
    next page, and each value of each of its records' enumerated fields.
    """
    schema = said["responses"].get("200", {}).get("content", {}).get("application/json", {})
    envelope = _flat(document, schema.get("schema", {}))
    data = _flat(document, envelope.get("data", {}))
    if "items" not in data:
        return
    yield State(id, "an empty list", b'"data":[]')
    if "links" in envelope:
        yield State(id, "a next page", b'"next":')
    for name, field in _flat(document, data["items"]).items():
        for value in document.resolve(field).get("enum", ()) if isinstance(field, dict) else ():
            if isinstance(value, str):
                needle = f'"{name}":"{value}"'.encode()
                yield State(id, f"{name} {value}", needle, name, value)


def _flat(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a schema, those of its parts among them; a list's items."""
    said = document.resolve(dict(schema))
    found = dict(said.get("properties", {}))
    for part in said.get("allOf", ()):
        found |= _flat(document, part)
    if "items" in said:
        found["items"] = said["items"]
    return found
