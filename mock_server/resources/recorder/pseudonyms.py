"""Made-up values in place of personal ones: the same for the same, and none that anybody has."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from mock_server.resources.customer import faker_locale
from mock_server.worlds.seed import Seed

PERSONAL = frozenset(
    (
        *("first_name", "last_name", "full_name", "cardholder_name", "email", "phone", "dob"),
        *("last_4", "external_ref", "membership_number", "special_requests", "coupon_code"),
    )
)
"""Fields that say something of a person."""
NAMED = ("guests", "practitioners")
"""Lists of people, who have a `name` too."""
SHORTEST = 3
"""Shorter ones of Latin letters stand in too many words to be looked for."""
ATTEMPTS = 100
_KINDS: Mapping[str, Callable[[Any], str]] = {
    "first_name": lambda faker: str(faker.first_name()),
    "last_name": lambda faker: str(faker.last_name()),
    # A range that is kept free for stories, in E.164.
    "phone": lambda faker: str(faker.numerify("+4477009#####")),
    "email": lambda faker: f"{faker.user_name()}@example.com",
    "dob": lambda faker: str(faker.date_between_dates(date(1948, 1, 1), date(2004, 12, 31))),
    "last_4": lambda faker: str(faker.numerify("####")),
    "label": lambda faker: str(faker.word()).capitalize(),
}


class Pseudonyms:
    """What stands for each personal value."""

    def __init__(self, records: Iterable[Any]) -> None:
        """`records` are all that was seen: no value of theirs is ever drawn."""
        self._real = {text for record in records for text in _personal(record)}
        self._known: dict[tuple[str, str], str] = {}

    def __call__(self, kind: str, value: str | None, locale: str = "en-GB") -> str | None:
        """What stands for a value of a kind; nothing stands for nothing."""
        if value is None:
            return None
        if (kind, value) not in self._known:
            self._known[kind, value] = self._drawn(kind, locale)
        return self._known[kind, value]

    def text(self, text: str) -> str:
        """A text of the business, with whoever is named in it taken out."""
        for value in sorted(self._real, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "…", text, flags=re.I)
        return text

    def _drawn(self, kind: str, locale: str) -> str:
        # By order of appearance and never by the value itself, from which it could be guessed.
        number = sum(known == kind for known, _ in self._known)
        place = Seed("recorded").child(kind, number)
        for attempt in range(ATTEMPTS):
            drawn = _KINDS[kind](place.child(attempt).faker(faker_locale(locale)))
            if not any(real in drawn.lower() for real in self._real):
                return drawn
        return f"Nobody {number}"


def _personal(node: Any, name: str = "") -> Iterator[str]:
    """Every personal value in a record, in lower case, and the words of names one by one."""
    if isinstance(node, list):
        for each in node:
            yield from _personal(each, name)
    elif isinstance(node, dict):
        for key, value in node.items():
            is_name = key == "name" and name in NAMED
            yield from _personal(value, "full_name" if is_name else key)
    elif isinstance(node, str) and name in PERSONAL:
        whole = node.lower()
        words = whole.split() if name.endswith("name") else ()
        yield from (each for each in {whole, *words} if len(each) >= SHORTEST or not each.isascii())
