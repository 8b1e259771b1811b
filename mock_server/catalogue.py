"""What everybody shares: the business that the customers are customers of."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Literal

import msgspec
import yaml
from msgspec import Struct

from mock_server.document import shipped
from mock_server.seed import Seed

FOUNDED = datetime(2022, 1, 10, 9, tzinfo=UTC)


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """A place that customers go to."""

    name: str
    brand: str
    phone: str = ""


class Brand(Struct, frozen=True, forbid_unknown_fields=True):
    """What customers belong to."""

    name: str
    organisation: str
    currency: str = "GBP"


class MembershipOffer(Struct, frozen=True, forbid_unknown_fields=True):
    """A type of membership."""

    name: str
    brand: str
    description: str | None = None
    terms: str | None = None
    visibility: Literal["public", "private", "link_only"] = "public"
    max_members: int = 1


class RateOffer(Struct, frozen=True, forbid_unknown_fields=True):
    """A price of a type of membership; amounts in minor units."""

    membership_type: str
    name: str
    price: int
    joining_fee: int = 0
    billing_frequency: Literal["P1M", "P3M", "P6M", "P1Y"] = "P1M"
    default_duration: str | None = None
    private: bool = False


class Preference(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that customers of an organisation can consent to."""

    text: str
    organisation: str
    sites: tuple[str, ...] = ()
    """Where it is enabled; everywhere when empty."""
    archived: bool = False


class Offering(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that can be booked or bought; the price in minor units."""

    name: str
    type: Literal[
        "appointment", "session", "area_booking", "table_reservation", "retail", "voucher"
    ]
    price: int
    minutes: int = 60
    room: str | None = None


class Package(Struct, frozen=True, forbid_unknown_fields=True):
    """Offerings sold as one."""

    name: str
    price: int
    contents: tuple[str, ...]


class Catalogue(Struct, frozen=True, forbid_unknown_fields=True):
    """`fixtures/catalogue.yaml`: everything by a name that scenarios use."""

    organisations: dict[str, str]
    brands: dict[str, Brand]
    sites: dict[str, Site]
    membership_types: dict[str, MembershipOffer]
    rates: dict[str, RateOffer]
    preferences: dict[str, Preference]
    offerings: dict[str, Offering]
    packages: dict[str, Package]
    practitioners: tuple[str, ...]

    def brand_of(self, site: str) -> Brand:
        """The brand that runs a site."""
        return self.brands[self.sites[site].brand]


def uuid_of(kind: str, name: str) -> str:
    """The id of something in the catalogue: the same in every world."""
    return Seed(f"catalogue/{kind}/{name}").uuid()


@cache
def hex24_of(kind: str, name: str) -> str:
    """The id of an offering, package or practitioner: the same in every world."""
    return Seed(f"catalogue/{kind}/{name}").hex24()


def load_catalogue() -> Catalogue:
    """The catalogue that comes with the mock."""
    text = shipped("fixtures", "catalogue.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, Loader=yaml.CSafeLoader), Catalogue)


def named(what: str, name: str, known: Mapping[str, object]) -> str | None:
    """What is wrong with a name that should be one of `known`."""
    return None if name in known else f"{what} '{name}' is not one of {', '.join(known)}"
