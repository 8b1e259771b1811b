"""Opt-in and opt-out against a model: any sequence, two customers, one set of consents each."""

from collections.abc import Iterable
from dataclasses import replace

import hypothesis
from hypothesis import Phase, Verbosity
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from contract_tests.actor import Customer, consents_in
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Verdict, Violation
from contract_tests.laws.preferences.decisions import list_of
from contract_tests.session import UNKNOWN_PREFERENCE, Session
from contract_tests.transport import NotSent

STEPS = {"standard": (6, 8), "deep": (40, 25)}
"""Sequences, and steps of each."""
GROUP = "model"
PLACE = "any sequence"


def run(session: Session, depth: str, seed: int) -> Verdict:
    """Whether the lists agree with the model after every step; the shortest sequence if not."""
    verdict = Verdict(session.contract.rules["PREF-04"], GROUP, PLACE, "holds")
    before = session.client.count
    pair = {each.name: each for each in session.customers[:2]}
    try:
        at_first = {name: each.consents_to_change() for name, each in pair.items()}
        _run(_machine(pair, at_first), depth, seed)
    except Violation as violation:
        return verdict.violated_by(violation)
    except Flaky:
        if reason := session.reason_to_stop():
            return replace(verdict, outcome="not covered", actual=reason)
        reason = "a sequence that does not end in the same way each time it is tried"
        return replace(verdict, outcome="unstable", actual=reason)
    except (NotCovered, NotSent) as missing:
        return replace(verdict, outcome="not covered", actual=str(missing))
    finally:
        # Hypothesis keeps every machine for good; it need not keep the whole run with it.
        pair.clear()
    return replace(verdict, requests=session.client.count - before)


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


def _restore(
    pair: Iterable[Customer], at_first: dict[str, dict[str, bool]]
) -> dict[str, dict[str, bool]]:
    for who in pair:
        # Every preference, changed or not: what goes wrong then goes wrong each time.
        who.restore(at_first[who.name], now={})
    return {name: dict(consents) for name, consents in at_first.items()}


def _machine(
    by_name: dict[str, Customer], at_first: dict[str, dict[str, bool]]
) -> type[RuleBasedStateMachine]:
    expected_consents: dict[str, dict[str, bool]] = {}
    exchanges: list[Exchange] = []

    class Consents(RuleBasedStateMachine):
        """Each example begins with the consents that were found, so that it can be repeated."""

        @initialize()
        def begin(self) -> None:
            """Undo the previous example."""
            expected_consents.update(_restore(by_name.values(), at_first))
            exchanges.clear()

        @rule(who=st.sampled_from(list(at_first)), index=st.integers(0, 9), opted_in=st.booleans())
        def decide(self, who: str, index: int, opted_in: bool) -> None:
            """Opt in or out; the answer is the model's list."""
            preference = list(at_first[who])[index % len(at_first[who])]
            expected_consents[who][preference] = opted_in
            answer = by_name[who].decide(preference, opted_in=opted_in)
            exchanges.append(answer)
            list_of(answer, exchanges)
            self._agree(by_name[who], answer)

        @rule(who=st.sampled_from(list(at_first)), opted_in=st.booleans())
        def decide_on_nothing(self, who: str, opted_in: bool) -> None:
            """An unknown id changes nothing."""
            exchanges.append(by_name[who].decide(UNKNOWN_PREFERENCE, opted_in=opted_in))

        @invariant()
        def every_list_is_the_models(self) -> None:
            """Each customer reads what that customer decided."""
            for who in by_name.values():
                self._agree(who, who.preferences())

        def _agree(self, who: Customer, answer: Exchange) -> None:
            consents = consents_in(answer.records)
            if consents != expected_consents[who.name]:
                expected = f"{expected_consents[who.name]} for {who.name}"
                raise Violation(
                    expected=expected, actual=f"{consents}", exchange=answer, after=exchanges
                )

    return Consents
