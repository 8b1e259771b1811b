"""The console follows what others do: scripts, other tabs, and the server that goes and comes."""

import re
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from mock_server.client.client import MockServer, Sandbox
from mock_server.client.process import running
from tests.browser.conftest import Open
from tests.browser.test_console import Look, asked, console
from tests.marks import rest_is_slow

ACCOUNT = "/customers/my-account"


@pytest.mark.parametrize("view", rest_is_slow(["people", "clock"]))
def test_the_clock_that_a_script_moves_is_the_one_that_is_shown(
    world: Sandbox, open_page: Open, view: str
) -> None:
    page = open_page(console(world, view))
    expect(page.locator("#time")).to_contain_text("1 Mar 2026")
    if view == "people":
        expect(page.locator("[data-persona=ada]")).to_contain_text("2 of 9 credits expired")
    world.set_clock(now="2030-03-01T09:00:00Z", running=True)

    expect(page.locator("#time")).to_contain_text("1 Mar 2030")
    if view == "people":
        expect(page.locator("[data-persona=ada]")).not_to_contain_text("2 of 9 credits expired")
    else:
        expect(page.locator("[data-now]")).to_contain_text("1 Mar 2030")
        expect(page.get_by_text("It runs with real time.")).to_be_visible()
        expect(page.get_by_label("Put it to (UTC)")).to_have_value(re.compile("^2030-03-01T09:00"))


@pytest.mark.slow
def test_who_is_renamed_elsewhere_has_the_new_name_and_the_others_stay_where_they_are(
    world: Sandbox, open_page: Open
) -> None:
    page = open_page(console(world, "people"))
    ben = page.locator("[data-persona=ben]").element_handle()
    world.change("ada", customer={"first_name": "Zoe"})

    expect(page.locator("[data-persona=ada] h2")).to_contain_text("Zoe")
    assert ben.evaluate("(each) => each.isConnected")


def test_what_is_changed_elsewhere_is_shown_in_state(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "state/ada"))
    expect(page.locator("[data-operation=getMyAccountDetails]")).to_be_visible()
    world.change("ada", credits={"gift": {"state": "open"}})

    expect(page.locator("[data-operation=listMyAccountCredits]")).to_contain_text("1 changed")


def test_a_fault_that_a_script_adds_and_removes_is_told(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "faults"))
    expect(page.get_by_text("Nothing goes wrong")).to_be_visible()
    world.fault("status", status=401)
    expect(page.locator("#banner")).to_contain_text("1 fault is at work")
    expect(page.locator("article")).to_contain_text("struck 0 calls")
    world.clear_faults()

    expect(page.locator("#banner")).to_have_text("")
    expect(page.locator("article")).to_have_count(0)


@pytest.mark.slow
def test_a_scenario_that_is_switched_elsewhere_is_told(world: Sandbox, open_page: Open) -> None:
    worlds, people = open_page(console(world, "world")), open_page(console(world, "people"))
    worlds.get_by_label("Seed (optional)").fill("7")
    expect(people.locator("[data-persona=eve]")).to_be_visible()
    world.use_scenario("failed-payment")

    expect(worlds.locator("main")).to_contain_text("This sandbox shows “failed-payment”")
    expect(worlds.get_by_label("Seed (optional)")).to_have_value("7")
    expect(worlds.locator("#sandbox option:checked")).to_contain_text("failed-payment")
    expect(people.locator("[data-persona=eve]")).to_have_count(0)


@pytest.mark.slow
def test_requests_that_are_forgotten_elsewhere_are_gone(world: Sandbox, open_page: Open) -> None:
    page = open_page(console(world, "traffic"))
    asked(world, "ada", ACCOUNT)
    expect(page.locator("#tabs .count")).to_have_text("1")
    world.server.call("POST", f"/__mock__/sandboxes/{world.id}/journal/clear")
    expect(page.locator("#tabs .count")).to_have_text("0")
    expect(page.locator(".calls li:visible")).to_have_count(0)
    world.advance("P1D")
    world.reset()
    asked(world, "ben", ACCOUNT)

    expect(page.locator("#tabs .count")).to_have_text("1")
    expect(page.locator("#time")).to_contain_text("1 Mar 2026")


