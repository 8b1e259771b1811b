"""Tokens that a person can read: which sandbox they open, as whom."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, get_args

from mock_server.http import problems

Role = Literal["customer", "staff", "expired", "revoked"]
ROLES = get_args(Role)
DEFAULT_SANDBOX = "default"
_INSTANT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Token:
    """
    `customer-ada` in the default sandbox, `SANDBOX.customer-ada` in any other; one that runs out
    says when: `customer-ada~20260301T090500Z`, and one of a sign-in, of which:
    `customer-ada~20260301T100000Z~4f0c…`.
    """

    sandbox: str
    role: Role
    name: str
    expires: datetime | None = None
    """Whole seconds, by the sandbox's clock; None for never."""
    grant: str | None = None
    """The id of the sign-in that it came of."""

    def __str__(self) -> str:
        prefix = "" if self.sandbox == DEFAULT_SANDBOX else f"{self.sandbox}."
        suffix = f"~{self.expires:{_INSTANT}}" if self.expires else ""
        suffix += f"~{self.grant}" if self.grant else ""
        return f"{prefix}{self.role}-{self.name}{suffix}"


@lru_cache(256)
def parse(text: str) -> Token | None:
    """Read a token; None where it is not of this form."""
    sandbox, dot, rest = text.rpartition(".")
    role, dash, who = rest.partition("-")
    if role not in ROLES or not dash or (dot and not sandbox):
        return None
    name, tilde, rest = who.partition("~")
    end, _, grant = rest.partition("~")
    try:
        expires = datetime.strptime(end, _INSTANT).replace(tzinfo=UTC) if tilde else None
    except ValueError:
        return None
    return Token(sandbox or DEFAULT_SANDBOX, role, name, expires, grant or None)  # type: ignore[arg-type]


def check_bearer(authorization: str | None) -> None:
    """
    See that a header carries a bearer token, whichever that is.

    Raises:
        Problem: 401.
    """
    if authorization is None:
        raise problems.token_missing(
            "No token was sent; send 'Authorization: Bearer TOKEN'."
        ).under("AUTH-01")
    if not is_bearer(authorization):
        raise problems.token_missing("The Authorization header must read 'Bearer TOKEN'.").under(
            "AUTH-03"
        )


@lru_cache(256)
def is_bearer(authorization: str) -> bool:
    """Whether a header carries one bearer token, whichever that is, and nothing else."""
    words = authorization.split()
    return len(words) == 2 and words[0].lower() == "bearer"
