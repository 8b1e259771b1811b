"""The command line of the mock: serve, scenarios, token, coverage, replay."""

import asyncio
import json
import sys
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any, Literal
from urllib.parse import urlsplit

import click

from mock_server import __version__
from mock_server.app import Mock, Settings
from mock_server.cli import announce
from mock_server.http import server
from mock_server.http.operation import DocumentMismatch
from mock_server.http.origin import Network, PublicAddress, joined, network, public_url, web_origin
from mock_server.http.server import AddressError, Certificate
from mock_server.middleware.admission import is_local
from mock_server.middleware.quirks import QUIRKS
from mock_server.resources import KINDS
from mock_server.worlds import scenario, scenario_schema
from mock_server.worlds.catalogue import CatalogueError
from mock_server.worlds.clock import ClockError
from mock_server.worlds.judging import judge_records
from mock_server.worlds.registry import Limits
from mock_server.worlds.scenario import ScenarioError, load
from mock_server.worlds.shard import Shard, ShardError
from mock_server.worlds.snapshot import SnapshotError
from mock_server.worlds.storage import StorageError
from mock_server.worlds.tokens import DEFAULT_SANDBOX, Role, Token

TOOLS = {"coverage": "tools", "replay": "tools", "shards": "shards"}
"""Commands that a server does not need, and the module that each stands in."""
EXPECTED = (
    ScenarioError,
    SnapshotError,
    StorageError,
    ClockError,
    CatalogueError,
    DocumentMismatch,
    AddressError,
    OSError,
)


class Parsed(click.ParamType[Any]):
    """A value that a function makes of the text; its ValueError says what would be right."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name, self._parse = name, parse

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Text to the value."""
        try:
            return self._parse(str(value))
        except (ValueError, ShardError) as error:
            self.fail(str(error))


def instant(text: str) -> datetime:
    """
    An ISO 8601 instant; without an offset it is taken as UTC.

    Raises:
        ValueError: it is none.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        message = f"'{text}' is not an ISO 8601 instant such as 2026-03-01T09:00:00Z"
        raise ValueError(message) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


@contextmanager
def one_line_errors(*also: type[Exception]) -> Iterator[None]:
    """End the command with one line where what it met was to be expected."""
    try:
        yield
    except BrokenPipeError:
        # Whoever read the output has seen enough; Click ends the command quietly.
        raise
    except EXPECTED + also as error:
        for line in str(error).splitlines():
            click.echo(f"mock-server: {line}", err=True)
        sys.exit(2)


def _option(*names: str, **said: Any) -> Callable[[Any], Any]:
    """An option that a variable can give too: `--port` is MOCK_SERVER_PORT."""
    long = next(name for name in names if name.startswith("--"))
    variable = f"MOCK_SERVER_{long[2:].replace('-', '_').upper()}"
    return click.option(*names, envvar=variable, show_envvar=True, show_default=True, **said)


_scenario_option = _option("-s", "--scenario", default="default", help="A name, or a file.")


class Lazy(click.Group):
    """Imports the commands that speak to a running mock only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *TOOLS])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in TOOLS:
            return super().get_command(ctx, name)
        found: click.Command = getattr(import_module(f"mock_server.cli.{TOOLS[name]}"), name)
        return found


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mock-server")
def main() -> None:
    """A stateful mock of the My Account API.

    Shell completion: eval "$(_MOCK_SERVER_COMPLETE=bash_source mock-server)", or zsh_source or
    fish_source.
    """


