"""Signing in by OAuth 2 authorization code with PKCE and OpenID Connect, with real clients."""

import secrets
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet

from mock_server.client.client import MockServer, Sandbox
from mock_server.worlds.grants import MOST, Code, Grant, Grants

BACK = "http://localhost:5173/callback"
SCOPE = "openid profile email offline_access"
ADDRESSES_ELSEWHERE = (
    "http://evil.example\\@localhost/",
    "http://evil.example\\\\@127.0.0.1/",
    "http://localhost@evil.example/",
    "http://evil.example@localhost/",
    "http://localhost.evil.example/",
    "http://evil.example#@localhost/",
    "http://evil.example?@localhost/",
    "http://[::1].evil.example/",
    "http://local\thost.evil.example/",
    "//localhost/",
    "javascript:alert(1)//localhost",
    "http://127.1/",
    "http://ⓛocalhost/",
)


@pytest.fixture
def world(url: str) -> Iterator[Sandbox]:
    server = MockServer(url)
    with server.sandbox(now="2026-03-01T09:00:00Z") as sandbox:
        yield sandbox
    server.close()


class Application:
    """An application that signs customers in, by Authlib's own client."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.known: dict[str, Any] = httpx.get(f"{issuer}/.well-known/openid-configuration").json()
        self.verifier = secrets.token_urlsafe(48)
        self.client = OAuth2Client(
            "shop", scope=SCOPE, redirect_uri=BACK, token_endpoint_auth_method="none"
        )
        weakref.finalize(self, self.client.close)

    def asks(self, **parameters: str) -> httpx.Response:
        """The provider's answer to an authorization request."""
        address, self.state = self.client.create_authorization_url(
            self.known["authorization_endpoint"],
            code_challenge=create_s256_code_challenge(self.verifier),
            code_challenge_method="S256",
            nonce="n-0S6_WzA2Mj",
            **parameters,
        )
        return httpx.get(address)

    def signs_in(self, persona: str, **parameters: str) -> dict[str, Any]:
        """The tokens that a sign-in ends with."""
        self.back = self.asks(login_hint=persona, **parameters).headers["Location"]
        return self.redeems()

    def redeems(self, **parameters: str) -> dict[str, Any]:
        token: dict[str, Any] = self.client.fetch_token(
            self.known["token_endpoint"],
            authorization_response=self.back,
            state=self.state,
            **({"code_verifier": self.verifier} | parameters),
        )
        return token

    def posts(self, endpoint: str, **fields: str) -> httpx.Response:
        return httpx.post(self.known[endpoint], data={"client_id": "shop"} | fields)


@pytest.fixture
def app(world: Sandbox) -> Application:
    return Application(world.url)


def account(world: Sandbox, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{world.server.url}/customers/my-account", headers=headers).status_code


def refused(answer: httpx.Response) -> str:
    return str(answer.json()["error"])


def led_back(answer: httpx.Response) -> dict[str, str]:
    """What a redirection to the application says."""
    location = answer.headers["Location"]
    assert location.startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_a_customer_signs_in_and_the_access_token_is_theirs(
    world: Sandbox, app: Application
) -> None:
    token = app.signs_in("ada")

    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, SCOPE)
    assert token["access_token"].startswith(f"{world.id}.customer-ada~")
    assert account(world, token["access_token"]) == 200


