"""Speaking to the target: records every exchange, is patient, and hides tokens."""

import json
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

from contract_tests.document import Contract, Operation
from contract_tests.redaction import Redactor
from contract_tests.target import Target, Unreachable

SAFE = ("GET", "HEAD", "OPTIONS")
PATIENCE = 4
"""How often a request is sent again that met 429, 503 or no connection."""
LONGEST_WAIT_S = 10.0
SHOWN = 4000
NO_ANSWER = 0
"""The status of an exchange in which the target, though it is there, sent none."""
RESENT = ("authorization", "content-type", "accept")
ORIGIN = "https://shop.example"
"""Every request comes from a page of another origin, as a shopfront's do."""
_WORDS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\+?\w+"
)
Query = Sequence[tuple[str, str]]


def transport_of(target: Target) -> httpx.BaseTransport:
    """What reaches a target: a socket."""
    return httpx.HTTPTransport()


class ReadOnly(Exception):
    """A request that would write, in a run that must not."""


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


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer."""

    method: str
    url: str
    actor: str
    """Whose token it carried: a customer's name, `staff` and so on; empty for nobody's."""
    operation: str | None
    sent: Mapping[str, str]
    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any
    """The body as JSON; None where it is none."""
    misfits: tuple[tuple[bool, str], ...]
    """What does not fit the operation's schema, each with whether it is only drift."""
    redact: Redactor
    """What everything of it that is shown passes."""

    @property
    def curl(self) -> str:
        """A line that sends the request again."""
        words = [*_curl_flags(self.method, self.url), _shell_word(self.url, self.redact)]
        for name, value in self.sent.items():
            # To curl, a header that ends in a colon is one to leave out.
            words += ["-H", _shell_word(f"{name}: {value}" if value else f"{name};", self.redact)]
        return " ".join(["curl", "-i", *words])

    @property
    def summary(self) -> str:
        """Who asked for what, and the status of the answer."""
        status = self.status or "no answer"
        who = self.actor or "nobody"
        return self.redact(f"{who}: {self.method} {self.url} → {status}")

    @property
    def request(self) -> str:
        """The request as it was sent."""
        lines = [f"{self.method} {self.url}", *(f"{k}: {v}" for k, v in self.sent.items())]
        return self.redact("\n".join(lines))

    @property
    def response(self) -> str:
        """The answer as it came, cut where it is long."""
        head = "\n".join(
            f"{name}: {self.redact.header(name, value)}" for name, value in self.headers.items()
        )
        return f"{self.status}\n{head}\n\n{self._shown(SHOWN)}"

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def fits(self) -> bool:
        """A success that can be read as the schema says; another law judges those that cannot."""
        return self.ok and isinstance(self.json, dict) and all(drift for drift, _ in self.misfits)

    @property
    def data(self) -> Any:
        """What stands under `data`; None where nothing does."""
        return self.json.get("data") if isinstance(self.json, dict) else None

    @property
    def records(self) -> list[dict[str, Any]]:
        """The objects of a list; the account itself as a list of one."""
        found = self.data if isinstance(self.data, list) else [self.data]
        return [each for each in found if isinstance(each, dict)]

    @property
    def words(self) -> set[str]:
        """Every address, id and word of the answer, its headers included, in lower case."""
        head = "\n".join(self.headers.values())
        return set(_WORDS.findall(f"{head}\n{self.body.decode('utf-8', 'replace')}".lower()))

    def told(self) -> str:
        """The answer in a few words."""
        if self.status == NO_ANSWER:
            return f"no answer: {self._shown(SHOWN)}"
        return f"{self.status} {self._shown(160)}"

    def _shown(self, letters: int) -> str:
        # Secrets are taken out before the text is cut: a part of one tells too much.
        window = self.body[: letters * 4 + 8192].decode("utf-8", "replace")
        return self.redact.body(window)[:letters]


