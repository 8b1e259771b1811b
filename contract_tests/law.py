"""A law: how to find out whether one rule of the contract holds."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, Protocol

from contract_tests.document import Rule

Outcome = Literal["holds", "violated", "not covered", "unstable", "waived"]


class Violation(Exception):
    """The implementation broke the rule. The engine adds the rule's sentence and the exchanges."""

    def __init__(self, *, expected: str, actual: str, exchange: Any = None) -> None:
        super().__init__(f"expected {expected}; got {actual}")
        self.expected, self.actual, self.exchange = expected, actual, exchange


class NotCovered(Exception):
    """The rule could not be judged here; the message says what was missing."""


@dataclass(frozen=True, slots=True)
class Law:
    """The judge of one rule, and what it needs, by name."""

    rule: str
    group: str
    judge: Callable[..., None]
    needs: tuple[str, ...]
    sample: tuple[str, ...] = ()
    """The operations it is judged at, where judging it at every one would tell no more."""

    def places(self, rule: Rule) -> tuple[str, ...]:
        """The operations it is judged at: one, unless it asks for an operation by name."""
        found = self.sample or rule.operations
        return found if "operation" in self.needs else found[:1]

    @property
    def sentence(self) -> str:
        """What it judges, in the words of its name."""
        return self.judge.__name__.replace("_", " ")


def law(rule: str, *, sample: tuple[str, ...] = ()) -> Callable[[Callable[..., None]], Law]:
    """Make a function the judge of the rule with this id; its sentence is in the document."""

    def declare(judge: Callable[..., None]) -> Law:
        group = judge.__module__.rpartition(".")[2]
        return Law(rule, group, judge, tuple(inspect.signature(judge).parameters), sample)

    return declare


def laws_of(modules: Iterable[ModuleType]) -> tuple[Law, ...]:
    """Every law declared in `modules`, in their order."""
    members = (member for module in modules for member in vars(module).values())
    return tuple(member for member in members if isinstance(member, Law))


class Evidence(Protocol):
    """A request and its answer, tokens already replaced by variables."""

    @property
    def curl(self) -> str: ...
    @property
    def request(self) -> str: ...
    @property
    def response(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one law at one operation."""

    rule: Rule
    group: str
    operation: str
    outcome: Outcome
    expected: str = ""
    actual: str = ""
    """What was found instead; the reason where the law is not covered or waived."""
    evidence: tuple[Any, ...] = ()
    """What was exchanged: an `Evidence` each."""
    requests: int = 0
    seconds: float = 0.0
    notices: tuple[str, ...] = field(default=())
    """Drift: what is new, and no violation."""

    @property
    def id(self) -> str:
        """Law and operation, for selecting and for reports."""
        return f"{self.rule.id}@{self.operation}"