def test_the_id_token_is_signed_and_follows_the_clock_of_the_sandbox(
    world: Sandbox, app: Application
) -> None:
    token = app.signs_in("ada")
    keys = KeySet.import_key_set(httpx.get(app.known["jwks_uri"]).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims

    assert claims["iss"] == app.issuer == app.known["issuer"] == world.url
    assert (claims["aud"], claims["nonce"]) == ("shop", "n-0S6_WzA2Mj")
    assert (claims["iat"], claims["exp"]) == (1772355600, 1772359200)
    assert claims["sub"] == world.customer("ada").id
    assert (claims["name"], claims["email"]) == ("Ada Whitlock", "ada@example.com")
    assert "phone_number" not in claims


def test_an_hour_later_the_access_token_is_over_and_refreshing_helps(
    world: Sandbox, app: Application
) -> None:
    token = app.signs_in("ada")
    world.advance("PT1H")
    assert account(world, token["access_token"]) == 401

    again = app.posts(
        "token_endpoint", grant_type="refresh_token", refresh_token=token["refresh_token"]
    )
    assert account(world, again.json()["access_token"]) == 200


def test_a_refresh_token_that_is_used_again_ends_the_whole_sign_in(
    world: Sandbox, app: Application
) -> None:
    def refresh(text: str) -> httpx.Response:
        return app.posts("token_endpoint", grant_type="refresh_token", refresh_token=text)

    first = app.signs_in("ada")
    other = Application(world.url).signs_in("ada")
    second = refresh(first["refresh_token"]).json()
    third = refresh(second["refresh_token"]).json()

    assert refused(refresh(first["refresh_token"])) == "invalid_grant"
    assert refused(refresh(third["refresh_token"])) == "invalid_grant"
    assert account(world, third["access_token"]) == 401
    assert account(world, other["access_token"]) == 200
    assert refresh(other["refresh_token"]).status_code == 200


def test_a_refresh_gives_no_more_than_was_granted(app: Application) -> None:
    token = app.signs_in("ada", scope="openid offline_access")
    fields = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    more = app.posts("token_endpoint", **fields, scope="openid email offline_access")
    less = app.posts("token_endpoint", **fields, scope="openid")

    assert (more.status_code, refused(more)) == (400, "invalid_scope")
    assert less.status_code == 200


def test_a_refresh_token_runs_out_by_the_clock(world: Sandbox, app: Application) -> None:
    token = app.signs_in("ada")
    world.advance("P31D")
    answer = app.posts(
        "token_endpoint", grant_type="refresh_token", refresh_token=token["refresh_token"]
    )

    assert refused(answer) == "invalid_grant"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_what_is_revoked_opens_nothing_any_more(
    world: Sandbox, app: Application, kind: str
) -> None:
    token = app.signs_in("ada")
    other = Application(world.url).signs_in("ada")
    assert app.posts("revocation_endpoint", token=token[kind]).status_code == 200

    assert account(world, token["access_token"]) == 401
    assert account(world, other["access_token"]) == 200
    answer = app.posts(
        "token_endpoint", grant_type="refresh_token", refresh_token=token["refresh_token"]
    )
    assert refused(answer) == "invalid_grant"


def test_userinfo_tells_what_the_scopes_allow(world: Sandbox, app: Application) -> None:
    token = app.signs_in("ben")
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    told = httpx.get(app.known["userinfo_endpoint"], headers=headers).json()

    assert (told["sub"], told["preferred_username"]) == (world.customer("ben").id, "ben")
    assert "phone_number" not in told
    right = token["access_token"]
    for wrong in (
        *("", right, f"Basic {right}", f"Bearer {world.tokens['staff']}"),
        f"Bearer {world.tokens['expired']}",
    ):
        answer = httpx.get(app.known["userinfo_endpoint"], headers={"Authorization": wrong})
        assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, True)


def test_a_sandbox_is_named_by_acr_values_under_the_servers_own_issuer(
    url: str, world: Sandbox
) -> None:
    token = Application(url).signs_in("ada", acr_values=f"sandbox:{world.id}")

    assert token["access_token"].startswith(f"{world.id}.")
    assert account(world, token["access_token"]) == 200


def test_the_page_lists_everybody_and_a_choice_leads_back(world: Sandbox, app: Application) -> None:
    page = app.asks()

    assert page.status_code == 200
    assert all(f"Sign in as {each.persona}" in page.text for each in world.customers)
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_nobody_is_signed_in_silently_who_did_not_sign_in_here_before(app: Application) -> None:
    assert led_back(app.asks(prompt="none"))["error"] == "login_required"


def test_prompt_none_remembers_who_signed_in_in_this_browser(world: Sandbox) -> None:
    app = Application(world.url)
    address, _ = app.client.create_authorization_url(
        app.known["authorization_endpoint"], code_challenge="x" * 43, code_challenge_method="S256"
    )
    with httpx.Client() as browser:
        browser.get(f"{address}&login_hint=chloe")
        again = browser.get(f"{address}&prompt=none")
        browser.get(app.known["end_session_endpoint"])
        after = browser.get(f"{address}&prompt=none")

    assert "code" in led_back(again)
    assert led_back(after)["error"] == "login_required"


