"""Who may use the control API."""

from dataclasses import dataclass
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from mock_server.http import problems
from mock_server.http.exchange import Request


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom the control API answers."""

    token: str | None
    """What it asks for; None leaves it open to this machine."""
    open_to_all: bool = False

    def check(self, request: Request, *, names_operation: bool) -> None:
        """
        Let a request pass; documents and pages, which are no operations, need no token.

        Raises:
            Problem: 401 without the token, 403 for a page of another origin.
        """
        origin = request.headers.get("origin")
        if origin is not None and origin != request.base_url:
            raise problems.forbidden("The control API answers no other web origin.")
        if self.token is not None:
            if names_operation and not _bears(request, self.token):
                wanted = "the server's admin token: 'Authorization: Bearer TOKEN'"
                raise problems.invalid_token(f"The control API wants {wanted}.")
        elif not self.open_to_all and not is_local(urlsplit(request.base_url).hostname):
            # A page of another site whose name was made to lead here: DNS rebinding.
            raise problems.forbidden("The control API answers under a loopback name only.")


def is_local(host: str | None) -> bool:
    """Whether a host, by name or address, is this machine to itself."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _bears(request: Request, token: str) -> bool:
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    return compare_digest(sent.encode(), token.encode())
