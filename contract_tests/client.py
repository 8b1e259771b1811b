"""The client of the target: it records every exchange, retries, and hides tokens."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any
from urllib.parse import quote

import httpx

from contract_tests.document import Contract, Misfit, Operation
from contract_tests.exchange import NO_ANSWER, Exchange, Query, from_the_edge
from contract_tests.profile import token_of
from contract_tests.redaction import HIDDEN, Redactor
from contract_tests.strict_json import NoJson, parse
from contract_tests.target import Target, TargetError, Unreachable, sendable
from contract_tests.transport import SAFE, Answer, Broken, NotSent, Sender, curl_options

PATIENCE = 4
"""Attempts at a request that is answered 429 or 503, or not at all."""
LONGEST_WAIT_S = 60.0
"""The longest wait for one request; a target that asks for more is too busy to be judged."""
BUSY = (429, 503)
SILENCES = 8
"""Requests in a row without an answer after which the target counts as gone."""
RESENT = ("authorization", "content-type", "accept")
ORIGIN = "https://shop.example"
"""The `Origin` of every request, as of a shopfront on another host."""


@dataclass
class Limits:
    """What can end a run early, and the state of tokens; all clients of a run share it."""

    ends_at: float | None = None
    """On the monotonic clock; None without an end."""
    accepted: set[str] = field(default_factory=set)
    """Customers whose token was accepted once."""
    doubtful: set[str] = field(default_factory=set)
    """Those of them whose token was refused since."""
    writers: set[str] = field(default_factory=set)
    """Customers whose token a request carried that may have written something."""
    renewed: dict[str, str] = field(default_factory=dict)
    """The token of the profile → the one that replaced it when it lapsed."""

    @property
    def over(self) -> bool:
        return self.ends_at is not None and time.monotonic() >= self.ends_at


@dataclass
class Client:
    """Sends requests to the target, and records every exchange."""

    target: Target
    contract: Contract
    transport: httpx.BaseTransport | None = None
    """Used in place of a socket, if given."""
    exchanges: list[Exchange] = field(default_factory=list)
    count: int = 0
    """Requests sent, retries included."""
    limits: Limits = field(default_factory=Limits)
    redact: Redactor = field(default_factory=Redactor)
    concurrent: bool = False
    """Whether requests are being sent at the same time."""
    _silences: int = 0
    """Unanswered requests in a row."""
    _refused_as_busy: str = ""
    """Why the last request was given up after all retries; empty once one is answered."""
    _silent: set[str] = field(default_factory=set)
    """URLs that were not answered; they are not retried."""

    def __post_init__(self) -> None:
        self._sender = Sender(self.target, self.transport)
        self.redact.hide_target(self.target)
        self._tokens = {each.name: each.token for each in self.target.customers}
        self._renewable = {
            f"Bearer {each.token}": each for each in self.target.customers if each.token_command
        }
        self._next_at = 0.0
        self._curl_options = curl_options(self.target)

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
        sent = {"Origin": ORIGIN} | headers
        if not sent["Origin"]:
            del sent["Origin"]
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

    def without_exchanges(self) -> "Client":
        """A fresh client for the same run."""
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
        """Send the request of another engine, with retries."""
        sent = {name: value for name, value in headers.items() if name.lower() in RESENT}
        answer = self._send_renewing(method, url, sent)
        return self._exchange(method, url, answer, "", sent, operation)

    def forward(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """
        Forward the request of another engine as it is, with retries.

        Raises:
            NotSent: it must not leave, or the target is too busy.
            Unreachable: the target is gone.
        """
        return self._send_renewing(method, url, headers, body)

    def wait(self, seconds: float) -> None:
        """Let some time pass at the target, if it has not passed already."""
        time.sleep(max(0.0, seconds))

    def now(self) -> datetime:
        """The time by the target's clock."""
        if self.target.now is not None:
            return self.target.now
        dates = (each.headers.get("date") for each in reversed(self.exchanges))
        date_of_answer = next(filter(None, (http_date(date) for date in dates if date)), None)
        return date_of_answer or datetime.fromtimestamp(time.time(), UTC)

    def _send_renewing(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send with the customer's current token, and once more with a renewed one if it lapsed."""
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
        """Renew a lapsed token by the command of its customer; whether there is a new one."""
        customer = self._renewable.get(headers.get("Authorization", ""))
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
        Give up on a busy target; only a 503 in the API's own words counts as its answer.

        Raises:
            NotSent: the target is too busy to judge it.
        """
        headers = dict(answer.headers)
        after = headers.get("retry-after")
        if answer.status == 503 and after is None and not from_the_edge(answer.status, headers):
            return answer
        retry_after = f", Retry-After: {after}" if after else ""
        self._refused_as_busy = self.redact(f"rate-limited: {answer.status}{retry_after}"[:200])
        raise NotSent(self._refused_as_busy)

    def _no_answer(self, method: str, url: str, error: str) -> Answer:
        """A stand-in for the answer that a target, though it is up, did not send."""
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
            ends_at = inf if self.limits.ends_at is None else self.limits.ends_at
            time.sleep(max(0.0, min(self._next_at, ends_at) - now))
            if self.limits.over:
                raise NotSent("the time of the run is over")
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
            self.concurrent,
            self._curl_options,
        )


def _read(answer: Answer, operation: Operation | None) -> tuple[Any, tuple[Misfit, ...]]:
    """The JSON of an answer, and its misfits with the schema."""
    if answer.garbled:
        return None, (Misfit(False, "the body is not what its Content-Encoding says"),)
    try:
        tree, twice = parse(answer.content)
    except NoJson as error:
        awaits = operation is not None and answer.status in operation.validators
        return None, (Misfit(False, str(error)),) if awaits and answer.content else ()
    misfits = list(operation.misfits(answer.status, tree)) if operation else []
    return tree, (*misfits, *(Misfit(True, f"the key {name!r} stands twice") for name in twice))


def _encoded(query: Query) -> str:
    pairs = (f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    return "?" + "&".join(pairs) if query else ""


def _wait_s(answer: Answer, attempt: int) -> float:
    """Seconds to wait, by `Retry-After` in either form; without one, longer at each attempt."""
    headers = dict(answer.headers)
    retry_after = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", retry_after):
        return float(retry_after)
    until = http_date(retry_after)
    if until is None:
        return 0.1 * float(2**attempt)
    now = http_date(headers.get("date", "")) or datetime.fromtimestamp(time.time(), UTC)
    return max(0.0, (until - now) / timedelta(seconds=1))


def http_date(date: str) -> datetime | None:
    """Parse a date of HTTP; None where it is none."""
    try:
        instant = parsedate_to_datetime(date)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
