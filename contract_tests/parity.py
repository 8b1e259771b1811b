"""Two implementations side by side: where they differ in what the contract fixes."""

from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

from contract_tests.actor import Actor, Customer
from contract_tests.check import Plan, check
from contract_tests.document import Contract, Operation, Rule
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Verdict
from contract_tests.leftovers import tracking
from contract_tests.report.summary import Report
from contract_tests.session import Session
from contract_tests.target import Target, TargetError

SEQUENCES = {"quick": 15, "standard": 100, "deep": 1000}
LONGEST = 8
MOST = 20
"""After so many sequences that part, no more are looked for."""
ACTING = 3
"""How many customers of each side take part in sequences; laws look at all of them."""
VALUES = {
    "boolean": ("true", "false", "TRUE", "yes", ""),
    "integer": ("1", "2", "7", "50", "1000", "0", "-1", "abc"),
}
"""What is asked of the parameters of a type."""
BROKEN = ("violated", "unstable")


@dataclass(frozen=True, slots=True)
class Step:
    """One request, in terms that hold for both sides."""

    operation: str
    who: int = 0
    """The customer's place on each side; -1 is nobody, -2 a bad token."""
    query: tuple[tuple[str, str], ...] = ()
    preference: int = 0
    """The place of the preference in the list."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the contract fixes and that the two sides do differently."""

    rule: Rule
    operation: str
    expected: str
    """What the left side does."""
    actual: str
    left: Sequence[str]
    right: Sequence[str]
    """The fewest requests that show it, as `curl` lines for each side."""

    @property
    def id(self) -> str:
        """Rule and operation, as `--ignore` names them."""
        return f"{self.rule.id}@{self.operation}"


@dataclass(frozen=True, slots=True)
class _Divergence:
    """The last of some steps, which is answered differently."""

    steps: Sequence[Step]
    left: Any
    right: Any
    curls: Sequence[Sequence[str]]
    """Those of each side."""

    @property
    def step(self) -> Step:
        return self.steps[-1]


@dataclass
class Side:
    """One implementation and what is compared of it."""

    session: Session
    count: int = 0
    """How many customers both sides have."""
    preferences: int = 0
    """How many preferences each of these has at the least."""
    _wrote: bool = True
    """Whether the start is yet to be made, or made again."""

    @property
    def customers(self) -> list[Customer]:
        return self.session.customers[: self.count]

    def begin(self) -> None:
        """The same start on both sides: nobody has consented to anything."""
        for customer in self.customers if self.preferences and self._wrote else ():
            customer.restore(dict.fromkeys(customer.consents(), False))
        self._wrote = False
        self.session.client.exchanges.clear()

    def take(self, step: Step) -> Exchange:
        """Take a step."""
        operation = self.session.contract.operations[step.operation]
        self._wrote = self._wrote or not operation.reads
        preference = "x" if operation.reads else self._preference(step)
        return self._actor(step.who).call(operation, step.query, preference=preference)

    def comparable(self, step: Step, exchange: Exchange) -> Any:
        """The part of an answer that the contract fixes: status, and consents after decisions."""
        operation = self.session.contract.operations[step.operation]
        if exchange.status == 404 and operation.reads and 404 in operation.statuses:
            return 200, None
        opted_in = [record.get("opted_in") for record in exchange.records if exchange.ok]
        return exchange.status, opted_in[: self.preferences] if any_consent(opted_in) else None

    def _actor(self, who: int) -> Actor:
        if who == -1:
            return self.session.anonymous
        return self.session.unknown if who == -2 else self.customers[who]

    def _preference(self, step: Step) -> str:
        if not self.preferences:
            return "x"
        listed = list(self.customers[max(step.who, 0)].consents())
        return listed[step.preference % self.preferences]


def any_consent(opted_in: Sequence[Any]) -> bool:
    """Whether these are consents at all."""
    return bool(opted_in) and all(isinstance(each, bool) for each in opted_in)


def compare(
    left: Target,
    right: Target,
    *,
    seed: int = 1,
    depth: str = "standard",
    ignore: Sequence[str] = (),
    transports: tuple[httpx.BaseTransport | None, httpx.BaseTransport | None] = (None, None),
) -> list[Difference]:
    """
    Where two implementations part: laws that one keeps and the other does not, each at its own
    data, then sequences of requests that are answered differently, each as short as it gets.

    Raises:
        TargetError: a side has no customer.
    """
    if not left.customers or not right.customers:
        raise TargetError("each side needs a customer")
    contract = Contract.load()
    one, other = (
        check(target, Plan(depth="quick"), contract=contract, transport=transport)
        for target, transport in zip((left, right), transports, strict=True)
    )
    differences = list(_law_differences(one, other))
    sessions = [
        Session.open(target, contract, transport=transport)
        for target, transport in zip((left, right), transports, strict=True)
    ]
    with ExitStack() as ending:
        for session in sessions:
            ending.callback(ending.enter_context(tracking(session)).restore)
        differences += _sequence_differences(_sides(*sessions), seed, SEQUENCES[depth])
    reported = [
        each for each in differences if not {each.rule.id, each.operation, each.id} & set(ignore)
    ]
    return list({each.id: each for each in reversed(reported)}.values())[::-1]


