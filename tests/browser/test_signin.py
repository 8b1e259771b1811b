"""Signing in and the shopfront, in a browser: by hand, under clock and faults."""

import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from mock_server.client.client import Sandbox
from tests.browser.conftest import Open, at_every_width_and_scheme
from tests.conftest import Serve

Look = Callable[[Page, str], None]
SLOW = pytest.mark.slow
CACHE = Path(__file__).parents[2] / ".cache" / "npm"
OIDC_CLIENT = "oidc-client-ts@3.5.0"


def shopfront(sandbox: Sandbox, hint: str = "", page: str = "account") -> str:
    hinted = f"&login_hint={hint}" if hint else ""
    url = sandbox.server.url
    return f"{url}/__mock__/shopfront/?sandbox={sandbox.id}{hinted}#/{page}"


def signed_in(sandbox: Sandbox, open_page: Open, persona: str, page: str = "account") -> Page:
    opened = open_page(shopfront(sandbox, persona, page))
    opened.get_by_role("button", name="Sign in").click()
    expect(opened.get_by_role("button", name="Sign out")).to_be_visible()
    return opened


def section(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


@pytest.mark.long
@at_every_width_and_scheme("shopfront")
def test_every_page_of_signing_in_and_of_the_shopfront_is_accessible(
    world: Sandbox, open_page: Open, looked_at: Look, view: str, dark: bool, width: int
) -> None:
    suffix = f"{'dark' if dark else 'light'}-{width}"
    page = open_page(shopfront(world), dark=dark, width=width)
    looked_at(page, f"{view}-welcome-{suffix}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Who signs in?")).to_be_visible()
    looked_at(page, f"sign-in-{suffix}")
    page.get_by_role("link", name="Sign in as ada").click()
    expect(page.get_by_text("ada@example.com")).to_be_visible()
    looked_at(page, f"{view}-account-{suffix}")
    page.get_by_role("link", name="My Bookings").click()
    expect(page.get_by_text("Page 1 of 28")).to_be_visible()
    looked_at(page, f"{view}-bookings-{suffix}")


def test_orders_are_turned_page_by_page(world: Sandbox, open_page: Open) -> None:
    page = signed_in(world, open_page, "ada", "bookings")
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_text("Page 2 of 28, 137 orders")).to_be_visible()
    page.get_by_role("button", name="Newer").click()

    expect(page.get_by_text("Page 1 of 28")).to_be_visible()
    expect(page.get_by_role("button", name="Newer")).to_be_disabled()


@pytest.mark.slow
def test_credits_are_filtered(world: Sandbox, open_page: Open) -> None:
    page = signed_in(world, open_page, "ada")
    credits = section(page, "Credits")
    expect(credits.locator("li")).to_have_count(4)
    credits.get_by_label("Show expired ones").check()

    expect(credits.locator("li")).to_have_count(6)


@pytest.mark.slow
def test_the_404_of_payment_methods_is_explained(world: Sandbox, open_page: Open) -> None:
    page = signed_in(world, open_page, "eve")

    expect(page.get_by_text("You have not paid for anything yet")).to_be_visible()


def test_a_toggle_is_shown_at_once_and_put_back_on_403(world: Sandbox, open_page: Open) -> None:
    page = signed_in(world, open_page, "dmitri")
    operation = "actionMyAccountMarketingPreferenceOptIn"
    world.fault("status", operation, status=403, count=1)
    held: list[Route] = []
    page.route("**/marketing-preferences/*", lambda route: held.append(route), times=1)
    # By its name: until preferences are there, the last of the page is a filter of credits.
    box = page.get_by_role("checkbox", name="wellness partners")
    box.click()
    expect(box).to_be_checked()
    held[0].continue_()
    expect(page.get_by_text("You may not change this one.")).to_be_visible()
    expect(box).not_to_be_checked()

    box.click()
    expect(page.get_by_text("You will hear from us.")).to_be_visible()
    expect(box).to_be_checked()


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("status", {"status": 503, "off_contract": True}, "a problem of its own"),
        ("malformed_json", {}, "something that we do not understand"),
        ("answer", {"body": {"data": [None]}}, "something that we do not understand"),
        pytest.param("wrong_type", {}, "something that we do not understand", marks=SLOW),
        pytest.param("EMPTY_RESPONSE", {}, "could not reach the spa", marks=SLOW),
        pytest.param("CONNECTION_RESET_BY_PEER", {}, "could not reach the spa", marks=SLOW),
        pytest.param("RANDOM_DATA_THEN_CLOSE", {}, "could not reach the spa", marks=SLOW),
        pytest.param("truncated", {}, "something that we do not understand", marks=SLOW),
    ],
)
def test_every_fault_is_survived_with_words_and_a_way_to_try_again(
    world: Sandbox, open_page: Open, kind: str, more: dict[str, object], words: str
) -> None:
    fault = world.fault(kind, "listMyAccountCharges", **more)
    page = signed_in(world, open_page, "ada")
    charges = section(page, "Charges")
    expect(charges).to_contain_text(words)
    expect(section(page, "Memberships")).to_contain_text("Thermal Club")

    world.remove_fault(fault["id"])
    charges.get_by_role("button", name="Try again").click()
    expect(charges).to_contain_text("£")


