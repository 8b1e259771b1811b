"""Hiding secrets in whatever leaves the journal: pages, streams, archives, bundles."""

import re
from collections.abc import Iterable, Mapping

HIDDEN = "REDACTED"
_SECRETS = (
    *("authorization", "cookie", "token", "apikey", "secret", "password", "passwd"),
    *("assertion", "codeverifier", "sessionid"),
)
"""How the names of headers, parameters and fields end that hold a secret."""
_FIELD = re.compile(r'"([A-Za-z0-9_-]{1,80})"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}"((?:[^"\\]|\\.)*)("|$)')
_SHORTEST = 6
"""A shorter value is hidden where its name says so, and not wherever else it occurs."""


def is_secret(name: str) -> bool:
    """Whether a header, parameter or field of this name holds a secret."""
    return name.lower().replace("-", "").replace("_", "").endswith(_SECRETS)


def headers_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without their secrets."""
    return {name: HIDDEN if is_secret(name) else value for name, value in headers.items()}


def pairs_of(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The same for a list of headers."""
    return [[name, HIDDEN if is_secret(name) else value] for name, value in headers]


def text_of(text: str, headers: Mapping[str, str]) -> str:
    """
    A query or a body without its secrets: those that its names tell, and what the headers of the
    request say in secret wherever it stands.
    """
    for name, value in headers.items():
        secret = value.rpartition(" ")[2]
        if is_secret(name) and len(secret) >= _SHORTEST:
            text = text.replace(secret, HIDDEN)
    if text.lstrip()[:1] in ("{", "["):
        return _FIELD.sub(_hidden_field, text)
    return "&".join(map(_hidden_pair, text.split("&"))) if "=" in text else text


def _hidden_field(found: "re.Match[str]") -> str:
    if not is_secret(found[1]):
        return found[0]
    return found[0][: found.start(2) - found.start()] + HIDDEN + found[3]


def _hidden_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={HIDDEN}" if equals and is_secret(name.strip()) else pair
