"""The client of the target: it records every exchange, retries, and hides tokens."""

import re
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote, unquote

import httpx
import msgspec

from contract_tests.document import Contract, Operation
from contract_tests.profile import token_of
from contract_tests.reading import NoJson, parsed
from contract_tests.redaction import HIDDEN, Redactor
from contract_tests.target import Target, TargetError, Unreachable, sendable
from contract_tests.transport import SAFE, Answer, Broken, NotSent, Sender, curl_options

PATIENCE = 4
"""How often a request is sent again that met 429, 503 or no connection."""
LONGEST_WAIT_S = 60.0
"""For one request; a target that asks for more is too busy to be judged."""
BUSY = (429, 503)
SILENCES = 8
"""So many requests in a row without an answer: the target is gone."""
EDGE: tuple[int, ...] = (
    301,
    302,
    303,
    307,
    308,
    400,
    403,
    405,
    406,
    408,
    411,
    413,
    414,
    415,
    421,
    429,
    431,
)
EDGE += (501, 502, 503, 504)
"""How gateways answer in the API's place, in words of their own."""
GATEWAYS = (403, 429, 502, 503, 504)
"""What no law minds in HTML; another status in it may be the API's own fault."""
SHOWN = 4000
NO_ANSWER = 0
"""The status of an exchange in which the target, though it is there, sent none."""
RESENT = ("authorization", "content-type", "accept")
ORIGIN = "https://shop.example"
"""Every request comes from a page of another origin, as a shopfront's do."""
_WORDS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\+?\w+"
)
_NUMBER = re.compile(r"(?<![\w-])\+?\(?[0-9](?:[ \u00a0().\-/]{0,3}[0-9]){8,}(?![\w-])")
"""A phone number as people write it."""
_AT = re.compile(r"\s@\s?|@\s| ?\(at\) ?| ?\[at\] ?|&#64;")
"""What stands for the sign of an address where it is to be found by no machine."""
SIGNIFICANT = 9
"""The last digits of a phone number, by which it is known with any code of a country or none."""
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
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
    payload: str = ""
    """The body of the request."""
    together: bool = False
    """Whether it was sent while others were under way."""
    way: Sequence[str] = ()
    """What curl needs to be told to reach the target, beside the request."""

    @property
    def curl(self) -> str:
        """A line that sends the request again."""
        words = [*_curl_flags(self.method, self.url), _shell_word(self.url, self.redact)]
        words += (_shell_word(word, self.redact) for word in self.way)
        for name, value in self.sent.items():
            # To curl, a header that ends in a colon is one to leave out.
            words += ["-H", _shell_word(f"{name}: {value}" if value else f"{name};", self.redact)]
        if self.payload:
            words += ["--data-raw", _shell_word(self.payload, self.redact)]
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
        lines += ["", self.payload] if self.payload else []
        return self.redact("\n".join(lines))

    @property
    def response(self) -> str:
        """The answer as it came, cut where it is long."""
        head = "\n".join(
            f"{name}: {self.redact.header(name, value)}" for name, value in self.headers.items()
        )
        return f"{self.status}\n{head}\n\n{self._body_text(SHOWN)}"

    @property
    def from_a_gateway(self) -> bool:
        """Whether it is a page for people: a firewall's refusal, a gateway that found nobody."""
        html = self.headers.get("content-type", "").lower().startswith("text/html")
        return self.status in GATEWAYS and html

    @property
    def from_the_edge(self) -> bool:
        """Whether it is a page of something before the API: a gateway, a firewall, a proxy."""
        return from_the_edge(Answer(self.status, tuple(self.headers.items()), self.body))

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
        items = self.data if isinstance(self.data, list) else [self.data]
        return [each for each in items if isinstance(each, dict)]

    @cached_property
    def words(self) -> set[str]:
        """Every address, id and word of the answer, its headers included, in lower case."""
        text = self.body if self.json is None else msgspec.json.encode(self.json)
        beside = words_in("\n".join(self.headers.values()))
        return beside | _words_in_body(text.decode("utf-8", "replace"))

    def brief(self) -> str:
        """Status, redirect and the beginning of the body, in one line."""
        if self.status == NO_ANSWER:
            return f"no answer: {self._body_text(SHOWN)}"
        to = self.headers.get("location")
        where = f" to {self.redact(to)[:200]}" if to and 300 <= self.status < 400 else ""
        return f"{self.status}{where} {self._body_text(160)}".rstrip()

    def _body_text(self, letters: int) -> str:
        # Secrets are taken out before the text is cut: a part of one tells too much.
        window = self.body[: letters * 4 + 8192].decode("utf-8", "replace")
        return self.redact.body(window)[:letters]


