"""Charges: what is collected for the memberships that a customer leads."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from mock_server.http.operation import operation
from mock_server.resources import memberships
from mock_server.resources.holding import Count
from mock_server.resources.memberships import Membership
from mock_server.resources.memberships.holding import held_memberships
from mock_server.resources.payment_methods import PaymentMethodSummary
from mock_server.worlds.account import Account, Kind, Mistake, Person
from mock_server.worlds.catalogue import unknown_name
from mock_server.worlds.moments import parse_instant
from mock_server.worlds.seed import Seed

Status = Literal["preparing", "processing", "succeeded", "failed", "errored", "refunded"]
Outcome = Literal["succeeded", "failed", "errored", "refunded"]
Type = Literal["joining_fee", "pro_rata", "recurring"]
UNBILLED = ("reserved", "upcoming", "needs_dd_mandate")
PREPARING = timedelta(days=1)
REASONS: Mapping[str, tuple[str, ...]] = {
    "failed": ("Insufficient funds.", "The bank declined the payment.", "The limit was reached."),
    "errored": ("The payment processor did not answer.", "The mandate could not be read."),
}


class Charge(Struct, frozen=True):
    """`Charge` of the document."""

    id: str
    membership_id: str
    customer_id: str
    type: Type
    description: str
    amount: int
    currency: str
    status: Status
    failure_reason: str | None
    payment_method: PaymentMethodSummary | None
    billed_at: datetime
    completed_at: datetime | None
    created_at: datetime


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`charges:` of a persona: how the latest charges ended that were decided, newest first."""

    status: Outcome = "failed"
    count: Count = 1
    membership: str | None = None
    """Of which membership; of any, if not given."""
    billed: str | None = None
    """On which day it fell due, as a date or a moment; the latest, if not given."""

    def problems(self, person: Person) -> Iterator[Mistake]:
        """What is wrong with it in a scenario."""
        if self.membership is not None:
            held = held_memberships(person)
            led = {name: each for name, each in held.items() if each.lead is None}
            place = person.place("memberships", self.membership)
            yield Mistake(unknown_name("membership", self.membership, led), ("membership", place))
        if self.billed is not None:
            yield Mistake(_problem_of_day(self.billed, person), ("billed",))


class Due(Struct, frozen=True):
    """An amount that falls due at an instant."""

    id: str
    membership: Membership
    type: Type
    billed_at: datetime
    outcome: Outcome
    """How it ends, unless the scenario says otherwise."""

    @property
    def decided_at(self) -> datetime:
        return self.membership.decided_at(self.billed_at)

    def status(self, outcome: Outcome, now: datetime) -> Status:
        """Bank debits take their days; cards are decided at once."""
        if self.decided_at <= now:
            return outcome
        return "preparing" if now < self.billed_at + PREPARING else "processing"


class Ending(Struct, frozen=True):
    """How a scenario says that a charge ended."""

    charge_id: str
    outcome: Outcome


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[Ending]:
    """
    The charges that ended otherwise than usual; all charges follow from the memberships' dates.

    Raises:
        ValueError: more have ended so than were decided when the world was opened.
    """
    decided = [due for due in _dues(person, person.opened_at) if due.decided_at <= person.opened_at]
    decided.sort(key=_newest_first)
    return [
        Ending(_take(decided, holding, person).id, holding.status)
        for holding in holdings.values()
        for _ in range(holding.count)
    ]


def _day(text: str, person: Person) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return parse_instant(text, person.opened_at).date()


def _problem_of_day(text: str, person: Person) -> str | None:
    try:
        _day(text, person)
    except ValueError as error:
        return f"billed {error}, nor a date such as 2026-03-01"
    return None


def _take(decided: list[Due], holding: Holding, person: Person) -> Due:
    membership_id = holding.membership and memberships.id_of(person, holding.membership)
    candidates = [due for due in decided if membership_id in (None, due.membership.id)]
    day = _day(holding.billed, person) if holding.billed else None
    for due in candidates:
        if day is None or due.billed_at.date() == day:
            decided.remove(due)
            return due
    if day is not None and candidates:
        billed_on = {due.billed_at.date() for due in candidates}
        near = sorted(billed_on, key=lambda each: abs(each - day))
        days = " or ".join(map(str, near[:2]))
        raise ValueError(f"nothing (more) was billed on {day} and decided by now; say {days}")
    raise ValueError(
        f"more charges are '{holding.status}' than were decided by now; "
        "let a membership have started earlier, or say fewer"
    )


CHARGES = Kind("charges", Holding, make, state="status")


def _newest_first(charge: Due) -> tuple[float, str]:
    return -charge.billed_at.timestamp(), charge.id


def _charges(account: Account) -> list[Charge]:
    """Every charge up to now, newest first, then by id (CHARGES-01, CHARGES-04)."""
    ended = {each.charge_id: each.outcome for each in account.all(CHARGES)}
    dues = sorted(_dues(account.person, account.now), key=_newest_first)
    return [
        _charge(account, due, due.status(ended.get(due.id, due.outcome), account.now))
        for due in dues
    ]


def _dues(person: Person, now: datetime) -> Iterator[Due]:
    for membership, holding in memberships.led_memberships(person):
        if membership.at(now).status in UNBILLED:
            continue
        for index, billed_at in enumerate(membership.billed_until(now)):
            fails = holding.billing == "fails" and billed_at > person.opened_at
            outcome: Outcome = "failed" if fails else "succeeded"
            if index == 0 and membership.rate.joining_fee:
                id = _place(person, membership, -1).uuid()
                yield Due(id, membership, "joining_fee", billed_at, outcome)
            id, type = _place(person, membership, index).uuid(), _type(index)
            yield Due(id, membership, type, billed_at, outcome)


def _type(index: int) -> Type:
    return "recurring" if index else "pro_rata"


def _place(person: Person, membership: Membership, index: int) -> Seed:
    return person.seed.child("charges", membership.id, index)


def _charge(account: Account, due: Due, status: Status) -> Charge:
    membership, rate = due.membership, due.membership.rate
    what = {
        "joining_fee": "joining fee",
        "pro_rata": "first period",
        "recurring": rate.name.lower(),
    }
    reasons = REASONS.get(status)
    return Charge(
        id=due.id,
        membership_id=membership.id,
        customer_id=account.customer_id,
        type=due.type,
        description=f"{membership.type.name}, {what[due.type]}",
        amount=rate.joining_fee if due.type == "joining_fee" else rate.price,
        currency=rate.currency,
        status=status,
        failure_reason=Seed(due.id).pick(reasons) if reasons else None,
        payment_method=membership.payment_method,
        billed_at=due.billed_at,
        completed_at=due.decided_at if due.decided_at <= account.now else None,
        created_at=due.billed_at,
    )


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    return {"charges": sum(1 for _ in _dues(account.person, account.now))}


@operation("listMyAccountCharges")
def list_charges(account: Account) -> Sequence[Charge]:
    """Every charge up to now."""
    return _charges(account)
