"""What is wrong with a body, said so that it can be mended, and with no more of it than that."""

import json
from typing import Any

import pytest

from mock_server.http.document import Document
from mock_server.http.near import not_one_of
from mock_server.http.router import LONGEST_MESSAGE, first_error

DOCUMENT = Document.of("openapi.yaml")
NAME = {"type": "string", "pattern": "^[a-z]+$", "example": "ada"}
OBJECT = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": NAME,
        "code": {"type": "string", "pattern": "^[A-Z]$"},
        "kind": {"enum": ["status", "latency"]},
        "at": {"type": "string", "format": "date-time", "example": "2026-03-01T09:00:00Z"},
        "token": NAME,
        "size": {"type": "integer", "maximum": 9},
        "several": {"type": "array", "items": NAME},
    },
}
EITHER = {"not": {"required": ["a", "b"]}}
UNION = {
    "oneOf": [
        {"type": "integer"},
        *(
            {"required": ["kind", name], "properties": {"kind": {"enum": [kind]}}, "type": "object"}
            for kind, name in (("even", "uniform"), ("log", "lognormal"))
        ),
    ]
}


@pytest.mark.parametrize(
    ("schema", "body", "told"),
    [
        (OBJECT, {"name": "ada"}, None),
        (OBJECT, {}, "$: the field 'name' is missing"),
        (OBJECT, {"name": "Ada"}, "$.name: 'Ada' is not written as ada is"),
        (OBJECT, {"name": "a", "at": "noon"}, "$.at: 'noon' is not written as 2026-03-01T09:00"),
        (OBJECT, {"name": "a", "code": "x"}, """$.code: "x" does not match "^[A-Z]$\""""),
        (OBJECT, {"name": "a", "size": 10}, "$.size: 10 is greater than the maximum of 9"),
        (OBJECT, {"name": "a", "several": ["b", 1]}, '$.several[1]: 1 is not of type "string"'),
        (
            OBJECT,
            {"name": "a", "kind": "latncy"},
            "$.kind: 'latncy' is not one of status, latency; did you mean 'latency'?",
        ),
        (OBJECT, {"name": "a", "kind": 7}, "$.kind: 7 is not one of"),
        (OBJECT, {"name": "a", "nam": 1}, "$: the field 'nam' is not one of name, code, kind"),
        (OBJECT, {"name": ["a"]}, '$.name: the list here is not of type "string"'),
        (OBJECT, {"name": {"a": "b"}}, '$.name: the object here is not of type "string"'),
        (OBJECT, {"name": "a", "token": "HUSH"}, "$.token: what stands here is not what the"),
        (EITHER, {"a": 1, "b": 2}, "$: leave out one of a and b"),
        (UNION, "x", '$: "x" is not of type "integer"'),
        (UNION, {"kind": "log"}, "$: the field 'lognormal' is missing"),
        (UNION, {"kind": "even", "lognormal": 1}, "$: the field 'uniform' is missing"),
        (UNION, {"uniform": 1}, "$: the field 'kind' is missing"),
        (UNION, {"lognormal": 1}, "$: the field 'kind' is missing"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(
    schema: dict[str, Any], body: Any, told: str | None
) -> None:
    error = first_error(DOCUMENT.validator(schema), body, schema)

    assert error is told is None or str(error).startswith(str(told)), error


def test_without_the_schema_the_validator_says_it_in_its_own_words() -> None:
    assert first_error(DOCUMENT.validator(OBJECT), {}) == '$: "name" is a required property'


def test_a_long_message_has_its_beginning_and_its_end() -> None:
    told = str(first_error(DOCUMENT.validator({"maxLength": 3}), "x" * 500))

    assert told.startswith('$: "xxx')
    assert told.endswith("is longer than 3 characters")
    assert len(told) < LONGEST_MESSAGE


def test_a_schema_is_compiled_once() -> None:
    assert DOCUMENT.validator(dict(NAME)) is DOCUMENT.validator(dict(NAME))


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "nullable": True}, ["a", None], [1]),
        ({"type": "string", "nullable": False}, ["a"], [None]),
        ({"enum": ["a"], "nullable": True}, ["a", None], ["b"]),
        ({"allOf": [{"type": "string"}], "nullable": True}, ["a", None], [1]),
        ({"type": "array", "items": {"type": "string", "nullable": True}}, [[None]], [None, [1]]),
        ({"type": "string", "format": "uuid"}, ["8a7b6c5d-4e3f-4a1b-9c2d-3e4f5a6b7c8d"], ["x"]),
        ({"$ref": "#/components/schemas/ChargeStatus"}, ["failed"], ["odd", None]),
    ],
)
def test_a_schema_of_openapi_means_what_it_says(
    schema: dict[str, Any], right: list[Any], wrong: list[Any]
) -> None:
    validator = DOCUMENT.validator(schema)

    assert [validator.is_valid(each) for each in right] == [True] * len(right)
    assert [validator.is_valid(each) for each in wrong] == [False] * len(wrong)


def test_a_schema_has_the_properties_and_demands_of_its_parts() -> None:
    parts = [
        {"allOf": [{"properties": {"c": {}}, "required": ["c"]}]},
        {"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"], "nullable": True},
    ]
    flat = DOCUMENT.flat({"allOf": parts, "properties": {"b": {"enum": []}}, "required": ["b"]})

    assert flat["properties"] == {"a": {"type": "string"}, "b": {"enum": []}, "c": {}}
    assert sorted(flat["required"]) == ["a", "b", "c"]
    assert flat["nullable"] is False


def test_an_operation_may_have_any_method_of_openapi() -> None:
    methods = ["get", "put", "post", "delete", "patch", "options", "head", "trace"]
    item = {"summary": "x", "parameters": []} | {each: {"operationId": each} for each in methods}
    document = Document(json.dumps({"paths": {"/a": item}}))

    assert list(document.operations()) == [("/a", each, item[each]) for each in methods]


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("ad", ["ada", "ben"], "'ad' is not one of ada, ben; did you mean 'ada'?"),
        ("zoe", ["ada", "ben"], "'zoe' is not one of ada, ben"),
        ("x", [], "'x' does not exist; there is none"),
        ("x" * 99, ["a"], f"'{'x' * 80}' is not one of a"),
        ("x" * 99, [], f"'{'x' * 80}' does not exist; there is none"),
    ],
)
def test_a_name_that_is_none_is_told_with_those_there_are(
    name: str, known: list[str], told: str
) -> None:
    assert not_one_of(name, iter(known)) == told
