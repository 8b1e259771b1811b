"""The command line of the kit: run, explain, laws, self-check."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec
from msgspec.structs import replace as described_as
from rich.console import Console

from contract_tests import baseline, cli_mutants, har, power, recorded
from contract_tests import parity as oracles
from contract_tests.baseline import Known
from contract_tests.check import Plan, check, check_selection
from contract_tests.command import THIN, USAGE, VIOLATED, Percentage
from contract_tests.command import one_line_errors as _one_line_errors
from contract_tests.command import option as _option
from contract_tests.command import target_options as _target_options
from contract_tests.diff import differences
from contract_tests.document import FILE, Contract
from contract_tests.engine import Options
from contract_tests.example import Example, example, right_answer
from contract_tests.exchange import Exchange
from contract_tests.facts import FACTS
from contract_tests.law import Law
from contract_tests.laws import LAWS
from contract_tests.own_mock import mock
from contract_tests.profile import load_target
from contract_tests.readiness import ready
from contract_tests.report import data, terminal
from contract_tests.report.files import WRITERS, ReportFile, parse_reports, writable, write
from contract_tests.report.progress import progress
from contract_tests.report.summary import Report
from contract_tests.states import provider_state
from contract_tests.target import Target, TargetError, complete

SOURCES = ("documented", "client", "ruled")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=data.PACKAGE, prog_name="contract-tests")
def main() -> None:
    """Does an implementation keep the contract of the My Account API?"""


_depth = _option(
    "--depth",
    type=click.Choice(["quick", "standard", "deep"]),
    default="standard",
    help="How many generated requests to send.",
)
_rules = _option("--rules", default=",".join(SOURCES), help="Kinds of rule to judge by.")
_only = _option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Judge only this rule, group, operation or RULE@OPERATION. Repeatable.",
)
_require_coverage = _option(
    "--require-coverage",
    type=Percentage(),
    metavar="PCT",
    help="Exit with 4 if less could be judged.",
)
_strict_enums = _option(
    "--strict-enums", is_flag=True, help="An unknown enum member breaks BODY-01."
)
_baseline = _option(
    "--baseline", type=Path, metavar="FILE", help="Tolerate the known violations in this file."
)
_reports = _option(
    "--report",
    "reports",
    multiple=True,
    metavar="KIND=FILE",
    help=f"Write a report: {', '.join(WRITERS)}. Repeatable.",
)


@main.command()
@_target_options
@_option(
    "--max-time", "max_time_s", type=float, metavar="SECONDS", help="Of the run; 3600 by default."
)
@_option("--staff-token", help="A staff token; it must be refused.")
@_option("--expired-token", help="An expired token; it must be refused.")
@_option("--revoked-token", help="A revoked token; it must be refused.")
@_option("--locked-token", help="The token of a customer who is locked; it must be refused.")
@_option("--state-url", help="Provider-state URL, called before the run as by Pact.")
@_depth
@_option("--seed", default=1, help="The same seed sends the same requests.")
@_rules
@_only
@_option("--waive", multiple=True, metavar="RULE=REASON", help="Never a documented rule.")
@_require_coverage
@_option("--strict", is_flag=True, help="The same as --require-coverage 100.")
@_option("--allow-unstable", is_flag=True, help="Pass although a violation did not show again.")
@_baseline
@_option("--write-baseline", type=Path, metavar="FILE", help="Write this run's violations to it.")
@_strict_enums
@_reports
def run(**options: Any) -> None:
    """Judge whether an implementation keeps the contract.

    \b
    Exit codes:
      0  the contract is kept        3  the target cannot be reached
      1  it is broken, or unstable   4  nothing, or too little, was covered
      2  wrong usage or profile      70  the kit itself failed: no verdict
      130  interrupted: no verdict   143  terminated: no verdict
    \b
    Examples:
      contract-tests run --base-url http://127.0.0.1:4010
      contract-tests run --profile staging.yaml --read-only --report junit=report.xml
    """
    with _one_line_errors() as redact:
        files, contract = parse_reports(options["reports"]), Contract.load()
        profile_target = _target(options)
        redact.hide_target(profile_target)
        plan = _plan(options, profile_target)
        baseline_file = options["write_baseline"]
        if baseline_file:
            writable(baseline_file, "--write-baseline")
        with provider_state(profile_target) as provided_target, progress() as on_verdict:
            redact.hide_target(provided_target)
            target = ready(provided_target, contract, options["patience"])
            report = check(target, plan, contract=contract, on_verdict=on_verdict)
        if baseline_file:
            today = report.started_at.date()
            baseline_file.write_text(baseline.as_yaml(report.verdicts, plan.known, today), "utf-8")
        required = 100.0 if options["strict"] else options["require_coverage"]
        if not options["only"] and (figure := power.load(report.base_url)):
            report = replace(report, power=f"power: a run here {figure}")
        _finish(report, files, options["profile"], required)


def _finish(
    report: Report, files: Sequence[ReportFile], profile: Path | None, required: float | None
) -> NoReturn:
    """Print the verdict, write the reports, and exit."""
    report = replace(report, profile=_of_repository(profile))
    _print_report(report)
    unwritten = list(write(report, files))
    for complaint in unwritten:
        click.echo(f"contract-tests: {complaint}", err=True)
    sys.exit(_exit_code(report, required) or (USAGE if unwritten else 0))


_TARGET = (
    *("base_url", "customer_token", "read_only", "state_url", "header", "ca", "insecure", "cert"),
    *("key", "timeout_s", "max_time_s", "rate_per_s"),
)
"""The options that stand in place of a profile's fields."""
_ROLES = ("staff", "expired", "revoked", "locked")
"""Whose tokens an option may give."""


