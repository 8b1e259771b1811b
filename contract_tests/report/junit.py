"""JUnit XML, as CI servers read it: one test case for each law and operation."""

import re
from socket import gethostname
from xml.etree import ElementTree as ET

from contract_tests.document import FILE
from contract_tests.law import Verdict
from contract_tests.report.summary import Report

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


def render(report: Report) -> str:
    """The report as JUnit XML."""
    failing = {each.id for each in report.failing}
    skipped = len(report.verdicts) - len(failing) - report.counts["holds"]
    suite = ET.Element(
        "testsuite",
        name="My Account contract",
        tests=str(len(report.verdicts)),
        failures=str(len(failing)),
        errors="0",
        skipped=str(skipped),
        time=f"{report.seconds:.3f}",
        timestamp=report.started_at.strftime("%Y-%m-%dT%H:%M:%S"),
        hostname=gethostname(),
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="seed", value=str(report.seed))
    for verdict in report.verdicts:
        _case(suite, verdict, failed=verdict.id in failing)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _case(suite: ET.Element, verdict: Verdict, *, failed: bool) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"contract.{verdict.group}",
        name=verdict.id,
        time=f"{verdict.seconds:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    entries = {"rule": verdict.rule.id, "source": verdict.rule.source}
    for name, value in (entries | {"spec": f"{FILE}:{verdict.rule.line}"}).items():
        ET.SubElement(properties, "property", name=name, value=value)
    if failed:
        failure = ET.SubElement(
            case, "failure", type=verdict.outcome, message=_clean(verdict.rule.text)
        )
        failure.text = _clean(as_text(verdict))
    elif verdict.outcome != "holds":
        ET.SubElement(case, "skipped", message=_clean(f"{verdict.outcome}: {verdict.actual}"))


def as_text(verdict: Verdict) -> str:
    """A violation in plain text."""
    lines = [f"expected: {verdict.expected}", f"actual: {verdict.actual}"]
    for number, each in enumerate(verdict.evidence, 1):
        lines += ["", f"{number}. {each.summary}", each.curl, "", each.request, "", each.response]
    again = f"contract-tests run --only {verdict.id}"
    return "\n".join([*lines, "", f"run again: {again}"])


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
