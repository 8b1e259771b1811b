"""Runs the laws against a target, as a stream of verdicts."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contract_tests.client import Client, Exchange
from contract_tests.document import Contract, Operation, Rule
from contract_tests.law import Law, NotCovered, Verdict, Violation
from contract_tests.laws import LAWS
from contract_tests.session import ROLES, Session
from contract_tests.transport import SAFE, NotSent

LONGEST_JOURNAL = 1500
"""Of so many requests a run is played again to meet a violation a second time."""

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
    known = {law.rule for law in LAWS}
    unjudged = [_unjudged(id) for id in contract.rules if id not in known]
    for law in (*LAWS, *unjudged):
        rule = contract.rules.get(law.rule)
        for id in rule.operations if rule else ():
            if rule and options.chosen(law, rule, id):
                yield law, rule, contract.operations[id]


def _unjudged(rule: str) -> Law:
    """What stands for the law of a rule that has none."""

    def judge() -> None:
        raise NotCovered("no law of this kit judges the rule")

    return Law(rule, "unjudged", judge, ())


def judge(law: Law, rule: Rule, operation: Operation, session: Session) -> Verdict:
    """One law at one operation; a violation counts only when it is met again."""
    clean, waived = Verdict(rule, law.group, operation.id, "holds"), session.client.target.waive
    if rule.id in waived:
        return replace(clean, outcome="waived", actual=waived[rule.id])
    if reason := session.halted():
        return replace(clean, outcome="not covered", actual=reason)
    started, before = time.perf_counter(), session.client.count
    verdict = _judged(clean, law, operation, session)
    if verdict.outcome == "violated" and not verdict.certain:
        verdict = _confirmed(verdict, clean, law, operation, session)
    requests = session.client.count - before
    return replace(verdict, requests=requests, seconds=time.perf_counter() - started)


def judge_once(law: Law, rule: Rule, operation: Operation, session: Session) -> Verdict:
    """One law at one operation, by what the session shows this once."""
    return _judged(Verdict(rule, law.group, operation.id, "holds"), law, operation, session)


def _judged(clean: Verdict, law: Law, operation: Operation, session: Session) -> Verdict:
    try:
        _hold(law, operation, session)
    except Violation as violation:
        last = violation.exchanges[-1]
        if last.from_a_gateway:
            reason = f"something before the API answered {last.status}"
            return replace(clean, outcome="not covered", actual=reason)
        return _violated(clean, violation)
    except (NotCovered, NotSent) as reason:
        return replace(clean, outcome="not covered", actual=str(reason))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # The body is not what the schema says; BODY-01 tells how.
        return replace(clean, outcome="not covered", actual=f"an answer is unreadable: {error!r}")
    return replace(clean, notices=_drift(session, operation) if law.rule == "BODY-01" else ())


def _violated(clean: Verdict, violation: Violation) -> Verdict:
    return replace(
        clean,
        outcome="violated",
        expected=violation.expected,
        actual=violation.actual,
        evidence=violation.exchanges,
        certain=violation.certain,
    )


def _confirmed(
    verdict: Verdict, clean: Verdict, law: Law, operation: Operation, session: Session
) -> Verdict:
    """A violation, if it is met again; unstable if not; not covered where nothing can be told."""
    try:
        again = _again(verdict, clean, law, operation, session)
        if again.outcome == "violated":
            pass
        elif _arrived(verdict, operation, session):
            verdict = replace(again, notices=(*again.notices, ARRIVED))
        else:
            verdict = replace(verdict, outcome="unstable")
        reason = session.halted()
    except NotSent as kept:
        reason = str(kept)
    return replace(clean, outcome="not covered", actual=reason) if reason else verdict


def _again(
    verdict: Verdict, clean: Verdict, law: Law, operation: Operation, session: Session
) -> Verdict:
    """
    What becomes of a violation: it is met again from scratch, or from the state in which it was
    met, to which the requests of all actors lead; or what was written for it left the harm.
    """
    client, journal = session.client, list(session.client.exchanges)
    for led in (verdict.evidence, journal if len(journal) <= LONGEST_JOURNAL else ()):
        again = session.again()
        session.restore()
        again.survey(*(() if led is journal else (operation, client.contract.preferences)))
        for exchange in led:
            again.client.repeat(exchange)
        second = _judged(clean, law, operation, again)
        client.count += again.client.count
        session.forget_consents()
        if second.outcome == "violated":
            return second
    return verdict if _harm_stays(verdict, client) else second


def _arrived(verdict: Verdict, operation: Operation, session: Session) -> bool:
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
    *before, shown = verdict.evidence or (None,)
    if shown is None or shown.method not in SAFE or all(e and e.method in SAFE for e in before):
        return False
    client.repeat(shown)
    now = client.exchanges[-1]
    return (now.status, now.json) == (shown.status, shown.json)


def _hold(law: Law, operation: Operation, session: Session) -> None:
    """
    Call a law with what it asks for by name: with every customer who acts, and where none of them
    can tell with the others, until one can.
    """
    first = session.contract.rules[law.rule].operations[0]
    if "operation" not in law.needs and law.needs and operation.id != first:
        raise NotCovered(f"its law looks at {first} alone")
    reasons: list[str] = []
    told = False
    for turn in range(len(session.customers) if "customer" in law.needs else 1):
        if told and turn >= len(session.acting):
            return
        try:
            law.judge(**_given(law, operation, session, turn))
            told = True
        except NotCovered as reason:
            reasons.append(str(reason))
    if not told:
        raise NotCovered(reasons[0] if reasons else "the target names no customer")


def _given(law: Law, operation: Operation, session: Session, first: int) -> dict[str, Any]:
    customers = session.customers[first:] + session.customers[:first]
    given: dict[str, Any] = {
        "session": session,
        "operation": operation,
        "customers": session.customers,
        "customer": customers[0],
        "other": customers[1] if len(customers) > 1 else None,
        **{role: session.roles.get(role) for role in ROLES},
    }
    facts = customers[0].facts
    asked = {name: given[name] if name in given else facts.get(name) for name in law.needs}
    for name, value in asked.items():
        if value is None:
            raise NotCovered(f"the target names no {_words(name)}")
    return asked


def _words(name: str) -> str:
    words = {"other": "second customer"} | {role: f"{role} token" for role in ROLES}
    return words.get(name, name)


def _drift(session: Session, operation: Operation) -> tuple[str, ...]:
    found = {
        told
        for exchange in session.exchanges(operation)
        if exchange.ok
        for drift, told in exchange.misfits
        if drift
    }
    return tuple(sorted(found))
