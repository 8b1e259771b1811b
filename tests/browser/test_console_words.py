"""The console holds whatever anybody wrote, a single word that is longer than the page included."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from mock_server.client.client import Sandbox
from tests.browser.conftest import Open
from tests.browser.test_console import VIEWS, Look, console
from tests.marks import rest_is_slow

WORD = "https://tickets.example/" + "Wolfeschlegelsteinhausenbergerdorff" * 5
NAME = "long-" * 11 + "name"
SCENARIO = {
    "title": WORD,
    "staff": [NAME],
    "catalogue": {
        "membership_types": {"club": {"name": WORD, "brand": "stillwater"}},
        "rates": {"monthly": {"membership_type": "club", "name": WORD, "price": 1000}},
        "preferences": {NAME: {"organisation": "stillwater", "text": WORD}},
    },
    "customers": {
        NAME: {
            "description": WORD,
            "customer": {"first_name": WORD, "last_name": WORD, "labels": [WORD]},
            "payment_methods": {NAME: {"type": "card", "label": WORD}},
            "memberships": {NAME: {"rate": "monthly", "payment_method": NAME}},
            "credits": {NAME: {"state": "open"}},
            "orders": {NAME: 1},
        },
        "mia": {},
    },
}
FLOWS_OVER = """() => [document.documentElement, ...document.querySelectorAll(
  "header, main, .card, .head, .banner, .empty, .error, .two > *, .fields > *, details, dialog, td"
)].filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.outerHTML.slice(0, 200))"""
OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
SHOWN = {
    "people": "button[aria-label^=Snippets]",
    "state": "button[aria-label='Change My details']",
    "traffic": ".calls li:not([hidden]) button",
    "reference": "details > summary",
}


@pytest.fixture
def long(world: Sandbox) -> Iterator[Sandbox]:
    """A sandbox of people who are told of in long words."""
    saved = world.server.sandbox(SCENARIO).snapshot()
    saved["scenario"]["name"] = WORD
    with world.server.sandbox(snapshot=saved) as sandbox:
        with sandbox.customer(NAME).http() as http:
            http.get(f"/shop/my-account/orders/{WORD}?{WORD}", headers={"Accept": WORD})
        sandbox.fault("status", status=401, message=WORD, operation="listMyAccountCharges")
        yield sandbox


@pytest.mark.parametrize("width", rest_is_slow([390, 1280]))
@pytest.mark.parametrize("view", rest_is_slow(VIEWS, quick=2))
def test_a_word_longer_than_the_page_stays_in_its_place(
    long: Sandbox, open_page: Open, looked_at: Look, view: str, width: int
) -> None:
    page = open_page(console(long, view), width=width)
    expect(page.locator("main h1")).to_have_text(view.capitalize())
    assert page.evaluate(FLOWS_OVER) == []
    if view in SHOWN:
        page.locator(SHOWN[view]).first.click()
        page.evaluate(OPEN_ALL)
        assert page.evaluate(FLOWS_OVER) == []
    page.evaluate("document.querySelector('dialog')?.close()")
    looked_at(page, f"console-words-{view}-{width}")


@pytest.mark.slow
def test_a_word_longer_than_the_page_stays_in_its_place_in_the_shopfront(
    long: Sandbox, open_page: Open, looked_at: Look
) -> None:
    long.clear_faults()
    page = open_page(f"{long.server.url}/__mock__/shopfront/?sandbox={long.id}", width=390)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Who signs in?")).to_be_visible()
    looked_at(page, "sign-in-words")
    page.get_by_role("link", name=f"Sign in as {NAME}").click()
    expect(page.get_by_role("heading", name="Credits")).to_be_visible()
    expect(page.locator("main li").first).to_be_visible()
    assert page.evaluate(FLOWS_OVER) == []
    looked_at(page, "shopfront-words-account")
