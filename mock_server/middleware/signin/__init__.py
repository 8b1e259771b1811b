"""Signing in as in production: OAuth 2 authorization code with PKCE and OpenID Connect."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http.exchange import context_of
from mock_server.http.paths import sandbox_of
from mock_server.worlds.account import Account
from mock_server.worlds.sandbox import Sandbox

PLACES = ("/.well-known/openid-configuration", "/oauth/")
"""What is the sign-in's, under `/` and under each sandbox's `/@ID/`."""


@dataclass
class SignInMiddleware:
    """Answers the paths of signing in; every other request goes on."""

    app: ASGIApp
    find: Callable[[str], Sandbox]
    """The sandbox with an id; raises a Problem where there is none."""
    details: Callable[[Account], Any]
    """A customer's own record."""
    refusal_reason: Callable[[Account], str | None]
    """Why a customer cannot sign in, if so."""
    redirects: Sequence[str] = field(default=())
    """Prefixes of addresses that a sign-in may lead back to, beside those of this machine."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        sandbox, path = sandbox_of(scope.get("path", "")) or (None, scope.get("path", ""))
        if scope["type"] != "http" or not path.startswith(PLACES):
            return self.app(scope, receive, send)
        base = context_of(scope).request.base_url
        inside = {**scope, "path": path, "mock_sandbox": sandbox, "mock_base_url": base}
        return self._endpoints(inside, receive, send)

    @cached_property
    def _endpoints(self) -> ASGIApp:
        # Imported when somebody signs in: the protocol's libraries would double the time to start.
        from mock_server.middleware.signin.routes import SignIn

        return SignIn(self.find, self.details, self.refusal_reason, self.redirects).app
