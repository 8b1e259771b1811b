"""The console, bullet by bullet, as a person uses it."""

import ast
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from mock_server.client.client import Sandbox
from tests.browser.conftest import Open, at_every_width_and_scheme
from tests.conftest import Serve
from tests.marks import rest_is_slow
from tests.needs import needs

VIEWS = ("people", "state", "clock", "faults", "traffic", "coverage", "world", "reference")
Look = Callable[[Page, str], None]


def console(sandbox: Sandbox, view: str) -> str:
    return f"{sandbox.server.url}/__mock__/#/{sandbox.id}/{view}"


def asked(
    sandbox: Sandbox, persona: str, path: str, *, method: str = "GET", content: bytes = b""
) -> httpx.Response:
    with sandbox.customer(persona).http() as http:
        return http.request(method, path, content=content)


@at_every_width_and_scheme(*VIEWS)
def test_every_view_is_accessible_at_every_width_and_scheme(
    world: Sandbox, open_page: Open, looked_at: Look, view: str, dark: bool, width: int
) -> None:
    asked(world, "ada", "/shop/my-account/orders")
    world.fault("latency", delay_ms=1)
    page = open_page(console(world, view), dark=dark, width=width)

    expect(page.locator("main h1")).to_have_text(view.capitalize())
    looked_at(page, f"console-{view}-{'dark' if dark else 'light'}-{width}")


def test_the_root_leads_to_the_console(url: str, open_page: Open) -> None:
    page = open_page(f"{url}/")

    expect(page.locator("main h1")).to_have_text("People")


@pytest.mark.slow
def test_a_card_says_what_makes_a_person_worth_choosing(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "people"))

    expect(page.locator("[data-persona=eve]")).to_contain_text("no payment processor")
    expect(page.locator("[data-persona=frank]")).to_contain_text("membership lapsed")
    expect(page.locator("[data-persona=ada]")).to_contain_text("credits expired")


def test_a_token_is_copied_by_its_button(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "people"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the token of ada").click()

    expect(page.locator("#toast")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == world.customer("ada").token


def test_a_preference_is_toggled_and_marked(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "state/dmitri"))
    section = page.locator("[data-operation=listMyAccountMarketingPreferences]")
    section.get_by_role("checkbox").first.check()

    expect(section).to_contain_text("1 changed")
    answer = asked(world, "dmitri", "/customers/my-account/marketing-preferences").json()
    assert [each["opted_in"] for each in answer["data"]].count(True) == 1


def test_a_toggle_that_is_refused_goes_back_and_says_why(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "state/dmitri"))
    box = page.locator("[data-operation=listMyAccountMarketingPreferences] input").first
    expect(box).not_to_be_checked()
    page.route("**/customers/dmitri", lambda route: route.abort())

    box.click()

    expect(page.locator("#toast")).not_to_be_empty()
    expect(box).not_to_be_checked()


def test_a_record_is_changed_added_and_removed(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "state/eve"))

    page.get_by_role("button", name="Change My credits").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("birthday")
    dialog.get_by_label("state").select_option("open")
    dialog.get_by_role("button", name="Add", exact=True).click()
    credits = page.locator("[data-operation=listMyAccountCredits]")
    expect(credits).to_contain_text("1 changed")
    assert len(asked(world, "eve", "/customers/my-account/credits").json()["data"]) == 1

    page.get_by_role("button", name="Change My details").click()
    page.get_by_role("dialog").get_by_label("first name").fill("Evelyn <b>")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    details = page.locator("[data-operation=getMyAccountDetails]")
    expect(details).to_contain_text("Evelyn <b> Nakamura")

    page.get_by_role("button", name="Change My credits").click()
    page.get_by_role("dialog").get_by_text("birthday", exact=True).click()
    page.get_by_role("button", name="Remove birthday").click()
    expect(credits).to_contain_text("None.")
    assert asked(world, "eve", "/customers/my-account/credits").json()["data"] == []


@pytest.mark.slow
def test_a_mistake_in_a_change_is_told_where_it_was_made(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "state/eve"))
    page.get_by_role("button", name="Change My details").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("phone").fill("07700")
    dialog.get_by_role("button", name="Save").click()

    expect(dialog.get_by_role("alert")).to_contain_text("phone")


def test_moving_the_clock_tells_what_that_changed(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "clock"))
    page.get_by_role("button", name="+1 month").click()

    expect(page.locator("[data-now]")).to_have_text("1 Apr 2026, 09:00:00 UTC")
    changes = page.locator("main")
    expect(changes).to_contain_text("ada: credit")
    expect(changes).to_contain_text("open → expired")
    expect(changes).to_contain_text("new: charge of")
    expect(page.locator("#time")).to_contain_text("1 Apr 2026")