@pytest.mark.slow
def test_after_a_restart_of_the_server_everything_is_shown_anew(open_page: Open) -> None:
    with ExitStack() as first:
        url = first.enter_context(running("--quiet"))
        page = open_page(f"{url}/__mock__/#/default/traffic")
        expect(page.locator("main h1")).to_have_text("Traffic")
        for _ in range(3):
            ask(url)
        expect(page.locator("#tabs .count")).to_have_text("3")
        state = open_page(f"{url}/__mock__/#/default/people")
        expect(state.locator("article").first).to_be_visible()
    expect(page.locator("#banner")).to_contain_text("The mock does not answer; trying again.")
    state.get_by_role("link", name="State", exact=True).click()
    expect(state.locator("main h1")).to_have_text("This cannot be shown")
    state.evaluate("() => { location.hash = '#/other/people' }")
    expect(state.locator("main")).to_contain_text("does not answer")
    state.evaluate("() => { location.hash = '#/default/state' }")

    with running("--quiet", "--port", str(urlsplit(url).port), "--now", "2026-03-01T09:00:00Z"):
        for _ in range(2):
            ask(url)
        expect(page.locator("#tabs .count")).to_have_text("2")
        expect(page.locator(".calls li:visible")).to_have_count(2)
        expect(page.locator("#time")).to_have_text("1 Mar 2026, 09:00:00 UTC · frozen")
        expect(page.locator("#banner")).to_have_text("")
        expect(state.locator("main h1")).to_have_text("State")
        state.close()
        page.close()


def ask(url: str) -> None:
    httpx.get(url + ACCOUNT, headers={"Authorization": "Bearer customer-ada"})


@pytest.mark.slow
def test_a_sandbox_that_is_closed_elsewhere_is_told_of_with_the_way_to_another(
    url: str, open_page: Open
) -> None:
    server = MockServer(url)
    world = server.sandbox()
    world.fault("status", status=401)
    page = open_page(console(world, "people"))
    expect(page.locator("#banner")).to_contain_text("1 fault is at work")
    world.close()
    server.close()

    expect(page.locator("main h1")).to_have_text("This sandbox is closed")
    expect(page.locator("#banner")).to_have_text("")
    expect(page.locator("article")).to_have_count(0)
    page.get_by_role("link", name="Go to the default sandbox").click()
    expect(page.locator("main h1")).to_have_text("People")
    expect(page.locator("#sandbox")).to_have_value("default")


@pytest.mark.slow
def test_a_sandbox_that_is_opened_elsewhere_is_in_the_list_when_one_turns_to_it(
    world: Sandbox, open_page: Open
) -> None:
    page = open_page(console(world, "people"))
    listed = page.locator("#sandbox")
    expect(listed).to_have_value(world.id)
    with world.server.sandbox() as other:
        listed.hover()
        expect(listed.locator(f"option[value='{other.id}']")).to_have_count(1)
        expect(listed).to_have_value(world.id)
        listed.select_option(other.id)
        expect(page.locator("[data-persona=ada] code")).to_contain_text(other.id)
    listed.focus()
    expect(page.locator("main h1")).to_have_text("This sandbox is closed")


def test_an_address_without_a_sandbox_is_that_of_the_default_one(url: str, open_page: Open) -> None:
    page = open_page(f"{url}/__mock__/#/")

    expect(page.locator("main h1")).to_have_text("People")
    expect(page.locator("#sandbox")).to_have_value("default")


NO_IDS = [
    "nothing",
    *(
        pytest.param(id, marks=pytest.mark.slow)
        for id in ("..", ".", "%2e%2e", "%E0%A4%A", "%2F", "a%3Fb", "a" * 300)
    ),
]


@pytest.mark.parametrize("id", NO_IDS)
@pytest.mark.parametrize("width", rest_is_slow([390, 1280]))
def test_what_is_no_sandbox_is_told_plainly_with_the_way_to_one(
    world: Sandbox, open_page: Open, looked_at: Look, id: str, width: int
) -> None:
    page = open_page(console(world, "people"), width=width)
    expect(page.locator("main h1")).to_have_text("People")
    page.evaluate("(id) => { location.hash = `#/${id}/people`; }", id)
    expect(page.locator("main h1")).to_have_text("There is no such sandbox")
    looked_at(page, f"console-none-{width}")
    page.get_by_role("link", name="Go to the default sandbox").click()
    expect(page.locator("#sandbox")).to_have_value("default")
    page.go_back()
    page.go_back()

    expect(page.locator("#sandbox")).to_have_value(world.id)
    asked(world, "ada", ACCOUNT)
    expect(page.locator("#tabs .count")).to_have_text("1")
