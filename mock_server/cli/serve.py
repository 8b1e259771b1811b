"""The command that serves the API."""

import asyncio
import math
import webbrowser
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any, Literal
from urllib.parse import urlsplit

import click

from mock_server.app import Mock, Settings
from mock_server.cli import announce
from mock_server.cli.common import (
    URL,
    Parsed,
    console_options,
    listen_options,
    one_line_errors,
    option,
    scenario_option,
)
from mock_server.http import server
from mock_server.http.bounds import LARGEST_NUMBER
from mock_server.http.origin import (
    Network,
    PublicAddress,
    host_and_port,
    network,
    web_origin,
)
from mock_server.http.server import Certificate
from mock_server.middleware.admission import is_local
from mock_server.middleware.prefer import LONGEST_DELAY_MS
from mock_server.middleware.quirks import QUIRKS
from mock_server.observation.journal import MEMORY_BYTES
from mock_server.worlds.registry import Limits
from mock_server.worlds.shard import Shard


def instant(text: str) -> datetime:
    """
    An ISO 8601 instant with an offset.

    Raises:
        ValueError: it is none.
    """
    with suppress(ValueError, OverflowError):
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo:
            return parsed.astimezone(UTC)
    raise ValueError(
        f"'{text}' is not an ISO 8601 instant with its offset, such as 2026-03-01T09:00:00Z"
    )