@pytest.mark.slow
def test_the_clock_runs_and_freezes(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "clock"))
    page.get_by_role("button", name="Let it run").click()
    expect(page.get_by_text("It runs with real time.")).to_be_visible()
    page.get_by_role("button", name="Freeze").click()

    expect(page.get_by_text("It stands still.")).to_be_visible()
    assert world.server.call("GET", f"/__mock__/sandboxes/{world.id}/clock")["running"] is False


def test_a_fault_is_added_shown_in_a_banner_and_removed(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "faults"))
    page.locator("[name=operation]").select_option("listMyAccountCharges")
    page.get_by_role("button", name="Add the fault").click()

    expect(page.locator("#banner")).to_contain_text("1 fault is at work")
    assert asked(world, "ada", "/customers/my-account/charges").status_code == 401
    expect(page.locator("article")).to_contain_text("struck 1 call")
    page.get_by_role("button", name="Remove fault").click()
    expect(page.locator("#banner")).to_have_text("")
    assert asked(world, "ada", "/customers/my-account/charges").status_code == 200


def test_a_fault_counts_by_request_where_that_is_chosen(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "faults"))
    page.get_by_label("Counted by").select_option("request")
    page.get_by_label("How often").fill("1")
    page.get_by_role("button", name="Add the fault").click()
    expect(page.locator("article")).to_contain_text("struck 0 requests of 1")
    with world.customer("ada").http() as http:
        asked = [
            http.get("/customers/my-account", headers={"X-Request-Id": id}).status_code
            for id in ("a", "a", "b")
        ]

    assert asked == [401, 401, 200]


def test_while_faults_strike_nothing_goes_away_under_the_pointer(
    world: Sandbox, open_page: Open
) -> None:
    world.fault("status", status=401)
    page = open_page(console(world, "faults"))
    buttons = {
        name: page.get_by_role("button", name=name).element_handle() for name in ("Remove fault",)
    } | {
        name: page.get_by_role("link", name=name).element_handle() for name in ("See them", "Clock")
    }
    asked(world, "ada", "/customers/my-account")
    expect(page.locator("article")).to_contain_text("struck 1 call.")
    expect(page.locator("#tabs .count")).to_have_text("1")

    for name, button in buttons.items():
        assert button is not None, name
        assert button.evaluate("(each) => each.isConnected"), name


@pytest.mark.slow
def test_of_a_long_journal_the_latest_come_first_and_the_others_to_be_looked_through(
    world: Sandbox, open_page: Open
) -> None:
    for _ in range(120):
        asked(world, "ada", "/customers/my-account")
    page = open_page(console(world, "traffic"))

    expect(page.locator(".calls li:visible")).to_have_count(100)
    page.get_by_label("Contains").focus()
    expect(page.locator("#tabs .count")).to_have_text("120")


@pytest.mark.slow
def test_an_answer_of_ones_own_is_served(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "faults"))
    page.locator("[name=kind]").select_option("answer")
    page.locator("[name=status]").fill("200")
    page.get_by_label("Body, JSON").fill('{"data": []}')
    page.locator("[name=operation]").select_option("listMyAccountCharges")
    page.get_by_role("button", name="Add the fault").click()
    expect(page.locator("#banner")).to_contain_text("1 fault is at work")

    assert asked(world, "ada", "/customers/my-account/charges").json() == {"data": []}


def test_requests_appear_as_they_come_and_explain_themselves(
    world: Sandbox, open_page: Open
) -> None:
    page = open_page(console(world, "traffic"))
    headers = {"Authorization": f"Bearer {world.tokens['staff']}"}
    httpx.get(f"{world.server.url}/customers/my-account/credits?expired=true", headers=headers)
    page.get_by_role("button", name="/customers/my-account/credits").click()
    detail = page.get_by_label("The chosen request")

    expect(detail).to_contain_text("This is a staff token.")
    expect(detail).to_contain_text("AUTH-04 (documented): A staff token is refused")
    expect(detail.get_by_role("button", name="Copy as curl")).to_be_visible()


@pytest.mark.slow
def test_a_lost_connection_resumes_without_doubles(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "traffic"))
    asked(world, "ada", "/customers/my-account")
    expect(page.locator("#tabs .count")).to_have_text("1")
    page.context.set_offline(True)
    asked(world, "ben", "/customers/my-account")
    page.context.set_offline(False)
    asked(world, "chloe", "/customers/my-account")

    expect(page.locator("#tabs .count")).to_have_text("3")
    expect(page.locator(".calls li:visible")).to_have_count(3)


