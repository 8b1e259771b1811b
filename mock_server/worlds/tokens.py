"""Tokens that a person can read: which sandbox they open, as whom."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

Role = Literal["customer", "staff", "expired", "revoked"]
ROLES = get_args(Role)
DEFAULT_SANDBOX = "default"
_INSTANT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Token:
    """
    `customer-ada` in the default sandbox, `SANDBOX.customer-ada` in any other; one that runs out
    says when: `customer-ada~20260301T090500Z`.
    """

    sandbox: str
    role: Role
    name: str
    expires: datetime | None = None
    """Whole seconds, by the sandbox's clock; None for never."""

    def __str__(self) -> str:
        prefix = "" if self.sandbox == DEFAULT_SANDBOX else f"{self.sandbox}."
        suffix = f"~{self.expires:{_INSTANT}}" if self.expires else ""
        return f"{prefix}{self.role}-{self.name}{suffix}"


def parse(text: str) -> Token | None:
    """Read a token; None where it is not of this form."""
    sandbox, dot, rest = text.rpartition(".")
    role, dash, who = rest.partition("-")
    if role not in ROLES or not dash or (dot and not sandbox):
        return None
    name, tilde, end = who.partition("~")
    try:
        expires = datetime.strptime(end, _INSTANT).replace(tzinfo=UTC) if tilde else None
    except ValueError:
        return None
    return Token(sandbox or DEFAULT_SANDBOX, role, name, expires)  # type: ignore[arg-type]
