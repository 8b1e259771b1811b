"""Faults on demand: what goes wrong in a sandbox because a tester asked for it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from statistics import NormalDist
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from mock_server.bounds import Counted, Milliseconds
from mock_server.http.exchange import Answer, Request, Response, Wire
from mock_server.http.problems import Problem, invalid_token
from mock_server.http.router import Route, refusal
from mock_server.worlds.seed import Seed

Kind = Literal[
    "status",
    "latency",
    "rate_limit",
    "drip",
    "truncated",
    "malformed_json",
    "wrong_type",
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
    "CONNECTION_RESET_BY_PEER",
]
Calls = Annotated[int, Meta(ge=0, le=1_000_000)]
_FINEST = 1 << 53


class LogNormal(Struct, frozen=True, forbid_unknown_fields=True):
    """As networks delay: mostly about the median, now and then much longer."""

    median_ms: Milliseconds
    sigma: Annotated[float, Meta(ge=0, le=2)]


class Delay(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A delay drawn anew for each call, from one of two distributions."""

    uniform: tuple[Milliseconds, Milliseconds] | None = None
    lognormal: LogNormal | None = None

    def at(self, share: float) -> float:
        """The delay in ms that so large a share of all delays is below."""
        if self.lognormal is not None:
            spread = math.exp(self.lognormal.sigma * NormalDist().inv_cdf(share))
            return self.lognormal.median_ms * spread
        low, high = sorted(self.uniform or (0, 0))
        return low + (high - low) * share


class Rule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`NewFault` of the control document."""

    kind: Kind
    operation: Annotated[str, Meta(max_length=120)] | None = None
    """An operationId; None is every operation of the My Account API."""
    status: Annotated[int, Meta(ge=200, le=599)] = HTTPStatus.TOO_MANY_REQUESTS
    message: Annotated[str, Meta(max_length=500)] | None = None
    delay_ms: Milliseconds | Delay = 0
    retry_after_s: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    duration_ms: Milliseconds = 2000
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    skip: Calls = 0
    count: Calls | None = None
    off_contract: bool = False

    def documented(self, route: Route) -> bool:
        """Whether the contract allows what it does at an operation."""
        if self.kind == "status":
            return self.status in route.answers
        return self.kind in ("latency", "drip")

    def at(self, route: Route) -> bool:
        """Whether it is about an operation."""
        return self.operation in (None, route.id)


class Fault(Struct):
    """A rule at work, and what became of it."""

    id: Annotated[str, Meta(pattern="^[1-9][0-9]{0,8}$")]
    rule: Rule
    seen: Counted = 0
    hits: Counted = 0

    def strikes(self, seed: Seed) -> float | None:
        """A share to draw a delay by, if this call is struck; None if it is not."""
        self.seen += 1
        rule, place = self.rule, seed.child("faults", self.id, self.seen)
        spent = rule.count is not None and self.hits >= rule.count
        if self.seen <= rule.skip or spent or _share(place) > rule.probability:
            return None
        self.hits += 1
        return _share(place.child("delay"))


def _share(place: Seed) -> float:
    """A number above 0 and below 1."""
    return (place.below(_FINEST - 1) + 1) / _FINEST


class Faulty(Protocol):
    """Where faults happen: a sandbox."""

    faults: Sequence[Fault]

    @property
    def seed(self) -> Seed:
        """Where what is drawn is drawn from."""


@dataclass(frozen=True, slots=True)
class Injector:
    """Lets faults happen at the operations of an API."""

    route: Callable[[str, str], Route | None]
    """The operation at a method and path."""

    def __call__(self, answer: Answer, sandbox: Faulty, request: Request) -> Response:
        """The answer, or what the first fault that strikes makes of it; delays add up."""
        route = self.route(request.method, request.path)
        if route is None:
            return answer(request)
        delay_s, struck = 0.0, []
        response: Response | None = None
        for fault in (each for each in sandbox.faults if each.rule.at(route)):
            share = fault.strikes(sandbox.seed)
            if share is None:
                continue
            struck.append(fault)
            delay_s += _delay_ms(fault.rule, share) / 1000
            if fault.rule.kind != "latency":
                response = _SPOILED[fault.rule.kind](fault.rule, request, answer)
                break
        return _marked(response or answer(request), route, struck, delay_s)


def _delay_ms(rule: Rule, share: float) -> float:
    return rule.delay_ms if isinstance(rule.delay_ms, int) else rule.delay_ms.at(share)


def _marked(response: Response, route: Route, struck: Sequence[Fault], delay_s: float) -> Response:
    """The answer with a word of what was done to it, so that nobody hunts a ghost."""
    if not struck:
        return response
    marks = [("X-Mock-Fault", ", ".join(each.id for each in struck))]
    if off := [each.rule.kind for each in struck if not each.rule.documented(route)]:
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
    response = error(rule.status, rule.message)
    if rule.retry_after_s is None:
        return response
    retry = ("Retry-After", str(rule.retry_after_s))
    return replace(response, headers=(*response.headers, retry))


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


_SPOILED: Mapping[Kind, Callable[[Rule, Request, Answer], Response]] = {
    "status": _status,
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
