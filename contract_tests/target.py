"""What is tested: where it is, who can sign in to it, and what is known of them."""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import yaml
from msgspec import Struct
from msgspec.structs import replace

from contract_tests import facts

_NOT_SENDABLE = re.compile(r"[^\x21-\x7e]")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class TargetError(Exception):
    """The target cannot be tested as described: what is wrong, and what would be right."""


class Unreachable(Exception):
    """The target does not answer at all."""


class CustomerSaid(Struct, frozen=True, forbid_unknown_fields=True):
    """A customer of the target, and what is known of them."""

    token: str
    name: str = ""
    id: str | None = None
    facts: dict[str, Any] = {}


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
    customers: tuple[CustomerSaid, ...] = ()
    tokens: Tokens = Tokens()
    read_only: bool = False
    timeout_s: float = 10.0
    rate_per_s: float | None = None
    waive: dict[str, str] = {}
    """Rule id → reason; never a documented rule."""
    known: tuple[dict[str, Any], ...] = ()
    """Violations that are tolerated for a time, in the words of a baseline."""
    state_url: str | None = None
    """Told of the state that a run needs, in the manner of Pact."""
    now: datetime | None = None
    """What the target takes for the present, where that is not the real time."""


def load(path: Path) -> Target:
    """
    Read a profile, with `${NAME}` replaced by environment variables.

    Raises:
        TargetError: the file cannot be read, or something in it is wrong.
    """
    try:
        said = yaml.load(_filled(path.read_text("utf-8"), path), Loader=yaml.CSafeLoader)
        return msgspec.convert(said or {}, Target)
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise TargetError(f"{path}{line}: {getattr(error, 'problem', 'not YAML')}") from None
    except msgspec.ValidationError as error:
        raise TargetError(f"{path}: {error}") from None


def _filled(text: str, path: Path) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise TargetError(f"{path}: the environment has no variable {found[1]}")
        return os.environ[found[1]]

    return _VARIABLE.sub(value, text)


def complete(target: Target, transport: httpx.BaseTransport | None = None) -> Target:
    """
    The target with what can be found out: our own mock tells its people and their facts, asked by
    `transport` where one is given.

    Raises:
        TargetError: there is no base URL, or nobody to speak for.
        Unreachable: nothing answers there.
    """
    url = target.base_url.rstrip("/")
    if not re.fullmatch(r"https?://[^/\s]+.*", url):
        raise TargetError(f"base URL '{target.base_url}' is not one like http://127.0.0.1:4010")
    if urlsplit(url).username is not None:
        raise TargetError("base URL: credentials in it would stand in place of a bearer token")
    target = replace(target, base_url=url)
    _usable(target)
    if not target.customers:
        target = _discovered(target, transport)
    if not target.customers:
        raise TargetError(
            "nobody to speak for: give two customers' tokens (--customer-token, or a profile)"
        )
    named = [
        replace(each, name=each.name or f"customer-{chr(97 + index)}")
        for index, each in enumerate(target.customers)
    ]
    return replace(target, customers=known(named))


def known(customers: Iterable[CustomerSaid]) -> tuple[CustomerSaid, ...]:
    """
    The customers, once what is said of them can be understood; a fact that is null says nothing.

    Raises:
        TargetError: a fact is none, or of another kind.
    """
    found = []
    for number, each in enumerate(customers, 1):
        for problem in facts.problems(each.facts):
            raise TargetError(f"customer {each.name or number}: facts: {problem}")
        said = {name: value for name, value in each.facts.items() if value is not None}
        found.append(replace(each, facts=said))
    return tuple(found)


def _usable(target: Target) -> None:
    """Every token can stand in a header; what is wrong is told without it."""
    roles = {name: getattr(target.tokens, name) for name in target.tokens.__struct_fields__}
    named = [
        (each.name or f"customer {number}", each.token)
        for number, each in enumerate(target.customers, 1)
    ]
    for owner, token in (*named, *roles.items()):
        if token is not None:
            _sendable(token, f"the token of {owner}")


def _sendable(value: str, what: str) -> None:
    if not value:
        raise TargetError(f"{what} is empty; is the variable that should hold it set?")
    if found := _NOT_SENDABLE.search(value):
        place = f"character {found.start() + 1} of {len(value)}"
        kind = "white space" if found[0].isspace() else "what no header can carry"
        raise TargetError(f"{what} has {kind} in it ({place}): give the bare token")


def _discovered(target: Target, transport: httpx.BaseTransport | None) -> Target:
    root, at, sandbox = target.base_url.partition("/@")
    url = f"{root}/__mock__/sandboxes/{sandbox if at else 'default'}"
    try:
        with httpx.Client(transport=transport, timeout=target.timeout_s) as client:
            answer = client.get(url)
        said = answer.json() if answer.status_code == 200 else {}
    except httpx.TransportError as error:
        raise Unreachable(f"{target.base_url}: {error}") from None
    except ValueError:
        return target
    return _of_sandbox(target, said) if "customers" in said else target


def _known(told: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a mock that this kit has a use for; a newer one may tell more."""
    return {name: value for name, value in told.items() if name in facts.BY_NAME}


def _of_sandbox(target: Target, said: Mapping[str, Any]) -> Target:
    people = said["customers"]
    customers = [
        CustomerSaid(each["token"], each["persona"], each["id"], _known(each["facts"]))
        for each in people
        if each["facts"].get("signs_in", True)
    ]
    locked = [each["token"] for each in people if not each["facts"].get("signs_in", True)]
    tokens = msgspec.convert({**said["tokens"], "locked": next(iter(locked), None)}, Tokens)
    now = msgspec.convert(said["now"], datetime)
    return replace(target, customers=tuple(customers), tokens=tokens, now=now)
