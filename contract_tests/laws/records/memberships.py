"""Memberships: states, dates, members, rates."""

from datetime import datetime

from contract_tests.actor import Record
from contract_tests.document import Operation
from contract_tests.exchange import in_one_notation, instant
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.comparison import TOLERANCE
from contract_tests.laws.records.record import (
    PAYMENT_METHODS,
    distinct_records,
    memberships,
    raise_violation,
    record_law,
    require_some,
)
from contract_tests.session import Session

ATTENTION = ("needs_attention", "needs_dd_mandate")
SHARED = (
    *("status", "start_date", "end_date", "next_billing_date", "created_at"),
    *("members", "type", "rate"),
)
"""What every member of a membership is shown alike."""


@record_law("MEMBER-01")
def a_reason_is_given_exactly_for_attention(membership: Record) -> str | None:
    reason, needs_attention = membership["attention_reason"], membership["status"] in ATTENTION
    kind = "a reason" if needs_attention else "no reason"
    return None if (reason is not None) == needs_attention else f"{kind}; got {reason}"


@law("MEMBER-02")
def the_customer_is_a_member_and_one_leads(session: Session, operation: Operation) -> None:
    ids = session.ids
    for customer, exchange, membership in distinct_records(session, operation):
        members = membership["members"]
        leads = sum(member["is_lead"] for member in members)
        if leads != 1:
            raise_violation(f"one lead; got {leads}", membership, exchange)
        own_id = ids.get(customer.name)
        if own_id and own_id not in {member["customer_id"] for member in members}:
            others = [member["customer_id"] for member in members]
            account = customer.cached_call(session.contract.account)
            raise_violation(
                f"{own_id} among the members; got {others}", membership, exchange, account
            )


@record_law("MEMBER-03")
def a_status_agrees_with_the_dates(membership: Record, now: datetime) -> str | None:
    start, end = instant(membership["start_date"]), membership["end_date"]
    ended = end is not None and instant(end) < now - TOLERANCE
    lasts = end is None or instant(end) > now + TOLERANCE
    begun = start < now - TOLERANCE
    if end is not None and instant(end) < start:
        return f"an end after the start, {membership['start_date']}; got {end}"
    faults = {
        "upcoming": "a start in the future" if begun else None,
        "expired": "an end in the past" if lasts else None,
        "active": "a start before, and no end before, now"
        if ended or start > now + TOLERANCE
        else None,
    }
    fault = faults.get(membership["status"])
    return fault and f"{fault}; got {membership['start_date']} to {end}"


@law("MEMBER-04")
def the_rate_is_one_of_the_type(session: Session, operation: Operation) -> None:
    accounts = session.accounts
    for customer, exchange, membership in distinct_records(session, operation):
        kind, rate = membership["type"], membership["rate"]
        if rate["membership_type_id"] != kind["id"]:
            finding = f"{kind['id']}; got {rate['membership_type_id']}"
            raise_violation(finding, membership, exchange)
        for known in (accounts.get(customer.name, {}), customer.facts):
            brand = str(known.get("brand_id", kind["brand_id"]))
            if kind["brand_id"].lower() != brand.lower():
                account = customer.cached_call(session.contract.account)
                finding = f"a type of {brand}; got one of {kind['brand_id']}"
                raise_violation(finding, membership, exchange, account)


@law("MEMBER-05")
def a_membership_number_is_ten_digits(session: Session, operation: Operation) -> None:
    for exchange in (each for each in session.exchanges(operation) if each.ok):
        for record in exchange.plain_records:
            members = record.get("members")
            holders = [record, *(members if isinstance(members, list) else ())]
            for number in (each.get("membership_number") for each in holders):
                if number is not None and not (len(str(number)) == 10 and str(number).isdigit()):
                    raise_violation(f"ten digits; got {number}", record, exchange)
    distinct_records(session, operation)


