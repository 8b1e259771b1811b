"""Hiding secrets in whatever leaves the journal: pages, streams, archives, bundles, the log."""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus

import msgspec

from mock_server.http.bounds import BoundsError, json_tree
from mock_server.http.secrets import is_secret

HIDDEN = "REDACTED"
_SCHEMES = ("basic", "bearer", "digest", "dpop", "negotiate", "token")
"""Of the Authorization header: no secrets, and a refusal depends on them."""
_SHORTEST = 6
"""A shorter value is hidden where its name says so, and not wherever else it occurs."""
_DEEPEST = 3
"""So deep texts are looked for in texts: a URL in a parameter, JSON in a field."""
_HINTS = (
    *("auth", "cookie", "token", "jwt", "key", "secret", "passw", "pwd", "passphrase"),
    *("assertion", "verifier", "session", "credential", "signature", "dpop", "%", "\\u"),
)
"""Without one of these in it, no name in a text tells of a secret; a regular expression is slow."""
_TOKEN = re.compile(
    r"(?<=Bearer )[A-Za-z0-9._~+/-]{6,}=*"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"
)
"""What is a secret by its look."""
_FIELD = re.compile(r'"((?:[^"\\]|\\.){1,80})"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}"((?:[^"\\]|\\.)*)("|$)')


class Redactor:
    """
    Hides the secrets of one request and of its answer: what names tell, what looks like a token,
    and what the request says in secret wherever it stands.
    """

    def __init__(self, headers: Mapping[str, str], query: str = "") -> None:
        secret_headers = [(name, text) for name, text in headers.items() if is_secret(name)]
        pairs = [(name, secret) for name, text in secret_headers for secret in _secrets_of(text)]
        if query:
            pairs += parse_qsl(query)
        known = {text for name, text in pairs if len(text) >= _SHORTEST and is_secret(name)}
        self._known = sorted(known | {quote(each, safe="") for each in known}, key=len)[::-1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Redactor) and self._known == other._known

    def __hash__(self) -> int:
        return hash(tuple(self._known))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers without their secrets."""
        return dict(self.pairs(headers.items()))

    def pairs(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The same for a list of headers."""
        return [
            (name, _hidden_header(value) if is_secret(name) else self.text(value))
            for name, value in headers
        ]

    def text(self, text: str, depth: int = 0) -> str:
        """A path, a query, a body or a message without its secrets."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        if "Bearer " in text or "eyJ" in text:
            text = _TOKEN.sub(HIDDEN, text)
        if depth > _DEEPEST or not _may_name_secrets(text):
            return text
        if text.lstrip()[:1] in ("{", "["):
            return _hidden_json(self, text, depth)
        return "&".join(self._pair(each, depth) for each in text.split("&"))

    def tree(self, node: Any, depth: int, *, secret: bool = False) -> Any:
        """What JSON holds, without its secrets."""
        if isinstance(node, dict):
            return {
                name: self.tree(value, depth, secret=secret or is_secret(name))
                for name, value in node.items()
            }
        if isinstance(node, list):
            return [self.tree(each, depth, secret=secret) for each in node]
        if node is None or isinstance(node, bool):
            return node
        if secret:
            return HIDDEN
        return self.text(node, depth + 1) if isinstance(node, str) else node

    def _pair(self, pair: str, depth: int) -> str:
        name, equals, value = pair.partition("=")
        if equals and is_secret(unquote_plus(name)):
            return f"{name}={HIDDEN}"
        before, text = (f"{name}=", value) if equals else ("", pair)
        decoded = unquote_plus(text)
        hidden = self.text(decoded, depth + 1)
        return pair if hidden == decoded else before + quote_plus(hidden)


@lru_cache(512)
def _may_name_secrets(text: str) -> bool:
    """Cached: most texts of the journal are the same again and again."""
    lowered = text.lower()
    return any(each in lowered for each in _HINTS)


@lru_cache(64)
def _hidden_json(redactor: Redactor, text: str, depth: int) -> str:
    """Cached: the same answer is shown again and again, and a long one takes a millisecond."""
    try:
        tree = json_tree(text.encode())
    except BoundsError:
        # It was cut, or never was JSON.
        return _FIELD.sub(_hidden_field, text)
    hidden = redactor.tree(tree, depth)
    return text if hidden == tree else msgspec.json.encode(hidden).decode()


def _hidden_header(value: str) -> str:
    """What is left of a secret header: its scheme, where it is one that everybody knows."""
    scheme, blank, _ = value.partition(" ")
    if scheme.lower() not in _SCHEMES:
        return HIDDEN
    return f"{scheme} {HIDDEN}" if blank else scheme


def _secrets_of(value: str) -> Iterator[str]:
    """What a secret header has beside its scheme; of Basic what is encoded in it, too."""
    words = value.split()
    scheme = words.pop(0).lower() if words and words[0].lower() in _SCHEMES else None
    yield from words
    if scheme == "basic" and words:
        try:
            pair = b64decode(words[0]).decode()
        except ValueError:
            return
        yield from (pair, pair.partition(":")[2], unquote(pair.partition(":")[2]))


def _hidden_field(match: "re.Match[str]") -> str:
    try:
        name = str(msgspec.json.decode(f'"{match[1]}"'))
    except msgspec.DecodeError:
        name = match[1]
    if not is_secret(name):
        return match[0]
    return match[0][: match.start(2) - match.start()] + HIDDEN + match[3]
