"""Where the server is, as its clients see it: directly, or behind a proxy."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from string import ascii_letters, digits
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
_HOST = frozenset(ascii_letters + digits + "-._~")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~@%-]+)+")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s]+")


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """What the URL of the server is made of, besides the connection itself."""

    url: str | None = None
    """The URL that clients use, whatever a request says; None takes it from the request."""
    trusted_proxies: Sequence[Network] = ()
    """Whose `X-Forwarded-Proto`, `-Host` and `-Prefix` are believed."""

    def reached_at(
        self,
        headers: Mapping[str, str],
        client: str | None,
        server: tuple[str, int],
        scheme: str,
        prefix: str,
    ) -> str:
        """
        The URL by which the client reached us, by a trusted proxy's headers or `Host`; the others
        are what the connection itself tells.
        """
        host = headers.get("host", "")
        if not is_host(host):
            # It is refused, or of HTTP/1.0, which need not name a host.
            host = host_and_port(*server)
        if self._trusts(client):
            scheme = _forwarded(headers, "proto", lambda text: text in ("http", "https")) or scheme
            host = _forwarded(headers, "host", is_host) or host
            prefix = _forwarded(headers, "prefix", _PREFIX.fullmatch) or prefix
        return f"{scheme}://{host}{prefix}"

    def _trusts(self, client: str | None) -> bool:
        if not self.trusted_proxies or client is None:
            return False
        try:
            address = ip_address(client.partition("%")[0])
        except ValueError:
            return False
        return any(address in network for network in self.trusted_proxies)


def _forwarded(headers: Mapping[str, str], name: str, valid: Callable[[str], object]) -> str | None:
    # The last of a list is what the proxy that is trusted added itself.
    text = headers.get(f"x-forwarded-{name}", "").rpartition(",")[2].strip().rstrip("/")
    return text if text and valid(text) else None


def host_and_port(host: str, port: int) -> str:
    """Host and port as URLs have them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def origin_of(url: str) -> str:
    """The web origin of a URL: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def web_origin(text: str) -> str:
    """
    An origin as browsers send it, from the text of an option.

    Raises:
        ValueError: it is none.
    """
    origin = text.lower().rstrip("/")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"'{text}' is not a web origin such as http://localhost:5173")
    default = {"http": ":80", "https": ":443"}.get(origin.partition(":")[0])
    return origin.removesuffix(default) if default else origin


def address(text: str) -> tuple[str, int]:
    """
    A host, or none, and a port.

    Raises:
        ValueError: it is neither HOST:PORT nor a port.
    """
    host, _, port = text.rpartition(":")
    known = not host or is_host(host)
    if not (known and port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise ValueError(f"'{text}' is not an address such as 127.0.0.1:4011, nor a port")
    return host, int(port)


def public_url(text: str) -> str:
    """
    The URL that a server is known by, without a slash at its end.

    Raises:
        ValueError: it is none.
    """
    url = text.rstrip("/")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    path_ok = not parts.path or _PREFIX.fullmatch(parts.path)
    if parts.scheme not in ("http", "https") or not is_host(parts.netloc) or not path_ok:
        raise ValueError(f"'{text}' is not a URL such as https://mock.example.test/my-account")
    if parts.query or parts.fragment:
        raise ValueError(f"'{text}' has a query or a fragment; leave it out")
    return url


def network(text: str) -> Network:
    """
    A proxy's address, or the network of several.

    Raises:
        ValueError: it is none.
    """
    try:
        return ip_network(text)
    except ValueError:
        message = f"'{text}' is not an address such as 127.0.0.1 or a network such as 10.0.0.0/8"
        raise ValueError(message) from None


@lru_cache(256)
def is_host(text: str) -> bool:
    """Whether text is a host as URLs have it: a name, an IPv4 or a bracketed IPv6 address."""
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host = text
    elif not (port.isascii() and port.isdigit() and len(port) <= 5):
        return False
    if host.startswith("[") and host.endswith("]"):
        try:
            return bool(IPv6Address(host[1:-1].partition("%")[0])) and "%" not in host
        except ValueError:
            return False
    return 0 < len(host) <= 255 and all(each in _HOST for each in host)
