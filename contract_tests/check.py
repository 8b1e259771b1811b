"""A whole check of a target: laws, model and generated requests, one report."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Literal

import httpx

from contract_tests import baseline, engine, leftovers, model, schema_checks
from contract_tests.baseline import Known
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.law import Verdict
from contract_tests.report.summary import Report
from contract_tests.session import Session
from contract_tests.target import Target, TargetError, Unreachable

Depth = Literal["quick", "standard", "deep"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `quick` is the laws alone; the others send generated requests too."""

    options: Options = field(default_factory=Options)
    depth: Depth = "standard"
    seed: int = 1
    allow_unstable: bool = False
    """Whether a violation that is not met again leaves the contract kept."""
    known: Sequence[Known] = ()
    """Violations that are tolerated for a time."""


def check(
    target: Target,
    plan: Plan | None = None,
    *,
    contract: Contract | None = None,
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
    enough: Callable[[Verdict], bool] = lambda verdict: False,
    transport: httpx.BaseTransport | None = None,
) -> Report:
    """
    Judge a target, passing each verdict to `on_verdict`, and ending early with one that is
    `enough`. Consents are put back as they were. `transport` sends the requests of laws and model
    in place of a socket.

    Raises:
        TargetError: a waiver names no rule, or one that binds every implementation; or there is
            nothing to judge by.
        Unreachable: the target does not answer, or not to its own customer.
    """
    plan, contract = plan or Plan(), contract or Contract.load()
    _check_waivers(target, contract)
    check_selection(plan, contract)
    started, started_at = time.perf_counter(), datetime.fromtimestamp(time.time(), UTC)
    strict = plan.options.strict_enums
    session = Session.open(
        target, contract, strict_enums=strict, seed=plan.seed, transport=transport
    )
    session.client.limits.ends_at = time.monotonic() + target.max_time_s
    verdicts, left, stopped = list[Verdict](), list[str](), ""
    with leftovers.tracking(session) as left_over:
        try:
            for verdict in _verdicts(session, plan):
                redacted = verdict.redacted(session.client.redact)
                verdicts.append(baseline.tolerate(redacted, plan.known, started_at.date()))
                on_verdict(verdicts[-1])
                if enough(verdicts[-1]):
                    break
            stopped = session.reason_to_stop()
        except Unreachable as error:
            # What had been found by then was found.
            if not any(each.outcome == "violated" for each in verdicts):
                raise
            stopped = f"the target could be reached no more: {error}"
        finally:
            left = left_over.restore()
    report = _report(session, plan, verdicts, started_at, time.perf_counter() - started)
    notes = [*report.notes, *filter(None, [left_over.summary, stopped])]
    return replace(report, left_behind=left, notes=notes, stopped_early=bool(stopped))


def _report(
    session: Session,
    plan: Plan,
    verdicts: list[Verdict],
    started_at: datetime,
    seconds: float,
) -> Report:
    generated = (each.requests for each in verdicts if each.group == schema_checks.GROUP)
    return Report(
        session.client.target.base_url,
        plan.seed,
        verdicts,
        seconds,
        session.client.count + sum(generated),
        allow_unstable=plan.allow_unstable,
        started_at=started_at,
        notes=[*baseline.notes(verdicts, plan.known, started_at.date())],
    )


def _verdicts(session: Session, plan: Plan) -> Iterator[Verdict]:
    options = plan.options
    yield from engine.run(session, options)
    if plan.depth == "quick" or "documented" not in options.rules:
        return
    if not options.only or _GENERATED[model.GROUP] & set(options.only):
        yield model.run(session, plan.depth, plan.seed)
    if not options.only or _GENERATED[schema_checks.GROUP] & set(options.only):
        yield from schema_checks.run(session, plan.depth, plan.seed)


_GENERATED = {model.GROUP: {model.GROUP}, schema_checks.GROUP: {schema_checks.GROUP, "SCHEMA-01"}}
"""What chooses the two groups that send generated requests, which are judged as a whole."""


def check_selection(plan: Plan, contract: Contract) -> None:
    """
    Every name in `only` must choose something, and every known violation a place.

    Raises:
        TargetError: one of them does not; what comes close is named.
    """
    baseline.check_entries(plan.known, list(_places(contract)))
    sources: dict[str, set[str]] = {}
    for law, rule, operation in engine.cases(contract, Options()):
        for name in (rule.id, law.group, operation.id, f"{rule.id}@{operation.id}"):
            sources.setdefault(name, set()).add(rule.source)
    if plan.depth != "quick":
        sources |= {name: {"documented"} for names in _GENERATED.values() for name in names}
    for name in plan.options.only:
        if name not in sources:
            raise TargetError(
                f"--only: there is nothing to judge at '{name}'{_near(name, sources)}"
            )
        if not sources[name] & set(plan.options.rules):
            kinds = ", ".join(sorted(sources[name]))
            raise TargetError(f"--only {name}: its rules are {kinds}, which --rules leaves out")


def _places(contract: Contract) -> Iterator[str]:
    """Every place that a verdict can fall at."""
    for _, rule, operation in engine.cases(contract, Options()):
        yield f"{rule.id}@{operation.id}"
    yield f"PREF-04@{model.PLACE}"
    yield from (f"SCHEMA-01@{operation}" for operation in contract.operations)


def _near(name: str, known: Iterable[str]) -> str:
    """Suggestions for an unknown name: the places of its rule first, then similar spellings."""
    rule = name.partition("@")[0]
    places = [each for each in known if "@" in each and each.partition("@")[0] == rule]
    near = places or get_close_matches(name, known, cutoff=0.5)
    return f"; near it: {', '.join(near[:3])}" if near else ""


def _check_waivers(target: Target, contract: Contract) -> None:
    for id in target.waive:
        if id not in contract.rules:
            raise TargetError(f"waive: there is no rule '{id}'; `contract-tests laws` lists them")
        if contract.rules[id].source == "documented":
            raise TargetError(f"waive: {id} is documented and binds every implementation")
