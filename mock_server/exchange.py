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
    """By what the client reached us; the links in answers begin with it."""
    sandbox: str = "default"
    """The id of the sandbox it lives in."""


class Response(Struct, frozen=True):
    """A response, ready for the socket."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    """Seconds that pass before it is sent."""
    chunked: bool = False
    """Sent in pieces, without saying its length."""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        found = (value for key, value in self.headers if key.lower() == name.lower())
        return next(found, None)


Answer = Callable[[Request], Response]
"""The whole server seen as a function: everything between two sockets."""
