"""Memberships: what a customer holds, or is a member of."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mock_server.http.operation import operation
from mock_server.resources.customer import holding_of
from mock_server.resources.memberships.holding import (
    REASONS,
    Holding,
    Reason,
    Source,
    Status,
    held_memberships,
)
from mock_server.resources.memberships.offers import (
    MembershipRate,
    MembershipType,
    rate_of,
    type_of,
)
from mock_server.resources.payment_methods import PaymentMethodSummary, method_named
from mock_server.worlds.account import Account, Kind, Person
from mock_server.worlds.catalogue import uuid_of
from mock_server.worlds.moments import parse_duration, parse_instant, working_days_after
from mock_server.worlds.seed import Seed

RUNNING = ("active", "needs_attention")
DIRECT_DEBIT_WORKING_DAYS = 7


class MembershipMember(Struct, frozen=True):
    """`MembershipMember` of the document."""

    customer_id: str
    membership_number: str
    is_lead: bool


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
    source: Source
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
        period, count = parse_duration(self.rate.billing_frequency), 0
        while (due := (period * count).after(self.start_date)) <= now:
            if self.end_date is not None and self.end_date <= due:
                return
            yield due
            count += 1

    def periods_until(self, now: datetime) -> int:
        """About how many periods were billed up to `now`, without going through them."""
        start, end = self.start_date, min(now, self.end_date or now)
        months = (end.year - start.year) * 12 + end.month - start.month + 1
        return max(0, months // parse_duration(self.rate.billing_frequency).months)

    def decided_at(self, billed_at: datetime) -> datetime:
        """When it is known whether a charge came in: cards at once, bank debits take their days."""
        if self.payment_method is None or self.payment_method.type == "card":
            return billed_at
        return working_days_after(billed_at, DIRECT_DEBIT_WORKING_DAYS)

    def _due_after(self, now: datetime) -> datetime | None:
        count = sum(1 for _ in self.billed_until(now))
        due = (parse_duration(self.rate.billing_frequency) * count).after(self.start_date)
        return None if self.end_date is not None and self.end_date <= due else due


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[Membership]:
    """Newest first, then by id."""
    memberships = [
        _shared(person, holding.lead) if holding.lead else _own(person, holding, name, index)
        for name, holding in holdings.items()
        for index in range(holding.count)
    ]
    return sorted(memberships, key=lambda each: (-each.created_at.timestamp(), each.id))


def _shared(person: Person, lead: str) -> Membership:
    """What another person leads: the same membership, less how that person pays for it."""
    who, _, name = lead.partition("/")
    leader = person.personas[who]
    # Not out of all that they hold: a mistake in the rest is none of this person's.
    holding = replace(held_memberships(leader)[name], payment_method=None)
    return replace(_own(leader, holding, name, 0), payment_setup_url=None)


def _own(person: Person, holding: Holding, name: str, index: int) -> Membership:
    seed = _place(person, name, index)
    started, ends = parse_instant(holding.starts(), person.opened_at), holding.over()
    method = method_named(person, holding.payment_method) if holding.payment_method else None
    number = seed.child("number").digits(10)
    unpaid = holding.status in REASONS
    return Membership(
        id=seed.uuid(),
        site_id=uuid_of("site", holding_of(person).site),
        status=holding.status,
        attention_reason=holding.attention or REASONS.get(holding.status),
        source=holding.source,
        start_date=started,
        end_date=parse_instant(ends, person.opened_at) if ends else None,
        next_billing_date=None,
        created_at=min(started, person.opened_at),
        basket_id=seed.child("basket").hex24() if holding.source != "import" else None,
        external_ref=f"OLD-{number[-6:]}" if holding.source == "import" else None,
        membership_number=number,
        members=_members(person, holding, seed, number),
        type=type_of(person.catalogue, holding.rate),
        rate=rate_of(person.catalogue, holding.rate),
        payment_method=method.summary() if method else None,
        next_charge=None,
        payment_setup_url=f"https://pay.example.com/setup/{seed.hex24()}" if unpaid else None,
    )


def _members(
    person: Person, holding: Holding, seed: Seed, number: str
) -> Sequence[MembershipMember]:
    others = [
        MembershipMember(
            person.personas[name].customer_id, seed.child(name).digits(10), is_lead=False
        )
        for name in holding.members
    ]
    return [MembershipMember(person.customer_id, number, is_lead=True), *others]


# A membership brings a charge for each period that it was billed for.
MEMBERSHIPS = Kind(
    "memberships", Holding, make, state="status", cost=50, follow=Membership.periods_until
)


def _place(person: Person, name: str, index: int) -> Seed:
    return person.seed.child("memberships", name, index)


def _id_of_lead(person: Person, lead: str) -> str:
    who, _, name = lead.partition("/")
    return id_of(person.personas[who], name)


def id_of(person: Person, name: str) -> str:
    """The id of a membership by its name in the scenario."""
    lead = held_memberships(person)[name].lead
    return _id_of_lead(person, lead) if lead else _place(person, name, 0).uuid()


def led_memberships(person: Person) -> Iterator[tuple[Membership, Holding]]:
    """Each membership that a person leads, with what the scenario says of it."""
    by_id = {each.id: each for each in person.all(MEMBERSHIPS)}
    for name, holding in held_memberships(person).items():
        for index in range(0 if holding.lead else holding.count):
            yield by_id[_place(person, name, index).uuid()], holding


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    return {"memberships": len(account.all(MEMBERSHIPS))}


@operation("listMyAccountMemberships")
def list_memberships(account: Account) -> Sequence[Membership]:
    """Every membership, as it is now."""
    unpaid = set(_unpaid(account))
    return [_with_failed_charge(each.at(account.now), unpaid) for each in account.all(MEMBERSHIPS)]


def _with_failed_charge(membership: Membership, unpaid: set[str]) -> Membership:
    """A charge that failed needs attention (MEMBER-02)."""
    if membership.status != "active" or membership.id not in unpaid:
        return membership
    return replace(membership, status="needs_attention", attention_reason="payment_failed")


def _unpaid(account: Account) -> Iterator[str]:
    """The memberships of which a charge failed since the world was opened."""
    person, now = account.person, account.now
    leads = {
        holding.lead.partition("/")[0]
        for holding in held_memberships(person).values()
        if holding.lead
    }
    for lead in (person, *map(person.personas.__getitem__, leads)):
        for membership, holding in led_memberships(lead):
            due = (at for at in membership.billed_until(now) if at > person.opened_at)
            if holding.billing == "fails" and any(membership.decided_at(at) <= now for at in due):
                yield membership.id
