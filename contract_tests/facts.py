"""The facts that a profile can state of a customer: every one, its kind and its meaning."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value."""

    words: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that can be known of a customer; it lets a law judge what no answer tells."""

    name: str
    kind: Kind
    meaning: str
    example: str


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and bool(_UUID.fullmatch(value))


def _are_uuids(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_uuid, value))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


UUID = Kind("a UUID", _is_uuid)
UUIDS = Kind("a list of UUIDs", _are_uuids)
COUNT = Kind("a whole number, 0 or more", _is_count)
YES_OR_NO = Kind("true or false", lambda value: isinstance(value, bool))
ADDRESS = Kind("an e-mail address", lambda value: isinstance(value, str) and "@" in value)
_CREDIT, _PREFERENCE = (
    "3a5c7e91-2b4d-4f6a-8c0e-1d3f5b7a9c20",
    "0b9df1a3-5f0f-4a53-9a3e-7f1f0b8f9c11",
)

FACTS = (
    Fact("order_count", COUNT, "How many orders the customer has.", "23"),
    Fact("charges", COUNT, "How many charges are listed.", "12"),
    Fact("memberships", COUNT, "How many memberships are listed.", "2"),
    Fact("payment_methods", COUNT, "How many payment methods are saved.", "0"),
    Fact("payment_provider", YES_OR_NO, "Whether a payment processor knows the customer.", "true"),
    Fact("live_credits", UUIDS, "Credits neither redeemed nor expired.", f"[{_CREDIT}]"),
    Fact(
        "redeemed_credits",
        UUIDS,
        "Redeemed credits; one that has expired since is no contradiction.",
        f"[{_CREDIT}]",
    ),
    Fact("expired_credits", UUIDS, "Credits that expired unredeemed.", f"[{_CREDIT}]"),
    Fact("redeemed_expired_credits", UUIDS, "Credits redeemed, and expired.", f"[{_CREDIT}]"),
    Fact("revoked_credits", UUIDS, "Credits that were taken back.", f"[{_CREDIT}]"),
    Fact(
        "own_preferences",
        UUIDS,
        "Every marketing preference that is available to the customer.",
        f"[{_PREFERENCE}]",
    ),
    Fact("foreign_preference", UUID, "A preference of another organisation.", _PREFERENCE),
    Fact(
        "organisation_id",
        UUID,
        "The organisation that the customer's preferences are of.",
        "c1b2a394-8576-4a1b-9c8d-7e6f5a4b3c2d",
    ),
    Fact(
        "brand_id",
        UUID,
        "The brand that the customer belongs to.",
        "3b0f9f4e-2f0b-4b7e-9a66-1d5b8c9e2f01",
    ),
    Fact("email", ADDRESS, "The customer's e-mail address.", "ada.whitlock@example.com"),
    Fact("signs_in", YES_OR_NO, "Whether the customer is neither locked nor anonymised.", "true"),
)
BY_NAME = {fact.name: fact for fact in FACTS}


def problems(facts: Mapping[str, Any]) -> Iterator[str]:
    """Mistakes in the facts of one customer, each with what would be right; null is no fact."""
    for name, value in facts.items():
        fact = BY_NAME.get(name)
        if fact is None:
            yield f"there is no fact '{name}'{_near(name)}; `contract-tests facts` lists them"
        elif value is not None and not fact.kind.fits(value):
            yield f"{name} is {value!r}, not {fact.kind.words}, like {fact.example}"


def _near(name: str) -> str:
    near = get_close_matches(name, BY_NAME, 1)
    return f", did you mean '{near[0]}'?" if near else ""
