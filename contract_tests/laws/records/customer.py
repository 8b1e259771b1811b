"""The customer: their names and their address."""

from contract_tests.actor import Record
from contract_tests.document import Operation
from contract_tests.law import law
from contract_tests.laws.comparison import TOLERANCE
from contract_tests.laws.records.record import check_every, instant
from contract_tests.session import Session


@law("CUSTOMER-01")
def the_email_is_lower_case(session: Session, operation: Operation) -> None:
    def violation_in(record: Record) -> str | None:
        email = record["email"]
        return f"{email.lower()}; got {email}" if email and email != email.lower() else None

    check_every(session, operation, violation_in)


@law("CUSTOMER-02")
def the_full_name_is_the_names_joined(session: Session, operation: Operation) -> None:
    def violation_in(account: Record) -> str | None:
        parts = [account[key] for key in ("first_name", "last_name") if account[key]]
        full = " ".join(parts) or None
        return None if account["full_name"] == full else f"{full}; got {account['full_name']}"

    check_every(session, operation, violation_in)


@law("CUSTOMER-03")
def who_is_answered_is_neither_locked_nor_anonymised(
    session: Session, operation: Operation
) -> None:
    now = session.client.now() - TOLERANCE

    def violation_in(account: Record) -> str | None:
        for name in ("locked_at", "deleted_at"):
            if account[name] and instant(account[name]) < now:
                return f"{name} null, or ahead; got {account[name]}"
        return None

    check_every(session, operation, violation_in)


@law("CUSTOMER-04")
def the_avatar_is_the_one_that_is_named(session: Session, operation: Operation) -> None:
    def violation_in(account: Record) -> str | None:
        avatar = account["avatar"] and account["avatar"]["id"]
        return None if account["avatar_id"] == avatar else f"{avatar}; got {account['avatar_id']}"

    check_every(session, operation, violation_in)
