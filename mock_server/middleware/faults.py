"""Faults on demand: what each kind does to a request and its answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import get_args

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from mock_server.http.exchange import OFF_CONTRACT, Response, Wire, answer_of
from mock_server.http.problems import Problem, invalid_token
from mock_server.http.router import JSON, Route, refusal
from mock_server.middleware.context import ApiContext, OperationLayer
from mock_server.worlds.changes import FaultsSet
from mock_server.worlds.faults import BODILESS, Fault, FaultSpec, Kind
from mock_server.worlds.sandbox import Sandbox

SANDBOXED = ("Content-Security-Policy", "sandbox")
"""A page of somebody else's, out of a snapshot say, must not act as a page of the mock's own."""


class FaultInjection(OperationLayer):
    """Applies the faults of the sandbox to the operations that they are for."""

    def handle(
        self, context: ApiContext, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Pass the request on, unless the first fault that fires answers; delays add up."""
        if not any(each.spec.applies_to(context.operation) for each in context.sandbox.faults):
            return self.app(scope, receive, send)
        return self._inject(context, scope, receive, send)

    async def _inject(
        self, context: ApiContext, scope: Scope, receive: Receive, send: Send
    ) -> None:
        route, sandbox = context.operation, context.sandbox
        fired, delay_ms = _draw_faults(sandbox, route, context.request.headers.get("x-request-id"))
        spec = next((each.spec for each in fired if each.spec.kind != "latency"), None)
        if spec is not None and spec.kind in _REPLACEMENTS:
            response = _REPLACEMENTS[spec.kind](spec)
        else:
            response = await answer_of(self.app, scope, receive)
            if spec is not None:
                response = _ALTERATIONS[spec.kind](spec, response)
        await _with_marks(response, route, fired, delay_ms / 1000)(scope, receive, send)


def _draw_faults(
    sandbox: Sandbox, route: Route, request_id: str | None
) -> tuple[list[Fault], float]:
    """The faults that fire at this call, up to the first that is no mere delay; and the delay."""
    counted, fired, delay_ms, decided = [], [], 0.0, False
    for fault in sandbox.faults:
        if decided or not fault.spec.applies_to(route):
            counted.append(fault)
            continue
        fault, quantile = fault.draw(sandbox.seed, request_id)
        counted.append(fault)
        if quantile is not None:
            fired.append(fault)
            delay_ms += _delay_ms(fault.spec, quantile)
            decided = fault.spec.kind != "latency"
    # Before the answer is asked for, so that whatever that changes comes after.
    sandbox.apply(FaultsSet(tuple(counted)))
    return fired, delay_ms


def _delay_ms(spec: FaultSpec, quantile: float) -> float:
    return spec.delay_ms if isinstance(spec.delay_ms, int) else spec.delay_ms.at(quantile)


def _with_marks(
    response: Response, route: Route, fired: Sequence[Fault], delay_s: float
) -> Response:
    """The answer with headers that name its faults, so that nobody hunts a ghost."""
    if not fired:
        return response
    marks = [("X-Mock-Fault", ", ".join(each.id for each in fired))]
    if off := [each.spec.kind for each in fired if not each.spec.documented(route)]:
        marks.append((OFF_CONTRACT, off[0]))
    return replace(
        response,
        headers=(*response.headers, *marks),
        delay_s=response.delay_s + delay_s,
        fault=marks[0][1],
    )


def error(status: int, message: str | None) -> Response:
    """An error in the contract's envelope, with the headers that its status asks for."""
    text = message or _phrase(status)
    return refusal(invalid_token(text) if status == 401 else Problem(status, text))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _status(spec: FaultSpec) -> Response:
    status = spec.status or HTTPStatus.TOO_MANY_REQUESTS
    response = Response(status) if status in BODILESS else error(status, spec.message)
    if spec.retry_after_s is None:
        return response
    retry = ("Retry-After", str(spec.retry_after_s))
    return replace(response, headers=(*response.headers, retry))


def _own_answer(spec: FaultSpec) -> Response:
    """What the tester wrote, instead of what the operation would say."""
    body = b"" if spec.body is UNSET else msgspec.json.encode(spec.body)
    own = tuple(spec.headers.items())
    usual = () if any(name.lower() == "content-type" for name, _ in own) else (JSON,)
    # Whatever else the answer says of itself: of two policies, browsers keep both.
    return Response(spec.status or HTTPStatus.OK, body, (*usual, *own, SANDBOXED))


def _rate_limit(spec: FaultSpec) -> Response:
    after = 1 if spec.retry_after_s is None else spec.retry_after_s
    return _status(replace(spec, retry_after_s=after))


def _drip(spec: FaultSpec, response: Response) -> Response:
    return replace(response, drip_s=spec.duration_ms / 1000)


def _malformed_json(_spec: FaultSpec, response: Response) -> Response:
    return replace(response, body=response.body[: len(response.body) * 2 // 3], states=NONE)


def _wrong_type(_spec: FaultSpec, response: Response) -> Response:
    body = msgspec.json.encode({"data": "no records", "message": 0})
    return replace(response, body=body, states=NONE)


def _on_the_wire(wire: Wire) -> Callable[[FaultSpec, Response], Response]:
    return lambda _spec, response: replace(response, wire=wire, states=NONE)


NONE: frozenset[str] = frozenset()
_REPLACEMENTS: Mapping[Kind, Callable[[FaultSpec], Response]] = {
    "status": _status,
    "answer": _own_answer,
    "rate_limit": _rate_limit,
}
"""Faults that answer themselves: nobody below hears of the request, and it changes nothing."""
_ALTERATIONS: Mapping[Kind, Callable[[FaultSpec, Response], Response]] = {
    "drip": _drip,
    "malformed_json": _malformed_json,
    "wrong_type": _wrong_type,
    **{wire: _on_the_wire(wire) for wire in get_args(Wire)},
}
"""Faults that alter or lose a right answer."""
