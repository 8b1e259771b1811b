"""What a scenario says of a membership, and what can be wrong with it."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Literal

from msgspec import Struct

from mock_server.resources.customer import about
from mock_server.resources.holding import CATALOGUE, NOW, Count, out_of_order
from mock_server.worlds.account import Person, Wrong
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

    def problems(self, person: Person) -> Iterator[Wrong]:
        """What is wrong with it in a scenario."""
        if self.lead is not None:
            return _of_a_member(person, self, self.lead)
        return chain(_of_terms(person, self), _of_dates(person, self), _of_members(person, self))


def said(person: Person) -> Mapping[str, Holding]:
    """The memberships that a person holds, by the names that other holdings may use."""
    held: Mapping[str, Holding] = person.holdings.get("memberships", {})
    return {name: holding for name, holding in held.items() if holding.count}


def _of_terms(person: Person, holding: Holding) -> Iterator[Wrong]:
    site = about(person).site
    rate = named(f"at {site}, rate", holding.rate, person.catalogue.rates_at(site))
    yield Wrong(rate, ("rate", person.place("customer", "site"), CATALOGUE))
    if holding.payment_method is not None:
        known = person.holdings.get("payment_methods", {})
        method = named("payment method", holding.payment_method, known)
        yield Wrong(method, ("payment_method", person.place("payment_methods")))
    if holding.attention is not None and holding.status not in REASONS:
        what = f"attention is for {' and '.join(REASONS)}; the status is '{holding.status}'"
        yield Wrong(what, ("attention", "status"))


def _of_dates(person: Person, holding: Holding) -> Iterator[Wrong]:
    steps = [("started", holding.starts()), ("ends", holding.over())]
    match holding.status:
        case "upcoming":
            steps.insert(0, NOW)
        case "active" | "needs_attention":
            steps.insert(1, NOW)
        case "inactive" | "expired":
            steps.append(NOW)
    return out_of_order(person, *steps, given="status")


def _of_members(person: Person, holding: Holding) -> Iterator[Wrong]:
    rate = person.catalogue.rates.get(holding.rate)
    if rate is None or not holding.members or not holding.count:
        return
    most = person.catalogue.membership_types[rate.membership_type].max_members
    if 1 + len(holding.members) > most:
        what = f"'{rate.membership_type}' is for {most} at most, the one who leads it included"
        yield Wrong(what, ("members", "rate", CATALOGUE))
    name = next(name for name, each in said(person).items() if each is holding)
    for who in holding.members:
        unknown, theirs = named("persona", who, person.fellows), ("customers", who)
        if unknown:
            yield Wrong(unknown, ("members",))
        else:
            places = (person.place("customer", "site"), (*theirs, "customer", "site"), CATALOGUE)
            wrong = _not_mutual(person, name, who)
            yield Wrong(wrong, ("members", (*theirs, "memberships"), *places))


def _not_mutual(person: Person, name: str, who: str) -> str | None:
    other, this = person.fellows[who], f"{person.name}/{name}"
    sites = person.catalogue.sites
    if other is person:
        return f"{who} leads it, and so is a member anyway"
    if not any(each.lead == this for each in said(other).values()):
        return f"{who} does not hold it; give {who} a membership of `{{lead: {this}}}`"
    brands = {sites[site].brand for site in map(_site, (person, other)) if site in sites}
    return f"{who} is a customer of another brand" if len(brands) > 1 else None


def _site(person: Person) -> str:
    return about(person).site


def _of_a_member(person: Person, holding: Holding, lead: str) -> Iterator[Wrong]:
    who, _, name = lead.partition("/")
    theirs = person.fellows.get(who)
    if theirs is None or name not in said(theirs):
        yield Wrong(named("lead", lead, _to_be_shared(person)), ("lead", ("customers",)))
        return
    if said(theirs)[name].lead is not None:
        yield Wrong(f"{who} does not lead {lead}, but is a mere member of it", ("lead",))
        return
    if holding != Holding(lead=lead):
        what = f"only `lead` is said of a shared membership; the rest is said of {lead}"
        yield Wrong(what, ("lead",))
    there = theirs.place("memberships", name)
    if person.name not in said(theirs)[name].members:
        what = f"{lead} does not name {person.name} among its members"
        yield Wrong(what, ("lead", (*there, "members")))
        return
    # It is made of what is said there, which may be a mistake.
    yield from (each.told_at(theirs.place("customer")) for each in about(theirs).problems(theirs))
    yield from (each.told_at(there) for each in said(theirs)[name].problems(theirs))


def _to_be_shared(person: Person) -> Mapping[str, Holding]:
    return {
        f"{who}/{name}": holding
        for who, fellow in person.fellows.items()
        for name, holding in said(fellow).items()
        if person.name in holding.members and holding.lead is None
    }
