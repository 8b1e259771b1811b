"""Memberships: what a customer holds, or is a member of."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mock_server.account import Account, Kind, Person
from mock_server.catalogue import FOUNDED, MembershipOffer, RateOffer, named, uuid_of
from mock_server.moments import duration, moment
from mock_server.operation import operation
from mock_server.resources.customer import about
from mock_server.resources.payment_methods import PaymentMethodSummary, method_named
from mock_server.seed import Seed

Status = Literal[
    "active", "needs_dd_mandate", "needs_attention", "reserved", "inactive", "expired", "upcoming"
]
Reason = Literal[
    "no_mandate",
    "setup_unpaid",
    "mandate_revoked",
    "payment_failed",
    "payment_disputed",
    "payment_outstanding",
]
RUNNING = ("active", "needs_attention")
REASONS: Mapping[str, Reason] = {
    "needs_attention": "payment_failed",
    "needs_dd_mandate": "no_mandate",
}
STARTED: Mapping[str, str] = {"upcoming": "P10D", "reserved": "P5D", "needs_dd_mandate": "P3D"}
ENDED: Mapping[str, str] = {"expired": "-P40D", "inactive": "-P25D"}


class MembershipMember(Struct, frozen=True):
    """`MembershipMember` of the document."""

    customer_id: str
    membership_number: str
    is_lead: bool


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


class NextCharge(Struct, frozen=True):
    """`NextCharge` of the document."""

    amount: int
    currency: str
    due_date: datetime


class Membership(Struct, frozen=True):
    """`Membership` of the document, as it stood when the world was opened."""

    id: str
    site_id: str
    status: Status
    attention_reason: Reason | None
    source: Literal["self_signup", "app", "import", "unknown"]
    start_date: datetime
    end_date: datetime | None
    next_billing_date: datetime | None
    created_at: datetime
    basket_id: str | None
    external_ref: str | None
    membership_number: str
    members: Sequence[MembershipMember]
    type: MembershipType
    rate: MembershipRate
    payment_method: PaymentMethodSummary | None
    next_charge: NextCharge | None
    payment_setup_url: str | None

    def at(self, now: datetime) -> "Membership":
        """The membership at an instant: it begins, bills and ends by its dates (MEMBER-03)."""
        status = self.status
        if status == "upcoming" and self.start_date <= now:
            status = "active"
        if status in RUNNING and self.end_date and self.end_date <= now:
            status = "expired"
        due = self._due_after(now) if status in (*RUNNING, "upcoming") else None
        return replace(
            self,
            status=status,
            attention_reason=self.attention_reason if status == self.status else None,
            next_billing_date=due,
            next_charge=NextCharge(self.rate.price, self.rate.currency, due) if due else None,
        )

    def billed_until(self, now: datetime) -> Iterator[datetime]:
        """Every instant up to `now` at which a period was billed."""
        period, count = duration(self.rate.billing_frequency), 0
        while (due := (period * count).after(self.start_date)) <= now:
            if self.end_date is not None and self.end_date <= due:
                return
            yield due
            count += 1

    def _due_after(self, now: datetime) -> datetime | None:
        count = sum(1 for _ in self.billed_until(now))
        due = (duration(self.rate.billing_frequency) * count).after(self.start_date)
        return None if self.end_date is not None and self.end_date <= due else due


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`memberships:` of a persona, by a name of its own."""

    rate: str = "thermal-monthly"
    status: Status = "active"
    count: int = 1
    attention: Reason | None = None
    started: str | None = None
    ends: str | None = None
    payment_method: str | None = None
    source: Literal["self_signup", "app", "import", "unknown"] = "self_signup"
    members: tuple[str, ...] = ()
    """Other personas who are members too."""
    lead: str | None = None
    """`PERSONA/NAME` of the membership that this person is a mere member of."""
    billing: Literal["succeeds", "fails"] = "succeeds"
    """How charges end that fall due after the world was opened."""

    def problems(self, person: Person) -> Iterator[str | None]:
        """What is wrong with it in a scenario."""
        yield named("rate", self.rate, person.catalogue.rates)
        if self.payment_method is not None:
            known = person.holdings.get("payment_methods", {})
            yield named("payment method", self.payment_method, known)
        for member in self.members:
            yield named("persona", member, person.fellows)
        if self.lead is not None:
            lead, _, name = self.lead.partition("/")
            yield named("persona", lead, person.fellows) or named(
                "membership", name, person.fellows[lead].holdings.get("memberships", {})
            )


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[Membership]:
    """Newest first, then by id."""
    made = [
        _shared(person, holding.lead) if holding.lead else _own(person, holding, name, index)
        for name, holding in holdings.items()
        for index in range(holding.count)
    ]
    return sorted(made, key=lambda each: (-each.created_at.timestamp(), each.id))


