"""Runs the laws against a target, as a stream of verdicts."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from contract_tests.client import Client
from contract_tests.document import Contract, Operation, Rule
from contract_tests.exchange import Exchange
from contract_tests.extras import extras_of, plainer
from contract_tests.law import Law, NotCovered, Verdict, Violation
from contract_tests.laws import LAWS
from contract_tests.laws.comparison import content
from contract_tests.session import ROLES, Session
from contract_tests.transport import SAFE, NotSent

# A replay doubles the requests of a run, and each later violation of that run costs another one.
LONGEST_JOURNAL = 1500
"""The longest run, in requests, that is replayed whole to meet a violation again."""

LOOKS = 4
"""How often a read is made again to see whether it is answered the same."""
ARRIVED = "a record arrived while the law was judged, and it was judged once more"


@dataclass(frozen=True, slots=True)
class Options:
    """How to run."""

    rules: Sequence[str] = ("documented", "client", "ruled")
    """The kinds of rule to judge by."""
    only: Sequence[str] = ()
    """Rules, groups or verdict ids to judge; all where there are none."""
    strict_enums: bool = False

    def chosen(self, law: Law, rule: Rule, operation: str) -> bool:
        """Whether a law is to be judged at an operation."""
        names = {rule.id, law.group, operation, f"{rule.id}@{operation}"}
        return rule.source in self.rules and (not self.only or bool(names & set(self.only)))


def run(session: Session, options: Options) -> Iterator[Verdict]:
    """
    Judge every law at every operation that it speaks of.

    Raises:
        Unreachable: the target stopped answering.
    """
    session.survey()
    for law, rule, operation in cases(session.contract, options):
        yield judge(law, rule, operation, session)


def cases(contract: Contract, options: Options) -> Iterator[tuple[Law, Rule, Operation]]:
    """Every rule of the document at every operation that it binds, with the law that judges it."""
    judged = {law.rule for law in LAWS}
    unjudged = [_stand_in_law(id) for id in contract.rules if id not in judged]
    for law in (*LAWS, *unjudged):
        rule = contract.rules.get(law.rule)
        for id in rule.operations if rule else ():
            if rule and options.chosen(law, rule, id):
                yield law, rule, contract.operations[id]


def _stand_in_law(rule: str) -> Law:
    """A law for a rule that no law judges: it is not covered."""

    def judge() -> None:
        raise NotCovered("no law of this kit judges the rule")

    return Law(rule, "unjudged", judge, ())


def judge(law: Law, rule: Rule, operation: Operation, session: Session) -> Verdict:
    """
    Judge one law at one operation. A violation counts only when it is met again: at a real service
    records change while they are read, and one odd answer proves no broken rule.
    """
    clean, waived = Verdict(rule, law.group, operation.id, "holds"), session.client.target.waive
    if rule.id in waived:
        return replace(clean, outcome="waived", actual=waived[rule.id])
    if reason := session.reason_to_stop():
        return replace(clean, outcome="not covered", actual=reason)
    started, before = time.perf_counter(), session.client.count
    verdict = _evaluate(clean, law, operation, session)
    if verdict.outcome == "violated" and not verdict.certain:
        verdict = _confirm(verdict, clean, law, operation, session)
    if verdict.evidence:
        verdict = _with_plainer_evidence(verdict, operation, session)
    if verdict.compares and _is_unsteady(verdict.evidence[0], session):
        session.unsteady[verdict.evidence[0].operation or ""] = verdict.id
    requests = session.client.count - before
    return replace(verdict, requests=requests, seconds=time.perf_counter() - started)


def _is_unsteady(read: Exchange, session: Session) -> bool:
    """Whether a read is answered otherwise from one time to the next, with nothing between."""
    if read.method not in SAFE:
        return False
    seen = []
    with suppress(NotSent):
        for _ in range(LOOKS):
            session.client.repeat(read)
            seen.append(session.client.exchanges[-1])
    return any(content(one) != content(other) for one, other in pairwise(seen))


def _with_plainer_evidence(verdict: Verdict, operation: Operation, session: Session) -> Verdict:
    """The same with all taken from its last request that the answer is the same without."""
    *before, last = verdict.evidence
    by_a_stranger = last.actor not in {each.name for each in session.customers}
    may_be_sent = last.method in SAFE or by_a_stranger
    if last.operation != operation.id or last.concurrent or not may_be_sent:
        return verdict

    def same(answer: Exchange) -> bool:
        # What a stranger is told who is let in does not matter, and may change by itself.
        as_told = answer.body == last.body or (by_a_stranger and last.ok)
        return as_told and _form(answer) == _form(last)

    with suppress(NotSent):
        last = plainer(session.client, operation, last, same)
    extras = frozenset(extras_of(last, operation).names)
    return replace(verdict, evidence=(*before, last), extras=extras)


def _form(exchange: Exchange) -> tuple[object, ...]:
    """An answer but for its body and the values that are others each time."""
    steady = (exchange.headers.get(name) for name in ("content-type", "www-authenticate"))
    return (exchange.status, frozenset(exchange.headers), *steady)


def judge_once(law: Law, rule: Rule, operation: Operation, session: Session) -> Verdict:
    """One law at one operation, by what the session shows this once."""
    return _evaluate(Verdict(rule, law.group, operation.id, "holds"), law, operation, session)


def _evaluate(clean: Verdict, law: Law, operation: Operation, session: Session) -> Verdict:
    try:
        _apply(law, operation, session)
    except Violation as violation:
        if reason := _excuse(violation, session):
            return replace(clean, outcome="not covered", actual=reason)
        return clean.violated_by(violation)
    except (NotCovered, NotSent) as reason:
        return replace(clean, outcome="not covered", actual=str(reason))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # The body is not what the schema says; BODY-01 tells how.
        return replace(clean, outcome="not covered", actual=f"an answer is unreadable: {error!r}")
    return replace(clean, notices=_drift(session, operation) if law.rule == "BODY-01" else ())


def _excuse(violation: Violation, session: Session) -> str | None:
    """Why a violation is none of the rule's own, if so."""
    last = violation.exchanges[-1]
    if last.from_a_gateway:
        return f"something before the API answered {last.status}"
    compared = {each.operation or "" for each in violation.exchanges if violation.compares}
    causes = [session.unsteady[id] for id in sorted(compared & session.unsteady.keys())]
    # What comes of one fault is told once.
    return f"answers change by themselves, as {causes[0]} shows" if causes else None


