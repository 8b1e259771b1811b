"""Payment methods, and their short forms in charges and memberships."""

from contract_tests.actor import Customer, Record
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import Violation, law
from contract_tests.laws.records.record import (
    MEMBERSHIPS,
    PAYMENT_METHODS,
    raise_violation,
    record_law,
    require_some,
    short_forms,
)
from contract_tests.session import Session


@law("PAYMENT-01")
def a_direct_debit_has_no_card(session: Session, operation: Operation) -> None:
    debits = 0
    for (_, exchange, record), method in short_forms(session, operation):
        if method["type"] != "direct_debit":
            continue
        debits += 1
        fields = [key for key in method if key.startswith("card_")]
        filled = [key for key in fields if method[key] is not None]
        if filled:
            raise_violation(f"{filled[0]} null; got {method[filled[0]]}", record, exchange)
    require_some(debits, "a direct debit")


def _is_known(customer: Customer, account: Record | None) -> bool | None:
    """Whether a payment processor knows the customer: by a fact, or by their `stripe_id`."""
    fact: bool | None = customer.facts.get("payment_provider")
    if fact is not None or account is None or "stripe_id" not in account:
        return fact
    return account["stripe_id"] is not None


def _accounts_and_methods(session: Session, operation: Operation, *, known: bool) -> list[Exchange]:
    """The customers' own details and payment methods, by whether a processor knows them."""
    accounts = session.accounts
    return [
        exchange
        for customer in session.customers
        if _is_known(customer, accounts.get(customer.name)) is known
        for exchange in (
            customer.cached_call(session.contract.account),
            customer.cached_call(operation),
        )
    ]


@law("PAYMENT-02")
def whom_no_processor_knows_is_not_found(session: Session, operation: Operation) -> None:
    answers = _accounts_and_methods(session, operation, known=False)
    for account, exchange in zip(answers[::2], answers[1::2], strict=True):
        if exchange.status != 404:
            expected, actual = "404, as no payment processor knows the customer", exchange.brief()
            raise Violation(expected=expected, actual=actual, exchange=exchange, after=[account])
    require_some(answers, "no payment processor")


@law("PAYMENT-03")
def a_known_customer_without_methods_has_an_empty_list(
    session: Session, operation: Operation
) -> None:
    answers = _accounts_and_methods(session, operation, known=True)
    for account, exchange in zip(answers[::2], answers[1::2], strict=True):
        if exchange.status in (204, 404):
            expected, actual = "200, as a payment processor knows the customer", exchange.brief()
            raise Violation(expected=expected, actual=actual, exchange=exchange, after=[account])
    empty = [
        customer.cached_call(operation)
        for customer in session.customers
        if customer.facts.get("payment_provider") and customer.facts.get("payment_methods") == 0
    ]
    for exchange in empty:
        if not exchange.ok or exchange.data != []:
            raise Violation(expected="200 []", actual=exchange.brief(), exchange=exchange)
    require_some(empty or any(each.ok and each.data == [] for each in answers), "no payment method")


@law("PAYMENT-04")
def the_last_four_digits_are_text(session: Session, operation: Operation) -> None:
    judged = 0
    for exchange in (each for each in session.exchanges(operation) if each.ok):
        for record in exchange.plain_records:
            own = operation.id == PAYMENT_METHODS
            method = record if own else record.get("payment_method")
            if not isinstance(method, dict):
                continue
            last, judged = method.get("last_4"), judged + 1
            if not (isinstance(last, str) and len(last) == 4 and last.isdecimal()):
                raise_violation(f"four digits as text; got {last!r}", record, exchange)
    require_some(judged, "any")


@law("PAYMENT-05")
def the_short_form_says_what_the_full_one_says(session: Session, operation: Operation) -> None:
    compared = 0
    for (customer, exchange, record), method in short_forms(session, operation):
        full = customer.cached_call(customer.operation(PAYMENT_METHODS))
        names = ["last_4", "card_brand"]
        # Where one of the two knows words that the document does not, they may differ.
        names += [] if full.misfits or exchange.misfits else ["type"]
        # A charge tells how the method stood when it was billed.
        names += ["status"] if "type" in names and operation.id == MEMBERSHIPS else []
        for other in full.records if full.fits else ():
            if other["id"] != method["id"]:
                continue
            compared += 1
            for name in names:
                if method.get(name) != other[name]:
                    finding = f"{name} {other[name]}; got {method.get(name)}"
                    raise_violation(finding, record, exchange, full)
    require_some(compared, "a payment method that is shown in both forms")


@record_law("PAYMENT-06")
def only_what_was_revoked_has_a_date_of_it(method: Record) -> str | None:
    if method.get("revoked_at") and method["status"] != "revoked":
        return f"no revoked_at, as it is {method['status']}; got {method['revoked_at']}"
    return None
