"""Charges: what is collected for the memberships that a customer leads."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from mock_server.account import Account, Kind, Person
from mock_server.moments import working_days_after
from mock_server.operation import operation
from mock_server.resources import memberships
from mock_server.resources.memberships import Membership
from mock_server.resources.payment_methods import PaymentMethodSummary

Status = Literal["preparing", "processing", "succeeded", "failed", "errored", "refunded"]
Outcome = Literal["succeeded", "failed", "errored", "refunded"]
Type = Literal["joining_fee", "pro_rata", "recurring"]
UNBILLED = ("reserved", "upcoming", "needs_dd_mandate")
CARD_TAKES = timedelta(seconds=3)
PREPARING = timedelta(days=1)
DIRECT_DEBIT_WORKING_DAYS = 7
REASONS: Mapping[str, tuple[str, ...]] = {
    "failed": ("Insufficient funds.", "The card has expired.", "The bank declined the payment."),
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
    """`charges:` of a persona: how the latest settled charges ended, newest first."""

    status: Outcome = "failed"
    count: int = 1


class Due(Struct, frozen=True):
    """An amount that falls due at an instant."""

    membership: Membership
    type: Type
    billed_at: datetime
    outcome: Outcome
    index: int

    @property
    def settled_at(self) -> datetime:
        method = self.membership.payment_method
        if method is None or method.type == "card":
            return self.billed_at + CARD_TAKES
        return working_days_after(self.billed_at, DIRECT_DEBIT_WORKING_DAYS)

    def status(self, now: datetime) -> Status:
        """Bank debits take their days; cards are decided at once."""
        if self.settled_at <= now:
            return self.outcome
        return "preparing" if now < self.billed_at + PREPARING else "processing"


def make(person: Person, holdings: Mapping[str, Holding]) -> Sequence[Outcome]:
    """How the latest settled charges ended, newest first; the charges follow from the dates."""
    return [holding.status for holding in holdings.values() for _ in range(holding.count)]


CHARGES = Kind("charges", Holding, make, state="status")


def _charges(account: Account) -> list[Charge]:
    """Every charge up to now, newest first, then by id (CHARGES-01, CHARGES-04)."""
    person, outcomes = account.person, list(account.all(CHARGES))
    found = []
    for due in sorted(_dues(person, account.now), key=lambda due: due.billed_at, reverse=True):
        ended = due
        if outcomes and due.settled_at <= person.opened:
            ended = Due(due.membership, due.type, due.billed_at, outcomes.pop(0), due.index)
        found.append(_charge(person, ended, account.now))
    return sorted(found, key=lambda charge: (-charge.billed_at.timestamp(), charge.id))


def _dues(person: Person, now: datetime) -> Iterator[Due]:
    for name, holding in person.holdings.get("memberships", {}).items():
        if holding.lead is None:
            membership = memberships.named_of(person, name)
            yield from _dues_of(membership, holding, person.opened, now)


def _dues_of(
    membership: Membership, holding: memberships.Holding, opened: datetime, now: datetime
) -> Iterator[Due]:
    if membership.at(now).status in UNBILLED:
        return
    for index, billed_at in enumerate(membership.billed_until(now)):
        fails = holding.billing == "fails" and billed_at > opened
        outcome: Outcome = "failed" if fails else "succeeded"
        if index == 0 and membership.rate.joining_fee:
            yield Due(membership, "joining_fee", billed_at, outcome, -1)
        yield Due(membership, "recurring" if index else "pro_rata", billed_at, outcome, index)


def _charge(person: Person, due: Due, now: datetime) -> Charge:
    membership, rate, status = due.membership, due.membership.rate, due.status(now)
    seed = person.seed.child("charges", membership.id, due.index)
    what = {
        "joining_fee": "joining fee",
        "pro_rata": "first period",
        "recurring": rate.name.lower(),
    }
    reasons = REASONS.get(status)
    return Charge(
        id=seed.uuid(),
        membership_id=membership.id,
        customer_id=person.customer_id,
        type=due.type,
        description=f"{membership.type.name}, {what[due.type]}",
        amount=rate.joining_fee if due.type == "joining_fee" else rate.price,
        currency=rate.currency,
        status=status,
        failure_reason=seed.child("reason").pick(reasons) if reasons else None,
        payment_method=membership.payment_method,
        billed_at=due.billed_at,
        completed_at=due.settled_at if due.settled_at <= now else None,
        created_at=due.billed_at,
    )


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    return {"charges": len(_charges(account))}


@operation("listMyAccountCharges")
def list_charges(account: Account) -> Sequence[Charge]:
    """Every charge up to now."""
    return _charges(account)
