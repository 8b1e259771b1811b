"""The console of a proxy: what passes, who was seen, and what the contract says of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open, at_every_width_and_scheme
from tests.mock_server.proxy.servers import ACCOUNT, ORDERS, Proxied, Server, answer, proxied

VIEWS = ("traffic", "people", "coverage", "reference")
Look = Callable[[Page, str], None]


@pytest.fixture
def proxy(tmp_path: Path, url: str) -> Iterator[Proxied]:
    with proxied(tmp_path, url) as proxy:
        yield proxy


@pytest.fixture
def upstream() -> Iterator[Server]:
    """A real implementation whose answer a test sets."""
    with Server(b"") as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[Proxied]:
    """A proxy that has seen some traffic, to be looked at alone."""
    with proxied(tmp_path_factory.mktemp("busy"), url) as proxy:
        ask(proxy)
        yield proxy


def ask(proxy: Proxied) -> None:
    for who in ("ada", "ben"):
        for path in (ACCOUNT, ORDERS, f"{ACCOUNT}/charges"):
            proxy.get(path, Authorization=f"Bearer customer-{who}")
    proxy.get(f"{ORDERS}?page=first", Authorization="Bearer customer-ben")
    proxy.get(ACCOUNT, Authorization="Bearer nobody")


@pytest.mark.long
@at_every_width_and_scheme(*VIEWS)
def test_every_view_is_accessible_at_every_width_and_scheme(
    busy: Proxied, open_page: Open, looked_at: Look, view: str, dark: bool, width: int
) -> None:
    page = open_page(f"{busy.url}/__mock__/#/default/{view}", dark=dark, width=width)

    expect(page.locator("main h1")).to_have_text(view.capitalize())
    looked_at(page, f"proxy-{view}-{'dark' if dark else 'light'}-{width}")


def test_traffic_is_there_as_it_passes_with_what_is_off_contract_marked(
    proxy: Proxied, url: str, open_page: Open, looked_at: Look
) -> None:
    page = open_page(f"{proxy.url}/__mock__/")
    expect(page.locator("#tabs a")).to_have_count(len(VIEWS))
    expect(page.locator(".head p")).to_contain_text(f"Before {url}.")
    ask(proxy)
    calls = page.get_by_label("Requests").get_by_role("button")
    expect(calls).to_have_count(8)

    page.get_by_label("Status").select_option("off contract")
    expect(calls).to_have_count(1)
    calls.first.click()
    chosen = page.get_by_label("The chosen request")
    expect(chosen).to_contain_text("'page' must be an integer")
    expect(chosen).to_contain_text("fits the contract Answer")
    looked_at(page, "proxy-off-contract")


@pytest.mark.slow
def test_people_are_those_who_were_seen(proxy: Proxied, open_page: Open) -> None:
    page = open_page(f"{proxy.url}/__mock__/#/default/people")
    expect(page.locator("#view")).to_contain_text(f"Point your front end at {proxy.url}.")
    ask(proxy)
    second = page.locator("[data-persona=customer-2]")
    expect(second).to_contain_text("1 off contract")

    second.get_by_role("link").click()
    expect(page.get_by_label("Person")).to_have_value("customer-2")
    expect(page.get_by_label("Requests").get_by_role("button")).to_have_count(4)


STEER = """async () => {
  const steered = [];
  const control = "/__mock__/sandboxes/default/journal";
  const attempts = {
    read: async () => (await fetch(control)).ok,
    send: async () => (await fetch(`${control}/clear`, { method: "POST" })).ok,
    share: async () => window.origin !== "null",
    serve: async () => Boolean(await navigator.serviceWorker.register("/worker.js")),
  };
  for (const [name, attempt] of Object.entries(attempts))
    if (await attempt().catch(() => false)) steered.push(name);
  return steered;
}"""


def steered_by(page: Page, folder: Path, upstream: Server, *options: str) -> list[str]:
    with proxied(folder, upstream.url, *options) as proxy:
        page.goto(proxy.url)
        return list(page.evaluate(STEER))


TYPES = ("text/html", "", "application/json;, text/html", "image/svg+xml")


@pytest.mark.slow
@pytest.mark.parametrize("media_type", TYPES)
def test_a_page_of_upstream_cannot_steer_the_proxy(
    tmp_path: Path, upstream: Server, browser: Browser, media_type: str
) -> None:
    body = b"<svg xmlns='http://www.w3.org/2000/svg'></svg>" if "svg" in media_type else b"<html>"
    upstream.answer = answer(body, Content_Type=media_type)
    with browser.new_page() as page:
        assert steered_by(page, tmp_path, upstream) == []
        assert steered_by(page, tmp_path, upstream, "--trust-pages") == ["read", "send", "share"]


@pytest.mark.slow
def test_the_reference_needs_nothing_of_upstream(proxy: Proxied, open_page: Open) -> None:
    page = open_page(f"{proxy.url}/__mock__/#/default/reference")
    expect(page.locator("details[data-operation]")).to_have_count(9)

    page.get_by_role("link", name="The control API").click()
    expect(page.locator(".swagger-ui .opblock").first).to_be_visible()
    assert httpx.get(f"{proxy.url}/__mock__/contract.json").json()["openapi"]
