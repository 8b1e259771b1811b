"""What the commands share: options that a variable can give, and errors of one line."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from mock_server.http.errors import UserError


@contextmanager
def one_line_errors(*also: type[Exception]) -> Iterator[None]:
    """End the command with one line where an error is one that a user can cause."""
    expected: tuple[type[Exception], ...] = (UserError, OSError, *also)
    try:
        yield
    except BrokenPipeError:
        # Whoever read the output has seen enough; Click ends the command quietly.
        raise
    except expected as error:
        for line in str(error).splitlines():
            click.echo(f"mock-server: {visible(line)}", err=True)
        sys.exit(2)


def visible(text: str) -> str:
    """A line of text from elsewhere, with what a terminal would obey written out."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def option(*names: str, **settings: Any) -> Callable[[Any], Any]:
    """An option that a variable can give too: `--port` is MOCK_SERVER_PORT."""
    long = next(name for name in names if name.startswith("--"))
    variable = f"MOCK_SERVER_{long[2:].replace('-', '_').upper()}"
    return click.option(*names, envvar=variable, show_envvar=True, show_default=True, **settings)


PORT = click.IntRange(0, 65_535)
scenario_option = option("-s", "--scenario", default="default", help="A name, or a file.")
