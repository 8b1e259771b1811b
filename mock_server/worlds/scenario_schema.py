"""The JSON Schema of scenario files, for editors and for whoever checks one elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mock_server.worlds.account import Kind
from mock_server.worlds.catalogue import NAMES, Catalogue, load_catalogue
from mock_server.worlds.scenario import Header, Kinds

PATH = "/__mock__/scenario.schema.json"
FILE = "my-account-scenario.schema.json"
"""What `scenarios new` writes beside a scenario, so that an editor needs no server."""
TEMPLATE = """\
# yaml-language-server: $schema=./my-account-scenario.schema.json
title: In a few words
description: Who is in it, and what it is for.
customers:
  ada:
    description: Has a membership, a credit that expires at midnight and a page of orders
    customer: {first_name: Ada, last_name: Whitlock, joined: -P2Y}
    payment_methods:
      card: {type: card, last_4: "4242"}
    memberships:
      thermal: {rate: thermal-monthly, started: -P8M, payment_method: card}
    credits:
      tonight: {state: open, expires: midnight}
      redeemed: 2
    marketing_preferences: {opted_in: [newsletter]}
    orders: {history: 15}
"""


def schema(kinds: Kinds) -> dict[str, Any]:
    """What a scenario file may say, as JSON Schema."""
    types: list[Any] = [Header, *(kind.holding for kind in kinds.values())]
    (header, *holdings), components = _components(types)
    kinds_with_schema = zip(kinds.values(), holdings, strict=True)
    customer = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"description": {"type": "string"}}
        | {kind.name: _holdings_schema(kind, holding) for kind, holding in kinds_with_schema},
    }
    names = load_catalogue()
    customer, components = _with_known_names(customer, names), _with_known_names(components, names)
    root = components.pop("Header")
    root["properties"]["customers"] = {"type": "object", "additionalProperties": customer}
    # Only parts of it, for what everybody knows is there already.
    sections: dict[str, Any] = {name: {} for name in Catalogue.__struct_encode_fields__}
    root["properties"]["catalogue"] |= {"properties": sections, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": "Scenario",
        "$defs": components,
    }


def _with_known_names(node: Any, catalogue: Catalogue) -> Any:
    """A schema in which what names something offers what there is; a scenario may add to it."""
    if isinstance(node, list):
        return [_with_known_names(each, catalogue) for each in node]
    if not isinstance(node, dict):
        return node
    schema = {
        key: _with_known_names(value, catalogue) for key, value in node.items() if key != NAMES
    }
    if NAMES not in node:
        return schema
    return {"anyOf": [schema, {"enum": _known(node[NAMES], catalogue)}]}


def _known(names: str | Sequence[str], catalogue: Catalogue) -> list[str]:
    if not isinstance(names, str):
        return list(names)
    section: Mapping[str, Any] = getattr(catalogue, names)
    return [name for name, each in section.items() if not getattr(each, "archived", False)]


def _components(types: list[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    refs, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return list(refs), dict(components)


def _holdings_schema(kind: Kind[Any, Any], holding: dict[str, Any]) -> dict[str, Any]:
    """A single holding, or holdings by name, for each of which a count will do."""
    if kind.single:
        return {"anyOf": [holding, {"type": "null"}]}
    each = {"anyOf": [holding, {"type": "integer", "minimum": 0}, {"type": "null"}]}
    return {"anyOf": [{"type": "object", "additionalProperties": each}, {"type": "null"}]}
