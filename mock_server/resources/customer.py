"""The customer: who the account belongs to."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct

from mock_server.http.bounds import Label
from mock_server.http.operation import operation
from mock_server.resources.holding import CATALOGUE, NOW, out_of_order
from mock_server.worlds.account import Account, Kind, Mistake, Person
from mock_server.worlds.catalogue import SiteName, unknown_name, uuid_of
from mock_server.worlds.moments import parse_instant
from mock_server.worlds.seed import Seed

_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EmailAddress = Annotated[
    str,
    Meta(
        pattern=rf"^{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*$",
        max_length=254,
        description="an e-mail address such as ada@example.com",
    ),
]
PhoneNumber = Annotated[
    str,
    Meta(pattern=r"^\+[1-9][0-9]{1,14}$", description="a phone number such as +441225460000"),
]
Name = Annotated[str, Meta(max_length=200, description="text of at most 200 characters")]
Locale = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}$",
        description="a language such as en-GB",
    ),
]
LABELS = {
    "Founding member": "#0f766e",
    "Prefers quiet rooms": "#6d28d9",
    "Nut allergy": "#b91c1c",
    "Sauna regular": "#c2410c",
}
FIRST_BIRTHDAY, BIRTHDAYS = date(1948, 1, 1), 20_800
FAKER_LOCALES = ("de-DE", "en-GB", "fr-FR", "he-IL", "ja-JP", "pl-PL", "pt-PT", "vi-VN")
"""Those in which names can be made up; English ones are for the others."""


class CustomerLabel(Struct, frozen=True):
    """`CustomerLabel` of the document."""

    id: str
    value: str
    colour: str


class LastCheckIn(Struct, frozen=True):
    """`LastCheckIn` of the document."""

    checked_in_at: datetime
    method: str


class Avatar(Struct, frozen=True):
    """`Avatar` of the document; size in bytes."""

    id: str
    file_name: str
    mime_type: str
    size: int
    url: str


class Customer(Struct, frozen=True):
    """`Customer` of the document."""

    id: str
    first_name: str | None
    last_name: str | None
    full_name: str | None
    phone: str | None
    has_password: bool
    dob: str | None
    brand_id: str
    site_id: str
    stripe_id: str | None
    express_stripe_id: str | None
    email: str | None
    labels: Sequence[CustomerLabel]
    preferred_locale: str
    locked_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    last_active_at: datetime | None
    email_verified_at: datetime | None
    last_check_in: LastCheckIn | None
    avatar_id: str | None
    avatar: Avatar | None
    external_ref: str | None


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`customer:` of a persona; what is left out is made up."""

    first_name: Name | None = None
    last_name: Name | None = None
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    dob: date | None = None
    site: SiteName = "bath"
    locale: Locale = "en-GB"
    labels: tuple[Label, ...] = ()
    payment_provider: bool = True
    """Whether a payment processor knows them."""
    joined: str = "-P2Y"
    visits: bool = True
    """Whether they ever checked in, and have an avatar."""
    locked: str | None = None
    anonymised: str | None = None

    def problems(self, person: Person) -> Iterator[Mistake]:
        """What is wrong with it in a scenario."""
        yield Mistake(unknown_name("site", self.site, person.catalogue.sites), ("site", CATALOGUE))
        joined = ("joined", self.joined)
        yield from out_of_order(person, joined, ("anonymised", self.anonymised), NOW)
        yield from out_of_order(person, joined, ("locked", self.locked))
        if self.dob is not None and self.dob > person.opened_at.date():
            yield Mistake(f"dob '{self.dob}' is later than now", ("dob",))


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[Customer]:
    """The one customer that a person is."""
    holding = holdings.get("self", Holding())
    seed = person.seed.child("customer")
    anonymised = holding.anonymised and parse_instant(holding.anonymised, person.opened_at)
    return [
        _anonymous(person, holding, anonymised) if anonymised else _known(person, holding, seed)
    ]


