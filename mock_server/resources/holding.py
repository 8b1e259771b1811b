"""What the holdings of all kinds have in common: how many there are, and dates in their order."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from mock_server.worlds.account import Person, Wrong
from mock_server.worlds.moments import moment
from mock_server.worlds.scenario_text import Place

Count = Annotated[int, Meta(ge=0, le=100_000_000)]
NOW = ("now", "PT0S")

CATALOGUE: Place = ("catalogue",)
Step = tuple[str, str | None]
"""What happens, and when, as a scenario says it; None where it is not said."""


def out_of_order(person: Person, *steps: Step, given: str = "") -> Iterator[Wrong]:
    """
    What is wrong with the dates of things that follow each other, `given` a field that says so;
    None is passed over.
    """
    dated = []
    for name, text in steps:
        if text is None:
            continue
        try:
            dated.append((moment(text, person.opened), name, text))
        except ValueError as error:
            yield Wrong(f"{name} {error}", (name,))
    for (before, *early), (after, *late) in pairwise(dated):
        if after < before:
            names = (each for each in (early[0], late[0], given) if each not in ("", NOW[0]))
            yield Wrong(f"{_said(*early)} is later than {_said(*late)}", tuple(names))


def _said(name: str, text: str) -> str:
    return name if (name, text) == NOW else f"{name} '{text}'"
