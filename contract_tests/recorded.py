"""Traffic that was recorded, judged offline: laws ask, and the record answers."""

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
from msgspec.structs import replace

from contract_tests import baseline, engine
from contract_tests.check import Plan, check_selection
from contract_tests.client import Client
from contract_tests.document import Contract, Operation, Rule
from contract_tests.exchange import NO_ANSWER, Exchange, Query
from contract_tests.har import Entry
from contract_tests.law import Law, Outcome, Verdict
from contract_tests.laws import RECORDED, TIMELESS
from contract_tests.redaction import NAMES, Redactor, variable
from contract_tests.report.summary import Report
from contract_tests.session import ROLES, Session
from contract_tests.strict_json import NoJson, parse
from contract_tests.target import NamedCustomer, Target, TargetError
from contract_tests.transport import SAFE, Answer, ReadOnly

AT_ONCE = timedelta(seconds=60)
"""Reads of one customer so close to each other, with no write between, show one state."""
NOT_RECORDED = "it was not recorded"
LACKING = "the record lacks a request that it takes"
WEIGHT: dict[Outcome, int] = {"violated": 3, "waived": 2, "holds": 1}
"""Of several verdicts on a place the heaviest counts."""
_OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that do not hold for a body as an archive keeps it."""
Key = tuple[str, str, tuple[tuple[str, str], ...], str]
"""Method, path below the base URL, query and token."""


@dataclass
class RecordedClient(Client):
    """A client that finds its answers in a record, and sends nothing."""

    missing: list[Exchange] = field(default_factory=list)
    """What stands for answers that were asked for, and that the record does not have."""
    _answers: dict[Key, list[Exchange]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.transport = httpx.MockTransport(_refuse)
        super().__post_init__()

    def add(self, entry: Entry, actor: str, operation: Operation | None) -> None:
        """Add an entry to the record."""
        request, response = entry.request, entry.response
        headers = ((each.name.lower(), each.value) for each in response.headers)
        kept_headers = tuple(header for header in headers if _is_kept(header[0]))
        answer = Answer(response.status, kept_headers, entry.body)
        exchange = self._exchange(request.method, request.url, answer, actor, entry.sent, operation)
        self.exchanges.append(exchange)
        path = request.url.partition("?")[0].removeprefix(self.target.base_url)
        query = tuple(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        self._answers.setdefault((request.method, path, query, entry.token), []).append(exchange)

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
        """The next answer of the record to such a request; one of `missing` where there is none."""
        answers = self._answers.get((method, path, tuple(query), token or ""), [])
        probe = {name.lower(): value for name, value in headers.items() if name != "Origin"}
        for exchange in answers if not payload and "authorization" not in probe else ():
            sent = {name.lower(): value for name, value in exchange.sent.items()}
            # A law that puts a header of its own on a request looks for what that header does.
            if probe.items() <= sent.items():
                answers.remove(exchange)
                return exchange
        url = str(httpx.URL(self.target.base_url + path, params=tuple(query)))
        answer = Answer(NO_ANSWER, (), NOT_RECORDED.encode())
        self.missing.append(self._exchange(method, url, answer, actor, headers, operation))
        return self.missing[-1]

    def wait(self, seconds: float) -> None:
        """Return at once: a record does not change."""


def _is_kept(header: str) -> bool:
    # Browsers record the pseudo-headers of HTTP/2, which begin with a colon.
    return not header.startswith(":") and header.lower() not in _OF_THE_WIRE


def _refuse(request: httpx.Request) -> httpx.Response:
    raise ReadOnly(f"{request.method} {request.url.path}: a record sends nothing")


@dataclass
class RecordedSession(Session):
    """A session over a part of a record."""

    def survey_answers(self, operation: Operation) -> list[Exchange]:
        """The successes of customers: a record may show refusals for good reasons."""
        names = {each.name for each in self.customers}
        answers = (each for each in self.client.exchanges if each.operation == operation.id)
        return [each for each in answers if each.ok and each.actor in names]


@dataclass(frozen=True)
class Record:
    """The recorded entries of one API, and the people who took part."""

    contract: Contract
    target: Target
    entries: Sequence[Entry]
    left_out: Sequence[str]
    """What of the archive is not judged, in words."""
    redact: Redactor
    """What hides every secret that anybody sent, of this API or of another."""

    @classmethod
    def of(cls, entries: Sequence[Entry], contract: Contract, target: Target) -> "Record":
        """
        The entries that belong to the API at the target's base URL, or at the most common one.

        Raises:
            TargetError: there is none.
        """
        places = [_place(each, contract)[0] for each in entries]
        bases = Counter(filter(None, places)).most_common(1)
        base = target.base_url.rstrip("/") or (bases[0][0] if bases else "")
        own = [each for each, place in zip(entries, places, strict=True) if base and place == base]
        own = _with_persona(own, contract)
        whole = sum(each.whole for each in own)
        if not whole:
            raise TargetError(f"no whole answer of the API{base and f' at {base}'} was recorded")
        left_out = []
        if len(own) < len(entries):
            left_out.append(
                f"{len(entries) - len(own)} of {len(entries)} entries are no requests of the API"
            )
        if whole < len(own):
            left_out.append(f"{len(own) - whole} answers were not recorded whole")
        described = replace(target, base_url=base, read_only=True)
        people = _with_people(described, own)
        return cls(contract, people, own, left_out, _redactor(people, entries))

    def session(self, entries: Sequence[Entry], customers: Sequence[NamedCustomer]) -> Session:
        """A session over some entries, and for some customers."""
        target = replace(self.target, customers=tuple(customers), now=entries[-1].at)
        client = RecordedClient(target, self.contract)
        client.redact = self.redact
        session = RecordedSession.of(client)
        names = {each.token: each.name for each in self.target.customers}
        names |= {getattr(target.tokens, role): role for role in ROLES}
        for entry in (each for each in entries if each.whole):
            actor = names.get(entry.token, "unknown") if entry.token else ""
            client.add(entry, actor, _place(entry, self.contract)[1])
        return session

    def sessions(self) -> tuple[Session, Sequence[Session]]:
        """One over everything, and one over each state in which a customer read something."""
        parts = [
            self.session(part, [who])
            for who in self.target.customers
            for part in self._parts_of(who)
        ]
        return self.session(self.entries, self.target.customers), parts

    def _parts_of(self, customer: NamedCustomer) -> Iterator[Sequence[Entry]]:
        """A customer's entries, split by the state they were made in: any write begins another."""
        part: list[Entry] = []
        for entry in (each for each in self.entries if each.token == customer.token):
            wrote = entry.request.method not in SAFE
            if part and (wrote or entry.started - part[0].started > AT_ONCE):
                yield part
                part = []
            part.append(entry)
        if part:
            yield part