@pytest.mark.slow
def test_traffic_that_comes_in_moves_nothing_on_the_page(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "traffic"))
    expect(page.get_by_text("Nothing was asked yet")).to_be_visible()
    page.evaluate(
        """() => { window.shifts = 0; new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift", buffered: false }); }"""
    )
    for _ in range(30):
        asked(world, "ada", "/customers/my-account")
    expect(page.locator("#tabs .count")).to_have_text("30")

    assert page.evaluate("window.shifts") == 0


def test_coverage_fills_while_the_front_end_is_used(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "coverage"))
    row = page.locator("tr", has_text="listMyAccountPaymentMethods")
    expect(row).to_contain_text("nobody")
    asked(world, "eve", "/customers/my-account/payment-methods")

    expect(row.locator(".tag.good", has_text="404")).to_be_visible()
    expect(row).to_contain_text("eve")


@pytest.mark.slow
def test_on_a_narrow_page_coverage_says_who_asked(world: Sandbox, open_page: Open) -> None:
    asked(world, "ada", "/customers/my-account")
    page = open_page(console(world, "coverage"), width=390)

    expect(page.get_by_text("ada", exact=True)).to_be_in_viewport()


def test_the_scenario_of_a_running_sandbox_is_switched(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "world"))
    card = page.locator("section.card", has_text="This sandbox shows")
    card.get_by_label("Scenario").select_option("failed-payment")
    card.get_by_role("button", name="Switch").click()

    expect(card).to_contain_text("“failed-payment”")
    assert asked(world, "ada", "/customers/my-account").status_code == 200


@pytest.mark.slow
def test_a_snapshot_goes_out_and_in(world: Sandbox, open_page: Open, tmp_path: object) -> None:
    page = open_page(console(world, "world"))
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download the snapshot").click()
    file = downloading.value.path()
    assert json.loads(file.read_text())["format"] == "my-account-snapshot"
    page.get_by_label("Open a snapshot in a new sandbox").set_input_files(file)
    page.locator("section.card", has_text="Snapshot").get_by_role("button", name="Open it").click()

    expect(page.locator("#sandbox")).not_to_have_value(world.id)


def test_reference_tries_an_operation_as_the_chosen_person(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "reference/eve"))
    operation = page.locator("[data-operation=listMyAccountPaymentMethods]")
    operation.locator("summary").first.click()
    expect(operation.get_by_text("Rules (")).to_be_visible()
    operation.get_by_role("button", name="Send as eve").click()

    expect(operation).to_contain_text("No payment processor knows this customer.")


@pytest.mark.slow
def test_long_and_right_to_left_names_fit(url: str, open_page: Open, looked_at: Look) -> None:
    body = {
        "scenario": "empty",
        "overrides": {
            "customers": {
                "ada": {"customer": {"first_name": "عبد الرحمن", "last_name": "الخوارزمي"}},
                "bo": {"customer": {"first_name": "Wolfeschlegelsteinhausenbergerdorff" * 2}},
            }
        },
    }
    id = httpx.post(f"{url}/__mock__/sandboxes", json=body).json()["id"]
    page = open_page(f"{url}/__mock__/#/{id}/people", width=390)

    expect(page.locator("[data-persona=ada]")).to_be_visible()
    looked_at(page, "console-names-390")


def test_the_pages_keep_a_strict_policy_and_no_request_leaves_the_server(
    url: str, open_page: Open
) -> None:
    policy = httpx.get(f"{url}/__mock__/").headers["Content-Security-Policy"]
    page = open_page(f"{url}/__mock__/")
    expect(page.locator("main h1")).to_have_text("People")
    asked_for = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")

    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert all(address.startswith(url) for address in asked_for)


