"""What customers were seen to have, in the words of a scenario: the other way round from `make`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, get_args

from mock_server.resources.charges import Outcome
from mock_server.resources.credits import NEVER
from mock_server.resources.recorder.masks import Masks
from mock_server.worlds.catalogue import RateOffer

Json = dict[str, Any]
ROUGH = timedelta(days=60)
"""What is further away is told in whole days."""
BILLED = get_args(RateOffer.__annotations__["billing_frequency"])


@dataclass
class Seen:
    """What one customer was answered, the latest of each."""

    name: str
    details: Json = field(default_factory=dict)
    lists: dict[str, list[Json]] = field(default_factory=dict)
    """By the names that scenarios have for kinds of records."""
    order_count: int = 0
    has_provider: bool | None = None
    """Whether a payment processor knows them; None where nobody asked."""

    def of(self, kind: str) -> Sequence[Json]:
        """The records of a kind."""
        return self.lists.get(kind, ())

    def field(self, name: str) -> str | None:
        """A field, from whichever record has it, or a membership's type or rate."""
        records = [self.details, *(each for records in self.lists.values() for each in records)]
        records += (each[part] for each in self.of("memberships") for part in ("type", "rate"))
        return next((str(each[name]) for each in records if each.get(name)), None)


class Book:
    """Everybody who was seen, and what all of them share."""

    def __init__(self, people: Sequence[Seen], now: datetime, masks: Masks) -> None:
        self.people, self._now, self._masks = people, now, masks
        self.catalogue: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[str, str | None], str] = {}
        self._preferred: dict[str, set[str]] = {}
        """The sites at which each preference was seen."""

    def customers(self) -> Json:
        """Everybody, as `customers:` has them."""
        customers = {seen.name: self._customer(seen) for seen in self.people}
        self._limit_preferences()
        return customers

    def _customer(self, seen: Seen) -> Json:
        methods, memberships = self._methods(seen), self._memberships(seen)
        held = {
            "customer": self._details(seen),
            "payment_methods": methods,
            "memberships": memberships,
            "charges": self._charges(seen),
            "credits": self._credits(seen),
            "marketing_preferences": self._preferences(seen),
            "orders": self._orders(seen),
        }
        return {"description": "As the proxy saw them"} | {k: v for k, v in held.items() if v}

    # ---- What is sold -------------------------------------------------------------------------

    def _sold(self, section: str, id: str | None, make: Callable[[int], Any]) -> str:
        """The name of something in the catalogue; `make` describes it when it is new."""
        if (section, id) not in self._names:
            number = sum(known == section for known, _ in self._names) + 1
            name = f"{section.rstrip('s').replace('_', '-')}-{number}"
            self._names[section, id] = name
            described = make(number)
            self.catalogue.setdefault(section, {})[name] = described
        return self._names[section, id]

    def _site(self, seen: Seen) -> str:
        def site(number: int) -> Json:
            return {"name": f"Site {number}", "brand": self._brand(seen)}

        return self._sold("sites", seen.field("site_id"), site)

    def _brand(self, seen: Seen) -> str:
        def brand(number: int) -> Json:
            return {
                "name": f"Brand {number}",
                "organisation": self._organisation(seen.field("organisation_id")),
                "currency": (seen.field("currency") or "GBP").upper(),
            }

        return self._sold("brands", seen.field("brand_id"), brand)

    def _organisation(self, id: str | None) -> str:
        return self._sold("organisations", id, lambda number: f"Organisation {number}")

    def _rate(self, seen: Seen, membership: Json) -> str:
        type, rate = membership["type"], membership["rate"]
        frequency = rate["billing_frequency"]

        def offer(_number: int) -> Json:
            return self._texts(type, "name", "description", "terms") | {
                "brand": self._brand(seen),
                "visibility": type["visibility"],
                "max_members": type["max_members"],
            }

        def price(_number: int) -> Json:
            return self._texts(rate, "name") | {
                "membership_type": self._sold("membership_types", type["id"], offer),
                "price": rate["price"],
                "joining_fee": rate["joining_fee"],
                "billing_frequency": frequency if frequency in BILLED else BILLED[0],
                "default_duration": rate["default_duration"],
                "private": rate["private"],
            }

        return self._sold("rates", rate["id"], price)

    def _texts(self, record: Json, *fields: str) -> Json:
        return {name: record[name] and self._masks.text(record[name]) for name in fields}

    # ---- What people hold ---------------------------------------------------------------------

    def _details(self, seen: Seen) -> Json:
        details, masks = seen.details, self._masks
        locale = details.get("preferred_locale") or "en-GB"
        known = {
            name: masks(name, details.get(name), locale)
            for name in ("first_name", "last_name", "email", "phone", "dob")
        }
        visits = bool(details.get("last_check_in") or details.get("avatar"))
        labels = [masks("label", each["value"]) for each in details.get("labels", ())]
        joined = details.get("created_at")
        said = {
            "site": self._site(seen),
            "locale": locale,
            "joined": self._when(joined),
            "labels": labels or None,
            "visits": visits if details else None,
            "payment_provider": self._has_provider(seen),
        }
        return _said(known | said)

    def _has_provider(self, seen: Seen) -> bool | None:
        if seen.has_provider is None and seen.details:
            return seen.details.get("stripe_id") is not None
        return seen.has_provider

    def _methods(self, seen: Seen) -> Json:
        if self._has_provider(seen) is False:
            return {}
        return {
            name: _said(
                {
                    "type": each["type"],
                    "status": each["status"],
                    "label": self._masks("label", each.get("name")),
                    "last_4": self._masks("last_4", each["last_4"]),
                    "card_brand": each.get("card_brand"),
                    "card_country": each.get("card_country"),
                    "processor": each.get("processor"),
                    "added": self._when(each.get("created_at")),
                }
            )
            for name, each in _named(seen.of("payment_methods"), "method").items()
        }

    def _memberships(self, seen: Seen) -> Json:
        return {
            name: self._shared(seen, each) or self._led(seen, each)
            for name, each in _named(seen.of("memberships"), "membership").items()
        }

    def _led(self, seen: Seen, membership: Json) -> Json:
        summary = membership["payment_method"]
        with_them = [each.name for each in self._holders(membership) if each is not seen]
        return _said(
            {
                "rate": self._rate(seen, membership),
                "status": membership["status"],
                "attention": membership["attention_reason"],
                "started": self._when(membership["start_date"]),
                "ends": self._when(membership["end_date"]),
                "payment_method": summary and _name_of(seen, "payment_methods", summary["id"]),
                "source": membership["source"],
                "members": with_them or None,
            }
        )

    def _shared(self, seen: Seen, membership: Json) -> Json | None:
        """What another customer leads, if they were seen."""
        leads = [each["customer_id"] for each in membership["members"] if each["is_lead"]]
        for other in self._holders(membership):
            if other is not seen and other.details["id"] in leads:
                return {"lead": f"{other.name}/{_name_of(other, 'memberships', membership['id'])}"}
        return None

    def _holders(self, membership: Json) -> list[Seen]:
        ids = [each["customer_id"] for each in membership["members"]]
        return [
            each
            for each in self.people
            if each.details.get("id") in ids and _name_of(each, "memberships", membership["id"])
        ]

    def _charges(self, seen: Seen) -> Json:
        ended = Counter(
            (each["status"], name)
            for each in seen.of("charges")
            if each["status"] in get_args(Outcome) and each["status"] != "succeeded"
            if (name := _name_of(seen, "memberships", each["membership_id"]))
        )
        return {
            f"{status}-{membership}": {
                "status": status,
                "membership": membership,
                "count": count,
            }
            for (status, membership), count in ended.items()
        }

    def _credits(self, seen: Seen) -> Json:
        return {
            name: self._credit(seen, each)
            for name, each in _named(seen.of("credits"), "credit").items()
        }

    def _credit(self, seen: Seen, credit: Json) -> Json:
        expires, redeemed = credit["expires_at"], credit["redeemed_at"]
        expired = expires is not None and datetime.fromisoformat(expires) <= self._now
        state = f"{'redeemed_' if redeemed else ''}expired" if expired else None
        membership = credit["membership_id"]
        return _said(
            {
                "state": state or ("redeemed" if redeemed else "open"),
                "issued": self._when(credit["issued_at"]),
                "expires": self._when(expires) if expires else NEVER,
                "redeemed": self._when(redeemed),
                "membership": membership and _name_of(seen, "memberships", membership),
                "multi_use": credit["multi_use"] or None,
            }
        )

    def _preferences(self, seen: Seen) -> Json:
        opted_in = []
        for each in seen.of("marketing_preferences"):
            name = self._sold("preferences", each["id"], partial(self._preference, each))
            self._preferred.setdefault(name, set()).add(self._site(seen))
            opted_in += [name] if each["opted_in"] else []
        return {"opted_in": opted_in} if opted_in else {}

    def _preference(self, preference: Json, _number: int) -> Json:
        organisation = self._organisation(preference["organisation_id"])
        return self._texts(preference, "text") | {"organisation": organisation}

    def _limit_preferences(self) -> None:
        """Keep preferences from the sites whose customers were not shown them."""
        for name, sites in self._preferred.items():
            described = self.catalogue["preferences"][name]
            others = {
                site
                for known, seen_at in self._preferred.items()
                if self.catalogue["preferences"][known]["organisation"] == described["organisation"]
                for site in seen_at
            }
            if others - sites:
                described["sites"] = sorted(sites)

    def _orders(self, seen: Seen) -> Json:
        """Stretches of orders that are alike, the newest first, and all that were not looked at."""
        orders = sorted(seen.of("orders"), key=_submitted, reverse=True)
        alike = [(kind, len([*each])) for kind, each in groupby(orders, self._kind_of_order)]
        found = {
            f"orders-{number}": _said(dict(kind) | {"count": count})
            for number, (kind, count) in enumerate(alike, 1)
        }
        if (rest := seen.order_count - len(orders)) > 0:
            found["earlier"] = {"count": rest}
        return found

    def _kind_of_order(self, order: Json) -> tuple[tuple[str, Any], ...]:
        booked = (*order["booking_items"], *order["package_items"])
        ahead = any(datetime.fromisoformat(each["start_time"]) > self._now for each in booked)
        items = "packages" if order["package_items"] else "bookings" if booked else "purchases"
        return ("items", items), ("status", order["status"]), ("upcoming", ahead or None)

    def _when(self, instant: str | None) -> str | None:
        """A date from now, as scenarios write it."""
        if instant is None:
            return None
        away = datetime.fromisoformat(instant) - self._now
        sign, length = ("-", -away) if away < timedelta() else ("", away)
        if length >= ROUGH:
            return f"{sign}P{round(length / timedelta(days=1))}D"
        minutes = round(length / timedelta(minutes=1))
        days, minutes = divmod(minutes, 24 * 60)
        return f"{sign}P{days}DT{minutes // 60}H{minutes % 60}M" if minutes else f"{sign}P{days}D"


def _submitted(order: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(order["submitted_at"])


def _named(records: Sequence[Json], kind: str) -> dict[str, Json]:
    return {f"{kind}-{number}": each for number, each in enumerate(records, 1)}


def _name_of(seen: Seen, kind: str, id: str) -> str | None:
    """What a record of a customer is called in the scenario, by its id."""
    names: Iterator[str] = (
        name for name, each in _named(seen.of(kind), _CALLED[kind]).items() if each["id"] == id
    )
    return next(names, None)


_CALLED = {"payment_methods": "method", "memberships": "membership", "credits": "credit"}


def _said(fields: Json) -> Json:
    """What there is to say; what is left out is as usual."""
    return {name: value for name, value in fields.items() if value is not None}