def _known(person: Person, holding: Holding, seed: Seed) -> Customer:
    faker = seed.faker(faker_locale(holding.locale))
    first = holding.first_name or faker.first_name()
    last = holding.last_name or faker.last_name()
    joined = parse_instant(holding.joined, person.opened_at)
    last_seen = person.opened_at - timedelta(hours=seed.child("seen").below(96))
    avatar = _avatar(seed, first) if holding.visits else None
    return Customer(
        id=person.customer_id,
        first_name=first,
        last_name=last,
        full_name=f"{first} {last}",
        phone=holding.phone or f"+4477009{seed.child('phone').digits(5)}",
        has_password=True,
        dob=str(holding.dob or _birthday(seed.child("dob"))),
        brand_id=brand_id(person, holding),
        site_id=uuid_of("site", holding.site),
        stripe_id=f"cus_{seed.child('stripe').hex24()[:14]}" if holding.payment_provider else None,
        express_stripe_id=None,
        email=(holding.email or f"{person.name}@example.com").lower(),
        labels=[_label(seed, text) for text in holding.labels],
        preferred_locale=holding.locale,
        locked_at=parse_instant(holding.locked, person.opened_at) if holding.locked else None,
        created_at=joined,
        updated_at=max(joined, last_seen - timedelta(days=9)),
        deleted_at=None,
        last_active_at=max(joined, last_seen),
        email_verified_at=joined + timedelta(minutes=6),
        last_check_in=LastCheckIn(max(joined, last_seen), "qr_code") if holding.visits else None,
        avatar_id=avatar.id if avatar else None,
        avatar=avatar,
        external_ref=f"CRM-{seed.child('ref').digits(5)}",
    )


def _birthday(seed: Seed) -> date:
    # Not Faker's: that counts back from the real date, and tomorrow's answer would differ.
    return FIRST_BIRTHDAY + timedelta(days=seed.below(BIRTHDAYS))


def _anonymous(person: Person, holding: Holding, deleted_at: datetime) -> Customer:
    joined = parse_instant(holding.joined, person.opened_at)
    empty = dict.fromkeys(field for field in Customer.__struct_fields__)
    fields = {
        "id": person.customer_id,
        "has_password": False,
        "brand_id": brand_id(person, holding),
        "site_id": uuid_of("site", holding.site),
        "labels": (),
        "preferred_locale": holding.locale,
        "created_at": joined,
        "updated_at": deleted_at,
        "deleted_at": deleted_at,
    }
    return Customer(**(empty | fields))  # type: ignore[arg-type]  # every field is given above


def brand_id(person: Person, holding: Holding) -> str:
    """The brand that runs the customer's site."""
    return uuid_of("brand", person.catalogue.sites[holding.site].brand)


def _label(seed: Seed, text: str) -> CustomerLabel:
    return CustomerLabel(seed.child("label", text).uuid(), text, LABELS.get(text, "#334155"))


def _avatar(seed: Seed, name: str) -> Avatar:
    place = seed.child("avatar")
    file_name = f"{place.hex24()[:8]}.jpg"
    size = 20_000 + place.child("size").below(60_000)
    url = f"https://media.example.com/avatars/{file_name}"
    return Avatar(place.uuid(), file_name, "image/jpeg", size, url)


CUSTOMER = Kind("customer", Holding, make, single=True)


def faker_locale(locale: str) -> str:
    """The locale in which names are made up for those who prefer this one."""
    return (locale if locale in FAKER_LOCALES else "en-GB").replace("-", "_")


def holding_of(person: Person) -> Holding:
    """What the scenario says of the person themselves."""
    holding: Holding = person.holdings.get("customer", {}).get("self", Holding())
    return holding


def organisation(person: Person) -> str:
    """The name of the organisation that the person is a customer of."""
    return person.catalogue.brand_of(holding_of(person).site).organisation


def details(account: Account) -> Customer:
    """The customer's own record."""
    return account.all(CUSTOMER)[0]


def refusal_reason(account: Account) -> str | None:
    """Why this customer's own token opens nothing (AUTH-10), if so."""
    customer = account.all(CUSTOMER)[0]
    if customer.deleted_at and customer.deleted_at <= account.now:
        return "This customer was anonymised."
    if customer.locked_at and customer.locked_at <= account.now:
        return "This customer is locked; ask at the front desk."
    return None


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    customer = account.all(CUSTOMER)[0]
    return {
        "signs_in": refusal_reason(account) is None,
        "email": customer.email,
        "brand_id": customer.brand_id,
        "organisation_id": uuid_of("organisation", organisation(account.person)),
        "payment_provider": customer.stripe_id is not None,
    }


@operation("getMyAccountDetails")
def get_details(account: Account) -> Customer:
    """The customer themselves."""
    return account.all(CUSTOMER)[0]
