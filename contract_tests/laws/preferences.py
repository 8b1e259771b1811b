"""Marketing preferences: the list, and what opt-in and opt-out make of it."""

from collections.abc import Iterable
from datetime import datetime

from contract_tests.actor import Customer, Record, consents_in
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, in_order, law
from contract_tests.session import NOWHERE, Session

UNKNOWN = (NOWHERE, "not-a-uuid")


def list_of(exchange: Exchange, after: Iterable[Exchange] = ()) -> dict[str, Record]:
    """The preferences that a decision answers, by id; answering no list is a violation."""
    if not exchange.fits:
        actual = exchange.told()
        raise Violation(expected="200 with the list", actual=actual, exchange=exchange, after=after)
    return {each["id"]: each for each in exchange.records}


@law("PREF-08")
def a_decision_touches_nothing_else(customer: Customer, operation: Operation) -> None:
    opted_in = operation.opts_in
    before = customer.changeable(2)
    prepared = customer.restore(dict.fromkeys(before, not opted_in), before)
    chosen = list(before)[len(before) // 2]
    answer = customer.decide(chosen, opted_in=opted_in)
    read = customer.preferences()
    after = consents_in(read.records)

    wanted = {preference: opted_in == (preference == chosen) for preference in before}
    if after != wanted:
        wrong = [each for each in wanted if after.get(each) != wanted[each]]
        raise Violation(
            expected=f"opted_in {wanted[wrong[0]]} for {wrong[0]}, when {chosen} is decided on",
            actual=f"{after.get(wrong[0])}",
            exchange=read,
            after=[*prepared, answer],
        )


@law("PREF-01")
def every_available_preference_is_listed(customers: list[Customer]) -> None:
    known = [each for each in customers if each.facts.get("own_preferences")]
    if not known:
        raise NotCovered("the target names no own_preferences of a customer")
    for customer in known:
        answer = customer.read("listMyAccountMarketingPreferences")
        listed = sorted(each["id"] for each in answer.records)
        if listed != (wanted := sorted(customer.facts["own_preferences"])):
            raise Violation(expected=f"{wanted}", actual=f"{listed}", exchange=answer)


@law("PREF-02")
def preferences_come_in_order_of_creation(session: Session, operation: Operation) -> None:
    longest = 0
    for _, exchange in session.successes(operation):
        keys = [
            (datetime.fromisoformat(each["created_at"]), each["id"]) for each in exchange.records
        ]
        longest = max(longest, len(keys))
        in_order("by created_at, then id", keys, exchange)
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
            wanted = f"one organisation{f', {own}' if own else ''}"
            actual = ", ".join(sorted(found))
            raise Violation(expected=wanted, actual=actual, exchange=exchange)
    if not seen:
        raise NotCovered("no customer has any")


@law("PREF-03")
def a_decision_answers_the_whole_list(customer: Customer, operation: Operation) -> None:
    for trial in customer.trials(operation):
        if list(list_of(trial.second).values()) != trial.read.records:
            raise Violation(
                expected=f"the list of the next read, {trial.read.told()}",
                actual=trial.second.told(),
                exchange=trial.read,
                after=[trial.before, trial.second],
            )


@law("PREF-04")
def a_decision_counts_at_once(customer: Customer, operation: Operation) -> None:
    for trial in customer.trials(operation):
        read = {each["id"]: each for each in trial.read.records}
        shown = [
            listed.get(trial.preference, {}).get("opted_in")
            for listed in (list_of(trial.first), read)
        ]
        if shown != [operation.opts_in] * 2:
            raise Violation(
                expected=f"opted_in {operation.opts_in} in the answer and in the next read",
                actual=f"{shown[0]} and {shown[1]}",
                exchange=trial.read,
                after=[trial.before, trial.first, trial.second],
            )


@law("PREF-05")
def a_second_decision_changes_nothing(customer: Customer, operation: Operation) -> None:
    for trial in customer.trials(operation):
        first, second = trial.first, trial.second
        if second.status != first.status or second.json != first.json:
            raise Violation(
                expected=first.told(),
                actual=second.told(),
                exchange=second,
                after=[trial.before, first],
            )


@law("PREF-06")
def another_organisations_preference_is_forbidden(
    customer: Customer, operation: Operation, foreign_preference: str
) -> None:
    _refused(customer, operation, foreign_preference, 403)


@law("PREF-07")
def an_unknown_preference_is_not_found(customer: Customer, operation: Operation) -> None:
    for preference in UNKNOWN:
        _refused(customer, operation, preference, 404)


def _refused(customer: Customer, operation: Operation, preference: str, status: int) -> None:
    found = customer.changeable()
    # What it must not do shows only where that is not done already.
    before = found | {next(iter(found)): not operation.opts_in}
    prepared = customer.restore(before, found)
    answer = customer.call(operation, preference=preference)
    if answer.status != status:
        raise Violation(expected=f"{status}", actual=answer.told(), exchange=answer)
    read = customer.preferences()
    if (after := consents_in(read.records)) != before:
        changed = [each for each in {**before, **after} if after.get(each) != before.get(each)]
        raise Violation(
            expected=f"opted_in {before.get(changed[0])} for {changed[0]} after a {status}",
            actual=f"{after.get(changed[0])}",
            exchange=read,
            after=[*prepared, answer],
        )


@law("PREF-09")
def a_decision_needs_no_body(customer: Customer, operation: Operation) -> None:
    for trial in customer.trials(operation):
        if trial.first.status in (400, 411, 415, 422):
            actual = trial.first.told()
            raise Violation(expected="200 without a body", actual=actual, exchange=trial.first)
        if not trial.first.ok:
            raise NotCovered(f"it answered {trial.first.told()[:60]}")
