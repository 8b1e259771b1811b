"""What goes in and what comes out: one HTTP request and its response, as values."""

from collections.abc import Callable, Mapping

from msgspec import Struct


class Request(Struct, frozen=True):
    """A request as the socket gave it; header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    base_url: str = "http://127.0.0.1:4010"
    """Scheme and authority by which the client reached us; links in answers begin with it."""


class Response(Struct, frozen=True):
    """A response, ready for the socket; `delay_s` seconds pass before it is sent."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        found = (value for key, value in self.headers if key.lower() == name.lower())
        return next(found, None)


Answer = Callable[[Request], Response]
"""The whole server seen as a function: everything between two sockets."""
