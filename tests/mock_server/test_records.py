"""The records and the document say the same: fields, what is required, what may be null."""

from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from mock_server.http.document import Document
from mock_server.http.pages import PageLinks, PageMeta
from mock_server.resources import RESOURCES
from mock_server.resources.orders import items as order_items

DOCUMENT = Document.of("openapi.yaml")
SCHEMAS = DOCUMENT.tree["components"]["schemas"]
STRUCTS = {
    name: member
    for module in (*RESOURCES, order_items)
    for name, member in vars(module).items()
    if isinstance(member, type) and issubclass(member, msgspec.Struct) and name in SCHEMAS
} | {"PageMeta": PageMeta, "PageLinks": PageLinks}


def nullable(schema: dict[str, Any]) -> bool:
    return bool(DOCUMENT.resolve(schema).get("nullable"))


@pytest.mark.parametrize("name", STRUCTS)
def test_a_record_has_the_fields_of_its_schema(name: str) -> None:
    fields = {field.encode_name: field for field in msgspec.structs.fields(STRUCTS[name])}
    schema = SCHEMAS[name]

    assert fields.keys() == schema["properties"].keys()
    assert {key for key, field in fields.items() if field.required} >= set(schema["required"])
    for key, field in fields.items():
        if type(None) in get_args(field.type):
            assert nullable(schema["properties"][key]), f"{name}.{key} may be null"


@pytest.mark.parametrize("name", STRUCTS)
def test_a_record_knows_the_members_of_its_enums(name: str) -> None:
    for field in msgspec.structs.fields(STRUCTS[name]):
        schema = SCHEMAS[name]["properties"][field.encode_name]
        declared = DOCUMENT.resolve(schema).get("enum")
        kinds = [field.type, *get_args(field.type)]
        literals = [get_args(each) for each in kinds if get_origin(each) is Literal]
        if declared and literals:
            assert set(literals[0]) == {each for each in declared if each is not None}


def test_every_named_schema_of_a_resource_is_compared() -> None:
    assert {
        "Customer",
        "Charge",
        "Credit",
        "Membership",
        "PaymentMethod",
        "Order",
    } <= STRUCTS.keys()
