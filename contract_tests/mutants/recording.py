"""Reads that were answered once are answered from memory, to be kind to a real service."""

import time
from dataclasses import dataclass
from threading import Lock
from urllib.parse import unquote

import httpx

from contract_tests.transport import SAFE

MAX_AGE_S = 100.0
"""How long an answer is good for; laws allow the target's clock two minutes."""
_CONNECTION = ("user-agent", "connection", "accept-encoding", "host")
"""Headers that do not change an answer."""
_CHANGEABLE = "/marketing-preferences"
"""What the API can change stands below this."""
Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class _Recorded:
    response: httpx.Response
    at: float


class RecordingTransport(httpx.BaseTransport):
    """Sends each read once; sends it again when it is old, or something was written since."""

    def __init__(self, inner: httpx.BaseTransport, rate_per_s: float | None = None) -> None:
        self._inner, self._rate, self._next_at = inner, rate_per_s, 0.0
        self._recorded: dict[Key, _Recorded] = {}
        self._changeable: dict[Key, _Recorded] = {}
        """What a write may change, apart: there are many writes, and far more reads."""
        self._guard = Lock()
        self.sent = 0
        """Requests that went to the implementation."""
        self.written = 0
        """Those of them that may have changed something."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, from memory where it can be."""
        if request.method not in SAFE:
            return self._write(request)
        key = _key(request)
        changes = _CHANGEABLE in unquote(key[1]).lower()
        memory = self._changeable if changes else self._recorded
        recorded = memory.get(key)
        if recorded is None or time.monotonic() - recorded.at > MAX_AGE_S:
            written = self.written
            recorded = _Recorded(self._send(request), time.monotonic())
            # What was refused for the moment is no answer; what was written meanwhile may lack.
            with self._guard:
                if recorded.response.status_code not in (429, 503) and written == self.written:
                    memory[key] = recorded
        return _copy(recorded.response)

    @property
    def reads(self) -> list[httpx.Request]:
        """Every read that was answered, to be asked again."""
        memories = (self._recorded, self._changeable)
        return [each.response.request for memory in memories for each in memory.values()]

    def close(self) -> None:
        """Nothing: it is shared by several clients."""

    def _write(self, request: httpx.Request) -> httpx.Response:
        response = self._send(request)
        with self._guard:
            self.written += 1
            self._changeable.clear()
        return _copy(response)

    def _send(self, request: httpx.Request) -> httpx.Response:
        self._pace()
        response = self._inner.handle_request(request)
        response.request = request
        response.read()
        response.close()
        self.sent += 1
        return response

    def _pace(self) -> None:
        if self._rate:
            with self._guard:
                now = time.monotonic()
                at = max(now, self._next_at)
                self._next_at = at + 1 / self._rate
            time.sleep(at - now)


def _key(request: httpx.Request) -> Key:
    headers = (
        (name.lower(), value)
        for name, value in request.headers.multi_items()
        if name.lower() not in _CONNECTION
    )
    return request.method, str(request.url), tuple(headers)


def _copy(response: httpx.Response) -> httpx.Response:
    """The same answer, not yet read, its body no longer encoded."""
    dropped = ("content-encoding", "transfer-encoding")
    headers = [pair for pair in response.headers.multi_items() if pair[0].lower() not in dropped]
    if "content-encoding" in response.headers:
        headers = [pair for pair in headers if pair[0].lower() != "content-length"]
    return httpx.Response(
        response.status_code, headers=headers, stream=httpx.ByteStream(response.content)
    )
