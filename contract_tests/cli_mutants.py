"""The commands about mutants: self-check, power, break and their list."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import click

from contract_tests import power as powers
from contract_tests.command import (
    VIOLATED,
    one_line_errors,
    option,
    profile_option,
    target_options,
    token_option,
    transport_options,
)
from contract_tests.document import Contract
from contract_tests.mutants.catalogue import by_id, select
from contract_tests.mutants.mutant import Mutant
from contract_tests.mutants.proxy import Proxy
from contract_tests.mutants.study import Finding, Study
from contract_tests.own_mock import mock
from contract_tests.profile import load_target
from contract_tests.readiness import ready
from contract_tests.self_check import Figures, plain_schemathesis
from contract_tests.target import Target, TargetError, complete

_only = option(
    "--only", multiple=True, metavar="NAME", help="Only this mutant, group or rule. Repeatable."
)


@click.command("self-check")
@option("-u", "--base-url", help="A correct implementation; by default a mock is started.")
@profile_option
@_only
@option("--beside-schemathesis", is_flag=True, help="Also run Schemathesis on each mutant; slow.")
def self_check(
    base_url: str | None, profile: Path | None, only: Sequence[str], beside_schemathesis: bool
) -> None:
    """Test the kit: judge a correct implementation through each mutant.

    Ends with the share of mutants that were found, the share for which a rule that they break was
    named, and the false alarms over harmless variants.
    """
    with one_line_errors():
        chosen = select(only)
        start = nullcontext(base_url) if base_url or profile else mock()
        with start as url:
            target = ready(load_target(profile, base_url=url), contract := Contract.load(), 0)
            study = Study(target, contract)
            findings = []
            for finding in study.findings(chosen):
                findings.append(finding)
                beside = ""
                if beside_schemathesis and not finding.mutant.harmless:
                    too = plain_schemathesis(finding.mutant, target, contract)
                    beside = "  schemathesis too" if too else "  laws alone"
                click.echo(_line(finding) + beside)
        click.echo(str(Figures(findings)))
        sys.exit(0 if all(finding.passes for finding in findings) else VIOLATED)


def _line(finding: Finding) -> str:
    mutant, seconds = finding.mutant, finding.seconds
    note = finding.wakes or ",".join(finding.killers)[:48]
    return (
        f"{finding.outcome:11} {mutant.id:42} {','.join(mutant.rules):11} {seconds:4.1f} s  {note}"
    )


@click.command()
@target_options
@_only
def power(
    base_url: str | None, profile: Path | None, patience: float, only: Sequence[str], **options: Any
) -> None:
    """Measure how many known mutants a run against your service would find.

    Judges the service through each known mutant in turn, on this side of the wire: the service
    itself is not broken, and what it answered once is not asked again. Tells how many mutants a
    run with these tokens and this data finds, which are missed, and what would wake those that
    cannot show.
    """
    with one_line_errors() as redact:
        chosen = [mutant for mutant in select(only) if not mutant.harmless]
        contract = Contract.load()
        profile_target = load_target(profile, base_url=base_url, **options)
        redact.hide_target(profile_target)
        target = ready(profile_target, contract, patience)
        study = Study(target, contract)
        findings = list(_judge_with_progress(study, chosen))
        measured = powers.measure(findings, powers.now())
        _show(study, findings, measured)
        if not only:
            with suppress(OSError):
                powers.save(target.base_url, measured)


def _judge_with_progress(study: Study, mutants: Sequence[Mutant]) -> list[Finding]:
    """Judge through each mutant, with a progress bar in a terminal."""
    with click.progressbar(
        mutants, file=sys.stderr, label="mutants", item_show_func=lambda each: each and each.id
    ) as shown_mutants:
        return [study.finding(mutant) for mutant in shown_mutants]


def _show(study: Study, findings: Sequence[Finding], measured: powers.Power) -> None:
    if violations := study.baseline.violations:
        click.echo(f"The service itself breaks {len(violations)} laws; those find nothing more.")
    for finding in findings:
        if finding.outcome == "MISSED":
            click.echo(f"missed   {finding.mutant.id}: {finding.mutant.text}")
    for sleep in powers.sleeping(findings):
        click.echo(f"asleep   {sleep.mutants:3}  would wake with {sleep.needs}")
    for reason, rules in powers.uncovered(study.baseline.verdicts).items():
        click.echo(f"no law   {', '.join(rules)}: {reason}")
    click.echo(
        f"This run finds {measured.found} of {len(findings)} known mutants:"
        f" {measured.awake} show with these tokens and this data, {measured.asleep} are asleep."
    )
    click.echo(f"The service was sent {study.recording.sent} requests.")


@click.command("break")
@click.argument("mutant")
@option("--target", "base_url", help="Base URL of the implementation to serve with the mutant.")
@profile_option
@token_option
@transport_options
@option(
    "--port",
    default=0,
    type=click.IntRange(0, 65_535),
    help="Port of the proxy on this machine; 0 takes a free one.",
)
def break_(
    mutant: str, base_url: str | None, profile: Path | None, port: int, **options: Any
) -> None:
    """Serve an implementation through a reverse proxy that applies a mutant.

    Mutants about tokens and about other customers need a profile, or two customers' tokens.
    """
    with one_line_errors() as redact:
        chosen, profile_target = by_id(mutant), load_target(profile, base_url=base_url, **options)
        redact.hide_target(profile_target)
        target = _complete(profile_target)
        with _proxy(chosen, target, port) as proxy:
            click.echo(f"{proxy.url} is {target.base_url} with {chosen.id}: {chosen.text}")
            proxy.serve_forever()


def _proxy(mutant: Mutant, target: Target, port: int) -> Proxy:
    try:
        return Proxy(mutant, target, Contract.load(), port)
    except OSError as error:
        raise TargetError(f"--port {port}: {error.strerror}; choose another") from None


def _complete(target: Target) -> Target:
    """The target with its people, where they can be found out."""
    if not target.base_url:
        raise TargetError("--target: say where the implementation is, as in http://127.0.0.1:4010")
    try:
        return complete(target)
    except TargetError:
        if target.customers or "://" not in target.base_url:
            raise
        click.echo("no customers are known: mutants about tokens will not show", err=True)
        return target


@click.command()
@_only
def mutants(only: Sequence[str]) -> None:
    """List every mutant and every harmless variant."""
    with one_line_errors():
        for mutant in select(only):
            click.echo(f"{mutant.id:42} {','.join(mutant.rules):11} {mutant.text}")


COMMANDS = (self_check, power, break_, mutants)
