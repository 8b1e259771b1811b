"""What every path does, whatever it answers; over a real socket."""

import contextlib
import json
import re
import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx
import pytest

from mock_server.worlds import scenario_schema
from tests.conftest import Caller

ACCOUNT = "/customers/my-account"
ADA = {"Authorization": "Bearer customer-ada"}
ORIGIN = {"Origin": "https://shop.example"}


def test_an_unknown_path_is_404_in_the_envelope(client: httpx.Client) -> None:
    answer = client.get("/customers/your-account")

    assert answer.status_code == 404
    assert list(answer.json()) == ["message"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE", "TRACE"])
def test_a_method_the_path_lacks_is_405_with_every_method_it_has(
    client: httpx.Client, method: str
) -> None:
    answer = client.request(method, ACCOUNT)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert list(answer.json()) == ["message"]


def test_allow_names_every_method_of_a_path_with_parameters(client: httpx.Client) -> None:
    answer = client.get(f"{ACCOUNT}/marketing-preferences/x")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "DELETE, OPTIONS, POST"


def test_options_tells_the_methods(client: httpx.Client) -> None:
    answer = client.options(ACCOUNT)

    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_head_answers_as_get_without_a_body(client: httpx.Client) -> None:
    got = client.get(ACCOUNT, headers=ADA | {"Accept-Encoding": "identity"})
    head = client.head(ACCOUNT, headers=ADA | {"Accept-Encoding": "identity"})

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize("path", [ACCOUNT, "/nowhere", f"{ACCOUNT}/charges"])
def test_any_origin_may_read_answers_and_errors(client: httpx.Client, path: str) -> None:
    for headers in (ORIGIN, ORIGIN | ADA):
        answer = client.get(path, headers=headers)
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]


