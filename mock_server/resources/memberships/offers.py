"""What a membership is of: its type and its rate, as the catalogue offers them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from mock_server.worlds.catalogue import FOUNDED, Catalogue, uuid_of


class MembershipType(Struct, frozen=True):
    """`MembershipType` of the document."""

    id: str
    name: str
    description: str | None
    terms: str | None
    brand_id: str
    visibility: Literal["public", "private", "link_only"]
    min_members: int
    max_members: int
    created_at: datetime
    updated_at: datetime


class MembershipRate(Struct, frozen=True):
    """`MembershipRate` of the document; amounts in minor units."""

    id: str
    membership_type_id: str
    name: str
    currency: str
    price: int
    joining_fee: int
    billing_frequency: str
    default_duration: str | None
    processors: Sequence[str]
    private: bool
    created_at: datetime
    updated_at: datetime


def type_of(catalogue: Catalogue, rate: str) -> MembershipType:
    """The type that a rate is a price of."""
    name = catalogue.rates[rate].membership_type
    offer = catalogue.membership_types[name]
    return MembershipType(
        id=uuid_of("membership_type", name),
        name=offer.name,
        description=offer.description,
        terms=offer.terms,
        brand_id=uuid_of("brand", offer.brand),
        visibility=offer.visibility,
        min_members=1,
        max_members=offer.max_members,
        created_at=FOUNDED,
        updated_at=FOUNDED,
    )


def rate_of(catalogue: Catalogue, rate: str) -> MembershipRate:
    """A rate, in the currency of its brand."""
    offer = catalogue.rates[rate]
    brand = catalogue.brands[catalogue.membership_types[offer.membership_type].brand]
    return MembershipRate(
        id=uuid_of("rate", rate),
        membership_type_id=uuid_of("membership_type", offer.membership_type),
        name=offer.name,
        currency=brand.currency,
        price=offer.price,
        joining_fee=offer.joining_fee,
        billing_frequency=offer.billing_frequency,
        default_duration=offer.default_duration,
        processors=("stripe",),
        private=offer.private,
        created_at=FOUNDED,
        updated_at=FOUNDED,
    )
