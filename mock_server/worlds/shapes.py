"""Converts a scenario to msgspec Structs, with every mistake and what would be right."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct, inspect, structs

from mock_server.http.near import not_one_of
from mock_server.worlds.scenario_text import Place

MOST_SOUGHT = 100
"""So many mistakes are looked for; to say what is meant by thousands of names takes minutes."""


class TooManyMistakes(Exception):
    """So many mistakes are found that nobody needs to know of more."""


class Mistakes(list[tuple[Place, str]]):
    """
    Where something is wrong, and what.

    Raises:
        TooManyMistakes: the last one that is looked for was added.
    """

    def append(self, mistake: tuple[Place, str]) -> None:
        super().append(mistake)
        if len(self) >= MOST_SOUGHT:
            raise TooManyMistakes

    def extend(self, mistakes: Iterable[tuple[Place, str]]) -> None:
        for each in mistakes:
            self.append(each)


def convert(value: Any, shape: Any, place: Place, mistakes: Mistakes) -> Any:
    """
    Convert a value to a type; texts become numbers and truth values where the type has these.

    Mistakes are added to `mistakes`. Returns what can be read in spite of them, else None.
    """
    if isinstance(shape, type) and issubclass(shape, Struct):
        return _struct(value, shape, place, mistakes)
    items = _items(shape)
    if items is not None and isinstance(value, Mapping):
        return {
            name: convert(each, items, (*place, name), mistakes) for name, each in value.items()
        }
    for reading in (value, _text(value)):
        try:
            return msgspec.convert(reading, shape, strict=False)
        except msgspec.ValidationError:
            continue
    mistakes.append((place, _mismatch(value, inspect.type_info(shape))))
    return None


def _text(value: Any) -> Any:
    """The value as it was written, where text is meant and a number or truth value was read."""
    if isinstance(value, list):
        return list(map(_text, value))
    return msgspec.json.encode(value).decode() if isinstance(value, int) else value


def _struct(value: Any, shape: type[Struct], place: Place, mistakes: Mistakes) -> Any:
    if not isinstance(value, Mapping):
        mistakes.append((place, f"{quoted(value)} is not a mapping"))
        return None
    fields = {each.encode_name: each for each in structs.fields(shape)}
    for name in value.keys() - fields.keys():
        mistakes.append(((*place, name), f"the field {not_one_of(name, fields)}"))
    missing = [name for name, each in fields.items() if each.required and name not in value]
    mistakes.extend(((*place, name), "is missing") for name in missing)
    values = {}
    for name in fields.keys() & value.keys():
        before, each = len(mistakes), fields[name]
        read = convert(value[name], each.type, (*place, name), mistakes)
        if len(mistakes) == before:
            values[each.name] = read
    lacking = any(each.required and each.name not in values for each in fields.values())
    return None if lacking else shape(**values)


def _items(shape: Any) -> Any:
    """The type of what a mapping of Structs maps its names to."""
    if get_origin(shape) is not dict:
        return None
    items = get_args(shape)[1]
    return items if isinstance(items, type) and issubclass(items, Struct) else None


def _mismatch(value: Any, expected: inspect.Type) -> str:
    if isinstance(expected, inspect.LiteralType) and isinstance(value, str):
        return not_one_of(value, map(str, expected.values))
    return f"{quoted(value)} is not {_describe(expected)}"


def quoted(value: Any) -> str:
    """A value as messages quote it."""
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return f"'{str(value)[:80]}'"


_PLAIN: Mapping[type[inspect.Type], str] = {
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.DateType: "a date such as 1990-05-17",
    inspect.DictType: "a mapping",
}


def _describe(expected: inspect.Type) -> str:
    match expected:
        case inspect.Metadata(extra_json_schema={"description": str(text)}):
            return text
        case inspect.Metadata(type=inner):
            return _describe(inner)
        case inspect.IntType(ge=low, le=high):
            bounds = f" from {low} to {high}" if low is not None and high is not None else ""
            return f"a whole number{bounds}"
        case inspect.StrType(pattern=pattern):
            return "text" if pattern is None else f"text of the form {pattern}"
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.UnionType(types=types):
            known = (each for each in types if not isinstance(each, inspect.NoneType))
            return " or ".join(map(_describe, known))
        case inspect.VarTupleType(item_type=item, min_length=least):
            return (
                f"a list{' of one at least' if least else ''}, of which each is {_describe(item)}"
            )
    return _PLAIN.get(type(expected), "what is meant here")
