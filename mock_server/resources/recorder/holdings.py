"""Turns the records that customers were seen to have into scenario holdings: `make` reversed."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, get_args

from mock_server.resources.charges import Outcome
from mock_server.resources.credits import NEVER
from mock_server.resources.recorder.pseudonyms import Pseudonyms
from mock_server.worlds.catalogue import RateOffer

Json = dict[str, Any]
ROUGH = timedelta(days=60)
"""What is further away is written in whole days."""
BILLED = get_args(RateOffer.__annotations__["billing_frequency"])


@dataclass
class ObservedCustomer:
    """The latest records that one customer was shown."""

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


class ScenarioBuilder:
    """Everybody who was seen, and what all of them share."""

    def __init__(
        self, people: Sequence[ObservedCustomer], now: datetime, pseudonyms: Pseudonyms
    ) -> None:
        self.people, self._now, self._pseudonyms = people, now, pseudonyms
        self.catalogue: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[str, str | None], str] = {}
        self._preferred: dict[str, set[str]] = {}
        """The sites at which each preference was seen."""

    def customers(self) -> Json:
        """Everybody, as `customers:` has them."""
        customers = {customer.name: self._customer(customer) for customer in self.people}
        self._limit_preferences()
        return customers

    def _customer(self, customer: ObservedCustomer) -> Json:
        methods, memberships = self._methods(customer), self._memberships(customer)
        held = {
            "customer": self._details(customer),
            "payment_methods": methods,
            "memberships": memberships,
            "charges": self._charges(customer),
            "credits": self._credits(customer),
            "marketing_preferences": self._preferences(customer),
            "orders": self._orders(customer),
        }
        return {"description": "As the proxy saw them"} | {k: v for k, v in held.items() if v}

    # ---- What is sold -------------------------------------------------------------------------

    def _catalogue_name(self, section: str, id: str | None, make: Callable[[int], Any]) -> str:
        """The name of something in the catalogue; `make` describes it when it is new."""
        if (section, id) not in self._names:
            number = sum(known == section for known, _ in self._names) + 1
            name = f"{section.rstrip('s').replace('_', '-')}-{number}"
            self._names[section, id] = name
            described = make(number)
            self.catalogue.setdefault(section, {})[name] = described
        return self._names[section, id]

    def _site(self, customer: ObservedCustomer) -> str:
        def site(number: int) -> Json:
            return {"name": f"Site {number}", "brand": self._brand(customer)}

        return self._catalogue_name("sites", customer.field("site_id"), site)

    def _brand(self, customer: ObservedCustomer) -> str:
        def brand(number: int) -> Json:
            return {
                "name": f"Brand {number}",
                "organisation": self._organisation(customer.field("organisation_id")),
                "currency": (customer.field("currency") or "GBP").upper(),
            }

        return self._catalogue_name("brands", customer.field("brand_id"), brand)

    def _organisation(self, id: str | None) -> str:
        return self._catalogue_name("organisations", id, lambda number: f"Organisation {number}")

    def _rate(self, customer: ObservedCustomer, membership: Json) -> str:
        type, rate = membership["type"], membership["rate"]
        frequency = rate["billing_frequency"]

        def offer(_number: int) -> Json:
            return self._texts(type, "name", "description", "terms") | {
                "brand": self._brand(customer),
                "visibility": type["visibility"],
                "max_members": type["max_members"],
            }

        def price(_number: int) -> Json:
            return self._texts(rate, "name") | {
                "membership_type": self._catalogue_name("membership_types", type["id"], offer),
                "price": rate["price"],
                "joining_fee": rate["joining_fee"],
                "billing_frequency": frequency if frequency in BILLED else BILLED[0],
                "default_duration": rate["default_duration"],
                "private": rate["private"],
            }

        return self._catalogue_name("rates", rate["id"], price)

    def _texts(self, record: Json, *fields: str) -> Json:
        return {name: record[name] and self._pseudonyms.text(record[name]) for name in fields}

    # ---- What people hold ---------------------------------------------------------------------

    def _details(self, customer: ObservedCustomer) -> Json:
        details, pseudonyms = customer.details, self._pseudonyms
        locale = details.get("preferred_locale") or "en-GB"
        personal = {
            name: pseudonyms(name, details.get(name), locale)
            for name in ("first_name", "last_name", "email", "phone", "dob")
        }
        visits = bool(details.get("last_check_in") or details.get("avatar"))
        labels = [pseudonyms("label", each["value"]) for each in details.get("labels", ())]
        joined = details.get("created_at")
        other = {
            "site": self._site(customer),
            "locale": locale,
            "joined": self._when(joined),
            "labels": labels or None,
            "visits": visits if details else None,
            "payment_provider": self._has_provider(customer),
        }
        return _without_none(personal | other)

    def _has_provider(self, customer: ObservedCustomer) -> bool | None:
        if customer.has_provider is None and customer.details:
            return customer.details.get("stripe_id") is not None
        return customer.has_provider

    def _methods(self, customer: ObservedCustomer) -> Json:
        if self._has_provider(customer) is False:
            return {}
        return {
            name: _without_none(
                {
                    "type": each["type"],
                    "status": each["status"],
                    "label": self._pseudonyms("label", each.get("name")),
                    "last_4": self._pseudonyms("last_4", each["last_4"]),
                    "card_brand": each.get("card_brand"),
                    "card_country": each.get("card_country"),
                    "processor": each.get("processor"),
                    "added": self._when(each.get("created_at")),
                }
            )
            for name, each in _numbered_names(customer.of("payment_methods"), "method").items()
        }

    def _memberships(self, customer: ObservedCustomer) -> Json:
        return {
            name: self._as_member(customer, each) or self._as_lead(customer, each)
            for name, each in _numbered_names(customer.of("memberships"), "membership").items()
        }

    def _as_lead(self, customer: ObservedCustomer, membership: Json) -> Json:
        summary = membership["payment_method"]
        with_them = [each.name for each in self._holders(membership) if each is not customer]
        return _without_none(
            {
                "rate": self._rate(customer, membership),
                "status": membership["status"],
                "attention": membership["attention_reason"],
                "started": self._when(membership["start_date"]),
                "ends": self._when(membership["end_date"]),
                "payment_method": summary and _name_of(customer, "payment_methods", summary["id"]),
                "source": membership["source"],
                "members": with_them or None,
            }
        )

    def _as_member(self, customer: ObservedCustomer, membership: Json) -> Json | None:
        """What another customer leads, if they were seen."""
        leads = [each["customer_id"] for each in membership["members"] if each["is_lead"]]
        for other in self._holders(membership):
            if other is not customer and other.details["id"] in leads:
                return {"lead": f"{other.name}/{_name_of(other, 'memberships', membership['id'])}"}
        return None

    def _holders(self, membership: Json) -> list[ObservedCustomer]:
        ids = [each["customer_id"] for each in membership["members"]]
        return [
            each
            for each in self.people
            if each.details.get("id") in ids and _name_of(each, "memberships", membership["id"])
        ]

    def _charges(self, customer: ObservedCustomer) -> Json:
        ended = Counter(
            (each["status"], name)
            for each in customer.of("charges")
            if each["status"] in get_args(Outcome) and each["status"] != "succeeded"
            if (name := _name_of(customer, "memberships", each["membership_id"]))
        )
        return {
            f"{status}-{membership}": {
                "status": status,
                "membership": membership,
                "count": count,
            }
            for (status, membership), count in ended.items()
        }

    def _credits(self, customer: ObservedCustomer) -> Json:
        return {
            name: self._credit(customer, each)
            for name, each in _numbered_names(customer.of("credits"), "credit").items()
        }

    def _credit(self, customer: ObservedCustomer, credit: Json) -> Json:
        expires, redeemed = credit["expires_at"], credit["redeemed_at"]
        expired = expires is not None and datetime.fromisoformat(expires) <= self._now
        state = f"{'redeemed_' if redeemed else ''}expired" if expired else None
        membership = credit["membership_id"]
        return _without_none(
            {
                "state": state or ("redeemed" if redeemed else "open"),
                "issued": self._when(credit["issued_at"]),
                "expires": self._when(expires) if expires else NEVER,
                "redeemed": self._when(redeemed),
                "membership": membership and _name_of(customer, "memberships", membership),
                "multi_use": credit["multi_use"] or None,
            }
        )

    def _preferences(self, customer: ObservedCustomer) -> Json:
        opted_in = []
        for each in customer.of("marketing_preferences"):
            name = self._catalogue_name("preferences", each["id"], partial(self._preference, each))
            self._preferred.setdefault(name, set()).add(self._site(customer))
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

    def _orders(self, customer: ObservedCustomer) -> Json:
        """Stretches of orders that are alike, the newest first, and all that were not looked at."""
        orders = sorted(customer.of("orders"), key=_submitted, reverse=True)
        alike = [(kind, len([*each])) for kind, each in groupby(orders, self._kind_of_order)]
        stretches = {
            f"orders-{number}": _without_none(dict(kind) | {"count": count})
            for number, (kind, count) in enumerate(alike, 1)
        }
        if (rest := customer.order_count - len(orders)) > 0:
            stretches["earlier"] = {"count": rest}
        return stretches

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


def _numbered_names(records: Sequence[Json], kind: str) -> dict[str, Json]:
    return {f"{kind}-{number}": each for number, each in enumerate(records, 1)}


def _name_of(customer: ObservedCustomer, kind: str, id: str) -> str | None:
    """What a record of a customer is called in the scenario, by its id."""
    names: Iterator[str] = (
        name
        for name, each in _numbered_names(customer.of(kind), _SINGULAR[kind]).items()
        if each["id"] == id
    )
    return next(names, None)


_SINGULAR = {"payment_methods": "method", "memberships": "membership", "credits": "credit"}


def _without_none(fields: Json) -> Json:
    """The fields that are set; the others have their usual values."""
    return {name: value for name, value in fields.items() if value is not None}
