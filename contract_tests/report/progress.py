"""The progress of a run: a moving line in a terminal, a line now and then in a log."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from contract_tests.law import Verdict

EVERY_S = 8.0
"""How often a log hears of a run; some CI servers end a job that is quiet."""


@contextmanager
def progress(every_s: float = EVERY_S) -> Iterator[Callable[[Verdict], None]]:
    """Show how far a run is, on stderr; pass each verdict to what it yields."""
    console = Console(stderr=True)
    with _moving_line(console) if console.is_terminal else _log_lines(every_s) as on_verdict:
        yield on_verdict


@contextmanager
def _moving_line(console: Console) -> Iterator[Callable[[Verdict], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("the survey")
        yield lambda verdict: bar.update(task, description=f"{verdict.group}: {verdict.id}")


@contextmanager
def _log_lines(every_s: float) -> Iterator[Callable[[Verdict], None]]:
    started, ended, verdicts = time.monotonic(), threading.Event(), list[Verdict]()

    def write() -> None:
        while not ended.wait(every_s):
            last = f", the last of {verdicts[-1].id}" if verdicts else ", reading"
            seconds = time.monotonic() - started
            click.echo(f"contract-tests: {seconds:.0f} s, {len(verdicts)} verdicts{last}", err=True)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield verdicts.append
    finally:
        ended.set()
        writer.join()