@main.command()
@_option("-p", "--port", default=4010, help="0 takes any free one.")
@_option("-H", "--host", default="127.0.0.1", help="Address to listen on.")
@_option("--port-file", type=Path, help="Write the port here once requests are answered.")
@_scenario_option
@_option("--seed", default=1, help="Another seed gives the same people other lives.")
@_option(
    "--now", type=Parsed("instant", instant), help="Let the clock stand still at this instant."
)
@_option("--snapshot", type=Path, help="Make the default sandbox from this file.")
@_option("--persist", type=Path, help="Keep sandboxes in this file across restarts.")
@_option("--max-sandboxes", default=100_000, type=click.IntRange(0), help="Open at one time.")
@_option("--sandbox-ttl", type=click.FloatRange(0), help="Seconds unused until one is closed.")
@_option("--delay", default=0, type=click.IntRange(0), help="Milliseconds that answers wait.")
@_option("--quirk", "quirks", multiple=True, type=click.Choice(list(QUIRKS)), help="Repeatable.")
@_option("--staff-read-status", default=401, help="How a staff token is refused on a GET.")
@_option("--staff-write-status", default=403, help="The same on opt-in and opt-out.")
@_option(
    "--redirect-uri",
    "redirects",
    multiple=True,
    metavar="PREFIX",
    help="Where a sign-in may lead back to, beside pages of this machine. Repeatable.",
)
@_option(
    "--shard", type=Parsed("shard", Shard.parse), metavar="K/N", help="Which of N servers it is."
)
@_option("--workers", type=click.IntRange(1, 64), help="So many shards, and nginx before them.")
@_option(
    "--control-origin",
    "control_origins",
    multiple=True,
    type=Parsed("origin", web_origin),
    metavar="URL",
    help="Let pages of this origin use the control API. Repeatable.",
)
@_option(
    "--public-url",
    type=Parsed("url", public_url),
    metavar="URL",
    help="Where clients find it, if not where it listens; links begin with it.",
)
@_option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    type=Parsed("address", network),
    metavar="ADDR",
    help="Whose X-Forwarded-Proto, -Host and -Prefix to believe. Repeatable.",
)
@_option("--tls", is_flag=True, help="Serve https, with a certificate made for it.")
@_option("--tls-cert", type=Path, metavar="FILE", help="Serve https, with this certificate.")
@_option("--tls-key", type=Path, metavar="FILE", help="Its key, if not in the same file.")
@_option("--admin-token", help="What the control API asks for.")
@_option("--insecure-admin", is_flag=True, help="Leave the control API open to all.")
@_option("--reload", is_flag=True, help="Serve documents, scenarios and catalogue as they change.")
@_option("--open", "opens", is_flag=True, help="Open the console in the browser.")
@_option("--log-format", type=click.Choice(["text", "json"]), default="text", help="On stderr.")
def serve(
    port: int,
    host: str,
    port_file: Path | None,
    log_format: Literal["text", "json"],
    workers: int | None,
    opens: bool,
    reload: bool,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    **said: Any,
) -> None:
    """Serve the API, with the people of a scenario in it.

    \b
    Examples:
      mock-server serve
      mock-server serve --scenario heavy-history --delay 300
      mock-server serve --scenario my-people.yaml --now 2026-03-01T09:00:00Z
      mock-server serve --quirk unknown-field --quirk mixed-instants
    """
    _check_access(host, said)
    if workers is not None and (opens or reload or tls or tls_cert or tls_key):
        raise click.UsageError(
            "--open, --reload and --tls are for one process; leave out --workers"
        )
    if workers is not None:
        shards = import_module("mock_server.cli.shards")
        with one_line_errors(shards.MockError):
            shards.serve_workers(workers, host, port, said["persist"])
        return
    with one_line_errors():
        mock = Mock(_settings(**said))
        certificate = _certificate(tls, tls_cert, tls_key, host)
        bound = server.listen(host, port)
        announce.log_to_stderr(log_format)
        url = mock.settings.address.url or _url(host, bound, secure=certificate is not None)

        reloading = import_module("mock_server.cli.reload").Reloading(mock) if reload else None
        tasks = []

        def ready() -> None:
            if reloading:
                # Kept, for the loop itself keeps no task alive.
                tasks.append(asyncio.ensure_future(reloading.watch()))
            if port_file:
                port_file.write_text(str(bound[0].getsockname()[1]), "utf-8")
            click.echo(announce.greeting(mock, url, log_format))
            if opens:
                # A browser on a terminal would keep the server from answering it.
                Thread(target=webbrowser.open, args=(f"{url}/__mock__/",), daemon=True).start()

        server.run(reloading or mock.app, bound, ready, certificate)


