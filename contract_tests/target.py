"""The implementation under test: its address, its customers, and the facts about them."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from contract_tests import facts
from contract_tests.strict_json import parse

_NOT_SENDABLE = re.compile(r"[^\x21-\x7e]")


class TargetError(Exception):
    """The target cannot be tested as described: what is wrong, and what would be right."""


class Unreachable(Exception):
    """The target does not answer at all."""


class NamedCustomer(Struct, frozen=True, forbid_unknown_fields=True):
    """A customer of the target, and what is known of them."""

    token: str = ""
    name: str = ""
    id: str | None = None
    facts: dict[str, Any] = {}
    token_command: str | tuple[str, ...] | None = None
    """What writes a token, and a new one once that has lapsed; in place of `token`."""


class Tokens(Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens that must be refused, where there are such."""

    staff: str | None = None
    expired: str | None = None
    revoked: str | None = None
    locked: str | None = None
    unknown: str = "kit-unknown-token-00000000"


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """A profile: everything the kit may know of an implementation. Times in seconds."""

    base_url: str = ""
    customers: tuple[NamedCustomer, ...] = ()
    tokens: Tokens = Tokens()
    read_only: bool = False
    timeout_s: float = 10.0
    """For one answer as a whole."""
    max_time_s: float = 3600.0
    """For a whole run; what is left then is not covered."""
    headers: dict[str, str] = {}
    """Sent with every request, such as a gateway's key or a cookie; hidden in what is shown."""
    ca: Path | None = None
    """Certificates to trust beside the usual ones, as a PEM file."""
    insecure: bool = False
    """Whether any certificate is trusted."""
    cert: Path | None = None
    key: Path | None = None
    """The client's certificate and its key, as PEM files; one file may hold both."""
    rate_per_s: float | None = None
    waive: dict[str, str] = {}
    """Rule id → reason; never a documented rule."""
    known: tuple[dict[str, Any], ...] = ()
    """Violations that are tolerated for a time, in the words of a baseline."""
    state_url: str | None = None
    """Told of the state that a run needs, in the manner of Pact."""
    now: datetime | None = None
    """The target's current time, if its clock is simulated."""


def complete(target: Target, transport: httpx.BaseTransport | None = None) -> Target:
    """
    The target, checked and completed: our own mock reports its people and their facts, over
    `transport` if one is given.

    Raises:
        TargetError: there is no base URL, or nobody to speak for.
        Unreachable: nothing answers there.
    """
    url = checked_url(target.base_url)
    if urlsplit(url).username is not None:
        raise TargetError("base URL: credentials in it would stand in place of a bearer token")
    target = replace(target, base_url=url)
    _check_sendable(target)
    _check_measures(target)
    if not target.customers:
        target = _discover(target, transport)
    if not target.customers:
        raise TargetError(
            "nobody to speak for: give two customers' tokens (--customer-token, or a profile)"
        )
    customers = [
        replace(each, name=each.name or f"customer-{chr(97 + index)}")
        for index, each in enumerate(target.customers)
    ]
    _check_distinct(customers, target.tokens)
    return replace(target, customers=with_checked_facts(customers))


def checked_url(text: str) -> str:
    """
    A base URL without the slash at its end.

    Raises:
        TargetError: it is none.
    """
    try:
        parts = urlsplit(text)
        # What is no port, and no name that DNS could have, is a ValueError.
        reachable = parts.port != 0 and bool((parts.hostname or "").encode("idna"))
    except ValueError:
        reachable = False
    if not reachable or not re.fullmatch(r"https?://[^/\s]+.*", text):
        shown = re.sub("//[^/@]*@", "//", text)
        raise TargetError(f"base URL '{shown}' is not one like http://127.0.0.1:4010")
    return text.rstrip("/")


def with_checked_facts(customers: Iterable[NamedCustomer]) -> tuple[NamedCustomer, ...]:
    """
    The customers with their facts checked; a fact that is null is left out.

    Raises:
        TargetError: a fact is none, or of another kind.
    """
    understood = []
    for number, each in enumerate(customers, 1):
        for problem in facts.problems(each.facts):
            raise TargetError(f"customer {each.name or number}: facts: {problem}")
        stated = {name: value for name, value in each.facts.items() if value is not None}
        understood.append(replace(each, facts=stated))
    return tuple(understood)