def _law_differences(left: Report, right: Report) -> Iterator[Difference]:
    """Laws that one side breaks and the other does not."""
    theirs = {verdict.id: verdict for verdict in right.verdicts}
    for mine in left.verdicts:
        verdict = theirs.get(mine.id)
        if verdict is None or (mine.outcome in BROKEN) == (verdict.outcome in BROKEN):
            continue
        broken = verdict if verdict.outcome in BROKEN else mine
        lines = [exchange.curl for exchange in broken.evidence]
        sides = ((), lines) if broken is verdict else (lines, ())
        yield Difference(mine.rule, mine.operation, _describe(mine), _describe(verdict), *sides)


def _describe(verdict: Verdict) -> str:
    if verdict.outcome in BROKEN:
        return f"expected {verdict.expected}; got {verdict.actual}"
    return "keeps it" if verdict.outcome == "holds" else f"{verdict.outcome}: {verdict.actual}"


def _sides(left: Session, right: Session) -> tuple[Side, Side]:
    """Customers and preferences are paired by their places, as far as both sides have any."""
    count = min(len(left.customers), len(right.customers), ACTING)
    writes = not (left.client.target.read_only or right.client.target.read_only)
    both = [each for side in (left, right) for each in side.customers[:count]]
    preferences = min(map(_preferences, both)) if writes else 0
    return Side(left, count, preferences), Side(right, count, preferences)


def _preferences(customer: Customer) -> int:
    try:
        return len(customer.consents())
    except NotCovered:
        return 0


def _sequence_differences(sides: tuple[Side, Side], seed: int, sequences: int) -> list[Difference]:
    """Sequences that part, one of each kind, each as short as it gets."""
    for side in sides:
        side.session.survey()
    contract = sides[0].session.contract
    differences: dict[_Kind, Difference] = {}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=sequences,
        deadline=None,
        database=None,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(st.lists(_steps(sides[0]), min_size=1, max_size=LONGEST))
    def compare_sequence(steps: list[Step]) -> None:
        if len(differences) < MOST and (divergence := _first_divergence(sides, steps, differences)):
            # Hypothesis would shorten one at a time, and begin all anew for the next.
            differences[_kind(divergence.step)] = _difference(_shrunk(sides, divergence), contract)

    compare_sequence()
    return list(differences.values())


_Kind = tuple[str, bool, str]


def _kind(step: Step) -> _Kind:
    """Sequences that end in steps of one kind show one difference."""
    return step.operation, step.who < 0, ",".join(name for name, _ in step.query)


def _first_divergence(
    sides: tuple[Side, Side], steps: Sequence[Step], known: Container[_Kind] = ()
) -> _Divergence | None:
    """The steps up to the first that is answered differently, and is of no known kind."""
    answers: list[tuple[Exchange, Exchange]] = []
    for side in sides:
        side.begin()
    for number, step in enumerate(steps, 1):
        answers.append((sides[0].take(step), sides[1].take(step)))
        left, right = (
            side.comparable(step, each) for side, each in zip(sides, answers[-1], strict=True)
        )
        if left == right:
            continue
        if _kind(step) not in known:
            curls = [[each.curl for each in column] for column in zip(*answers, strict=True)]
            return _Divergence(steps[:number], left, right, curls)
        if not sides[0].session.contract.operations[step.operation].reads:
            return None  # The two are in different states from here on.
    return None


def _shrunk(sides: tuple[Side, Side], divergence: _Divergence) -> _Divergence:
    """The same less each earlier step that it does not take."""
    if alone := _first_divergence(sides, divergence.steps[-1:]):
        return alone
    for place in reversed(range(len(divergence.steps) - 1)):
        fewer = [*divergence.steps[:place], *divergence.steps[place + 1 :]]
        again = _first_divergence(sides, fewer)
        if again and again.steps == fewer:
            divergence = again
    return divergence


def _steps(side: Side) -> st.SearchStrategy[Step]:
    contract = side.session.contract
    who, stranger = st.integers(0, side.count - 1), st.sampled_from([-1, -2])
    reads = [operation for operation in contract.operations.values() if operation.reads]
    decisions = st.sampled_from([operation.id for operation in contract.decisions.values()])
    deciding = st.builds(Step, decisions, who, st.just(()), st.integers(0, 9))
    return st.one_of(
        *(st.builds(Step, st.just(each.id), who, _queries(each)) for each in reads),
        st.builds(Step, st.sampled_from([each.id for each in reads]), stranger),
        *((deciding, st.builds(Step, decisions, stranger)) if side.preferences else ()),
    )


def _queries(operation: Operation) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    parameters = {
        name: st.sampled_from(values)
        for type, values in VALUES.items()
        for name in operation.queries(type)
    }
    return st.fixed_dictionaries({}, optional=parameters).map(
        lambda query: tuple(sorted(query.items()))
    )


def _difference(divergence: _Divergence, contract: Contract) -> Difference:
    operation = contract.operations[divergence.step.operation]
    statuses = (divergence.left[0], divergence.right[0])
    rule = contract.rules[_rule_of(divergence.step, operation, statuses)]
    left, right = (
        _describe_answer(*comparable) for comparable in (divergence.left, divergence.right)
    )
    return Difference(rule, operation.id, left, right, *divergence.curls)


def _describe_answer(status: int, consents: Sequence[bool] | None) -> str:
    return f"{status}, opted in {list(consents)}" if consents else str(status)


def _rule_of(step: Step, operation: Operation, statuses: tuple[int, int]) -> str:
    """The rule that a difference most likely touches."""
    if step.who < 0:
        return "AUTH-01" if step.who == -1 else "AUTH-02"
    if not operation.reads or statuses[0] == statuses[1]:
        return "PREF-04"
    if step.query:
        return "PAGE-10" if operation.pages else "CREDITS-09"
    return "BODY-01"
