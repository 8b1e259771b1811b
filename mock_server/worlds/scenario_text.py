"""YAML as it was written: nothing is read as what it cannot be written back as."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from mock_server.http import bounds
from mock_server.http.bounds import DEEPEST, MOST_NODES, BoundsError
from mock_server.http.yaml_text import readable

Place = tuple[str, ...]
"""The names that lead to a value; an item of a list is named by its number, from 0."""
_CORE = "tag:yaml.org,2002:"


def depth_in(lines: Mapping[Place, int], place: Place) -> int:
    """How many of the names that lead to a place a text has, by the lines of its values."""
    return next(n for n in range(len(place), -1, -1) if n == 0 or place[:n] in lines)


def line_of(lines: Mapping[Place, int], place: Place) -> int:
    """The line of a place, or of the innermost part of it that the text has."""
    return lines.get(place[: depth_in(lines, place)], 1)


@dataclass(slots=True)
class YamlText:
    """What a text says: mappings, lists, texts and nulls, with the line of each."""

    tree: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[tuple[Place, str]] = field(default_factory=list)
    """Keys that stand twice, and what no scenario is made of."""
    _count: int = 0

    def value(self, node: yaml.Node, place: Place = ()) -> Any:
        """What a node says; mistakes are noted."""
        self._follow(node, len(place))
        self.lines.setdefault(place, _line(node))
        if not node.tag.startswith(_CORE):
            self.mistakes.append((place, f"tags such as {node.tag} are not read"))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*place, str(n))) for n, each in enumerate(node.value)]
        return _scalar(node.tag, str(node.value))

    def _follow(self, node: yaml.Node, depth: int) -> None:
        """Aliases are followed, so that few nodes of a text can stand for very many."""
        self._count += 1
        if self._count > MOST_NODES or depth > DEEPEST:
            raise BoundsError(f"{_line(node)}: aliases make it too large or too deep")

    def _mapping(self, node: yaml.MappingNode, place: Place, merges: int = 0) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.mistakes.append((place, "a name is a text, not a list or a mapping"))
            elif key.tag == f"{_CORE}merge":
                for each in self._merged(value, place, merges + 1):
                    merged = each | merged
            elif key.value in fields:
                first = self.lines[*place, key.value]
                self.lines[*place, key.value] = _line(key)
                what = f"'{key.value}' stands here a second time; the first is on line {first}"
                self.mistakes.append(((*place, key.value), what))
            else:
                self.lines[*place, key.value] = _line(key)
                fields[key.value] = self.value(value, (*place, key.value))
        return merged | fields

    def _merged(self, node: yaml.Node, place: Place, merges: int) -> Iterator[dict[str, Any]]:
        for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(each, yaml.MappingNode):
                self._follow(each, len(place) + merges)
                yield self._mapping(each, place, merges)
            else:
                self.mistakes.append((place, "`<<` takes mappings only"))


def read(text: str) -> YamlText:
    """
    Read a text.

    Raises:
        BoundsError: it is more than is read; the message begins with the line.
        YamlError: it is no YAML.
    """
    bounds.check_yaml(text)
    try:
        document, root = YamlText(), yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise readable(error) from None
    document.tree = document.value(root) if root is not None else None
    return document


def _scalar(tag: str, text: str) -> str | int | bool | None:
    """What a scalar says: text, but for null and for what is written as JSON writes it."""
    match tag.removeprefix(_CORE):
        case "null":
            return None
        case "bool" if text in ("true", "false"):
            return text == "true"
        case "int" if _is_canonical(text):
            return int(text)
    return text


def _is_canonical(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isdecimal() and len(digits) < 19 and (digits[0] != "0" or text == "0")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
