"""The report as one HTML file that needs nothing else, on paper, on a phone and in the dark."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from contract_tests.law import Outcome, Verdict
from contract_tests.report.summary import Report, reasons

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2733; --soft: #55636f; --line: #dfe5eb; --paper: #fff;
  --ground: #f5f7fa; --holds: #17683f; --violated: #b3261e; --not-covered: #7d5700;
  --unstable: #7b3fa0; --waived: #1f5f9e; --known: #0b6b74 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa7b4; --line: #2d3742;
  --paper: #161b22; --ground: #0d1117; --holds: #4cc38a; --violated: #ff8f87;
  --not-covered: #e0b04a; --unstable: #d2a8ff; --waived: #79c0ff; --known: #63d2dd } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", sans-serif; overflow-wrap: anywhere }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem } p { margin: .25rem 0 }
small, .soft, summary, dt { color: var(--soft) }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 0; padding: 0 }
.cards div { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem;
  padding: .6rem 1rem; display: flex; flex-direction: column-reverse; flex: 1 1 7rem }
.cards dd { font-size: 1.5rem; font-weight: 700; line-height: 1.2; margin: 0 }
article, .list { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem; margin: 0 0 1rem }
article { border-left: .3rem solid var(--violated) } article h3 { margin-top: 0 }
article.unstable { border-left-color: var(--unstable) }
article dl { display: grid; grid-template-columns: minmax(4.5rem, auto) 1fr; gap: .25rem .75rem;
  margin: .75rem 0 } article dd { margin: 0 }
ol { padding-left: 1.4rem } ul { list-style: none; margin: 0; padding: 0 }
.list > li { padding: .6rem 0; border-top: 1px solid var(--line) }
.list > li:first-child { border: 0; padding-top: 0 } .list > li:last-child { padding-bottom: 0 }
.places { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .9rem; margin-top: .2rem }
code { font-family: ui-monospace, Consolas, monospace; font-size: .9em }
p code, li code, dd code { background: var(--ground); border-radius: .25rem; padding: .05em .3em }
pre { background: var(--ground); border: 1px solid var(--line); border-radius: .5rem;
  padding: .75rem; margin: .5rem 0; white-space: pre-wrap; font-size: .85rem }
summary { cursor: pointer }
.holds, .kept { color: var(--holds) } .violated, .broken { color: var(--violated) }
.not-covered { color: var(--not-covered) } .unstable { color: var(--unstable) }
.waived { color: var(--waived) } .known { color: var(--known) }
article.violated, article.unstable { color: inherit }
article h3 { color: var(--violated) }
article.unstable h3 { color: var(--unstable) }
"""
_MARKS: dict[Outcome, str] = {
    "holds": "✓",
    "violated": "✗",
    "not covered": "–",
    "unstable": "≈",
    "waived": "○",
    "known": "●",
}
_PREFIX = re.compile(r"(listMyAccount|getMyAccount|actionMyAccountMarketingPreference)(?=[A-Z])")


def render(report: Report) -> str:
    """The report: the figures, each violation, what was not judged, and every rule."""
    state = report.state
    failing = (*report.violations, *report.having("unstable"))
    subtitle = " · ".join(
        (
            report.base_url,
            f"{report.started_at:%Y-%m-%d %H:%M} UTC",
            f"{report.requests} requests in {report.seconds:.1f} s",
            f"seed {report.seed}",
            *([report.power] if report.power else []),
        )
    )
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>My Account contract: {state}</title><style>{_STYLE}</style></head><body><main>",
        f'<h1>My Account contract: <span class="{_css(state)}">{state}</span></h1>',
        f'<p class="soft">{escape(subtitle)}</p>{_cards(report)}',
        *_section("Violations", map(_violation, failing)),
        *_section("Not judged", _not_judged(report)),
        *_section("Notes", [_list(map(_text, (*report.notes, *report.left_behind)))]),
        *_section("Rules", _rules(report.verdicts)),
        "</main></body></html>",
    ]
    return "\n".join(parts)


def _section(title: str, parts: Iterable[str]) -> Iterable[str]:
    content = "".join(parts)
    return [f"<h2>{title}</h2>{content}"] if content else []


def _cards(report: Report) -> str:
    counts = {each: f"{report.counts[each]}" for each in _MARKS if report.counts[each]}
    cards = [(value, str(name), _css(name)) for name, value in counts.items()]
    cards.append((report.percent, "coverage", ""))
    return '<dl class="cards">{}</dl>'.format(
        "".join(
            f'<div><dt>{name}</dt><dd class="{css}">{value}</dd></div>'
            for value, name, css in cards
        )
    )


def _violation(verdict: Verdict) -> str:
    rule = verdict.rule
    return (
        f'<article class="{_css(verdict.outcome)}" id="{escape(verdict.id)}">'
        f"<h3>{escape(verdict.id)} <small>{verdict.outcome}</small></h3>"
        f"<p>{_text(rule.text)}</p><p><small>{rule.source} rule. {_text(rule.why)}</small></p>"
        f"<dl><dt>expected</dt><dd>{_text(verdict.expected)}</dd>"
        f"<dt>actual</dt><dd>{_text(verdict.actual)}</dd></dl><ol>"
        + "".join(
            f"<li>{escape(each.summary)}<pre>{escape(each.curl)}</pre>"
            f"<details><summary>request and answer {number}</summary>"
            f"<pre>{escape(each.request)}</pre><pre>{escape(each.response)}</pre></details></li>"
            for number, each in enumerate(verdict.evidence, 1)
        )
        + "</ol></article>"
    )


def _not_judged(report: Report) -> Iterable[str]:
    outcomes: Sequence[Outcome] = ("not covered", "waived", "known")
    for outcome in outcomes:
        entries = reasons(report.having(outcome))
        if entries:
            yield f'<h3 class="{_css(outcome)}">{outcome}</h3>'
            yield _list(f"{_text(reason)}: {escape(rules)}" for reason, rules in entries)


def _rules(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """Every rule by group, with what became of it at each operation."""
    for group, within in groupby(verdicts, lambda each: each.group):
        yield f"<h3>{escape(group)}</h3>"
        by_rule: dict[str, list[Verdict]] = {}
        for each in within:
            by_rule.setdefault(each.rule.id, []).append(each)
        yield _list(_rule(places) for places in by_rule.values())


def _rule(places: Sequence[Verdict]) -> str:
    rule = places[0].rule
    marks = "".join(
        f'<li class="{_css(each.outcome)}">{_MARKS[each.outcome]} {_place(each)}</li>'
        for each in places
    )
    text = f"<b>{escape(rule.id)}</b> {_text(rule.text)} <small>{rule.source}</small>"
    return f'{text}<ul class="places">{marks}</ul>'


def _place(verdict: Verdict) -> str:
    """An operation in short; an outcome that a mark alone does not tell is said."""
    outcome = "" if verdict.outcome == "holds" else f" ({verdict.outcome})"
    return f"{escape(_PREFIX.sub('', verdict.operation))}{outcome}"


def _list(items: Iterable[str]) -> str:
    content = "".join(f"<li>{each}</li>" for each in items)
    return f'<ul class="list">{content}</ul>' if content else ""


def _text(text: str) -> str:
    """Text with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _css(outcome: str) -> str:
    return outcome.replace(" ", "-")
