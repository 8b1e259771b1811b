"""The commands about scenarios, and the tokens of their people."""

import json
from pathlib import Path

import click

from mock_server.cli.common import one_line_errors, scenario_option, visible
from mock_server.resources import KINDS
from mock_server.worlds import scenario, scenario_schema
from mock_server.worlds.scenario import ScenarioError, load
from mock_server.worlds.tokens import DEFAULT_SANDBOX, Role, Token


@click.group()
def scenarios() -> None:
    """List, show, check and create scenarios."""


@scenarios.command("list")
def list_scenarios() -> None:
    """Name and title of every scenario that comes with the mock."""
    with one_line_errors():
        scenarios = [scenario.load(name, KINDS) for name in scenario.names()]
        width = max(len(each.name) for each in scenarios)
        for each in scenarios:
            click.echo(f"{each.name:{width}}  {each.title}")


@scenarios.command()
@click.argument("source", metavar="NAME|FILE")
def show(source: str) -> None:
    """Who is in a scenario."""
    with one_line_errors():
        loaded = scenario.load(source, KINDS)
        click.echo(f"{visible(loaded.title)}\n{visible(loaded.description)}\n")
        for name, plan in loaded.customers.items():
            click.echo(f"  {name:12} {visible(plan.description)}")


@scenarios.command()
@click.argument("source", metavar="NAME|FILE", nargs=-1, required=True)
def check(source: tuple[str, ...]) -> None:
    """Make every record of scenarios, and judge it by the contract."""
    # The server takes long to import, and no other command here needs it.
    from mock_server.app import Mock, Settings
    from mock_server.worlds.judging import judge_records

    with one_line_errors():
        for each in source:
            judge_records(Mock(Settings(scenario=each)).sandboxes)
            click.echo(f"{each}: ok")


@scenarios.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of scenario files."""
    click.echo(_schema())


def _schema() -> str:
    return json.dumps(scenario_schema.schema(KINDS), indent=1, ensure_ascii=False)


@scenarios.command()
@click.argument("file", type=Path)
def new(file: Path) -> None:
    """Begin a scenario of one's own, in a new file, with its schema for editors beside it."""
    try:
        with file.open("x", encoding="utf-8") as begun:
            begun.write(scenario_schema.TEMPLATE)
        file.with_name(scenario_schema.FILE).write_text(_schema(), "utf-8")
    except FileExistsError:
        raise click.UsageError(f"{file} exists already; choose another name") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from None
    click.echo(f"{file} is written; serve it with `mock-server serve --scenario {file}`")


@click.command()
@click.argument("persona")
@scenario_option
def token(persona: str, scenario: str) -> None:
    """Print a persona's token in the default sandbox."""
    with one_line_errors():
        loaded = load(scenario, KINDS)
        role: Role = "staff" if persona in loaded.staff else "customer"
        if role == "customer" and persona not in loaded.customers:
            known = ", ".join([*loaded.customers, *loaded.staff])
            raise ScenarioError(f"nobody is called '{persona}' in {loaded.name}; there are {known}")
        click.echo(Token(DEFAULT_SANDBOX, role, persona))
