"""The only file that speaks to Schemathesis: generated requests, judged against the schema."""

import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import requests
import urllib3
from urllib3._collections import HTTPHeaderDict

from contract_tests.client import Client
from contract_tests.document import Contract, Operation, Rule
from contract_tests.exchange import NO_ANSWER, Exchange, from_the_edge
from contract_tests.law import Verdict
from contract_tests.session import Session
from contract_tests.target import Target, Unreachable
from contract_tests.transport import SAFE, Answer, NotSent, ReadOnly

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.engine import events, from_schema
    from schemathesis.engine.run import PhaseName
    from schemathesis.transport.requests import REQUESTS_TRANSPORT, RequestsTransport

EXAMPLES = {"standard": 15, "deep": 300}
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
GROUP = "schema"
SENTENCE = "Whatever is asked, the answer is one that the document declares."


@dataclass(frozen=True, slots=True)
class Sent:
    """A generated request whose answer a check did not like."""

    method: str
    url: str
    headers: dict[str, str]
    complaint: str


@dataclass(slots=True)
class Tally:
    """The results of one operation's generated requests."""

    answered: int = 0
    judged: int = 0
    """Answers of the API's own, to a customer whom it knew."""
    unanswered: str = ""
    """Why a request was not answered, or not by the API."""
    complaints: list[Sent] = field(default_factory=list)


@dataclass
class ThroughClient(requests.adapters.BaseAdapter):
    """Lets Schemathesis send by the kit's own client: the same proxy, TLS, headers and patience."""

    client: Client
    ended: Exception | None = None
    """What ended all sending."""

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        """
        Send a prepared request.

        Raises:
            ConnectionError: no answer came, or it was kept from leaving.
        """
        headers = {name: _text(value) for name, value in request.headers.items()}
        for name in ("Content-Length", "Transfer-Encoding"):
            headers.pop(name, None)
        body = request.body.encode() if isinstance(request.body, str) else request.body
        try:
            if self.ended:
                raise self.ended
            answer = self.client.forward(
                str(request.method),
                str(request.url),
                headers,
                body if isinstance(body, bytes) else b"",
            )
        except NotSent as reason:
            raise requests.ConnectionError(str(reason), request=request) from None
        except Unreachable as error:
            self.ended = error
            raise requests.ConnectionError(str(error), request=request) from None
        if answer.status == NO_ANSWER:
            raise requests.ConnectionError(answer.content.decode(), request=request)
        return _as_requests(answer, request)

    def close(self) -> None:
        """Do nothing: connections are the client's."""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _as_requests(answer: Answer, request: requests.PreparedRequest) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = answer.status, request, str(request.url)
    packed = ("content-encoding", "transfer-encoding", "content-length")
    lines = [(name, value) for name, value in answer.headers if name not in packed]
    response.headers = requests.structures.CaseInsensitiveDict(lines)
    response.raw = urllib3.HTTPResponse(
        BytesIO(answer.content), HTTPHeaderDict(lines), preload_content=False
    )
    return response


def run(session: Session, depth: str, seed: int) -> Iterator[Verdict]:
    """
    Examples, coverage, fuzzing and stateful requests of the first customer, one verdict for each
    operation. A complaint counts when the same request, sent again, is answered badly again.

    Raises:
        Unreachable: the target stopped answering.
    """
    client = session.client.without_exchanges()
    adapter, tallies = ThroughClient(client), defaultdict[str, Tally](Tally)
    schema = _with_transport(adapter, _schema(client.target, client.contract, depth, seed))
    with _forbid_writes(client.target):
        for event in from_schema(schema).execute():
            if isinstance(event, events.PhaseStarted) and event.phase.name is PhaseName.PROBING:
                # Probes leave by a session of their own, past the proxy and the gateway's key.
                event.phase.is_enabled = False
            elif isinstance(event, events.ScenarioFinished):
                _note(event.recorder, tallies)
            elif isinstance(event, events.Interrupted):
                raise KeyboardInterrupt
    if adapter.ended:
        raise adapter.ended
    for operation in client.contract.operations.values():
        tally = tallies[f"{operation.method} {operation.path}"]
        yield _verdict(session, client, operation, tally)


