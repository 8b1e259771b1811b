"""Other origins, other names, other addresses: what the server believes of where it is."""

import asyncio
import json
import re
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import httpx
import pytest

from mock_server.app import Settings, build_app
from mock_server.http.origin import (
    PublicAddress,
    address,
    host_and_port,
    is_host,
    network,
    public_url,
    web_origin,
)
from tests.conftest import Caller, Serve, ask
from tests.mock_server.test_cli import one_line, run

ORDERS = "/shop/my-account/orders"
FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "mock.example.test",
    "X-Forwarded-Prefix": "/sales",
}
STORYBOOK = "http://localhost:6006"


def first_link(caller: Caller, **headers: str) -> str:
    answer = caller("GET", ORDERS, "customer-ada", **headers)
    return str(json.loads(answer.body)["links"]["first"])


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.0/8"])
def test_a_trusted_proxy_tells_scheme_host_and_prefix(trusted: str) -> None:
    caller = Caller(Settings(address=PublicAddress(None, (network(trusted),))))

    assert first_link(caller, **FORWARDED).startswith("https://mock.example.test/sales/shop/")


def test_nobody_else_is_believed() -> None:
    for trusted in ((), (network("10.0.0.0/8"),)):
        caller = Caller(Settings(address=PublicAddress(None, trusted)))
        assert first_link(caller, **FORWARDED).startswith("http://127.0.0.1:4010/shop/")


def test_two_clients_who_send_the_same_are_told_apart() -> None:
    app = build_app(Settings(address=PublicAddress(None, (network("10.0.0.1"),))))

    async def host_of_links(client: str) -> str:
        transport = httpx.ASGITransport(app, client=(client, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://mock") as caller:
            headers = FORWARDED | {"Authorization": "Bearer customer-ada"}
            answer = await caller.get(ORDERS, headers=headers)
            return urlsplit(answer.json()["links"]["first"]).netloc

    async def hosts() -> list[str]:
        return [await host_of_links(client) for client in ("10.0.0.1", "10.0.0.2", "10.0.0.1")]

    assert asyncio.run(hosts()) == ["mock.example.test", "mock", "mock.example.test"]


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-Host": "a b"}, {"X-Forwarded-Proto": "gopher"}, {"X-Forwarded-Prefix": "//x?"}],
)
def test_what_a_proxy_could_not_mean_is_passed_over(headers: dict[str, str]) -> None:
    caller = Caller(Settings(address=PublicAddress(None, (network("127.0.0.1"),))))

    assert first_link(caller, **headers).startswith("http://127.0.0.1:4010/shop/")


def test_of_several_hosts_the_nearest_proxy_names_the_last() -> None:
    caller = Caller(Settings(address=PublicAddress(None, (network("127.0.0.1"),))))
    link = first_link(caller, **{"X-Forwarded-Host": "evil.example, mock.example.test"})

    assert link.startswith("http://mock.example.test/")


def test_a_public_url_begins_links_issuer_and_own_origin() -> None:
    url = "https://mock.example.test/sales"
    caller = Caller(Settings(address=PublicAddress(url), insecure_admin=True))

    assert first_link(caller).startswith(f"{url}{ORDERS}?")
    assert caller.json("GET", "/.well-known/openid-configuration")["issuer"] == url
    for origin in ("https://mock.example.test", "http://127.0.0.1:4010"):
        assert caller("GET", "/__mock__/health", origin=origin).status == 200
    assert caller("GET", "/__mock__/health", origin="https://example.test").status == 403


def test_a_forwarded_name_opens_the_control_api_to_no_rebound_host() -> None:
    caller = Caller(Settings(address=PublicAddress("http://localhost:8080")))

    assert caller("GET", "/__mock__/health", host="rebound.example").status == 403


def test_pages_and_redirects_are_found_below_a_prefix() -> None:
    caller = Caller(Settings())

    for path, location in (("/", "__mock__/"), ("/__mock__", "__mock__/")):
        assert caller("GET", path).header("Location") == location
    for path in ("/docs", "/__mock__/docs", "/__mock__/"):
        assert re.findall(rb'(?:href|src)="/', caller("GET", path).body) == []


def test_a_control_origin_may_use_the_control_api_and_no_other() -> None:
    caller = Caller(Settings(control_origins=(STORYBOOK,)))
    sent = {"origin": STORYBOOK, "access-control-request-method": "DELETE"}
    sandbox = "/__mock__/sandboxes/default"

    assert caller("GET", sandbox, origin=STORYBOOK).status == 200
    preflight = caller("OPTIONS", sandbox, **sent)
    assert preflight.status == 204
    assert preflight.header("Access-Control-Allow-Origin") == STORYBOOK
    assert preflight.header("Access-Control-Allow-Methods") == "DELETE"
    for origin in ("http://localhost:6007", "null", "http://localhost:6006.evil.example"):
        refused = caller("OPTIONS", sandbox, **sent | {"origin": origin})
        assert refused.status == 403
        assert refused.header("Access-Control-Allow-Origin") is None


@pytest.mark.slow
def test_a_control_origin_reads_the_stream(serve: Serve) -> None:
    url = serve("--control-origin", f"{STORYBOOK}/")
    stream = f"{url}/__mock__/sandboxes/default/journal/stream"
    with httpx.stream("GET", stream, headers={"Origin": STORYBOOK}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == STORYBOOK
        assert next(answer.iter_lines()) == ": listening"


@pytest.mark.parametrize("method", ["DELETE", "PROPFIND", "get"])
@pytest.mark.parametrize("headers", ["authorization", "x-anything, x-trace-id", None])
def test_a_preflight_is_answered_whatever_is_asked(
    call: Caller, method: str, headers: str | None
) -> None:
    asked = {"origin": "capacitor://localhost", "access-control-request-method": method}
    if headers:
        asked["access-control-request-headers"] = headers
    answer = call("OPTIONS", ORDERS, **asked | {"access-control-request-private-network": "true"})

    assert answer.status == 204
    assert answer.header("Access-Control-Allow-Methods") == method
    assert answer.header("Access-Control-Allow-Headers") == headers
    assert answer.header("Access-Control-Allow-Private-Network") == "true"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--control-origin", "localhost:5173"),
        ("--control-origin", "http://localhost:5173/page"),
        ("--public-url", "mock.example.test"),
        ("--public-url", "https://a/b?c"),
        ("--trusted-proxy", "nginx"),
    ],
)
def test_what_is_no_address_is_refused(option: str, text: str) -> None:
    result = run("serve", option, text)

    assert result.exit_code == 2
    assert f"'{text}'" in result.stderr