@pytest.mark.parametrize("persona", ["lena", "anon"])
def test_a_customer_who_is_locked_or_gone_is_denied(app: Application, persona: str) -> None:
    assert led_back(app.asks(login_hint=persona))["error"] == "access_denied"


@pytest.mark.parametrize(
    "back", ["https://evil.example/callback", "javascript:alert(1)", "//evil.example", ""]
)
def test_a_redirection_to_elsewhere_is_refused_without_following_it(
    app: Application, back: str
) -> None:
    query = {"client_id": "shop", "response_type": "code", "redirect_uri": back}
    answer = httpx.get(f"{app.known['authorization_endpoint']}?{urlencode(query)}&login_hint=ada")

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_code_is_good_once_and_its_reuse_ends_the_sign_in(
    world: Sandbox, app: Application
) -> None:
    token = app.signs_in("ada")
    code = parse_qs(urlsplit(app.back).query)["code"][0]
    answer = app.posts(
        "token_endpoint",
        grant_type="authorization_code",
        code=code,
        redirect_uri=BACK,
        code_verifier=app.verifier,
    )

    assert refused(answer) == "invalid_grant"
    assert account(world, token["access_token"]) == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "x" * 64}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:5173/other"}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "no-such-code"}, "invalid_grant"),
    ],
)
def test_a_wrong_request_for_tokens_is_refused(
    app: Application, changes: dict[str, str], error: str
) -> None:
    code = led_back(app.asks(login_hint="ada"))["code"]
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": app.verifier,
    }
    answer = app.posts("token_endpoint", **(fields | changes))

    assert (answer.status_code, refused(answer)) == (400, error)


def test_a_code_runs_out_by_the_clock(world: Sandbox, app: Application) -> None:
    app.back = app.asks(login_hint="ada").headers["Location"]
    world.advance("PT1M")
    with pytest.raises(Exception, match="invalid_grant"):
        app.redeems()


def test_no_challenge_a_plain_one_and_an_unknown_response_type_are_refused(
    app: Application,
) -> None:
    query = {"client_id": "shop", "response_type": "code", "redirect_uri": BACK}
    plain = query | {"code_challenge": "x" * 43, "code_challenge_method": "plain"}
    for wrong, error in (
        (plain, "invalid_request"),
        (query, "invalid_request"),
        (query | {"response_type": "token"}, "unsupported_response_type"),
    ):
        answer = httpx.get(f"{app.known['authorization_endpoint']}?{urlencode(wrong)}")
        assert led_back(answer)["error"] == error


def test_without_a_challenge_only_a_client_with_a_secret_redeems_a_code(
    app: Application,
) -> None:
    query = {"client_id": "shop", "response_type": "code", "redirect_uri": BACK, "nonce": "n-0S6"}
    query |= {"scope": "openid", "login_hint": "ada"}
    for auth, status in ((None, 400), (("shop", "secret"), 200)):
        answer = httpx.get(f"{app.known['authorization_endpoint']}?{urlencode(query)}")
        fields = {"grant_type": "authorization_code", "redirect_uri": BACK}
        fields |= {"code": led_back(answer)["code"]} | ({} if auth else {"client_id": "shop"})
        redeemed = httpx.post(app.known["token_endpoint"], data=fields, auth=auth)
        assert redeemed.status_code == status


@pytest.mark.parametrize("credentials", ["/w==", "%%%", "YQ==", "OjpA", "YTo=", "é"])
def test_credentials_that_are_none_are_refused(app: Application, credentials: str) -> None:
    headers = {"Authorization": f"Basic {credentials}".encode("latin-1")}
    fields = {"grant_type": "refresh_token", "refresh_token": "x"}
    answer = httpx.post(app.known["token_endpoint"], data=fields, headers=headers)

    assert answer.status_code in (400, 401)
    assert refused(answer) in ("invalid_request", "invalid_client")


def test_signing_out_believes_no_unsigned_id_token(app: Application) -> None:
    forged = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJzaG9wIn0."
    query = {"id_token_hint": forged, "post_logout_redirect_uri": BACK}
    answer = httpx.get(f"{app.known['end_session_endpoint']}?{urlencode(query)}")
    assert answer.status_code == 400

    query["id_token_hint"] = app.signs_in("ada")["id_token"]
    answer = httpx.get(f"{app.known['end_session_endpoint']}?{urlencode(query)}")
    assert answer.headers["Location"] == BACK


