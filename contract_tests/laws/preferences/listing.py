"""The list of preferences."""

from contract_tests.actor import Customer
from contract_tests.document import Operation
from contract_tests.exchange import instant
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.records.record import check_sorted
from contract_tests.session import Session


@law("PREF-01")
def every_available_preference_is_listed(customers: list[Customer]) -> None:
    named = [each for each in customers if each.facts.get("own_preferences")]
    if not named:
        raise NotCovered("the target names no own_preferences of a customer")
    for customer in named:
        answer = customer.read(customer.client.contract.preferences.id)
        listed = sorted(each["id"].lower() for each in answer.records)
        if listed != (expected := sorted(map(str.lower, customer.facts["own_preferences"]))):
            raise Violation(expected=f"{expected}", actual=f"{listed}", exchange=answer)


@law("PREF-02")
def preferences_come_in_order_of_creation(session: Session, operation: Operation) -> None:
    check_sorted(
        session,
        operation,
        "by created_at, then id",
        lambda each: (instant(each["created_at"]), each["id"]),
    )


@law("PREF-10")
def preferences_are_of_one_organisation(session: Session, operation: Operation) -> None:
    judged = 0
    for customer, exchange in session.successes(operation):
        own = customer.facts.get("organisation_id", "").lower()
        organisations = {each["organisation_id"].lower() for each in exchange.records}
        judged += len(exchange.records)
        if len(organisations) > 1 or (own and organisations and organisations != {own}):
            expected = f"one organisation{f', {own}' if own else ''}"
            actual = ", ".join(sorted(organisations))
            raise Violation(expected=expected, actual=actual, exchange=exchange)
    if not judged:
        raise NotCovered("no customer has any")
