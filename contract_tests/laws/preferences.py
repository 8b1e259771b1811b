"""Marketing preferences: the list, and what opt-in and opt-out make of it."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from contract_tests.actor import Customer, Record
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.session import Session

UNKNOWN = (str(uuid5(NAMESPACE_URL, "my-account-kit/no-such-preference")), "not-a-uuid")


def _opts_in(operation: Operation) -> bool:
    return operation.id.endswith("OptIn")


def _list_of(exchange: Exchange) -> dict[str, Record]:
    if not exchange.fits:
        raise Violation(expected="200 with the list", actual=exchange.told(), exchange=exchange)
    return {each["id"]: each for each in exchange.records}


@law("PREF-01")
def every_available_preference_is_listed(customers: list[Customer]) -> None:
    known = [each for each in customers if each.facts.get("own_preferences")]
    if not known:
        raise NotCovered("the target names no own_preferences of a customer")
    for customer in known:
        listed = {each["id"] for each in customer.listed("listMyAccountMarketingPreferences")}
        if listed != set(customer.facts["own_preferences"]):
            wanted = f"{len(customer.facts['own_preferences'])} preferences of {customer.name}"
            raise Violation(expected=wanted, actual=f"others: {sorted(listed)}")


@law("PREF-02")
def preferences_come_in_order_of_creation(session: Session, operation: Operation) -> None:
    longest = 0
    for _, exchange in session.successes(operation):
        keys = [
            (datetime.fromisoformat(each["created_at"]), each["id"]) for each in exchange.records
        ]
        longest = max(longest, len(keys))
        if keys != sorted(keys):
            raise Violation(expected="by created_at, then id", actual="not", exchange=exchange)
    if longest < 2:
        raise NotCovered("no customer has two preferences")


@law("PREF-10")
def preferences_are_of_one_organisation(session: Session, operation: Operation) -> None:
    seen = 0
    for customer, exchange in session.successes(operation):
        own = customer.facts.get("organisation_id")
        found = {each["organisation_id"] for each in exchange.records}
        seen += len(exchange.records)
        if len(found) > 1 or (own and found and found != {own}):
            raise Violation(expected="one organisation", actual=f"{found}", exchange=exchange)
    if not seen:
        raise NotCovered("no customer has any")


@law("PREF-03")
def a_decision_answers_the_whole_list(customer: Customer, operation: Operation) -> None:
    preference = next(iter(customer.changeable()))
    answer = customer.decide(preference, opted_in=_opts_in(operation))
    listed = customer.listed("listMyAccountMarketingPreferences", fresh=True)

    answered = list(_list_of(answer).values())
    if answered != listed:
        wanted = f"the {len(listed)} preferences that the read gives, in its order"
        raise Violation(expected=wanted, actual=answer.told(), exchange=answer)


@law("PREF-04")
def a_decision_counts_at_once(customer: Customer, operation: Operation) -> None:
    opted_in, preferences = _opts_in(operation), list(customer.changeable())
    for preference in {preferences[0], preferences[-1]}:
        customer.decide(preference, opted_in=not opted_in)
        answer = customer.decide(preference, opted_in=opted_in)
        answered = _list_of(answer).get(preference, {}).get("opted_in")
        read = customer.consents().get(preference)
        if answered is not opted_in or read is not opted_in:
            wanted = f"opted_in {opted_in} in the answer and in the next read"
            raise Violation(expected=wanted, actual=f"{answered} and {read}", exchange=answer)


@law("PREF-05")
def a_second_decision_changes_nothing(customer: Customer, operation: Operation) -> None:
    opted_in = _opts_in(operation)
    preference = next(iter(customer.changeable()))
    customer.decide(preference, opted_in=not opted_in)
    first = customer.decide(preference, opted_in=opted_in)
    second = customer.decide(preference, opted_in=opted_in)
    read = customer.consents().get(preference)

    if second.status != first.status or second.json != first.json or read is not opted_in:
        raise Violation(expected="the first answer again", actual=second.told(), exchange=second)


@law("PREF-06")
def another_organisations_preference_is_forbidden(
    customer: Customer, operation: Operation, foreign_preference: str
) -> None:
    answer = customer.call(operation, preference=foreign_preference)

    if answer.status != 403:
        raise Violation(expected="403", actual=answer.told(), exchange=answer)


@law("PREF-07")
def an_unknown_preference_is_not_found(customer: Customer, operation: Operation) -> None:
    for preference in UNKNOWN:
        answer = customer.call(operation, preference=preference)
        if answer.status != 404:
            raise Violation(expected="404", actual=answer.told(), exchange=answer)


@law("PREF-08")
def a_decision_touches_nothing_else(customer: Customer, operation: Operation) -> None:
    opted_in = _opts_in(operation)
    before = customer.changeable(2)
    customer.restore(dict.fromkeys(before, not opted_in), before)
    chosen = list(before)[len(before) // 2]
    answer = customer.decide(chosen, opted_in=opted_in)
    after = customer.consents()

    wanted = {preference: opted_in == (preference == chosen) for preference in before}
    if after != wanted:
        wrong = [each for each in wanted if after.get(each) != wanted[each]]
        actual = f"{wrong[0]} is not as it was left"
        raise Violation(expected=f"only {chosen} changed", actual=actual, exchange=answer)


@law("PREF-09")
def a_decision_needs_no_body(customer: Customer, operation: Operation) -> None:
    answer = customer.call(operation, preference=next(iter(customer.changeable())))

    if answer.status in (400, 411, 415, 422):
        raise Violation(expected="200 without a body", actual=answer.told(), exchange=answer)
    if not answer.ok:
        raise NotCovered(f"it answered {answer.told()[:60]}")
