"""Faults on demand: what a tester can ask for, and at which calls it fires."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from statistics import NormalDist
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, field, to_builtins
from msgspec.structs import replace

from mock_server.http.bounds import (
    DEEPEST_KEPT,
    MOST_FAULTS,
    MOST_OF_FAULTS,
    Counted,
    Milliseconds,
    is_deeper,
)
from mock_server.http.router import Route, violation
from mock_server.worlds.seed import Seed

Kind = Literal[
    "status",
    "answer",
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
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)
"""A client takes what follows the head of these for the next answer."""
REQUESTS_KEPT = 100
"""How many of the latest requests that it hit a fault remembers."""
Calls = Annotated[int, Meta(ge=0, le=1_000_000)]
_FINEST = 1 << 53
_ONLY_OF: Mapping[str, Sequence[Kind]] = {
    "status": ("status", "answer", "rate_limit"),
    "message": ("status", "rate_limit"),
    "body": ("answer",),
    "headers": ("answer",),
    "retry_after_s": ("status", "rate_limit"),
    "duration_ms": ("drip",),
}
"""The fields that only some kinds have a use for."""


class LogNormal(Struct, frozen=True, forbid_unknown_fields=True):
    """A delay as networks have it: mostly about the median, now and then much longer."""

    median_ms: Milliseconds
    sigma: Annotated[float, Meta(ge=0, le=2)]


class Delay(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A delay drawn anew for each call, from one of two distributions."""

    uniform: tuple[Milliseconds, Milliseconds] | None = None
    lognormal: LogNormal | None = None

    def at(self, quantile: float) -> float:
        """The `quantile` of the delay, in ms."""
        if self.lognormal is not None:
            spread = math.exp(self.lognormal.sigma * NormalDist().inv_cdf(quantile))
            return self.lognormal.median_ms * spread
        low, high = sorted(self.uniform or (0, 0))
        return low + (high - low) * quantile


class FaultSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`NewFault` of the control document."""

    kind: Kind
    operation: Annotated[str, Meta(max_length=120)] | None = None
    """An operationId; None is every operation of the My Account API."""
    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    """What `status` and `answer` are answered with; an answer's is 200 by default."""
    message: Annotated[str, Meta(max_length=500)] | None = None
    body: Any = UNSET
    """The JSON of an `answer`; without it the answer has no body."""
    headers: Mapping[str, str] = {}
    """Of an `answer`, beside Content-Type."""
    delay_ms: Milliseconds | Delay = 0
    retry_after_s: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    duration_ms: Milliseconds = 2000
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    skip: Calls = 0
    count: Calls | None = None
    count_by: Literal["attempt", "request"] = "attempt"
    """Whether a request that comes again, with the same X-Request-Id, counts again."""
    off_contract: bool = False

    def problem(self, operations: Sequence[Route]) -> str | None:
        """Why it cannot be at work at these; None if it can."""
        affected = [each for each in operations if self.applies_to(each)]
        if not affected:
            known = ", ".join(each.id for each in operations)
            return f"operation '{self.operation}' is not one of {known}"
        if self.kind == "status" and self.status is None:
            return "A fault of kind 'status' says which status"
        unlisted = next((each for each in affected if not self.documented(each)), None)
        if self.kind == "status" and unlisted and not self.off_contract:
            known = ", ".join(
                f"{each}" for each in sorted(unlisted.answers) if _is_error(unlisted, each)
            )
            return (
                f"The contract lists no error {self.status} for {unlisted.id}, only {known}. Name"
                ' an operation that has it, or say "off_contract": true'
            )
        return self._misfit()

    def _misfit(self) -> str | None:
        """Why its fields do not fit together; None if they do."""
        if self.delay_ms == Delay():
            return "A delay that is drawn is 'uniform' or 'lognormal'"
        fields = to_builtins(self)
        for name, kinds in _ONLY_OF.items():
            if name in fields and self.kind not in kinds:
                return f"The field '{name}' is for {' and '.join(kinds)}, and not for {self.kind}"
        if self.status in BODILESS and (self.body is not UNSET or self.message is not None):
            return f"An answer of status {self.status} has no body; leave out what it would say"
        if self.body is not UNSET and is_deeper(self.body, DEEPEST_KEPT):
            return f"The body is nested deeper than {DEEPEST_KEPT} levels"
        unfit = (name for name, value in self.headers.items() if not _is_sendable(name, value))
        header = next(unfit, None)
        return None if header is None else f"The header '{header[:80]}' cannot be sent like that"

    def documented(self, route: Route) -> bool:
        """Whether the contract allows what it does at an operation."""
        if self.kind == "status":
            return _is_error(route, self.status or HTTPStatus.OK)
        if self.kind == "answer":
            return _has(route, self.status or HTTPStatus.OK, self.body)
        return self.kind in ("latency", "drip")

    def applies_to(self, route: Route) -> bool:
        """Whether it is for this operation."""
        return self.operation in (None, route.id)