@law("MEMBER-06")
def every_member_sees_the_membership(session: Session, operation: Operation) -> None:
    ids, compared, now = session.ids, 0, session.client.now()
    by_id = {ids.get(each.name): each for each in session.customers}
    for customer, exchange, membership in distinct_records(session, operation):
        for member in membership["members"]:
            fellow = by_id.get(member["customer_id"])
            if fellow is None or fellow is customer:
                continue
            compared += 1
            theirs = memberships(fellow)
            own = {each["id"]: each for each in theirs.records}
            same = own.get(membership["id"])
            if same is None:
                raise Violation(
                    expected=f"{membership['id']} for {fellow.name} as for {customer.name}",
                    actual=f"{list(own)}",
                    exchange=theirs,
                    after=[exchange],
                )
            for name in SHARED:
                one, other = in_one_notation(same[name]), in_one_notation(membership[name])
                if one != other and not _moved_on(membership, now):
                    expected = f"{name} {membership[name]} for {fellow.name} as for {customer.name}"
                    raise_violation(f"{expected}; got {same[name]}", same, theirs, exchange)
    if not compared:
        raise NotCovered("no two of the customers share a membership")


def _moved_on(membership: Record, now: datetime) -> bool:
    """Whether it began or ended in these minutes, perhaps between two reads."""
    edges = [membership["start_date"], membership["end_date"]]
    return any(abs(instant(each) - now) < 5 * TOLERANCE for each in edges if each)


@record_law("MEMBER-07")
def the_next_charge_is_the_next_period(membership: Record, now: datetime) -> str | None:
    charge, rate = membership["next_charge"], membership["rate"]
    if charge is None:
        return None
    due, billed = charge["due_date"], membership["next_billing_date"]
    if billed is None or instant(due) != instant(billed):
        return f"due at next_billing_date, {billed}; got {due}"
    if charge["currency"].upper() != rate["currency"].upper():
        return f"{rate['currency']}; got {charge['currency']}"
    if membership["status"] != "active":
        return None
    if instant(due) < now - TOLERANCE:
        return f"a due_date ahead; got {due}"
    price = rate["price"]
    return None if charge["amount"] == price else f"{price}, the price; got {charge['amount']}"


@record_law("MEMBER-08")
def a_membership_number_is_one_members(membership: Record) -> str | None:
    numbers = [each["membership_number"] for each in membership["members"]]
    if len(set(numbers)) < len(numbers):
        return f"a number for each member; got {numbers}"
    number = membership["membership_number"]
    return None if number in numbers else f"one of {numbers}; got {number}"


@record_law("MEMBER-09")
def an_active_membership_has_as_many_members_as_its_type_allows(membership: Record) -> str | None:
    count, kind = len(membership["members"]), membership["type"]
    least, most = kind["min_members"], kind["max_members"]
    if membership["status"] != "active" or least <= count <= most:
        return None
    return f"{least} to {most} members; got {count}"


def _signs_of(method: Record) -> set[object]:
    """What tells a payment method from others: its id, or its kind and last digits."""
    looks = tuple(method.get(name) for name in ("type", "card_brand", "last_4"))
    return {method["id"], *([looks] if method.get("last_4") else [])}


@law("MEMBER-10")
def nobody_sees_how_another_member_pays(session: Session, operation: Operation) -> None:
    methods = session.contract.operations[PAYMENT_METHODS]
    saved = {
        each.name: {sign for method in answer.records for sign in _signs_of(method)}
        for each in session.customers
        if (answer := each.cached_call(methods)).fits
    }
    judged = 0
    for customer, exchange, membership in distinct_records(session, operation):
        method = membership["payment_method"]
        judged += len(membership["members"]) > 1
        if method is None:
            continue
        fellows = {str(each["customer_id"]).lower() for each in membership["members"]}
        # Many cards look alike; of those who share a membership one pays for it.
        others = [
            name
            for name, known in saved.items()
            if method["id"] in known
            or (_signs_of(method) & known and session.ids.get(name, "").lower() in fellows)
        ]
        if others and customer.name not in others:
            finding = f"no payment method of {others[0]}'s; got {method['id']}"
            raise_violation(finding, membership, exchange)
    require_some(judged, "a shared membership")
