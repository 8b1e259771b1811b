"""A mutant: one way for an implementation to be wrong, laid round a right one."""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.people import People
from contract_tests.target import Target

Tree = dict[str, Any]
Edit = Callable[[Tree, Request], None]
Alteration = Callable[[Response, Request], Response]
Change = Callable[[Request, Send, People], Response]
"""Answers a request by way of the implementation, wrongly where it wants to."""
Rules = str | tuple[str, ...]

ERRORS = range(400, 600)
HARMLESS = ""
"""What a variant breaks that keeps the contract: no rule."""
NOT_APPLICABLE = (AttributeError, LookupError, TypeError, ValueError, msgspec.DecodeError)
"""What a mutant raises that does not find what it would change."""
_SEGMENTS = re.compile(r"/(\.?/)+")
_PACKAGE = __name__.split(".")[:-1]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A way to break the contract, or a harmless variant that keeps it."""

    id: str
    group: str
    rules: tuple[str, ...]
    """The rules it breaks, the one that fits it best first; none where it is harmless."""
    text: str
    needs: str
    """What a target must have for it to show, where that is not plain from the text."""
    make: Callable[[], Change]
    """Makes it anew for each run, so that what it remembers is the run's own."""
    retarget: Callable[[Target], Target] = lambda target: target
    """What it changes in the profile that the kit is given."""

    @property
    def harmless(self) -> bool:
        return not self.rules


def mutant(rules: Rules, *, needs: str = "") -> Callable[[Change], Mutant]:
    """Make a function a mutant: its name is the id, its docstring tells what is wrong."""

    def declare(change: Change) -> Mutant:
        return _mutant(rules, needs, change, lambda: change)

    return declare


def stateful(rules: Rules, *, needs: str = "") -> Callable[[Callable[[], Change]], Mutant]:
    """The same for a function that makes the mutant, which then remembers what it saw."""
    return lambda factory: _mutant(rules, needs, factory, factory)


def edit(rules: Rules, *paths: str, needs: str = "") -> Callable[[Edit], Mutant]:
    """A mutant of the JSON of successes, at these paths or everywhere."""

    def declare(change: Edit) -> Mutant:
        def edited(request: Request, send: Send, _people: People) -> Response:
            response = send(request)
            return changed(request, response, change) if at(request, *paths) else response

        return _mutant(rules, needs, change, lambda: edited)

    return declare


def retargeted(retarget: Callable[[Target], Target]) -> Callable[[Mutant], Mutant]:
    """Let a mutant change the profile that the kit is given, too."""
    return lambda mutant: dataclasses.replace(mutant, retarget=retarget)


def answer(
    rules: Rules, *paths: str, status: int | range = range(1000), needs: str = ""
) -> Callable[[Alteration], Mutant]:
    """A mutant of the answers at these paths, or everywhere, with this status, or with any."""
    statuses = range(status, status + 1) if isinstance(status, int) else status

    def declare(alter: Alteration) -> Mutant:
        def altered(request: Request, send: Send, _people: People) -> Response:
            response = send(request)
            affected = response.status in statuses and at(request, *paths)
            return alter(response, request) if affected else response

        return _mutant(rules, needs, alter, lambda: altered)

    return declare


def changed(request: Request, response: Response, change: Edit) -> Response:
    """The response with its JSON edited; as it is where it is no success, or nothing changes."""
    if response.status != 200 or not response.body:
        return response
    tree, before = response.json, msgspec.json.encode(response.json)
    change(tree, request)
    after = msgspec.json.encode(tree)
    # Compared as text: in Python, True equals 1.
    return response if after == before else replace(response, body=after)


def at(request: Request, *paths: str) -> bool:
    """Whether a request is for one of these paths or of what is below one; any without paths."""
    # Another spelling of a path that the implementation knows is the same path.
    asked = _SEGMENTS.sub("/", unquote(request.path))
    return not paths or any(
        asked == path or asked.startswith(f"{path}/") and path != ACCOUNT for path in paths
    )


ACCOUNT = "/customers/my-account"
CHARGES = f"{ACCOUNT}/charges"
CREDITS = f"{ACCOUNT}/credits"
PREFERENCES = f"{ACCOUNT}/marketing-preferences"
MEMBERSHIPS = f"{ACCOUNT}/memberships"
PAYMENT_METHODS = f"{ACCOUNT}/payment-methods"
ORDERS = "/shop/my-account/orders"
LISTS = (CHARGES, CREDITS, PREFERENCES, MEMBERSHIPS, PAYMENT_METHODS, ORDERS)


def decides(request: Request) -> bool:
    """Whether a request is an opt-in or an opt-out."""
    return request.method in ("POST", "DELETE") and request.path.startswith(f"{PREFERENCES}/")


def error(status: int, message: str = "No.") -> Response:
    """A refusal in the contract's envelope."""
    body = msgspec.json.encode({"message": message})
    return Response(status, body, (("Content-Type", "application/json"), *OPEN_TO_BROWSERS))


OPEN_TO_BROWSERS = (("Access-Control-Allow-Origin", "*"),)


def without_repeats(request: Request) -> Request:
    """The same request with each part of its query once."""
    return replace(request, query="&".join(dict.fromkeys(request.query.split("&"))))


def without_header(response: Response, name: str) -> Response:
    """The response less a header."""
    headers = tuple(pair for pair in response.headers if pair[0].lower() != name.lower())
    return replace(response, headers=headers)


def with_header(response: Response, name: str, value: str) -> Response:
    """The response with a header, in place of those of its name."""
    bare = without_header(response, name)
    return replace(bare, headers=(*bare.headers, (name, value)))


def _mutant(
    rules: Rules, needs: str, named: Callable[..., Any], make: Callable[[], Change]
) -> Mutant:
    group = named.__module__.split(".")[len(_PACKAGE)]
    text = " ".join((named.__doc__ or "").split())
    id = named.__name__.strip("_").replace("_", "-")
    breaks = (rules,) if isinstance(rules, str) else rules
    return Mutant(id, group, tuple(filter(None, breaks)), text, needs, make)
