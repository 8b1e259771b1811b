"""What is known of a request for the My Account API, and the layers that only such a one passes."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http.exchange import Context, context_of
from mock_server.http.router import Route
from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.tokens import Token


class ApiContext(Context, kw_only=True):
    """A request for the My Account API."""

    sandbox: Sandbox
    """Where it lives."""
    token: Token | None
    """What its Authorization header names, good or not; None where it names nothing."""

    @property
    def operation(self) -> Route:
        """The operation of a request that is for one."""
        assert self.route is not None
        return self.route


def api_context_of(scope: Scope) -> ApiContext:
    """What is known of a request for the My Account API."""
    context = context_of(scope)
    assert isinstance(context, ApiContext)
    return context


class OperationLayer(ABC):
    """A layer that requests for an operation pass; all others go straight on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on."""
        context = api_context_of(scope)
        if context.route is None:
            return self.app(scope, receive, send)
        return self.handle(context, scope, receive, send)

    @abstractmethod
    def handle(
        self, context: ApiContext, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Do the one job of the layer."""