@pytest.mark.slow
def test_a_broken_file_is_shown_until_it_is_mended(
    serve: Serve, open_page: Open, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("title: Mine\ncustomers: {ada: {}}\n")
    page = open_page(f"{serve('--reload', '--scenario', str(file))}/__mock__/")
    expect(page.locator("main h1")).to_have_text("People")
    file.write_text("title: [\n")

    expect(page.locator("#banner")).to_contain_text("mine.yaml:")
    file.write_text("title: Mine\ncustomers: {ada: {}}\n")
    expect(page.locator("#banner")).to_have_text("")


@pytest.mark.parametrize("path", rest_is_slow(["/docs", "/__mock__/docs"]))
def test_swagger_ui_shows_and_tries_every_operation_under_its_policy(
    open_page: Open, url: str, path: str
) -> None:
    page = open_page(url + path)
    first = page.locator(".opblock").first
    expect(first).to_be_in_viewport()
    page.set_viewport_size({"width": 390, "height": 800})
    first.locator(".opblock-summary-control").click()
    first.get_by_role("button", name="Try it out").click()
    first.get_by_role("button", name="Execute").click()

    first.locator(".live-responses-table").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


PREFERENCES = "/customers/my-account/marketing-preferences"
ODD_BODIES = ("$(id)`id`'\"\\!", "@/etc/hostname", "\x1b[201~\x07id\n", "'; id #", "é\u202e\u0085")


@pytest.mark.parametrize("body", rest_is_slow(ODD_BODIES))
def test_a_copied_curl_line_sends_what_was_sent_and_nothing_else(
    world: Sandbox, open_page: Open, body: str
) -> None:
    page = open_page(console(world, "traffic"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    path = f"{PREFERENCES}/%5B1-9%5D%3F%7Ba,b%7D"
    asked(world, "ada", path, method="POST", content=body.encode())
    page.get_by_role("button", name=PREFERENCES).click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#toast")).to_have_text("Copied.")
    line = page.evaluate("navigator.clipboard.readText()")
    subprocess.run(["bash", "-c", line], check=True, capture_output=True, timeout=10)
    first, again = world.requests()

    assert line.isprintable() or "\x1b" not in line
    assert (again["path"], again["request"]["body"]) == (first["path"], body)


@pytest.mark.slow
def test_going_back_closes_what_was_opened_since(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "faults"))
    expect(page.locator("main h1")).to_have_text("Faults")
    page.get_by_role("link", name="People").click()
    page.get_by_role("button", name="Snippets for ada").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()

    expect(page.locator("main h1")).to_have_text("Faults")
    expect(page.get_by_role("dialog")).to_have_count(0)


HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.slow
def test_nothing_that_anybody_wrote_becomes_markup(url: str, open_page: Open) -> None:
    mia = {"description": HOSTILE, "customer": {"first_name": HOSTILE, "labels": [HOSTILE]}}
    scenario = {"title": HOSTILE, "customers": {"mia": mia | {"payment_methods": {"card": 1}}}}
    opened = httpx.post(f"{url}/__mock__/sandboxes", json={"scenario": scenario}).json()
    fault = {"kind": "answer", "body": HOSTILE, "headers": {"X-A": HOSTILE}}
    httpx.post(f"{url}/__mock__/sandboxes/{opened['id']}/faults", json=fault)
    token = {"Authorization": f"Bearer {opened['customers'][0]['token']}", "User-Agent": HOSTILE}
    httpx.get(f"{url}/customers/my-account?{HOSTILE}", headers=token)
    for view in VIEWS:
        page = open_page(f"{url}/__mock__/#/{opened['id']}/{view}/mia")
        expect(page.locator("main h1")).to_have_text(view.capitalize())
        if view == "traffic":
            page.locator(".calls li:visible button").first.click()
            expect(page.get_by_label("The chosen request")).to_contain_text("Answer")
        assert page.locator("img[src=x]").count() == 0


@pytest.mark.slow
def test_no_name_gets_out_of_a_snippet(world: Sandbox, open_page: Open, tmp_path: Path) -> None:
    saved = world.snapshot()
    saved["scenario"]["name"] = '");import os;os.abort()#${process.exit(1)}`</script>'
    with world.server.sandbox(snapshot=saved) as forged:
        page = open_page(console(forged, "people"))
        page.get_by_role("button", name="Snippets for").first.click()
        texts = page.locator("dialog pre").all_inner_texts()
    python = next(text for text in texts if text.startswith("import pytest"))
    (marked,) = (
        node
        for node in ast.walk(ast.parse(python))
        if isinstance(node, ast.Constant) and "abort" in str(node.value)
    )

    assert marked.value == saved["scenario"]["name"]
    script = next(text for text in texts if text.startswith("import {"))
    (tmp_path / "snippet.mjs").write_text(script)
    subprocess.run([needs("node"), "--check", str(tmp_path / "snippet.mjs")], check=True)


@pytest.mark.slow
def test_the_address_of_a_sandbox_leads_to_its_console(world: Sandbox, open_page: Open) -> None:
    page = open_page(f"{world.url}/")

    expect(page.locator("[name=sandbox], #sandbox")).to_have_value(world.id)