def test_a_public_name_wants_an_admin_token() -> None:
    result = run("serve", "--public-url", "https://mock.example.test")

    assert result.exit_code == 2
    assert "on mock.example.test others can reach the control API" in result.stderr


def test_origins_and_urls_are_taken_as_browsers_write_them() -> None:
    assert web_origin("HTTP://LocalHost:80/") == "http://localhost"
    assert web_origin("https://localhost:443") == "https://localhost"
    assert web_origin("https://localhost:80") == "https://localhost:80"
    assert web_origin("capacitor://localhost:443") == "capacitor://localhost:443"
    assert public_url("https://mock.test/sales/") == "https://mock.test/sales"
    assert public_url("http://[::1]:8080") == "http://[::1]:8080"


@pytest.mark.parametrize(
    "text", ["gopher://a", "https://", "https://a:x", "https://a//b", "https://a b", "//a", "a#b"]
)
def test_what_no_client_could_use_is_no_url(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is not a URL such as"):
        public_url(text)


@pytest.mark.parametrize("text", ["https://a?b", "https://a#b"])
def test_a_query_or_a_fragment_is_to_be_left_out(text: str) -> None:
    with pytest.raises(ValueError, match="leave it out"):
        public_url(text)


@pytest.mark.parametrize(
    "text",
    ["a", "a.example:1", "A-b_c~9:65535", "127.0.0.1:80", "[::1]", "[::1]:4010", "x" * 255],
)
def test_a_host_is_a_name_or_an_address_and_may_have_a_port(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    ["", ":80", "a:", "a:x", "a:123456", "a:١", "x::1]", "[::1", "[::1]x", "[]", "[a]",
     "[::1%eth0]", "x" * 256],
)  # fmt: skip
def test_nothing_else_is_a_host(text: str) -> None:
    assert not is_host(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4011", ("", 4011)),
        ("a:1", ("a", 1)),
        ("127.0.0.1:65535", ("127.0.0.1", 65535)),
        ("[::1]:80", ("[::1]", 80)),
    ],
)
def test_an_address_is_a_port_and_may_have_a_host(text: str, found: tuple[str, int]) -> None:
    assert address(text) == found


@pytest.mark.parametrize("text", ["", "a", "a:0", "a:65536", "a:-1", "a b:1", "a:١", "::1:80"])
def test_nothing_else_is_an_address(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is not an address such as"):
        address(text)


def test_an_address_of_ipv6_stands_in_brackets_before_its_port() -> None:
    assert host_and_port("::1", 80) == "[::1]:80"
    assert host_and_port("127.0.0.1", 80) == "127.0.0.1:80"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "start"),
    [("::1", "http://[::1]:"), ("::", "http://[::1]:"), ("localhost", "http://localhost:")],
)
def test_an_address_is_printed_as_it_can_be_used(host: str, start: str) -> None:
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0", "--log-format", "json"]
    options = ["--host", host, "--insecure-admin"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            url = json.loads(process.stdout.readline())["url"]
            assert url.startswith(start)
            addresses = ["127.0.0.1", "::1"] if host == "localhost" else ["::1"]
            for address in addresses:
                socket.create_connection((address, urlsplit(url).port), timeout=5).close()
            assert httpx.get(f"{url}/__mock__/health").status_code == 200
        finally:
            process.terminate()


def test_a_taken_port_of_one_address_of_localhost_is_one_line() -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = one_line(run("serve", "--host", "localhost", "--port", str(port)))

    assert f"cannot listen on localhost:{port}" in line


def test_who_names_no_origin_gets_only_a_word_to_caches(call: Caller) -> None:
    answer = ask(call.mock.app, "GET", "/nowhere")

    assert answer.header("Access-Control-Allow-Origin") is None
    assert answer.header("Vary") == "Origin"
