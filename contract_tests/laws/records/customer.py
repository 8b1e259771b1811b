"""The customer: their names and their address."""

from datetime import datetime

from contract_tests.actor import Record
from contract_tests.laws.comparison import TOLERANCE
from contract_tests.laws.records.record import instant, record_law


@record_law("CUSTOMER-01")
def the_email_is_lower_case(record: Record) -> str | None:
    email = record["email"]
    return f"{email.lower()}; got {email}" if email and email != email.lower() else None


@record_law("CUSTOMER-02")
def the_full_name_is_the_names_joined(account: Record) -> str | None:
    parts = [account[key] for key in ("first_name", "last_name") if account[key]]
    full = " ".join(parts) or None
    return None if account["full_name"] == full else f"{full}; got {account['full_name']}"


@record_law("CUSTOMER-03")
def who_is_answered_is_neither_locked_nor_anonymised(account: Record, now: datetime) -> str | None:
    for name in ("locked_at", "deleted_at"):
        if account[name] and instant(account[name]) < now - TOLERANCE:
            return f"{name} null, or ahead; got {account[name]}"
    return None


@record_law("CUSTOMER-04")
def the_avatar_is_the_one_that_is_named(account: Record) -> str | None:
    avatar = account["avatar"] and account["avatar"]["id"]
    return None if account["avatar_id"] == avatar else f"{avatar}; got {account['avatar_id']}"
