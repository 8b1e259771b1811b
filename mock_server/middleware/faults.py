"""Faults on demand: what goes wrong in a sandbox because a tester asked for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from mock_server.http.exchange import Answer, Request, Response, Wire
from mock_server.http.problems import Problem, invalid_token
from mock_server.http.router import JSON, Route, refusal
from mock_server.worlds.changes import FaultsSet
from mock_server.worlds.faults import Fault, Kind, Rule
from mock_server.worlds.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Injector:
    """Lets faults happen at the operations of an API."""

    route: Callable[[str, str], Route | None]
    """The operation at a method and path."""

    def __call__(self, answer: Answer, sandbox: Sandbox, request: Request) -> Response:
        """The answer, or what the first fault that fires makes of it; delays add up."""
        route = self.route(request.method, request.path)
        if route is None or not any(each.rule.at(route) for each in sandbox.faults):
            return answer(request)
        fired, delay_ms = _drawn(sandbox, route)
        spoilers = [each for each in fired if each.rule.kind != "latency"]
        if spoilers:
            rule = spoilers[0].rule
            response = _EFFECTS[rule.kind](rule, request, answer)
        else:
            response = answer(request)
        return _marked(response, route, fired, delay_ms / 1000)


def _drawn(sandbox: Sandbox, route: Route) -> tuple[list[Fault], float]:
    """The faults that fire at this call, up to the first that is no mere delay; and the delay."""
    counted, fired, delay_ms, spoiled = [], [], 0.0, False
    for fault in sandbox.faults:
        if spoiled or not fault.rule.at(route):
            counted.append(fault)
            continue
        fault, quantile = fault.draw(sandbox.seed)
        counted.append(fault)
        if quantile is not None:
            fired.append(fault)
            delay_ms += _delay_ms(fault.rule, quantile)
            spoiled = fault.rule.kind != "latency"
    # Before the answer is asked for, so that whatever that changes comes after.
    sandbox.apply(FaultsSet(tuple(counted)))
    return fired, delay_ms


def _delay_ms(rule: Rule, quantile: float) -> float:
    return rule.delay_ms if isinstance(rule.delay_ms, int) else rule.delay_ms.at(quantile)


def _marked(response: Response, route: Route, fired: Sequence[Fault], delay_s: float) -> Response:
    """The answer with a word of what was done to it, so that nobody hunts a ghost."""
    if not fired:
        return response
    marks = [("X-Mock-Fault", ", ".join(each.id for each in fired))]
    if off := [each.rule.kind for each in fired if not each.rule.documented(route)]:
        marks.append(("X-Mock-Off-Contract", off[0]))
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


def _status(rule: Rule, _request: Request, _answer: Answer) -> Response:
    response = error(rule.status or HTTPStatus.TOO_MANY_REQUESTS, rule.message)
    if rule.retry_after_s is None:
        return response
    retry = ("Retry-After", str(rule.retry_after_s))
    return replace(response, headers=(*response.headers, retry))


def _own_answer(rule: Rule, _request: Request, _answer: Answer) -> Response:
    """What the tester wrote, instead of what the operation would say."""
    body = b"" if rule.body is UNSET else msgspec.json.encode(rule.body)
    headers = {"Content-Type": JSON[1]} | dict(rule.headers)
    return Response(rule.status or HTTPStatus.OK, body, tuple(headers.items()))


def _rate_limit(rule: Rule, request: Request, answer: Answer) -> Response:
    return _status(replace(rule, retry_after_s=rule.retry_after_s or 1), request, answer)


def _drip(rule: Rule, request: Request, answer: Answer) -> Response:
    return replace(answer(request), drip_s=rule.duration_ms / 1000)


def _malformed_json(_rule: Rule, request: Request, answer: Answer) -> Response:
    response = answer(request)
    return replace(response, body=response.body[: len(response.body) * 2 // 3])


def _wrong_type(_rule: Rule, request: Request, answer: Answer) -> Response:
    response = answer(request)
    return replace(response, body=msgspec.json.encode({"data": "no records", "message": 0}))


def _on_the_wire(wire: Wire) -> Callable[[Rule, Request, Answer], Response]:
    return lambda _rule, request, answer: replace(answer(request), wire=wire)


_EFFECTS: Mapping[Kind, Callable[[Rule, Request, Answer], Response]] = {
    "status": _status,
    "answer": _own_answer,
    "rate_limit": _rate_limit,
    "drip": _drip,
    "malformed_json": _malformed_json,
    "wrong_type": _wrong_type,
    "truncated": _on_the_wire("truncated"),
    "EMPTY_RESPONSE": _on_the_wire("EMPTY_RESPONSE"),
    "MALFORMED_RESPONSE_CHUNK": _on_the_wire("MALFORMED_RESPONSE_CHUNK"),
    "RANDOM_DATA_THEN_CLOSE": _on_the_wire("RANDOM_DATA_THEN_CLOSE"),
    "CONNECTION_RESET_BY_PEER": _on_the_wire("CONNECTION_RESET_BY_PEER"),
}
