"""Which function answers which operation of the document."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from mock_server.http.errors import UserError

Handler = Callable[..., Any]


class DocumentMismatch(UserError):
    """The handlers and the document do not agree."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A handler and the operationId it answers."""

    id: str
    handler: Handler


def operation(id: str) -> Callable[[Handler], Operation]:
    """Declare a function the handler of an operation. Nothing is registered on import."""
    return lambda handler: Operation(id, handler)


def handlers_of(modules: Iterable[ModuleType]) -> dict[str, Handler]:
    """Every handler declared in `modules`, by operationId."""
    members = (member for module in modules for member in vars(module).values())
    return {member.id: member.handler for member in members if isinstance(member, Operation)}
