"""A whole run: its verdicts, what they cover, and what they come to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor
from typing import Literal

from contract_tests.law import Outcome, Verdict

JUDGED = ("holds", "violated", "unstable", "known")
State = Literal["kept", "broken", "unstable", "not covered"]


_READ_FIRST = (
    *("bodies", "ownership", "extras", "errors", "records", "filters", "pagination"),
    *("preferences", "authentication", "http", "time", "aftermath", "concurrency"),
)
"""Groups of laws: what one answer shows goes before what several do, one by one or at once."""
_RANKS = {group: rank for rank, group in enumerate(_READ_FIRST)}


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run."""

    base_url: str
    seed: int
    verdicts: Sequence[Verdict]
    seconds: float
    requests: int
    left_behind: Sequence[str] = ()
    """What could not be put back as it was."""
    allow_unstable: bool = False
    stopped_early: bool = False
    """Whether something ended the run before all was judged."""
    started_at: datetime = datetime.fromtimestamp(0, UTC)
    profile: str | None = None
    """The profile that described the target, as a path of the user's repository."""
    notes: Sequence[str] = ()
    """What is to be said of the baseline."""
    power: str | None = None
    """How many mutants such a run finds, where that was measured."""

    @property
    def counts(self) -> Counter[Outcome]:
        return Counter(verdict.outcome for verdict in self.verdicts)

    @property
    def violations(self) -> list[Verdict]:
        """As they are best read: causes first, as far as the kind of a rule tells."""
        return sorted(self.having("violated"), key=lambda verdict: _RANKS.get(verdict.group, 0))

    @property
    def findings(self) -> list[list[Verdict]]:
        """
        What is wrong, as it is best read: verdicts that one request shows in one way are one, and
        those at one operation that take the same parameters and headers.
        """
        found = dict[object, list[Verdict]]()
        for each in (*self.violations, *self.having("unstable")):
            evidence = tuple(one.curl for one in each.evidence) or each.id
            shown = (each.operation, each.extras) if each.extras else (each.actual, evidence)
            found.setdefault((each.outcome, shown), []).append(each)
        return [*found.values()]

    @property
    def failing(self) -> list[Verdict]:
        """The verdicts for which a contract is not called kept."""
        unstable = [] if self.allow_unstable else self.having("unstable")
        return self.violations + unstable

    def having(self, outcome: Outcome) -> list[Verdict]:
        """The verdicts with an outcome."""
        return [verdict for verdict in self.verdicts if verdict.outcome == outcome]

    @property
    def coverage(self) -> float:
        """The percentage of rules × operations that could be judged; waived ones do not count."""
        counted = [each for each in self.verdicts if each.outcome != "waived"]
        judged = sum(each.outcome in JUDGED for each in counted)
        return 100 * judged / len(counted) if counted else 0.0

    @property
    def percent(self) -> str:
        """The coverage in words: 100 % only where nothing is missing, 0 % where all is."""
        return f"{floor(self.coverage * 10) / 10 or self.coverage:.3g} %"

    @property
    def state(self) -> State:
        """The verdict on the contract; without one rule that holds it is not called kept."""
        if self.violations:
            return "broken"
        if self.counts["unstable"] and not self.allow_unstable:
            return "unstable"
        return "kept" if self.counts["holds"] and not self.stopped_early else "not covered"

    @property
    def kept(self) -> bool:
        """Whether rules hold, and none was broken."""
        return self.state == "kept"


def reasons(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    """Each reason once, with the rules it stands for and at how many operations."""
    grouped: dict[str, Counter[str]] = {}
    for each in verdicts:
        grouped.setdefault(each.actual, Counter())[each.rule.id] += 1
    return [
        (
            reason,
            ", ".join(f"{rule} ×{count}" if count > 1 else rule for rule, count in rules.items()),
        )
        for reason, rules in grouped.items()
    ]
