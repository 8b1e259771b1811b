"""An exchange: one request and its answer, as laws read it and as reports show it."""

import re
import shlex
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from contract_tests.document import Misfit
from contract_tests.redaction import Redactor
from contract_tests.strict_json import without

EDGE = (
    *(301, 302, 303, 307, 308, 400, 403, 405, 406, 408, 411, 413, 414, 415, 416, 421, 429, 431),
    *(501, 502, 503, 504),
)
"""Statuses that gateways, firewalls and proxies send in the API's place."""
GATEWAYS = (403, 429, 502, 503, 504)
"""Those of them that no law judges when the body is HTML; others may be the API's own fault."""
SHOWN = 4000
"""Characters of a body that a report quotes."""
NO_ANSWER = 0
"""The status of an exchange that a target, though it is up, did not answer."""
_WORDS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\+?\w+"
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt].*(?:[Zz]|[+-]\d\d:\d\d)")
_OTHER_NOTATION = re.compile(rb't\d\d:\d\d:|T\d\d:\d\d(?!:\d\dZ")|"currency":\s*"[^"]*[a-z]')
"""What shows that a body does not write all instants and currencies as `in_one_notation` does."""
_NUMBER = re.compile(r"(?<![\w-])\+?\(?[0-9](?:[ \u00a0().\-/]{0,3}[0-9]){8,}(?![\w-])")
"""A phone number as people write it."""
_SPACED_AT = re.compile(r"\s@\s?|@\s| ?\(at\) ?| ?\[at\] ?|&#64;")
"""Ways to write the @ of an address so that no machine finds it."""
_AT = re.compile(r"@(?=\s)|(?<=\s)@|\(at\)|\[at\]|&#64;")
"""What shows, in less time, that a text has one of them."""
SIGNIFICANT = 9
"""The last digits of a phone number that identify it, with a country code or without."""
_CODES = re.compile(r"[\w+/-]{16,}")
"""What may be an identifier in base64 or in hexadecimal."""
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    method: str
    url: str
    actor: str
    """Whose token it carried: a customer's name, `staff` and so on; empty for nobody's."""
    operation: str | None
    sent: Mapping[str, str]
    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any
    """The body as JSON; None where it is none."""
    misfits: tuple[Misfit, ...]
    """What does not fit the operation's schema."""
    redact: Redactor
    """Takes the secrets out of everything that is shown."""
    payload: str = ""
    """The body of the request."""
    concurrent: bool = False
    """Whether it was sent while others were under way."""
    curl_options: Sequence[str] = ()
    """The options by which curl reaches the target: proxies, certificates."""
    _received_at: float = field(default_factory=time.monotonic, repr=False, compare=False)

    @cached_property
    def query(self) -> Query:
        """The parameters of the request, in their order."""
        return tuple(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def age_s(self) -> float:
        """How many seconds ago it was answered."""
        return time.monotonic() - self._received_at

    @property
    def curl(self) -> str:
        """A line that sends the request again."""
        words = [*_curl_flags(self.method, self.url), _shell_word(self.url, self.redact)]
        words += (_shell_word(word, self.redact) for word in self.curl_options)
        for name, value in self.sent.items():
            # To curl, a header that ends in a colon is one to leave out.
            words += ["-H", _shell_word(f"{name}: {value}" if value else f"{name};", self.redact)]
        names = {name.lower() for name in self.sent}
        # curl ends chunks only where it is given data, which it calls a form unless told not to.
        if self.payload or "transfer-encoding" in names:
            words += [] if "content-type" in names else ["-H", "Content-Type:"]
            words += ["--data-raw", _shell_word(self.payload, self.redact)]
        return " ".join(["curl", "-i", *words])

    @property
    def summary(self) -> str:
        """Caller, request and status in one line."""
        status = self.status or "no answer"
        who = self.actor or "nobody"
        return self.redact(f"{who}: {self.method} {self.url} → {status}")

    @property
    def request(self) -> str:
        """The request as it was sent."""
        lines = [f"{self.method} {self.url}", *(f"{k}: {v}" for k, v in self.sent.items())]
        lines += ["", self.payload] if self.payload else []
        return self.redact("\n".join(lines))

    @property
    def response(self) -> str:
        """The answer as it came, cut where it is long."""
        head = "\n".join(
            f"{name}: {self.redact.header(name, value)}" for name, value in self.headers.items()
        )
        return f"{self.status}\n{head}\n\n{self._body_text(SHOWN)}"

    @property
    def from_a_gateway(self) -> bool:
        """Whether it is an HTML page of a firewall or a gateway."""
        html = self.headers.get("content-type", "").lower().startswith("text/html")
        return self.status in GATEWAYS and html

    @property
    def from_the_edge(self) -> bool:
        """Whether it came from a gateway, a firewall or a proxy before the API."""
        return from_the_edge(self.status, self.headers)

    @property
    def media_type(self) -> str:
        """The type of the body, in lower case and without parameters; empty where none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def fits(self) -> bool:
        """A success that can be read, but for single fields; another law judges what cannot."""
        readable = all(each.drift or each.field for each in self.misfits)
        return self.ok and isinstance(self.json, dict) and readable

    @cached_property
    def data(self) -> Any:
        """The value of `data`, less single fields that do not fit; None where there is none."""
        broken = [each.field for each in self.misfits if each.field and not each.drift]
        tree = without(self.json, broken) if broken else self.json
        return tree.get("data") if isinstance(tree, dict) else None

    @property
    def records(self) -> list[dict[str, Any]]:
        """The objects of a list; the account itself as a list of one."""
        return _objects(self.data)

    @cached_property
    def plain_data(self) -> Any:
        """All of `data`, with instants and currencies in one notation each, to be compared."""
        data = self.json.get("data") if isinstance(self.json, dict) else None
        # Most answers are written so, and walking through thousands of orders takes time.
        return in_one_notation(data) if _OTHER_NOTATION.search(self.body) else data

    @property
    def plain_records(self) -> list[dict[str, Any]]:
        """The records of `plain_data`."""
        return _objects(self.plain_data)

    @cached_property
    def words(self) -> set[str]:
        """Every address, id and word of the answer, its headers included, in lower case."""
        parts = [msgspec.json.encode(each) for each in _parts(self.json)] or [self.body]
        words = (_words_in_body(each.decode("utf-8", "replace")) for each in parts)
        return self.words_beside.union(*words)

    @cached_property
    def words_beside(self) -> set[str]:
        """Those of the headers, also where they are encoded."""
        return _words_in_headers("\n".join(self.headers.values()))

    @property
    def message(self) -> str:
        """What an error says: its message, or its whole body where it has none."""
        text = self.json.get("message") if isinstance(self.json, dict) else None
        return text if isinstance(text, str) else self.body.decode("utf-8", "replace")

    def brief(self) -> str:
        """Status, redirect and the beginning of the body, or why it is unreadable, in one line."""
        if self.status == NO_ANSWER:
            return f"no answer: {self._body_text(SHOWN)}"
        if self.json is None and self.misfits:
            return f"{self.status}, {self.misfits[0].text}: {self._body_text(160)}"
        to = self.headers.get("location")
        where = f" to {self.redact(to)[:200]}" if to and 300 <= self.status < 400 else ""
        return f"{self.status}{where} {self._body_text(160)}".rstrip()

    def _body_text(self, letters: int) -> str:
        # Secrets are taken out before the text is cut: a part of one tells too much.
        window = self.body[: letters * 4 + 8192].decode("utf-8", "replace")
        return self.redact.body(window)[:letters]


def in_one_notation(node: Any, name: str = "") -> Any:
    """
    A value as equal ones are written, whatever their notation: instants in UTC, currencies
    in capitals (MONEY-01). `name` is that of the field that holds it.
    """
    if isinstance(node, dict):
        return {key: in_one_notation(value, key) for key, value in node.items()}
    if isinstance(node, list):
        return [in_one_notation(each, name) for each in node]
    if not isinstance(node, str):
        return node
    if name == "currency":
        return node.upper()
    return _in_utc(node) if _INSTANT.fullmatch(node) else node


def instant(text: str) -> datetime:
    """
    An instant with its offset; RFC 3339 lets `T` and `Z` be small.

    Raises:
        ValueError: it is none.
    """
    return datetime.fromisoformat(text.upper())


def _in_utc(text: str) -> str:
    with suppress(ValueError, OverflowError):
        return instant(text).astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return text


def _objects(data: Any) -> list[dict[str, Any]]:
    items = data if isinstance(data, list) else [data]
    return [each for each in items if isinstance(each, dict)]


def from_the_edge(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer came from a gateway, firewall or proxy, and not from the API."""
    return status in EDGE and "json" not in headers.get("content-type", "").lower()


def _parts(json: Any) -> list[Any]:
    """A body in parts, of which each record of a list is one; none of what is no JSON."""
    if isinstance(json, dict) and isinstance(json.get("data"), list):
        return [{**json, "data": []}, *json["data"]]
    return [] if json is None else [json]


@lru_cache(maxsize=8192)
def _words_in_body(text: str) -> set[str]:
    """`words_in`, cached: the same records come in many answers."""
    return words_in(text)


@lru_cache(maxsize=1024)
def _words_in_headers(text: str) -> set[str]:
    """Those of headers, also where they are encoded; they are often alike, too."""
    return words_in("\n".join([text, *_decoded(text)]))


def words_in(text: str) -> set[str]:
    """Every address, id and word of a text, in lower case, those within URLs too."""
    plain = (unquote(text) if "%" in text else text).lower()
    words = {*_WORDS.findall(plain), *numbers_in(plain)}
    return words | {*_WORDS.findall(_SPACED_AT.sub("@", plain))} if _AT.search(plain) else words


def _decoded(text: str) -> Iterator[str]:
    """What stands in a text in base64 or in hexadecimal."""
    for code in _CODES.findall(unquote(text)):
        with suppress(ValueError):
            yield bytes.fromhex(code).decode("utf-8")
        with suppress(ValueError):
            # Padding may be left out; more of it than is needed is passed over.
            yield urlsafe_b64decode(f"{code}==").decode("utf-8")


def numbers_in(text: str) -> set[str]:
    """The last digits of every phone number, however it is written."""
    numbers = ("".join(filter(str.isdecimal, each)) for each in _NUMBER.findall(text))
    return {digits[-SIGNIFICANT:] for digits in numbers}


def _curl_flags(method: str, url: str) -> list[str]:
    """The flags with which curl sends exactly this: no globbing, the path as is, a bare HEAD."""
    flags = {"GET": [], "HEAD": ["--head"]}.get(method, ["-X", method])
    flags += ["--globoff"] if set("[]{}") & set(url) else []
    return flags + (["--path-as-is"] if "/." in url else [])


def _shell_word(text: str, redact: Redactor) -> str:
    """One word of a shell line in which the tokens are variables."""
    parts = redact.parts(text)
    if not any(is_variable for _, is_variable in parts):
        return shlex.quote("".join(part for part, _ in parts))
    # In double quotes a shell fills variables in; all else that it would read is escaped.
    quoted = (
        part if is_variable else re.sub(r'([\\"$`])', r"\\\1", part) for part, is_variable in parts
    )
    return f'"{"".join(quoted)}"'
