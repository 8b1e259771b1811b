"""The nearest known name for one that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches


def not_one_of(name: str, known: Iterable[str]) -> str:
    """`'x' is not one of a, b`, with the nearest of them where one is near."""
    options = list(known)
    if not options:
        return f"'{name[:80]}' does not exist; there is none"
    near = nearest(name, options)
    meant = f"; did you mean '{near}'?" if near else ""
    return f"'{name[:80]}' is not one of {', '.join(options)}{meant}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is nearest, if one is near."""
    near = get_close_matches(name[:80], list(known), n=1)
    return near[0] if near else None
