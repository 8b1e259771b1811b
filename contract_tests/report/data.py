"""JSON, SARIF and GitHub annotations: the report for other programs."""

import json
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from contract_tests.document import FILE
from contract_tests.law import Verdict
from contract_tests.report.summary import Report

VERSION = 1
PACKAGE = "my-account-kit"
COLOURS = {"kept": "brightgreen", "broken": "red", "unstable": "orange", "not covered": "lightgrey"}
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(report: Report) -> str:
    """Everything, in a form of our own; `version` counts its changes."""
    tree = {
        "version": VERSION,
        "tool": _tool(),
        "base_url": report.base_url,
        "started_at": report.started_at.isoformat(),
        "seed": report.seed,
        "verdict": report.state,
        "kept": report.kept,
        "coverage": round(report.coverage, 1),
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "counts": dict(report.counts),
        "left_behind": list(report.left_behind),
        "notes": list(report.notes),
        "power": report.power,
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
    }
    return json.dumps(tree, ensure_ascii=False, indent=1)


def schema() -> str:
    """The JSON Schema of `as_json`."""
    return files(__package__).joinpath("report.schema.json").read_text("utf-8")


@cache
def _tool() -> dict[str, str]:
    """The name and version of the kit, and where it is described, as SARIF names them."""
    try:
        package = metadata(PACKAGE)
    except PackageNotFoundError:
        return {"name": "contract-tests", "version": "0"}
    pages = (each.partition(", ")[2] for each in package.get_all("Project-URL") or ())
    page = next(pages, None)
    tool = {"name": "contract-tests", "version": package["Version"]}
    return tool | ({"informationUri": page} if page else {})


def as_badge(report: Report) -> str:
    """A badge, in the form that shields.io reads from an endpoint."""
    covered = f", {report.percent} covered" if report.kept else ""
    power = f", {report.power}" if report.power and report.kept else ""
    tree = {
        "schemaVersion": 1,
        "label": "contract",
        "message": f"{report.state}{covered}{power}",
        "color": COLOURS[report.state],
        "isError": not report.kept,
    }
    return json.dumps(tree, ensure_ascii=False)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    evidence = ("actor", "status", "curl", "request", "response")
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
    """
    Violations as results for code scanning, at the profile of the target, which is the file of the
    user's repository that leads to them; without a profile they stand at no file.
    """
    rules = {each.rule.id: each.rule for each in report.failing}
    driver = _tool() | {
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
    results = [_result(verdict, report.profile) for verdict in report.failing]
    run = {"tool": {"driver": driver}, "results": results}
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=1)


def _result(verdict: Verdict, profile: str | None) -> dict[str, Any]:
    text = f"{verdict.rule.text} Expected {verdict.expected}; got {verdict.actual}"
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": verdict.operation, "kind": "function"}]
    }
    if profile:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(profile)},
            "region": {"startLine": 1},
        }
    return {
        "ruleId": verdict.rule.id,
        "level": "error" if verdict.rule.source == "documented" else "warning",
        "message": {"text": f"{verdict.operation}: {text}"},
        "locations": [location],
        "partialFingerprints": {"lawAtOperation/v1": verdict.id},
    }


def as_annotations(report: Report) -> str:
    """Workflow commands that GitHub Actions shows beside the profile, or the job without one."""
    lines = []
    at = f"file={_property(report.profile)},line=1," if report.profile else ""
    for verdict in report.failing:
        text = f"{verdict.rule.text} Expected {verdict.expected}; got {verdict.actual}"
        title = _property(f"{verdict.id} ({verdict.rule.source})")
        lines.append(f"::error {at}title={title}::{_escape(text)}")
    return "\n".join(lines)


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