def _redactor(target: Target, entries: Sequence[Entry]) -> Redactor:
    redact = Redactor()
    redact.hide_target(target)
    for entry in entries:
        redact.hide(entry.token, "$UNKNOWN_TOKEN")
        for name, value in entry.named_values():
            if NAMES.search(name.lower()):
                redact.hide(value, f"${variable(name)}")
    return redact


def _place(entry: Entry, contract: Contract) -> tuple[str, Operation | None]:
    """The base URL and the operation of an entry; none where another method asked."""
    url = entry.request.url.partition("?")[0]
    base = ""
    for operation in contract.operations.values():
        path = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path))
        if match := re.fullmatch(rf"(https?://.+?){path}", url):
            base = match[1]
            if operation.method == entry.request.method:
                return base, operation
    return base, None


def _with_persona(entries: Sequence[Entry], contract: Contract) -> list[Entry]:
    """
    The entries; where all tokens were left out, as browsers do, one person made them.

    Raises:
        TargetError: it was not one person.
    """
    anonymous = not any(each.token for each in entries)
    if anonymous and len(_customers_in(entries, contract)) > 1:
        raise TargetError(
            "it shows several customers, and not who asked: no request has an Authorization header;"
            " let the browser export it with sensitive data"
        )
    return [
        replace(each, persona="customer") if anonymous and each.response.status != 401 else each
        for each in entries
    ]