def test_a_preflight_allows_the_method_and_the_authorization_header(client: httpx.Client) -> None:
    asked = {
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = client.options(f"{ACCOUNT}/marketing-preferences/x", headers=ORIGIN | asked)

    assert answer.status_code == 204
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("taken", ["gzip", "GZIP", "br, gzip;q=0.1", "*", "*;q=0, gzip"])
@pytest.mark.parametrize(
    "refused", ["identity", "gzip;q=0", "deflate, gzip;q=0, *;q=1", "gzip2", "notgzip", "*;q=0.0"]
)
def test_gzip_is_sent_where_it_is_taken(client: httpx.Client, taken: str, refused: str) -> None:
    path = "/shop/my-account/orders"
    zipped = client.get(path, headers=ADA | {"Accept-Encoding": taken})
    plain = client.get(path, headers=ADA | {"Accept-Encoding": refused})

    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert zipped.json()["meta"] == plain.json()["meta"]
    for answer in (zipped, plain):
        assert "Accept-Encoding" in answer.headers["Vary"]
    lengths = [int(answer.headers["Content-Length"]) for answer in (zipped, plain)]
    assert 2 * lengths[0] < lengths[1]


def test_a_body_over_the_limit_is_413(client: httpx.Client) -> None:
    answer = client.post("/__mock__/sandboxes", content=b" " * (1 << 20) + b"{}")

    assert answer.status_code == 413
    assert list(answer.json()) == ["message"]


def test_a_body_that_is_not_json_is_415(client: httpx.Client) -> None:
    answer = client.post("/__mock__/sandboxes", data={"scenario": "empty"})

    assert answer.status_code == 415
    assert list(answer.json()) == ["message"]


@pytest.mark.parametrize("body", ["{", "[]", '{"seed": "x"}', '{"unknown": 1}', "\xff", ""])
def test_a_bad_body_is_400_and_says_why(client: httpx.Client, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/__mock__/sandboxes", content=body.encode("latin-1"), headers=headers)

    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{}".encode("utf-16"), "byte order mark; JSON is UTF-8 without one"),
        ("{}".encode("utf-8-sig"), "byte order mark; JSON is UTF-8 without one"),
        (b'{"scenario": "\\ud800"}', "half of a pair"),
        (b'{"scenario": "default', "truncated"),
    ],
)
def test_what_is_no_json_is_told_why(client: httpx.Client, body: bytes, told: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/__mock__/sandboxes", content=body, headers=headers)

    assert answer.status_code == 400
    assert told in answer.json()["message"]


@pytest.mark.parametrize("words", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_not_http_is_400_in_the_envelope(url: str, words: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=5) as raw:
        raw.sendall(words)
        head, _, body = raw.makefile("rb").read().partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert list(json.loads(body)) == ["message"]


def test_the_raw_document_is_served_as_yaml_and_json(client: httpx.Client) -> None:
    assert client.get("/openapi.yaml").text.startswith("openapi: 3.0.3")
    assert client.get("/openapi.json").json()["openapi"] == "3.0.3"


def test_the_rendered_document_shows_the_rules(client: httpx.Client) -> None:
    assert "swagger-ui" in client.get("/docs").text
    rendered = client.get("/docs/openapi.json").json()

    orders = rendered["paths"]["/shop/my-account/orders"]["get"]
    assert "PAGE-03" in orders["description"]
    assert "AUTH-01" in rendered["info"]["description"]
    assert "their token is `customer-`" in rendered["info"]["description"]
    for path, item in client.get("/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            shown = rendered["paths"][path][method]["description"]
            assert shown.startswith(operation.get("description", ""))
            assert shown.count("* **") == len(operation.get("x-rules", ()))


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/openapi.yaml", "application/yaml"),
        ("/openapi.json", "application/json"),
        ("/docs", "text/html"),
        ("/docs/openapi.json", "application/json"),
        ("/docs/swagger-ui.css", "text/css"),
        ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/__mock__/", "text/html"),
        ("/__mock__/console/console.css", "text/css"),
        ("/__mock__/shopfront/", "text/html"),
        ("/__mock__/docs", "text/html"),
        ("/__mock__/docs/swagger-ui.css", "text/css"),
        ("/__mock__/client.js", "text/javascript"),
        ("/__mock__/client.d.ts", "text/plain"),
        ("/__mock__/contract.json", "application/json"),
        ("/__mock__/openapi.yaml", "application/yaml"),
        ("/__mock__/openapi.json", "application/json"),
        (scenario_schema.PATH, "application/json"),
    ],
)
def test_what_stands_beside_the_api_comes_as_what_it_is(
    call: Caller, path: str, media_type: str
) -> None:
    answer = call("GET", path)

    assert answer.status == 200
    assert str(answer.header("Content-Type")).partition(";")[0] == media_type
    assert answer.body


def test_the_control_api_answers_no_foreign_origin(client: httpx.Client) -> None:
    refused = client.get("/__mock__/health", headers=ORIGIN)

    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert client.get("/__mock__/health").json()["status"] == "ok"


def raw_answer(url: str, head: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=5) as raw:
        raw.sendall(head)
        return raw.makefile("rb").read()


@pytest.mark.parametrize("path", ["/shop/my-account/orders", "/__mock__/sandboxes"])
@pytest.mark.parametrize(
    "host",
    ["[::1", "[", "]", "a b", "%%%", "\xff", "::1", '"><script>', "x" * 1000, "a:b", "a:99999999",
     "127.0.0.1@evil", "[::1%25x]", "a/b", "a?b", "é.example"],
)  # fmt: skip
def test_a_host_that_is_none_is_400(url: str, path: str, host: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer customer-ada\r\n"
    answer = raw_answer(url, f"{head}Connection: close\r\n\r\n".encode("latin-1"))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"message"' in answer


@pytest.mark.parametrize(
    "headers",
    [
        *("", "Host: a\r\nHost: b\r\n"),
        "Host: a\r\nAuthorization: Bearer x\r\nAuthorization: y\r\n",
        "Host: a\r\nOrigin: http://evil.example\r\nOrigin: http://a\r\n",
        "Host: a\r\nContent-Type: text/plain\r\nContent-Type: application/json\r\n",
    ],
)
def test_a_head_that_says_too_little_or_too_much_is_400(url: str, headers: str) -> None:
    head = f"GET {ACCOUNT} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"

    assert raw_answer(url, head.encode()).startswith(b"HTTP/1.1 400 ")


def test_a_head_is_read_no_further_than_it_may_be_long(url: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=5) as raw:
        raw.sendall(f"GET {ACCOUNT} HTTP/1.1\r\nHost: a\r\nX: ".encode())
        sent = 0
        try:
            while sent < 64 << 20:
                sent += raw.send(b"x" * 65536)
        except OSError:
            pass
        answer = b""
        with contextlib.suppress(OSError):
            answer = raw.recv(4096)

    assert sent < 64 << 20
    assert not answer or answer.startswith(b"HTTP/1.1 431 ")


def test_a_large_body_after_a_small_head_is_read(client: httpx.Client) -> None:
    body = {"overrides": {"description": "x" * 500_000}}

    assert client.post("/__mock__/sandboxes", json=body).status_code != 431


def test_many_requests_on_one_connection_are_many_heads(client: httpx.Client) -> None:
    padded = ADA | {"X-Padding": "x" * 20_000}

    assert {client.get(ACCOUNT, headers=padded).status_code for _ in range(10)} == {200}


def pipelined(url: str, *requests: str) -> list[bytes]:
    """The status lines of what is answered to requests that are sent all at once."""
    sent = "".join(f"{each}\r\n" for each in requests)
    answers = raw_answer(url, sent.encode())
    return re.findall(rb"HTTP/1.1 (\d+) ", answers)


OF_ADA = f"GET {ACCOUNT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer customer-ada\r\n"


def test_what_was_asked_before_something_broken_is_answered_in_its_order(url: str) -> None:
    assert pipelined(url, OF_ADA, OF_ADA, "nonsense\r\n") == [b"200", b"200"]


def test_a_body_that_breaks_off_changes_nothing(url: str) -> None:
    head = "POST /__mock__/sandboxes HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"

    def ids() -> list[str]:
        return [each["id"] for each in httpx.get(f"{url}/__mock__/sandboxes").json()]

    before = ids()
    assert pipelined(url, head, "2\r\n{}\r\nzz\r\n") == [b"400"]
    assert ids() == before


def test_nothing_of_a_body_is_taken_for_an_offer_though_it_was_answered(url: str) -> None:
    rest = b"\r\nupgrade: h2c\r\n" + b"x" * 100
    most = 1 << 20
    post = f"POST /__mock__/sandboxes HTTP/1.1\r\nHost: a\r\nContent-Length: {most + len(rest)}\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=5) as raw:
        raw.sendall(f"{post}\r\n".encode() + b"x" * most + rest[:1])
        refused = HTTPResponse(raw)
        refused.begin()
        assert (refused.status, bool(refused.read())) == (413, True)
        raw.sendall(rest[1:] + f"{OF_ADA}\r\n".encode())
        assert raw.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_header_after_the_body_has_no_say(url: str) -> None:
    head = f"GET {ACCOUNT} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
    trailers = "0\r\nAuthorization: Bearer customer-ada\r\nHost: evil.example\r\n"

    assert pipelined(url, head, trailers, f"{OF_ADA}Connection: close\r\n") == [b"401", b"200"]


def test_an_upgrade_that_is_offered_is_passed_over(url: str) -> None:
    offered = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=5) as raw:
        post = "POST /__mock__/sandboxes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
        raw.sendall(f"{post}{offered}\r\n{{}}".encode())
        opened = HTTPResponse(raw)
        opened.begin()
        assert (opened.status, opened.read()[:1]) == (201, b"{")
        for request in (OF_ADA + offered, OF_ADA):
            raw.sendall(f"{request}\r\n".replace("GET", "HEAD").encode())
            assert raw.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("media_type", ["", "multipart/form-data", "text/html", "*/*"])
def test_a_body_that_is_missing_is_400_whatever_type_it_would_have(
    client: httpx.Client, media_type: str
) -> None:
    headers = {"Content-Type": media_type}
    answer = client.post("/__mock__/sandboxes/default/scenario", content=b"", headers=headers)

    assert answer.status_code == 400
    assert answer.json()["message"] == "A JSON body is missing."


@pytest.mark.parametrize("path", ["/docs", "/__mock__/docs", "/__mock__/", "/__mock__/shopfront/"])
def test_a_page_runs_nothing_but_its_own_scripts_and_is_framed_by_nobody(
    client: httpx.Client, path: str
) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/docs", "/openapi.yaml", "/__mock__/client.js"])
def test_no_browser_guesses_what_an_answer_is(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/__mock__/", "/__mock__/client.js",
     "/.well-known/openid-configuration", "/oauth/jwks", "/oauth/authorize", "/oauth/token"],
)  # fmt: skip
def test_pages_and_sign_in_say_which_methods_they_answer(client: httpx.Client, path: str) -> None:
    options, put = client.options(path), client.put(path)

    assert (options.status_code, options.content) == (204, b"")
    assert put.status_code == 405
    assert list(put.json()) == ["message"]
    assert put.headers["Allow"] == options.headers["Allow"]
    for method in options.headers["Allow"].split(", "):
        assert client.request(method, path).status_code != 405
