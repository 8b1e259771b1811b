"""
How long the console takes to answer a click, on a server that has much to do.

`python -m tests.benchmark.console` needs Debian's Chromium. Of each click it tells the time until
its effect is shown, and how much of that the page's own thread was busy.
"""

import argparse
import http.client
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, Page, sync_playwright

from mock_server.client import MockServer
from mock_server.client.process import running

PATHS = ("/customers/my-account", "/customers/my-account/credits", "/shop/my-account/orders")
TABS = "document.querySelector(`#tabs a[href*='/{0}']`)"
TITLE = "document.querySelector('main h1').textContent === '{0}'"
VIEWS = ("State", "Clock", "Faults", "Coverage", "World", "Reference", "Traffic", "People")
BUTTON = "[...document.querySelectorAll('button')].find((each) => each.textContent === '{0}')"
ROW = "document.querySelector('.calls li:nth-child(5) button')"
CLICKS = (
    *((view, f"{TABS.format(view.lower())}.click()", TITLE.format(view)) for view in VIEWS),
    ("Snippets", f"{BUTTON.format('Snippets')}.click()", "document.querySelector('dialog pre')"),
    ("Close", f"{BUTTON.format('Close')}.click()", "!document.querySelector('dialog')"),
    ("Faults again", f"{TABS.format('faults')}.click()", TITLE.format("Faults")),
    (
        "Add the fault",
        f"{BUTTON.format('Add the fault')}.click()",
        "document.querySelector('article')",
    ),
    ("Remove", f"{BUTTON.format('Remove')}.click()", "!document.querySelector('article')"),
    ("Traffic again", f"{TABS.format('traffic')}.click()", TITLE.format("Traffic")),
    ("A request", f"{ROW}.click()", "document.querySelector('.traffic pre')"),
    ("Clock again", f"{TABS.format('clock')}.click()", TITLE.format("Clock")),
    (
        "+1 hour",
        f"{BUTTON.format('+1 hour')}.click()",
        "document.querySelector('main ul, main .empty')",
    ),
    (
        "Another sandbox",
        "(() => { const list = document.getElementById('sandbox'); list.selectedIndex = 500;"
        " list.dispatchEvent(new Event('change')); window.chosen = list.value; })()",
        "location.hash.includes(window.chosen) && !document.querySelector('main ul.plain')",
    ),
    (
        "Back to default",
        "location.hash = '#/default/traffic'",
        "document.querySelectorAll('.calls li:not([hidden])').length === 100",
    ),
)
# Written out, for the policy of the page lets nothing be evaluated there.
MEASURE = """() => new Promise((resolve, reject) => {
  const began = performance.now();
  RUN;
  const look = () => {
    const took = performance.now() - began;
    if (DONE) return requestAnimationFrame(() => setTimeout(() => resolve(took)));
    if (took > 20000) return reject(new Error("nothing came of it"));
    setTimeout(look, 1);
  };
  look();
})"""


@contextmanager
def asked(url: str, per_second: int) -> Iterator[None]:
    """Requests as Ada, so many a second."""
    ended = Event()

    def ask() -> None:
        connection, number = http.client.HTTPConnection(urlsplit(url).netloc), 0
        began = time.monotonic()
        while not ended.wait(max(0.0, began + number / per_second - time.monotonic())):
            headers = {"Authorization": "Bearer customer-ada"}
            connection.request("GET", PATHS[number % len(PATHS)], headers=headers)
            connection.getresponse().read()
            number += 1

    thread = Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def measure(page: Page, session: CDPSession, rounds: int) -> dict[str, tuple[float, float]]:
    """Of each click the worst time to its effect and of the page's own work, in ms."""
    worst: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, run, done in CLICKS:
            before = busy_ms(session)
            took = page.evaluate(MEASURE.replace("RUN", run).replace("DONE", done))
            busy, known = busy_ms(session) - before, worst.get(name, (0.0, 0.0))
            worst[name] = max(took, known[0]), max(busy, known[1])
            page.wait_for_timeout(300)
    return worst


def busy_ms(session: CDPSession) -> float:
    """How long the page's thread has worked."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")


def main() -> None:
    """Measure, and print a line for each click."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandboxes", type=int, default=1000)
    parser.add_argument("--per-second", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with running("--quiet") as url, sync_playwright() as playwright:
        server = MockServer(url)
        for _ in range(options.sandboxes):
            server.sandbox()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        with asked(url, options.per_second):
            page.wait_for_timeout(3000)
            page.goto(f"{url}/__mock__/#/default/people")
            page.wait_for_selector("article")
            found = measure(page, session, options.rounds)
        browser.close()
        server.close()
    lines = [
        f"{name:16} {took:6.0f} ms, {busy:6.0f} ms of them the page's own"
        for name, (took, busy) in found.items()
    ]
    worst = f"{'the worst':16} {max(took for took, _ in found.values()):6.0f} ms"
    print("\n".join([*lines, worst]))  # noqa: T201  # a script's output


if __name__ == "__main__":
    main()
