"""What goes in and what comes out: one HTTP request and its response, as values."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Literal

from msgspec import Struct

Wire = Literal[
    "truncated",
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
    "CONNECTION_RESET_BY_PEER",
]
"""How a response can be lost on its way; those in capitals as WireMock names them."""


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
    stream: AsyncIterator[bytes] | None = None
    """What is sent after the body, as it comes."""
    drip_s: float = 0.0
    """Seconds that sending the body takes."""
    wire: Wire | None = None
    """What becomes of it on its way."""
    fault: str | None = None
    """The fault on demand that made it what it is."""
    rule: str | None = None
    """The rule of the document that it is refused by."""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        found = (value for key, value in self.headers if key.lower() == name.lower())
        return next(found, None)


Answer = Callable[[Request], Response]
"""The whole server seen as a function: everything between two sockets."""
