"""Parameters and headers that the document does not know: which one is to blame, and if any is."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.extras import (
    KINDS,
    OWN_HEADERS,
    PLACES,
    Extras,
    bundles,
    claims,
    narrowed,
    surroundings,
)
from contract_tests.law import Verdict
from contract_tests.target import Target, complete
from contract_tests.transport import Sender
from contract_tests.vocabulary import HEADERS, OVERRIDING, OVERRIDING_HEADERS
from tests.contract_tests import implementations

CHARGES, PREFERENCES = "listMyAccountCharges", "listMyAccountMarketingPreferences"
OPT_IN = "actionMyAccountMarketingPreferenceOptIn"
EMPTY = b'{"data": []}'
Steer = Callable[[httpx.Request, httpx.Response], bytes | None]


class Steered(httpx.BaseTransport):
    """Answers 200 with what `steer` makes of an answer, if anything."""

    def __init__(self, inner: httpx.BaseTransport, steer: Steer) -> None:
        self._inner, self._steer = inner, steer
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        response = self._inner.handle_request(request)
        body = self._steer(request, response)
        if body is None:
            return response
        return httpx.Response(200, headers={"content-type": "application/json"}, content=body)


def judged(contract: Contract, law: str, steer: Steer) -> Verdict:
    """What one law says of an implementation that is steered."""
    target, transport = implementations.python()
    plan, steered = Plan(Options(only=(law,)), "quick"), Steered(transport, steer)
    [verdict] = check(target, plan, contract=contract, transport=steered).verdicts
    return verdict


def blamed(verdict: Verdict) -> set[str]:
    """The names in the last request of the evidence that no plain one has."""
    shown = verdict.evidence[-1]
    query = {name for name, _ in parse_qsl(urlsplit(shown.url).query, keep_blank_values=True)}
    return query | {name for name in shown.sent if name.lower() not in OWN_HEADERS}


def test_of_all_names_the_one_that_steers_is_left() -> None:
    extras = Extras(
        tuple((str(each), "") for each in range(9)), tuple((f"X-{each}", "") for each in range(9))
    )

    assert narrowed(extras, lambda part: "X-7" in part.names).names == {"X-7"}
    assert narrowed(extras, lambda part: "4" in part.names).names == {"4"}


@pytest.mark.parametrize("names", [{"4", "5"}, {"1", "6"}, {"0", "X-2"}])
def test_names_that_steer_only_together_are_left_together(names: set[str]) -> None:
    query = tuple((str(each), "") for each in range(8))
    extras = Extras(query, (("X-1", ""), ("X-2", "")))

    assert narrowed(extras, lambda part: names <= part.names).names == names


@pytest.mark.parametrize(("rule", "name"), [("QUERY-01", "date_to"), ("HEADER-01", "X-Country")])
def test_the_evidence_of_a_read_names_who_steered_it(
    contract: Contract, rule: str, name: str
) -> None:
    def steer(request: httpx.Request, _response: httpx.Response) -> bytes | None:
        return EMPTY if name in request.url.params or name in request.headers else None

    verdict = judged(contract, f"{rule}@{CHARGES}", steer)

    assert (verdict.outcome, blamed(verdict)) == ("violated", {name})


def test_the_evidence_of_a_decision_names_who_steered_it(contract: Contract) -> None:
    def steer(request: httpx.Request, _response: httpx.Response) -> bytes | None:
        return EMPTY if request.method == "POST" and "top" in request.url.params else None

    verdict = judged(contract, f"PREF-03@{OPT_IN}", steer)

    assert (verdict.outcome, blamed(verdict)) == ("violated", {"top"})


@pytest.mark.parametrize("operation", [CHARGES, OPT_IN])
def test_the_evidence_of_a_stranger_names_what_let_them_in(
    contract: Contract, operation: str
) -> None:
    def steer(request: httpx.Request, _response: httpx.Response) -> bytes | None:
        return EMPTY if "on-behalf-of" in request.headers else None

    verdict = judged(contract, f"AUTH-04@{operation}", steer)

    assert (verdict.outcome, blamed(verdict)) == ("violated", {"On-Behalf-Of"})


@pytest.mark.parametrize(
    ("header", "outcome"), [("Accept-Language", "holds"), ("Viewport-Width", "violated")]
)
def test_who_names_a_language_may_be_answered_in_other_words(
    contract: Contract, header: str, outcome: str
) -> None:
    def steer(request: httpx.Request, response: httpx.Response) -> bytes | None:
        response.read()
        return (
            response.content.replace(b'"text":"', b'"text":"Ja, ')
            if header in request.headers
            else None
        )

    assert judged(contract, f"HEADER-01@{PREFERENCES}", steer).outcome == outcome


def test_who_names_a_language_must_be_given_the_same_records(contract: Contract) -> None:
    def steer(request: httpx.Request, _response: httpx.Response) -> bytes | None:
        return EMPTY if "accept-language" in request.headers else None

    assert judged(contract, f"HEADER-01@{PREFERENCES}", steer).outcome == "violated"


def test_no_read_asks_for_a_method_that_writes(contract: Contract) -> None:
    target, transport = implementations.python()
    seen = Steered(transport, lambda request, response: None)
    check(target, Plan(Options(only=("HEADER-01",)), "quick"), contract=contract, transport=seen)

    reads = [each for each in seen.sent if each.method == "GET"]
    asked = [
        (name.lower(), value)
        for each in reads
        for name, value in (*each.url.params.multi_items(), *each.headers.items())
    ]
    overriding = (*OVERRIDING, *OVERRIDING_HEADERS)
    names = {name.lower() for names, _ in overriding for name in names.split()}
    named = {value for name, value in asked if name in names}
    assert {"user-agent", "date_from"} <= {name for name, _ in asked}
    assert {"HEAD"} <= named <= {"GET", "HEAD", "OPTIONS"}


def test_every_extra_can_be_sent_and_each_value_is(contract: Contract, url: str) -> None:
    target = complete(Target(base_url=url))
    sender, sample = Sender(target), {"id": "x", "created_at": "2026-03-01T09:00:00Z"}
    identity = dict.fromkeys((*KINDS, *PLACES), "Ζωή 渡辺")
    sent = set[tuple[str, str]]()
    for operation in contract.operations.values():
        made = [each for turn in (0, 1) for each in bundles(contract, operation, sample, turn)]
        made += [surroundings(turn) for turn in range(16)]
        made += [claims(identity, turn, sample) for turn in (0, 1)]
        for extras in (*made, Extras(headers=(("User-Agent", ""),))):
            answer = sender.send("OPTIONS", url, extras.headers)
            assert answer.status < 400
            sent |= {*extras.headers}

    known = {
        (name, value) for names, values in HEADERS for name in names.split() for value in values
    }
    assert known <= sent


@pytest.mark.slow
def test_what_is_never_answered_is_found_once_and_left_out_then(contract: Contract) -> None:
    lost = 0

    def hang(request: httpx.Request, _response: httpx.Response) -> bytes | None:
        nonlocal lost
        if "x-canary" in request.headers:
            lost += 1
            raise httpx.ReadTimeout("nothing came")
        return None

    target, transport = implementations.python()
    plan, steered = Plan(Options(only=("HEADER-01",)), "quick"), Steered(transport, hang)
    report = check(target, plan, contract=contract, transport=steered)

    assert {each.outcome for each in report.verdicts} == {"holds"}
    assert lost < 25