@dataclass
class Client:
    """The one connection to the target, and everything that went over it."""

    target: Target
    contract: Contract
    transport: httpx.BaseTransport | None = None
    """What requests are sent by; a transport of its own where there is none."""
    exchanges: list[Exchange] = field(default_factory=list)
    count: int = 0
    """Requests sent, those that were sent again included."""
    _silent: set[str] = field(default_factory=set)
    """URLs that were not answered; there is no patience with them a second time."""

    def __post_init__(self) -> None:
        sender = self.transport or transport_of(self.target)
        self.http = httpx.Client(
            transport=ReadOnlyTransport(sender) if self.target.read_only else sender,
            timeout=self.target.timeout_s,
            headers={"User-Agent": "my-account-contract-tests", "Accept": "application/json"},
        )
        self.redact = Redactor()
        self.redact.hide_target(self.target)
        self._next_at = 0.0

    def send(
        self,
        method: str,
        path: str,
        *,
        actor: str = "",
        token: str | None = None,
        query: Query = (),
        headers: dict[str, str] = {},  # noqa: B006  # never changed
        operation: Operation | None = None,
    ) -> Exchange:
        """
        Send a request and record what came back.

        Raises:
            Unreachable: the target is gone.
        """
        sent = {"Origin": ORIGIN} | headers
        sent |= {"Authorization": f"Bearer {token}"} if token else {}
        url = self.target.base_url + path + _encoded(query)
        response = self._patiently(method, url, sent)
        exchange = self._exchange(response, actor, sent, operation)
        self.exchanges.append(exchange)
        return exchange

    def repeat(self, exchange: Exchange) -> None:
        """Send a recorded request once more."""
        response = self._patiently(exchange.method, exchange.url, exchange.sent)
        operation = self.contract.operations.get(exchange.operation or "")
        again = self._exchange(response, exchange.actor, exchange.sent, operation)
        self.exchanges.append(again)

    def resend(
        self, method: str, url: str, headers: Mapping[str, str], operation: Operation
    ) -> Exchange:
        """Send a request that another engine sent, with the same patience."""
        sent = {name: value for name, value in headers.items() if name.lower() in RESENT}
        return self._exchange(self._patiently(method, url, sent), "", sent, operation)

    def wait(self, seconds: float) -> None:
        """Let some time pass at the target."""
        time.sleep(seconds)

    def now(self) -> datetime:
        """What the target takes for the present."""
        if self.target.now is not None:
            return self.target.now
        dates = (each.headers.get("date") for each in reversed(self.exchanges))
        date = next(filter(None, dates), None)
        return parsedate_to_datetime(date) if date else datetime.fromtimestamp(time.time(), UTC)

    def _patiently(self, method: str, url: str, headers: Mapping[str, str]) -> httpx.Response:
        patience = 1 if url in self._silent else PATIENCE
        for attempt in range(patience):
            self._pace()
            self.count += 1
            try:
                response = self.http.request(method, url, headers=headers)
            except httpx.HTTPError as error:
                if attempt + 1 == patience:
                    return self._unanswered(method, url, str(error) or type(error).__name__)
                time.sleep(0.1 * 2**attempt)
                continue
            if response.status_code not in (429, 503) or attempt + 1 == patience:
                return response
            time.sleep(_wait_s(response, attempt))
        raise AssertionError("the last attempt returns or raises")

    def _unanswered(self, method: str, url: str, error: str) -> httpx.Response:
        """What stands for an answer where the target is there, and sent none."""
        try:
            self.http.get(self.target.base_url)
        except httpx.HTTPError:
            raise Unreachable(self.redact(f"{method} {url}: {error}")) from None
        self._silent.add(url)
        request = self.http.build_request(method, url)
        return httpx.Response(NO_ANSWER, content=error.encode(), request=request)

    def _pace(self) -> None:
        if self.target.rate_per_s:
            now = time.monotonic()
            time.sleep(max(0.0, self._next_at - now))
            self._next_at = max(now, self._next_at) + 1 / self.target.rate_per_s

    def _exchange(
        self,
        response: httpx.Response,
        actor: str,
        sent: Mapping[str, str],
        operation: Operation | None,
    ) -> Exchange:
        request, tree = response.request, _json(response.content)
        self.redact.hide_answer(response.headers.multi_items(), response.content, tree)
        self.redact.hide_altered(sent.get("Authorization", "").rpartition(" ")[2])
        judged = operation.misfits(response.status_code, tree) if operation else ()
        return Exchange(
            request.method,
            str(request.url),
            actor,
            operation.id if operation else None,
            sent,
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            response.content,
            tree,
            tuple(judged),
            self.redact,
        )


def lengthened(token: str) -> str:
    """A token that is nearly another: it has a letter more."""
    return f"{token}x"


def shortened(token: str) -> str:
    """A token that is nearly another: its last letter is missing; padding says nothing."""
    return token.rstrip("=")[:-1]


def _curl_flags(method: str, url: str) -> list[str]:
    """What makes curl send exactly this: no globbing, no tidied path, no body awaited of HEAD."""
    flags = {"GET": [], "HEAD": ["--head"]}.get(method, ["-X", method])
    flags += ["--globoff"] if set("[]{}") & set(url) else []
    return flags + (["--path-as-is"] if "/." in url else [])


def _shell_word(text: str, redact: Redactor) -> str:
    """One word of a shell line in which the tokens are variables."""
    parts = redact.parts(text)
    if not any(shown for _, shown in parts):
        return shlex.quote("".join(part for part, _ in parts))
    # In double quotes a shell fills variables in; all else that it would read is escaped.
    quoted = (part if shown else re.sub(r'([\\"$`])', r"\\\1", part) for part, shown in parts)
    return f'"{"".join(quoted)}"'


def _encoded(query: Query) -> str:
    pairs = (f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    return "?" + "&".join(pairs) if query else ""


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _wait_s(response: httpx.Response, attempt: int) -> float:
    asked = response.headers.get("retry-after", "")
    wait = float(asked) if asked.isdigit() else 0.1 * 2**attempt
    return min(wait, LONGEST_WAIT_S)
