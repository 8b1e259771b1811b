"""The command line of the mock; a command is imported only when it is asked for."""

from importlib import import_module

import click

from mock_server import __version__

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
    """Imports a command only when it is asked for."""

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


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mock-server")
def main() -> None:
    """A stateful mock of the My Account API.

    Shell completion: eval "$(_MOCK_SERVER_COMPLETE=bash_source mock-server)", or zsh_source or
    fish_source.
    """
