"""A real implementation in place of ours: forwarded to, judged and journalled, not changed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import httpx
from msgspec.structs import replace
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_server.http import wire
from mock_server.http.edge_states import shown_by
from mock_server.http.exchange import Request, Response, context_of
from mock_server.http.problems import Problem, conflict
from mock_server.http.router import Route, refusal
from mock_server.http.upstream import Upstream, decompress, end_to_end
from mock_server.middleware.request_log import LOG
from mock_server.observation.entry import Entry, decode_json
from mock_server.observation.people import DETAILS
from mock_server.worlds.sandbox import Sandbox

LONGEST = 8 << 20
"""So much of each body is kept to be judged."""
ASKED = "contract-violations"
"""The preference of a request for violations in a header of the answer."""
HEADER = b"x-contract-violations"
SANDBOXED = (
    b"content-security-policy",
    b"sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
)
"""Upstream's pages stand on the console's own origin, but must not act as the console may."""
AREAS = ("/customers/my-account", "/shop/my-account")
"""What stands here is the API's, even where the document has no such operation."""
CHANGING_WORLDS = (
    *("createSandbox", "switchScenario", "changeCustomer", "setClock", "createToken"),
    "createFault",
)
"""Operations of the control API that upstream would know nothing of."""
OnEntry = Callable[[Entry, Any], None]
"""Called with each entry of the journal and the JSON of its answer."""


class ProxyBranch:
    """Sends all but the control API and its pages to the proxy, past layers that change answers."""

    def __init__(self, app: ASGIApp, proxy: ASGIApp) -> None:
        self._app, self._proxy = app, proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, one way or the other."""
        app = self._app if context_of(scope).for_control else self._proxy
        await app(scope, receive, send)


class NoWorlds:
    """Refuses what would change a world: before a real implementation there is none to change."""

    def __init__(self, app: ASGIApp, upstream: str) -> None:
        self._app, self._upstream = app, upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with 409."""
        route = context_of(scope).route
        app: ASGIApp = self._app
        if route is not None and route.id in CHANGING_WORLDS:
            what = f"Requests go to {self._upstream}, which {route.id} does not reach"
            app = refusal(conflict(f"{what}; 'mock-server serve' has worlds to change."))
        await app(scope, receive, send)


class CustomerNames:
    """Names for those whose requests pass: by token, and by customer id once that is known."""

    def __init__(self) -> None:
        self._by_token: dict[bytes, str] = {}
        self._by_id: dict[str, str] = {}

    def name(self, authorization: str, id: str | None, *, opened: bool) -> str | None:
        """What a customer is called; None while their token has opened nothing."""
        token = sha256(authorization.rpartition(" ")[2].encode()).digest()
        known = self._by_token.get(token)
        if id is not None:
            # Another token of somebody who is known already: they signed in again.
            known = self._by_id.setdefault(id, known or self._new())
        elif known is None and opened:
            known = self._new()
        if known is not None:
            self._by_token[token] = known
        return known

    def _new(self) -> str:
        return f"customer-{len({*self._by_token.values(), *self._by_id.values()}) + 1}"


@dataclass
class _Exchange:
    """A request and its answer, as far as they are kept to be judged."""

    scope: Scope
    upstream: Upstream
    request_body: bytearray = field(default_factory=bytearray)
    request_bytes: int = 0
    """How long the request's body was."""
    answer_body: bytearray = field(default_factory=bytearray)

    async def body(self, receive: Receive) -> AsyncIterator[bytes]:
        """The body of the request, as it comes."""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            if piece := message.get("body", b""):
                self.request_bytes += len(piece)
                self.request_body += piece[: LONGEST - len(self.request_body)]
                yield piece
            if not message.get("more_body"):
                return

    @property
    def is_judged(self) -> bool:
        """Whether it belongs to the API."""
        context = context_of(self.scope)
        is_ours = context.route is not None or context.request.path.startswith(AREAS)
        return is_ours and context.request.method != "OPTIONS"

    @property
    def request(self) -> Request:
        request = context_of(self.scope).request
        return replace(request, body=bytes(self.request_body), base_url=self.upstream.url)


