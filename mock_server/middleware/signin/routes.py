"""The pages and endpoints of signing in, under `/` and under each sandbox's `/@ID/`."""

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http import problems
from mock_server.http.exchange import context_of
from mock_server.http.problems import Problem
from mock_server.http.router import refusal
from mock_server.http.site import READING, method_not_served
from mock_server.middleware.signin.clients import Redirects
from mock_server.middleware.signin.provider import ALGORITHM, SCOPES, Form, Provider, keys
from mock_server.worlds import tokens
from mock_server.worlds.account import Account
from mock_server.worlds.grants import Grant
from mock_server.worlds.sandbox import Sandbox
from mock_server.worlds.tokens import DEFAULT_SANDBOX

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS, LONGEST_FIELD = 100, 4096
_NQSCHAR = re.compile(r"[ !#-\[\]-~]*")
_PLAIN = {
    *("response_type", "grant_type", "redirect_uri", "post_logout_redirect_uri", "scope"),
    *("acr_values", "code", "refresh_token", "token", "token_type_hint", "prompt"),
}
"""Fields of such characters alone (RFC 6749, appendix A), which an error may quote."""
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Signing in to any sandbox."""

    find: Callable[[str], Sandbox]
    """The sandbox with an id; raises a Problem where there is none."""
    details: Callable[[Account], Any]
    """A customer's own record."""
    refusal_reason: Callable[[Account], str | None]
    """Why a customer cannot sign in, if so."""
    redirects: Sequence[str] = ()
    """Prefixes of addresses that a sign-in may lead back to, beside those of this machine."""

    @property
    def app(self) -> ASGIApp:
        """Serves every path of signing in; `scope["mock_sandbox"]` is the `/@ID` before it."""
        places: dict[str, tuple[Endpoint, str]] = {
            "/.well-known/openid-configuration": (self.configuration, READING),
            "/oauth/authorize": (self.authorize, f"{READING}, POST"),
            "/oauth/token": (self.token, "OPTIONS, POST"),
            "/oauth/userinfo": (self.userinfo, f"{READING}, POST"),
            "/oauth/jwks": (self.jwks, READING),
            "/oauth/revoke": (self.revoke, "OPTIONS, POST"),
            "/oauth/logout": (self.logout, f"{READING}, POST"),
        }

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response: ASGIApp
            if scope["path"] not in places:
                nothing = problems.not_found(f"There is nothing at {scope['path'][:200]}.")
                response = refusal(nothing)
            else:
                run, allowed = places[scope["path"]]
                method = scope["method"]
                if method == "OPTIONS" or method not in allowed.split(", "):
                    response = method_not_served(method, allowed)
                else:
                    response = await _run_endpoint(run, Request(scope, receive))
            await response(scope, receive, send)

        return answer

    async def configuration(self, request: Request) -> Response:
        """OpenID Connect Discovery 1.0."""
        self._sandbox(request)
        issuer = _issuer(request)
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "jwks",
            "revocation_endpoint": "revoke",
            "end_session_endpoint": "logout",
        }
        return JSONResponse(
            {"issuer": issuer}
            | {name: f"{issuer}/oauth/{last}" for name, last in endpoints.items()}
            | {
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "token_endpoint_auth_methods_supported": [
                    "none",
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "scopes_supported": list(SCOPES),
                "prompt_values_supported": ["none", "login", "select_account"],
                "request_parameter_supported": False,
                # Left out, it would be taken for true.
                "request_uri_parameter_supported": False,
            }
        )

    async def authorize(self, request: Request) -> Response:
        """Ask who signs in, or take it from `login_hint`, and lead back with a code."""
        form = _form(request)
        parameters = dict(form.fields)
        provider = self._provider(request, _named_sandbox(parameters))
        sandbox = provider.sandbox
        persona = _chosen_persona(request, sandbox, parameters)
        user = _new_grant(sandbox, persona, parameters) if persona else None
        authlib_request = provider.create_oauth2_request(form)
        try:
            grant = provider.get_consent_grant(authlib_request, end_user=user)
            if unsupported := _unsupported(parameters):
                raise _refused(*unsupported, grant.redirect_uri)
            if persona and (reason := self.refusal_reason(sandbox.account(persona))):
                raise _refused("access_denied", reason, grant.redirect_uri)
        except OAuth2Error as error:
            error.state = parameters.get("state")
            return _error_page(request, provider.handle_error_response(authlib_request, error))
        if user is None:
            return _choice_page(request, sandbox, parameters)
        response: Response = provider.create_authorization_response(
            authlib_request, grant_user=user, grant=grant
        )
        response.set_cookie(_cookie(sandbox), persona or "", httponly=True, samesite="lax")
        return response

    async def token(self, request: Request) -> Response:
        """Redeem a code or a refresh token."""
        form = _form(request)
        parameters = dict(form.fields)
        provider = self._provider(
            request, _prefix(parameters.get("code") or parameters.get("refresh_token"))
        )
        response: Response = provider.create_token_response(form)
        return response

    async def userinfo(self, request: Request) -> Response:
        """What the application may know of who signed in."""
        authorization = request.headers.get("authorization")
        tokens.check_bearer(authorization)
        token = (authorization or "").rpartition(" ")[2]
        provider = self._provider(request, _prefix(token))
        caller = provider.sandbox.caller(tokens.parse(token))
        if not isinstance(caller, Account):
            raise problems.invalid_token("This is no customer's token.")
        grant = provider.sandbox.grant_of(authorization)
        scope = grant.scope if grant else " ".join(SCOPES)
        return JSONResponse(provider.claims_of(caller.person.name, scope))

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse(keys().as_dict(private=False))

    async def revoke(self, request: Request) -> Response:
        """RFC 7009: the token, and everything that came of the same sign-in."""
        form = _form(request)
        provider = self._provider(request, _prefix(dict(form.fields).get("token")))
        response: Response = provider.create_endpoint_response("revocation", form)
        return response

    async def logout(self, request: Request) -> Response:
        """RP-initiated logout: this browser forgets who signed in."""
        form = _form(request)
        provider = self._provider(request)
        response = provider.create_endpoint_response("end_session", form) or _page(
            request, "Signed out", "<h1>You are signed out</h1>"
        )
        for name in request.cookies:
            if name.startswith(_COOKIE):
                response.delete_cookie(name)
        return response

    def _provider(self, request: Request, id: str | None = None) -> Provider:
        redirects = Redirects((_base(request), *self.redirects))
        return Provider(self._sandbox(request, id), _issuer(request), redirects, self.details)

    def _sandbox(self, request: Request, id: str | None = None) -> Sandbox:
        """The sandbox of the path, else the one that is named, else the default one."""
        name = request.scope.get("mock_sandbox") or id or DEFAULT_SANDBOX
        try:
            return self.find(name)
        except Problem:
            what = f"There is no sandbox '{quote(name[:64])}'."
            raise OAuth2Error(description=what) from None


Endpoint = Callable[[Request], Awaitable[Response]]


async def _run_endpoint(run: Endpoint, request: Request) -> ASGIApp:
    """The answer of an endpoint, or what it refuses the request with."""
    try:
        return await run(request)
    except OAuth2Error as error:
        body = {"error": error.error or "invalid_request"}
        return JSONResponse(body | {"error_description": error.description}, 400)
    except Problem as problem:
        return refusal(problem)


_COOKIE = "my-account-mock-"


def _cookie(sandbox: Sandbox) -> str:
    """Who is signed in at a sandbox in this browser, for `prompt=none`."""
    return f"{_COOKIE}{sandbox.id}"


def _base(request: Request) -> str:
    return str(request.scope["mock_base_url"])


def _issuer(request: Request) -> str:
    sandbox = request.scope.get("mock_sandbox")
    return f"{_base(request)}/@{sandbox}" if sandbox else _base(request)


def _form(request: Request) -> Form:
    """
    What is asked, in the query and the body.

    Raises:
        OAuth2Error: the body is not a form, or a field or the credentials have characters that
            they may not have.
    """
    _check_basic(request)
    fields = list(request.query_params.multi_items())
    body = context_of(request.scope).request.body
    if body:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != FORM:
            raise OAuth2Error(description=f"Send the body as {FORM}.")
        try:
            fields += parse_qsl(body.decode("latin-1"), True, max_num_fields=MOST_FIELDS)
        except ValueError:
            raise OAuth2Error(description=f"A form may have {MOST_FIELDS} fields.") from None
    if len(dict(fields)) < len(fields):
        # RFC 6749, 3.1 and 3.2: of two values, one half of a server may take the other one.
        raise OAuth2Error(description="A parameter may stand once only.")
    for name, text in fields:
        if len(text) > LONGEST_FIELD:
            raise OAuth2Error(description=f"A parameter may have {LONGEST_FIELD} characters.")
        if name in _PLAIN and not _NQSCHAR.fullmatch(text):
            raise OAuth2Error(description=f"{name} has a character that OAuth 2 does not allow.")
    # What has no value counts as left out (RFC 6749, 3.1).
    return Form(request.method, [each for each in fields if each[1]], request.headers)


def _check_basic(request: Request) -> None:
    try:
        extract_basic_authorization(request.headers)
    except ValueError:
        raise OAuth2Error(description="Basic credentials are base64 of UTF-8.") from None


def _named_sandbox(parameters: dict[str, str]) -> str | None:
    """The sandbox of `acr_values=sandbox:ID`."""
    values = parameters.get("acr_values", "").split()
    return next((each[8:] for each in values if each.startswith("sandbox:")), None)


def _prefix(token: str | None) -> str | None:
    """The sandbox that a code or a token names before its dot."""
    id, dot, _ = (token or "").partition(".")
    return id if dot else None


def _chosen_persona(request: Request, sandbox: Sandbox, parameters: dict[str, str]) -> str | None:
    """Who was chosen on the page, hinted at, or, for `prompt=none`, signed in here before."""
    chosen = parameters.get("persona") or parameters.get("login_hint")
    if chosen is None and parameters.get("prompt") == "none":
        chosen = request.cookies.get(_cookie(sandbox))
    return chosen if chosen in sandbox.world else None


def _new_grant(sandbox: Sandbox, persona: str, parameters: dict[str, str]) -> Grant:
    return Grant(
        secrets.token_hex(8),
        persona,
        parameters.get("client_id", ""),
        parameters.get("scope", "openid"),
        sandbox.clock.now(),
    )


def _unsupported(parameters: dict[str, str]) -> tuple[str, str] | None:
    """The error and its description, where an application asks for what is not offered."""
    if parameters.get("response_mode", "query") != "query":
        return "invalid_request", "response_mode is query, and nothing else"
    name = next((each for each in ("request", "request_uri") if each in parameters), None)
    # OpenID Connect Core 1.0, section 3.1.2.6.
    return (f"{name}_not_supported", f"leave out {name}") if name else None


def _refused(error: str, reason: str, redirect_uri: str) -> OAuth2Error:
    refused = OAuth2Error(description=reason, redirect_uri=redirect_uri)
    refused.error = error
    return refused


def _error_page(request: Request, response: Response) -> Response:
    """An error that leads back to the application as it is; any other as a page."""
    if isinstance(response, RedirectResponse) or "location" in response.headers:
        return response
    text = escape(bytes(response.body).decode())
    return _page(
        request,
        "This sign-in cannot go on",
        "<h1>This sign-in cannot go on</h1><p class='error' role='alert'>The application asked for"
        f" something that the provider refuses:</p><pre>{text}</pre>",
        400,
    )


def _choice_page(request: Request, sandbox: Sandbox, parameters: dict[str, str]) -> Response:
    """Everybody of the sandbox, to choose from."""
    cards = "".join(
        "<li class='card'><h2 dir='auto'>{name}</h2><p class='soft'>{text}</p>"
        "<div class='end'><a class='button' href='?{query}'>Sign in as {name}</a></div>"
        "</li>".format(
            name=escape(person.name),
            text=escape(person.description),
            query=escape(urlencode(parameters | {"persona": person.name})),
        )
        for person in sandbox.world.values()
    )
    client = escape(parameters.get("client_id", ""))
    return _page(
        request,
        "Sign in",
        f"<h1>Who signs in?</h1><p class='soft'>“{client}” wants to know. This is the mock's"
        f" sandbox {escape(sandbox.id)}; nobody here is real, and no password is needed.</p>"
        f"<ul class='grid'>{cards}</ul>",
    )


def _page(request: Request, title: str, body: str, status: int = 200) -> Response:
    # Relative, for a proxy may serve all of it below a path of its own.
    console = f"{'../' * (request.url.path.count('/') - 1)}__mock__/console"
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title>"
        f'<link rel="icon" href="{console}/icon.svg" type="image/svg+xml">'
        f'<link rel="stylesheet" href="{console}/console.css"></head>'
        f'<body><main class="stack">{body}</main></body></html>'
    )
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(text, status, headers)