def _shared(person: Person, lead: str) -> Membership:
    """What another person leads: the same membership, less how that person pays for it."""
    name, _, membership = lead.partition("/")
    found = named_of(person.fellows[name], membership)
    return replace(found, payment_method=None, payment_setup_url=None)


def _own(person: Person, holding: Holding, name: str, index: int) -> Membership:
    seed = person.seed.child("memberships", name, index)
    started = moment(holding.started or STARTED.get(holding.status, "-P14M"), person.opened)
    ends = holding.ends or ENDED.get(holding.status)
    method = method_named(person, holding.payment_method) if holding.payment_method else None
    rate = _rate(person, holding.rate)
    number = seed.child("number").digits(10)
    unpaid = holding.status in REASONS
    return Membership(
        id=seed.uuid(),
        site_id=uuid_of("site", about(person).site),
        status=holding.status,
        attention_reason=holding.attention or REASONS.get(holding.status),
        source=holding.source,
        start_date=started,
        end_date=moment(ends, person.opened) if ends else None,
        next_billing_date=None,
        created_at=min(started, person.opened),
        basket_id=seed.child("basket").hex24() if holding.source != "import" else None,
        external_ref=f"OLD-{number[-6:]}" if holding.source == "import" else None,
        membership_number=number,
        members=_members(person, holding, seed, number),
        type=_type(person, person.catalogue.rates[holding.rate].membership_type),
        rate=rate,
        payment_method=method.summary() if method else None,
        next_charge=None,
        payment_setup_url=f"https://pay.example.com/setup/{seed.hex24()}" if unpaid else None,
    )


def _members(
    person: Person, holding: Holding, seed: Seed, number: str
) -> Sequence[MembershipMember]:
    others = [
        MembershipMember(
            person.fellows[name].customer_id, seed.child(name).digits(10), is_lead=False
        )
        for name in holding.members
    ]
    return [MembershipMember(person.customer_id, number, is_lead=True), *others]


def _type(person: Person, name: str) -> MembershipType:
    offer: MembershipOffer = person.catalogue.membership_types[name]
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


def _rate(person: Person, name: str) -> MembershipRate:
    offer: RateOffer = person.catalogue.rates[name]
    brand = person.catalogue.membership_types[offer.membership_type].brand
    return MembershipRate(
        id=uuid_of("rate", name),
        membership_type_id=uuid_of("membership_type", offer.membership_type),
        name=offer.name,
        currency=person.catalogue.brands[brand].currency,
        price=offer.price,
        joining_fee=offer.joining_fee,
        billing_frequency=offer.billing_frequency,
        default_duration=offer.default_duration,
        processors=("stripe",),
        private=offer.private,
        created_at=FOUNDED,
        updated_at=FOUNDED,
    )


MEMBERSHIPS = Kind("memberships", Holding, make, state="status")


def id_of(person: Person, name: str) -> str:
    """The id of a membership by its name in the scenario."""
    holding: Holding = person.holdings["memberships"][name]
    if holding.lead is None:
        return person.seed.child("memberships", name, 0).uuid()
    lead, _, theirs = holding.lead.partition("/")
    return id_of(person.fellows[lead], theirs)


def named_of(person: Person, name: str) -> Membership:
    """A membership by its name in the scenario."""
    id = id_of(person, name)
    return next(each for each in person.all(MEMBERSHIPS) if each.id == id)


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    return {"memberships": [each.id for each in account.all(MEMBERSHIPS)]}


@operation("listMyAccountMemberships")
def list_memberships(account: Account) -> Sequence[Membership]:
    """Every membership, as it is now."""
    return [membership.at(account.now) for membership in account.all(MEMBERSHIPS)]