def _customers_in(entries: Sequence[Entry], contract: Contract) -> set[str]:
    """The ids of whom answers are about, as accounts and records tell them."""
    ids = set[object]()
    for entry in (each for each in entries if each.whole and each.response.status == 200):
        data = _data_of(entry.body)
        if isinstance(data, dict) and _place(entry, contract)[1] is contract.account:
            ids.add(data.get("id"))
        if isinstance(data, list):
            ids |= {each.get("customer_id") for each in data if isinstance(each, dict)}
    return {each.lower() for each in ids if isinstance(each, str)}


def _data_of(body: bytes) -> object:
    try:
        tree, _ = parse(body)
    except NoJson:
        return None
    return tree.get("data") if isinstance(tree, dict) else None


def _with_people(target: Target, entries: Sequence[Entry]) -> Target:
    """The target with those of its customers who were recorded, and one for each other token."""
    roles = {getattr(target.tokens, role) for role in ROLES}
    opened = {each.token for each in entries if each.token and each.response.status == 200}
    named = [each for each in target.customers if each.token in opened]
    unnamed = sorted(opened - roles - {each.token for each in named})
    personas = {each.token: str(each.persona) for each in entries if each.persona}
    others = [
        NamedCustomer(token, personas.get(token, f"customer-{chr(97 + number)}"))
        for number, token in enumerate(unnamed, len(named))
    ]
    return replace(target, customers=(*named, *others))


def judge(record: Record, plan: Plan) -> Report:
    """
    Judge what was recorded, by the laws that the record has the answers for. A violation cannot be
    met again here; one time is enough.

    Raises:
        TargetError: there is nothing to judge by.
    """
    check_selection(plan, record.contract)
    started, now = time.perf_counter(), datetime.fromtimestamp(time.time(), UTC)
    everything, parts = record.sessions()
    verdicts = []
    for law, rule, operation in engine.cases(record.contract, plan.options):
        sessions = [everything] if law.group in TIMELESS else parts
        laws = [law, *(each for each in RECORDED if each.rule == rule.id)]
        candidates = [
            _judge_part(each, rule, operation, session) for each in laws for session in sessions
        ]
        none = Verdict(rule, law.group, operation.id, "not covered", actual="nobody signed in")
        verdict = max(candidates, key=lambda each: WEIGHT.get(each.outcome, 0), default=none)
        verdicts.append(baseline.tolerate(verdict, plan.known, now.date()))
    return Report(
        record.target.base_url,
        plan.seed,
        verdicts,
        time.perf_counter() - started,
        len(everything.client.exchanges),
        started_at=now,
        notes=[*record.left_out, *baseline.notes(verdicts, plan.known, now.date())],
    )


def _judge_part(law: Law, rule: Rule, operation: Operation, session: Session) -> Verdict:
    """A law over a part of the record; what was not recorded shows nothing."""
    client = session.client
    missing = client.missing if isinstance(client, RecordedClient) else []
    before = len(missing)
    verdict = engine.judge_once(law, rule, operation, session)
    absent = {id(each) for each in missing}
    shown_by_nothing = any(id(each) in absent for each in verdict.evidence)
    lacking = len(missing) > before or NOT_RECORDED in verdict.actual
    if shown_by_nothing or (verdict.outcome == "not covered" and lacking):
        return Verdict(rule, law.group, operation.id, "not covered", actual=LACKING)
    return verdict.redacted(client.redact)