def _schema(target: Target, contract: Contract, depth: str, seed: int) -> Any:
    config = schemathesis.Config.from_dict(
        {
            "seed": seed,
            "base-url": target.base_url,
            "max-redirects": 0,
            "headers": {"Authorization": f"Bearer {target.customers[0].token}"},
            "cache": {"enabled": False},
            "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
            "generation": {"database": "none", "max-examples": EXAMPLES[depth]},
            "phases": {
                "coverage": {"unexpected-methods": []},
                "fuzzing": {"extra-data-sources": {"responses": False}},
            },
        }
    )
    schema: Any = schemathesis.openapi.from_dict(contract.tree, config=config)
    if target.read_only:
        schema = schema.include(method=list(SAFE))
    return schema


class _Transport(RequestsTransport):
    """Schemathesis' own transport, whose sessions send by the adapter."""

    def __init__(self, adapter: ThroughClient) -> None:
        super().__init__()
        self._adapter = adapter
        self._serializers = REQUESTS_TRANSPORT._serializers

    def send(self, case: Any, *, session: requests.Session | None = None, **kwargs: Any) -> Any:
        session = session or requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, self._adapter)
        return super().send(case, session=session, **kwargs)


def _with_transport(adapter: ThroughClient, schema: Any) -> Any:
    """The schema, whose requests leave by the adapter; a schema has its transport of its class."""
    transport = _Transport(adapter)
    schema.__class__ = type("Schema", (type(schema),), {"__slots__": (), "transport": transport})
    return schema


@contextmanager
def _forbid_writes(target: Target) -> Iterator[None]:
    """Stop every request that could write, in a read-only run."""

    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
        if target.read_only and case.method.upper() not in SAFE:
            raise ReadOnly(f"{case.method} was kept from leaving")

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        schemathesis.hooks.unregister(before_call)


def _note(recorder: Any, tallies: dict[str, Tally]) -> None:
    for id, node in recorder.cases.items():
        tally, interaction = tallies[node.value.operation.label], recorder.interactions.get(id)
        response = interaction.response if interaction else None
        if response is None:
            tally.unanswered = tally.unanswered or "a generated request was not answered"
            continue
        answer = _as_answer(response)
        tally.answered += 1
        if from_the_edge(answer.status, dict(answer.headers)):
            tally.unanswered = f"something before the API answered {answer.status}"
            continue
        tally.judged += answer.status not in (401, 429)
        tally.complaints += [
            Sent(
                interaction.request.method,
                interaction.request.uri,
                {name: values[0] for name, values in interaction.request.headers.items()},
                f"{check.failure_info.failure.title}: {check.failure_info.failure.message}",
            )
            for check in recorder.checks.get(id, ())
            if check.failure_info is not None
        ]


def _as_answer(response: Any) -> Answer:
    lines = ((name, value) for name, values in response.headers.items() for value in values)
    return Answer(response.status_code, tuple(lines), response.content or b"")


def _verdict(session: Session, client: Client, operation: Operation, tally: Tally) -> Verdict:
    rule = Rule("SCHEMA-01", "documented", SENTENCE, "", (operation.id,), 1)
    clean = Verdict(rule, GROUP, operation.id, "holds", requests=tally.answered)
    violated = _violation(client, operation, tally, clean)
    if reason := session.reason_to_stop():
        return replace(clean, outcome="not covered", actual=reason)
    if violated:
        return violated
    if not tally.judged:
        default = "no customer was let in" if tally.answered else "no request was sent"
        return replace(clean, outcome="not covered", actual=tally.unanswered or default)
    return clean


def _violation(
    client: Client, operation: Operation, tally: Tally, clean: Verdict
) -> Verdict | None:
    for sent in tally.complaints[:5]:
        try:
            again = client.resend(sent.method, sent.url, sent.headers, operation)
        except NotSent:
            continue
        if not _is_declared(again, operation):
            actual = " ".join(sent.complaint.split())
            expected = "an answer that the document declares"
            return replace(
                clean, outcome="violated", expected=expected, actual=actual[:400], evidence=(again,)
            )
    return None


def _is_declared(exchange: Exchange, operation: Operation) -> bool:
    if exchange.from_the_edge:
        return True
    if exchange.status not in operation.statuses:
        return exchange.status < 500 and exchange.status in (408, 413, 414, 429, 431)
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    fits = all(each.drift for each in exchange.misfits)
    return fits and exchange.json is not None and kind == "application/json"
