"""JSON, SARIF and GitHub annotations: the report for other programs."""

import json
from typing import Any

from contract_tests.document import FILE
from contract_tests.law import Verdict
from contract_tests.report.summary import Report

VERSION = 1
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(report: Report) -> str:
    """Everything, in a form of our own; `version` counts its changes."""
    tree = {
        "version": VERSION,
        "base_url": report.base_url,
        "seed": report.seed,
        "verdict": report.state,
        "kept": report.kept,
        "coverage": round(report.coverage, 1),
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "counts": dict(report.counts),
        "left_behind": list(report.left_behind),
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
    }
    return json.dumps(tree, ensure_ascii=False, indent=1)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    evidence = ("curl", "request", "response")
    return {
        "id": verdict.id,
        "rule": verdict.rule.id,
        "source": verdict.rule.source,
        "text": verdict.rule.text,
        "spec": f"{FILE}:{verdict.rule.line}",
        "group": verdict.group,
        "operation": verdict.operation,
        "outcome": verdict.outcome,
        "expected": verdict.expected,
        "actual": verdict.actual,
        "evidence": [{name: getattr(each, name) for name in evidence} for each in verdict.evidence],
        "notices": list(verdict.notices),
        "requests": verdict.requests,
    }


def as_sarif(report: Report) -> str:
    """Violations as results at the line of the rule that they break, for code scanning."""
    rules = {each.rule.id: each.rule for each in report.violations}
    driver = {
        "name": "contract-tests",
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.text},
                "help": {"text": rule.why or rule.text},
                "properties": {"source": rule.source},
            }
            for rule in rules.values()
        ],
    }
    results = [_result(verdict) for verdict in report.violations]
    run = {"tool": {"driver": driver}, "results": results}
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=1)


def _result(verdict: Verdict) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": FILE},
        "region": {"startLine": verdict.rule.line},
    }
    text = f"{verdict.rule.text} Expected {verdict.expected}; got {verdict.actual}"
    return {
        "ruleId": verdict.rule.id,
        "level": "error" if verdict.rule.source == "documented" else "warning",
        "message": {"text": f"{verdict.operation}: {text}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"lawAtOperation/v1": verdict.id},
    }


def as_annotations(report: Report) -> str:
    """Workflow commands that GitHub Actions shows beside the document."""
    lines = []
    for verdict in report.violations:
        said = f"{verdict.rule.text} Expected {verdict.expected}; got {verdict.actual}"
        title = f"{verdict.id} ({verdict.rule.source})"
        lines.append(
            f"::error file={FILE},line={verdict.rule.line},title={title}::{_escaped(said)}"
        )
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
