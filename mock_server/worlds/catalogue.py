"""What everybody shares: the business that the customers are customers of."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct

from mock_server.http.bounds import BoundsError, Label, Prose
from mock_server.http.document import shipped
from mock_server.http.errors import UserError
from mock_server.http.near import not_one_of
from mock_server.http.yaml_text import YamlError
from mock_server.worlds import scenario_text
from mock_server.worlds.seed import Seed
from mock_server.worlds.shapes import Mistakes, TooManyMistakes, convert

NAMES = "x-names"
"""In the schema of a name: the section of the catalogue that has it, or all that there are."""
SiteName = Annotated[str, Meta(extra_json_schema={NAMES: "sites"})]
RateName = Annotated[str, Meta(extra_json_schema={NAMES: "rates"})]
PreferenceName = Annotated[str, Meta(extra_json_schema={NAMES: "preferences"})]
FOUNDED = datetime(2022, 1, 10, 9, tzinfo=UTC)
Pence = Annotated[int, Meta(ge=0, le=100_000_000)]
Minutes = Annotated[int, Meta(ge=1, le=24 * 60)]
Hour = Annotated[int, Meta(ge=0, le=23)]
Hours = tuple[Hour, Hour]
"""The earliest and the latest hour of the day at which something begins."""
Sold = TypeVar("Sold", "Offering", "Package")


Length = Annotated[
    str,
    Meta(
        pattern="^P(?=[0-9])([0-9]{1,3}Y)?([0-9]{1,3}M)?([0-9]{1,3}W)?([0-9]{1,3}D)?$",
        description="a length of whole days such as P1Y or P30D",
    ),
]


class CatalogueError(UserError):
    """What is wrong with the catalogue, with its file and line."""


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """A place that customers go to."""

    name: Label
    brand: str
    phone: str = ""


class Brand(Struct, frozen=True, forbid_unknown_fields=True):
    """What customers belong to."""

    name: Label
    organisation: str
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "GBP"
    vat: Annotated[int, Meta(ge=0, le=100)] = 20
    """Per cent, included in every price."""


class MembershipOffer(Struct, frozen=True, forbid_unknown_fields=True):
    """A type of membership."""

    name: Label
    brand: str
    description: Prose | None = None
    terms: Prose | None = None
    visibility: Literal["public", "private", "link_only"] = "public"
    max_members: Annotated[int, Meta(ge=1, le=10_000)] = 1


class RateOffer(Struct, frozen=True, forbid_unknown_fields=True):
    """A price of a type of membership; amounts in minor units."""

    membership_type: str
    name: Label
    price: Pence
    joining_fee: Pence = 0
    billing_frequency: Literal["P1M", "P3M", "P6M", "P1Y"] = "P1M"
    default_duration: Length | None = None
    private: bool = False


class Preference(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that customers of an organisation can consent to."""

    text: Annotated[Prose, Meta(min_length=1)]
    organisation: str
    sites: tuple[str, ...] = ()
    """Where it is enabled; everywhere when empty."""
    archived: bool = False


class Offering(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that can be booked or bought; the price in minor units."""

    name: Label
    type: Literal[
        "appointment", "session", "area_booking", "table_reservation", "retail", "voucher"
    ]
    price: Pence
    minutes: Minutes = 60
    room: Label | None = None
    hours: Hours = (9, 16)
    brand: str | None = None


class Package(Struct, frozen=True, forbid_unknown_fields=True):
    """Offerings sold as one."""

    name: Label
    price: Pence
    contents: Annotated[tuple[str, ...], Meta(min_length=1)]
    hours: Hours = (10, 12)
    brand: str | None = None


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
    practitioners: Annotated[tuple[Label, ...], Meta(min_length=1)]

    def brand_of(self, site: str) -> Brand:
        """The brand that runs a site."""
        return self.brands[self.sites[site].brand]

    def rates_at(self, site: str) -> Mapping[str, RateOffer]:
        """The rates that can be held at a site: those of its brand's types of membership."""
        if site not in self.sites:
            # Told elsewhere; what is sold nowhere is still a mistake of its own.
            return self.rates
        brand, types = self.sites[site].brand, self.membership_types
        return {
            name: rate
            for name, rate in self.rates.items()
            if types[rate.membership_type].brand == brand
        }

    def preferences_at(self, site: str) -> Mapping[str, Preference]:
        """What can be consented to at a site."""
        if site not in self.sites:
            return self.preferences
        organisation = self.brand_of(site).organisation
        return {
            name: preference
            for name, preference in self.preferences.items()
            if preference.organisation == organisation
            and not preference.archived
            and (not preference.sites or site in preference.sites)
        }

    def sold_at(self, site: str, range_: Mapping[str, Sold]) -> Mapping[str, Sold]:
        """What a site sells: its brand's own range, or what is nobody's own where it has none."""
        brand = self.sites[site].brand
        own = {name: each for name, each in range_.items() if each.brand == brand}
        return own or {name: each for name, each in range_.items() if each.brand is None}


def uuid_of(kind: str, name: str) -> str:
    """The id of something in the catalogue: the same in every world."""
    return Seed(f"catalogue/{kind}/{name}").uuid()


@cache
def hex24_of(kind: str, name: str) -> str:
    """The id of an offering, package or practitioner: the same in every world."""
    return Seed(f"catalogue/{kind}/{name}").hex24()


_REFERENCES: tuple[tuple[str, str, str], ...] = (
    ("brands", "organisation", "organisations"),
    ("sites", "brand", "brands"),
    ("membership_types", "brand", "brands"),
    ("rates", "membership_type", "membership_types"),
    ("preferences", "organisation", "organisations"),
    ("preferences", "sites", "sites"),
    ("offerings", "brand", "brands"),
    ("packages", "brand", "brands"),
    ("packages", "contents", "offerings"),
)
"""Which field of which section names something of which other."""


def unknown_references(catalogue: Catalogue) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where the catalogue names what it does not have, and what is wrong there."""
    for section, field, target in _REFERENCES:
        known = getattr(catalogue, target)
        for name, each in getattr(catalogue, section).items():
            value = getattr(each, field)
            for reference in (value,) if isinstance(value, str) else value or ():
                if problem := unknown_name(field, reference, known):
                    yield (section, name, field), problem


@cache
def load_catalogue() -> Catalogue:
    """
    The catalogue that comes with the mock.

    Raises:
        CatalogueError: it cannot be used.
    """
    return read_catalogue(shipped("fixtures", "catalogue.yaml").read_text("utf-8"))


def read_catalogue(text: str) -> Catalogue:
    """
    A catalogue from its text.

    Raises:
        CatalogueError: it cannot be used.
    """
    file, mistakes = "fixtures/catalogue.yaml", Mistakes()
    try:
        written = scenario_text.read(text)
    except (BoundsError, YamlError) as error:
        raise CatalogueError(f"{file}:{error}") from None
    with suppress(TooManyMistakes):
        mistakes.extend(written.mistakes)
        catalogue: Catalogue = convert(written.tree, Catalogue, (), mistakes)
        if not mistakes:
            mistakes.extend(unknown_references(catalogue))
    if not mistakes:
        return catalogue
    (place, what), *_ = mistakes
    where = ".".join(place) or "the catalogue"
    raise CatalogueError(f"{file}:{scenario_text.line_of(written.lines, place)}: {where}: {what}")


def unknown_name(what: str, name: str, known: Collection[str]) -> str | None:
    """What is wrong with a name that should be one of `known`."""
    return None if name in known else f"{what} {not_one_of(name, known)}"
