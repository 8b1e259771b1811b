"""What the proxy forwards, both ways, and what it never changes."""

import ssl
from pathlib import Path
from threading import Event

import httpx
import pytest
import trustme

from tests.mock_server.proxy.servers import (
    ACCOUNT,
    ADA,
    CREDITS,
    NO_CREDITS,
    ZIPPED,
    Pair,
    Proxying,
    Server,
    Serving,
    answer,
    raw,
)


@pytest.mark.parametrize(
    "sent",
    [
        answer(NO_CREDITS, Date="Tue, 01 Jan 2030 00:00:00 GMT", Server="odd/1", ETag='"x"'),
        answer(ZIPPED, Content_Encoding="gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\n" + NO_CREDITS[:5] + b"\r\n6\r\n" + NO_CREDITS[5:] + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nX-Odd: 1\r\n\r\n",
        b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
        answer(b"", "302 Found", Location="https://elsewhere.example/"),
        answer(b"<h1>Bad gateway</h1>", "502 Bad Gateway", Content_Type="text/html"),
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 1\r\n\r\n\xff",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=9\r\n\r\n{}",
    ],
    ids=["plain", "zipped", "chunked", "204", "304", "redirect", "html", "cookies", "keep-alive"],
)
def test_an_answer_passes_untouched(pair: Pair, sent: bytes) -> None:
    server, here = pair
    server.answer = sent
    ours, theirs = raw(here.url, path=CREDITS), raw(server.url, path=CREDITS)

    assert ours[0] == theirs[0]
    added = [each for each in ours[1] if each[0] == "content-security-policy"]
    assert len(added) == (("content-type", "application/json") not in theirs[1])
    assert [each for each in ours[1] if each not in added] == [
        each for each in theirs[1] if each[0] != "keep-alive"
    ]
    assert ours[2] == theirs[2]


def test_a_length_that_has_no_say_is_left_out(pair: Pair) -> None:
    server, here = pair
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.answer = head + b"2\r\n{}\r\n0\r\n\r\n"
    _, chunked, body = raw(here.url)
    server.answer = b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n"
    status, bodiless, _ = raw(here.url)

    assert (body, status) == (b"{}", 204)
    assert "content-length" not in dict(chunked) | dict(bodiless)


def test_the_answer_to_head_keeps_its_length(pair: Pair) -> None:
    server, here = pair
    json = "Content-Type: application/json"
    server.answer = f"HTTP/1.1 200 OK\r\n{json}\r\nContent-Length: 77\r\n\r\n".encode()
    status, headers, body = raw(here.url, "HEAD")

    assert (status, dict(headers)["content-length"], body) == (200, "77", b"")


def test_a_request_reaches_upstream_as_it_was_sent(proxy: Proxying, upstream: Serving) -> None:
    server = upstream(answer(b"{}"))
    here = proxy(f"{server.url}/club")
    path = "/a/../b/%2e%2F/@c;d?x=%20y&&z"
    hop = {"Connection": "X-Hop", "X-Hop": "1", "TE": "trailers"}
    raw(here.url, "GET", path, {"X-One": "1", "Accept-Encoding": "br, gzip;q=0.5"} | hop)
    httpx.post(here.url, content=iter([b"in ", b"pieces"]), headers={"Host": "shop.example"})

    assert server.asked[0][0] == f"GET /club{path} HTTP/1.1"
    assert sorted(each.lower() for each in server.asked[0][1:]) == [
        "accept-encoding: gzip;q=0.5",
        f"host: {server.url.removeprefix('http://')}",
        "x-one: 1",
    ]
    assert server.bodies[1] == b"in pieces"


def test_preflights_and_what_is_not_the_api_pass_unjudged(pair: Pair) -> None:
    server, here = pair
    server.answer = b"HTTP/1.1 204 No\r\nAccess-Control-Allow-Origin: https://a.example\r\n\r\n"
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    allowed = httpx.options(here.url + ACCOUNT, headers=asked).headers
    here.get("/docs")
    here.get("/")

    assert allowed.get_list("access-control-allow-origin") == ["https://a.example"]
    assert [head[0].split()[1] for head in server.asked] == [ACCOUNT, "/docs", "/"]
    assert here.entries == []


def test_a_body_comes_as_it_is_sent_and_not_when_it_is_whole(pair: Pair) -> None:
    server, here = pair
    first_seen = Event()

    def slowly(handler: Server.Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{ ")
        first_seen.wait(20)
        handler.wfile.write(b" }")

    server.answer = slowly
    with httpx.stream("GET", here.url + ACCOUNT) as got:
        pieces = got.iter_raw()
        assert next(pieces) == b"{ "
        first_seen.set()
        assert b"".join(pieces) == b" }"


@pytest.mark.slow
def test_a_body_too_long_to_be_judged_passes_whole(proxy: Proxying, upstream: Serving) -> None:
    body = b'{"data":[' + b" " * (20 << 20) + b"]}"
    here = proxy(upstream(answer(body)).url, "--errors")
    got = here.get(CREDITS)

    assert got.content == body
    (entry,) = here.entries
    assert entry["response"]["body_bytes"] == len(body)
    assert entry["response"]["valid"] is None
    assert "8388608 bytes" in entry["response"]["problem"]


@pytest.mark.slow
@pytest.mark.parametrize("path", [CREDITS, "/elsewhere"])
def test_with_errors_a_body_that_takes_long_is_not_held_back_to_its_end(
    proxy: Proxying, upstream: Serving, path: str
) -> None:
    seen = Event()

    def trickle(handler: Server.Handler) -> None:
        handler.wfile.write(answer(b"", Content_Length="1000"))
        while not seen.wait(0.1):
            handler.wfile.write(b" ")

    here = proxy(upstream(trickle).url, "--errors", "--timeout", "1")
    with httpx.stream("GET", here.url + path, headers=ADA, timeout=20) as got:
        assert next(got.iter_raw()).strip() == b""
        seen.set()


@pytest.mark.slow
def test_a_certificate_is_trusted_by_its_authority_or_not_at_all(
    proxy: Proxying, upstream: Serving, tmp_path: Path
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    server = upstream(answer(NO_CREDITS), context)

    refused = proxy(server.url).get(CREDITS)
    assert refused.status_code == 502
    assert "--ca" in refused.json()["message"]
    assert proxy(server.url, "--ca", trusted).get(CREDITS).content == NO_CREDITS
    assert proxy(server.url, "--insecure").get(CREDITS).content == NO_CREDITS


@pytest.mark.slow
def test_a_proxy_of_the_company_is_heeded(proxy: Proxying, upstream: Serving) -> None:
    company = upstream(answer(NO_CREDITS))
    here = proxy("http://staging.invalid", HTTP_PROXY=company.url, NO_PROXY="")

    assert here.get(CREDITS).content == NO_CREDITS
    assert company.asked[0][0] == f"GET http://staging.invalid{CREDITS} HTTP/1.1"


def test_a_header_that_is_not_ascii_passes(pair: Pair) -> None:
    upstream, proxy = pair
    upstream.answer = answer(NO_CREDITS, X_Odd="caf\xe9")
    status, headers, body = raw(proxy.url, path=CREDITS)

    assert (status, body, dict(headers)["x-odd"]) == (200, NO_CREDITS, "caf\xc3\xa9")


def test_what_would_change_a_world_is_refused_for_upstream_would_not_hear_of_it(
    pair: Pair,
) -> None:
    server, here = pair
    sandboxes = f"{here.url}/__mock__/sandboxes"
    for method, path, body in (
        ("POST", "", {}),
        ("POST", "/default/faults", {"kind": "rate_limit"}),
        ("PATCH", "/default/clock", {"advance": "P1D"}),
        ("PATCH", "/default/customers/ada", {"credits": {"open": 1}}),
    ):
        refused = httpx.request(method, sandboxes + path, json=body)
        assert refused.status_code == 409
        assert server.url in refused.json()["message"]
