"""A breakage: one way to be wrong on purpose, laid round a right answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as altered
from typing import Any

import msgspec
from msgspec.structs import replace

from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import PlantedFault, Sandbox

Tree = dict[str, Any]
Edit = Callable[[Tree, Request], None]

ACCOUNT = "/customers/my-account"
CHARGES = f"{ACCOUNT}/charges"
CREDITS = f"{ACCOUNT}/credits"
PREFERENCES = f"{ACCOUNT}/marketing-preferences"
MEMBERSHIPS = f"{ACCOUNT}/memberships"
PAYMENT_METHODS = f"{ACCOUNT}/payment-methods"
ORDERS = "/shop/my-account/orders"
LISTS = (CHARGES, CREDITS, PREFERENCES, MEMBERSHIPS, PAYMENT_METHODS, ORDERS)
UUID_LENGTH = 36
API = (ACCOUNT, "/shop/my-account")
NOTHING_TO_SPOIL = (AttributeError, LookupError, TypeError, ValueError, msgspec.DecodeError)
"""What a fault raises that does not find what it would alter."""


@dataclass(frozen=True, slots=True)
class Breakage:
    """A planted fault, or a harmless variant that keeps the contract."""

    id: str
    group: str
    rule: str
    """The rule it breaks; empty where it is benign."""
    text: str
    start: Callable[[], PlantedFault]
    """Makes the fault anew for each sandbox, so that what it remembers is the sandbox's own."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """What it changes in the scenario."""

    @property
    def benign(self) -> bool:
        return not self.rule


def fault(rule: str) -> Callable[[PlantedFault], Breakage]:
    """Make a function a planted fault; its docstring says what is wrong."""

    def declare(function: PlantedFault) -> Breakage:
        return _breakage(rule, function, lambda: function)

    return declare


def remembering(rule: str) -> Callable[[Callable[[], PlantedFault]], Breakage]:
    """The same for a function that makes the fault, which then remembers what it saw."""
    return lambda factory: _breakage(rule, factory, factory)


def edit(rule: str, *paths: str) -> Callable[[Edit], Breakage]:
    """A fault in the JSON of successes, at these paths or everywhere in the API."""

    def declare(change: Edit) -> Breakage:
        def edited(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
            response = answer(request)
            here = at(request, *paths) if paths else request.path.startswith(API)
            return changed(request, response, change) if here else response

        return _breakage(rule, change, lambda: edited)

    return declare


def in_world(overrides: dict[str, Any]) -> Callable[[Breakage], Breakage]:
    """Let a breakage happen in a scenario that has what it takes to see it."""
    return lambda breakage: altered(breakage, overrides=overrides)


def changed(request: Request, response: Response, change: Edit) -> Response:
    """The response with its JSON edited; as it is where it is no success."""
    if response.status != 200 or not response.body:
        return response
    tree = msgspec.json.decode(response.body)
    change(tree, request)
    return replace(response, body=msgspec.json.encode(tree))


def at(request: Request, *paths: str) -> bool:
    """Whether a request is for one of these paths, or for one below the preferences."""
    return request.path in paths or (PREFERENCES in paths and request.path.startswith(PREFERENCES))


def decides(request: Request) -> bool:
    """Whether a request is an opt-in or an opt-out."""
    return request.method in ("POST", "DELETE") and request.path.startswith(f"{PREFERENCES}/")


def without_repeats(request: Request) -> Request:
    """The same request with what its query says twice said once."""
    return replace(request, query="&".join(dict.fromkeys(request.query.split("&"))))


def error(status: int, message: str = "No.") -> Response:
    """A refusal in the contract's envelope."""
    return Response(
        status, msgspec.json.encode({"message": message}), (("Content-Type", "application/json"),)
    )


def as_customer(request: Request, sandbox: Sandbox, name: str) -> Request:
    """The same request with another customer's token."""
    token = sandbox.token("customer", name)
    return replace(request, headers=dict(request.headers) | {"authorization": f"Bearer {token}"})


def without_header(response: Response, name: str) -> Response:
    """The response less a header."""
    headers = tuple(each for each in response.headers if each[0].lower() != name.lower())
    return replace(response, headers=headers)


def role(request: Request) -> str:
    """The role that the token names: customer, staff and so on; empty without one."""
    token = request.headers.get("authorization", "").rpartition(".")[2]
    return token.removeprefix("Bearer ").partition("-")[0]


def _breakage(rule: str, named: Callable[..., Any], start: Callable[[], PlantedFault]) -> Breakage:
    group = named.__module__.split(".")[2]
    text = (named.__doc__ or "").strip()
    id = named.__name__.replace("_", "-")
    return Breakage(id, group, rule, text, lambda: _steady(start()))


def _steady(fault: PlantedFault) -> PlantedFault:
    """The fault where it can be had, and the right answer elsewhere."""

    def steady(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
        try:
            return fault(request, answer, sandbox)
        except NOTHING_TO_SPOIL:
            return answer(request)

    return steady
