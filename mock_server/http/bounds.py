"""How much of what strangers send is read: its size, its depth, how many of what."""

import codecs
from collections.abc import Iterator
from math import isfinite
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta

from mock_server.http.yaml_text import readable

DEEPEST = 50
DEEPEST_KEPT = 40
"""So deep may be what a sandbox keeps, so that its snapshot is not too deep to be opened."""
LARGEST_TEXT = 1 << 20
LONGEST_SCALAR = 10_000
MOST_NODES = 200_000
MOST_ALIASES = 1000
MOST_CUSTOMERS = 500
MOST_RECORDS = 10_000
MOST_FOLLOWING = 30_000
MOST_FAULTS = 100
MOST_OF_FAULTS = 900 << 10
"""So many bytes the faults of a sandbox may have together, as JSON: less than a body may have."""
LARGEST_NUMBER = (1 << 53) - 1

Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
Label = Annotated[
    str, Meta(min_length=1, max_length=200, description="text of 1 to 200 characters")
]
Prose = Annotated[str, Meta(max_length=2000, description="text of at most 2000 characters")]
"""What people read: no longer than any field of the document has to be."""
Counted = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]


class BoundsError(ValueError):
    """What was sent is no JSON or YAML, or more than is read; the message says why."""


def json_tree(text: bytes) -> Any:
    """
    Decode JSON.

    Raises:
        BoundsError: it is none, or nested too deep.
    """
    return _bounded(text, _AS_WRITTEN)


def json_values(text: bytes) -> Any:
    """
    Decode JSON, with 3.0 and 3e0 as the whole number that JSON Schema takes them for.

    Raises:
        BoundsError: it is none, or nested too deep.
    """
    return _bounded(text, _BY_VALUE)


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"Number out of range: {text[:80]}")
    return int(value) if value.is_integer() and abs(value) <= LARGEST_NUMBER else value


_AS_WRITTEN: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_BY_VALUE: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_number)


def _bounded(text: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        tree = decoder.decode(text)
    except RecursionError:
        raise BoundsError(_TOO_DEEP) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BoundsError(_why_unreadable(text, str(error))) from None
    if is_deeper(tree, DEEPEST):
        raise BoundsError(_TOO_DEEP)
    return tree


def is_deeper(tree: Any, most: int) -> bool:
    """Whether decoded JSON has more than so many levels."""
    level = [tree]
    for _ in range(most):
        level = [child for node in level for child in _children(node)]
    return bool(level)


_TOO_DEEP = f"it is nested deeper than {DEEPEST} levels"


def _why_unreadable(text: bytes, reason: str) -> str:
    if text.startswith(_MARKS):
        return "it begins with a byte order mark; JSON is UTF-8 without one"
    if reason.endswith("truncated") and b"\\ud" in text.lower():
        return "it ends too early, or half of a pair such as \\ud83d\\ude00 stands alone in it"
    return reason


_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _children(node: Any) -> Any:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def long_texts(tree: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where texts stand in decoded JSON that YAML could not have."""
    if isinstance(tree, str) and len(tree) > LONGEST_SCALAR:
        yield place
    named = tree.items() if isinstance(tree, dict) else enumerate(_children(tree))
    for name, child in named:
        if isinstance(name, str) and len(name) > LONGEST_SCALAR:
            yield place
        yield from long_texts(child, (*place, str(name)))


def check_yaml(text: str) -> None:
    """
    See that YAML can be loaded: libyaml's loader recurses without a limit of its own.

    Raises:
        BoundsError: it is too large, nested too deep, or has too many nodes or aliases; the
            message begins with the line.
        YamlError: it is no YAML.
    """
    if len(text) > LARGEST_TEXT:
        raise BoundsError(f"1: the text is longer than {LARGEST_TEXT} characters")
    depth = aliases = 0
    for number, event in enumerate(_events(text)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        length = len(event.value) if isinstance(event, yaml.ScalarEvent) else 0
        for is_over, what in (
            (depth > DEEPEST, f"it is nested deeper than {DEEPEST} levels"),
            (aliases > MOST_ALIASES, f"it has more than {MOST_ALIASES} aliases"),
            (number > MOST_NODES, f"it has more than {MOST_NODES} values"),
            (length > LONGEST_SCALAR, f"a text is longer than {LONGEST_SCALAR} characters"),
        ):
            if is_over:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise BoundsError(f"{line}: {what}")


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise readable(error) from None
