"""Marketing preferences: what a customer can consent to, opt-in and opt-out."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from mock_server.http import problems
from mock_server.http.operation import operation
from mock_server.resources.customer import holding_of, organisation
from mock_server.resources.holding import CATALOGUE
from mock_server.worlds.account import Account, Consent, Kind, Mistake, Person
from mock_server.worlds.catalogue import FOUNDED, NAMES, PreferenceName, unknown_name, uuid_of

APART = timedelta(days=97)
"""Between one preference of the catalogue and the next."""


class MarketingPreference(Struct, frozen=True):
    """`MarketingPreference` of the document."""

    id: str
    text: str
    organisation_id: str
    created_at: datetime
    updated_at: datetime
    opted_in: bool


AllOrNone = Annotated[str, Meta(extra_json_schema={NAMES: ("all", "none")})]


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`marketing_preferences:` of a persona."""

    opted_in: tuple[PreferenceName, ...] | AllOrNone = "none"
    """Names of preferences, or `all`, or `none`."""

    def problems(self, person: Person) -> Iterator[Mistake]:
        """What is wrong with it in a scenario."""
        if isinstance(self.opted_in, str):
            known = ("all", "none", "a list of names")
            yield Mistake(unknown_name("opted_in", self.opted_in, known), ("opted_in",))
            return
        where = ("opted_in", person.place("customer", "site"), CATALOGUE)
        for name in self.opted_in:
            yield Mistake(_not_available(name, person), where)

    def includes(self, name: str) -> bool:
        """Whether the customer had opted in when the world was opened."""
        if isinstance(self.opted_in, str):
            return self.opted_in == "all"
        return name in self.opted_in


def _not_available(name: str, person: Person) -> str | None:
    site, preference = holding_of(person).site, person.catalogue.preferences.get(name)
    if preference is not None and preference.archived:
        return f"at {site}, preference '{name}' is archived: nobody is asked for it any more"
    return unknown_name(f"at {site}, preference", name, person.catalogue.preferences_at(site))


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[MarketingPreference]:
    """Every preference available to the customer (PREF-01), by created_at, then id (PREF-02)."""
    holding = holdings.get("self", Holding())
    created = {name: FOUNDED + APART * n for n, name in enumerate(person.catalogue.preferences)}
    available = [
        MarketingPreference(
            id=uuid_of("preference", name),
            text=preference.text,
            organisation_id=uuid_of("organisation", preference.organisation),
            created_at=created[name],
            updated_at=created[name] + timedelta(days=30),
            opted_in=holding.includes(name),
        )
        for name, preference in person.catalogue.preferences_at(holding_of(person).site).items()
    ]
    return sorted(available, key=lambda each: (each.created_at, each.id))


MARKETING_PREFERENCES = Kind("marketing_preferences", Holding, make, single=True)


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    return {
        "own_preferences": [each.id for each in account.all(MARKETING_PREFERENCES)],
        "foreign_preference": next(iter(sorted(_foreign(account.person))), None),
    }


def names_of(person: Person) -> dict[str, str]:
    """The names that a scenario file has for a customer's preferences, by id."""
    available = person.catalogue.preferences_at(holding_of(person).site)
    return {uuid_of("preference", name): name for name in available}


def _foreign(person: Person) -> set[str]:
    return {
        uuid_of("preference", name)
        for name, preference in person.catalogue.preferences.items()
        if preference.organisation != organisation(person)
    }


@operation("listMyAccountMarketingPreferences")
def list_preferences(account: Account) -> Sequence[MarketingPreference]:
    """Every preference, as the customer last decided."""
    consents = account.consents
    return [
        replace(each, opted_in=consents[each.id]) if each.id in consents else each
        for each in account.all(MARKETING_PREFERENCES)
    ]


@operation("actionMyAccountMarketingPreferenceOptIn")
def opt_in(account: Account, *, marketing_preference_id: str) -> Sequence[MarketingPreference]:
    """
    Consent to one preference.

    Raises:
        Problem: 403 for another organisation's (PREF-06), 404 for none at all (PREF-07).
    """
    return _decide(account, marketing_preference_id, opted_in=True)


@operation("actionMyAccountMarketingPreferenceOptOut")
def opt_out(account: Account, *, marketing_preference_id: str) -> Sequence[MarketingPreference]:
    """
    Take back the consent to one preference.

    Raises:
        Problem: 403 for another organisation's (PREF-06), 404 for none at all (PREF-07).
    """
    return _decide(account, marketing_preference_id, opted_in=False)


def _decide(account: Account, text: str, *, opted_in: bool) -> Sequence[MarketingPreference]:
    # A UUID may come in capitals; the lists have it without.
    id = text.lower()
    if id in _foreign(account.person):
        raise problems.forbidden("This preference belongs to another organisation.").under(
            "PREF-06"
        )
    listed: Sequence[MarketingPreference] = list_preferences.handler(account)
    known = {each.id: each.opted_in for each in listed}
    if id not in known:
        raise problems.not_found("There is no such marketing preference.").under("PREF-07")
    if known[id] == opted_in:
        return listed
    account.apply(Consent(id, opted_in))
    return [replace(each, opted_in=opted_in) if each.id == id else each for each in listed]
