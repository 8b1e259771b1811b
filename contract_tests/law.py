"""A law: how to find out whether one rule of the contract holds."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import ModuleType
from typing import Any, Literal

from contract_tests.document import Rule
from contract_tests.exchange import Exchange
from contract_tests.redaction import Redactor

Outcome = Literal["holds", "violated", "not covered", "unstable", "waived", "known"]


class Violation(Exception):
    """
    The implementation broke the rule: values that were expected and came, the exchange that shows
    it, and those it takes to see it, in the order in which they were made: the write whose harm
    a read shows, the answer that it is compared with. One that is `certain` need not be met
    again: two answers contradict each other, and nothing between them explains it. One that
    `compares` says no more than that an answer is another one than before.
    """

    def __init__(
        self,
        *,
        expected: str,
        actual: str,
        exchange: Exchange,
        after: Iterable[Exchange] = (),
        certain: bool = False,
        compares: bool = False,
    ) -> None:
        super().__init__(f"expected {expected}; got {actual}")
        self.certain, self.compares = certain, compares
        self.expected, self.actual = expected, actual
        self.exchanges = tuple({id(each): each for each in (*after, exchange)}.values())


def check_order(
    rule: str, keys: Sequence[Any], exchange: Exchange, after: Iterable[Exchange] = ()
) -> None:
    """
    The records of an answer must stand in the order of their keys, each of which ends in the id.

    Raises:
        Violation: two of them do not.
    """
    for first, second in pairwise(keys):
        if first > second:
            raise Violation(
                expected=f"{rule}: {second[-1]} before {first[-1]}",
                actual=f"{first[-1]} before {second[-1]}",
                exchange=exchange,
                after=after,
            )


class NotCovered(Exception):
    """The rule could not be judged here; the message says what was missing."""


@dataclass(frozen=True, slots=True)
class Law:
    """The judge of one rule, and what it needs, by name."""

    rule: str
    group: str
    judge: Callable[..., None]
    needs: tuple[str, ...]


def law(rule: str) -> Callable[[Callable[..., None]], Law]:
    """Make a function the judge of the rule with this id; its sentence is in the document."""

    def declare(judge: Callable[..., None]) -> Law:
        group = judge.__module__.partition(".laws.")[2].partition(".")[0]
        return Law(rule, group, judge, tuple(inspect.signature(judge).parameters))

    return declare


def laws_of(modules: Iterable[ModuleType]) -> tuple[Law, ...]:
    """Every law declared in `modules`, in their order."""
    members = (member for module in modules for member in vars(module).values())
    return tuple(member for member in members if isinstance(member, Law))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one law at one operation."""

    rule: Rule
    group: str
    operation: str
    outcome: Outcome
    expected: str = ""
    actual: str = ""
    """What was found instead; the reason where the law is not covered or waived."""
    evidence: tuple[Exchange, ...] = ()
    """The exchanges that show it, in order."""
    requests: int = 0
    seconds: float = 0.0
    notices: tuple[str, ...] = field(default=())
    """Drift: what is new, and no violation."""
    certain: bool = False
    """Whether a violation counts though it is seen but once."""
    compares: bool = False
    """Whether a violation says no more than that an answer is another one than before."""
    extras: frozenset[str] = frozenset()
    """Parameters and headers beside those of the document that its last request takes."""

    def violated_by(self, violation: Violation) -> "Verdict":
        """The same with a violation as its outcome."""
        return replace(
            self,
            outcome="violated",
            expected=violation.expected,
            actual=violation.actual,
            evidence=violation.exchanges,
            certain=violation.certain,
            compares=violation.compares,
        )

    def redacted(self, redact: Redactor) -> "Verdict":
        """
        A copy without secrets, each text of it in one line: a CI server obeys lines that begin as
        its commands do. Its exchanges show no secrets anyway.
        """

        def shown(text: str) -> str:
            return " ".join(redact(text).splitlines())

        return replace(
            self,
            expected=shown(self.expected),
            actual=shown(self.actual),
            notices=tuple(map(shown, self.notices)),
        )

    @property
    def id(self) -> str:
        """Law and operation, for selecting and for reports."""
        return f"{self.rule.id}@{self.operation}"
