"""What single records must say for themselves: sums, states and what excludes what."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from contract_tests.actor import Customer
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, in_order, law
from contract_tests.laws.filters import TOLERANCE
from contract_tests.session import Session

Record = dict[str, Any]
FAILED = ("failed", "errored")
PENDING = ("preparing", "processing")
ATTENTION = ("needs_attention", "needs_dd_mandate")


def _each(session: Session, operation: Operation, wrong: Callable[[Record], str | None]) -> None:
    """No record may have something wrong with it; `wrong` says what, if anything."""
    for _, exchange, record in session.records(operation):
        if told := wrong(record):
            _broken(told, record, exchange)


def _broken(told: str, record: Record, exchange: Exchange, *after: Exchange) -> None:
    wanted, _, got = told.partition("; got ")
    actual = f"{got} in {record.get('id')}"
    raise Violation(expected=wanted, actual=actual, exchange=exchange, after=after)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _memberships(customer: Customer) -> Exchange:
    return customer.read("listMyAccountMemberships")


def _of_a_membership(
    customer: Customer, record: Record, exchange: Exchange, *allowed: None
) -> None:
    """The record must name a membership of the customer's own."""
    answer, named = _memberships(customer), record["membership_id"]
    own = [each["id"] for each in answer.records]
    if named not in (*own, *allowed):
        _broken(f"one of {own}, {customer.name}'s; got {named}", record, exchange, answer)


@law("CUSTOMER-01")
def the_email_is_lower_case(session: Session, operation: Operation) -> None:
    def wrong(record: Record) -> str | None:
        email = record["email"]
        return f"lower case; got {email}" if email and email != email.lower() else None

    _each(session, operation, wrong)


@law("CUSTOMER-02")
def the_full_name_is_the_names_joined(session: Session, operation: Operation) -> None:
    def wrong(account: Record) -> str | None:
        parts = [account[key] for key in ("first_name", "last_name") if account[key]]
        full = " ".join(parts) or None
        return None if account["full_name"] == full else f"{full}; got {account['full_name']}"

    _each(session, operation, wrong)


@law("CHARGES-01")
def charges_come_newest_first(session: Session, operation: Operation) -> None:
    longest = 0
    for _, exchange in session.successes(operation):
        keys = [(-_instant(each["billed_at"]).timestamp(), each["id"]) for each in exchange.records]
        longest = max(longest, len(keys))
        in_order("newest first, then by id", keys, exchange)
    if longest < 2:
        raise NotCovered("no customer has two charges")


@law("CHARGES-02")
def a_reason_is_given_exactly_for_failures(session: Session, operation: Operation) -> None:
    def wrong(charge: Record) -> str | None:
        given, failed = charge["failure_reason"] is not None, charge["status"] in FAILED
        wanted = "a failure_reason" if failed else "no failure_reason"
        return None if given == failed else f"{wanted}; got {charge['failure_reason']}"

    _each(session, operation, wrong)


@law("CHARGES-03")
def what_is_pending_is_not_completed(session: Session, operation: Operation) -> None:
    def wrong(charge: Record) -> str | None:
        done, pending = charge["completed_at"] is not None, charge["status"] in PENDING
        wanted = "no completed_at" if pending else "a completed_at"
        return None if done != pending else f"{wanted}; got {charge['status']}"

    _each(session, operation, wrong)


@law("CHARGES-04")
def no_charge_lies_in_the_future(session: Session, operation: Operation) -> None:
    now = session.client.now() + TOLERANCE

    def wrong(charge: Record) -> str | None:
        due = charge["billed_at"]
        return f"billed by now; got {due}" if _instant(due) > now else None

    _each(session, operation, wrong)


@law("CHARGES-05")
def a_charge_is_for_a_membership_of_the_customer(session: Session, operation: Operation) -> None:
    for customer, exchange, charge in session.records(operation):
        _of_a_membership(customer, charge, exchange)


@law("CHARGES-06")
def a_charge_is_the_price_or_the_joining_fee(session: Session, operation: Operation) -> None:
    for customer, exchange, charge in session.records(operation):
        shown = _memberships(customer)
        rates = [each["rate"] for each in shown.records if each["id"] == charge["membership_id"]]
        field = "joining_fee" if charge["type"] == "joining_fee" else "price"
        if rates and charge["amount"] != rates[0][field]:
            told = f"{rates[0][field]}, the {field}; got {charge['amount']}"
            _broken(told, charge, exchange, shown)


@law("CREDITS-10")
def a_credit_is_of_the_customers_membership(session: Session, operation: Operation) -> None:
    for customer, exchange, credit in session.records(operation):
        _of_a_membership(customer, credit, exchange, None)


@law("CREDITS-11")
def a_multi_use_credit_is_never_redeemed(session: Session, operation: Operation) -> None:
    found = [each for _, _, each in session.records(operation) if each["multi_use"]]
    if not found:
        raise NotCovered("no customer has a multi-use credit")

    _each(
        session,
        operation,
        lambda credit: (
            f"no redeemed_at; got {credit['redeemed_at']}"
            if credit["multi_use"] and credit["redeemed_at"]
            else None
        ),
    )


