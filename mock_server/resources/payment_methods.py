"""Payment methods: cards and direct debits that a customer saved."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from mock_server import problems
from mock_server.account import Account, Kind, Person
from mock_server.moments import moment
from mock_server.operation import operation
from mock_server.resources.customer import CUSTOMER
from mock_server.seed import Seed

Type = Literal["card", "direct_debit"]
Status = Literal["active", "pending", "revoked", "failed"]


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
    """`payment_methods:` of a persona, by a name of its own."""

    type: Type = "card"
    status: Status = "active"
    count: int = 1
    label: str | None = None
    last_4: str | None = None
    card_brand: str = "visa"
    card_country: str = "gb"
    card_expiry: str | None = None
    processor: Literal["stripe", "adyen", "manual"] = "stripe"
    added: str = "-P400D"


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
    added = moment(holding.added, person.opened)
    is_card = holding.type == "card"
    expiry = holding.card_expiry or (added + timedelta(days=1300)).strftime("%m/%y")
    return PaymentMethod(
        id=seed.uuid(),
        payment_method_id=f"pm_{seed.child('processor').hex24()}",
        name=holding.label,
        type=holding.type,
        status=holding.status,
        cardholder_name=customer.full_name or "Former customer",
        card_brand=holding.card_brand if is_card else None,
        card_country=holding.card_country if is_card else None,
        card_funding=seed.child("funding").pick(["debit", "credit"]) if is_card else None,
        card_expiry=expiry if is_card else None,
        last_4=holding.last_4 or seed.child("last").digits(4),
        processor=holding.processor,
        created_at=added,
        updated_at=added,
        revoked_at=added + timedelta(days=90) if holding.status == "revoked" else UNSET,
    )


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
        raise problems.not_found("No payment processor knows this customer.")
    return account.all(PAYMENT_METHODS)
