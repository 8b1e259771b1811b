"""How far a target's green can be trusted: the share of known mutants that a run would find."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from contract_tests import cache
from contract_tests.law import Verdict
from contract_tests.mutants.study import Finding
from contract_tests.self_check import Figures


class Power(Struct, frozen=True):
    """The figure of one measurement, as it is kept for the summaries of later runs."""

    found: int
    awake: int
    """Mutants that show at the target with these tokens and this data."""
    asleep: int
    measured_at: datetime

    def __str__(self) -> str:
        return (
            f"finds {self.found} of {self.awake + self.asleep} known mutants"
            f" ({self.asleep} asleep with this data), measured {self.measured_at:%Y-%m-%d}"
        )


def measure(findings: Sequence[Finding], now: datetime) -> Power:
    """The figure of these findings."""
    figures = Figures(findings)
    return Power(figures.killed, figures.awake, figures.count("asleep"), now)


def save(base_url: str, power: Power) -> None:
    """
    Keep a figure for the summaries of later runs.

    Raises:
        OSError: it cannot be written.
    """
    file = _file(base_url)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(power))


def load(base_url: str) -> Power | None:
    """The last figure that was kept for a target; None where there is none."""
    try:
        return msgspec.json.decode(_file(base_url).read_bytes(), type=Power)
    except (OSError, msgspec.DecodeError):
        return None


def _file(base_url: str) -> Path:
    return cache.file_for(base_url, "power")


@dataclass(frozen=True, slots=True)
class Sleep:
    """A need that would wake some mutants, and how many."""

    needs: str
    mutants: int


def sleeping(findings: Sequence[Finding]) -> list[Sleep]:
    """The needs of mutants that are asleep, the one of most of them first."""
    counted = Counter(finding.wakes for finding in findings if finding.outcome == "asleep")
    return [Sleep(needs, count) for needs, count in counted.most_common()]


def uncovered(verdicts: Sequence[Verdict]) -> dict[str, list[str]]:
    """The laws that could not be judged, by what was missing."""
    rules_by_reason: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.outcome == "not covered":
            rules = rules_by_reason.setdefault(verdict.actual, [])
            rules += [] if verdict.rule.id in rules else [verdict.rule.id]
    return rules_by_reason


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)  # noqa: TID251  # the kit keeps no clock of its own
