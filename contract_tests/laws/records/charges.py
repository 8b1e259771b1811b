"""Charges: their order, their states, their amounts."""

from datetime import datetime

from contract_tests.actor import Record
from contract_tests.document import Operation
from contract_tests.exchange import instant
from contract_tests.law import law
from contract_tests.laws.comparison import TOLERANCE
from contract_tests.laws.records.record import (
    check_membership,
    check_sorted,
    distinct_records,
    raise_violation,
    rate_of,
    record_law,
    require_some,
)
from contract_tests.session import Session

FAILED = ("failed", "errored")
PENDING = ("preparing", "processing")


@law("CHARGES-01")
def charges_come_newest_first(session: Session, operation: Operation) -> None:
    check_sorted(session, operation, "newest first, then by id", _newest_first)


def _newest_first(charge: Record) -> tuple[float, str]:
    return -instant(charge["billed_at"]).timestamp(), charge["id"]


@record_law("CHARGES-02")
def a_reason_is_given_exactly_for_failures(charge: Record) -> str | None:
    has_reason, failed = charge["failure_reason"] is not None, charge["status"] in FAILED
    expected = f"{'a' if failed else 'no'} failure_reason, as it is {charge['status']}"
    return None if has_reason == failed else f"{expected}; got {charge['failure_reason']}"


@record_law("CHARGES-03")
def what_is_pending_is_not_completed(charge: Record) -> str | None:
    done, pending = charge["completed_at"] is not None, charge["status"] in PENDING
    expected = f"{'no' if pending else 'a'} completed_at, as it is {charge['status']}"
    return None if done != pending else f"{expected}; got {charge['completed_at']}"


@record_law("CHARGES-04")
def no_charge_lies_in_the_future(charge: Record, now: datetime) -> str | None:
    now += TOLERANCE
    due = charge["billed_at"]
    return f"billed by {now}; got {due}" if instant(due) > now else None


@law("CHARGES-05")
def a_charge_is_for_a_membership_of_the_customer(session: Session, operation: Operation) -> None:
    for customer, exchange, charge in distinct_records(session, operation):
        check_membership(customer, charge, exchange)


@law("CHARGES-06")
def a_charge_is_the_price_or_the_joining_fee(session: Session, operation: Operation) -> None:
    for customer, exchange, charge in distinct_records(session, operation):
        answer, rate = rate_of(customer, charge)
        field = "joining_fee" if charge["type"] == "joining_fee" else "price"
        if rate and charge["amount"] != rate[field]:
            finding = f"{rate[field]}, the {field}; got {charge['amount']}"
            raise_violation(finding, charge, exchange, answer)


@record_law("CHARGES-07")
def a_charge_is_completed_after_it_was_billed_and_by_now(
    charge: Record, now: datetime
) -> str | None:
    now += TOLERANCE
    done, billed = charge["completed_at"], charge["billed_at"]
    if done is None or instant(billed) <= instant(done) <= now:
        return None
    return f"a completed_at from {billed} to {now}; got {done}"


@law("CHARGES-08")
def a_charge_is_in_the_currency_of_the_rate(session: Session, operation: Operation) -> None:
    for customer, exchange, charge in distinct_records(session, operation):
        answer, rate = rate_of(customer, charge)
        if rate and charge["currency"].upper() != rate["currency"].upper():
            finding = f"{rate['currency']}; got {charge['currency']}"
            raise_violation(finding, charge, exchange, answer)


@law("CHARGES-09")
def a_joining_fee_is_charged_once(session: Session, operation: Operation) -> None:
    for customer in session.customers:
        answer = customer.cached_call(operation)
        fees: dict[str, Record] = {}
        for charge in answer.records if answer.fits else ():
            if charge["type"] != "joining_fee" or charge["status"] in (*FAILED, "refunded"):
                continue
            first = fees.setdefault(charge["membership_id"], charge)
            if first is not charge:
                raise_violation(f"one joining fee; got {first['id']} besides", charge, answer)
    require_some(any(distinct_records(session, operation)), "any")
