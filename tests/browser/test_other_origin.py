"""A page of another origin: what its JavaScript may read."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page

from mock_server.client.client import Sandbox
from tests.browser.conftest import Open
from tests.conftest import Serve

READ = """async ([url, init, names]) => {
  const answer = await fetch(url, init);
  return [answer.status, ...names.map((name) => answer.headers.get(name))];
}"""
CUT = """async ([url, init]) => {
  const answer = await fetch(url, init);
  try { await answer.text(); return "read"; } catch (error) { return `${answer.status} broken`; }
}"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>A shop</title><link rel=icon href=data:,>")

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The origin of a page that has nothing to do with the mock."""
    server = HTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(shop: str, open_page: Open) -> Page:
    return open_page(shop)


def read(page: Page, world: Sandbox, *names: str, path: str = "", **init: Any) -> list[Any]:
    sent = {"Authorization": f"Bearer {world.customer('ada').token}"} | init.pop("headers", {})
    url = f"{world.url}{path or '/customers/my-account'}"
    return list(page.evaluate(READ, [url, {"headers": sent} | init, names]))


@pytest.mark.slow
def test_a_page_reads_every_header_that_the_mock_adds(page: Page, world: Sandbox) -> None:
    assert read(page, world, "Allow", method="PUT") == [405, "GET, HEAD, OPTIONS"]
    challenge = read(page, world, "WWW-Authenticate", headers={"Authorization": "Bearer x"})
    assert challenge == [401, 'Bearer error="invalid_token"']
    preferred = read(page, world, "Preference-Applied", headers={"Prefer": "code=401"})
    assert preferred == [401, "code=401"]
    world.fault("rate_limit", retry_after_s=7)
    status, wait, fault, off = read(
        page, world, "Retry-After", "X-Mock-Fault", "X-Mock-Off-Contract"
    )
    assert (status, wait, off) == (429, "7", "rate_limit")
    assert fault


def test_a_page_may_send_credentials_and_headers_of_its_own(page: Page, world: Sandbox) -> None:
    assert read(page, world, credentials="include", headers={"X-Trace": "1"}) == [200]


def test_a_broken_body_is_told_from_cors(page: Page, world: Sandbox) -> None:
    world.fault("MALFORMED_RESPONSE_CHUNK")
    sent = {"headers": {"Authorization": f"Bearer {world.customer('ada').token}"}}

    assert page.evaluate(CUT, [f"{world.url}/customers/my-account", sent]) == "200 broken"


def test_a_page_of_a_control_origin_drives_the_mock(
    serve: Serve, shop: str, open_page: Open
) -> None:
    url = serve("--control-origin", shop)
    page = open_page(shop)
    drive = """async (url) => {
      const { MockServer } = await import(`${url}/__mock__/client.js`);
      const sandbox = await new MockServer(url).sandbox();
      await sandbox.fault({ kind: "latency", delay_ms: 1 });
      return (await sandbox.faults()).length;
    }"""

    assert page.evaluate(drive, url) == 1
