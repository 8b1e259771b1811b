"""Reads YAML that people write, so that each mistake is reported with its line."""

from collections.abc import Iterable
from typing import Any

import yaml


class YamlError(ValueError):
    """Text that is no YAML: its line, and what is wrong there."""


def tree_of(text: str) -> Any:
    """
    Decode YAML.

    Raises:
        YamlError: it is none.
    """
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise readable(error) from None


def readable(error: yaml.YAMLError) -> YamlError:
    """The same in a line."""
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "this is not YAML"
    if what.startswith("but "):
        what = f"{getattr(error, 'context', None)}, {what}"
    what += _ADVICE.get(what, "")
    return YamlError(f"{mark.line + 1 if mark else 1}: {what}")


_ADVICE = {
    "found character that cannot start any token": (
        "; lines are indented by blanks and not by tabs, and a text that begins with a sign such"
        " as @, ` or % goes in quotes"
    ),
    "mapping values are not allowed in this context": "; a text with ': ' in it goes in quotes",
    "did not find expected ',' or '}'": "; a text with ': ' in it goes in quotes",
}
"""What libyaml leaves its reader to guess."""


def line_of(text: str, place: Iterable[str | int]) -> int:
    """The line, from 1, on which the innermost part of `place` that the text has begins."""
    node, line = yaml.compose(text, Loader=yaml.CSafeLoader), 1
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            items = [(item, item) for item in node.value][part : part + 1]
        else:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            items = [(key, value) for key, value in pairs if key.value == str(part)]
        if not items:
            break
        (key, node), *_ = items
        line = key.start_mark.line + 1
    return line