def _target(options: dict[str, Any]) -> Target:
    """The profile, with what the command line says laid over it."""
    target = load_target(options["profile"], **{name: options[name] for name in _TARGET})
    tokens = {name: options[f"{name}_token"] for name in _ROLES}
    tokens = {name: token for name, token in tokens.items() if token}
    waive = target.waive | dict(map(_waiver, options["waive"]))
    return described_as(target, tokens=described_as(target.tokens, **tokens), waive=waive)


def _waiver(text: str) -> tuple[str, str]:
    law, _, reason = text.partition("=")
    if not reason:
        raise TargetError(f"--waive {text}: say LAW=REASON; the reason is printed")
    return law, reason


def _of_repository(profile: Path | None) -> str | None:
    """The path of a profile within the repository that a CI server, or the shell, is in."""
    if profile is None:
        return None
    root = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    path = profile.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else None


def _known_violations(file: Path | None, target: Target) -> tuple[Known, ...]:
    try:
        own = msgspec.convert(target.known, tuple[Known, ...])
    except msgspec.ValidationError as error:
        raise TargetError(f"known: {error}") from None
    return own + (baseline.load(file) if file else ())


def _plan(given: dict[str, Any], target: Target) -> Plan:
    rules = tuple(each.strip() for each in given["rules"].split(","))
    if unknown := [each for each in rules if each not in SOURCES]:
        raise TargetError(f"--rules: '{unknown[0]}' is not one of {', '.join(SOURCES)}")
    options = Options(rules, given["only"], given["strict_enums"])
    known = _known_violations(given["baseline"], target)
    plan = Plan(options, given["depth"], given["seed"], given["allow_unstable"], known)
    check_selection(plan, Contract.load())
    return plan


def _print_report(report: Report) -> None:
    terminal.show(report, Console())
    if os.environ.get("GITHUB_ACTIONS"):
        click.echo(data.as_annotations(report))


def _exit_code(report: Report, required: float | None) -> int:
    if report.state in ("broken", "unstable"):
        return VIOLATED
    thin = required is not None and report.coverage < required
    return THIN if thin or not report.kept else 0


@main.command()
@click.argument("file", type=Path)
@_option("-u", "--base-url", help="Base URL of the API; by default the one recorded most.")
@_option("--profile", type=Path, help="A YAML file that names the customers and their tokens.")
@_rules
@_only
@_require_coverage
@_strict_enums
@_baseline
@_reports
def judge(file: Path, **options: Any) -> None:
    """
    Judge traffic that was recorded as an HTTP Archive, by a browser, a proxy or the mock's journal.

    Nothing is sent. Whoever signed in takes part, told apart by token; rules whose answers the
    record does not have are not covered. Exit codes are those of `run`.
    """
    with _one_line_errors():
        files, contract = parse_reports(options["reports"]), Contract.load()
        target = load_target(options["profile"], base_url=options["base_url"])
        record = recorded.Record.of(har.load(file), contract, target)
        fixed = {"depth": "quick", "seed": 0, "allow_unstable": False}
        report = recorded.judge(record, _plan(options | fixed, target))
        _finish(report, files, options["profile"], options["require_coverage"])


@main.command()
def facts() -> None:
    """List what a profile can say of a customer under `facts:`, each with its kind."""
    for fact in FACTS:
        click.echo(
            f"{fact.name}: {fact.example}\n    {fact.meaning} {fact.kind.words.capitalize()}."
        )


@main.command("report-schema")
def report_schema() -> None:
    """Print the JSON Schema of `--report json`."""
    click.echo(data.schema(), nl=False)


@main.command()
@click.argument("law")
def explain(law: str) -> None:
    """
    Explain a law: its sentence, why it matters, where it stands; and an example, from a mock that
    is started for it: a request, the right answer, and a wrong one.
    """
    with _one_line_errors():
        contract = Contract.load()
        if law not in contract.rules:
            raise TargetError(f"there is no law '{law}'; `contract-tests laws` lists them")
        rule = contract.rules[law]
        judge = next((each for each in LAWS if each.rule == law), None)
        click.echo(f"{rule.id}: {rule.text}\n")
        click.echo(f"Why:        {rule.why}")
        click.echo(f"Source:     {rule.source}{_bindingness(rule.source)}")
        click.echo(f"Stands at:  {FILE}:{rule.line}")
        click.echo(f"Operations: {', '.join(rule.operations)}")
        if judge is None:
            click.echo("Judged by:  no law of this kit; a run says that it is not covered")
            return
        click.echo(f"Group:      {judge.group}")
        click.echo(f"Needs:      {', '.join(_needs(judge)) or 'one customer'}")
        click.echo(f"Run it:     contract-tests run --base-url URL --only {rule.id}")
        click.echo(f"See it fail: contract-tests self-check --only {rule.id}")
        with mock() as url:
            target = complete(Target(base_url=url))
            broken = example(rule, judge, contract, target)
            right = right_answer(rule, contract, target)
        text = _example_text(broken) if broken else _right_answer_text(right)
        # Where a mock of the reader's own is by default: this one is gone by then.
        click.echo(text.replace(url, "http://127.0.0.1:4010"))


