"""Credits: coupons issued to a customer, by a membership's rule or one by one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from mock_server.http.operation import operation
from mock_server.resources import memberships
from mock_server.resources.holding import NOW, Count, out_of_order
from mock_server.resources.memberships.holding import held_memberships
from mock_server.worlds.account import Account, Kind, Mistake, Person
from mock_server.worlds.catalogue import NAMES, unknown_name
from mock_server.worlds.moments import parse_instant
from mock_server.worlds.seed import Seed

State = Literal["open", "redeemed", "expired", "redeemed_expired", "revoked"]
NEVER = "never"
COUPONS = {
    "MASSAGE": ("Monthly massage", "One 60-minute massage a month, included in your membership"),
    "GUEST": ("Guest pass", "Bring a friend for a day"),
    "THERMAL": ("Thermal suite visit", "Three hours in the thermal suite"),
    "PADEL": ("Padel hour", "One hour on any court, off-peak"),
    "WELCOME": ("Welcome gift", "A gift towards a first treatment"),
}
EXPIRED = ("expired", "redeemed_expired")


class Dates(Struct, frozen=True):
    """When a credit was issued, expires, and was redeemed, as scenarios write it."""

    issued: str
    expires: str
    redeemed: str | None = None


USUAL: Mapping[State, Dates] = {
    "open": Dates("-P20D", "P40D"),
    "redeemed": Dates("-P90D", "P60D", "-P30D"),
    "expired": Dates("-P120D", "-P10D"),
    "redeemed_expired": Dates("-P200D", "-P100D", "-P150D"),
    "revoked": Dates("-P50D", "P30D"),
}


class Credit(Struct, frozen=True):
    """`Credit` of the document."""

    id: str
    coupon_id: str
    coupon_name: str
    coupon_description: str | None
    coupon_code: str
    customer_id: str
    membership_id: str | None
    multi_use: bool
    issued_at: datetime
    expires_at: datetime | None
    redeemed_at: datetime | None
    revoked_at: datetime | None

    def expired(self, now: datetime) -> bool:
        """From its expiry on, to the second (CREDITS-08)."""
        return self.expires_at is not None and self.expires_at <= now


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`credits:` of a persona, by a name of its own."""

    state: State = "open"
    count: Count = 1
    issued: str | None = None
    expires: str | None = None
    """A moment, or `never`."""
    redeemed: str | None = None
    membership: str | None = None
    """The name of the membership that gave it; none for a one-off."""
    multi_use: bool = False
    coupon: Annotated[str, Meta(extra_json_schema={NAMES: list(COUPONS)})] | None = None

    def dates(self) -> Dates:
        """What the scenario says, and what is usual for the state where it says nothing."""
        usual = USUAL[self.state]
        return Dates(
            self.issued or usual.issued,
            self.expires or usual.expires,
            self.redeemed or usual.redeemed,
        )

    def problems(self, person: Person) -> Iterator[Mistake]:
        """What is wrong with it in a scenario."""
        if self.membership is not None:
            mistake = unknown_name("membership", self.membership, held_memberships(person))
            place = person.place("memberships", self.membership)
            yield Mistake(mistake, ("membership", place))
        if self.coupon is not None:
            known = [code.lower() for code in COUPONS]
            yield Mistake(unknown_name("coupon", self.coupon.lower(), known), ("coupon",))
        if self.redeemed is not None and USUAL[self.state].redeemed is None:
            what = f"redeemed is said of a credit that is '{self.state}'"
            yield Mistake(what, ("redeemed", "state"))
        if self.multi_use and USUAL[self.state].redeemed is not None:
            what = f"a multi-use credit is never redeemed, so it cannot be '{self.state}'"
            yield Mistake(what, ("multi_use", "state"))
        yield from self._problems_of_dates(person)

    def _problems_of_dates(self, person: Person) -> Iterator[Mistake]:
        dates, is_over = self.dates(), self.state in EXPIRED
        if is_over and dates.expires == NEVER:
            yield Mistake(f"a credit that is '{self.state}' expires", ("expires", "state"))
        issued, redeemed = ("issued", dates.issued), ("redeemed", dates.redeemed)
        expires = ("expires", None if dates.expires == NEVER else dates.expires)
        ends = [expires, NOW] if is_over else [NOW, expires]
        for steps in ([issued, redeemed, NOW], [issued, redeemed, expires], ends):
            yield from out_of_order(person, *steps, state_field="state")


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[Credit]:
    """Soonest to expire first, those without expiry last, then by id (CREDITS-07)."""
    credits = [
        _credit(person, holding, person.seed.child("credits", name, index), index)
        for name, holding in holdings.items()
        for index in range(holding.count)
    ]
    return sorted(credits, key=_order)


def _order(credit: Credit) -> tuple[bool, datetime, str]:
    return credit.expires_at is None, credit.expires_at or credit.issued_at.min, credit.id


def _credit(person: Person, holding: Holding, seed: Seed, index: int) -> Credit:
    dates, code = holding.dates(), holding.coupon or seed.child("coupon").pick(list(COUPONS))
    name, description = COUPONS[code.upper()]
    issued, expires, redeemed = _instants(person, holding, dates, index)
    return Credit(
        id=seed.uuid(),
        coupon_id=f"coupon_{code.lower()}",
        coupon_name=name,
        coupon_description=description,
        coupon_code=f"{code.upper()}-{seed.child('code').digits(4)}",
        customer_id=person.customer_id,
        membership_id=holding.membership and memberships.id_of(person, holding.membership),
        multi_use=holding.multi_use,
        issued_at=issued,
        expires_at=expires,
        redeemed_at=redeemed,
        revoked_at=issued + timedelta(days=1) if holding.state == "revoked" else None,
    )


def _instants(
    person: Person, holding: Holding, dates: Dates, index: int
) -> tuple[datetime, datetime | None, datetime | None]:
    """When it was issued, expires and was redeemed: a day apart, unless the expiry is given."""
    step = timedelta(days=0 if holding.expires else index)
    # What is past goes further back with each, or the eleventh would not have expired yet.
    past = step if holding.state in EXPIRED else timedelta()
    expires = None if dates.expires == NEVER else parse_instant(dates.expires, person.opened_at)
    redeemed = parse_instant(dates.redeemed, person.opened_at) - past if dates.redeemed else None
    later = -past if past else step
    return (
        parse_instant(dates.issued, person.opened_at) - past,
        expires and expires + later,
        redeemed,
    )


CREDITS = Kind("credits", Holding, make, state="state")


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know: ids by state, at this instant."""
    ids: dict[str, list[str]] = {
        f"{state}_credits": []
        for state in ("live", "redeemed", "expired", "redeemed_expired", "revoked")
    }
    for credit in account.all(CREDITS):
        ids[f"{_state(credit, account.now)}_credits"].append(credit.id)
    return ids


def _state(credit: Credit, now: datetime) -> str:
    if credit.revoked_at is not None:
        return "revoked"
    if credit.redeemed_at is not None:
        return "redeemed_expired" if credit.expired(now) else "redeemed"
    return "expired" if credit.expired(now) else "live"


@operation("listMyAccountCredits")
def list_credits(
    account: Account, *, redeemed: bool = False, expired: bool = False
) -> Sequence[Credit]:
    """The credits that can be used, and with them what the flags ask for."""
    return [
        credit
        for credit in account.all(CREDITS)
        if credit.revoked_at is None
        and (redeemed or credit.redeemed_at is None)
        and (expired or not credit.expired(account.now))
    ]
