"""Answers that come late, or only when asked again."""

import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import formatdate

from msgspec.structs import replace as with_fields

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import HARMLESS, Change, error, retargeted, stateful, with_header
from contract_tests.mutants.people import People
from contract_tests.target import Target

SLOW_NTH, SLOW_S = 50, 0.2
BUSY_NTH = 200


@stateful(HARMLESS)
def slow_now_and_then() -> Change:
    """One answer in fifty takes 200 ms."""
    return _every(SLOW_NTH, 1, _late)


def _late(request: Request, send: Send) -> Response:
    time.sleep(SLOW_S)
    return send(request)


@stateful(HARMLESS)
def busy_now_and_then() -> Change:
    """One request in 200 is answered 429, to be sent again after a second."""
    return _every(BUSY_NTH, 1, lambda _request, _send: _busy(lambda: "1"))


@stateful(HARMLESS)
def busy_in_bursts() -> Change:
    """Two requests in a row are answered 429, without telling how long to wait."""
    return _every(BUSY_NTH, 2, lambda _request, _send: _busy(None))


@stateful(HARMLESS)
def busy_until_a_date() -> Change:
    """Retry-After is a date, a second from now."""

    def until() -> str:
        return formatdate(time.time() + 1, usegmt=True)

    return _every(BUSY_NTH, 1, lambda _request, _send: _busy(until))


def _busy(retry_after: Callable[[], str] | None) -> Response:
    refused = error(429, "Slow down.")
    return with_header(refused, "Retry-After", retry_after()) if retry_after else refused


@stateful(HARMLESS)
def unavailable_now_and_then() -> Change:
    """One request in 200 is answered 503 by a gateway, in its own words."""
    page = Response(503, b"<h1>503 Service Unavailable</h1>", (("Content-Type", "text/html"),))
    return _every(BUSY_NTH, 1, lambda _request, _send: page)


@stateful(HARMLESS)
def unavailable_at_first() -> Change:
    """The first two requests are answered 503, the others well."""
    count = 0

    def starting(request: Request, send: Send, _people: People) -> Response:
        nonlocal count
        count += 1
        return error(503, "Back in a moment.") if count <= 2 else send(request)

    return starting


def _every(nth: int, burst: int, disturbed: Callable[[Request, Send], Response]) -> Change:
    count = nth // 2

    def now_and_then(request: Request, send: Send, _people: People) -> Response:
        nonlocal count
        count += 1
        return disturbed(request, send) if count % nth < burst else send(request)

    return now_and_then


def _off_by(seconds: int) -> Callable[[Target], Target]:
    def retarget(target: Target) -> Target:
        now = target.now
        return with_fields(target, now=now + timedelta(seconds=seconds)) if now else target

    return retarget


@retargeted(_off_by(-90))
@stateful(HARMLESS, needs="a `now` in the profile")
def a_clock_ahead() -> Change:
    """The target's clock is 90 seconds ahead of what the profile tells."""
    return lambda request, send, _people: send(request)


@retargeted(_off_by(90))
@stateful(HARMLESS, needs="a `now` in the profile")
def a_clock_behind() -> Change:
    """The target's clock is 90 seconds behind what the profile tells."""
    return lambda request, send, _people: send(request)
