"""The only file that speaks to Connexion: from ASGI to an answer, and back."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http import problems, wire
from mock_server.http.exchange import Answer, Request, Response
from mock_server.http.operation import DocumentMismatch
from mock_server.http.problems import Problem
from mock_server.http.router import Api, Router, refusal

with warnings.catch_warnings():
    # Connexion 3.3 imports what Starlette and jsonschema deprecate; nobody who serves can help it.
    warnings.simplefilter("ignore")
    from connexion.exceptions import InvalidSpecification
    from connexion.middleware import ConnexionMiddleware
    from connexion.middleware.abstract import SpecMiddleware
    from connexion.spec import Specification

LARGEST_BODY = 1 << 20
DRIPS = 20
"""In how many pieces a slow body is sent."""


def serve(apis: Iterable[tuple[Api, Router]], answer: Answer) -> ASGIApp:
    """
    The ASGI application: Connexion's middleware, with one layer of ours for its default eight.

    Connexion checks each document and hands it on; the router beside it learns its operations
    from that, and every request goes through `answer`.

    Raises:
        DocumentMismatch: a document is not valid, or handlers and document do not agree.
    """
    layer = partial(Operations, answer)
    app = ConnexionMiddleware(_nothing_below, import_name="mock_server", middlewares=[layer])
    try:
        for api, router in apis:
            app.add_api(api.document.without_examples, base_path="/", api=api, router=router)
    except InvalidSpecification as error:
        raise DocumentMismatch(f"the document is not valid OpenAPI: {error.message}") from None
    # Connexion builds its layers at the first request; a mismatch has to show at the start.
    app.app, app.middleware_stack = app._build_middleware_stack()
    return app  # type: ignore[no-any-return]  # Connexion carries no types


class Operations(SpecMiddleware):  # type: ignore[misc]  # Connexion carries no types
    """Connexion's layer that knows the operations."""

    def __init__(self, answer: Answer, _below: ASGIApp) -> None:
        self._answer = answer

    def add_api(
        self, specification: Specification, *, api: Api, router: Router, **_options: Any
    ) -> None:
        """Let a router learn the operations of a document that Connexion found valid."""
        router.add(api)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise RuntimeError(f"this server does not speak {scope['type']}")
        request = _request(scope)
        try:
            if "content-length" in request.headers or "transfer-encoding" in request.headers:
                request = msgspec.structs.replace(request, body=await _body(receive))
            response = self._answer(request)
        except Problem as problem:
            response = refusal(problem)
        await _send(response, scope, receive, send)


async def _nothing_below(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("every request is answered above")


def _request(scope: Scope) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host") or "{}:{}".format(*scope["server"])
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers,
        base_url=f"{scope['scheme']}://{host}{scope.get('root_path', '')}",
    )


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise problems.too_large(LARGEST_BODY)
        if not message.get("more_body"):
            return bytes(body)


async def _send(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if response.delay_s:
        await asyncio.sleep(response.delay_s)
    if response.wire is not None:
        await wire.lose(response, scope, receive, send)
        return
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
    if (
        not response.chunked
        and response.stream is None
        and response.status != HTTPStatus.NO_CONTENT
    ):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    *pieces, last = _pieces(response) if scope["method"] != "HEAD" else [b""]
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(response.drip_s / len(pieces))
    if response.stream is not None:
        await send({"type": "http.response.body", "body": last, "more_body": True})
        await _stream(response.stream, receive, send)
        last = b""
    await send({"type": "http.response.body", "body": last})


async def _stream(stream: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Send what comes until there is no more, or nobody listens any more."""

    async def forward() -> None:
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    sending = asyncio.ensure_future(forward())
    gone = asyncio.ensure_future(wire.disconnected(receive))
    await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
    for each in (sending, gone):
        each.cancel()


def _pieces(response: Response) -> list[bytes]:
    count = DRIPS if response.drip_s else 2 if response.chunked else 1
    size = max(1, -(-len(response.body) // count))
    return [
        response.body[start : start + size] for start in range(0, len(response.body), size)
    ] or [b""]
