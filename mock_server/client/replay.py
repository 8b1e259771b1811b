"""Repro bundles: sending the requests of a journal again, and seeing what differs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec
from msgspec import Meta, Struct

from mock_server.client import MockServer, Sandbox
from mock_server.http.paths import sandbox_of

FORMAT, VERSION = "my-account-bundle", 1
LARGEST_FILE = 64 << 20
LEFT_OUT = {
    *("host", "connection", "content-length", "transfer-encoding", "accept-encoding", "expect"),
    *("authorization", "proxy-authorization", "cookie", "te", "trailer", "upgrade", "keep-alive"),
}
"""Headers that belong to the connection or the caller, and are made anew."""
REDACTED = "REDACTED"
_HEADER = re.compile("[A-Za-z0-9_-]{1,100}")
_PATH = "/:@!$&'()*+,;=~-._"
_QUERY = _PATH + "?%"
Json = dict[str, Any]


class BundleError(Exception):
    """A bundle that cannot be replayed; the message says why."""


class RecordedRequest(Struct, frozen=True):
    """Headers and body of a request, as the journal shows them."""

    headers: dict[str, str]
    body: str
    body_bytes: int | None = None
    """How long the body was before it was cut; None in bundles that do not tell."""


class RecordedResponse(Struct, frozen=True):
    """The body of an answer, as the journal shows it."""

    body: str
    body_bytes: int


class Recorded(Struct, frozen=True):
    """An entry of the journal, as far as a replay needs it."""

    number: int
    at: Annotated[datetime, Meta(tz=True)]
    persona: str | None
    role: str | None
    method: Annotated[str, Meta(pattern="^[A-Za-z-]{1,20}$")]
    path: Annotated[str, Meta(pattern="^/")]
    query: str
    status: Annotated[int, Meta(ge=100, le=599)]
    fault: str | None
    request: RecordedRequest
    response: RecordedResponse

    @property
    def target(self) -> str:
        """Path and query as they are sent: always below the address that they are sent to."""
        query = f"?{quote(self.query, safe=_QUERY)}" if self.query else ""
        return quote(self.path, safe=_PATH) + query

    @property
    def caller(self) -> str | None:
        """Whose token it bore: a persona's, one that is refused in some way, or none."""
        if self._credentials is not None:
            return None
        return self.persona if self.role == "customer" else self.role

    @property
    def _credentials(self) -> str | None:
        """What it sent as Authorization in place of a bearer token, without its secret."""
        shown = self.request.headers.get("authorization", "")
        is_other = self.role == "unknown" and not shown.lower().startswith("bearer ")
        return shown if is_other else None

    @property
    def headers(self) -> dict[str, str]:
        """The headers to send again."""
        headers = {
            name: value
            for name, value in self.request.headers.items()
            if name.lower() not in LEFT_OUT and value != REDACTED and _HEADER.fullmatch(name)
        }
        other = self._credentials
        return headers if other is None else headers | {"authorization": other}

    @property
    def is_whole(self) -> bool:
        """Whether all of its body is known."""
        length = self.request.body_bytes
        return length is None or length == len(self.request.body.encode())