@pytest.mark.slow
def test_a_limit_is_waited_for_as_long_as_it_says(world: Sandbox, open_page: Open) -> None:
    world.fault("rate_limit", "listMyAccountCharges", retry_after_s=1, count=1)
    page = signed_in(world, open_page, "ada")

    expect(section(page, "Charges")).to_contain_text("£")
    world.assert_requested("listMyAccountCharges", times=2)


def test_after_an_hour_the_session_is_refreshed_and_nobody_notices(
    world: Sandbox, open_page: Open
) -> None:
    page = signed_in(world, open_page, "ada")
    world.advance("PT2H")
    page.get_by_role("link", name="My Bookings").click()

    expect(page.get_by_text("Page 1 of 28")).to_be_visible()


@pytest.mark.slow
def test_a_session_that_cannot_be_refreshed_ends_with_a_word(
    world: Sandbox, open_page: Open
) -> None:
    page = signed_in(world, open_page, "ada")
    # What still loads would end the session before the click does.
    expect(page.locator("[aria-busy]")).to_have_count(0)
    world.advance("P60D")
    page.get_by_role("link", name="My Bookings").click()

    expect(page.get_by_text("Your session is over. Please sign in again.")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_signing_out_leads_back_signed_out(world: Sandbox, open_page: Open) -> None:
    page = signed_in(world, open_page, "ada")
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


@pytest.mark.slow
def test_a_locked_customer_is_told_why(world: Sandbox, open_page: Open) -> None:
    page = open_page(shopfront(world, "lena"))
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("This customer is locked")).to_be_visible()


PAGE = """<!doctype html><title>An application</title><p id="who">nobody</p>
<script type="module">
import { UserManager } from "./oidc.js";
const manager = new UserManager({ authority: "AUTHORITY", client_id: "shop",
  redirect_uri: location.origin + "/", scope: "openid profile offline_access",
  extraQueryParams: { login_hint: "ada" } });
const user = new URLSearchParams(location.search).has("code")
  ? await manager.signinRedirectCallback() : null;
if (user) {
  const answer = await fetch("API/customers/my-account",
    { headers: { Authorization: `Bearer ${user.access_token}` } });
  const { data } = await answer.json();
  const again = await manager.signinSilent();
  const renewed = again.refresh_token !== user.refresh_token;
  who.textContent = `${user.profile.name}, ${data.full_name}, ${renewed}`;
} else await manager.signinRedirect();
</script>"""


@pytest.fixture
def application(world: Sandbox, tmp_path: Path) -> Iterator[str]:
    """A page of another origin that signs in with oidc-client-ts."""
    npm = ["npm", "install", "--prefix", str(tmp_path), "--cache", str(CACHE), "--no-save"]
    subprocess.run([*npm, "--silent", "--no-audit", "--no-fund", OIDC_CLIENT], check=True)
    module = tmp_path / "node_modules/oidc-client-ts/dist/esm/oidc-client-ts.js"
    bundled = tmp_path / "site"
    bundled.mkdir()
    jwt = tmp_path / "node_modules/jwt-decode/build/esm/index.js"
    (bundled / "jwt-decode.js").write_text(jwt.read_text())
    (bundled / "oidc.js").write_text(
        module.read_text().replace('"jwt-decode"', '"./jwt-decode.js"')
    )
    page = PAGE.replace("AUTHORITY", world.url).replace("API", world.server.url)
    (bundled / "index.html").write_text(page)

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(bundled))

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.slow
def test_a_page_of_another_origin_signs_in_with_oidc_client_ts(
    application: str, open_page: Open
) -> None:
    page = open_page(application)

    expect(page.locator("#who")).to_have_text("Ada Whitlock, Ada Whitlock, true")


class Prefixing(BaseHTTPRequestHandler):
    """Serves a mock below /sales, and nothing beside it."""

    upstream = ""

    def forward(self) -> None:
        if not self.path.startswith("/sales/"):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = dict(self.headers) | {
            "X-Forwarded-Host": self.headers["Host"],
            "X-Forwarded-Prefix": "/sales",
            "Accept-Encoding": "identity",
        }
        path = self.path.removeprefix("/sales")
        answer = httpx.request(
            self.command, f"{self.upstream}{path}", headers=headers, content=body
        )
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_DELETE = forward  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Nothing of it is of interest."""


@pytest.mark.slow
def test_below_a_path_of_a_proxy_the_shopfront_and_its_sign_in_work(
    serve: Serve, open_page: Open, looked_at: Look
) -> None:
    upstream = serve("--trusted-proxy", "127.0.0.1")
    handler = type("Handler", (Prefixing,), {"upstream": upstream})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/sales"
        page = open_page(f"{url}/__mock__/shopfront/#/bookings")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Who signs in?")).to_be_visible()
        looked_at(page, "sign-in-below-a-path")
        page.get_by_role("link", name="Sign in as ada").click()
        expect(page.get_by_text("Page 1 of 28")).to_be_visible()
        page.get_by_role("button", name="Older").click()
        expect(page.get_by_text("Page 2 of 28, 137 orders")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        server.shutdown()
