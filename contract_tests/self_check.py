"""The kit proves itself: mutants must be found, harmless variants must not be minded."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from contract_tests.document import Contract, shipped_file
from contract_tests.mutants import proxy
from contract_tests.mutants.mutant import Mutant
from contract_tests.mutants.study import Finding
from contract_tests.target import Target


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a run over mutants."""

    findings: Sequence[Finding]

    def count(self, *outcomes: str) -> int:
        """How many mutants had one of these outcomes."""
        return sum(finding.outcome in outcomes for finding in self.findings)

    @property
    def killed(self) -> int:
        return self.count("killed", "luck")

    @property
    def awake(self) -> int:
        """Mutants that showed at this target: harmless variants do not count."""
        return self.count("killed", "luck", "MISSED")

    def __str__(self) -> str:
        asleep = f", asleep {self.count('asleep')}" if self.count("asleep") else ""
        return (
            f"kill rate {_rate(self.killed, self.awake)},"
            f" right rule {_rate(self.count('killed'), self.awake)},"
            f" false alarms {_rate(self.count('FALSE ALARM'), self.count('quiet', 'FALSE ALARM'))}"
            f"{asleep}"
        )


def _rate(part: int, whole: int) -> str:
    # Rounded down: what is not all of them is never called 100 %.
    percent = f" ({1000 * part // whole / 10:g} %)" if whole else ""
    return f"{part}/{whole}{percent}"


def plain_schemathesis(mutant: Mutant, target: Target, contract: Contract) -> bool:
    """Whether `schemathesis run`, as it comes, complains of a target that a mutant broke."""
    command = [sys.executable, "-m", "schemathesis.cli", "run"]
    document = str(shipped_file("spec", "openapi.yaml"))
    token = f"Authorization: Bearer {target.customers[0].token}"
    with proxy.running(mutant, target, contract) as broken, tempfile.TemporaryDirectory() as folder:
        who = ["--url", broken.url, "-H", token, "--seed", "1"]
        ran = subprocess.run(
            [*command, document, *who], cwd=folder, capture_output=True, check=False
        )
    return ran.returncode == 1
