"""The mock as an oracle: the same sequences on two implementations, and where they part."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis import strategies as st

from contract_tests.actor import Actor, Customer
from contract_tests.client import Exchange
from contract_tests.document import Contract, Operation, Rule
from contract_tests.session import Session
from contract_tests.target import Target, TargetError

SEQUENCES = {"quick": 40, "standard": 150, "deep": 1000}
LONGEST = 8
_BOTH = ("true", "false")
VALUES = {
    "boolean": ("true", "false", "TRUE"),
    "integer": ("1", "2", "7", "50", "1000", "0", "abc"),
}
"""What is asked of the parameters of a type."""
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{24}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(?:T.*)?")
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)*")
_CHOSEN = ("status", "type", "item_type", "attention_reason", "visibility", "source")


@dataclass(frozen=True, slots=True)
class Step:
    """One request, told in words that both sides understand."""

    operation: str
    who: int = 0
    """The customer's place among those that both sides have; -1 is nobody, -2 a bad token."""
    query: tuple[tuple[str, str], ...] = ()
    preference: int = 0
    """The place of the preference in the list."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The shortest sequence after which two implementations differ."""

    rule: Rule
    expected: str
    actual: str
    left: Sequence[str]
    right: Sequence[str]
    """The sequence as `curl` lines, for each side."""


class _Parted(Exception):
    def __init__(self, step: Step, left: Any, right: Any, curls: Any) -> None:
        super().__init__("the implementations differ")
        self.step, self.left, self.right, self.curls = step, left, right, curls


@dataclass
class Side:
    """One implementation, and the names that its ids were given."""

    session: Session
    customers: list[Customer]
    names: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """The same start on both sides: nobody has consented to anything."""
        self.names.clear()
        for customer in self.customers:
            customer.restore(dict.fromkeys(customer.consents(), False))
        self.session.client.exchanges.clear()

    def take(self, step: Step) -> Exchange:
        """Take a step."""
        operation = self.session.contract.operations[step.operation]
        preference = "x" if operation.reads else self._preference(step)
        return self._actor(step.who).call(operation, step.query, preference=preference)

    def seen(self, exchange: Exchange) -> Any:
        """An answer with ids and instants correlated, and texts and amounts left out."""
        body = exchange.json if exchange.ok else type(exchange.json).__name__
        return exchange.status, self._canonical(body, "")

    def _actor(self, who: int) -> Actor:
        if who == -1:
            return self.session.nobody
        return self.session.unknown if who == -2 else self.customers[who % len(self.customers)]

    def _preference(self, step: Step) -> str:
        listed = list(self.customers[max(step.who, 0) % len(self.customers)].consents())
        return listed[step.preference % len(listed)] if listed else "x"

    def _canonical(self, node: Any, key: str) -> Any:
        if isinstance(node, dict):
            return {name: self._canonical(node[name], name) for name in sorted(node)}
        if isinstance(node, list):
            return [self._canonical(item, key) for item in node]
        if isinstance(node, str):
            return self._text(node, key)
        counted = key in ("current_page", "from", "to", "total", "per_page", "last_page")
        return node if counted or node is None or isinstance(node, bool) else "number"

    def _text(self, text: str, key: str) -> str:
        if _ID.fullmatch(text):
            return f"id {self.names.setdefault(text.lower(), len(self.names))}"
        if _INSTANT.fullmatch(text):
            return "instant"
        return text if key in _CHOSEN and _WORD.fullmatch(text) else "text"


def compare(
    left: Target, right: Target, *, seed: int = 1, depth: str = "standard"
) -> Difference | None:
    """
    The shortest sequence that tells two implementations apart, if one is found.

    Raises:
        TargetError: the two have no customer in common.
    """
    contract = Contract.load()
    sides = _sides(Session.open(left, contract), Session.open(right, contract))
    for side in sides:
        side.session.survey()
    try:
        _run(sides, seed, SEQUENCES[depth])
    except _Parted as parted:
        return _difference(parted, contract)
    finally:
        for side in sides:
            side.session.restore()
    return None


def _sides(left: Session, right: Session) -> tuple[Side, Side]:
    """Customers are paired by name; by place where no name is shared."""
    names = [each.name for each in left.customers]
    shared = [name for name in names if name in {each.name for each in right.customers}]
    if not shared:
        count = min(len(left.customers), len(right.customers))
        return Side(left, left.customers[:count]), Side(right, right.customers[:count])
    if not left.customers or not right.customers:
        raise TargetError("each side needs a customer")
    by_name = [{each.name: each for each in side.customers} for side in (left, right)]
    ours, theirs = ([found[name] for name in shared] for found in by_name)
    return Side(left, ours), Side(right, theirs)


