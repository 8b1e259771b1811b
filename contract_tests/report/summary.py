"""A whole run: its verdicts, what they cover, and what they come to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from contract_tests.law import Outcome, Verdict

JUDGED = ("holds", "violated", "unstable")
State = Literal["kept", "broken", "unstable", "not covered"]


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
    allow_unstable: bool = False

    @property
    def counts(self) -> Counter[Outcome]:
        return Counter(verdict.outcome for verdict in self.verdicts)

    @property
    def violations(self) -> list[Verdict]:
        return self.having("violated")

    def having(self, outcome: Outcome) -> list[Verdict]:
        """The verdicts with an outcome."""
        return [verdict for verdict in self.verdicts if verdict.outcome == outcome]

    @property
    def coverage(self) -> float:
        """How many percent of rules × operations could be judged; waived ones do not count."""
        asked = [each for each in self.verdicts if each.outcome != "waived"]
        judged = sum(each.outcome in JUDGED for each in asked)
        return 100 * judged / len(asked) if asked else 0.0

    @property
    def percent(self) -> str:
        """The coverage in words: 100 % only where nothing is missing, 0 % where all is."""
        return f"{floor(self.coverage * 10) / 10 or self.coverage:.3g} %"

    @property
    def state(self) -> State:
        """What the run comes to. It takes one rule that holds to call a contract kept."""
        if self.violations:
            return "broken"
        if self.counts["unstable"] and not self.allow_unstable:
            return "unstable"
        return "kept" if self.counts["holds"] else "not covered"

    @property
    def kept(self) -> bool:
        """Whether rules hold, and none was broken."""
        return self.state == "kept"
