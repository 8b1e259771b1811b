"""What must hold when requests come at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from contract_tests.actor import Customer, consents_in
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import Violation, law

AT_ONCE = 8


def _together(calls: list[Callable[[], Exchange]]) -> list[Exchange]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


@law("CONC-01")
def no_decision_is_lost(customer: Customer, operation: Operation) -> None:
    opted_in = operation.opts_in
    before = customer.changeable(2)
    prepared = customer.restore(dict.fromkeys(before, not opted_in), before)
    answers = _together([_decision(customer, each, opted_in) for each in before])
    read = customer.preferences()
    after = consents_in(read.records)

    if lost := [each for each in before if after.get(each) != opted_in]:
        raise Violation(
            expected=f"opted_in {opted_in} for all {len(before)} preferences decided at once",
            actual=f"opted_in {after.get(lost[0])} for {', '.join(lost)}",
            exchange=read,
            after=[*prepared, *answers],
        )


def _decision(customer: Customer, preference: str, opted_in: bool) -> Callable[[], Exchange]:
    return lambda: customer.decide(preference, opted_in=opted_in)


@law("CONC-02")
def answers_at_the_same_time_never_mix(
    customer: Customer, other: Customer, operation: Operation
) -> None:
    pair = (customer, other)
    plain = [each.once(operation) for each in pair]
    wanted = [_shown(each) for each in plain]
    answers = _together([_read(pair[number % 2], operation) for number in range(AT_ONCE)])

    for number, answer in enumerate(answers):
        if _shown(answer) == wanted[1 - number % 2] != wanted[number % 2]:
            raise Violation(
                expected=f"the records of {pair[number % 2].name}: {wanted[number % 2][:3]}",
                actual=f"those of {pair[1 - number % 2].name}: {_shown(answer)[:3]}",
                exchange=answer,
                after=[*plain, *answers[:number]],
            )


def _read(customer: Customer, operation: Operation) -> Callable[[], Exchange]:
    return lambda: customer.call(operation)


def _shown(exchange: Exchange) -> Any:
    return [each.get("id") for each in exchange.records]
