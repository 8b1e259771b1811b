"""Repro bundles: sending the requests of a journal again, and seeing what differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from mock_server.client import MockServer, Sandbox

FORMAT, VERSION = "my-account-bundle", 1
LEFT_OUT = ("host", "authorization", "connection", "content-length", "accept-encoding")
"""Headers that belong to the connection or the caller, and are made anew."""
Json = dict[str, Any]


class BundleError(Exception):
    """A bundle that cannot be replayed; the message says why."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """How a sandbox began, and what was asked of it since."""

    complete: bool
    snapshot: Json
    requests: list[Json]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A request that was sent again."""

    request: Json
    """The entry of the journal."""
    status: int | None
    """What was answered now; None where the connection broke."""
    differences: list[str]


def read(file: Path) -> Bundle:
    """
    Read a bundle.

    Raises:
        BundleError: it is none, or of another version.
    """
    try:
        found = msgspec.json.decode(file.read_bytes())
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{file} is no bundle: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BundleError(f'{file} is no bundle: it has no "format": "{FORMAT}"')
    if found.get("version") != VERSION:
        version = found.get("version")
        raise BundleError(f"{file} is of version {version}; this mock reads version {VERSION}")
    try:
        return Bundle(found["complete"], found["snapshot"], found["requests"])
    except KeyError as error:
        raise BundleError(f"{file} is no bundle: it has no {error}") from None


def on_mock(bundle: Bundle, server: MockServer) -> Iterator[Replayed]:
    """
    Send the requests to the same world on a mock, each at the time at which it was sent; every
    difference counts.

    Raises:
        MockError: the world cannot be opened there.
    """
    with server.sandbox(snapshot=bundle.snapshot) as sandbox:
        tokens = tokens_of(sandbox)
        with httpx.Client(base_url=server.url) as http:
            for request in bundle.requests:
                sandbox.set_clock(now=request["at"], running=False, force=True)
                yield _again(http, request, tokens, exact=True)


def on_service(bundle: Bundle, url: str, tokens: Mapping[str, str]) -> Iterator[Replayed]:
    """
    Send the requests to a real service, with a token for each persona or role; status and shape
    count, ids and instants do not.
    """
    with httpx.Client(base_url=url) as http:
        for request in bundle.requests:
            yield _again(http, request, tokens, exact=False)


def tokens_of(sandbox: Sandbox) -> dict[str, str]:
    """A token for each persona, and for each way to be refused."""
    return dict(sandbox.tokens) | {each.persona: each.token for each in sandbox.customers}


def caller(request: Json) -> str | None:
    """Whose token a request bore: a persona, a way to be refused, or nobody's."""
    role: str | None = request["role"]
    persona: str | None = request["persona"]
    return persona if role == "customer" else role


def _again(
    http: httpx.Client, request: Json, tokens: Mapping[str, str], *, exact: bool
) -> Replayed:
    who = caller(request)
    if who is not None and who not in tokens:
        return Replayed(request, None, [f"not sent: there is no token for {who}"])
    headers = {
        name: value for name, value in request["request"]["headers"].items() if name not in LEFT_OUT
    }
    if who is not None:
        headers["Authorization"] = f"Bearer {tokens[who]}"
    url = request["path"] + (f"?{request['query']}" if request["query"] else "")
    try:
        answer = http.request(
            request["method"], url, headers=headers, content=request["request"]["body"]
        )
    except httpx.HTTPError as error:
        return Replayed(request, None, [f"no answer: {error}"])
    return Replayed(request, answer.status_code, list(_differences(request, answer, exact=exact)))


def _differences(request: Json, answer: httpx.Response, *, exact: bool) -> Iterator[str]:
    if request["fault"]:
        # What a fault did was not the API's doing, and faults are not replayed.
        return
    if answer.status_code != request["status"]:
        yield f"status {request['status']} then, {answer.status_code} now"
        return
    body, length = request["response"]["body"], request["response"]["body_bytes"]
    whole = len(body.encode()) == length
    if exact and not whole and not answer.text.startswith(body.rstrip("\ufffd")):
        yield "the body differs in what is known of it"
    elif whole and body:
        yield from _compared(_json(body), _json(answer.text), "$", exact=exact)


def _compared(then: Any, now: Any, place: str, *, exact: bool) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for name in then.keys() | now.keys():
            if name not in now or name not in then:
                yield f"{place}.{name} is there {'then' if name in then else 'now'} only"
            else:
                yield from _compared(then[name], now[name], f"{place}.{name}", exact=exact)
    elif isinstance(then, list) and isinstance(now, list):
        yield from _lists(then, now, place, exact=exact)
    elif exact and then != now and not _links(then, now):
        yield f"{place} is {then!r} then, {now!r} now"
    elif type(then) is not type(now) and None not in (then, now):
        yield f"{place} is {type(then).__name__} then, {type(now).__name__} now"


def _lists(then: list[Any], now: list[Any], place: str, *, exact: bool) -> Iterator[str]:
    if exact and len(then) != len(now):
        yield f"{place} has {len(then)} items then, {len(now)} now"
    for index, (one, other) in enumerate(zip(then, now, strict=False)):
        yield from _compared(one, other, f"{place}[{index}]", exact=exact)


def _links(then: Any, now: Any) -> bool:
    """Whether both are URLs that differ in the server alone."""
    if not (isinstance(then, str) and isinstance(now, str) and then.startswith("http")):
        return False
    return httpx.URL(then).raw_path == httpx.URL(now).raw_path


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