class Proxy:
    """Forwards every request, and notes what the document says of it and of its answer."""

    def __init__(
        self,
        _app: ASGIApp,
        upstream: Upstream,
        sandbox: Sandbox,
        *,
        errors: bool,
        trust_pages: bool = False,
        on_entry: OnEntry | None = None,
    ) -> None:
        """
        `errors`: whether a violation is answered 502 in place of what upstream said;
        `trust_pages`: whether upstream's pages may do in a browser what the console may.
        """
        self._upstream, self._sandbox, self._errors = upstream, sandbox, errors
        self._trust_pages = trust_pages
        self._customers, self._on_entry = CustomerNames(), on_entry
        sandbox.journal.body_bytes = LONGEST

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as upstream does."""
        exchange = _Exchange(scope, self._upstream)
        headers = context_of(scope).request.headers
        has_body = "content-length" in headers or "transfer-encoding" in headers
        try:
            answer = await self._upstream.send(scope, exchange.body(receive) if has_body else None)
        except ClientDisconnect:
            return
        except Problem as problem:
            await self._refuse(exchange, problem, receive, send)
            return
        passing = asyncio.ensure_future(self._pass_on(exchange, answer, receive, send))
        disconnected = asyncio.ensure_future(wire.disconnected(receive))
        try:
            await asyncio.wait((passing, disconnected), return_when=asyncio.FIRST_COMPLETED)
        finally:
            disconnected.cancel()
            if not passing.done():
                passing.cancel()
            await asyncio.wait((passing,))
            await answer.aclose()
        if not passing.cancelled():
            passing.result()

    async def _pass_on(
        self, exchange: _Exchange, answer: httpx.Response, receive: Receive, send: Send
    ) -> None:
        """Send an answer on as it comes, and its end once the journal has it."""
        preferred = context_of(exchange.scope).request.headers.get("prefer", "")
        holds = exchange.is_judged and (self._errors or ASKED in preferred)
        outlet = _ResponseGate(send, for_s=self._upstream.timeout_s if holds else 0)
        try:
            await self._pass_through(exchange, answer, outlet, receive)
        finally:
            outlet.stop()

    async def _pass_through(
        self, exchange: _Exchange, answer: httpx.Response, outlet: "_ResponseGate", receive: Receive
    ) -> None:
        sent = 0
        await outlet(_start(answer, trust_pages=self._trust_pages))
        try:
            async for piece in answer.aiter_raw():
                sent += len(piece)
                exchange.answer_body += piece[: LONGEST - len(exchange.answer_body)]
                await outlet({"type": "http.response.body", "body": piece, "more_body": True})
        except httpx.HTTPError as error:
            await self._break_off(exchange, answer, self._upstream.failure(error), outlet, receive)
            return
        await outlet.settle()
        shown, length = _as_value(answer, exchange, sent)
        problems, unjudged = self._record(exchange, shown, length)
        if problems and outlet.holds and self._errors:
            refused = _refusal(f"The contract is violated. {'; '.join(problems)}.", answer)
            await refused(exchange.scope, receive, outlet.send)
            return
        await outlet.release(problems + unjudged)
        await outlet.send({"type": "http.response.body", "body": b""})

    async def _break_off(
        self,
        exchange: _Exchange,
        answer: httpx.Response,
        reason: str,
        outlet: "_ResponseGate",
        receive: Receive,
    ) -> None:
        await outlet.settle()
        cut, _ = _as_value(answer, exchange, -1)
        self._record(exchange, replace(cut, wire="truncated"))
        if outlet.holds:
            await _refusal(f"{reason}.", answer)(exchange.scope, receive, outlet.send)
        else:
            await wire.hang_up(exchange.scope, receive)

    async def _refuse(
        self, exchange: _Exchange, problem: Problem, receive: Receive, send: Send
    ) -> None:
        """Answer that upstream cannot be reached; pages of any origin may read it."""
        shared = (("Access-Control-Allow-Origin", "*"),)
        refused = refusal(Problem(problem.status, problem.message, shared))
        # No answer of upstream's: nobody has met it there.
        self._record(exchange, replace(refused, wire="EMPTY_RESPONSE"))
        exchange.scope.get(LOG, {})["violations"] = [problem.message]
        await refused(exchange.scope, receive, send)

    def _record(
        self, exchange: _Exchange, answer: Response, length: int = 0
    ) -> tuple[list[str], list[str]]:
        """Record an exchange; returns what the document does not allow, and what is not judged."""
        context, request = context_of(exchange.scope), exchange.request
        body = decode_json(answer.body)
        token = request.headers.get("authorization")
        opened = answer.status == HTTPStatus.OK
        id = _customer_id(context.route, body) if opened else None
        persona = self._customers.name(token, id, opened=opened) if token else None
        fields = exchange.scope.get(LOG, {})
        fields["persona"] = persona
        if not exchange.is_judged:
            return [], []
        role = "customer" if persona else "unknown" if token else None
        shown = replace(answer, states=_states(context.route, answer.status, body))
        entry = self._sandbox.journal.record(
            *(self._sandbox.clock.now(), context.route, persona, role, request, shown, []),
            request_bytes=exchange.request_bytes,
            body_bytes=length if length > LONGEST else None,
            took_s=time.perf_counter() - context.began,
        )
        if self._on_entry is not None:
            self._on_entry(entry, body)
        fields["violations"] = entry.violations + entry.unjudged
        return entry.violations, entry.unjudged


class _ResponseGate:
    """Sends messages on, or holds them back until they are judged: not too many, nor too long."""

    def __init__(self, send: Send, *, for_s: float) -> None:
        self.send, self.holds = send, for_s > 0
        self._held: list[Message] = []
        self._size = 0
        self._lock = asyncio.Lock()
        self._timer = asyncio.ensure_future(self._release_after(for_s)) if self.holds else None

    async def __call__(self, message: Message) -> None:
        """Take a message."""
        async with self._lock:
            self._size += len(message.get("body", b""))
            if self.holds and self._size <= LONGEST:
                self._held.append(message)
                return
            await self.release()
            await self.send(message)

    async def _release_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with self._lock:
            await self.release()

    async def settle(self) -> None:
        """Stop the timer, once nothing is being sent."""
        async with self._lock:
            self.stop()

    def stop(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()

    async def release(self, problems: list[str] | None = None) -> None:
        """Send what was held back, and in its head what is wrong with it."""
        held, self._held = self._held, []
        if problems and held:
            text = " ".join("; ".join(problems).split())
            header = (HEADER, text.encode("ascii", "backslashreplace"))
            held[0] = {**held[0], "headers": [*held[0]["headers"], header]}
        self.holds = False
        for message in held:
            await self.send(message)


def _start(answer: httpx.Response, *, trust_pages: bool) -> Message:
    headers = end_to_end(answer.headers.raw)
    if not trust_pages and _may_be_a_page(answer):
        headers.append(SANDBOXED)
    is_bodiless = answer.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    if is_bodiless or "transfer-encoding" in answer.headers:
        # The length is that of a body that does not come, or it has no say (RFC 9112, 6.3); the
        # server would wait for it.
        headers = [each for each in headers if each[0].lower() != b"content-length"]
    return {"type": "http.response.start", "status": answer.status_code, "headers": headers}


def _as_value(answer: httpx.Response, exchange: _Exchange, length: int) -> tuple[Response, int]:
    """An answer as the journal keeps it, as it was before it was compressed; and its length."""
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in end_to_end(answer.headers.raw)
    )
    body = bytes(exchange.answer_body)
    if length == len(body):
        body = decompress(headers, body, LONGEST + 1)
        length = len(body)
    return Response(answer.status_code, body[:LONGEST], headers), length


def _may_be_a_page(answer: httpx.Response) -> bool:
    """Whether a browser may show it as a document with scripts: HTML, SVG, or what it guesses."""
    media_type = answer.headers.get("content-type", "")
    # Of several in one header, or in several, browsers take the last.
    is_json = media_type.partition(";")[0].strip().lower() == "application/json"
    return "," in media_type or not is_json


def _refusal(message: str, answer: httpx.Response) -> Response:
    """502 in place of an answer, with what lets a page of another origin read it."""
    shared = tuple(
        (name, value)
        for name, value in answer.headers.items()
        if name.startswith("access-control-") or name == "vary"
    )
    return refusal(Problem(HTTPStatus.BAD_GATEWAY, message, shared))


def _states(route: Route | None, status: int, body: Any) -> frozenset[str]:
    is_list = isinstance(body, dict) and isinstance(body.get("data"), list)
    if route is None or status != route.status or not is_list:
        return frozenset()
    return shown_by(body, route.states)


def _customer_id(route: Route | None, body: Any) -> str | None:
    """Whose answer it is, where it says so itself."""
    data = body.get("data") if isinstance(body, dict) else None
    if route is None or route.id != DETAILS or not isinstance(data, dict) or "id" not in data:
        return None
    return str(data["id"])