def _steps(customers: int, contract: Contract) -> st.SearchStrategy[Step]:
    who, stranger = st.integers(0, customers - 1), st.sampled_from([-1, -2])
    decisions = st.sampled_from([each.id for each in contract.decisions.values()])
    return st.one_of(
        *(
            st.builds(Step, st.just(each.id), who, _queries(each))
            for each in contract.operations.values()
            if each.reads
        ),
        st.builds(Step, decisions, who, st.just(()), st.integers(0, 9)),
        st.builds(Step, st.sampled_from(list(contract.operations)), stranger),
    )


def _queries(operation: Operation) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    asked = {
        name: st.sampled_from(values)
        for type, values in VALUES.items()
        for name in operation.queries(type)
    }
    return st.fixed_dictionaries({}, optional=asked).map(_pairs)


def _pairs(said: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(said.items()))


def _run(sides: tuple[Side, Side], seed: int, sequences: int) -> None:
    count = min(len(side.customers) for side in sides)
    for side in sides:
        side.begin()
    contract = sides[0].session.contract
    for step in _reads(count, contract):
        _together(sides, [step])

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=sequences,
        deadline=None,
        database=None,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(st.lists(_steps(count, contract), min_size=1, max_size=LONGEST))
    def agree(steps: list[Step]) -> None:
        for side in sides:
            side.begin()
        _together(sides, steps)

    agree()


def _reads(customers: int, contract: Contract) -> Iterator[Step]:
    """Every read by everybody, before anything is made up."""
    reads = [each for each in contract.operations.values() if each.reads]
    for who, operation in product(range(-2, customers), reads):
        yield Step(operation.id, who)
        flags, numbers = operation.queries("boolean"), operation.queries("integer")
        for values in product(_BOTH, repeat=len(flags)) if flags else ():
            yield Step(operation.id, who, tuple(zip(flags, values, strict=True)))
        for number in ("1", "2", "7", "1000") if numbers else ():
            yield Step(operation.id, who, tuple((name, number) for name in numbers[:1]))
            yield Step(operation.id, who, tuple((name, number) for name in numbers[1:]))


def _together(sides: tuple[Side, Side], steps: Sequence[Step]) -> None:
    taken: list[tuple[Exchange, Exchange]] = []
    for step in steps:
        taken.append((sides[0].take(step), sides[1].take(step)))
        left, right = (side.seen(each) for side, each in zip(sides, taken[-1], strict=True))
        if left != right:
            curls = [[each.curl for each in column] for column in zip(*taken, strict=True)]
            raise _Parted(step, left, right, curls)


def _difference(parted: _Parted, contract: Contract) -> Difference:
    where, left, right = _first(parted.left, parted.right, "")
    operation = contract.operations[parted.step.operation]
    touched = _touched(parted.step, operation, where, (parted.left[0], parted.right[0]))
    rule = contract.rules[touched]
    told = f"{where or 'status'}: "
    return Difference(rule, f"{told}{left}", f"{told}{right}", *parted.curls)


def _first(left: Any, right: Any, where: str) -> tuple[str, Any, Any]:
    """The place of the first difference, and what stands there on each side."""
    for step, mine, theirs in _pairs_within(left, right):
        if mine != theirs:
            return _first(mine, theirs, where + step)
    if isinstance(left, list) and isinstance(right, list):
        return where, f"{len(left)} items", f"{len(right)} items"
    return where, left, right


def _pairs_within(left: Any, right: Any) -> Iterator[tuple[str, Any, Any]]:
    """What stands at the same place in both: of an answer, an object or a list."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        yield from zip(("", "$"), left, right, strict=True)
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            yield f".{name}", left.get(name, "absent"), right.get(name, "absent")
    if isinstance(left, list) and isinstance(right, list):
        for index, (mine, theirs) in enumerate(zip(left, right, strict=False)):
            yield f"[{index}]", mine, theirs


def _touched(step: Step, operation: Operation, where: str, statuses: tuple[int, int]) -> str:
    """The rule that a difference most likely touches."""
    parted = statuses[0] != statuses[1]
    if step.who < 0:
        return "AUTH-01" if step.who == -1 else "AUTH-02"
    if "opted_in" in where:
        return "PREF-04"
    if parted and step.query:
        return "PAGE-10" if operation.pages else "CREDITS-09"
    if parted and operation.reads and 404 in operation.statuses:
        return "PAYMENT-02"
    if operation.pages:
        return "PAGE-05" if ".links" in where else "PAGE-04" if ".meta" in where else "PAGE-03"
    return "CREDITS-01" if operation.queries("boolean") else "BODY-01"
