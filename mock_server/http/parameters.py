"""Declared parameters: strict about how their text is written, where Connexion is generous."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from jsonschema_rs import Draft202012Validator

from mock_server.http import problems
from mock_server.http.document import Document
from mock_server.http.problems import Problem

_TEXTS = {
    "integer": re.compile(r"-?[0-9]{1,18}", re.ASCII),
    "number": re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII),
    "boolean": re.compile(r"true|false", re.IGNORECASE),
}
Read = Callable[[dict[str, Any], str], dict[str, Any]]
"""Connexion's reader: texts by name, and their place, to values by name."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation, and what a right value of it is."""

    name: str
    python_name: str
    place: str
    required: bool
    default: Any
    type: str
    want: str
    """What would be right, in words."""
    validator: Draft202012Validator
    refused_by: Mapping[str, str]
    """The rules of the document by which it is refused that is `malformed` or `repeated`."""

    def check_texts(self, texts: Sequence[str]) -> None:
        """
        Refuse a single value that is given twice, and texts that only Python calls a number.

        Raises:
            Problem: 400.
        """
        if self.type == "array":
            return
        if len(texts) > 1:
            raise self._problem(texts, "given once", "repeated")
        written = _TEXTS.get(self.type)
        if written is not None and not written.fullmatch(texts[0]):
            raise self._problem(texts, self.want, "malformed")

    def check_value(self, value: Any, texts: Sequence[str]) -> None:
        """
        Refuse a value that the schema does not allow.

        Raises:
            Problem: 400.
        """
        if not self.validator.is_valid(value):
            raise self._problem(texts, self.want, "malformed")

    def _problem(self, texts: Sequence[str], want: str, how: str) -> Problem:
        rule = self.refused_by.get(how)
        return problems.bad_parameter(self.name, " and ".join(texts), want, rule)


def declared(
    document: Document, shared: Sequence[dict[str, Any]], own: Sequence[dict[str, Any]]
) -> tuple[Parameter, ...]:
    """The parameters of an operation: those of its path, unless it has them itself, and its own."""
    parameters = [document.resolve(each) for each in (*shared, *own)]
    by_place = {(each["in"], each["name"]): each for each in parameters}
    return tuple(_parameter(document, each) for each in by_place.values())


def arguments(
    parameters: Sequence[Parameter],
    read: Read,
    *,
    path: Mapping[str, Any],
    query: str,
    headers: Mapping[str, str],
) -> dict[str, Any]:
    """
    The values of the declared parameters, by their Python names; a request may have others.

    A path parameter is not judged: an id that the schema does not allow is one that nothing has.

    Raises:
        Problem: 400, one is missing, repeated or malformed.
    """
    in_query: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True) if query else ():
        in_query.setdefault(name, []).append(text)
    values: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.place == "path":
            values |= {parameter.python_name: path[parameter.name.replace("-", "_")]}
            continue
        if parameter.place == "query":
            texts = in_query.get(parameter.name, [])
        else:
            texts = [headers[key] for key in (parameter.name.lower(),) if key in headers]
        if texts:
            parameter.check_texts(texts)
            value = read({parameter.name: texts}, parameter.place)[parameter.name]
            parameter.check_value(value, texts)
            values[parameter.python_name] = value
        elif parameter.required:
            raise problems.bad_request(f"The parameter '{parameter.name}' is missing.")
        elif parameter.default is not None:
            values[parameter.python_name] = parameter.default
    return values


def python_name(name: str) -> str:
    """How a handler names a parameter: `sandboxId` is `sandbox_id`, `X-Shop` is `x_shop`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def _parameter(document: Document, declared: dict[str, Any]) -> Parameter:
    schema = document.resolve(declared["schema"])
    return Parameter(
        name=declared["name"],
        python_name=python_name(declared["name"]),
        place=declared["in"],
        required=declared.get("required", False),
        default=schema.get("default"),
        type=schema.get("type", "string"),
        want=_want(document, schema),
        validator=document.validator(schema),
        refused_by=declared.get("x-refused-by", {}),
    )


def _want(document: Document, schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    match schema.get("type"):
        case "integer" | "number" as type:
            return f"{'an integer' if type == 'integer' else 'a number'}{_range(schema)}"
        case "boolean":
            return "true or false"
        case "array":
            return f"a list of which each is {_want(document, document.resolve(schema['items']))}"
    return f"text like {schema['pattern']}" if "pattern" in schema else "text"


def _range(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of {low} or more"
    return f" of {high} or less" if high is not None else ""
