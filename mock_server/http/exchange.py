"""One HTTP request and its response, as values, and what is known of the two on their way."""

import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from mock_server.http.router import Route

Wire = Literal[
    "truncated",
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
    "CONNECTION_RESET_BY_PEER",
]
"""How a response can be lost on its way; those in capitals as WireMock names them."""
UNSEEN = ("EMPTY_RESPONSE", "RANDOM_DATA_THEN_CLOSE", "CONNECTION_RESET_BY_PEER")
"""Those of which a client sees no status."""
CONTEXT = "my_account.context"
_VALUE = "my_account.response"
OFF_CONTRACT = "X-Mock-Off-Contract"
"""The header that names the fault or quirk by which an answer leaves the contract."""
SMALLEST_ZIPPED = 500
FASTEST = 1
"""The level of gzip: the next ones take twice the time for a tenth of the bytes."""


class Request(Struct, frozen=True, dict=True):
    """A request as the socket gave it; header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    base_url: str = "http://127.0.0.1:4010"
    """By what the client reached us; the links in answers begin with it."""

    @cached_property
    def size(self) -> int:
        """How many characters it takes."""
        headers = sum(map(len, self.headers)) + sum(map(len, self.headers.values()))
        return headers + len(self.path) + len(self.query) + len(self.body)


class Response(Struct, frozen=True, dict=True):
    """
    A response, ready for the socket.

    As an ASGI application it sends itself. Its first message carries the value, so that no layer
    above has to put together again what another took apart.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    """Seconds that pass before it is sent."""
    chunked: bool = False
    """Sent in pieces, without saying its length."""
    stream: AsyncIterator[bytes] | None = None
    """Chunks that are sent after the body, as they come."""
    drip_s: float = 0.0
    """Seconds that sending the body takes."""
    wire: Wire | None = None
    """What becomes of it on its way."""
    fault: str | None = None
    """The fault on demand that made it what it is."""
    rule: str | None = None
    """The rule of the document that it is refused by."""
    states: frozenset[str] = frozenset()
    """The edge states of the operation that its records show."""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        values = (value for key, value in self.headers if key.lower() == name.lower())
        return next(values, None)

    @property
    def is_altered(self) -> bool:
        """Whether a fault or a quirk made it what no operation answered."""
        return self.fault is not None or self.header(OFF_CONTRACT) is not None

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as ASGI has them."""
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers]
        if len(self.body) >= SMALLEST_ZIPPED:
            raw.append((b"vary", b"Accept-Encoding"))
        if not self.chunked and self.stream is None and self.status != 204:
            raw.append((b"content-length", str(len(self.body)).encode()))
        return raw

    @cached_property
    def gzip_body(self) -> bytes:
        """The compressed body; always the same for the same body."""
        return gzip.compress(self.body, FASTEST, mtime=0)

    @cached_property
    def gzip_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that go with `gzip_body`."""
        others = [each for each in self.raw_headers if each[0] != b"content-length"]
        length = (b"content-length", str(len(self.gzip_body)).encode())
        return [*others, length, (b"content-encoding", b"gzip")]

    def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> Awaitable[None]:
        """Send it."""
        return send.send_response(self) if isinstance(send, ResponseSend) else self._send(send)

    async def _send(self, send: Send) -> None:
        await send(start_of(self, self.raw_headers))
        await send({"type": "http.response.body", "body": self.body})


class ResponseSend:
    """An ASGI `send` that also takes a response whole, so that nobody takes it apart in between."""

    async def __call__(self, message: Message) -> None:
        """Take a message of a response that is none of ours, or that comes in pieces."""
        raise NotImplementedError

    async def send_response(self, response: Response) -> None:
        """Take a response."""
        raise NotImplementedError


class Context(Struct):
    """What is known of a request: found once, on its way in."""

    request: Request
    for_control: bool = False
    """Whether it is meant for the control API, however its path is written."""
    reached_at: str = "http://127.0.0.1:4010"
    """The URL of the server by the request itself, which `base_url` need not be."""
    route: "Route | None" = None
    """The operation that it is for, if it is for one."""
    caller: Any = None
    """Who asks: the first argument of a handler."""
    arguments: dict[str, Any] = {}
    """The declared parameters, by the names that a handler has for them."""
    answer: Response | None = None
    """What the handler answered, before it is judged."""
    rule: str | None = None
    """The rule of the document that it was refused by."""
    began: float = msgspec.field(default_factory=time.perf_counter)
    """When it came, in seconds on a clock that only measures."""


def context_of(scope: Scope) -> Context:
    """The context of a request."""
    context: Context = scope[CONTEXT]
    return context


def start_of(response: Response, headers: Sequence[tuple[bytes, bytes]]) -> Message:
    """The first message of a response, which carries it."""
    start = {"type": "http.response.start", "status": response.status, "headers": headers}
    return start | {_VALUE: response}


def value_of(message: Message) -> Response | None:
    """The `Response` that a start message carries, if it is one of ours."""
    value: Response | None = message.get(_VALUE)
    return value


class _Collector(ResponseSend):
    __slots__ = ("messages", "response")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.response: Response | None = None

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    async def send_response(self, response: Response) -> None:
        self.response = response


async def answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    """Call an application and return its answer as a `Response`."""
    collected = _Collector()
    await app(scope, receive, collected)
    if collected.response is not None:
        return collected.response
    start, *rest = collected.messages
    if (value := value_of(start)) is not None:
        return value
    headers = tuple(
        (name.decode("latin-1"), text.decode("latin-1"))
        for name, text in start["headers"]
        if name != b"content-length"
    )
    body = b"".join(message.get("body", b"") for message in rest)
    return Response(start["status"], body, headers, rule=context_of(scope).rule)
