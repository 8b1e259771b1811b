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
from mock_server.worlds.faults import BODILESS, Fault, Kind, Rule
from mock_server.worlds.sandbox import Sandbox

SANDBOXED = ("Content-Security-Policy", "sandbox")
"""A page of somebody else's, out of a snapshot say, must not act as a page of the mock's own."""


class FaultInjection(OperationLayer):
    """Applies the faults of the sandbox to the operations that they are for."""

    def handle(
        self, context: ApiContext, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Pass the request on, unless the first fault that fires answers; delays add up."""
        if not any(each.rule.applies_to(context.operation) for each in context.sandbox.faults):
            return self.app(scope, receive, send)
        return self._inject(context, scope, receive, send)

    async def _inject(
        self, context: ApiContext, scope: Scope, receive: Receive, send: Send
    ) -> None:
        route, sandbox = context.operation, context.sandbox
        fired, delay_ms = _draw_faults(sandbox, route, context.request.headers.get("x-request-id"))
        rule = next((each.rule for each in fired if each.rule.kind != "latency"), None)
        if rule is not None and rule.kind in _REPLACEMENTS:
            response = _REPLACEMENTS[rule.kind](rule)
        else:
            response = await answer_of(self.app, scope, receive)
            if rule is not None:
                response = _ALTERATIONS[rule.kind](rule, response)
        await _with_marks(response, route, fired, delay_ms / 1000)(scope, receive, send)


def _draw_faults(
    sandbox: Sandbox, route: Route, request_id: str | None
) -> tuple[list[Fault], float]:
    """The faults that fire at this call, up to the first that is no mere delay; and the delay."""
    counted, fired, delay_ms, decided = [], [], 0.0, False
    for fault in sandbox.faults:
        if decided or not fault.rule.applies_to(route):
            counted.append(fault)
            continue
        fault, quantile = fault.draw(sandbox.seed, request_id)
        counted.append(fault)
        if quantile is not None:
            fired.append(fault)
            delay_ms += _delay_ms(fault.rule, quantile)
            decided = fault.rule.kind != "latency"
    # Before the answer is asked for, so that whatever that changes comes after.
    sandbox.apply(FaultsSet(tuple(counted)))
    return fired, delay_ms


def _delay_ms(rule: Rule, quantile: float) -> float:
    return rule.delay_ms if isinstance(rule.delay_ms, int) else rule.delay_ms.at(quantile)


def _with_marks(
    response: Response, route: Route, fired: Sequence[Fault], delay_s: float
) -> Response:
    """The answer with headers that name its faults, so that nobody hunts a ghost."""
    if not fired:
        return response
    marks = [("X-Mock-Fault", ", ".join(each.id for each in fired))]
    if off := [each.rule.kind for each in fired if not each.rule.documented(route)]:
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


def _status(rule: Rule) -> Response:
    status = rule.status or HTTPStatus.TOO_MANY_REQUESTS
    response = Response(status) if status in BODILESS else error(status, rule.message)
    if rule.retry_after_s is None:
        return response
    retry = ("Retry-After", str(rule.retry_after_s))
    return replace(response, headers=(*response.headers, retry))


def _own_answer(rule: Rule) -> Response:
    """What the tester wrote, instead of what the operation would say."""
    body = b"" if rule.body is UNSET else msgspec.json.encode(rule.body)
    own = tuple(rule.headers.items())
    usual = () if any(name.lower() == "content-type" for name, _ in own) else (JSON,)
    # Whatever else the answer says of itself: of two policies, browsers keep both.
    return Response(rule.status or HTTPStatus.OK, body, (*usual, *own, SANDBOXED))


def _rate_limit(rule: Rule) -> Response:
    return _status(replace(rule, retry_after_s=rule.retry_after_s or 1))


def _drip(rule: Rule, response: Response) -> Response:
    return replace(response, drip_s=rule.duration_ms / 1000)


def _malformed_json(_rule: Rule, response: Response) -> Response:
    return replace(response, body=response.body[: len(response.body) * 2 // 3], states=NONE)


def _wrong_type(_rule: Rule, response: Response) -> Response:
    body = msgspec.json.encode({"data": "no records", "message": 0})
    return replace(response, body=body, states=NONE)


def _on_the_wire(wire: Wire) -> Callable[[Rule, Response], Response]:
    return lambda _rule, response: replace(response, wire=wire, states=NONE)


NONE: frozenset[str] = frozenset()
_REPLACEMENTS: Mapping[Kind, Callable[[Rule], Response]] = {
    "status": _status,
    "answer": _own_answer,
    "rate_limit": _rate_limit,
}
"""Faults that answer themselves: nobody below hears of the request, and it changes nothing."""
_ALTERATIONS: Mapping[Kind, Callable[[Rule, Response], Response]] = {
    "drip": _drip,
    "malformed_json": _malformed_json,
    "wrong_type": _wrong_type,
    **{wire: _on_the_wire(wire) for wire in get_args(Wire)},
}
"""Faults that alter or lose a right answer."""
