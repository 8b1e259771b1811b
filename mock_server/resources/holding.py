"""What the holdings of all kinds have in common: how many there are, and dates in their order."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from mock_server.worlds.account import Mistake, Person
from mock_server.worlds.moments import parse_instant
from mock_server.worlds.scenario_text import Place

Count = Annotated[int, Meta(ge=0, le=100_000_000)]
NOW = ("now", "PT0S")

CATALOGUE: Place = ("catalogue",)
Step = tuple[str, str | None]
"""What happens, and when, as a scenario writes it; None if it does not."""


def out_of_order(person: Person, *steps: Step, state_field: str = "") -> Iterator[Mistake]:
    """
    Judge the dates of things that follow each other; a date of None is passed over. `state_field`
    is the field, if any, that implies their order.
    """
    dated = []
    for name, text in steps:
        if text is None:
            continue
        try:
            dated.append((parse_instant(text, person.opened_at), name, text))
        except ValueError as error:
            yield Mistake(f"{name} {error}", (name,))
    for (before, *early), (after, *late) in pairwise(dated):
        if after < before:
            names = (each for each in (early[0], late[0], state_field) if each not in ("", NOW[0]))
            yield Mistake(f"{_quoted(*early)} is later than {_quoted(*late)}", tuple(names))


def _quoted(name: str, text: str) -> str:
    return name if (name, text) == NOW else f"{name} '{text}'"
