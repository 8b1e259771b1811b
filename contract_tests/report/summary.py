"""A whole run: its verdicts, what they cover, and what they come to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contract_tests.law import Outcome, Verdict

JUDGED = ("holds", "violated", "unstable")


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found out about a target."""

    base_url: str
    seed: int
    verdicts: Sequence[Verdict]
    seconds: float
    requests: int
    left_behind: Sequence[str] = ()
    """What could not be put back as it was."""

    @property
    def counts(self) -> Counter[Outcome]:
        return Counter(verdict.outcome for verdict in self.verdicts)

    @property
    def violations(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.outcome == "violated"]

    @property
    def coverage(self) -> float:
        """How many percent of laws × operations could be judged; waived ones do not count."""
        asked = [each for each in self.verdicts if each.outcome != "waived"]
        judged = sum(each.outcome in JUDGED for each in asked)
        return 100 * judged / len(asked) if asked else 0.0

    @property
    def kept(self) -> bool:
        """Whether no rule was broken."""
        return not self.violations
