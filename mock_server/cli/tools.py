"""The commands that speak to a running mock: coverage and replay."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Column, Table

from mock_server.cli.common import URL, Number, one_line_errors, visible
from mock_server.client import replay_code
from mock_server.client.client import MockError, MockServer, unmet
from mock_server.client.process import running
from mock_server.client.replay import BundleError, Replayed, on_mock, on_service, read
from mock_server.client.shapes import Coverage

SHOWN = 5
"""How many differences of one answer are printed."""


_admin = click.option("--admin-token", envvar="MOCK_SERVER_ADMIN_TOKEN", help="Of its control API.")


@click.command()
@click.option(
    "--url", default="http://127.0.0.1:4010", type=URL, show_default=True, help="A running mock."
)
@click.option("--sandbox", help="Id of one sandbox; by default all, closed ones included.")
@click.option("--require", type=Number(0, 100), help="Exit with 1 below this percentage.")
@_admin
def coverage(url: str, sandbox: str | None, require: float | None, admin_token: str | None) -> None:
    """Show what clients have seen of the API, and what not."""
    with one_line_errors(MockError, BundleError):
        report = MockServer(url, admin_token).coverage(sandbox)
    console = Console()
    console.print(_table(report))
    for line in unmet(report):
        console.print(f"  {line}", highlight=False)
    console.print(
        f"{report['met']} of {report['known']} met: {report['percent']} %", highlight=False
    )
    if require is not None and report["percent"] < require:
        click.echo(f"mock-server: {require:g} % were required", err=True)
        sys.exit(1)


def _table(report: Coverage) -> Table:
    table = Table(Column("operation", overflow="fold"), "statuses", "edge states", "personas")
    for each in report["operations"]:
        statuses = " ".join(f"{status}:{count}" for status, count in each["statuses"].items())
        shown = sum(each["states"].values())
        states, personas = f"{shown}/{len(each['states'])}", " ".join(each["personas"])
        table.add_row(each["operation"], statuses, states, personas)
    return table


@click.command()
@click.argument("bundle", type=Path)
@click.option("--url", type=URL, help="URL of a real service; by default a mock is started.")
@click.option(
    "--token", "tokens", multiple=True, metavar="PERSONA=TOKEN", help="For --url. Repeatable."
)
@click.option("--mock", type=URL, help="URL of a running mock to use instead of a new one.")
@click.option(
    "--as", "kind", type=click.Choice(list(replay_code.WRITERS)), help="Print a test instead."
)
@_admin
def replay(
    bundle: Path,
    url: str | None,
    tokens: tuple[str, ...],
    mock: str | None,
    kind: str | None,
    admin_token: str | None,
) -> None:
    """Send the requests of a repro bundle again, and show what differs.

    \b
    Examples:
      curl -s localhost:4010/__mock__/sandboxes/default/bundle > bug.json
      mock-server replay bug.json
      mock-server replay bug.json --url https://api.example.com --token ada=$TOKEN
      mock-server replay bug.json --as pytest > test_bug.py
    """
    with one_line_errors(MockError, BundleError):
        recorded = read(bundle)
        if kind is not None:
            click.echo(replay_code.WRITERS[kind](recorded), nl=False)
            return
        if not recorded.complete:
            click.echo("earlier requests were forgotten; the state may differ", err=True)
        if url is not None:
            differing = _print(on_service(recorded, url, dict(map(_pair, tokens))))
        elif mock is not None:
            differing = _print(on_mock(recorded, MockServer(mock, admin_token)))
        else:
            with running() as started:
                differing = _print(on_mock(recorded, MockServer(started)))
    click.echo(f"{differing} of {len(recorded.requests)} requests are answered differently")
    sys.exit(1 if differing else 0)


def _pair(text: str) -> tuple[str, str]:
    who, equals, token = text.partition("=")
    if not equals:
        raise click.BadParameter(f"'{text}' is not PERSONA=TOKEN", param_hint="--token")
    return who, token


def _print(replayed: Iterator[Replayed]) -> int:
    """Print each request with its differences; returns how many differ."""
    differing = 0
    for each in replayed:
        request, differing = each.request, differing + bool(each.differences)
        mark, status = "!" if each.differences else " ", f"{request.status} {each.status or 'none'}"
        click.echo(f"{mark} {request.number:>3}  {status}  {request.method} {request.target}")
        for line in each.differences[:SHOWN]:
            click.echo(f"       {visible(line)}")
    return differing
