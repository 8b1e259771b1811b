"""What a profile tells of a target, as mutants need it: names, tokens, facts and the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from contract_tests.document import Contract
from contract_tests.mutants.message import Request
from contract_tests.target import Target

ROLES = ("staff", "expired", "revoked", "locked")


@dataclass(frozen=True)
class People:
    """The customers of a target and its other tokens."""

    target: Target
    contract: Contract
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251

    @property
    def tokens(self) -> dict[str, str]:
        """The token of each customer, by name."""
        return {each.name: each.token for each in self.target.customers}

    @property
    def names(self) -> list[str]:
        """The customers' names."""
        return [each.name for each in self.target.customers]

    @property
    def now(self) -> datetime:
        """What the target takes for the present."""
        return self.target.now or self.clock()

    def facts(self, name: str) -> Mapping[str, Any]:
        """What the profile tells of a customer."""
        return next((each.facts for each in self.target.customers if each.name == name), {})

    def name(self, request: Request) -> str:
        """The name of the customer whose token a request carries; empty if it is nobody's."""
        sent = token_of(request)
        return next((name for name, token in self.tokens.items() if token == sent), "")

    def role(self, request: Request) -> str:
        """`customer`, `staff`, `expired`, `revoked`, `locked`, `unknown`; empty without a token."""
        sent = token_of(request)
        if not sent:
            return ""
        if sent in self.tokens.values():
            return "customer"
        return next(
            (each for each in ROLES if getattr(self.target.tokens, each) == sent), "unknown"
        )

    def another(self, request: Request) -> str:
        """
        The customer after the one who asks: of two customers the other one.

        Raises:
            LookupError: there is only one.
        """
        names = self.names[:2]
        mine = self.name(request)
        others = [name for name in names if name != mine]
        if len(names) < 2 and mine in names:
            raise LookupError("a second customer")
        return others[0]

    def as_customer(self, request: Request, name: str = "") -> Request:
        """The same request with a customer's token: the first one's unless another is named."""
        token = self.tokens[name or self.names[0]]
        return with_token(request, f"Bearer {token}")


def token_of(request: Request) -> str:
    """The bearer token of a request; empty without one."""
    sent = request.headers.get("authorization", "")
    return sent.removeprefix("Bearer ").strip() if sent.startswith("Bearer") else sent.strip()


def with_token(request: Request, authorization: str) -> Request:
    """The same request with another Authorization header."""
    return replace(request, headers={**request.headers, "authorization": authorization})
