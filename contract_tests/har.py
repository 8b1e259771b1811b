"""HTTP Archives (HAR 1.2), as browsers, proxies and the mock's journal write them."""

import re
from base64 import b64decode
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import UNSET, Struct, UnsetType

from contract_tests.target import TargetError

_NOT_ANSWERED = (0, 304)
"""Statuses of entries that show no answer: aborted ones, and those that a cache answered."""


_NOISE = re.compile(
    ":|Sec-|Host$|Connection$|Accept-(Encoding|Language)$|User-Agent$|Referer$|Content-Length$"
    "|Cache-Control$|Pragma$|Priority$|Dnt$|If-"
)
"""Headers that a browser adds, and that no answer of the API depends on."""


class Header(Struct, frozen=True):
    """A header of a request or an answer."""

    name: str
    value: str = ""


class _Content(Struct, frozen=True):
    size: int = 0
    text: str | None = None
    encoding: str = ""


class _Request(Struct, frozen=True):
    method: str
    url: str
    headers: tuple[Header, ...] = ()


class _Response(Struct, frozen=True):
    status: int
    content: _Content
    headers: tuple[Header, ...] = ()


class Entry(
    Struct,
    frozen=True,
    rename={"began": "startedDateTime", "cached": "_fromCache", "persona": "_persona"},
):
    """A request and its answer."""

    request: _Request
    response: _Response
    began: datetime
    cached: Any = None
    persona: str | None | UnsetType = UNSET
    """Who asked, in a journal of the mock, which keeps no tokens; None for nobody."""

    @property
    def started(self) -> datetime:
        """When it was asked; without an offset by UTC."""
        return self.began if self.began.tzinfo else self.began.replace(tzinfo=UTC)

    @property
    def journal(self) -> bool:
        """Whether it is of the mock's journal, which keeps answers as they were before CORS."""
        return self.persona is not UNSET

    @property
    def token(self) -> str:
        """The token of the request, or a stand-in named after its persona; empty without either."""
        sent = _header(self.request.headers, "authorization").rpartition(" ")[2]
        return f"token-of-{self.persona}" if self.persona else sent

    @property
    def sent(self) -> dict[str, str]:
        """The headers of the request that say what was asked, and by whom."""
        pairs = {each.name.title(): each.value for each in self.request.headers}
        headers = {name: value for name, value in pairs.items() if not _NOISE.match(name)}
        if not self.journal:
            return headers
        authorization = {"Authorization": f"Bearer {self.token}"} if self.persona else {}
        return {name: value for name, value in headers.items() if name != "Origin"} | authorization

    def named_values(self) -> Iterator[tuple[str, str]]:
        """The headers, the cookies and the query of the request."""
        for header in self.request.headers:
            yield header.name, header.value
            for cookie in header.value.split(";") if header.name.lower() == "cookie" else ():
                yield "cookie", cookie.partition("=")[2]
        yield from parse_qsl(urlsplit(self.request.url).query)

    @property
    def body(self) -> bytes:
        """The body of the answer."""
        content = self.response.content
        if self.journal and self.request.method == "HEAD":
            # The journal keeps what GET would be answered.
            return b""
        text = content.text or ""
        return b64decode(text) if content.encoding == "base64" else text.encode()

    @property
    def whole(self) -> bool:
        """Whether there was an answer, and all of it was kept."""
        content, bare = self.response.content, self.request.method in ("HEAD", "OPTIONS")
        absent = content.text is None and self.response.status == 200
        cut = not bare and (absent or len(self.body) < content.size)
        return self.response.status not in _NOT_ANSWERED and not cut and not self.cached

    @property
    def at(self) -> datetime:
        """When it was answered, by the server's clock; the mock's journal tells its sandbox's."""
        date = _header(self.response.headers, "date")
        return parsedate_to_datetime(date) if date and not self.journal else self.started


def _header(headers: Iterable[Header], name: str) -> str:
    return next((each.value for each in headers if each.name.lower() == name), "")


def _is_readable(entry: "Entry") -> bool:
    """Whether its URL is one: pages ask for whatever they like."""
    try:
        return bool(urlsplit(entry.request.url))
    except ValueError:
        return False


class _Log(Struct, frozen=True):
    entries: tuple[Entry, ...]


class _Archive(Struct, frozen=True):
    log: _Log


def load(path: Path) -> tuple[Entry, ...]:
    """
    The entries of an archive, in the order in which they began.

    Raises:
        TargetError: the file cannot be read, or is no archive.
    """
    try:
        text = path.read_bytes().removeprefix(BOM_UTF8)
        entries = msgspec.json.decode(text, type=_Archive).log.entries
        return tuple(sorted(filter(_is_readable, entries), key=lambda each: each.started))
    except OSError as error:
        raise TargetError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise TargetError(f"{path}: is no HTTP Archive (HAR 1.2): {error}") from None
