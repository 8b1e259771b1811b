"""The report as one HTML file that needs nothing else."""

from html import escape

from contract_tests.document import FILE
from contract_tests.law import Verdict
from contract_tests.report.summary import Report

_STYLE = """
:root { --ink: #1c2733; --soft: #5b6b7b; --line: #e3e8ee; --paper: #fff; --ground: #f5f7fa;
  --holds: #1a7f4b; --violated: #c62828; --notcovered: #b7791f;
  --unstable: #8e44ad; --waived: #2b6cb0 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa7b4; --line: #2d3742;
  --paper: #161b22; --ground: #0d1117; --holds: #3fb950; --violated: #ff7b72; --notcovered: #d29922;
  --unstable: #d2a8ff; --waived: #79c0ff } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", sans-serif }
main { max-width: 1100px; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem }
.lead { color: var(--soft); margin: .25rem 0 1.5rem; overflow-wrap: anywhere }
.verdict { font-weight: 700 } .kept { color: var(--holds) } .broken { color: var(--violated) }
.cards { display: flex; flex-wrap: wrap; gap: .75rem }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  padding: .75rem 1.1rem; min-width: 8rem }
.card b { display: block; font-size: 1.5rem; line-height: 1.2 } .card span { color: var(--soft) }
.scroll { overflow-x: auto; background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px }
table { border-collapse: collapse; width: 100%; font-size: .85rem }
th, td { padding: .35rem .6rem; text-align: left; border-bottom: 1px solid var(--line) }
thead th { position: sticky; top: 0; background: var(--paper); vertical-align: bottom }
td.mark { text-align: center; font-size: 1rem }
tr:last-child td { border-bottom: 0 }
.holds { color: var(--holds) } .violated { color: var(--violated) } .waived { color: var(--waived) }
.not-covered { color: var(--notcovered) } .unstable { color: var(--unstable) }
article { background: var(--paper); border: 1px solid var(--line); border-left: 4px solid
  var(--violated); border-radius: 10px; padding: 1rem 1.25rem; margin: 0 0 1rem }
article h3 { margin: 0 0 .25rem; font-size: 1rem } article p { margin: .25rem 0 }
dl { display: grid; grid-template-columns: 6rem 1fr; gap: .25rem .75rem; margin: .75rem 0 }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
pre { background: var(--ground); border: 1px solid var(--line); border-radius: 8px; padding: .75rem;
  overflow-x: auto; font-size: .8rem; margin: .5rem 0; white-space: pre-wrap;
  overflow-wrap: anywhere }
summary { cursor: pointer; color: var(--soft) } small { color: var(--soft) }
"""
_MARKS = {
    "holds": "✓",
    "violated": "✗",
    "not covered": "–",
    "unstable": "≈",
    "waived": "○",
    "known": "●",
}


def render(report: Report) -> str:
    """The report: a summary, the matrix of laws and operations, and each violation."""
    state = "kept" if report.kept else "broken"
    violations = "".join(_violation(each) for each in report.violations)
    doubts = "".join(_doubt(each) for each in report.verdicts if each.outcome in _DOUBTFUL)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>My Account contract: {state}</title><style>{_STYLE}</style></head><body><main>",
        f'<h1>My Account contract: <span class="verdict {state}">{state}</span></h1>',
        f'<p class="lead">{escape(report.base_url)} · {report.requests} requests in',
        f"{report.seconds:.1f} s · seed {report.seed}</p>",
        f'<div class="cards">{_cards(report)}</div>',
        f"<h2>Violations</h2>{violations}" if violations else "",
        f'<h2>Laws and operations</h2><div class="scroll">{_matrix(report)}</div>',
        f'<h2>Not judged</h2><div class="scroll"><table>{doubts}</table></div>' if doubts else "",
        "</main></body></html>",
    ]
    return "\n".join(filter(None, parts))


_DOUBTFUL = ("not covered", "unstable", "waived", "known")


def _cards(report: Report) -> str:
    counts = {name: report.counts[name] for name in ("holds", "violated", "not covered")}
    cards = [(str(count), name) for name, count in counts.items()]
    cards.append((f"{report.coverage:.0f} %", "coverage"))
    return "".join(
        f'<div class="card"><b class="{_css(name)}">{value}</b><span>{name}</span></div>'
        for value, name in cards
    )


def _matrix(report: Report) -> str:
    operations = list(dict.fromkeys(verdict.operation for verdict in report.verdicts))
    cells = {(each.rule.id, each.operation): each for each in report.verdicts}
    rules = {verdict.rule.id: verdict.rule for verdict in report.verdicts}
    head = "".join(f"<th>{escape(_short(each))}</th>" for each in operations)
    rows = []
    for id, rule in sorted(rules.items()):
        marks = "".join(_mark(cells.get((id, operation))) for operation in operations)
        told = f"<b>{id}</b> <small>{rule.source}</small><br><small>{escape(rule.text)}</small>"
        rows.append(f"<tr><td>{told}</td>{marks}</tr>")
    return (
        f"<table><thead><tr><th>law</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _mark(verdict: Verdict | None) -> str:
    if verdict is None:
        return "<td></td>"
    title = escape(f"{verdict.outcome} {verdict.actual}".strip(), quote=True)
    mark = _MARKS[verdict.outcome]
    return f'<td class="mark {_css(verdict.outcome)}" title="{title}">{mark}</td>'


def _violation(verdict: Verdict) -> str:
    rule = verdict.rule
    evidence = "".join(
        f"<pre>{escape(each.curl)}</pre><details><summary>request and response</summary>"
        f"<pre>{escape(each.request)}</pre><pre>{escape(each.response)}</pre></details>"
        for each in verdict.evidence
    )
    return (
        f'<article id="{escape(verdict.id)}"><h3>{escape(verdict.id)}</h3>'
        f"<p>{escape(rule.text)}</p><p><small>{rule.source} rule, {FILE}:{rule.line}."
        f" {escape(rule.why)}</small></p><dl><dt>expected</dt><dd>{escape(verdict.expected)}</dd>"
        f"<dt>actual</dt><dd>{escape(verdict.actual)}</dd></dl>{evidence}</article>"
    )


def _doubt(verdict: Verdict) -> str:
    return (
        f'<tr><td class="{_css(verdict.outcome)}">{verdict.outcome}</td>'
        f"<td>{escape(verdict.id)}</td><td>{escape(verdict.actual)}</td></tr>"
    )


def _short(operation: str) -> str:
    name = operation.replace("listMyAccount", "").replace("getMyAccount", "")
    return name.replace("actionMyAccountMarketingPreference", "")


def _css(outcome: str) -> str:
    return outcome.replace(" ", "-")
