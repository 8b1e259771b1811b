"""Which API a request is for, and in which sandbox it lives."""

from collections.abc import Awaitable

from msgspec.structs import replace
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http.exchange import CONTEXT, Request, context_of
from mock_server.http.paths import sandbox_of
from mock_server.http.problems import Problem
from mock_server.http.router import refusal
from mock_server.middleware.context import ApiContext
from mock_server.worlds import tokens
from mock_server.worlds.registry import Sandboxes
from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.tokens import DEFAULT_SANDBOX, Token


class Addressing:
    """Sends each request to one of two stacks, which share nothing that a path could reach."""

    def __init__(self, sandboxes: Sandboxes, *, control: ASGIApp, my_account: ASGIApp) -> None:
        self._sandboxes, self._control, self._my_account = sandboxes, control, my_account

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, as it is seen from inside its sandbox."""
        if context_of(scope).for_control:
            return self._control(scope, receive, send)
        try:
            self._enter_sandbox(scope)
        except Problem as problem:
            return refusal(problem)(scope, receive, send)
        return self._my_account(scope, receive, send)

    def _enter_sandbox(self, scope: Scope) -> None:
        outer = context_of(scope)
        request, began = outer.request, outer.began
        token = tokens.parse(request.headers.get("authorization", "").rpartition(" ")[2])
        request, sandbox = self._resolve_sandbox(request, token)
        scope["path"] = request.path
        scope[CONTEXT] = ApiContext(request=request, sandbox=sandbox, token=token, began=began)

    def _resolve_sandbox(self, request: Request, token: Token | None) -> tuple[Request, Sandbox]:
        """
        The request and its sandbox: named by the path, under `/@ID/`, or by the token, or the
        default one.

        Raises:
            Problem: 404, the path names a sandbox that does not exist; 421, path or token name one
                of another shard.
        """
        if addressed := sandbox_of(request.path):
            id, path = addressed
            sandbox = self._sandboxes.get(id)
            return replace(request, path=path, base_url=f"{request.base_url}/@{id}"), sandbox
        if token is not None:
            self._sandboxes.check_shard(token.sandbox)
        by_token = self._sandboxes.find(token.sandbox) if token else None
        return request, by_token or self._sandboxes.get(DEFAULT_SANDBOX)
