"""A membership in a scenario, and the mistakes that can be made in one."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Literal

from msgspec import Struct

from mock_server.resources.customer import holding_of
from mock_server.resources.holding import CATALOGUE, NOW, Count, out_of_order
from mock_server.worlds.account import Mistake, Person
from mock_server.worlds.catalogue import RateName, unknown_name

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
        """When it began or will begin; the default depends on its status."""
        return self.started or STARTED.get(self.status, "-P14M")

    def over(self) -> str | None:
        """When it ended or will end, if it does."""
        return self.ends or ENDED.get(self.status)

    def problems(self, person: Person) -> Iterator[Mistake]:
        """What is wrong with it in a scenario."""
        if self.lead is not None:
            return _of_a_member(person, self, self.lead)
        return chain(_of_terms(person, self), _of_dates(person, self), _of_members(person, self))


def held_memberships(person: Person) -> Mapping[str, Holding]:
    """The memberships that a person holds, by the names that other holdings may use."""
    held: Mapping[str, Holding] = person.holdings.get("memberships", {})
    return {name: holding for name, holding in held.items() if holding.count}


def _of_terms(person: Person, holding: Holding) -> Iterator[Mistake]:
    site = holding_of(person).site
    rate = unknown_name(f"at {site}, rate", holding.rate, person.catalogue.rates_at(site))
    yield Mistake(rate, ("rate", person.place("customer", "site"), CATALOGUE))
    if holding.payment_method is not None:
        known = person.holdings.get("payment_methods", {})
        method = unknown_name("payment method", holding.payment_method, known)
        place = person.place("payment_methods", holding.payment_method)
        yield Mistake(method, ("payment_method", place))
    if holding.attention is not None and holding.status not in REASONS:
        what = f"attention is for {' and '.join(REASONS)}; the status is '{holding.status}'"
        yield Mistake(what, ("attention", "status"))


def _of_dates(person: Person, holding: Holding) -> Iterator[Mistake]:
    steps = [("started", holding.starts()), ("ends", holding.over())]
    match holding.status:
        case "upcoming":
            steps.insert(0, NOW)
        case "active" | "needs_attention":
            steps.insert(1, NOW)
        case "inactive" | "expired":
            steps.append(NOW)
    return out_of_order(person, *steps, state_field="status")


def _of_members(person: Person, holding: Holding) -> Iterator[Mistake]:
    rate = person.catalogue.rates.get(holding.rate)
    if rate is None or not holding.members or not holding.count:
        return
    most = person.catalogue.membership_types[rate.membership_type].max_members
    if 1 + len(holding.members) > most:
        what = f"'{rate.membership_type}' is for {most} at most, the one who leads it included"
        yield Mistake(what, ("members", "rate", CATALOGUE))
    name = next(name for name, each in held_memberships(person).items() if each is holding)
    for who in holding.members:
        unknown, their_place = unknown_name("persona", who, person.personas), ("customers", who)
        if unknown:
            yield Mistake(unknown, ("members",))
        else:
            mistake = _not_mutual(person, name, who)
            sites = (person.place("customer", "site"), (*their_place, "customer", "site"))
            yield Mistake(mistake, ("members", (*their_place, "memberships"), *sites, CATALOGUE))


def _not_mutual(person: Person, name: str, who: str) -> str | None:
    other, this = person.personas[who], f"{person.name}/{name}"
    sites = person.catalogue.sites
    if other is person:
        return f"{who} leads it, and so is a member anyway"
    if not any(each.lead == this for each in held_memberships(other).values()):
        return f"{who} does not hold it; give {who} a membership of `{{lead: {this}}}`"
    brands = {sites[site].brand for site in map(_site, (person, other)) if site in sites}
    return f"{who} is a customer of another brand" if len(brands) > 1 else None


def _site(person: Person) -> str:
    return holding_of(person).site


def _of_a_member(person: Person, holding: Holding, lead: str) -> Iterator[Mistake]:
    who, _, name = lead.partition("/")
    leader = person.personas.get(who)
    if leader is None or name not in held_memberships(leader):
        place = ("customers", who, "memberships", name)
        yield Mistake(unknown_name("lead", lead, _to_be_shared(person)), ("lead", place))
        return
    if held_memberships(leader)[name].lead is not None:
        yield Mistake(f"{who} does not lead {lead}, but is a mere member of it", ("lead",))
        return
    if holding != Holding(lead=lead):
        what = f"only `lead` is said of a shared membership; the rest is said of {lead}"
        yield Mistake(what, ("lead",))
    there = leader.place("memberships", name)
    if person.name not in held_memberships(leader)[name].members:
        what = f"{lead} does not name {person.name} among its members"
        yield Mistake(what, ("lead", (*there, "members")))
        return
    # It is made of what is said there, which may be a mistake.
    yield from (
        each.at_place(leader.place("customer")) for each in holding_of(leader).problems(leader)
    )
    yield from (each.at_place(there) for each in held_memberships(leader)[name].problems(leader))


def _to_be_shared(person: Person) -> Mapping[str, Holding]:
    return {
        f"{who}/{name}": holding
        for who, fellow in person.personas.items()
        for name, holding in held_memberships(fellow).items()
        if person.name in holding.members and holding.lead is None
    }