@law("CREDITS-12")
def revoked_at_is_always_null(session: Session, operation: Operation) -> None:
    _each(
        session,
        operation,
        lambda credit: f"null; got {credit['revoked_at']}" if credit["revoked_at"] else None,
    )


@law("MEMBER-01")
def a_reason_is_given_exactly_for_attention(session: Session, operation: Operation) -> None:
    def wrong(membership: Record) -> str | None:
        given, wanted = membership["attention_reason"], membership["status"] in ATTENTION
        kind = "a reason" if wanted else "no reason"
        return None if (given is not None) == wanted else f"{kind}; got {given}"

    _each(session, operation, wrong)


@law("MEMBER-02")
def the_customer_is_a_member_and_one_leads(session: Session, operation: Operation) -> None:
    ids = session.ids
    for customer, exchange, membership in session.records(operation):
        members = membership["members"]
        leads = sum(member["is_lead"] for member in members)
        if leads != 1:
            _broken(f"one lead; got {leads}", membership, exchange)
        known = ids.get(customer.name)
        if known and known not in {member["customer_id"] for member in members}:
            others = [member["customer_id"] for member in members]
            account = customer.once(session.contract.account)
            _broken(f"{known} among the members; got {others}", membership, exchange, account)


@law("MEMBER-03")
def a_status_agrees_with_the_dates(session: Session, operation: Operation) -> None:
    now = session.client.now()

    def wrong(membership: Record) -> str | None:
        start, end = _instant(membership["start_date"]), membership["end_date"]
        ended = end is not None and _instant(end) < now - TOLERANCE
        lasts = end is None or _instant(end) > now + TOLERANCE
        begun = start < now - TOLERANCE
        faults = {
            "upcoming": "a start in the future" if begun else None,
            "expired": "an end in the past" if lasts else None,
            "active": "a start before, and no end before, now"
            if ended or start > now + TOLERANCE
            else None,
        }
        fault = faults.get(membership["status"])
        return fault and f"{fault}; got {membership['start_date']} to {end}"

    _each(session, operation, wrong)


@law("MEMBER-04")
def the_rate_is_one_of_the_type(session: Session, operation: Operation) -> None:
    brands = {name: account["brand_id"] for name, account in session.accounts.items()}
    for customer, exchange, membership in session.records(operation):
        kind, rate = membership["type"], membership["rate"]
        if rate["membership_type_id"] != kind["id"]:
            told = f"{kind['id']}; got {rate['membership_type_id']}"
            _broken(told, membership, exchange)
        brand = brands.get(customer.name, kind["brand_id"])
        if kind["brand_id"] != brand:
            account = customer.once(session.contract.account)
            told = f"a type of {brand}; got one of {kind['brand_id']}"
            _broken(told, membership, exchange, account)


@law("MEMBER-05")
def a_membership_number_is_ten_digits(session: Session, operation: Operation) -> None:
    for exchange in (each for each in session.exchanges(operation) if each.ok):
        for record in exchange.records:
            members = record.get("members")
            holders = [record, *(members if isinstance(members, list) else ())]
            for number in (each.get("membership_number") for each in holders):
                if number is not None and not (len(str(number)) == 10 and str(number).isdigit()):
                    _broken(f"ten digits; got {number}", record, exchange)
    session.records(operation)


@law("MEMBER-06")
def every_member_sees_the_membership(session: Session, operation: Operation) -> None:
    ids, seen = session.ids, 0
    by_id = {ids.get(each.name): each for each in session.customers}
    for customer, exchange, membership in session.records(operation):
        for member in membership["members"]:
            known = by_id.get(member["customer_id"])
            if known is None or known is customer:
                continue
            seen += 1
            theirs = _memberships(known)
            if membership["id"] not in (own := [each["id"] for each in theirs.records]):
                raise Violation(
                    expected=f"{membership['id']} for {known.name} as for {customer.name}",
                    actual=f"{own}",
                    exchange=theirs,
                    after=[exchange],
                )
    if not seen:
        raise NotCovered("no two of the customers share a membership")


@law("PAYMENT-01")
def a_direct_debit_has_no_card(session: Session, operation: Operation) -> None:
    debits = [each for _, _, each in session.records(operation) if each["type"] == "direct_debit"]
    if not debits:
        raise NotCovered("no customer has a direct debit")

    def wrong(method: Record) -> str | None:
        filled = [key for key, value in method.items() if key.startswith("card_") and value]
        debit = method["type"] == "direct_debit"
        return f"null; got {filled[0]} {method[filled[0]]}" if debit and filled else None

    _each(session, operation, wrong)


