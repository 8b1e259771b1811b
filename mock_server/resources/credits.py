"""Credits: coupons issued to a customer, by a membership's rule or one by one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from mock_server.account import Account, Kind, Person
from mock_server.catalogue import named
from mock_server.moments import moment
from mock_server.operation import operation
from mock_server.resources import memberships
from mock_server.seed import Seed

State = Literal["open", "redeemed", "expired", "redeemed_expired", "revoked"]
NEVER = "never"
COUPONS = {
    "MASSAGE": ("Monthly massage", "One 60-minute massage a month, included in your membership"),
    "GUEST": ("Guest pass", "Bring a friend for a day"),
    "THERMAL": ("Thermal suite visit", "Three hours in the thermal suite"),
    "PADEL": ("Padel hour", "One hour on any court, off-peak"),
    "WELCOME": ("Welcome gift", "20 pounds towards a first treatment"),
}


class Dates(Struct, frozen=True):
    """When a credit of some state was issued, expires, and was redeemed, unless told otherwise."""

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
    count: int = 1
    issued: str | None = None
    expires: str | None = None
    """A moment, or `never`."""
    redeemed: str | None = None
    membership: str | None = None
    """The name of the membership that gave it; none for a one-off."""
    multi_use: bool = False
    coupon: str | None = None

    def problems(self, person: Person) -> Iterator[str | None]:
        """What is wrong with it in a scenario."""
        if self.membership is not None:
            yield named("membership", self.membership, person.holdings.get("memberships", {}))
        if self.multi_use and self.state in ("redeemed", "redeemed_expired"):
            yield f"a multi-use credit is never redeemed, so it cannot be '{self.state}'"


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[Credit]:
    """Soonest to expire first, those without expiry last, then by id (CREDITS-07)."""
    made = [
        _credit(person, holding, person.seed.child("credits", name, index), index)
        for name, holding in holdings.items()
        for index in range(holding.count)
    ]
    return sorted(made, key=_order)


def _order(credit: Credit) -> tuple[bool, datetime, str]:
    return credit.expires_at is None, credit.expires_at or credit.issued_at.min, credit.id


def _credit(person: Person, holding: Holding, seed: Seed, index: int) -> Credit:
    usual, step = USUAL[holding.state], timedelta(days=index)
    issued = moment(holding.issued or usual.issued, person.opened)
    redeemed = holding.redeemed or usual.redeemed
    expires = holding.expires or usual.expires
    code = holding.coupon or seed.child("coupon").pick(list(COUPONS))
    name, description = COUPONS.get(code.upper(), (code.capitalize(), None))
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
        expires_at=None if expires == NEVER else moment(expires, person.opened) + step,
        redeemed_at=moment(redeemed, person.opened) if redeemed else None,
        revoked_at=issued + timedelta(days=1) if holding.state == "revoked" else None,
    )


CREDITS = Kind("credits", Holding, make, state="state")


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know: ids by state, at this instant."""
    found: dict[str, list[str]] = {
        f"{state}_credits": []
        for state in ("live", "redeemed", "expired", "redeemed_expired", "revoked")
    }
    for credit in account.all(CREDITS):
        found[f"{_state(credit, account.now)}_credits"].append(credit.id)
    return found


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
