"""Compares record types and cited rules with the document when the server starts."""

from collections.abc import Sequence
from typing import Any, get_type_hints

import msgspec
from msgspec import inspect

from mock_server.http.document import Document, Place
from mock_server.http.pages import Page
from mock_server.http.router import Route


def check_records(document: Document, routes: Sequence[Route]) -> frozenset[str]:
    """
    Compare what the handlers say that they return with the schemas of their answers; the names of
    all records that were compared.

    Raises:
        DocumentMismatch: a record lacks what its schema requires, or may say what it forbids.
    """
    compared: set[str] = set()
    for route in routes:
        returned = get_type_hints(route.handler).get("return")
        place: Place = ("paths", route.path, route.method.lower(), "responses", str(route.status))
        answer = document.resolve(document.at(place))
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        if returned is None or schema is None:
            continue
        data = document.flat(schema)["properties"].get("data", schema)
        if getattr(returned, "__origin__", returned) is Page:
            returned = Sequence[returned.__args__[0]]  # type: ignore[name-defined]
        comparison = _Comparison(document, place, route.id, compared)
        comparison.compare(inspect.type_info(returned), data)
    return frozenset(compared)


class _Comparison:
    def __init__(
        self, document: Document, place: Place, operation: str, compared: set[str]
    ) -> None:
        self._document, self._place, self._operation = document, place, operation
        self._compared = compared

    def compare(self, type: inspect.Type, schema: dict[str, Any]) -> None:
        """Go down both at once."""
        place = self._document.place_of(schema) or self._place
        schema = self._document.flat(schema)
        if isinstance(type, inspect.UnionType):
            self._compare_union(type, schema, place)
        elif isinstance(type, inspect.CollectionType) and "items" in schema:
            self.compare(type.item_type, schema["items"])
        elif isinstance(type, inspect.StructType):
            self._compare_record(type, schema, place)
        elif isinstance(type, inspect.LiteralType) and "enum" in schema:
            self._compare_members(type, schema["enum"], place)

    def _compare_members(
        self, type: inspect.LiteralType, declared: Sequence[Any], place: Place
    ) -> None:
        members, declared = set(type.values), [each for each in declared if each is not None]
        if members != set(declared):
            names = ", ".join(map(str, type.values))
            self._fail(f"the members are {declared}, but those of the record {names}", place)

    def _compare_union(self, type: inspect.UnionType, schema: dict[str, Any], place: Place) -> None:
        if type.includes_none and not schema.get("nullable"):
            self._fail("a record may say null here, the schema not; make it nullable", place)
        for each in type.types:
            if not isinstance(each, inspect.NoneType):
                self.compare(each, schema)

    def _compare_record(
        self, type: inspect.StructType, schema: dict[str, Any], place: Place
    ) -> None:
        fields = {field.encode_name: field for field in type.fields}
        properties, record = schema.get("properties", {}), type.cls
        self._compared.add(record.__name__)
        where = f"{record.__name__} of {record.__module__}"
        for name in schema.get("required", ()):
            field = fields.get(name)
            if field is None or field.default is msgspec.UNSET:
                self._fail(f"'{name}' is required, but {where} has none; add it there", place)
        for name, field in fields.items():
            if name not in properties:
                self._fail(f"{where} has '{name}'; add it here or take it off there", place)
            self.compare(_without_unset(field.type), properties[name])

    def _fail(self, what: str, place: Place) -> None:
        raise self._document.error(f"{what} (asked for by {self._operation})", place)


def _without_unset(type: inspect.Type) -> inspect.Type:
    if not isinstance(type, inspect.UnionType):
        return type
    types = tuple(each for each in type.types if not _is_unset(each))
    return types[0] if len(types) == 1 else inspect.UnionType(types)


def _is_unset(type: inspect.Type) -> bool:
    return isinstance(type, inspect.CustomType) and type.cls is msgspec.UnsetType


def check_rules(document: Document, cited: Sequence[str]) -> None:
    """
    See that every rule that the code cites, or a parameter, is one of the document.

    Raises:
        DocumentMismatch: one is not.
    """
    known = set(document.rules())
    for place, node in document.mappings():
        for reason, rule in node.get("x-refused-by", {}).items():
            if rule not in known:
                what = f"no `x-rules` has {rule}; write it there, or cite another here"
                raise document.error(what, (*place, "x-refused-by", reason))
    for rule in cited:
        if rule not in known:
            what = f"the mock refuses requests by {rule}, which is not among these rules"
            advice = "write it here, or cite another in mock_server/http/problems.py"
            raise document.error(f"{what}; {advice}", ("x-rules",))