def _check_access(host: str, said: Mapping[str, Any]) -> None:
    """Refuse to leave the control API open where others can reach it."""
    if said["admin_token"] is not None and not said["admin_token"].strip():
        raise click.UsageError("--admin-token is empty; give one, or leave the option out")
    reachable = host if not is_local(host) else urlsplit(said["public_url"] or "").hostname
    if not (is_local(reachable or host) or said["admin_token"] or said["insecure_admin"]):
        raise click.UsageError(
            f"on {reachable} others can reach the control API; give an --admin-token, or say"
            " --insecure-admin to leave it open to them"
        )


def _settings(
    *,
    delay: int,
    max_sandboxes: int,
    sandbox_ttl: float | None,
    shard: Shard | None,
    public_url: str | None,
    trusted_proxies: tuple[Network, ...],
    **said: Any,
) -> Settings:
    return Settings(
        delay_ms=delay,
        limits=Limits(max_sandboxes, sandbox_ttl),
        shard=shard or Shard(),
        address=PublicAddress(public_url, trusted_proxies),
        **said,
    )


def _certificate(tls: bool, cert: Path | None, key: Path | None, host: str) -> Certificate | None:
    if key and not cert:
        raise click.UsageError("--tls-key wants a --tls-cert, too")
    if cert:
        return Certificate(cert, key or cert)
    if not tls:
        return None
    own: Certificate = import_module("mock_server.cli.certificate").own(host)
    click.echo(f"The authority of its certificate, to be trusted once: {own.authority}", err=True)
    return own


def _url(host: str, bound: Sequence[socket], *, secure: bool) -> str:
    # An address that stands for all of them is none to go to.
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    port = bound[0].getsockname()[1]
    return f"{'https' if secure else 'http'}://{joined(shown, port)}"


@main.group()
def scenarios() -> None:
    """The worlds that can be served."""


@scenarios.command("list")
def list_scenarios() -> None:
    """Name and title of every scenario that comes with the mock."""
    with one_line_errors():
        found = [scenario.load(name, KINDS) for name in scenario.names()]
        width = max(len(each.name) for each in found)
        for each in found:
            click.echo(f"{each.name:{width}}  {each.title}")


@scenarios.command()
@click.argument("source", metavar="NAME|FILE")
def show(source: str) -> None:
    """Who is in a scenario."""
    with one_line_errors():
        found = scenario.load(source, KINDS)
        click.echo(f"{found.title}\n{found.description}\n")
        for name, plan in found.customers.items():
            click.echo(f"  {name:12} {plan.description}")


@scenarios.command()
@click.argument("source", metavar="NAME|FILE", nargs=-1, required=True)
def check(source: tuple[str, ...]) -> None:
    """Make every record of scenarios, and judge it by the contract."""
    with one_line_errors():
        for each in source:
            judge_records(Mock(Settings(scenario=each)).sandboxes)
            click.echo(f"{each}: ok")


@scenarios.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of scenario files."""
    click.echo(json.dumps(scenario_schema.schema(KINDS), indent=1, ensure_ascii=False))


@scenarios.command()
@click.argument("file", type=Path)
def new(file: Path) -> None:
    """Begin a scenario of one's own, in a new file."""
    try:
        with file.open("x", encoding="utf-8") as begun:
            begun.write(scenario_schema.TEMPLATE)
    except FileExistsError:
        raise click.UsageError(f"{file} exists already; choose another name") from None
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from None
    click.echo(f"{file} is written; serve it with `mock-server serve --scenario {file}`")


@main.command()
@click.argument("persona")
@_scenario_option
def token(persona: str, scenario: str) -> None:
    """Print a persona's token in the default sandbox."""
    with one_line_errors():
        found = load(scenario, KINDS)
        role: Role = "staff" if persona in found.staff else "customer"
        if role == "customer" and persona not in found.customers:
            known = ", ".join([*found.customers, *found.staff])
            raise ScenarioError(f"nobody is called '{persona}' in {found.name}; there are {known}")
        click.echo(Token(DEFAULT_SANDBOX, role, persona))