@dataclass
class Limits:
    """What ends a run before its time; all clients of a run share it."""

    ends_at: float | None = None
    """On the monotonic clock; None without an end."""
    accepted: set[str] = field(default_factory=set)
    """Customers whose token was accepted once."""
    doubtful: set[str] = field(default_factory=set)
    """Those of them whose token was refused since."""
    writers: set[str] = field(default_factory=set)
    """Whose token a request carried that may have written something."""
    renewed: dict[str, str] = field(default_factory=dict)
    """The token of the profile → the one that took its place once it had lapsed."""

    @property
    def over(self) -> bool:
        return self.ends_at is not None and time.monotonic() >= self.ends_at


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
    limits: Limits = field(default_factory=Limits)
    redact: Redactor = field(default_factory=Redactor)
    together: bool = False
    """Whether requests are being sent at the same time."""
    _silences: int = 0
    """Requests in a row that were not answered."""
    _refused_as_busy: str = ""
    """Why the last request was not answered for all patience; empty once one is."""
    _silent: set[str] = field(default_factory=set)
    """URLs that were not answered; there is no patience with them a second time."""

    def __post_init__(self) -> None:
        self._sender = Sender(self.target, self.transport)
        self.redact.hide_target(self.target)
        self._tokens = {each.name: each.token for each in self.target.customers}
        self._commanded = {
            f"Bearer {each.token}": each for each in self.target.customers if each.token_command
        }
        self._next_at = 0.0
        self._way = curl_options(self.target)

    def send(
        self,
        method: str,
        path: str,
        *,
        actor: str = "",
        token: str | None = None,
        query: Query = (),
        headers: dict[str, str] = {},  # noqa: B006  # never changed
        payload: str = "",
        operation: Operation | None = None,
    ) -> Exchange:
        """
        Send a request and record what came back.

        Raises:
            Unreachable: the target is gone.
        """
        sent = {name: value for name, value in ({"Origin": ORIGIN} | headers).items() if value}
        sent |= {"Authorization": f"Bearer {token}"} if token else {}
        url = self.target.base_url + path + _encoded(query)
        self._note_writer(method, actor)
        sent = ({"Content-Type": "application/json"} if payload else {}) | sent
        answer = self._send_renewing(method, url, sent, payload.encode())
        exchange = self._exchange(method, url, answer, actor, sent, operation, payload)
        self.exchanges.append(exchange)
        if token and token == self._tokens.get(actor):
            self._note_acceptance(actor, answer.status)
        return exchange

    def another(self) -> "Client":
        """A client of the same run that has sent nothing yet."""
        return Client(
            self.target, self.contract, self.transport, limits=self.limits, redact=self.redact
        )

    def _note_acceptance(self, actor: str, status: int) -> None:
        if status == 200:
            self.limits.accepted.add(actor)
        elif status == 401 and actor in self.limits.accepted:
            self.limits.doubtful.add(actor)

    def _note_writer(self, method: str, actor: str) -> None:
        if method not in SAFE:
            self.limits.writers.add(actor)

    def repeat(self, exchange: Exchange) -> None:
        """Send a recorded request once more."""
        method, url, sent = exchange.method, exchange.url, exchange.sent
        operation = self.contract.operations.get(exchange.operation or "")
        self._note_writer(method, exchange.actor)
        payload = exchange.payload
        answer = self._send_renewing(method, url, sent, payload.encode())
        again = self._exchange(method, url, answer, exchange.actor, sent, operation, payload)
        self.exchanges.append(again)

    def resend(
        self, method: str, url: str, headers: Mapping[str, str], operation: Operation
    ) -> Exchange:
        """Send a request that another engine sent, with the same patience."""
        sent = {name: value for name, value in headers.items() if name.lower() in RESENT}
        answer = self._send_renewing(method, url, sent)
        return self._exchange(method, url, answer, "", sent, operation)

    def forward(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """
        Send another engine's request, with the same patience and by the same way.

        Raises:
            NotSent: it must not leave, or the target is too busy.
            Unreachable: the target is gone.
        """
        return self._send_renewing(method, url, headers, body)

    def wait(self, seconds: float) -> None:
        """Let some time pass at the target."""
        time.sleep(seconds)

    def now(self) -> datetime:
        """What the target takes for the present."""
        if self.target.now is not None:
            return self.target.now
        dates = (each.headers.get("date") for each in reversed(self.exchanges))
        date_of_answer = next(filter(None, (_instant(date) for date in dates if date)), None)
        return date_of_answer or datetime.fromtimestamp(time.time(), UTC)

    def _send_renewing(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send with the customer's present token, which is renewed once if it has lapsed."""
        answer = self._send_patiently(method, url, self._with_current_token(headers), body)
        if answer.status == 401 and self._renew(headers):
            answer = self._send_patiently(method, url, self._with_current_token(headers), body)
        return answer

    def _with_current_token(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.limits.renewed:
            return headers
        present = self.limits.renewed[token]
        self.redact.hide(present, self.redact.secrets.get(token, HIDDEN))
        return {**headers, "Authorization": f"Bearer {present}"}

    def _renew(self, headers: Mapping[str, str]) -> bool:
        """Whether the token of a customer who has a command was lapsed, and there is another."""
        customer = self._commanded.get(headers.get("Authorization", ""))
        if customer is None or customer.name not in self.limits.accepted:
            return False
        account = self.target.base_url + self.contract.account.path
        headers_sent = self._with_current_token({"Authorization": f"Bearer {customer.token}"})
        if self._send_patiently("GET", account, headers_sent).status != 401:
            return False  # It is the answer to this request alone, and a law's to judge.
        try:
            token = token_of(customer.token_command or (), customer.name)
        except TargetError:
            return False
        if headers_sent["Authorization"] == f"Bearer {token}" or not sendable(token):
            return False
        self.limits.renewed[customer.token] = token
        return True

    def _send_patiently(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        patience = 1 if url in self._silent else PATIENCE
        waited = 0.0
        for attempt in range(patience):
            if self.limits.over:
                raise NotSent("the time of the run is over")
            self._pace()
            self.count += 1
            try:
                answer = self._sender.send(method, url, headers.items(), body)
            except Broken as error:
                if attempt + 1 == patience:
                    return self._no_answer(method, url, str(error))
                time.sleep(0.1 * 2**attempt)
                continue
            self._silences = 0
            if answer.status not in BUSY:
                self._refused_as_busy = ""
                return answer
            wait = _wait_s(answer, attempt)
            if attempt + 1 == patience or self._refused_as_busy or waited + wait > LONGEST_WAIT_S:
                return self._busy(answer)
            waited += wait
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _busy(self, answer: Answer) -> Answer:
        """
        A 503 in the API's own words is its answer; all else that asks to come back is none.

        Raises:
            NotSent: the target is too busy to judge it.
        """
        after = dict(answer.headers).get("retry-after")
        if answer.status == 503 and after is None and not from_the_edge(answer):
            return answer
        retry_after = f", Retry-After: {after}" if after else ""
        self._refused_as_busy = self.redact(f"rate-limited: {answer.status}{retry_after}"[:200])
        raise NotSent(self._refused_as_busy)

    def _no_answer(self, method: str, url: str, error: str) -> Answer:
        """What stands for an answer where the target is there, and sent none."""
        self._silences += 1
        try:
            if self._silences < SILENCES:
                self._sender.send("GET", self.target.base_url, ())
        except Broken:
            self._silences = SILENCES
        if self._silences >= SILENCES:
            raise Unreachable(self.redact(f"{method} {url}: {error}"))
        self._silent.add(url)
        return Answer(NO_ANSWER, (), error.encode())

    def _pace(self) -> None:
        if self.target.rate_per_s:
            now = time.monotonic()
            time.sleep(max(0.0, self._next_at - now))
            self._next_at = max(now, self._next_at) + 1 / self.target.rate_per_s

    def _exchange(
        self,
        method: str,
        url: str,
        answer: Answer,
        actor: str,
        sent: Mapping[str, str],
        operation: Operation | None,
        payload: str = "",
    ) -> Exchange:
        tree, misfits = _read(answer, operation)
        self.redact.hide_answer(answer.headers, answer.content, tree)
        for word in sent.get("Authorization", "").split()[-1:]:
            self.redact.hide_altered(word)
        headers: dict[str, str] = {}
        for name, value in answer.headers:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return Exchange(
            method,
            url,
            actor,
            operation.id if operation else None,
            sent,
            answer.status,
            headers,
            answer.content,
            tree,
            misfits,
            self.redact,
            payload,
            self.together,
            self._way,
        )


def _read(answer: Answer, operation: Operation | None) -> tuple[Any, tuple[tuple[bool, str], ...]]:
    """The JSON of an answer, and what does not fit in it."""
    try:
        tree, twice = parsed(answer.content)
    except NoJson as error:
        awaits = operation is not None and answer.status in operation.validators
        return None, ((False, str(error)),) if awaits and answer.content else ()
    misfits = list(operation.misfits(answer.status, tree)) if operation else []
    return tree, (*misfits, *((True, f"the key {name!r} stands twice") for name in twice))


def from_the_edge(answer: Answer) -> bool:
    """Whether a page of something before the API came, and not a word of its own."""
    kind = dict(answer.headers).get("content-type", "")
    return answer.status in EDGE and "json" not in kind.lower()


@lru_cache(maxsize=128)
def _words_in_body(text: str) -> set[str]:
    """The same of a body; the same one comes often."""
    return words_in(text)


def words_in(text: str) -> set[str]:
    """Every address, id and word of a text, in lower case, those within URLs too."""
    plain = (unquote(text) if "%" in text else text).lower()
    words = {*_WORDS.findall(plain), *numbers_in(plain)}
    joined, count = _AT.subn("@", plain)
    return words | set(_WORDS.findall(joined)) if count else words


def numbers_in(text: str) -> set[str]:
    """The last digits of every phone number, however it is written."""
    numbers = ("".join(filter(str.isdecimal, each)) for each in _NUMBER.findall(text))
    return {digits[-SIGNIFICANT:] for digits in numbers}


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
    if not any(is_variable for _, is_variable in parts):
        return shlex.quote("".join(part for part, _ in parts))
    # In double quotes a shell fills variables in; all else that it would read is escaped.
    quoted = (
        part if is_variable else re.sub(r'([\\"$`])', r"\\\1", part) for part, is_variable in parts
    )
    return f'"{"".join(quoted)}"'


def _encoded(query: Query) -> str:
    pairs = (f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    return "?" + "&".join(pairs) if query else ""


def _wait_s(answer: Answer, attempt: int) -> float:
    """How long to wait, as the answer asks: in seconds, or until a date."""
    headers = dict(answer.headers)
    retry_after = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", retry_after):
        return float(retry_after)
    until = _instant(retry_after)
    if until is None:
        return 0.1 * float(2**attempt)
    now = _instant(headers.get("date", "")) or datetime.fromtimestamp(time.time(), UTC)
    return max(0.0, (until - now) / timedelta(seconds=1))


def _instant(date: str) -> datetime | None:
    """The instant of a date as HTTP writes it; None where it is none."""
    try:
        instant = parsedate_to_datetime(date)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
