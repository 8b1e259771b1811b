"""An implementation seen through a mutant: a transport laid round the one that reaches it."""

from collections.abc import Iterable
from urllib.parse import urlsplit

import httpx
from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response
from contract_tests.mutants.mutant import NOT_APPLICABLE, Mutant, without_header
from contract_tests.mutants.people import People
from contract_tests.transport import SAFE, ReadOnly

LENGTH = "content-length"
_OF_THE_BODY = ("content-length", "content-encoding", "transfer-encoding")
"""Headers that do not hold for a body that was changed."""
_OF_THE_SERVER = "/__"
"""What a server keeps for itself, as our mock does its control API."""


class MutantTransport(httpx.BaseTransport):
    """Sends requests to an implementation, and lets a mutant change what is asked and answered."""

    def __init__(self, mutant: Mutant, inner: httpx.BaseTransport, people: People) -> None:
        self._change, self._inner, self._people = mutant.make(), inner, people
        self._prefix = urlsplit(people.target.base_url).path.rstrip("/")
        self.touched = False
        """Whether an answer, or what was written, differed from the implementation's own."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The mutant's answer; the implementation's own to what lies outside the API."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        outside = not path.startswith(f"{self._prefix}/") or path.startswith(_OF_THE_SERVER)
        if outside:
            return self._inner.handle_request(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(
            request.method, path.removeprefix(self._prefix), query, headers, request.read()
        )
        return _as_httpx(asked, self._answer(_Exchange(self._inner, request, asked, self._prefix)))

    def _answer(self, exchange: "_Exchange") -> Response:
        try:
            response = self._change(exchange.asked, exchange.send, self._people)
        except (*NOT_APPLICABLE, ReadOnly):
            return exchange.plain()
        self.touched = self.touched or exchange.altered(response)
        return exchange.without_stale_length(response)


class _Exchange:
    """One request, and all that a mutant makes of it."""

    def __init__(
        self, inner: httpx.BaseTransport, original: httpx.Request, asked: Request, prefix: str
    ) -> None:
        self._inner, self._original, self._prefix = inner, original, prefix
        self.asked = asked
        self._plain: Response | None = None
        self._wrote = False

    def send(self, request: Request) -> Response:
        """What the implementation answers."""
        if request is self.asked:
            return self.plain()
        self._wrote = self._wrote or request.method not in SAFE
        return self._send(request)

    def plain(self) -> Response:
        """What the implementation answers to the request as it came."""
        if self._plain is None or self.asked.method not in SAFE:
            self._plain = self._send(self.asked)
        return self._plain

    def altered(self, response: Response) -> bool:
        """Whether the mutant made a difference: asks the implementation again if it must."""
        if response is self._plain:
            return self._wrote
        if self._wrote or self.asked.method not in SAFE:
            return True
        ours, theirs = (self._shown(each) for each in (response, self.plain()))
        return ours != theirs

    def without_stale_length(self, response: Response) -> Response:
        """An answer to HEAD without the length of a GET that the mutant may have changed."""
        length = self._plain and self._plain.header(LENGTH)
        stale = self.asked.method == "HEAD" and response.header(LENGTH) == length
        return without_header(response, LENGTH) if stale else response

    def _shown(self, response: Response) -> Response:
        """What of an answer a mutant changed, if it differs: another request has another date."""
        passing = ("date",) if self.asked.method == "HEAD" else ("date", *_OF_THE_BODY)
        headers = tuple(pair for pair in response.headers if pair[0].lower() not in passing)
        return replace(response, headers=headers)

    def _send(self, request: Request) -> Response:
        return as_response(self._inner.handle_request(self._as_httpx(request)))

    def _as_httpx(self, request: Request) -> httpx.Request:
        original = self._original
        if request is self.asked:
            return original
        target = self._prefix + request.path + (f"?{request.query}" if request.query else "")
        url = original.url.copy_with(raw_path=target.encode("ascii"))
        # A header that is sent twice stays so unless the mutant changes headers.
        same = request.headers is self.asked.headers
        headers = httpx.Headers(
            original.headers if same else dict(request.headers), original.headers.encoding
        )
        if LENGTH in headers:
            headers[LENGTH] = str(len(request.body))
        return httpx.Request(
            request.method,
            url,
            headers=headers,
            stream=httpx.ByteStream(request.body),
            extensions=original.extensions,
        )


def as_response(response: httpx.Response) -> Response:
    """An answer of httpx with its body read and decoded."""
    body = response.read()
    response.close()
    return Response(response.status_code, body, tuple(_pairs(response)))


def _pairs(response: httpx.Response) -> Iterable[tuple[str, str]]:
    encoded = "content-encoding" in response.headers
    for name, value in response.headers.multi_items():
        if not encoded or name.lower() not in _OF_THE_BODY:
            yield name, value


def _as_httpx(asked: Request, response: Response) -> httpx.Response:
    headers = response.headers
    if asked.method != "HEAD":
        headers = tuple(pair for pair in headers if pair[0].lower() != "content-length")
    if not any(name.lower() == "transfer-encoding" for name, _ in headers):
        length = (("Content-Length", str(len(response.body))),)
        headers += length if asked.method != "HEAD" and response.status != 204 else ()
    return httpx.Response(response.status, headers=headers, stream=httpx.ByteStream(response.body))
