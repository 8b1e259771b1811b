"""What the commands of the kit share: exit codes, errors in one line, options as variables."""

import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import click

from contract_tests.document import DocumentError
from contract_tests.redaction import Redactor
from contract_tests.target import TargetError, Unreachable

VIOLATED, USAGE, UNREACHABLE, THIN = 1, 2, 3, 4
CRASHED = 70
"""The kit's own fault: what `sysexits.h` calls an internal software error; never a verdict."""
INTERRUPTED, TERMINATED = 130, 143
"""What shells say of a command that Ctrl-C or SIGTERM ended; Click's own 1 would be a verdict."""

ENDING = (signal.SIGINT, signal.SIGTERM)


class Line(click.types.StringParamType):
    """A text, of which a variable has one in each line: `X-Key: 1` has a blank in it."""

    envvar_list_splitter = "\n"


class Percentage(click.FloatRange):
    """A number from 0 to 100, and not NaN, which is in no order with any."""

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Text to the number."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a valid number.", param, ctx)
        return number


@contextmanager
def one_line_errors() -> Iterator[Redactor]:
    """Report any error in one line, through the redactor that is yielded."""
    redact = Redactor()
    try:
        with _end_on_signals():
            yield redact
    except (BrokenPipeError, click.exceptions.Exit, click.ClickException):
        # Whoever read the output has seen enough; Click ends the command quietly.
        raise
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("CONTRACT_TESTS_TRACEBACK"):
            raise
        text, status = _message_and_status(error)
        click.echo(f"contract-tests: {redact(' '.join(text.split()))}", err=True)
        sys.exit(status)


@contextmanager
def _end_on_signals() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does, and interrupts no restoring that a signal began."""
    ended_by = 0

    def end(number: int, _frame: object) -> None:
        nonlocal ended_by
        if ended_by and number == signal.SIGTERM:
            return
        ended_by = ended_by or number
        raise KeyboardInterrupt

    heeded = threading.current_thread() is threading.main_thread()
    before = {each: signal.getsignal(each) for each in ENDING if heeded}
    for each, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(each, end)
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(ended_by) from None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _message_and_status(error: BaseException) -> tuple[str, int]:
    """The message for an error, and the exit code."""
    match error:
        case KeyboardInterrupt(args=(signal.SIGTERM,)):
            return "terminated; there is no verdict", TERMINATED
        case KeyboardInterrupt():
            return "interrupted; there is no verdict", INTERRUPTED
        case TargetError() | DocumentError():
            return str(error), USAGE
        case Unreachable():
            return f"the target cannot be reached: {error}", UNREACHABLE
        case OSError(filename=str()):
            return f"{error.filename}: {error.strerror}", USAGE
    text = f"a fault of the kit, and no verdict: {type(error).__name__}: {error}"
    return f"{text} (CONTRACT_TESTS_TRACEBACK=1 shows where)", CRASHED


def option(*names: str, **settings: Any) -> Callable[[Any], Any]:
    """An option that a variable can give too: `--seed` is CONTRACT_TESTS_SEED."""
    long = next(name for name in names if name.startswith("--"))
    variable = f"CONTRACT_TESTS_{long[2:].replace('-', '_').upper()}"
    if settings.get("multiple") and "type" not in settings:
        settings["type"] = Line()
    return click.option(*names, envvar=variable, show_envvar=True, show_default=True, **settings)


def _combined(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One decorator for several options, in this order."""
    return lambda command: reduce(lambda wrapped, each: each(wrapped), options[::-1], command)


profile_option = option("--profile", type=Path, help="A YAML file that describes the target.")
token_option = option("--customer-token", multiple=True, help="A customer's token. Repeatable.")
transport_options = _combined(
    option(
        "--header",
        multiple=True,
        metavar="NAME: VALUE",
        help="Send this header with every request; its value is hidden. Repeatable.",
    ),
    option("--ca", type=Path, metavar="FILE", help="Also trust the certificates in this PEM file."),
    option("--insecure", is_flag=True, help="Do not verify the certificate of the target."),
    option("--cert", type=Path, metavar="FILE", help="Client certificate, as a PEM file."),
    option("--key", type=Path, metavar="FILE", help="Key of --cert, if it is in another file."),
)
target_options = _combined(
    option("-u", "--base-url", help="Base URL of the API, with any path it is served under."),
    profile_option,
    token_option,
    transport_options,
    option("--read-only", is_flag=True, help="Send only GET, HEAD and OPTIONS."),
    option(
        "--timeout", "timeout_s", type=float, metavar="SECONDS", help="Longest wait for an answer."
    ),
    option(
        "--rate", "rate_per_s", type=float, metavar="N", help="Send at most N requests a second."
    ),
    option(
        "--wait",
        "patience",
        default=0.0,
        metavar="SECONDS",
        help="How long to wait for the target to be ready.",
    ),
)