@law("PAYMENT-02")
def whom_no_processor_knows_is_not_found(session: Session, operation: Operation) -> None:
    seen = 0
    for customer in session.customers:
        account = session.accounts.get(customer.name)
        if account is None:
            continue
        exchange, unknown = customer.once(operation), account["stripe_id"] is None
        seen += unknown
        if unknown != (exchange.status == 404):
            wanted = f"{404 if unknown else 200}, as stripe_id is {account['stripe_id']}"
            shown = customer.once(session.contract.account)
            actual = exchange.told()
            raise Violation(expected=wanted, actual=actual, exchange=exchange, after=[shown])
    if not seen:
        raise NotCovered("every customer has a stripe_id")


@law("PAYMENT-03")
def a_known_customer_without_methods_has_an_empty_list(
    session: Session, operation: Operation
) -> None:
    known = [
        each
        for each in session.customers
        if each.facts.get("payment_provider") and each.facts.get("payment_methods") == 0
    ]
    found = [each.once(operation) for each in known] or [
        exchange for exchange in session.surveyed(operation) if exchange.ok and not exchange.records
    ]
    if not found:
        raise NotCovered("no customer is known to have no payment method")
    for exchange in found:
        if not exchange.ok or exchange.data != []:
            raise Violation(expected="200 []", actual=exchange.told(), exchange=exchange)


@law("PAYMENT-04")
def the_last_four_digits_are_text(session: Session, operation: Operation) -> None:
    seen = 0
    for exchange in (each for each in session.exchanges(operation) if each.ok):
        for record in exchange.records:
            last, seen = record.get("last_4"), seen + 1
            if not (isinstance(last, str) and len(last) == 4 and last.isdigit()):
                _broken(f"four digits as text; got {last!r}", record, exchange)
    if not seen:
        raise NotCovered("no customer has any")


@law("ORDER-01")
def sums_add_up(session: Session, operation: Operation) -> None:
    def wrong(order: Record) -> str | None:
        totals, payments = order["totals"], order["payment_totals"]
        total = totals["subtotal"] - totals["order_discount"]
        provided = payments["paid"] + payments["pending"] + payments["chargeable"]
        sums = {
            "totals.total": (total, totals["total"]),
            "total_cost": (total, order["total_cost"]),
            "provided": (provided, payments["provided"]),
            "missing": (total - provided, payments["missing"]),
            "unpaid": (total - payments["paid"], payments["unpaid"]),
        }
        off = [f"{name} {want}; got {got}" for name, (want, got) in sums.items() if want != got]
        return off[0] if off else None

    _each(session, operation, wrong)


def _items(order: Record) -> list[Record]:
    return [*order["booking_items"], *order["package_items"], *order["purchase_items"]]


@law("ORDER-02")
def an_order_has_an_item(session: Session, operation: Operation) -> None:
    _each(session, operation, lambda order: None if _items(order) else "an item; got none")


@law("ORDER-03")
def the_order_begins_and_ends_with_its_bookings(session: Session, operation: Operation) -> None:
    def wrong(order: Record) -> str | None:
        spans = [each["booking_summary"] for each in order["booking_items"]]
        starts = [_instant(each["start_time"]) for each in spans]
        ends = [_instant(each["end_time"]) for each in spans]
        wanted = (min(starts, default=None), max(ends, default=None))
        shown = [order[f"booking_items_{edge}_date"] for edge in ("start", "end")]
        got = tuple(text and _instant(text) for text in shown)
        return None if got == wanted else f"{wanted[0]} to {wanted[1]}; got {shown}"

    _each(session, operation, wrong)


@law("ORDER-04")
def what_is_to_come_can_be_changed_and_nothing_else(session: Session, operation: Operation) -> None:
    now = session.client.now()

    def wrong(order: Record) -> str | None:
        for item in [*order["booking_items"], *order["package_items"]]:
            start, free = _instant(item["start_time"]), item["is_modifiable"]
            if free and start < now - TOLERANCE:
                return f"not modifiable; got one that began {start}"
            if not free and start > now + TOLERANCE and item["status"] != "cancelled":
                return f"modifiable; got one of {start} that is not"
        return None

    _each(session, operation, wrong)


@law("ORDER-05")
def no_basket_in_progress_is_listed(session: Session, operation: Operation) -> None:
    now = session.client.now() + timedelta(minutes=2)

    def wrong(order: Record) -> str | None:
        submitted = order["submitted_at"]
        return f"submitted by now; got {submitted}" if _instant(submitted) > now else None

    _each(session, operation, wrong)


@law("ORDER-06")
def a_booking_lasts_from_its_start_to_its_end(session: Session, operation: Operation) -> None:
    def wrong(order: Record) -> str | None:
        for item in order["booking_items"]:
            span = item["booking_summary"]
            lasts = _instant(span["end_time"]) - _instant(span["start_time"])
            if span["duration"] != lasts.total_seconds() / 60:
                return f"{lasts.total_seconds() / 60:g} minutes; got {span['duration']}"
        return None

    _each(session, operation, wrong)
