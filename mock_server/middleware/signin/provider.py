"""The OpenID provider of the mock: Authlib does the protocol, a sandbox is whom it speaks for."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from authlib.oidc.rpinitiated import EndSessionEndpoint
from joserfc.jwk import KeySet, RSAKey
from starlette.responses import Response

from mock_server.middleware.signin.clients import Client, Redirects
from mock_server.worlds.account import Account
from mock_server.worlds.grants import ACCESS_LIFETIME, Code, Grant
from mock_server.worlds.sandbox import Sandbox

SCOPES = ("openid", "profile", "email", "phone", "offline_access")
ALGORITHM = "RS256"


@cache
def keys() -> KeySet:
    """The keys that id tokens are signed with; made when first needed, good until a restart."""
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    return KeySet([key])


@dataclass(frozen=True, slots=True)
class Form:
    """A request of the protocol, whatever carried it."""

    method: str
    fields: Sequence[tuple[str, str]]
    headers: Mapping[str, str]


class _Request(OAuth2Request):
    """Authlib's request. It wants https everywhere; a mock is often served without."""

    def __init__(self, form: Form) -> None:
        # As they are: only these know names in any case, and Authlib asks for `Authorization`.
        super().__init__(form.method, "https://mock.invalid/", headers=form.headers)
        fields: dict[str, list[str]] = {}
        for name, value in form.fields:
            fields.setdefault(name, []).append(value)
        self.payload = BasicOAuth2Payload({name: values[0] for name, values in fields.items()})
        self.payload._datalist = fields
        self._fields = self.payload.data

    @property
    def args(self) -> Mapping[str, str]:
        return self._fields

    @property
    def form(self) -> Mapping[str, str]:
        return self._fields


class Provider(AuthorizationServer):
    """The provider as it is for one request: under one issuer, for one sandbox."""

    def __init__(
        self,
        sandbox: Sandbox,
        issuer: str,
        redirects: Redirects,
        details: Callable[[Account], Any],
    ) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.sandbox, self.issuer, self.redirects = sandbox, issuer, redirects
        self._details = details
        self.register_grant(_CodeGrant, [_Challenge(required=True), _IdToken(self)])
        self.register_grant(_RefreshGrant, [_IdToken(self)])
        self.register_endpoint(_Revocation)
        self.register_endpoint(_EndSession)
        self.register_token_generator("default", self._tokens)

    @property
    def now(self) -> datetime:
        return self.sandbox.clock.now()

    def claims_of(self, persona: str, scope: str) -> UserInfo:
        """What an application may know of a customer, by the scopes that it was granted."""
        customer = self._details(self.sandbox.account(persona))
        return UserInfo(
            sub=customer.id,
            name=customer.full_name,
            given_name=customer.first_name,
            family_name=customer.last_name,
            preferred_username=persona,
            birthdate=customer.dob,
            locale=customer.preferred_locale,
            updated_at=int(customer.updated_at.timestamp()),
            email=customer.email,
            email_verified=customer.email_verified_at is not None,
            phone_number=customer.phone,
        ).filter(scope)

    def query_client(self, client_id: str) -> Client:
        return Client(client_id, self.redirects)

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        if "refresh_token" in token:
            self.sandbox.grants.keep(request.user, token["refresh_token"])

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        return request if isinstance(request, OAuth2Request) else _Request(request)

    def handle_response(
        self, status: int, body: Any, headers: Sequence[tuple[str, str]]
    ) -> Response:
        text = json.dumps(body) if isinstance(body, dict) else body
        return Response(text, status, dict(headers))

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def _tokens(self, *, user: Grant, scope: str, include_refresh_token: bool, **_: Any) -> Any:
        """An access token is a customer token of the sandbox, good for an hour by its clock."""
        expires = self.now.replace(microsecond=0) + ACCESS_LIFETIME
        token = {
            "token_type": "Bearer",
            "access_token": self.sandbox.mint(user.persona, expires, grant=user.id),
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "scope": scope,
        }
        if include_refresh_token:
            token["refresh_token"] = f"{self.sandbox.id}.{secrets.token_urlsafe(24)}"
        return token


class _Challenge(CodeChallenge):
    """PKCE, with S256 alone; who has a secret may do with a nonce (OAuth 2.1, 7.5.1)."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        super().validate_code_challenge(grant, redirect_uri)
        parameters = grant.request.payload.data
        if not parameters.get("code_challenge") and not parameters.get("nonce"):
            what = "Send 'code_challenge' with 'code_challenge_method=S256' (PKCE)."
            raise InvalidRequestError(what)


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        parameters = request.payload.data
        self.server.sandbox.grants.offer(
            code,
            Code(
                request.user,
                parameters["redirect_uri"],
                parameters.get("code_challenge", ""),
                parameters.get("code_challenge_method", ""),
                parameters.get("nonce"),
            ),
        )

    def generate_authorization_code(self) -> str:
        return f"{self.server.sandbox.id}.{secrets.token_urlsafe(24)}"

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        redeemed = self.server.sandbox.grants.redeem(code, self.server.now)
        return redeemed if redeemed and redeemed.grant.check_client(client) else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.sandbox.grants.use(authorization_code)

    def authenticate_user(self, authorization_code: Code) -> Grant:
        return authorization_code.grant


class _RefreshGrant(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _CodeGrant.TOKEN_ENDPOINT_AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Grant | None:
        return self.server.sandbox.grants.of_refresh_token(refresh_token, self.server.now)

    def authenticate_user(self, refresh_token: Grant) -> Grant:
        return refresh_token

    def revoke_old_credential(self, refresh_token: Grant) -> None:
        """`Grants.keep` has done so: a refresh token is good once."""


class _IdToken(OpenIDCode):
    """Signed, by the sandbox's clock."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._provider = provider

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return False

    def resolve_client_private_key(self, client: Client) -> KeySet:
        return keys()

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": ALGORITHM, "kid": str(keys().keys[0].kid)}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        now = int(self._provider.now.timestamp())
        return {
            "iss": self._provider.issuer,
            "aud": client.client_id,
            "iat": now,
            "exp": now + int(ACCESS_LIFETIME.total_seconds()),
            "auth_time": now,
            "acr": f"sandbox:{self._provider.sandbox.id}",
        }

    def generate_user_info(self, user: Grant, scope: str) -> UserInfo:
        return self._provider.claims_of(user.persona, scope)


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = _CodeGrant.TOKEN_ENDPOINT_AUTH_METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Grant | None:
        provider = self.server
        grant = provider.sandbox.grants.of_refresh_token(token_string, provider.now)
        return grant or provider.sandbox.grant_of(token_string)

    def revoke_token(self, token: Grant, request: OAuth2Request) -> None:
        self.server.sandbox.grants.revoke(token)


class _EndSession(EndSessionEndpoint):
    def get_server_jwks(self) -> KeySet:
        return keys()

    def get_algorithms(self) -> list[str]:
        return [ALGORITHM]

    def end_session(self, end_session_request: Any) -> None:
        """The routes take the cookie away; tokens are revoked by their own endpoint."""