def _right_answer_text(answer: Exchange) -> str:
    lines = [
        "\nFor example:",
        f"  {answer.summary}",
        answer.curl,
        f"Right answer: {answer.brief()}",
    ]
    return "\n".join([*lines, "Wrong answer: no mutant of this rule is known yet"])


def _example_text(broken: Example) -> str:
    verdict = broken.verdict
    requests = [f"  {each.summary}\n{each.curl}" for each in verdict.evidence]
    difference = list(broken.difference()) or [
        f"-{broken.right.brief()}",
        f"+{broken.wrong.brief()}",
    ]
    return "\n".join(
        [
            f"\nFor example, broken by the mutant {broken.mutant.id}: {broken.mutant.text}",
            "Request:" if len(requests) == 1 else "Requests, in order:",
            *requests,
            f"Expected:   {verdict.expected}",
            f"Actual:     {verdict.actual}",
            "Right answer (-) and wrong answer (+), where they differ:",
            *(f"  {line}" for line in difference),
        ]
    )


def _bindingness(source: str) -> str:
    return " by the platform" if source == "documented" else "; a profile may waive it"


def _needs(law: Law) -> list[str]:
    words = {
        "other": "two customers",
        "staff": "a staff token",
        "expired": "an expired token",
        "revoked": "a revoked token",
        "locked": "a locked customer's token",
        "foreign_preference": "another organisation's preference",
    }
    return [words[name] for name in law.needs if name in words]


@main.command()
@_option("--left", help="Base URL of the reference; by default a mock is started.")
@_option("--left-profile", type=Path, help="A YAML file that describes it.")
@_option("--right", help="Base URL of the implementation to compare.")
@_option("--right-profile", type=Path, help="A YAML file that describes it.")
@_option("--customer-token", multiple=True, help="A customer's token for --right.")
@_option(
    "--ignore",
    multiple=True,
    metavar="NAME",
    help="Rule, operation or RULE@OPERATION to leave out.",
)
@_option("--seed", default=1, help="The same seed sends the same sequences.")
@_depth
def parity(
    left: str | None,
    left_profile: Path | None,
    right: str | None,
    right_profile: Path | None,
    customer_token: tuple[str, ...],
    ignore: tuple[str, ...],
    seed: int,
    depth: str,
) -> None:
    """Compare two implementations and list where they differ.

    Compared is what the contract fixes, each side at its own data: statuses, shapes, orders,
    counts, invariants, effects of writes and refusals. Each difference is shown by the fewest
    requests. Exit code 1 where there is one.
    """
    start = nullcontext(left) if left or left_profile else mock()
    with _one_line_errors() as redact, start as oracle:
        contract = Contract.load()
        one = load_target(left_profile, base_url=oracle)
        other = load_target(right_profile, base_url=right, customer_token=customer_token)
        for each in (one, other):
            redact.hide_target(each)
        sides = (ready(one, contract, 0), ready(other, contract, 0))
        for side in sides:
            redact.hide_target(side)
        parted = oracles.compare(*sides, seed=seed, depth=depth, ignore=ignore)
        for difference in parted:
            click.echo(redact(_as_text(difference)))
        click.echo(f"{len(parted)} differences" if len(parted) != 1 else "1 difference")
        sys.exit(VIOLATED if parted else 0)


def _as_text(difference: oracles.Difference) -> str:
    lines = [f"{difference.id}: {difference.rule.text}"]
    for name, behaviour, curls in (
        ("left", difference.expected, difference.left),
        ("right", difference.actual, difference.right),
    ):
        lines += [f"  {name}: {behaviour}", *(f"    {line}" for line in curls)]
    return "\n".join(lines)


@main.command()
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(old: Path, new: Path, as_json: bool) -> None:
    """What changed between two documents: breaking, additive, and in the rules.

    Exits with 1 if anything breaks a client of the old one.
    """
    with _one_line_errors():
        changes = differences(Contract.load(old), Contract.load(new))
    if as_json:
        click.echo(msgspec.json.encode(changes))
    else:
        click.echo("\n".join(map(str, changes)) or "no difference")
    if any(each.kind == "breaking" for each in changes):
        sys.exit(VIOLATED)


@main.command()
def laws() -> None:
    """List every law."""
    contract = Contract.load()
    for law in sorted(LAWS, key=lambda each: each.rule):
        rule = contract.rules[law.rule]
        click.echo(f"{rule.id:12} {rule.source:10} {law.group:14} {rule.text}")


for command in cli_mutants.COMMANDS:
    main.add_command(command)
