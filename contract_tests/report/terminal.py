"""The report that a person reads in a terminal, and in the log of a CI server."""

from collections import Counter
from collections.abc import Collection

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract_tests.document import FILE
from contract_tests.law import Outcome, Verdict
from contract_tests.report.summary import Report, State, reasons

COLOURS: dict[Outcome, str] = {
    "holds": "green",
    "violated": "bold red",
    "not covered": "yellow",
    "unstable": "magenta",
    "waived": "blue",
    "known": "cyan",
}
STATES: dict[State, str] = {
    "kept": "bold green",
    "broken": "bold red",
    "unstable": "bold magenta",
    "not covered": "bold yellow",
}


def show(report: Report, console: Console) -> None:
    """Print the table of groups, each violation, what was not covered, and the result."""
    console.print(_groups(report))
    for verdicts in report.findings:
        # A line is never broken here: a `curl` line must be pasteable at any width.
        console.print(_finding(verdicts), soft_wrap=True)
    for part in (_not_judged(report), _notices(report), _result(report)):
        if part:
            console.print(part, soft_wrap=True)


def _groups(report: Report) -> Table:
    table = Table(title=f"My Account contract at {report.base_url}", title_justify="left")
    table.add_column("group")
    for outcome, colour in COLOURS.items():
        table.add_column(outcome, justify="right", style=colour)
    for group in dict.fromkeys(verdict.group for verdict in report.verdicts):
        counts = Counter(each.outcome for each in report.verdicts if each.group == group)
        table.add_row(group, *(str(counts[outcome] or "") for outcome in COLOURS))
    return table


def _finding(verdicts: list[Verdict]) -> Text:
    """Every rule that is broken, with the requests that show it, each of which is told once."""
    lines, told = list[Text](), set[str]()
    for verdict in verdicts:
        rule, colour = verdict.rule, COLOURS[verdict.outcome]
        lines += [
            Text.assemble((f"{verdict.outcome.upper()} {verdict.id}", colour)),
            Text.assemble("  ", (rule.text, "bold")),
            Text(f"  {rule.source} rule, {FILE}:{rule.line}", style="dim"),
            Text.assemble(("  expected  ", "green"), verdict.expected),
            Text.assemble(("  actual    ", "red"), verdict.actual),
        ]
        for number, each in enumerate(verdict.evidence, 1):
            if each.curl not in told:
                told.add(each.curl)
                lines.append(Text(f"  {number}. {each.summary}", style="dim"))
                lines.append(Text(each.curl, style="cyan"))
    return Text("\n").join([*lines, Text("")])


def _not_judged(report: Report) -> Text:
    """What was not covered or waived, and why; each reason once, with every rule it stands for."""
    lines = []
    for outcome in ("not covered", "waived", "known"):
        verdicts = report.having(outcome)
        if not verdicts:
            continue
        rules = {each.rule.id for each in verdicts}
        title = f"{outcome.upper()}: {_count(rules, 'rule')} at {_count(verdicts, 'place')}"
        lines.append(Text(title, style=f"bold {COLOURS[outcome]}"))
        lines += [Text(f"  {reason}: {rules}") for reason, rules in reasons(verdicts)]
    return Text("\n").join([*lines, Text("")]) if lines else Text("")


def _count(things: Collection[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _notices(report: Report) -> Text:
    drift = {
        f"drift: {verdict.operation}: {notice}"
        for verdict in report.verdicts
        for notice in verdict.notices
    }
    left = [f"left behind: {each}" for each in report.left_behind]
    lines = [Text(each, style="magenta") for each in (*sorted(drift), *report.notes)]
    return Text("\n").join([*lines, *(Text(each, style="red") for each in left)])


def _result(report: Report) -> Text:
    counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items())
    return Text.assemble(
        (report.state.upper(), STATES[report.state]),
        f": {counts or 'nothing was judged'}; coverage {report.percent},"
        f" {report.requests} requests, {report.seconds:.1f} s, seed {report.seed}",
        f"\n{report.power}" if report.power else "",
    )
