"""Tokens that a person can read: which sandbox they open, as whom."""

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["customer", "staff", "expired", "revoked"]
DEFAULT_SANDBOX = "default"


@dataclass(frozen=True, slots=True)
class Token:
    """`customer-ada` in the default sandbox, `SANDBOX.customer-ada` in any other."""

    sandbox: str
    role: Role
    name: str

    def __str__(self) -> str:
        prefix = "" if self.sandbox == DEFAULT_SANDBOX else f"{self.sandbox}."
        return f"{prefix}{self.role}-{self.name}"


def parse(text: str) -> Token | None:
    """Read a token; None where it is not of this form."""
    sandbox, dot, rest = text.rpartition(".")
    role, dash, name = rest.partition("-")
    if role not in get_args(Role) or not dash or (dot and not sandbox):
        return None
    return Token(sandbox or DEFAULT_SANDBOX, role, name)  # type: ignore[arg-type]  # checked above
