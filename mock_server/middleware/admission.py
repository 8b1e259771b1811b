"""Who may use the control API."""

from collections.abc import Collection
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http import problems
from mock_server.http.exchange import Context, context_of
from mock_server.http.origin import origin_of
from mock_server.http.router import refusal


class Admission:
    """Keeps other web origins away from the control API and its pages."""

    def __init__(self, app: ASGIApp, *, any_host: bool, origins: Collection[str] = ()) -> None:
        """
        `any_host`: whether it answers under names that are not this machine's own; `origins`:
        whose pages may use it beside its own.
        """
        self._app, self._any_host, self._origins = app, any_host, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with 403."""
        context = context_of(scope)
        request, reached_at = context.request, context.reached_at
        origin = request.headers.get("origin")
        own = (origin_of(reached_at), origin_of(request.base_url))
        if origin is not None and origin not in own and origin not in self._origins:
            reason = "The control API answers no other web origin; --control-origin allows one."
        elif not self._any_host and not is_local(urlsplit(reached_at).hostname):
            # A page of another site whose name was made to lead here: DNS rebinding.
            reason = "The control API answers under a loopback name only."
        else:
            await self._app(scope, receive, send)
            return
        await refusal(problems.forbidden(reason))(scope, receive, send)


def check_admin(context: Context, token: str) -> None:
    """
    Let the admin pass.

    Raises:
        Problem: 401, the token is missing or another.
    """
    sent = context.request.headers.get("authorization", "")
    if not compare_digest(sent.encode(), f"Bearer {token}".encode()):
        required = "the server's admin token: 'Authorization: Bearer TOKEN'"
        raise problems.invalid_token(f"The control API wants {required}.")


def is_local(host: str | None) -> bool:
    """Whether a host, by name or address, is this machine to itself."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
