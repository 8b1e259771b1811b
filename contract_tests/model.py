"""Opt-in and opt-out against a model: any sequence, two customers, one set of consents each."""

from typing import Any

import hypothesis
from hypothesis import Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from contract_tests.actor import Customer
from contract_tests.law import NotCovered, Verdict, Violation
from contract_tests.laws.preferences import UNKNOWN
from contract_tests.session import Session

STEPS = {"standard": (6, 8), "deep": (40, 25)}
"""Sequences, and steps of each."""
GROUP = "model"


def run(session: Session, depth: str, seed: int) -> Verdict:
    """Whether the lists agree with the model after every step; the shortest sequence if not."""
    verdict = Verdict(session.contract.rules["PREF-04"], GROUP, "any sequence", "holds")
    before = session.client.count
    try:
        pair = session.customers[:2]
        wanted = {each.name: each.changeable() for each in pair}
        _run(_machine(pair, wanted), depth, seed)
    except Violation as violation:
        told = session.client.exchanges[-4:]
        return _with(verdict, "violated", violation.actual, violation.expected, tuple(told))
    except NotCovered as reason:
        return _with(verdict, "not covered", str(reason))
    return _with(verdict, "holds", requests=session.client.count - before)


def _with(
    verdict: Verdict,
    outcome: Any,
    actual: str = "",
    expected: str = "",
    evidence: Any = (),
    requests: int = 0,
) -> Verdict:
    return Verdict(
        verdict.rule,
        verdict.group,
        verdict.operation,
        outcome,
        expected,
        actual,
        evidence,
        requests,
    )


def _run(machine: type[RuleBasedStateMachine], depth: str, seed: int) -> None:
    sequences, steps = STEPS[depth]
    settings = hypothesis.settings(
        max_examples=sequences,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=settings)


def _machine(
    pair: list[Customer], wanted: dict[str, dict[str, bool]]
) -> type[RuleBasedStateMachine]:
    preferences = {each.name: list(wanted[each.name]) for each in pair}

    class Consents(RuleBasedStateMachine):
        """Each example begins with what the one before it left, as the model remembers it."""

        @rule(who=st.sampled_from(pair), index=st.integers(0, 9), opted_in=st.booleans())
        def decide(self, who: Customer, index: int, opted_in: bool) -> None:
            """Opt in or out; the answer is the model's list."""
            preference = preferences[who.name][index % len(preferences[who.name])]
            wanted[who.name][preference] = opted_in
            answer = who.decide(preference, opted_in=opted_in)
            self._agree(who, {each["id"]: each["opted_in"] for each in answer.records})

        @rule(who=st.sampled_from(pair), opted_in=st.booleans())
        def decide_on_nothing(self, who: Customer, opted_in: bool) -> None:
            """An unknown id changes nothing."""
            who.decide(UNKNOWN[0], opted_in=opted_in)

        @invariant()
        def every_list_is_the_models(self) -> None:
            """Each customer reads what that customer decided."""
            for who in pair:
                self._agree(who, who.consents())

        def _agree(self, who: Customer, found: dict[str, bool]) -> None:
            if found != wanted[who.name]:
                raise Violation(expected=f"{wanted[who.name]} for {who.name}", actual=f"{found}")

    return Consents
