"""Simultaneous requests: no decision is lost, no answers mix."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from contract_tests.actor import Actor, Customer, consents_in
from contract_tests.client import Client
from contract_tests.document import Operation
from contract_tests.exchange import NO_ANSWER, Exchange
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.comparison import content
from contract_tests.queries import unusual_query
from contract_tests.session import Session

AT_ONCE = 8
Consents = dict[str, dict[str, bool]]
"""What customers want of each of their preferences, by their names."""


def _send_together(client: Client, calls: Sequence[Callable[[], Exchange]]) -> list[Exchange]:
    client.concurrent = True
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [each.result() for each in [pool.submit(call) for call in calls]]
    finally:
        client.concurrent = False


@law("CONC-01")
def no_decision_is_lost(session: Session, operation: Operation) -> None:
    # Nothing was decided so far; what the first decision does cannot be seen later.
    session.first_decisions()
    changeable = _changeable(session)
    people = [who for who, _ in changeable]
    alike = {who.name: dict.fromkeys(ids, operation.opts_in) for who, ids in changeable}
    _check_none_is_lost(session, people, alike, {who.name: {} for who in people})
    # Some this way and some that, as who goes through a form leaves it, and each otherwise than
    # the other: an answer that is meant for the other shows by it.
    mixed = {
        who.name: {
            id: operation.opts_in == bool((place + turn) % 2) for place, id in enumerate(ids)
        }
        for turn, (who, ids) in enumerate(changeable)
    }
    # One stays as it is, which shows a list that is read when it is half written.
    spared = {who.name: {ids[-1]: True} if len(ids) > 2 else {} for who, ids in changeable}
    _check_none_is_lost(session, people, mixed, spared)


def _check_none_is_lost(
    session: Session, people: Sequence[Customer], decided: Consents, spared: Consents
) -> None:
    """Check that of decisions made at once each is kept, and what is `spared` stays as it is."""
    wanted = {name: consents | spared[name] for name, consents in decided.items()}
    prepared = []
    for who in people:
        contrary = {id: not opted_in for id, opted_in in decided[who.name].items()}
        prepared += who.restore(contrary | spared[who.name])
    # By turns, so that those of two customers for one preference come at the same time.
    calls = [(who, id) for who in people for id in decided[who.name] if id not in spared[who.name]]
    calls.sort(key=lambda call: call[1])
    decisions = [partial(who.decide, id, opted_in=decided[who.name][id]) for who, id in calls]
    # A double click, and a page that is opened meanwhile.
    decisions[1:1] = [
        decisions[0],
        *(partial(who.call, session.contract.preferences) for who in people),
    ]
    answers = _send_together(session.client, decisions)
    _check_all_answered(answers, wanted, spared, prepared)
    for who in people:
        read, wants = who.preferences(), wanted[who.name]
        after = consents_in(read.records)
        if lost := [each for each in wants if after.get(each) != wants[each]]:
            raise Violation(
                expected=f"{len(wants)} preferences as they were decided at once, "
                f"opted_in {wants[lost[0]]} for {lost[0]}",
                actual=f"opted_in {after.get(lost[0])} for {', '.join(lost)} of {who.name}",
                exchange=read,
                after=[*prepared, *answers],
            )


def _check_all_answered(
    answers: list[Exchange], wanted: Consents, spared: Consents, prepared: list[Exchange]
) -> None:
    """
    Check that every simultaneous request was answered with the whole list, in which what was just
    decided is as decided, and what nobody decided as it was.
    """
    for answer in answers:
        if answer.from_the_edge or answer.status == NO_ANSWER:
            continue
        listed, wants = consents_in(answer.records), wanted[answer.actor]
        others = [*prepared, *(each for each in answers if each is not answer)]
        if not answer.ok or (answer.fits and listed.keys() != wants.keys()):
            raise Violation(
                expected=f"200 with {len(wants)} preferences",
                actual=answer.brief(),
                exchange=answer,
                after=others,
            )
        decided = answer.url.rpartition("/")[2]
        reasons = {decided: "just decided"} | dict.fromkeys(spared[answer.actor], "left as it was")
        for id, reason in reasons.items():
            if answer.fits and id in wants and listed[id] != wants[id]:
                raise Violation(
                    expected=f"opted_in {wants[id]} for {id}, which {answer.actor} {reason}",
                    actual=f"opted_in {listed[id]}",
                    exchange=answer,
                    after=others,
                )


def _changeable(session: Session) -> list[tuple[Customer, list[str]]]:
    """Two customers, at most, who have several preferences, and the ids of these in order."""
    changeable, reasons = [], []
    for who in session.acting[:2]:
        try:
            changeable.append((who, sorted(who.consents_to_change(2))))
        except NotCovered as reason:
            reasons.append(reason)
    if not changeable:
        raise reasons[0]
    return changeable


@law("CONC-02")
def answers_at_the_same_time_never_mix(session: Session, operation: Operation) -> None:
    if not session.pairs:
        raise NotCovered("the target names no second customer")
    people, queries = session.acting, ((), unusual_query(operation))
    # What was decided since the first read is shown by another one alone.
    ask = Actor.call if "opted_in" in operation.fields else Actor.cached_call
    plain = {(who.name, query): ask(who, operation, query) for query in queries for who in people}
    if not any(each.ok for each in plain.values()):
        raise NotCovered(f"it answered {plain[people[0].name, ()].brief()[:60]}")
    calls = [(who, query) for query in ((), *queries) for who in people]
    reads = [partial(who.call, operation, query) for who, query in calls]
    answers = _send_together(session.client, reads)

    for number, ((who, query), answer) in enumerate(zip(calls, answers, strict=True)):
        own = plain[who.name, query]
        if content(answer) == content(own):
            continue
        for other in people:
            others = plain[other.name, query]
            if content(answer) == content(others):
                raise Violation(
                    expected=f"the answer to {who.name}: {own.brief()[:80]}",
                    actual=f"the one to {other.name}: {answer.brief()[:80]}",
                    exchange=answer,
                    after=[own, others, *answers[:number]],
                )