def _is_error(route: Route, status: int) -> bool:
    """Whether the document has a refusal of this status, or an answer that says nothing."""
    return _has(route, status, UNSET if status in BODILESS else {"message": "Why."})


def _has(route: Route, status: int, body: Any) -> bool:
    """Whether the document has such an answer."""
    if status not in route.answers:
        return False
    return route.answers[status] is None if body is UNSET else not violation(route, status, body)


class Fault(Struct, frozen=True):
    """An active fault, and how many calls it has seen and hit."""

    id: Annotated[str, Meta(pattern="^[1-9][0-9]{0,8}$")]
    spec: FaultSpec = field(name="rule")
    seen: Counted = 0
    hits: Counted = 0
    struck: Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(max_length=100)] = ()
    """The ids of the latest requests that it hit, where requests are counted."""

    def draw(self, seed: Seed, request_id: str | None = None) -> tuple["Fault", float | None]:
        """
        Count a call. Returns the fault with its new counts and, if it fires, the quantile (0 to 1)
        of its delay, else None.
        """
        id = request_id[:200] if request_id and self.spec.count_by == "request" else None
        if id in self.struck:
            return self, _draw_quantile(seed.child("faults", self.id, self.seen).child("delay"))
        seen = self.seen + 1
        spec, place = self.spec, seed.child("faults", self.id, seen)
        spent = spec.count is not None and self.hits >= spec.count
        if seen <= spec.skip or spent or _draw_quantile(place) > spec.probability:
            return replace(self, seen=seen), None
        struck = (*self.struck, id)[-REQUESTS_KEPT:] if id else self.struck
        hit = replace(self, seen=seen, hits=self.hits + 1, struck=struck)
        return hit, _draw_quantile(place.child("delay"))


def problem_of(specs: Sequence[FaultSpec], operations: Sequence[Route]) -> str | None:
    """Why these cannot be at work together; None if they can."""
    if len(specs) > MOST_FAULTS:
        return f"{MOST_FAULTS} faults are the most that can be at work; clear them first"
    if (size := sum(len(msgspec.json.encode(each)) for each in specs)) > MOST_OF_FAULTS:
        what = f"The faults here would be {size} bytes of JSON; {MOST_OF_FAULTS} is the most"
        return f"{what}. Remove one first, or let it answer less"
    return next(filter(None, (each.problem(operations) for each in specs)), None)


_OF_THE_CONNECTION = ("connection", "content-length", "keep-alive", "transfer-encoding", "upgrade")


def _is_sendable(name: str, value: str) -> bool:
    """Whether a header may be set by a tester: well-formed, and not the connection's own."""
    is_token = name.isascii() and all(each.isalnum() or each in "!#$%&'*+-.^_`|~" for each in name)
    is_text = value.isascii() and value.isprintable()
    return bool(name) and is_token and is_text and name.lower() not in _OF_THE_CONNECTION


def _draw_quantile(place: Seed) -> float:
    """A random number above 0 and below 1."""
    return (place.below(_FINEST - 1) + 1) / _FINEST
