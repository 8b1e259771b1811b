"""Debian's Chromium, driven as a person would: every page fails its test on a console error."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from mock_server.client.client import MockServer, Sandbox
from tests.needs import needs

SCREENSHOTS = Path(os.environ.get("SCREENSHOTS", ".cache/screenshots"))
Open = Callable[..., Page]
LOOKS = [(390, False), (1280, True), (390, True), (1280, False)]


def at_every_width_and_scheme(*views: str) -> pytest.MarkDecorator:
    """Gives `view`, `width` and `dark`; of each view one look is quick, and they take turns."""
    return pytest.mark.parametrize(
        ("view", "width", "dark"),
        [
            pytest.param(
                *(view, width, dark),
                id=f"{view}-{width}-{'dark' if dark else 'light'}",
                marks=() if number % len(LOOKS) == turn else pytest.mark.slow,
            )
            for number, view in enumerate(views)
            for turn, (width, dark) in enumerate(LOOKS)
        ],
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the whole session: while Playwright is there, no other event loop runs in its thread.
    chromium = needs("chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )


@pytest.fixture
def world(url: str) -> Iterator[Sandbox]:
    """A sandbox of the test's own at a fixed instant."""
    server = MockServer(url)
    with server.sandbox(now="2026-03-01T09:00:00Z") as sandbox:
        yield sandbox
    server.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens an address in a fresh context; the test fails if the page logs an error."""
    contexts, errors = [], []

    def opened(address: str, *, dark: bool = False, width: int = 1280) -> Page:
        context = browser.new_context(
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: errors.append(message.text) if message.type == "error" else None,
        )
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    # A refused request is what many tests are about; the browser logs each.
    assert [each for each in errors if "Failed to load resource" not in each] == []


@pytest.fixture
def looked_at() -> Callable[[Page, str], None]:
    """Keeps a screenshot as output, and fails on an accessibility finding or sideways scroll."""

    def look(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")
        findings = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in findings] == []
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )

    return look
