"""The customer: their names and their address."""

from datetime import datetime, timedelta

from contract_tests.actor import Record
from contract_tests.client import Client, http_date
from contract_tests.document import Operation
from contract_tests.exchange import Exchange, instant
from contract_tests.law import law
from contract_tests.laws.comparison import TOLERANCE
from contract_tests.laws.records.record import raise_violation, record_law
from contract_tests.session import Session

APART = timedelta(seconds=30)
"""How far the clock that dates answers may be from the one that locks accounts."""


@record_law("CUSTOMER-01")
def the_email_is_lower_case(record: Record) -> str | None:
    email = record["email"]
    return f"{email.lower()}; got {email}" if email and email != email.lower() else None


@record_law("CUSTOMER-02")
def the_full_name_is_the_names_joined(account: Record) -> str | None:
    parts = [account[key] for key in ("first_name", "last_name") if account[key]]
    full = " ".join(parts) or None
    return None if account["full_name"] == full else f"{full}; got {account['full_name']}"


@law("CUSTOMER-03")
def who_is_answered_is_neither_locked_nor_anonymised(
    session: Session, operation: Operation
) -> None:
    for _, exchange in session.successes(operation):
        account = exchange.data
        for name in ("locked_at", "deleted_at"):
            if account[name] and instant(account[name]) < _answered_at(session.client, exchange):
                finding = f"{name} null, or ahead; got {account[name]}"
                raise_violation(finding, account, exchange)


def _answered_at(client: Client, exchange: Exchange) -> datetime:
    """The earliest that an answer can have been given, by the target's clock."""
    date = http_date(exchange.headers.get("date", ""))
    return date - APART if date and not client.target.now else client.now() - TOLERANCE


@record_law("CUSTOMER-04")
def the_avatar_is_the_one_that_is_named(account: Record) -> str | None:
    avatar = account["avatar"] and account["avatar"]["id"]
    return None if account["avatar_id"] == avatar else f"{avatar}; got {account['avatar_id']}"
