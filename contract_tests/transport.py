"""The transport of both engines: TLS, proxies, deadlines and bounded answers."""

import ssl
import threading
import time
import weakref
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from contract_tests.target import Target, TargetError

SAFE = ("GET", "HEAD", "OPTIONS")
LARGEST = 16 * 2**20
"""Bytes of an answer that are read at the most, before and after it is unpacked."""


class NotSent(Exception):
    """A request that was kept from leaving; the message says why."""


class ReadOnly(NotSent):
    """A request that would write, in a run that must not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whole and unpacked; header names in lower case, one for each line."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    garbled: bool = False
    """Whether the content is not what its coding says, and as it came."""


class Broken(Exception):
    """No whole answer came; the message says why."""


class _Deadline(threading.local):
    at: float | None = None

    def left(self, timeout: float | None) -> float | None:
        """
        Seconds that one step may take: `timeout`, or what is left of the whole answer's time.

        Raises:
            ReadTimeout: nothing is left.
        """
        if self.at is None:
            return timeout
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("timed out")
        return left if timeout is None else min(timeout, left)


_DEADLINE = _Deadline()


@dataclass
class _Stream(httpcore.NetworkStream):
    """A connection that enforces the deadline of the whole answer at every step."""

    inner: httpcore.NetworkStream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _DEADLINE.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _DEADLINE.left(timeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _DEADLINE.left(timeout)
        return _Stream(self.inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _DEADLINE.left(timeout)
        return _Stream(super().connect_tcp(host, port, left, local_address, socket_options))


class ReadOnlyTransport(httpx.BaseTransport):
    """A transport that lets nothing out but GET, HEAD and OPTIONS."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a safe request; refuse any other."""
        if request.method not in SAFE:
            raise ReadOnly(f"{request.method} {request.url.path} was kept from leaving")
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close what it sends by."""
        self._inner.close()


@dataclass
class Sender:
    """Sends requests to a target, as its profile says: its headers, TLS, proxy and time."""

    target: Target
    inner: httpx.BaseTransport | None = None
    """Used in place of a socket, if given."""
    _transport: httpx.BaseTransport = field(init=False, repr=False)
    _headers: list[tuple[bytes, bytes]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        usual = {"User-Agent": "my-account-contract-tests", "Accept": "application/json"}
        headers = httpx.Headers(usual | {"Accept-Encoding": "gzip, deflate"})
        headers.update(self.target.headers)
        self._headers = headers.raw
        self._transport = self.inner or transport_of(self.target)

    def send(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes = b""
    ) -> Answer:
        """
        Send a request, and read its answer whole. A redirect is an answer as any other.

        Raises:
            ReadOnly: it would write, in a run that must not.
            Broken: no answer, or none that ends in time and within bounds.
        """
        if self.target.read_only and method not in SAFE:
            raise ReadOnly(f"{method} was kept from leaving: the run is read-only")
        own = [(name.encode(), _header_bytes(value)) for name, value in headers]
        names = {name.lower() for name, _ in own}
        usual = [each for each in self._headers if each[0].lower() not in names]
        timeout = httpx.Timeout(self.target.timeout_s).as_dict()
        try:
            with _in_time(self.target.timeout_s):
                # Without httpx's client, which takes its time, and would keep cookies for whoever
                # asks next.
                request = httpx.Request(
                    method,
                    _parsed(url),
                    headers=[*usual, *own],
                    content=body or None,
                    extensions={"timeout": timeout},
                )
                response = self._transport.handle_request(request)
                try:
                    return _read(response)
                finally:
                    response.close()
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise Broken(str(error) or type(error).__name__) from None


def _header_bytes(value: str) -> bytes:
    """A header's value as HTTP has it; what it has no letters for, as curl sends it."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


# To parse a URL takes a tenth of a request's time, and most are sent again.
_parsed = lru_cache(4096)(httpx.URL)


@contextmanager
def _in_time(seconds: float) -> Iterator[None]:
    _DEADLINE.at = time.monotonic() + seconds
    try:
        yield
    finally:
        _DEADLINE.at = None


def _read(response: httpx.Response) -> Answer:
    headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
    if response.is_stream_consumed:
        return Answer(response.status_code, headers, response.content)  # It came from no socket.
    raw = bytearray()
    for chunk in response.iter_raw():
        raw += chunk
        if len(raw) > LARGEST:
            raise Broken(f"the body is longer than {LARGEST // 2**20} MiB")
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    try:
        return Answer(response.status_code, headers, _unpack(bytes(raw), coding))
    except zlib.error:
        return Answer(response.status_code, headers, bytes(raw), garbled=True)


def _unpack(raw: bytes, coding: str) -> bytes:
    """
    Raises:
        zlib.error: it is not what the coding says.
    """
    if coding not in ("gzip", "x-gzip", "deflate") or not raw:
        # Identity, or a coding that was not asked for: whoever reads it finds that it is no JSON.
        return raw
    # A deflate stream may come with the header of zlib or bare; 47 takes zlib's and gzip's.
    bare = coding == "deflate" and (raw[0] & 15 != 8 or int.from_bytes(raw[:2]) % 31)
    unpacker = zlib.decompressobj(-15 if bare else 47)
    body = unpacker.decompress(raw, LARGEST)
    if unpacker.unconsumed_tail:
        raise Broken(f"the unpacked body is longer than {LARGEST // 2**20} MiB")
    if not unpacker.eof:
        raise zlib.error("it ends too early")
    return body


def transport_of(target: Target) -> httpx.BaseTransport:
    """A transport over sockets, with the proxy and the TLS of the target."""
    try:
        transport = httpx.HTTPTransport(verify=_context(target), proxy=proxy_of(target.base_url))
    except (ImportError, ValueError, httpx.InvalidURL):
        raise TargetError("the proxy that the environment names is none that can be used") from None
    # httpx has no option for it, and its own timeout is for each read: a byte a second never ends.
    transport._pool._network_backend = _Backend()
    # Laws open clients in passing; connections end with the last one that holds them.
    weakref.finalize(transport, transport._pool.close)
    return transport


def _context(target: Target) -> ssl.SSLContext | bool:
    if not target.base_url.startswith("https:") and not (
        proxy_of(target.base_url) or ""
    ).startswith("https:"):
        return False  # Nothing is encrypted; reading the certificates takes 40 ms.
    try:
        context = httpx.create_ssl_context(verify=not target.insecure)
        if target.ca and not target.insecure:
            context.load_verify_locations(cafile=str(target.ca))
        if target.cert:
            context.load_cert_chain(str(target.cert), str(target.key) if target.key else None)
    except (OSError, ssl.SSLError) as error:
        files = " ".join(str(each) for each in (target.ca, target.cert, target.key) if each)
        raise TargetError(f"ca, cert or key cannot be read ({files}): {error}") from None
    return context


def curl_options(target: Target) -> list[str]:
    """The options by which curl reaches a target as this kit does; they may hold secrets."""
    words = ["--insecure"] if target.insecure else []
    files = {"--cacert": target.ca, "--cert": target.cert, "--key": target.key}
    for name, value in {**files, "--proxy": proxy_of(target.base_url)}.items():
        words += [name, str(value)] if value else []
    for name, value in target.headers.items():
        words += ["-H", f"{name}: {value}"]
    return words


def proxy_of(url: str) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY name for a URL, if any."""
    parts, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
