"""A real implementation: what a client sends goes there as it is, and comes back as it is."""

import re
import ssl
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from http import HTTPStatus
from pathlib import Path

import httpx
from starlette.types import Scope

from mock_server.http import problems
from mock_server.http.errors import UserError
from mock_server.http.problems import Problem

CONNECT_S = 10.0
KEEP_ALIVE_S = 2.0
"""Shorter than servers keep a connection, so that no request is sent into a closing one."""
MOST_MEMBERS = 16
"""So many parts of gzip one after another (RFC 1952, section 2.2) are read; more are nobody's."""
READABLE = ("gzip", "deflate", "identity")
"""How an answer may be compressed that is to be judged."""
_HOP_BY_HOP = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
        *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    )
)
"""Headers that are for one connection only (RFC 9110, section 7.6.1)."""
Raw = Sequence[tuple[bytes, bytes]]


class TrustError(UserError):
    """What was given to trust cannot be used; the message says why."""


class Upstream:
    """Where requests are forwarded to."""

    def __init__(
        self,
        url: str,
        *,
        insecure: bool = False,
        ca: Path | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """
        `insecure` trusts any certificate, `ca` is a file of authorities to trust besides the usual
        ones; `timeout_s` is for how long nothing may come.

        Raises:
            TrustError: the file cannot be used.
        """
        self.url, self.timeout_s = url, timeout_s
        self._base = httpx.URL(url)
        self._client = httpx.AsyncClient(
            verify=_tls_context(ca) if not insecure else False,
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            limits=httpx.Limits(max_connections=None, keepalive_expiry=KEEP_ALIVE_S),
        )

    async def send(self, scope: Scope, body: AsyncIterator[bytes] | None) -> httpx.Response:
        """
        Forward a request; the answer's body is still to be read, and the answer to be closed.

        Raises:
            Problem: 400, it cannot be sent at all; 502, there is nobody, or nobody who speaks
                HTTP; 504, nothing comes.
        """
        path = scope.get("raw_path") or scope["path"].encode()
        if not path.startswith(b"/"):
            raise problems.bad_request(f"Only paths are forwarded; '{scope['path'][:80]}' is none.")
        target = self._base.raw_path.rstrip(b"/") + path
        target += b"?" + scope["query_string"] if scope["query_string"] else b""
        url = self._base.copy_with(raw_path=target)
        # As it was written: dots, for one, would be taken out of it.
        as_written = {} if url.raw_path == target else {"target": target}
        request = httpx.Request(
            scope["method"],
            url,
            headers=[(b"Host", self._base.netloc), *_request_headers(scope["headers"])],
            content=body,
            extensions=as_written,
        )
        tried = f"{scope['method']} {self.url}{scope['path']}"
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise self._problem(tried, error) from None
        if unsendable := _unsendable(answer):
            await answer.aclose()
            what = f"{tried} was answered with {unsendable}, which HTTP does not allow."
            raise Problem(HTTPStatus.BAD_GATEWAY, what)
        return answer

    def failure(self, error: httpx.HTTPError) -> str:
        """Why an answer did not come to its end."""
        if isinstance(error, httpx.TimeoutException):
            return f"{self.url} sent nothing for {self.timeout_s:g} s"
        return f"{self.url} broke off its answer: {_reason(error)}"

    def _problem(self, tried: str, error: httpx.TransportError) -> Problem:
        if isinstance(error, httpx.LocalProtocolError):
            return problems.bad_request(f"{tried} cannot be forwarded: {_reason(error)}.")
        if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout):
            what = f"{tried} was not answered within {self.timeout_s:g} s."
            return Problem(HTTPStatus.GATEWAY_TIMEOUT, what)
        return Problem(HTTPStatus.BAD_GATEWAY, f"{tried} could not be sent: {_reason(error)}.")


def _unsendable(answer: httpx.Response) -> str | None:
    """What no server can send on."""
    if not 100 <= answer.status_code <= 599:
        return f"the status {answer.status_code}"
    unsendable = (name for name, value in answer.headers.raw if _CONTROL.search(value))
    name = next(unsendable, None)
    return None if name is None else f"a control character in {name.decode('latin-1')}"


_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def end_to_end(headers: Raw) -> list[tuple[bytes, bytes]]:
    """The headers without those that are for one connection only."""
    listed = (value for name, value in headers if name.lower() == b"connection")
    hop_by_hop = _HOP_BY_HOP | {
        name.strip().lower() for each in listed for name in each.split(b",")
    }
    return [(name, value) for name, value in headers if name.lower() not in hop_by_hop]


def decompress(headers: Iterable[tuple[str, str]], body: bytes, most: int) -> bytes:
    """
    The body as it was before it was compressed, but no more than its first `most` bytes; as it is
    where nobody can tell.
    """
    encodings = (text.lower() for name, text in headers if name.lower() == "content-encoding")
    plain = body
    for coding in reversed([each.strip() for text in encodings for each in text.split(",")]):
        try:
            plain = _inflate(coding, plain, most)
        except zlib.error:
            return body
    return plain


def _inflate(coding: str, body: bytes, most: int) -> bytes:
    if coding not in ("gzip", "x-gzip", "deflate") or not body:
        return body
    # Deflate is sent both with and without the header of zlib.
    has_header = coding != "deflate" or body[0] & 15 == zlib.DEFLATED
    windows = zlib.MAX_WBITS | 32 if has_header else -zlib.MAX_WBITS
    plain = b""
    for _ in range(MOST_MEMBERS):
        member = zlib.decompressobj(windows)
        plain += member.decompress(body, most - len(plain))
        body = member.unused_data
        if not body or len(plain) == most:
            break
    return plain


def _request_headers(headers: Raw) -> list[tuple[bytes, bytes]]:
    own = (b"host", b"expect", b"accept-encoding")
    forwarded = [each for each in end_to_end(headers) if each[0] not in own]
    for name, value in headers:
        if name == b"accept-encoding":
            codings = (each.strip() for each in value.decode("latin-1").split(","))
            readable = [each for each in codings if each.partition(";")[0].lower() in READABLE]
            forwarded.append((name, ", ".join(readable or ["identity"]).encode("latin-1")))
    return forwarded


def _tls_context(ca: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except OSError as error:
            reason = "no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
            raise TrustError(f"{ca}: cannot be trusted: {reason}") from None
    return context


def _reason(error: BaseException) -> str:
    """The innermost reason: that all attempts failed says nothing."""
    text = str(error) or type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            hint = "give its authority by --ca, or trust any by --insecure"
            return f"its certificate is not trusted ({cause.verify_message}); {hint}"
        if isinstance(cause, OSError) and cause.strerror:
            text = cause.strerror
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        else:
            cause = cause.__cause__ or cause.__context__
    return text
