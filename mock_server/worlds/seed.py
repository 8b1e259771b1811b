"""Made-up values that are always the same at the same place."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from faker import Faker

T = TypeVar("T")


@cache
def _shared_faker(locale: str) -> Faker:
    # Building a Faker costs a hundred times what reseeding one does.
    return Faker(locale)


@dataclass(frozen=True, slots=True)
class Seed:
    """A place in the tree of made-up values, for example `7/ada/credits/gift/0`."""

    path: str

    def child(self, *parts: object) -> "Seed":
        """The place below this one that `parts` name."""
        return Seed("/".join([self.path, *map(str, parts)]))

    def uuid(self) -> str:
        """A UUID in the form of version 4."""
        return str(uuid.UUID(bytes=self._digest(), version=4))

    def hex24(self) -> str:
        """24 lower-case hexadecimal digits."""
        return self._digest().hex()[:24]

    def digits(self, count: int) -> str:
        """`count` decimal digits, leading zeros kept; at most 38."""
        return str(self._number()).zfill(39)[-count:]

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, not including, `limit`."""
        return self._number() % limit

    def pick(self, options: Sequence[T]) -> T:
        """One of `options`."""
        return options[self.below(len(options))]

    def faker(self, locale: str = "en_GB") -> Faker:
        """The shared Faker of a locale, reseeded for this place: use it at once, never keep it."""
        faker = _shared_faker(locale)
        faker.seed_instance(self._number())
        return faker

    def _number(self) -> int:
        return int.from_bytes(self._digest())

    def _digest(self) -> bytes:
        return hashlib.blake2b(self.path.encode(), digest_size=16).digest()
