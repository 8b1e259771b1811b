"""The command line of the mock; a command is imported only when it is asked for."""

import os
import sys
from importlib import import_module
from typing import Any

import click

from mock_server import __version__

CRASHED = 70
"""The mock's own fault: what `sysexits.h` calls an internal software error."""
COMMANDS = {
    "coverage": (
        "tools",
        "Show what clients have seen of the API, and what not.",
    ),
    "proxy": ("proxy", "Forward to a real implementation at URL, and judge what passes."),
    "replay": ("tools", "Send the requests of a repro bundle again, and show what differs."),
    "scenarios": ("scenarios", "List, show, check and create scenarios."),
    "serve": ("serve", "Serve the API, with the people of a scenario in it."),
    "shards": ("shards", "Write the configuration of the balancer before several shards."),
    "token": ("scenarios", "Print a persona's token in the default sandbox."),
}
"""By name: the module that it stands in, and its line of the help, which imports none of them."""


class Lazy(click.Group):
    """Imports a command only when it is asked for, and shows nobody a traceback."""

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run a command, whichever of the standard streams are closed."""
        _open_standard_streams()
        return super().main(*args, **settings)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what nobody thought of ends it in a line."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("MOCK_SERVER_TRACEBACK"):
                raise
            told = " ".join(f"{type(error).__name__}: {error}".split())
            advice = "MOCK_SERVER_TRACEBACK=1 shows where"
            click.echo(f"mock-server: a fault of its own: {told}; {advice}", err=True)
            sys.exit(CRASHED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        if name not in COMMANDS:
            return None
        module, _ = COMMANDS[name]
        command: click.Command = getattr(import_module(f"mock_server.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in sorted(COMMANDS.items())])


def _open_standard_streams() -> None:
    """Nothing that is opened later may be taken for a stream that was closed."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004  # that of errors
        pass
    os.close(opened)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w")


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mock-server")
def main() -> None:
    """A stateful mock of the My Account API.

    Shell completion: eval "$(_MOCK_SERVER_COMPLETE=bash_source mock-server)", or zsh_source or
    fish_source.
    """
