"""A whole check of a target: laws, model and generated requests, one report."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import httpx

from contract_tests import engine, model, schema_checks
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.law import Verdict
from contract_tests.report.summary import Report
from contract_tests.session import Session
from contract_tests.target import Target, TargetError

Depth = Literal["quick", "standard", "deep"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `quick` is the laws alone; the others send generated requests too."""

    options: Options = field(default_factory=Options)
    depth: Depth = "standard"
    seed: int = 1


def check(
    target: Target,
    plan: Plan | None = None,
    *,
    contract: Contract | None = None,
    seen: Callable[[Verdict], None] = lambda verdict: None,
    transport: httpx.BaseTransport | None = None,
) -> Report:
    """
    Judge a target, telling `seen` each verdict as it falls. Consents are put back as they were.
    `transport` sends the requests of laws and model in place of a socket.

    Raises:
        TargetError: a waiver names no rule, or one that binds every implementation.
        Unreachable: the target does not answer, or not to its own customer.
    """
    plan, contract = plan or Plan(), contract or Contract.load()
    _waivable(target, contract)
    started, verdicts = time.perf_counter(), []
    strict = plan.options.strict_enums
    session = Session.open(target, contract, strict_enums=strict, transport=transport)
    left: list[str] = []
    try:
        for verdict in _verdicts(session, plan):
            verdicts.append(verdict)
            seen(verdict)
    finally:
        left = session.restore()
    seconds = time.perf_counter() - started
    requests = session.client.count + sum(
        each.requests for each in verdicts if each.group == schema_checks.GROUP
    )
    return Report(target.base_url, plan.seed, verdicts, seconds, requests, left)


def _verdicts(session: Session, plan: Plan) -> Iterator[Verdict]:
    target, contract, options = session.client.target, session.contract, plan.options
    yield from engine.run(session, options)
    if plan.depth == "quick" or options.only or "documented" not in options.rules:
        return
    yield model.run(session, plan.depth, plan.seed)
    yield from schema_checks.run(target, contract, plan.depth, plan.seed)


def _waivable(target: Target, contract: Contract) -> None:
    for id in target.waive:
        if id not in contract.rules:
            raise TargetError(f"waive: there is no rule '{id}'; `contract-tests laws` lists them")
        if contract.rules[id].source == "documented":
            raise TargetError(f"waive: {id} is documented and binds every implementation")
