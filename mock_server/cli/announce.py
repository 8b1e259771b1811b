"""What the server says of itself: the greeting on standard output, the log on standard error."""

import asyncio
import json
import logging
import os
import time
from collections.abc import Mapping
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import Any, Literal, TextIO

import click

from mock_server import __version__
from mock_server.app import Mock
from mock_server.cli.common import visible
from mock_server.middleware.request_log import logged_text

Format = Literal["text", "json"]


def greeting(mock: Mock, url: str, format: Format, authority: Path | None = None) -> str:
    """
    Where the server is, who is in it, and the token of each. `authority` vouches for the server's
    certificate, where others do not know it.
    """
    sandbox = mock.sandboxes.get("default")
    people = {
        name: (sandbox.token("customer", name), person.description)
        for name, person in sandbox.world.items()
    }
    if format == "json":
        tokens = {name: token for name, (token, _) in people.items()}
        where = {"url": url, "console": f"{url}/__mock__/"}
        return json.dumps(where | {"scenario": sandbox.world.scenario.name, "tokens": tokens})
    width = max((len(token) for token, _ in people.values()), default=0)
    lines = [f"  {token:{width}}  {visible(about)}" for token, about in people.values()]
    refused = {f"staff-{name}": "of staff" for name in sandbox.world.scenario.staff}
    for name in list(people)[:1]:
        refused |= {f"expired-{name}": "has run out", f"revoked-{name}": "was revoked"}
    trusting = f" --cacert {quote(str(authority))}" if authority else ""
    examples = [
        f"  curl{trusting} -H 'Authorization: Bearer {token}' {url}/customers/my-account"
        for token, _ in people.values()
    ]
    return "\n".join(
        [
            f"My Account mock {__version__} at {url}",
            f"  console       {url}/__mock__/",
            f"  documentation {url}/docs, document {url}/openapi.yaml",
            f"  control API   {url}/__mock__/docs",
            "",
            visible(f"Scenario '{sandbox.world.scenario.name}': {sandbox.world.scenario.title}"),
            *lines,
            "",
            "Refused everywhere, to see how your client takes it:",
            *(f"  {token:{width}}  {why}" for token, why in refused.items()),
            "",
            *examples[:1],
        ]
    )


def proxy_greeting(upstream: str, url: str, format: Format) -> str:
    """Where the proxy is, and before what it stands."""
    if format == "json":
        return json.dumps({"url": url, "console": f"{url}/__mock__/", "upstream": upstream})
    return f"Proxy {__version__} before {upstream} at {url}\n  console       {url}/__mock__/"


def log_to_stderr(format: Format, *, quiet: bool = False) -> None:
    """One line for each request, unless `quiet`, and one for each thing that went wrong."""
    # Nothing here shows them, and the asking costs more than the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = BatchingHandler()
    # https://no-color.org: any value but the empty one.
    colored = handler.stream.isatty() and not os.environ.get("NO_COLOR")
    handler.setFormatter(_JsonFormatter() if format == "json" else _TextFormatter(colored))
    levels = {"mock_server": logging.INFO, "uvicorn": logging.WARNING, "asyncio": logging.WARNING}
    if quiet:
        levels["mock_server.requests"] = logging.WARNING
    for name, level in levels.items():
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


class BatchingHandler(logging.StreamHandler[TextIO]):
    """Writes at once what was logged in one turn of the event loop; warnings, and all else, now."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line. It is never lost: logging flushes every handler when Python ends."""
        self._lines.append(self.format(record) + self.terminator)
        if record.levelno >= logging.WARNING:
            self.flush()
        elif len(self._lines) == 1:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self.flush()

    def flush(self) -> None:
        """Write what was taken."""
        with self.lock or nullcontext():
            if self._lines:
                text = "".join(self._lines)
                self._lines.clear()
                self.stream.write(text)
            super().flush()


class _TextFormatter(logging.Formatter):
    def __init__(self, colored: bool) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")
        self._colored = colored

    def format(self, record: logging.LogRecord) -> str:
        """The line of a request, or the message of anything else."""
        if fields := getattr(record, "fields", None):
            return f"{self.formatTime(record, self.datefmt)} {_line(fields, self._colored)}"
        return super().format(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """The time of day, written once a second."""
        return _time_of_day(int(record.created), datefmt or "")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in logging
        """The message, in red where something is wrong."""
        if self._colored and record.levelno >= logging.WARNING:
            record.message = click.style(record.message, fg="red")
        return super().formatMessage(record)


@lru_cache(1)
def _time_of_day(second: int, format: str) -> str:
    return time.strftime(format, time.localtime(second))


def _line(fields: Mapping[str, Any], colored: bool) -> str:
    def painted(text: str, **style: Any) -> str:
        return click.style(text, **style) if colored else text

    status = fields["status"]
    color = "red" if status is None or status >= 500 else "yellow" if status >= 400 else "green"
    query = painted(f"?{fields['query']}", dim=True) if fields["query"] else ""
    parts = [
        f"{fields['method']} {fields['path']}{query}",
        painted(str(status or "lost"), fg=color, bold=True),
        painted(f"{fields['ms']:.1f} ms", dim=True),
    ]
    if persona := fields.get("persona"):
        parts.append(persona)
    if rule := fields.get("rule"):
        parts.append(painted(rule, fg="yellow"))
    if fault := fields.get("fault"):
        parts.append(painted(f"fault {fault}", fg="magenta"))
    for text in fields.get("violations", ()):
        parts.append(painted(logged_text(text), fg="red"))
    return " ".join(parts)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One JSON object, with the request's fields where it speaks of a request."""
        line = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line | getattr(record, "fields", {}), ensure_ascii=False)
