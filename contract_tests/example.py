"""A rule by example: one request, the right answer of the mock, and a mutant's wrong one."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff

import httpx

from contract_tests import engine
from contract_tests.client import Client
from contract_tests.document import Contract, Rule
from contract_tests.exchange import Exchange
from contract_tests.law import Law, Verdict
from contract_tests.mutants.catalogue import select
from contract_tests.mutants.mutant import Mutant
from contract_tests.mutants.people import People
from contract_tests.mutants.transport import MutantTransport
from contract_tests.session import Session
from contract_tests.target import Target

SHOWN = 16
"""Lines of a difference; more of it says no more."""
OF_THE_MOMENT = ("date", "content-length", "content-encoding", "vary", "x-request-id", "age")
"""Headers that two right answers differ in."""


@dataclass(frozen=True, slots=True)
class Example:
    """How a mutant breaks a rule, and what shows it."""

    mutant: Mutant
    verdict: Verdict
    right: Exchange
    """What the last request of the evidence is answered without the mutant."""

    @property
    def wrong(self) -> Exchange:
        """The answer with the mutant."""
        return self.verdict.evidence[-1]

    def difference(self) -> Iterator[str]:
        """The lines in which the two answers differ: `-` of the right one, `+` of the wrong one."""
        lines = list(unified_diff(_lines(self.right), _lines(self.wrong), n=1, lineterm=""))[2:]
        yield from (line for line in lines[:SHOWN] if not line.startswith("@@"))
        if len(lines) > SHOWN:
            yield f"  and {len(lines) - SHOWN} lines more"


def example(rule: Rule, law: Law, contract: Contract, target: Target) -> Example | None:
    """The first mutant of the rule that its law finds at the target, a right implementation."""
    fallback = None
    for mutant in _first_of(rule):
        candidate = _try_mutant(mutant, rule, law, contract, target)
        fallback = fallback or candidate
        # An answer that differs shows more than one which is wrong by what came before.
        if candidate and list(candidate.difference()):
            return candidate
    return fallback


def right_answer(rule: Rule, contract: Contract, target: Target) -> Exchange:
    """The answer of the target, a right implementation, at the rule's first reading operation."""
    session = Session.open(target, contract)
    operations = [contract.operations[id] for id in rule.operations]
    reads = next((each for each in operations if each.reads), contract.preferences)
    return session.customers[0].call(reads)


def _first_of(rule: Rule) -> Sequence[Mutant]:
    """The mutants of the rule; those that break it before all others first."""
    mutants = [each for each in select([]) if rule.id in each.rules]
    return sorted(mutants, key=lambda each: each.rules[0] != rule.id)


def _try_mutant(
    mutant: Mutant, rule: Rule, law: Law, contract: Contract, target: Target
) -> Example | None:
    retargeted = mutant.retarget(target)
    with httpx.HTTPTransport() as inner:
        transport = MutantTransport(mutant, inner, People(retargeted, contract))
        session = Session.open(retargeted, contract, transport=transport)
        session.survey()
        for id in rule.operations:
            verdict = engine.judge_once(law, rule, contract.operations[id], session)
            if verdict.outcome == "violated":
                session.restore()
                return Example(mutant, verdict, _right_answer_to(verdict, contract, target))
        session.restore()
    return None


def _right_answer_to(verdict: Verdict, contract: Contract, target: Target) -> Exchange:
    """The answer to the last request, after all that led to it, without the mutant."""
    client = Client(target, contract)
    for exchange in verdict.evidence:
        client.repeat(exchange)
    return client.exchanges[-1]


def _lines(exchange: Exchange) -> list[str]:
    head, _, body = exchange.response.partition("\n\n")
    status, *headers = head.splitlines()
    kept = [each for each in headers if each.partition(":")[0] not in OF_THE_MOMENT]
    return [status, *kept, *_pretty(exchange, body)]


def _pretty(exchange: Exchange, raw: str) -> list[str]:
    if exchange.json is None:
        return raw.splitlines()
    text = json.dumps(exchange.json, ensure_ascii=False, indent=1)
    return exchange.redact.body(text).splitlines()
