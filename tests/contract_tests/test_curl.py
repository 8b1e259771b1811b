"""The `curl` lines of a report, run by a shell as they are printed."""

import io
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from ssl import CERT_REQUIRED, PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import pytest
import trustme
from msgspec.structs import replace
from rich.console import Console

from contract_tests.check import Plan, check
from contract_tests.engine import Options
from contract_tests.exchange import Exchange
from contract_tests.law import Verdict
from contract_tests.mutants.catalogue import MUTANTS
from contract_tests.mutants.mutant import Mutant
from contract_tests.redaction import Redactor
from contract_tests.report import terminal
from contract_tests.report.summary import Report
from contract_tests.target import Target
from tests.contract_tests.conftest import Broken
from tests.contract_tests.hostile import Answer, Asked, proxy
from tests.needs import needs

pytestmark = pytest.mark.slow
UNCHANGED = next(each.default for each in fields(Mutant) if each.name == "retarget")
AT_ONCE = "concurrency"
"""Its exchanges overlap, which lines of a shell do not."""
CHOSEN = [
    id
    for id, each in MUTANTS.items()
    # One that is made anew for each run remembers, and lines of a shell are no second run; where
    # the clock of the target runs, they are answered otherwise a second later.
    if not each.harmless and each.group != AT_ONCE and each.make() is each.make()
    if each.retarget is UNCHANGED
][::7]
PAUSE = "printf '\\n=====\\n'"


def printed(report: Report) -> str:
    """The report as a narrow terminal shows it."""
    shown = io.StringIO()
    terminal.show(report, Console(file=shown, width=40))
    return shown.getvalue()


def lines_of(verdict: Verdict, text: str) -> list[str]:
    """The `curl` lines that stand below a verdict's title."""
    part = text.partition(f" {verdict.id}\n")[2].partition("\n\n")[0]
    return [line for line in part.splitlines() if line.startswith("curl ")]


def shell(lines: list[str], target: Target) -> list[tuple[int, Any]]:
    """The status and body of each answer, after running the lines with the variables set."""
    redact = Redactor()
    redact.hide_target(target)
    variables = {
        variable[1:]: token
        for token, variable in redact.secrets.items()
        if re.fullmatch(r"\$\w+", variable)
    }
    needs("curl")
    script = f"\n{PAUSE}\n".join(lines)
    ran = subprocess.run(
        [shutil.which("bash") or "bash", "-c", script],
        env={"PATH": "/usr/bin:/bin"} | variables,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return [answer(part) for part in ran.stdout.decode(errors="replace").split("\n=====\n")]


def answer(text: str) -> tuple[int, Any]:
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    return int(head.split()[1]), read(body)


def read(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def recorded(exchange: Exchange) -> tuple[int, Any]:
    return exchange.status, read(exchange.body.decode(errors="replace"))


def decided(shown: tuple[int, Any], evidence: Sequence[Exchange]) -> Any:
    """An answer; after decisions only what they speak of, as the run has put back the rest."""
    writes = [each.url for each in evidence if each.method in ("POST", "DELETE")]
    status, body = shown
    if not writes or not isinstance(body, dict) or not isinstance(body.get("data"), list):
        return shown
    return status, [each for each in body["data"] if any(each["id"] in url for url in writes)]


@pytest.mark.long
@pytest.mark.parametrize("mutant", CHOSEN)
def test_the_lines_of_a_violation_run_as_printed_and_show_it(broken: Broken, mutant: str) -> None:
    target = broken(mutant, now="2026-03-01T09:00:00Z")
    # Some show only in what other laws have asked.
    reports = (
        check(target, Plan(Options(only=only), "quick")) for only in (MUTANTS[mutant].rules, ())
    )
    report = next(each for each in reports if each.violations)
    verdict = report.violations[0]
    lines = lines_of(verdict, printed(report))
    again = shell(lines, target)

    assert [each[0] for each in again] == [each.status for each in verdict.evidence]
    first, second = (
        decided(shown, verdict.evidence) for shown in (again[-1], recorded(verdict.evidence[-1]))
    )
    assert first == second


def test_the_line_of_a_stream_without_a_chunk_ends(broken: Broken) -> None:
    target = broken("an-empty-stream-is-no-body")
    report = check(target, Plan(Options(only=("PREF-09",)), "quick"))
    verdict = report.violations[0]

    again = shell(lines_of(verdict, printed(report)), target)
    assert again[-1] == recorded(verdict.evidence[-1])


def guarded(asked: Asked) -> Answer | None:
    """A gateway that wants a key of its own."""
    if asked.headers.pop("X-Gateway-Key", "") == "key-of-the-gateway":
        return None
    return Answer(403, {"Content-Type": "application/json"}, b'{"message": "no gateway key"}')


@pytest.mark.parametrize("trust", ["ca", "insecure"])
def test_the_lines_reach_a_server_as_the_run_did(
    broken: Broken, tmp_path: Path, trust: str
) -> None:
    signer, context = trustme.CA(), SSLContext(PROTOCOL_TLS_SERVER)
    signer.issue_cert("127.0.0.1").configure_cert(context)
    signer.configure_trust(context)
    context.verify_mode = CERT_REQUIRED
    signer.cert_pem.write_to_path(str(ca := tmp_path / "ca.pem"))
    client = signer.issue_cert("kit@example.org")
    client.private_key_and_cert_chain_pem.write_to_path(str(pem := tmp_path / "client.pem"))
    plain = broken("no-token-needed")
    trusted = {"ca": ca} if trust == "ca" else {"insecure": True}

    with proxy(plain.base_url, guarded, tls=context) as at:
        headers = {"X-Gateway-Key": "key-of-the-gateway"}
        target = replace(plain, base_url=at, headers=headers, cert=pem, **trusted)
        report = check(target, Plan(Options(only=("AUTH-01@getMyAccountDetails",)), "quick"))
        text = printed(report)
        again = shell(lines := lines_of(report.violations[0], text), target)

    assert again[-1][0] == report.violations[0].evidence[-1].status == 200
    assert ("--insecure" if trust == "insecure" else f"--cacert {ca}") in lines[-1]
    assert "key-of-the-gateway" not in text


def test_the_lines_go_by_the_proxy_of_the_run(
    broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = broken("no-token-needed")

    def onward(asked: Asked) -> None:
        asked.target = asked.target.removeprefix("http://staging.invalid")

    with proxy(plain.base_url, onward) as at:
        by = at.replace("http://", "http://kit:secret-of-the-proxy@")
        for name, value in {"http_proxy": by, "no_proxy": ""}.items():
            monkeypatch.setenv(name, value)
            monkeypatch.setenv(name.upper(), value)
        target = replace(plain, base_url="http://staging.invalid")
        report = check(target, Plan(Options(only=("AUTH-01@getMyAccountDetails",)), "quick"))
        text = printed(report)
        again = shell(lines_of(report.violations[0], text), target)

    assert again[-1][0] == 200
    assert "secret-of-the-proxy" not in text


def test_there_are_fifty_of_them() -> None:
    assert len(CHOSEN) >= 50
