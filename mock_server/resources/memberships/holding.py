"""What a scenario says of a membership, and what can be wrong with it."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Literal

from msgspec import Struct

from mock_server.resources.customer import about
from mock_server.resources.holding import NOW, Count, out_of_order
from mock_server.worlds.account import Person
from mock_server.worlds.catalogue import RateName, named

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
Source = Literal["self_signup", "app", "import", "unknown"]
REASONS: Mapping[str, Reason] = {
    "needs_attention": "payment_failed",
    "needs_dd_mandate": "no_mandate",
}
STARTED: Mapping[str, str] = {"upcoming": "P10D", "reserved": "P5D", "needs_dd_mandate": "P3D"}
ENDED: Mapping[str, str] = {"expired": "-P40D", "inactive": "-P25D"}


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`memberships:` of a persona, by a name of its own."""

    rate: RateName = "thermal-monthly"
    status: Status = "active"
    count: Count = 1
    attention: Reason | None = None
    started: str | None = None
    ends: str | None = None
    payment_method: str | None = None
    source: Source = "self_signup"
    members: tuple[str, ...] = ()
    """Other personas who are members too; each says `lead` of it."""
    lead: str | None = None
    """`PERSONA/NAME` of the membership that this person is a mere member of."""
    billing: Literal["succeeds", "fails"] = "succeeds"
    """How charges end that fall due after the world was opened."""

    def starts(self) -> str:
        """When it began or will begin, as usual for its status if it is not said."""
        return self.started or STARTED.get(self.status, "-P14M")

    def over(self) -> str | None:
        """When it ended or will end, if it does."""
        return self.ends or ENDED.get(self.status)

    def problems(self, person: Person) -> Iterator[str | None]:
        """What is wrong with it in a scenario."""
        if self.lead is not None:
            return _of_a_member(person, self, self.lead)
        return chain(_of_terms(person, self), _of_dates(person, self), _of_members(person, self))


def said(person: Person) -> Mapping[str, Holding]:
    """The memberships that a person holds, by the names that other holdings may use."""
    held: Mapping[str, Holding] = person.holdings.get("memberships", {})
    return {name: holding for name, holding in held.items() if holding.count}


def _of_terms(person: Person, holding: Holding) -> Iterator[str | None]:
    site = about(person).site
    yield named(f"at {site}, rate", holding.rate, person.catalogue.rates_at(site))
    if holding.payment_method is not None:
        known = person.holdings.get("payment_methods", {})
        yield named("payment method", holding.payment_method, known)
    if holding.attention is not None and holding.status not in REASONS:
        yield f"attention is for {' and '.join(REASONS)}; the status is '{holding.status}'"


def _of_dates(person: Person, holding: Holding) -> Iterator[str]:
    started, ends = ("started", holding.starts()), ("ends", holding.over())
    match holding.status:
        case "upcoming":
            return out_of_order(person, NOW, started, ends)
        case "active" | "needs_attention":
            return out_of_order(person, started, NOW, ends)
        case "inactive" | "expired":
            return out_of_order(person, started, ends, NOW)
    return out_of_order(person, started, ends)


def _of_members(person: Person, holding: Holding) -> Iterator[str | None]:
    rate = person.catalogue.rates.get(holding.rate)
    if rate is None or not holding.members or not holding.count:
        return
    most = person.catalogue.membership_types[rate.membership_type].max_members
    if 1 + len(holding.members) > most:
        yield f"'{rate.membership_type}' is for {most} at most, the one who leads it included"
    name = next(name for name, each in said(person).items() if each is holding)
    for who in holding.members:
        yield named("persona", who, person.fellows) or _not_mutual(person, name, who)


def _not_mutual(person: Person, name: str, who: str) -> str | None:
    other, this = person.fellows[who], f"{person.name}/{name}"
    sites = person.catalogue.sites
    if other is person:
        return f"{who} leads it, and so is a member anyway"
    if not any(each.lead == this for each in said(other).values()):
        return f"{who} does not hold it; give {who} a membership of `{{lead: {this}}}`"
    if wrong := named(f"{who}: site", about(other).site, sites):
        return wrong
    if sites[about(other).site].brand != sites[about(person).site].brand:
        return f"{who} is a customer of another brand"
    return None


def _of_a_member(person: Person, holding: Holding, lead: str) -> Iterator[str | None]:
    who, _, name = lead.partition("/")
    theirs = person.fellows.get(who)
    if theirs is None or name not in said(theirs):
        yield named("lead", lead, _to_be_shared(person))
        return
    if holding != Holding(lead=lead):
        yield f"only `lead` is said of a shared membership; the rest is said of {lead}"
    if person.name not in said(theirs)[name].members:
        yield f"{lead} does not name {person.name} among its members"
        return
    # It is made of what is said there, which may not have been checked yet.
    checked = chain(about(theirs).problems(theirs), said(theirs)[name].problems(theirs))
    yield from (f"{lead}: {wrong}" for wrong in checked if wrong)


def _to_be_shared(person: Person) -> Mapping[str, Holding]:
    return {
        f"{who}/{name}": holding
        for who, fellow in person.fellows.items()
        for name, holding in said(fellow).items()
        if person.name in holding.members
    }