def _confirm(
    verdict: Verdict, clean: Verdict, law: Law, operation: Operation, session: Session
) -> Verdict:
    """The violation if it is met again, else unstable; not covered where the run had to stop."""
    try:
        again = _judge_again(verdict, clean, law, operation, session)
        if again.outcome == "violated":
            pass
        elif _records_arrived(verdict, operation, session):
            verdict = replace(again, notices=(*again.notices, ARRIVED))
        else:
            verdict = replace(verdict, outcome="unstable")
        reason = session.reason_to_stop()
    except NotSent as kept:
        reason = str(kept)
    return replace(clean, outcome="not covered", actual=reason) if reason else verdict


def _judge_again(
    verdict: Verdict, clean: Verdict, law: Law, operation: Operation, session: Session
) -> Verdict:
    """
    Try to meet a violation again: first after its evidence alone, then after a replay of the whole
    run, which leads to the state that it was met in; last, by whether its harm is still there.
    """
    client, journal = session.client, list(session.client.exchanges)
    for replayed in (verdict.evidence, journal if len(journal) <= LONGEST_JOURNAL else ()):
        again = session.restarted()
        session.restore()
        again.survey(*(() if replayed is journal else (operation, client.contract.preferences)))
        for exchange in replayed:
            again.client.repeat(exchange)
        second = _evaluate(clean, law, operation, again)
        client.count += again.client.count
        session.skip_unchecked()
        if second.outcome == "violated":
            return second
    return verdict if _harm_stays(verdict, client) else second


def _records_arrived(verdict: Verdict, operation: Operation, session: Session) -> bool:
    """
    Whether somebody's records became more while they were looked at, and never fewer: life goes
    on at a real service. Totals that go up and down are the service's own fault.
    """
    lists = [
        each
        for each in session.client.exchanges
        # A list without pages is whole only where no parameter filters it.
        if each.operation == operation.id and each.fits and (operation.pages or "?" not in each.url)
    ]
    for actor in {each.actor for each in verdict.evidence}:
        totals = [_total(each) for each in lists if each.actor == actor]
        if totals and totals == sorted(totals) and totals[0] < totals[-1]:
            return True
    return False


def _total(exchange: Exchange) -> int:
    """How many records there are in all."""
    meta = exchange.json.get("meta")
    return int(meta["total"]) if meta else len(exchange.records)


def _harm_stays(verdict: Verdict, client: Client) -> bool:
    """Whether the kit wrote before it saw the violation, and what it saw is there for good."""
    *before, last = verdict.evidence or (None,)
    if last is None or last.method not in SAFE or all(e and e.method in SAFE for e in before):
        return False
    client.repeat(last)
    now = client.exchanges[-1]
    return (now.status, now.json) == (last.status, last.json)


def _apply(law: Law, operation: Operation, session: Session) -> None:
    """
    Call a law with the arguments it names: once for every acting customer, and if all of these
    leave it uncovered, for the others until one covers it.
    """
    first = session.contract.rules[law.rule].operations[0]
    if "operation" not in law.needs and law.needs and operation.id != first:
        raise NotCovered(f"its law looks at {first} alone")
    reasons: list[str] = []
    judged = False
    for turn in range(len(session.customers) if "customer" in law.needs else 1):
        if judged and turn >= len(session.acting):
            return
        try:
            law.judge(**_arguments(law, operation, session, turn))
            judged = True
        except NotCovered as reason:
            reasons.append(str(reason))
    if not judged:
        raise NotCovered(reasons[0] if reasons else "the target names no customer")


def _arguments(law: Law, operation: Operation, session: Session, first: int) -> dict[str, Any]:
    customers = session.customers[first:] + session.customers[:first]
    available: dict[str, Any] = {
        "session": session,
        "operation": operation,
        "customers": session.customers,
        "customer": customers[0],
        "other": customers[1] if len(customers) > 1 else None,
        **{role: session.roles.get(role) for role in ROLES},
    }
    facts = customers[0].facts
    arguments = {
        name: available[name] if name in available else facts.get(name) for name in law.needs
    }
    for name, value in arguments.items():
        if value is None:
            raise NotCovered(f"the target names no {_words(name)}")
    return arguments


def _words(name: str) -> str:
    words = {"other": "second customer"} | {role: f"{role} token" for role in ROLES}
    return words.get(name, name)


def _drift(session: Session, operation: Operation) -> tuple[str, ...]:
    notices = {
        misfit.text
        for exchange in session.exchanges(operation)
        if exchange.ok
        for misfit in exchange.misfits
        if misfit.drift
    }
    return tuple(sorted(notices))
