"""What a sandbox remembers of sign-ins: codes that wait to be redeemed, and what they granted."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

CODE_LIFETIME = timedelta(minutes=1)
ACCESS_LIFETIME = timedelta(hours=1)
REFRESH_LIFETIME = timedelta(days=30)
MOST = 1000
"""So many codes, and so many grants, are remembered of a sandbox; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a customer allowed an application, from signing in until it is revoked or runs out."""

    id: str
    persona: str
    client_id: str
    scope: str
    signed_in_at: datetime

    @property
    def expires(self) -> datetime:
        """When its refresh token runs out."""
        return self.signed_in_at + REFRESH_LIFETIME

    def check_client(self, client: Any) -> bool:
        """Whether it was given to this application; Authlib asks."""
        return bool(self.client_id == client.client_id)

    def get_scope(self) -> str:
        """What was granted; Authlib asks."""
        return self.scope


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, and the request that it was issued for."""

    grant: Grant
    redirect_uri: str
    code_challenge: str
    code_challenge_method: str
    nonce: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.grant.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.grant.signed_in_at.timestamp())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass(slots=True)
class Grants:
    """The sign-ins of one sandbox; a restart forgets them, and access tokens stay good."""

    _codes: dict[str, Code] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    """Ids of the grants whose code was redeemed."""
    _by_id: dict[str, Grant] = field(default_factory=dict)
    _by_refresh_token: dict[str, Grant] = field(default_factory=dict)
    _refresh_tokens: dict[str, str] = field(default_factory=dict)
    """The latest of each grant, by its id."""
    _rotated: dict[str, Grant] = field(default_factory=dict)
    """By the refresh tokens that newer ones replaced."""
    revoked: set[str] = field(default_factory=set)
    """Ids of grants that were taken back: their access tokens are no longer good."""

    def offer(self, text: str, code: Code) -> None:
        """Let a code be redeemed, once."""
        self._codes[text] = code
        if len(self._codes) > MOST:
            self._used.discard(self._codes.pop(next(iter(self._codes))).grant.id)

    def redeem(self, text: str, now: datetime) -> Code | None:
        """The code; one that was used before takes its whole grant with it (RFC 6749, 4.1.2)."""
        code = self._codes.get(text)
        if code is None:
            return None
        if code.grant.id in self._used:
            self.revoke(code.grant)
            return None
        return code if now < code.grant.signed_in_at + CODE_LIFETIME else None

    def use(self, code: Code) -> None:
        """A code has been redeemed."""
        self._used.add(code.grant.id)

    def keep(self, grant: Grant, refresh_token: str) -> None:
        """Remember a grant under its latest refresh token, which replaces the one before it."""
        if (text := self._refresh_tokens.get(grant.id)) is not None:
            self._rotated[text] = grant
            if len(self._rotated) > MOST:
                del self._rotated[next(iter(self._rotated))]
        self._forget_refresh_token(grant.id)
        self._refresh_tokens[grant.id], self._by_refresh_token[refresh_token] = refresh_token, grant
        self._by_id[grant.id] = grant
        if len(self._by_id) > MOST:
            oldest = next(iter(self._by_id))
            self._forget_refresh_token(oldest)
            del self._by_id[oldest]

    def _forget_refresh_token(self, id: str) -> None:
        if (text := self._refresh_tokens.pop(id, None)) is not None:
            del self._by_refresh_token[text]

    def of_refresh_token(self, text: str, now: datetime) -> Grant | None:
        """
        The grant that a refresh token belongs to, while both are good; one that was replaced takes
        its whole grant with it, for one of two who have it is a thief (RFC 9700, 4.14.2).
        """
        if (stolen := self._rotated.get(text)) is not None:
            self.revoke(stolen)
        grant = self._by_refresh_token.get(text)
        if grant is None or grant.id in self.revoked or grant.expires <= now:
            return None
        return grant

    def of(self, id: str | None) -> Grant | None:
        """A grant by its id."""
        return self._by_id.get(id or "")

    def revoke(self, grant: Grant) -> None:
        """Take a grant back, with every token that came of it."""
        self.revoked.add(grant.id)
