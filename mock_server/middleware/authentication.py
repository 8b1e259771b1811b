"""Who calls the My Account API, judged where the document asks for a token."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from mock_server.http import problems
from mock_server.http.exchange import Context
from mock_server.http.problems import Problem
from mock_server.middleware.context import ApiContext
from mock_server.worlds import tokens
from mock_server.worlds.account import Account
from mock_server.worlds.sandbox import Staff

READS = ("GET", "HEAD", "OPTIONS")
MIXED_UP = (
    "This is a staff token. The My Account API answers customer tokens only; the two kinds of"
    " token are not interchangeable."
)


@dataclass(frozen=True, slots=True)
class Authentication:
    """Lets customers pass, and says to everybody else why not."""

    refusal_reason: Callable[[Account], str | None]
    """Why a customer's own token opens nothing, if so."""
    staff_read_status: int
    staff_write_status: int

    def customer(self, context: Context) -> Account:
        """
        The customer who speaks.

        Raises:
            Problem: 401, or 403 for staff.
        """
        assert isinstance(context, ApiContext)
        tokens.check_bearer(context.request.headers.get("authorization"))
        caller = context.sandbox.caller(context.token)
        if isinstance(caller, Staff):
            raise self._staff_refused(context.request.method)
        if reason := self.refusal_reason(caller):
            raise problems.invalid_token(reason).under("AUTH-10")
        return caller

    def anybody(self, context: Context) -> Account:
        """
        For whom an operation answers that asks for no token: the sandbox's first customer.

        Raises:
            Problem: 404, there is none.
        """
        assert isinstance(context, ApiContext)
        for name in context.sandbox.world:
            return context.sandbox.account(name)
        raise problems.not_found("Nobody lives in this sandbox.")

    def _staff_refused(self, method: str) -> Problem:
        status = self.staff_read_status if method in READS else self.staff_write_status
        if status == HTTPStatus.UNAUTHORIZED:
            return problems.invalid_token(MIXED_UP).under("AUTH-04")
        return Problem(status, MIXED_UP, rule="AUTH-04")
