"""What the commands share: options that a variable can give, and errors of one line."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import click

from mock_server.http.errors import UserError
from mock_server.http.origin import public_url


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
        text = str(error)
        if isinstance(error, OSError) and error.filename is not None:
            text = f"{error.filename}: {error.strerror}"
        for line in text.splitlines():
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


def _combined(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One decorator for several options, in this order."""
    return lambda command: reduce(lambda wrapped, each: each(wrapped), options[::-1], command)


class Parsed(click.ParamType[Any]):
    """A value that a function makes of the text; its ValueError says what would be right."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name, self._parse = name, parse

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Text to the value."""
        try:
            return self._parse(str(value))
        except (ValueError, UserError) as error:
            self.fail(str(error))


class Number(click.FloatRange):
    """A number within bounds, and none such as NaN, which is in no order with any."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Text to the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a valid number.", param, ctx)
        return number


URL = Parsed("url", public_url)
PORT = click.IntRange(0, 65_535)
scenario_option = option("-s", "--scenario", default="default", help="Its name, or a YAML file.")
listen_options = _combined(
    option("-p", "--port", default=4010, type=PORT, help="Port to listen on; 0 takes a free one."),
    option("-H", "--host", default="127.0.0.1", help="Address to listen on."),
    option("--port-file", type=Path, help="Write the port to it once requests are answered."),
)
console_options = _combined(
    option("--admin-token", help="Token that the control API requires."),
    option("--insecure-admin", is_flag=True, help="Leave the control API open to all."),
    option("--open", "opens", is_flag=True, help="Open the console in the browser."),
    option("--log-format", type=click.Choice(["text", "json"]), default="text", help="On stderr."),
)