def test_a_reset_ends_every_sign_in(world: Sandbox, app: Application) -> None:
    token = app.signs_in("ada")
    world.reset()
    answer = app.posts(
        "token_endpoint", grant_type="refresh_token", refresh_token=token["refresh_token"]
    )

    assert refused(answer) == "invalid_grant"


def test_what_does_not_exist_is_told(url: str) -> None:
    assert httpx.get(f"{url}/oauth/nothing").status_code == 404
    answer = httpx.get(f"{url}/@nowhere/oauth/authorize?client_id=x&response_type=code")
    assert (answer.status_code, "nowhere" in answer.text) == (400, True)
    answer = httpx.get(f"{url}/@nowhere/.well-known/openid-configuration")
    assert (answer.status_code, "nowhere" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"request": "eyJ9.e30."}, "request_not_supported"),
        ({"request_uri": "https://shop.example/request"}, "request_uri_not_supported"),
    ],
)
def test_what_discovery_does_not_offer_is_refused(
    app: Application, asked: dict[str, str], error: str
) -> None:
    assert led_back(app.asks(login_hint="ada", **asked))["error"] == error


def test_a_parameter_without_a_value_counts_as_left_out(app: Application) -> None:
    query = {"client_id": "", "response_type": "code", "redirect_uri": BACK, "login_hint": "ada"}
    answer = httpx.get(f"{app.known['authorization_endpoint']}?{urlencode(query)}")

    assert answer.status_code == 400


def test_a_page_of_any_origin_may_discover_and_redeem(url: str) -> None:
    headers = {"Origin": "http://localhost:5173"}
    for path in ("/.well-known/openid-configuration", "/oauth/jwks"):
        assert "Access-Control-Allow-Origin" in httpx.get(url + path, headers=headers).headers


@pytest.mark.parametrize("address", ADDRESSES_ELSEWHERE)
def test_no_address_that_only_looks_like_this_machine_is_led_back_to(
    app: Application, address: str
) -> None:
    answer = app.asks(login_hint="ada", redirect_uri=address)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("endpoint", ["authorization", "token", "revocation", "end_session"])
@pytest.mark.parametrize("field", ["response_type", "redirect_uri", "scope", "token", "code", "x"])
@pytest.mark.parametrize("text", ["\0", "é", '"', "\\", "\r\nX: y", "\ud7ff😀", "x" * 20_000])
def test_no_field_brings_the_provider_down(
    app: Application, endpoint: str, field: str, text: str
) -> None:
    fields = {"grant_type": "authorization_code", "response_type": "code", "redirect_uri": BACK}

    assert app.posts(f"{endpoint}_endpoint", **fields | {field: text}).status_code < 500


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("multipart/form-data; boundary=x", b"code=x"),
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"a=b&" * 1000),
        ("application/x-www-form-urlencoded", b"a=" + b"b" * (2 << 20)),
    ],
)
def test_what_is_no_form_is_refused(app: Application, media_type: str, body: bytes) -> None:
    headers = {"Content-Type": media_type}
    answer = httpx.post(app.known["token_endpoint"], content=body, headers=headers)

    assert answer.status_code in (400, 413)


def test_of_many_sign_ins_the_latest_are_remembered() -> None:
    grants, now = Grants(), datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(3 * MOST):
        grant = Grant(f"{number}", "ada", "shop", "openid", now)
        grants.offer(f"code-{number}", code := Code(grant, BACK, "", "", None))
        grants.use(code)
        grants.keep(grant, f"refresh-{number}")

    assert grants.of_refresh_token(f"refresh-{3 * MOST - 1}", now)
    assert grants.of_refresh_token("refresh-0", now) is None
    held = sum(len(getattr(grants, name)) for name in Grants.__slots__)
    assert held <= 5 * MOST


def test_a_parameter_that_stands_twice_is_refused(app: Application) -> None:
    good = f"client_id=shop&response_type=code&login_hint=ada&redirect_uri={BACK}"
    elsewhere = "redirect_uri=https://evil.example/"
    for query in (f"{good}&{elsewhere}", f"{elsewhere}&{good}", f"{good}&state=a&state=b"):
        answer = httpx.get(f"{app.known['authorization_endpoint']}?{query}")
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
