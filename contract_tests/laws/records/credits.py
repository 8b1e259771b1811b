"""Credits: what single ones say of themselves."""

from datetime import datetime

from contract_tests.actor import Record
from contract_tests.document import Operation
from contract_tests.exchange import instant
from contract_tests.law import NotCovered, law
from contract_tests.laws.comparison import TOLERANCE
from contract_tests.laws.records.record import (
    check_membership,
    distinct_records,
    raise_violation,
    record_law,
)
from contract_tests.session import Session


@law("CREDITS-10")
def a_credit_is_of_the_customers_membership(session: Session, operation: Operation) -> None:
    for customer, exchange, credit in distinct_records(session, operation):
        check_membership(customer, credit, exchange, None)


@law("CREDITS-11")
def a_multi_use_credit_is_never_redeemed(session: Session, operation: Operation) -> None:
    multi_use = [each for _, _, each in distinct_records(session, operation) if each["multi_use"]]
    if not multi_use:
        raise NotCovered("no customer has a multi-use credit")
    for _, exchange, credit in distinct_records(session, operation):
        if credit["multi_use"] and credit["redeemed_at"]:
            raise_violation(f"no redeemed_at; got {credit['redeemed_at']}", credit, exchange)


@record_law("CREDITS-12")
def revoked_at_is_always_null(credit: Record) -> str | None:
    return f"null; got {credit['revoked_at']}" if credit["revoked_at"] else None


@record_law("CREDITS-13")
def a_credit_was_issued_and_redeemed_by_now_in_that_order(
    credit: Record, now: datetime
) -> str | None:
    now += TOLERANCE
    issued, redeemed = credit["issued_at"], credit["redeemed_at"]
    if instant(issued) > now:
        return f"an issued_at by {now}; got {issued}"
    if redeemed and not instant(issued) <= instant(redeemed) <= now:
        return f"a redeemed_at from {issued} to {now}; got {redeemed}"
    return None
