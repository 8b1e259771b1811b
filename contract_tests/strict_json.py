"""Parse bodies as a browser does: strict JSON, where Python's own parser forgives more."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from functools import lru_cache
from itertools import accumulate
from typing import Any

DEEPEST = 200
"""Arrays and objects within one another; nothing of the contract comes near."""
_BRACKET = re.compile(r"[\[\]{}]")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_DIGITS = 400
"""A longer integer is infinite to a browser, and a trap to Python."""


class NoJson(ValueError):
    """A body is no JSON; the message says what is wrong with it."""


@lru_cache(maxsize=1024)
def parse(body: bytes) -> tuple[Any, tuple[str, ...]]:
    """
    The JSON of a body, numbers without a fraction as integers; and the keys that stand twice in
    one object, of which the last counts. The same body gives the same tree, so none may change it.

    Raises:
        NoJson: a browser could not read it either, or it is nested beyond measure.
    """
    # Fetch drops a byte order mark of UTF-8 and replaces what is not UTF-8; so it is here.
    text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    if _too_deep(text):
        raise NoJson(f"the body is nested deeper than {DEEPEST}")
    twice: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(members)
        if len(tree) < len(members):
            names = [name for name, _ in members]
            twice.extend(dict.fromkeys(name for name in names if names.count(name) > 1))
        return tree

    try:
        tree = json.loads(
            text,
            parse_constant=_reject_constant,
            parse_float=_number,
            parse_int=lambda digits: int(digits) if len(digits) < _DIGITS else float(digits),
            object_pairs_hook=pairs,
        )
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - 20) : error.pos + 20]
        raise NoJson(
            f"the body is no JSON: {error.msg} at character {error.pos + 1}: {near!r}"
        ) from None
    except RecursionError:
        raise NoJson("the body is nested too deeply") from None
    return (_whole(tree) if "\\ud" in text.lower() else tree), tuple(twice)


def _reject_constant(word: str) -> Any:
    raise NoJson(f"the body is no JSON: it has {word}, which no browser reads")


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def leaves(tree: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What stands in a JSON tree and has nothing in it, with the names that lead there."""
    nodes: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    while nodes:
        place, node = nodes.pop()
        if isinstance(node, dict):
            nodes += [((*place, name), value) for name, value in reversed(node.items())]
        elif isinstance(node, list):
            nodes += [(place, item) for item in reversed(node)]
        else:
            yield place, node


def without(tree: Any, fields: Iterable[Sequence[Any]]) -> Any:
    """A copy of a JSON tree that lacks the fields that stand at these places."""
    tree = deepcopy(tree)
    for *place, name in fields:
        holder = tree
        for step in place:
            holder = holder[step] if isinstance(holder, list) else holder.get(step, {})
        holder.pop(name, None)
    return tree


def _too_deep(text: str) -> bool:
    brackets = _BRACKET.findall(text)
    if max(accumulate(1 if each in "[{" else -1 for each in brackets), default=0) <= DEEPEST:
        return False
    # Some may stand in texts; without those it takes longer, and is exact.
    brackets = _BRACKET.findall(_TEXT.sub("", text))
    return max(accumulate(1 if each in "[{" else -1 for each in brackets), default=0) > DEEPEST


def _whole(node: Any) -> Any:
    """The tree with each half of a pair of surrogates replaced, as no text can hold it."""
    if isinstance(node, dict):
        return {_whole(name): _whole(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_whole(item) for item in node]
    if isinstance(node, str):
        return node.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return node
