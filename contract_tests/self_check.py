"""The kit proves itself: planted faults must be found, harmless variants must not be minded."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from contract_tests.check import Plan, check
from contract_tests.document import Contract, shipped
from contract_tests.engine import Options
from contract_tests.report.summary import Report
from contract_tests.target import Target, TargetError, complete

STARTS_WITHIN_S = 30.0
CONTROL = "/__mock__"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the kit said of one breakage."""

    id: str
    group: str
    rule: str
    text: str
    benign: bool
    killers: Sequence[str]
    """The rules that were found violated."""
    groups: frozenset[str]
    """The groups of their laws."""
    seconds: float
    requests: int
    schemathesis: bool | None = None
    """Whether plain Schemathesis found it too; None where that was not asked."""

    @property
    def outcome(self) -> str:
        """`killed` by the right group, `luck` by another, `missed`; `quiet` or `FALSE ALARM`."""
        if self.benign:
            return "FALSE ALARM" if self.killers else "quiet"
        if not self.killers:
            return "MISSED"
        return "killed" if self.group in self.groups else "luck"

    @property
    def fine(self) -> bool:
        return self.outcome in ("killed", "luck", "quiet")


@contextmanager
def mock() -> Iterator[str]:
    """
    The URL of a mock that runs for as long as it is needed.

    Raises:
        TargetError: it cannot be started.
    """
    with tempfile.TemporaryDirectory() as folder:
        port = Path(folder, "port")
        command = [sys.executable, "-m", "mock_server", "serve", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--port-file", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{_written(process, port)}"
        finally:
            process.terminate()
            process.wait()


def _written(process: "subprocess.Popen[bytes]", port: Path) -> str:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if port.exists() and (found := port.read_text()):
            return found
        time.sleep(0.02)
    raise TargetError("the mock could not be started; try `mock-server serve`")


def catalogue(url: str, only: Sequence[str]) -> list[dict[str, Any]]:
    """The mock's breakages; those whose id, group or rule is named, or all."""
    found: list[dict[str, Any]] = httpx.get(f"{url}{CONTROL}/breakages").json()
    names = [{each["id"], each["group"], each["rule"]} for each in found]
    if unknown := set(only) - set().union(*names):
        raise TargetError(f"no breakage, group or rule is called {', '.join(sorted(unknown))}")
    return [each for each, its in zip(found, names, strict=True) if not only or its & set(only)]


def findings(
    url: str,
    breakages: Sequence[dict[str, Any]],
    *,
    only: Sequence[str] = (),
    beside: bool = False,
) -> Iterator[Finding]:
    """
    Run the laws, or `only` some, against each breakage in a sandbox of its own; Schemathesis too,
    `beside` them.
    """
    contract = Contract.load()
    sandboxes = f"{url}{CONTROL}/sandboxes"
    for breakage in breakages:
        sandbox = httpx.post(sandboxes, json={"breakages": [breakage["id"]]}).json()
        target = complete(Target(base_url=url + sandbox["base_path"], timeout_s=30))
        report = check(target, Plan(Options(only=only), "quick"), contract=contract)
        yield _finding(breakage, report, plain_schemathesis(target) if beside else None)
        httpx.delete(f"{sandboxes}/{sandbox['id']}")


def plain_schemathesis(target: Target) -> bool:
    """Whether `schemathesis run`, as it comes, complains of the target."""
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        str(shipped("spec", "openapi.yaml")),
    ]
    who = ["--url", target.base_url, "-H", f"Authorization: Bearer {target.customers[0].token}"]
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [*command, *who, "--seed", "1"], cwd=folder, capture_output=True, check=False
        )
    return ran.returncode == 1


def _finding(breakage: dict[str, Any], report: Report, schemathesis: bool | None) -> Finding:
    return Finding(
        **breakage,
        killers=sorted({each.rule.id for each in report.violations}),
        groups=frozenset(each.group for each in report.violations),
        seconds=report.seconds,
        requests=report.requests,
        schemathesis=schemathesis,
    )
