"""The report as Markdown, as the summary of a CI job shows it."""

from contract_tests.law import Verdict
from contract_tests.report.summary import Report, reasons

SHOWN = 25
"""Violations in full; a job summary takes a mebibyte at the most."""


def render(report: Report) -> str:
    """The verdict, the figures, each violation with its `curl` lines, and what was not judged."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items())
    lines = [
        f"# My Account contract: {report.state.upper()}",
        "",
        f"`{report.base_url}`: {counts or 'nothing was judged'}; coverage {report.percent},"
        f" {report.requests} requests in {report.seconds:.1f} s, seed {report.seed}.",
        *([f"\n{report.power}"] if report.power else []),
    ]
    failing = [*report.violations, *report.having("unstable")]
    if failing:
        lines += ["", "| rule | operation | expected | actual |", "|---|---|---|---|"]
        lines += [_row(each) for each in failing[:SHOWN]]
    if len(failing) > SHOWN:
        lines.append(f"\nand {len(failing) - SHOWN} more")
    for each in failing[:SHOWN]:
        lines += _details(each)
    lines += _not_judged(report)
    if report.notes:
        lines += ["", *(f"- {_inline(note)}" for note in report.notes)]
    return "\n".join(lines) + "\n"


def _row(verdict: Verdict) -> str:
    cells = (verdict.rule.id, verdict.operation, verdict.expected, verdict.actual)
    return f"| {' | '.join(_cell(each) for each in cells)} |"


def _details(verdict: Verdict) -> list[str]:
    """A violation that opens on a click."""
    commands = [f"# {each.summary}\n{each.curl}" for each in verdict.evidence]
    fence = "`" * (max(3, _longest_run("\n".join(commands)) + 1))
    return [
        "",
        f"<details><summary>{verdict.outcome} {verdict.id}</summary>",
        "",
        f"{_inline(verdict.rule.text)} ({verdict.rule.source})",
        "",
        f"{fence}sh",
        *commands,
        fence,
        "",
        "</details>",
    ]


def _not_judged(report: Report) -> list[str]:
    lines: list[str] = []
    for outcome in ("not covered", "waived", "known"):
        entries = reasons(report.having(outcome))
        if entries:
            lines += ["", f"**{outcome.capitalize()}**", ""]
            lines += [f"- {_inline(reason)}: {rules}" for reason, rules in entries]
    return lines


def _longest_run(text: str) -> int:
    return max(
        (len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0
    )


def _inline(text: str) -> str:
    """Text of an answer in a line: no HTML, no line break; backticks stay code."""
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())


def _cell(text: str) -> str:
    return _inline(text[:300]).replace("|", "\\|")
