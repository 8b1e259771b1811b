"""What the server says of itself: the greeting on standard output, the log on standard error."""

import json
import logging
from typing import Literal

from mock_server import __version__
from mock_server.app import Mock

Format = Literal["text", "json"]


def greeting(mock: Mock, url: str, format: Format) -> str:
    """Where the server is, who is in it, and the token of each."""
    sandbox = mock.sandboxes.get("default")
    people = {
        name: (sandbox.token("customer", name), person.description)
        for name, person in sandbox.world.items()
    }
    if format == "json":
        tokens = {name: token for name, (token, _) in people.items()}
        return json.dumps({"url": url, "scenario": sandbox.world.scenario.name, "tokens": tokens})
    width = max((len(token) for token, _ in people.values()), default=0)
    lines = [f"  {token:{width}}  {description}" for token, description in people.values()]
    refused = [f"  staff-{name}" for name in sandbox.world.scenario.staff]
    refused += [f"  expired-{name}" for name in list(people)[:1]]
    example = (
        f"  curl -H 'Authorization: Bearer {next(iter(people.values()))[0]}'" if people else ""
    )
    return "\n".join(
        [
            f"My Account mock {__version__} at {url}",
            f"  documentation {url}/docs, document {url}/openapi.yaml",
            f"  control API   {url}/__mock__/docs",
            "",
            f"Scenario '{sandbox.world.scenario.name}': {sandbox.world.scenario.title}",
            *lines,
            "and refused everywhere:",
            *refused,
            "",
            f"{example} {url}/customers/my-account" if people else "",
        ]
    )


def log_to_stderr(format: Format) -> None:
    """One line for each request, and one for each thing that went wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines() if format == "json" else _TextLines())
    logger = logging.getLogger("mock_server")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)


class _TextLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """One JSON object, with the request's fields where it speaks of a request."""
        said = {"level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps(said | getattr(record, "fields", {}), ensure_ascii=False)
