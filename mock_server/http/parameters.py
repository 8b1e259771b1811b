"""Query and path parameters: from the text of a URL to the values a handler takes."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mock_server.http import problems
from mock_server.http.document import Document

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter the document declares, and how its text is read."""

    name: str
    place: str
    required: bool
    want: str
    """What would be right, in words."""
    read: Callable[[str], Any]
    """From text to value; None where the text is not one."""

    def value(self, texts: list[str]) -> Any:
        """
        The value of a parameter that came once.

        Raises:
            Problem: 400, it came more than once or could not be read.
        """
        if len(texts) > 1:
            raise problems.bad_parameter(self.name, " and ".join(texts), "given once")
        value = self.read(texts[0])
        if value is None:
            raise problems.bad_parameter(self.name, texts[0], self.want)
        return value


def declared(document: Document, operation: dict[str, Any]) -> tuple[Parameter, ...]:
    """The path and query parameters of an operation."""
    found = map(document.resolve, operation.get("parameters", ()))
    return tuple(_parameter(document, said) for said in found if said["in"] in ("path", "query"))


def from_query(query: str, parameters: Iterable[Parameter]) -> dict[str, Any]:
    """
    The declared parameters that a query string gives; it may hold others, which are ignored.

    Raises:
        Problem: 400, one is missing, repeated or malformed.
    """
    texts: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True) if query else ():
        texts.setdefault(name, []).append(text)
    values = {}
    for parameter in parameters:
        if parameter.name in texts:
            values[parameter.name] = parameter.value(texts[parameter.name])
        elif parameter.required:
            raise problems.bad_request(f"The parameter '{parameter.name}' is missing.")
    return values


def _parameter(document: Document, said: dict[str, Any]) -> Parameter:
    schema = document.resolve(said["schema"])
    want, read = _reader(schema)
    return Parameter(said["name"], said["in"], said.get("required", False), want, read)


def _reader(schema: dict[str, Any]) -> tuple[str, Callable[[str], Any]]:
    if schema["type"] == "integer":
        low, high = schema["minimum"], schema["maximum"]
        return f"an integer from {low} to {high}", lambda text: _integer(text, low, high)
    if schema["type"] == "boolean":
        return "true or false", lambda text: _BOOLEANS.get(text.lower())
    if "enum" in schema:
        options = schema["enum"]
        return f"one of {', '.join(options)}", lambda text: text if text in options else None
    return "a string", lambda text: text


def _integer(text: str, low: int, high: int) -> int | None:
    value = int(text) if _INTEGER.fullmatch(text) else None
    return value if value is not None and low <= value <= high else None
