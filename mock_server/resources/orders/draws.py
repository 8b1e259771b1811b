"""Small numbers drawn one after another: for records that are made by the hundred."""

from collections.abc import Sequence
from typing import TypeVar

from mock_server.worlds.seed import Seed

T = TypeVar("T")


class Draws:
    """All the choices of one record: a place of its own for each would cost far more time."""

    def __init__(self, seed: Seed) -> None:
        self._remaining = seed.child("draws").below(1 << 128)

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, not including, `limit`."""
        self._remaining, drawn = divmod(self._remaining, limit)
        return drawn

    def pick(self, options: Sequence[T]) -> T:
        """One of `options`."""
        return options[self.below(len(options))]

    def one_in(self, chances: int) -> bool:
        """True once in so many times."""
        return self.below(chances) == 0
