"""What is sent to upstream and read of it; upstream is a function."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.types import Message

from mock_server.app import Mock, Settings
from mock_server.http.problems import Problem
from mock_server.http.upstream import MOST_MEMBERS, Upstream, decompress, end_to_end
from tests.asgi import scope_of

TEXT = b'{"data":[]}' * 9
zipped = partial(gzip.compress, mtime=0)


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        (["gzip"], zipped(TEXT)),
        (["X-GZIP"], zipped(TEXT)),
        (["deflate"], zlib.compress(TEXT)),
        # As some servers send it: without the header of zlib.
        (["deflate"], zlib.compress(TEXT, wbits=-zlib.MAX_WBITS)),
        (["deflate, gzip"], zipped(zlib.compress(TEXT))),
        (["deflate", "gzip"], zipped(zlib.compress(TEXT))),
        (["identity"], TEXT),
        ([], TEXT),
        (["gzip"], zipped(TEXT[:50]) + zipped(TEXT[50:])),
    ],
)
def test_a_body_is_read_however_it_was_compressed(codings: list[str], body: bytes) -> None:
    headers = [("Content-Type", "gzip"), *(("Content-Encoding", each) for each in codings)]

    assert decompress(headers, body, 1000) == TEXT
    assert decompress(headers, body, len(TEXT)) == TEXT


@pytest.mark.parametrize("most", [7, 50, 60])
def test_no_more_of_a_body_is_read_than_is_wanted(most: int) -> None:
    body = zipped(TEXT[:50]) + zipped(TEXT[50:])

    assert decompress([("content-encoding", "gzip")], body, most) == TEXT[:most]


@pytest.mark.parametrize(
    ("coding", "body"),
    [("br", b"\x0b\x02"), ("gzip", TEXT), ("deflate", b"\xff" * 9), ("gzip", b"")],
)
def test_what_nobody_can_read_is_left_as_it_is(coding: str, body: bytes) -> None:
    assert decompress([("content-encoding", coding)], body, 1000) == body


def test_no_more_parts_are_read_than_anybody_sends() -> None:
    parts = zipped(b"x") * (MOST_MEMBERS + 5)

    assert decompress([("content-encoding", "gzip")], parts, 1000) == b"x" * MOST_MEMBERS


def test_what_a_connection_says_of_itself_goes_no_further() -> None:
    kept = [(b"X-One", b"1"), (b"ETag", b'"x"')]
    dropped = [(b"Connection", b"close, X-Hop"), (b"x-hop", b"1"), (b"TE", b"trailers")]

    assert end_to_end([*kept, *dropped, (b"Keep-Alive", b"timeout=9")]) == kept


def forwarded(
    answer: Callable[[httpx.Request], httpx.Response], *headers: tuple[bytes, bytes]
) -> httpx.Response:
    upstream = Upstream("http://shop.test/club/", insecure=True, timeout_s=0.5)
    upstream._client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return asyncio.run(upstream.send(scope_of("GET", b"/a/../b", b"c=%20d", headers), None))


@pytest.mark.parametrize(
    ("taken", "told"),
    [
        (b"br, GZIP;q=0.5, deflate", b"GZIP;q=0.5, deflate"),
        (b"identity;q=0", b"identity;q=0"),
        (b"br;q=1.0, *;q=0.5", b"identity"),
    ],
)
def test_upstream_is_told_only_of_codings_that_can_be_judged(taken: bytes, told: bytes) -> None:
    got: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(200)

    own = ((b"host", b"a.test"), (b"expect", b"100-continue"))
    forwarded(note, *own, (b"accept-encoding", taken))

    assert got[0].headers.raw == [(b"Host", b"shop.test"), (b"accept-encoding", told)]
    assert (got[0].url.host, got[0].extensions["target"]) == ("shop.test", b"/club/a/../b?c=%20d")


def by(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed"
    return error


REFUSED = ConnectionRefusedError(111, "Connection refused")


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (httpx.ReadTimeout("x"), 504, "was not answered within 0.5 s."),
        (httpx.WriteTimeout("x"), 504, "was not answered within 0.5 s."),
        (httpx.ConnectTimeout(""), 502, "could not be sent: ConnectTimeout."),
        (httpx.RemoteProtocolError("odd"), 502, "could not be sent: odd."),
        (httpx.LocalProtocolError("odd"), 400, "cannot be forwarded: odd."),
        (by(httpx.ConnectError("all failed"), REFUSED), 502, "sent: Connection refused."),
        (by(httpx.ConnectError("x"), ExceptionGroup("", [REFUSED])), 502, ": Connection refused."),
        (by(httpx.ConnectError("x"), OSError("y")), 502, "could not be sent: x."),
        (by(httpx.ConnectError("x"), untrusted()), 502, "not trusted (self-signed); give its"),
    ],
)
def test_why_nothing_came_is_told_with_what_was_tried(
    error: Exception, status: int, told: str
) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Problem) as problem:
        forwarded(fail)

    assert problem.value.status == status
    assert problem.value.message.startswith("GET http://shop.test/club")
    assert told in problem.value.message


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(99), "the status 99"),
        (httpx.Response(600), "the status 600"),
        (httpx.Response(200, headers=[(b"X", b"a\tb"), (b"X-Odd", b"\x1b")]), "in X-Odd"),
        (httpx.Response(200, headers=[(b"X-Odd", b"\x7f")]), "a control character in X-Odd"),
    ],
)
def test_an_answer_that_no_server_can_send_on_is_502(answer: httpx.Response, told: str) -> None:
    with pytest.raises(Problem, match=told) as problem:
        forwarded(lambda _request: answer)

    assert problem.value.status == 502
    assert answer.is_closed


@pytest.mark.parametrize("status", [100, 200, 599])
def test_any_other_status_is_sent_on(status: int) -> None:
    tabbed = [(b"X-Tabbed", b"a\tb\xe9")]

    assert forwarded(lambda _request: httpx.Response(status, headers=tabbed)).status_code == status


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (httpx.ReadTimeout(""), "http://shop.test sent nothing for 0.5 s"),
        (httpx.ReadError("reset"), "http://shop.test broke off its answer: reset"),
    ],
)
def test_why_an_answer_did_not_end_is_told(error: httpx.HTTPError, told: str) -> None:
    assert Upstream("http://shop.test", insecure=True, timeout_s=0.5).failure(error) == told


NO_CREDITS = b'{"data":[]}'
ACCOUNT, CREDITS = "/customers/my-account", "/customers/my-account/credits"


def said(body: bytes, status: int = 200, content_type: str = "application/json") -> httpx.Response:
    shared = {"access-control-allow-origin": "https://a.test"}
    headers = {"content-type": content_type} | shared
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


class Proxied:
    """A proxy before such an upstream, and what it sent of the last answer."""

    def __init__(self, **settings: Any) -> None:
        self.upstream = Upstream("http://shop.test", insecure=True)
        self.mock = Mock(Settings(upstream=self.upstream, scenario="empty", **settings))
        self.journal = self.mock.sandboxes.get("default").journal

    def __call__(self, answer: httpx.Response, path: str = CREDITS, **headers: str) -> bytes:
        self.upstream._client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer))
        told = {"host": "127.0.0.1", "authorization": "Bearer hush-hush"} | headers
        named = ((name.encode(), text.encode()) for name, text in told.items())
        scope = scope_of("GET", path.encode(), b"", named)
        body = b""

        async def send(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                self.status, self.headers = message["status"], dict(message["headers"])
            body += message.get("body", b"")

        async def receive() -> Message:
            return await asyncio.Future()

        asyncio.run(self.mock.app(scope, receive, send))
        return body


def test_what_passes_counts_as_met_by_those_whose_token_opened_something() -> None:
    here = Proxied()
    for answer in (
        said(b'{"message":"No."}', 401),
        said(NO_CREDITS),
        said(NO_CREDITS, 404),
    ):
        here(answer)
    refused, opened, later = here.journal.entries(lambda _: True)
    (met,) = here.journal.coverage.as_json([opened.route])["operations"]

    assert [(each.persona, each.role) for each in (refused, opened, later)] == [
        (None, "unknown"),
        ("customer-1", "customer"),
        ("customer-1", "customer"),
    ]
    assert (met["statuses"]["200"], met["statuses"]["401"]) == (1, 1)
    assert [state for state, seen in met["states"].items() if seen] == ["an empty list"]
    assert (opened.response.states, later.response.states) == ({"an empty list"}, frozenset())


def test_whoever_has_another_token_is_known_by_their_id() -> None:
    here = Proxied()
    for token, path, body in (
        ("one", CREDITS, NO_CREDITS),
        ("one", ACCOUNT, b'{"data":{"id":"7"}}'),
        ("two", ACCOUNT, b'{"data":{"id":"8"}}'),
        ("three", ACCOUNT, b'{"data":{"id":"7"}}'),
        ("three", CREDITS, NO_CREDITS),
    ):
        here(said(body), path, authorization=f"Bearer {token}")

    people = [each.persona for each in here.journal.entries(lambda _: True)]
    assert people == [f"customer-{number}" for number in (1, 1, 2, 1, 1)]


@pytest.mark.parametrize(
    ("content_type", "is_page"),
    [
        ("application/json", False),
        ("Application/JSON; charset=utf-8", False),
        ("text/html", True),
        ("image/svg+xml", True),
        ("", True),
        ("application/json, text/html", True),
        ("application/json; a=b, text/html", True),
    ],
)
def test_a_page_of_upstreams_may_not_do_what_the_console_may(
    content_type: str, is_page: bool
) -> None:
    kept_away, trusted = Proxied(), Proxied(trust_pages=True)
    for here in (kept_away, trusted):
        assert here(said(NO_CREDITS, content_type=content_type)) == NO_CREDITS

    assert (b"content-security-policy" in kept_away.headers) is is_page
    assert b"content-security-policy" not in trusted.headers


VIOLATION = b'answer: $.data: the object here is not of type "array"'


@pytest.mark.parametrize(
    ("errors", "headers", "status", "header"),
    [
        (False, {}, 200, None),
        (False, {"prefer": "contract-violations"}, 200, VIOLATION),
        (True, {}, 502, None),
    ],
)
def test_a_violation_is_told_where_somebody_wants_to_know(
    errors: bool, headers: dict[str, str], status: int, header: bytes | None
) -> None:
    here = Proxied(proxy_errors=errors)
    body = here(said(b'{"data":{}}'), **headers)

    assert (here.status, here.headers.get(b"x-contract-violations")) == (status, header)
    assert (b"The contract is violated. answer: $.data: " in body) is errors
    assert here.headers[b"access-control-allow-origin"] == b"https://a.test"
    assert here(said(NO_CREDITS), **headers) == NO_CREDITS
    assert here.status == 200
