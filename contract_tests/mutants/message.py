"""One HTTP request and its response as values: what a mutant changes."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct


class Request(Struct, frozen=True):
    """A request to the API; header names are in lower case."""

    method: str
    path: str
    """The path below the base URL."""
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Response(Struct, frozen=True):
    """An answer of the API."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        found = (value for key, value in self.headers if key.lower() == name.lower())
        return next(found, None)

    @property
    def json(self) -> Any:
        """
        The body as JSON.

        Raises:
            msgspec.DecodeError: it is none.
        """
        return msgspec.json.decode(self.body)


Send = Callable[[Request], Response]
"""The implementation seen as a function."""
