"""The only file that speaks to Schemathesis: generated requests, judged against the schema."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from contract_tests.client import SAFE, Client, Exchange, ReadOnly
from contract_tests.document import Contract, Operation, Rule
from contract_tests.law import Verdict
from contract_tests.target import Target

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.engine import events, from_schema

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


def run(target: Target, contract: Contract, depth: str, seed: int) -> Iterator[Verdict]:
    """
    Examples, coverage, fuzzing and stateful requests of the first customer, one verdict for each
    operation. A complaint counts when the same request, sent again, is answered badly again.
    """
    schema = _schema(target, contract, depth, seed)
    counts: dict[str, int] = {}
    complaints: dict[str, list[Sent]] = {}
    with _kept_from_writing(target):
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(event.recorder, counts, complaints)
            elif isinstance(event, events.Interrupted):
                raise KeyboardInterrupt
    client = Client(target, contract)
    for operation in contract.operations.values():
        found = complaints.get(f"{operation.method} {operation.path}", [])
        yield _verdict(client, operation, found, counts)


def _schema(target: Target, contract: Contract, depth: str, seed: int) -> Any:
    config = schemathesis.Config.from_dict(
        {
            "seed": seed,
            "base-url": target.base_url,
            "request-timeout": target.timeout_s,
            "headers": {"Authorization": f"Bearer {target.customers[0].token}"},
            "cache": {"enabled": False},
            "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
            "generation": {"database": "none", "max-examples": EXAMPLES[depth]},
            "phases": {
                "coverage": {"unexpected-methods": []},
                "fuzzing": {"extra-data-sources": {"responses": False}},
            },
        }
        | ({"rate-limit": f"{int(target.rate_per_s)}/s"} if target.rate_per_s else {})
    )
    schema: Any = schemathesis.openapi.from_dict(contract.tree, config=config)
    if target.read_only:
        schema = schema.include(method=list(SAFE))
    return schema


@contextmanager
def _kept_from_writing(target: Target) -> Iterator[None]:
    """Whatever an engine does, in a read-only run nothing leaves that could write."""

    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
        if target.read_only and case.method.upper() not in SAFE:
            raise ReadOnly(f"{case.method} was kept from leaving")

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        schemathesis.hooks.unregister(before_call)


def _note(recorder: Any, counts: dict[str, int], complaints: dict[str, list[Sent]]) -> None:
    for id, node in recorder.cases.items():
        label = node.value.operation.label
        counts[label] = counts.get(label, 0) + 1
        for check in recorder.checks.get(id, ()):
            interaction = recorder.interactions.get(id)
            if check.failure_info is None or interaction is None:
                continue
            request, failure = interaction.request, check.failure_info.failure
            headers = {name: values[0] for name, values in request.headers.items()}
            sent = Sent(request.method, request.uri, headers, f"{failure.title}: {failure.message}")
            complaints.setdefault(label, []).append(sent)


def _verdict(
    client: Client, operation: Operation, found: list[Sent], counts: dict[str, int]
) -> Verdict:
    rule = Rule("SCHEMA-01", "documented", SENTENCE, "", (operation.id,), 1)
    requests = counts.get(f"{operation.method} {operation.path}", 0)
    for sent in found[:5]:
        again = client.resend(sent.method, sent.url, sent.headers, operation)
        if not _declared(again, operation):
            actual = " ".join(sent.complaint.split())[:400]
            return Verdict(
                rule,
                GROUP,
                operation.id,
                "violated",
                "an answer that the document declares",
                actual,
                (again,),
                requests,
            )
    if not requests:
        return Verdict(rule, GROUP, operation.id, "not covered", actual="no request was sent")
    return Verdict(rule, GROUP, operation.id, "holds", requests=requests)


def _declared(exchange: Exchange, operation: Operation) -> bool:
    if exchange.status not in operation.statuses:
        return exchange.status < 500 and exchange.status in (408, 413, 414, 429, 431)
    kind = exchange.headers.get("content-type", "").partition(";")[0]
    fits = all(drift for drift, _ in exchange.misfits)
    return fits and exchange.json is not None and kind == "application/json"
