"""The report that a person reads in a terminal."""

from collections import Counter

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from contract_tests.document import FILE
from contract_tests.law import Outcome, Verdict
from contract_tests.report.summary import Report

COLOURS: dict[Outcome, str] = {
    "holds": "green",
    "violated": "bold red",
    "not covered": "yellow",
    "unstable": "magenta",
    "waived": "blue",
}
DOUBTS_SHOWN = 12


def show(report: Report, console: Console) -> None:
    """Print the table of groups, each violation, what was not covered, and the result."""
    console.print(_groups(report))
    for verdict in report.violations:
        console.print(_violation(verdict))
    console.print(_doubts(report))
    console.print(_result(report))


def _groups(report: Report) -> Table:
    table = Table(title=f"My Account contract at {report.base_url}", title_justify="left")
    table.add_column("group")
    for outcome, colour in COLOURS.items():
        table.add_column(outcome, justify="right", style=colour)
    for group in dict.fromkeys(verdict.group for verdict in report.verdicts):
        counts = Counter(each.outcome for each in report.verdicts if each.group == group)
        table.add_row(group, *(str(counts[outcome] or "") for outcome in COLOURS))
    return table


def _violation(verdict: Verdict) -> Panel:
    rule = verdict.rule
    lines: list[RenderableType] = [
        Text(rule.text, style="bold"),
        Text(f"{rule.source} rule, {FILE}:{rule.line}", style="dim"),
        Text.assemble(("expected  ", "green"), verdict.expected),
        Text.assemble(("actual    ", "red"), verdict.actual),
    ]
    lines += [Text(each.curl, style="cyan", overflow="fold") for each in verdict.evidence]
    return Panel(Group(*lines), title=verdict.id, title_align="left", border_style="red")


def _doubts(report: Report) -> Text:
    """What was not covered, unstable or waived, and why; the same reason once."""
    reasons: dict[tuple[Outcome, str], list[str]] = {}
    for each in report.verdicts:
        if each.outcome in ("not covered", "unstable", "waived"):
            reasons.setdefault((each.outcome, each.actual), []).append(each.id)
    text = Text()
    for (outcome, reason), ids in list(reasons.items())[:DOUBTS_SHOWN]:
        more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
        text.append(f"{outcome}: ", COLOURS[outcome])
        text.append(f"{ids[0]}{more}: {reason}\n")
    if len(reasons) > DOUBTS_SHOWN:
        text.append(f"and {len(reasons) - DOUBTS_SHOWN} more reasons, in the other reports\n")
    for verdict in report.verdicts:
        for notice in verdict.notices:
            text.append("drift: ", "magenta")
            text.append(f"{verdict.operation}: {notice}\n")
    for left in report.left_behind:
        text.append(f"left behind: {left}\n", "red")
    return text


def _result(report: Report) -> Text:
    kept = report.kept
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items())
    return Text.assemble(
        ("KEPT" if kept else "BROKEN", "bold green" if kept else "bold red"),
        f": {counts}; coverage {report.coverage:.0f} %, {report.requests} requests,"
        f" {report.seconds:.1f} s, seed {report.seed}",
    )
