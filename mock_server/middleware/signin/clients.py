"""The applications that customers sign in to."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mock_server.http.origin import is_host
from mock_server.middleware.admission import is_local


@dataclass(frozen=True, slots=True)
class Redirects:
    """Where a sign-in may lead back to: pages of this machine, and those below a prefix."""

    prefixes: tuple[str, ...]

    def __contains__(self, uri: object) -> bool:
        if not isinstance(uri, str):
            return False
        try:
            parts = urlsplit(uri)
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or parts.fragment:
            return False
        if not is_host(parts.netloc):
            # Browsers take a backslash for a slash: `http://evil.example\@localhost` is no address
            # of this machine.
            return False
        return is_local(parts.hostname) or any(
            uri == prefix or uri.startswith(prefix.rstrip("/") + "/") for prefix in self.prefixes
        )


@dataclass(frozen=True, slots=True)
class Client:
    """Any application: none is registered here, and none has a secret that would be checked."""

    client_id: str
    redirects: Redirects

    @property
    def client_metadata(self) -> Mapping[str, Redirects]:
        return {"post_logout_redirect_uris": self.redirects}

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or "openid"

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirects

    def check_client_secret(self, _secret: str) -> bool:
        return True

    def check_endpoint_auth_method(self, _method: str, _endpoint: str) -> bool:
        return True

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")