class Bundle(Struct, frozen=True):
    """How a sandbox began, and the requests to it since."""

    complete: bool
    snapshot: Json
    requests: list[Recorded]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A request that was sent again."""

    request: Recorded
    status: int | None
    """What was answered now; None where the connection broke."""
    differences: list[str]


def read(file: Path) -> Bundle:
    """
    Read a bundle.

    Raises:
        BundleError: it is none, or of another version.
    """
    try:
        with file.open("rb") as stream:
            document = msgspec.json.decode(stream.read(LARGEST_FILE))
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{file} is no bundle: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BundleError(f'{file} is no bundle: it has no "format": "{FORMAT}"')
    if document.get("version") != VERSION:
        version = document.get("version")
        raise BundleError(f"{file} is of version {version}; this mock reads version {VERSION}")
    try:
        return msgspec.convert(document, Bundle)
    except msgspec.ValidationError as error:
        raise BundleError(f"{file} is no bundle: {error}") from None


def on_mock(bundle: Bundle, server: MockServer) -> Iterator[Replayed]:
    """
    Send the requests to the same world on a mock, each at the time at which it was sent; every
    difference counts.

    Raises:
        MockError: the world cannot be opened there.
    """
    with server.sandbox(snapshot=bundle.snapshot) as sandbox:
        tokens = tokens_of(sandbox)
        with httpx.Client() as http:
            for request in bundle.requests:
                sandbox.set_clock(now=request.at.isoformat(), running=False, force=True)
                url = server.url if request.caller else sandbox.url
                yield _again(http, url, request, tokens, exact=True)


def on_service(bundle: Bundle, url: str, tokens: Mapping[str, str]) -> Iterator[Replayed]:
    """
    Send the requests to a real service, with a token for each persona or role; status and shape
    count, ids and instants do not.
    """
    with httpx.Client() as http:
        for request in bundle.requests:
            yield _again(http, url.rstrip("/"), request, tokens, exact=False)


def tokens_of(sandbox: Sandbox) -> dict[str, str]:
    """A token for each persona, and for each way to be refused."""
    return dict(sandbox.tokens) | {each.persona: each.token for each in sandbox.customers}


def _again(
    http: httpx.Client, url: str, request: Recorded, tokens: Mapping[str, str], *, exact: bool
) -> Replayed:
    who = request.caller
    if who is not None and who not in tokens:
        return Replayed(request, None, [f"not sent: there is no token for {who}"])
    if "__mock__" in request.path.lower():
        return Replayed(request, None, ["not sent: a replay does not steer the mock"])
    if not request.is_whole:
        is_text = "\ufffd" not in request.request.body
        why = "was cut when it was recorded" if is_text else "is no text in UTF-8"
        return Replayed(request, None, [f"not sent: its body {why}"])
    headers = {name.encode(): value.encode() for name, value in request.headers.items()}
    if who is not None:
        headers[b"authorization"] = f"Bearer {tokens[who]}".encode()
    content = request.request.body.encode()
    try:
        answer = http.request(
            request.method, url + request.target, headers=headers, content=content
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Replayed(request, None, [f"no answer: {error}"])
    try:
        differences = list(_differences(request, answer, exact=exact))
    except RecursionError:
        differences = ["nested too deep to be compared"]
    return Replayed(request, answer.status_code, differences)


def _differences(request: Recorded, answer: httpx.Response, *, exact: bool) -> Iterator[str]:
    if request.fault:
        # What a fault did was not the API's doing, and faults are not replayed.
        return
    if answer.status_code != request.status:
        yield f"status {request.status} then, {answer.status_code} now"
        return
    if request.method == "HEAD":
        return
    body, length = request.response.body, request.response.body_bytes
    whole = len(body.encode()) == length
    if exact and not whole and not answer.text.startswith(body.rstrip("\ufffd")):
        yield "the body differs in what is known of it"
    elif whole and body:
        yield from _compared(_json(body), _json(answer.text), "$", exact=exact)


def _compared(then: Any, now: Any, place: str, *, exact: bool) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for name in then.keys() | now.keys():
            if name not in now or name not in then:
                yield f"{place}.{name} is there {'then' if name in then else 'now'} only"
            else:
                yield from _compared(then[name], now[name], f"{place}.{name}", exact=exact)
    elif isinstance(then, list) and isinstance(now, list):
        yield from _lists(then, now, place, exact=exact)
    elif exact and then != now and not _links(then, now):
        yield f"{place} is {then!r} then, {now!r} now"
    elif type(then) is not type(now) and None not in (then, now):
        yield f"{place} is {type(then).__name__} then, {type(now).__name__} now"


def _lists(then: list[Any], now: list[Any], place: str, *, exact: bool) -> Iterator[str]:
    if exact and len(then) != len(now):
        yield f"{place} has {len(then)} items then, {len(now)} now"
    for index, (one, other) in enumerate(zip(then, now, strict=False)):
        yield from _compared(one, other, f"{place}[{index}]", exact=exact)


def _links(then: Any, now: Any) -> bool:
    """Whether both are URLs that differ in the server or the sandbox alone."""
    if not (isinstance(then, str) and isinstance(now, str) and then.startswith("http")):
        return False
    return _within_sandbox(then) == _within_sandbox(now)


def _within_sandbox(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    addressed = sandbox_of(parts.path)
    return (addressed[1] if addressed else parts.path), parts.query


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
