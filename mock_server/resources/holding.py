"""What the holdings of all kinds have in common: how many there are, and dates in their order."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from mock_server.worlds.account import Person
from mock_server.worlds.moments import moment

Count = Annotated[int, Meta(ge=0, le=100_000_000)]
NOW = ("now", "PT0S")

Step = tuple[str, str | None]
"""What happens, and when, as a scenario says it; None where it is not said."""


def out_of_order(person: Person, *steps: Step) -> Iterator[str]:
    """What is wrong with the dates of things that follow each other; None is passed over."""
    dated = []
    for name, text in steps:
        if text is None:
            continue
        try:
            dated.append((moment(text, person.opened), name, text))
        except ValueError as error:
            yield f"{name} {error}"
    for (before, *early), (after, *late) in pairwise(dated):
        if after < before:
            yield f"{_said(*early)} is later than {_said(*late)}"


def _said(name: str, text: str) -> str:
    return name if (name, text) == NOW else f"{name} '{text}'"