def _check_distinct(customers: list[NamedCustomer], tokens: Tokens) -> None:
    """Check that no two customers share a name or a token."""
    names, owners = set[str](), dict[str, str]()
    for each in customers:
        if each.name in names:
            raise TargetError(f"two customers have the name '{each.name}'")
        if each.token in owners:
            raise TargetError(f"{owners[each.token]} and {each.name} have the same token")
        names.add(each.name)
        owners[each.token] = each.name
    for role in tokens.__struct_fields__:
        if owner := owners.get(getattr(tokens, role) or ""):
            raise TargetError(f"the {role} token is the token of the customer {owner}")


def _check_measures(target: Target) -> None:
    """Check that times and rates are finite and above 0."""
    measures = {
        "timeout_s (--timeout)": target.timeout_s,
        "max_time_s (--max-time)": target.max_time_s,
        "rate_per_s (--rate)": 1.0 if target.rate_per_s is None else target.rate_per_s,
    }
    for name, value in measures.items():
        if not 0 < value < 1e9:
            raise TargetError(f"{name}: {value:g} is no number above 0")


def _check_sendable(target: Target) -> None:
    """Check that tokens and headers can be sent; no message quotes a token."""
    roles = {name: getattr(target.tokens, name) for name in target.tokens.__struct_fields__}
    tokens = [
        (each.name or f"customer {number}", each.token)
        for number, each in enumerate(target.customers, 1)
    ]
    for owner, token in (*tokens, *roles.items()):
        if token is not None:
            _require_sendable(token, f"the token of {owner}")
    for name, value in target.headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise TargetError(f"headers: {name!r} is no name of a header")
        if name.lower() in ("authorization", "host", "content-length", "origin"):
            raise TargetError(f"headers: {name} is the kit's own to send")
        if re.search(r"[^\x20-\x7e]|^\s|\s$", value) or not value:
            raise TargetError(f"headers: the value of {name} is empty or cannot be sent")


def sendable(token: str) -> bool:
    """Whether a token can stand in a header."""
    return bool(token) and not _NOT_SENDABLE.search(token)


def _require_sendable(value: str, what: str) -> None:
    if not value:
        raise TargetError(f"{what} is empty; is the variable that should hold it set?")
    if bad := _NOT_SENDABLE.search(value):
        place = f"character {bad.start() + 1} of {len(value)}"
        kind = "white space" if bad[0].isspace() else "what no header can carry"
        raise TargetError(f"{what} has {kind} in it ({place}): give the bare token")


class _Person(Struct, frozen=True):
    token: str
    persona: str
    id: str
    facts: dict[str, Any]


class _Sandbox(Struct, frozen=True):
    """What our own mock reports of a sandbox."""

    customers: tuple[_Person, ...]
    tokens: dict[str, str]
    now: datetime


def _discover(target: Target, transport: httpx.BaseTransport | None) -> Target:
    from contract_tests.transport import Broken, Sender

    root, at, sandbox = target.base_url.partition("/@")
    url = f"{root}/__mock__/sandboxes/{sandbox if at else 'default'}"
    try:
        answer = Sender(target, transport).send("GET", url, ())
    except Broken as error:
        raise Unreachable(f"{target.base_url}: {error}") from None
    if answer.status in (429, 502, 503, 504):
        raise Unreachable(f"{target.base_url}: {answer.status}, it is not ready")
    try:
        tree, _ = parse(answer.content)
        return _of_sandbox(target, msgspec.convert(tree, _Sandbox))
    except (msgspec.MsgspecError, ValueError):
        return target  # Whatever answers there, it is not our mock.


def _facts_in_use(reported: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that this kit knows; a newer mock may report more."""
    return {name: value for name, value in reported.items() if name in facts.BY_NAME}


def _of_sandbox(target: Target, sandbox: _Sandbox) -> Target:
    people = sandbox.customers
    customers = [
        NamedCustomer(each.token, each.persona, each.id, _facts_in_use(each.facts))
        for each in people
        if each.facts.get("signs_in", True)
    ]
    locked = [each.token for each in people if not each.facts.get("signs_in", True)]
    tokens = msgspec.convert({**sandbox.tokens, "locked": next(iter(locked), None)}, Tokens)
    return replace(target, customers=tuple(customers), tokens=tokens, now=sandbox.now)
