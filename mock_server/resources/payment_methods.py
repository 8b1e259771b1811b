"""Payment methods: cards and direct debits that a customer saved."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from mock_server.http import problems
from mock_server.http.bounds import Label
from mock_server.http.operation import operation
from mock_server.resources.customer import CUSTOMER, holding_of
from mock_server.resources.holding import NOW, Count, out_of_order
from mock_server.worlds.account import Account, Kind, Mistake, Person
from mock_server.worlds.moments import parse_instant
from mock_server.worlds.seed import Seed

Type = Literal["card", "direct_debit"]
Status = Literal["active", "pending", "revoked", "failed"]
LastFour = Annotated[str, Meta(pattern="^[0-9]{4}$", description="four digits such as 0042")]
CountryCode = Annotated[
    str, Meta(pattern="^[a-z]{2}$", description="a country in two small letters such as gb")
]
CardExpiry = Annotated[
    str,
    Meta(pattern="^(0[1-9]|1[0-2])/[0-9]{2}$", description="a month and a year such as 09/28"),
]
USUALLY_ADDED = timedelta(days=400)


class PaymentMethod(Struct, frozen=True):
    """`PaymentMethod` of the document."""

    id: str
    payment_method_id: str
    name: str | None
    type: Type
    status: Status
    cardholder_name: str
    card_brand: str | None
    card_country: str | None
    card_funding: str | None
    card_expiry: str | None
    last_4: str
    processor: str
    created_at: datetime
    updated_at: datetime
    revoked_at: datetime | UnsetType = UNSET

    def summary(self) -> "PaymentMethodSummary":
        """The short form, as charges and memberships show it."""
        return PaymentMethodSummary(
            self.id, self.type, self.last_4, self.status, self.card_brand or UNSET
        )


class PaymentMethodSummary(Struct, frozen=True):
    """`PaymentMethodSummary` of the document."""

    id: str
    type: Type
    last_4: str
    status: Status
    card_brand: str | UnsetType | None = UNSET


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`payment_methods:` of a persona, by a name of its own; `card_` is for cards alone."""

    type: Type = "card"
    status: Status = "active"
    count: Count = 1
    label: Label | None = None
    last_4: LastFour | None = None
    card_brand: Label | None = None
    card_country: CountryCode | None = None
    card_expiry: CardExpiry | None = None
    processor: Literal["stripe", "adyen", "manual"] = "stripe"
    added: str | None = None

    def problems(self, person: Person) -> Iterator[Mistake]:
        """What is wrong with it in a scenario."""
        if not holding_of(person).payment_provider:
            what = "no payment processor knows this customer; say `payment_provider: true` of them"
            yield Mistake(what, (person.place("customer", "payment_provider"),))
        if self.type == "direct_debit":
            for name in ("card_brand", "card_country", "card_expiry"):
                if getattr(self, name):
                    yield Mistake(f"a direct debit has no {name}", (name, "type"))
        yield from out_of_order(person, ("added", self.added), NOW)


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[PaymentMethod]:
    """Oldest first."""
    methods = [
        _method(person, holding, person.seed.child("payment_methods", name, index))
        for name, holding in holdings.items()
        for index in range(holding.count)
    ]
    return sorted(methods, key=lambda method: (method.created_at, method.id))


def _method(person: Person, holding: Holding, seed: Seed) -> PaymentMethod:
    customer = person.all(CUSTOMER)[0]
    added = _added(holding, customer.created_at, person.opened_at)
    revoked = min(added + timedelta(days=90), person.opened_at)
    is_card, is_revoked = holding.type == "card", holding.status == "revoked"
    return PaymentMethod(
        id=seed.uuid(),
        payment_method_id=f"pm_{seed.child('processor').hex24()}",
        name=holding.label,
        type=holding.type,
        status=holding.status,
        cardholder_name=customer.full_name or "Former customer",
        card_brand=(holding.card_brand or "visa") if is_card else None,
        card_country=(holding.card_country or "gb") if is_card else None,
        card_funding=seed.child("funding").pick(["debit", "credit"]) if is_card else None,
        card_expiry=(holding.card_expiry or _expiry(seed, person.opened_at)) if is_card else None,
        last_4=holding.last_4 or seed.child("last").digits(4),
        processor=holding.processor,
        created_at=added,
        updated_at=revoked if is_revoked else added,
        revoked_at=revoked if is_revoked else UNSET,
    )


def _added(holding: Holding, joined: datetime, opened_at: datetime) -> datetime:
    if holding.added is not None:
        return parse_instant(holding.added, opened_at)
    return max(joined, opened_at - USUALLY_ADDED)


def _expiry(seed: Seed, opened_at: datetime) -> str:
    lifetime = timedelta(days=70 + seed.child("expiry").below(1000))
    return (opened_at + lifetime).strftime("%m/%y")


PAYMENT_METHODS = Kind("payment_methods", Holding, make, state="type")


def method_named(person: Person, name: str) -> PaymentMethod | None:
    """A payment method by its name in the scenario."""
    id = person.seed.child("payment_methods", name, 0).uuid()
    return next((each for each in person.all(PAYMENT_METHODS) if each.id == id), None)


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    return {"payment_methods": len(account.all(PAYMENT_METHODS))}


@operation("listMyAccountPaymentMethods")
def list_payment_methods(account: Account) -> Sequence[PaymentMethod]:
    """
    Every saved method.

    Raises:
        Problem: 404, no payment processor knows the customer (PAYMENT-02).
    """
    if account.all(CUSTOMER)[0].stripe_id is None:
        raise problems.not_found("No payment processor knows this customer.").under("PAYMENT-02")
    return account.all(PAYMENT_METHODS)
