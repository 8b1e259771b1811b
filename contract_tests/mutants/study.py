"""How well the kit judges a target: it is shown the target through each mutant in turn."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import httpx
from msgspec.structs import replace as with_fields

from contract_tests.actor import Customer
from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.law import NotCovered, Verdict
from contract_tests.mutants.mutant import Mutant
from contract_tests.mutants.people import People
from contract_tests.mutants.recording import RecordingTransport
from contract_tests.mutants.transport import MutantTransport
from contract_tests.mutants.waking import wakes
from contract_tests.report.summary import Report
from contract_tests.session import Session
from contract_tests.target import Target
from contract_tests.transport import ReadOnly, ReadOnlyTransport, transport_of

Outcome = Literal["killed", "luck", "MISSED", "asleep", "quiet", "FALSE ALARM"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What the kit makes of a target that a mutant was laid round."""

    mutant: Mutant
    outcome: Outcome
    """
    `killed` by a law of a rule it breaks, `luck` by another, `MISSED`, or `asleep`: it changes
    nothing that this target answers. A harmless variant is `quiet`, or a `FALSE ALARM`.
    """
    killers: Sequence[str]
    """The rules that were violated, up to the first of those that the mutant breaks."""
    wakes: str = ""
    """What a target needs for a mutant that is asleep."""
    alarms: Sequence[Verdict] = ()
    requests: int = 0
    """What the kit sent; the target itself was sent fewer."""
    seconds: float = 0.0

    @property
    def passes(self) -> bool:
        return self.outcome not in ("MISSED", "FALSE ALARM")


class Study:
    """A target that is right, judged once as it is and then through mutants."""

    def __init__(
        self,
        target: Target,
        contract: Contract,
        *,
        transport: httpx.BaseTransport | None = None,
        rules: Sequence[str] = ("documented", "client", "ruled"),
    ) -> None:
        """
        Judge the target as it is.

        Raises:
            Unreachable: it does not answer.
        """
        sender = transport or transport_of(target)
        # Below the mutants, so that none of them can write either.
        sender = ReadOnlyTransport(sender) if target.read_only else sender
        self.recording = RecordingTransport(sender, target.rate_per_s)
        # The recording paces what leaves; what is answered from memory need not wait.
        self.target, self.contract = with_fields(target, rate_per_s=None), contract
        self.people = People(self.target, contract)
        self._rules = rules
        session = Session.open(self.target, contract, transport=self.recording)
        self._consents = [
            (each, consents) for each in session.customers if (consents := _consents_of(each))
        ]
        self.baseline = self._check(self.target, self.recording)
        self._known = {verdict.id for verdict in _alarms(self.baseline)}
        self._reads, self._written = self.recording.reads, self.recording.written

    def findings(self, mutants: Sequence[Mutant]) -> Iterator[Finding]:
        """Judge the target through each mutant."""
        for mutant in mutants:
            yield self.finding(mutant)

    def finding(self, mutant: Mutant) -> Finding:
        """Judge the target through a mutant: by the rules that it breaks, then by all."""
        seen = MutantTransport(mutant, self.recording, self.people)
        try:
            if mutant.harmless:
                return self._harmless(mutant, seen)
            found = self._broken(mutant, seen, mutant.rules)
            if found.outcome == "MISSED" and not seen.touched and not self._would_show(mutant):
                return replace(found, outcome="asleep", wakes=wakes(mutant, self.people))
            return found if found.outcome == "killed" else self._broken(mutant, seen, ())
        finally:
            self._restore()

    def _harmless(self, mutant: Mutant, seen: MutantTransport) -> Finding:
        report = self._check(mutant.retarget(self.target), seen)
        alarms = self._new(report)
        outcome: Outcome = "FALSE ALARM" if alarms else "quiet"
        return _finding(mutant, outcome, alarms, report)

    def _broken(self, mutant: Mutant, seen: MutantTransport, only: Sequence[str]) -> Finding:
        def kills(verdict: Verdict) -> bool:
            return verdict.rule.id in mutant.rules and self._is_new(verdict)

        report = self._check(mutant.retarget(self.target), seen, only, kills)
        alarms = [verdict for verdict in report.verdicts if self._is_new(verdict)]
        right = {verdict.rule.id for verdict in alarms} & set(mutant.rules)
        outcome: Outcome = "killed" if right else "luck" if alarms else "MISSED"
        return _finding(mutant, outcome, alarms, report)

    def _check(
        self,
        target: Target,
        transport: httpx.BaseTransport,
        only: Sequence[str] = (),
        enough: Callable[[Verdict], bool] = lambda verdict: False,
    ) -> Report:
        plan = Plan(Options(self._rules, only), "quick")
        return check(target, plan, contract=self.contract, enough=enough, transport=transport)

    def _is_new(self, verdict: Verdict) -> bool:
        return verdict.outcome == "violated" and verdict.id not in self._known

    def _new(self, report: Report) -> list[Verdict]:
        return [verdict for verdict in _alarms(report) if verdict.id not in self._known]

    def _would_show(self, mutant: Mutant) -> bool:
        """Whether it changes an answer to anything that was read of the target as it is."""
        seen = MutantTransport(mutant, ReadOnlyTransport(self.recording), self.people)
        for request in self._reads:
            try:
                seen.handle_request(request)
            except ReadOnly:
                return True
            if seen.touched:
                return True
        return False

    def _restore(self) -> None:
        """Put back, round the mutant, what was changed through it."""
        if self.recording.written == self._written:
            return
        for customer, consents in self._consents:
            with suppress(NotCovered):
                customer.restore(consents)
            customer.client.exchanges.clear()
        self._written = self.recording.written


def _consents_of(customer: Customer) -> dict[str, bool]:
    with suppress(NotCovered):
        return customer.consents()
    return {}


def _alarms(report: Report) -> list[Verdict]:
    return [verdict for verdict in report.verdicts if verdict.outcome in ("violated", "unstable")]


def _finding(
    mutant: Mutant, outcome: Outcome, alarms: Sequence[Verdict], report: Report
) -> Finding:
    killers = sorted({verdict.rule.id for verdict in alarms})
    return Finding(mutant, outcome, killers, "", alarms, report.requests, report.seconds)