def seconds(text: str) -> float:
    """
    A number of seconds.

    Raises:
        ValueError: it is none, or less than none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"'{text}' is not a number of seconds such as 600")
    return number


REFUSAL = click.IntRange(400, 499)


@click.command()
@listen_options
@scenario_option
@option(
    "--seed",
    default=1,
    type=click.IntRange(0, LARGEST_NUMBER),
    help="Seed of made-up values: other dates, amounts and ids for the same people.",
)
@option("--now", type=Parsed("instant", instant), help="Stop the clock at this ISO 8601 instant.")
@option("--snapshot", type=Path, help="Restore the default sandbox from this snapshot.")
@option("--persist", type=Path, help="Keep sandboxes in this file across restarts.")
@option(
    "--max-sandboxes", default=100_000, type=click.IntRange(0), help="Most sandboxes at one time."
)
@option(
    "--sandbox-ttl",
    type=Parsed("seconds", seconds),
    metavar="SECONDS",
    help="Close a sandbox that was not used for this long.",
)
@option(
    "--journal-memory",
    default=MEMORY_BYTES,
    type=click.IntRange(1 << 20),
    metavar="BYTES",
    help="Memory for the journals of all sandboxes; the oldest entries are dropped.",
)
@option(
    "--delay",
    default=0,
    type=click.IntRange(0, LONGEST_DELAY_MS),
    help="Delay every answer by this many milliseconds.",
)
@option(
    "--quirk",
    "quirks",
    multiple=True,
    type=click.Choice(list(QUIRKS)),
    help="Imitate a habit of the real platform. Repeatable.",
)
@option("--staff-read-status", default=401, type=REFUSAL, help="Status of GET with a staff token.")
@option(
    "--staff-write-status", default=403, type=REFUSAL, help="Status of opt-in and opt-out with one."
)
@option(
    "--redirect-uri",
    "redirects",
    multiple=True,
    type=URL,
    metavar="PREFIX",
    help="Allow redirects of the sign-in to URLs that begin so. Repeatable.",
)
@option("--shard", type=Parsed("shard", Shard.parse), metavar="K/N", help="Be shard K of N.")
@option("--workers", type=click.IntRange(1, 64), help="Run this many shards behind nginx.")
@option(
    "--control-origin",
    "control_origins",
    multiple=True,
    type=Parsed("origin", web_origin),
    metavar="URL",
    help="Let pages of this web origin use the control API. Repeatable.",
)
@option(
    "--public-url",
    type=URL,
    metavar="URL",
    help="URL at which clients reach it; links begin with it.",
)
@option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    type=Parsed("address", network),
    metavar="ADDR",
    help="Trust X-Forwarded-* headers from this address or network. Repeatable.",
)
@option("--tls", is_flag=True, help="Serve https with a self-made certificate.")
@option("--tls-cert", type=Path, metavar="FILE", help="Serve https with this PEM certificate.")
@option("--tls-key", type=Path, metavar="FILE", help="Key of --tls-cert, if it is in another file.")
@option("--reload", is_flag=True, help="Reload documents, scenarios and catalogue on change.")
@console_options
@option("--quiet", is_flag=True, help="Log no requests, only what goes wrong.")
def serve(
    port: int,
    host: str,
    port_file: Path | None,
    log_format: Literal["text", "json"],
    quiet: bool,
    workers: int | None,
    opens: bool,
    reload: bool,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    **settings: Any,
) -> None:
    """Serve the API, with the people of a scenario in it.

    \b
    Examples:
      mock-server serve
      mock-server serve --scenario heavy-history --delay 300
      mock-server serve --scenario my-people.yaml --now 2026-03-01T09:00:00Z
      mock-server serve --quirk unknown-field --quirk mixed-instants
    """
    check_access(host, settings)
    alone = (opens, reload, tls, tls_cert, tls_key, port_file, port == 0, settings["shard"])
    if workers is not None and any(alone):
        raise click.UsageError(
            "--open, --reload, --shard, --tls, --port-file and --port 0 are for one process;"
            " leave out --workers"
        )
    if workers is not None:
        shards = import_module("mock_server.cli.shards")
        with one_line_errors(shards.MockError):
            shards.serve_workers(workers, host, port, settings["persist"])
        return
    with one_line_errors():
        mock = Mock(_settings(**settings))
        certificate = _certificate(tls, tls_cert, tls_key, host)
        bound = server.listen(host, port)
        announce.log_to_stderr(log_format, quiet=quiet)
        url = mock.settings.address.url or url_of(host, bound, secure=certificate is not None)

        reloading = import_module("mock_server.cli.reload").Reloading(mock) if reload else None
        tasks = []

        def ready() -> None:
            if reloading:
                # Kept, for the loop itself keeps no task alive.
                tasks.append(asyncio.ensure_future(reloading.watch()))
            if port_file:
                port_file.write_text(str(bound[0].getsockname()[1]), "utf-8")
            authority = certificate.authority if certificate else None
            click.echo(announce.greeting(mock, url, log_format, authority))
            if opens:
                # A browser on a terminal would keep the server from answering it.
                Thread(target=webbrowser.open, args=(f"{url}/__mock__/",), daemon=True).start()

        def ending() -> None:
            (reloading or mock).sandboxes.end_streams()

        server.run(reloading or mock.app, bound, ready, ending, certificate)


def check_access(host: str, settings: Mapping[str, Any]) -> None:
    """Refuse to leave the control API open where others can reach it."""
    if (token := settings["admin_token"]) is not None:
        if not token.strip():
            raise click.UsageError("--admin-token is empty; give one, or leave the option out")
        if not token.isascii() or not token.isprintable() or " " in token:
            # Clients differ in how they would write it into a header.
            raise click.UsageError("--admin-token may have letters, digits and signs of ASCII only")
    reachable = host if not is_local(host) else urlsplit(settings["public_url"] or "").hostname
    if not (is_local(reachable or host) or settings["admin_token"] or settings["insecure_admin"]):
        raise click.UsageError(
            f"on {reachable or 'no host'} others can reach the control API; give an --admin-token,"
            " or say --insecure-admin to leave it open to them"
        )


def _settings(
    *,
    delay: int,
    max_sandboxes: int,
    sandbox_ttl: float | None,
    journal_memory: int,
    shard: Shard | None,
    public_url: str | None,
    trusted_proxies: tuple[Network, ...],
    **settings: Any,
) -> Settings:
    return Settings(
        delay_ms=delay,
        limits=Limits(max_sandboxes, sandbox_ttl, journal_memory),
        shard=shard or Shard(),
        address=PublicAddress(public_url, trusted_proxies),
        **settings,
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


def url_of(host: str, bound: Sequence[socket], *, secure: bool) -> str:
    # An address that stands for all of them is none to go to.
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    port = bound[0].getsockname()[1]
    return f"{'https' if secure else 'http'}://{host_and_port(shown, port)}"
