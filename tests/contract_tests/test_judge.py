"""Recorded traffic judged offline: what a browser, a proxy or the mock's journal wrote down."""

import json
import random
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from contract_tests import cli, har
from contract_tests.check import Plan
from contract_tests.document import Contract
from contract_tests.exchange import Exchange
from contract_tests.recorded import Record, judge
from contract_tests.report.summary import Report
from contract_tests.session import Session
from contract_tests.target import Target, complete
from tests.contract_tests.conftest import Broken

pytestmark = pytest.mark.slow

NOW = "2026-03-01T09:00:00Z"
CONTRACT = Contract.load()
ORDERS = CONTRACT.operations["listMyAccountOrders"]


def sandbox(url: str) -> Target:
    made = httpx.post(f"{url}/__mock__/sandboxes", json={"now": NOW}).json()
    return complete(Target(base_url=url + made["base_path"]))


def browsed(target: Target) -> Session:
    """What a front end asks for: everything, the pages of orders, and a change of mind."""
    session = Session.open(target, CONTRACT)
    for customer in session.customers[:2]:
        for operation in CONTRACT.operations.values():
            if operation.reads:
                customer.call(operation)
        for page in ("1", "2", "3"):
            customer.call(ORDERS, (("page", page), ("per_page", "4")))
        preference, opted_in = next(iter(customer.consents().items()))
        for wanted in (not opted_in, opted_in):
            customer.decide(preference, opted_in=wanted)
            customer.preferences()
    session.anonymous.call(CONTRACT.account)
    return session


def entry(exchange: Exchange, number: int) -> dict[str, Any]:
    """An exchange as a browser exports it."""
    body = exchange.body.decode()
    at = f"2026-03-01T09:00:{number // 1000 % 60:02}.{number % 1000:03}Z"
    date = format_datetime(datetime.fromisoformat(at), usegmt=False)
    headers = dict(exchange.headers) | {"date": date, "content-encoding": "br"}
    sent = {":authority": "shop.example"} | {k.lower(): v for k, v in exchange.sent.items()}
    return {
        "startedDateTime": at,
        "request": {
            "method": exchange.method,
            "url": exchange.url,
            "headers": [{"name": name, "value": value} for name, value in sent.items()],
        },
        "response": {
            "status": exchange.status,
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
            "content": {"size": len(exchange.body), "mimeType": "application/json", "text": body},
        },
    }


def as_har(exchanges: Sequence[Exchange]) -> list[dict[str, Any]]:
    return [entry(each, number) for number, each in enumerate(exchanges)]


def written(path: Path, entries: Sequence[dict[str, Any]]) -> Path:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}))
    return path


def judged(path: Path, entries: Sequence[dict[str, Any]]) -> Report:
    read = har.load(written(path / "traffic.har", entries))
    return judge(Record.of(read, CONTRACT, Target()), Plan(depth="quick"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.main, ["judge", *map(str, arguments)])


def violated(report: Report) -> set[str]:
    return {each.rule.id for each in report.violations}


def test_traffic_of_a_right_implementation_is_kept_and_covers_what_it_shows(
    url: str, tmp_path: Path
) -> None:
    report = judged(tmp_path, as_har(browsed(sandbox(url)).client.exchanges))
    holds = {each.id for each in report.having("holds")}

    assert [(each.id, each.expected, each.actual) for each in report.violations] == []
    assert report.kept
    assert holds >= {
        "BODY-01@listMyAccountOrders",
        "OWN-01@listMyAccountOrders",
        "OWN-02@listMyAccountCharges",
        "PAGE-03@listMyAccountOrders",
        "PAGE-04@listMyAccountOrders",
        "PAGE-05@listMyAccountOrders",
        "ORDER-01@listMyAccountOrders",
        "CREDITS-07@listMyAccountCredits",
        "PREF-04@actionMyAccountMarketingPreferenceOptIn",
        "PREF-04@actionMyAccountMarketingPreferenceOptOut",
        "AUTH-07@getMyAccountDetails",
        "ERR-01@getMyAccountDetails",
    }


@pytest.mark.parametrize("seed", range(12))
def test_some_reads_of_right_traffic_raise_no_alarm(url: str, tmp_path: Path, seed: int) -> None:
    entries = as_har(browsed(sandbox(url)).client.exchanges)
    drawn = random.Random(seed)
    share = drawn.choice((0.1, 0.3, 0.6, 0.9))
    reads = {"GET", "HEAD"}
    kept = [
        each for each in entries if each["request"]["method"] not in reads or drawn.random() < share
    ]
    for each in kept:
        if each["request"]["method"] not in reads and drawn.random() < 0.5:
            del each["response"]["content"]["text"]
    report = judged(tmp_path, kept)

    assert [(each.id, each.expected, each.actual) for each in report.violations] == []


@pytest.mark.parametrize(
    ("mutant", "rules"),
    [
        ("unpaid-is-a-penny-off", {"ORDER-01"}),
        ("instants-have-no-offset", {"BODY-04"}),
        ("two-orders-are-swapped", {"PAGE-08"}),
        ("charges-name-another-customer", {"OWN-01"}),
        ("everybody-is-the-first-customer", {"OWN-04"}),
        ("nothing-is-kept", {"PREF-04"}),
        ("errors-hide-from-browsers", {"HTTP-04"}),
    ],
)
def test_mutants_are_found_in_what_was_recorded(
    broken: Broken, tmp_path: Path, mutant: str, rules: set[str]
) -> None:
    report = judged(tmp_path, as_har(browsed(broken(mutant, now=NOW)).client.exchanges))

    assert rules <= violated(report)


def test_the_journal_of_the_mock_can_be_judged(url: str, tmp_path: Path) -> None:
    target = sandbox(url)
    browsed(target)
    id = target.base_url.rpartition("@")[2]
    right = httpx.get(f"{url}/__mock__/sandboxes/{id}/journal/har").text
    wrong = right.replace(str(target.customers[0].id), "00000000-0000-4000-8000-000000000001", 1)
    for journal, code in ((right, 0), (wrong, 1)):
        path = tmp_path / "journal.har"
        path.write_text(journal)
        result = run(path)
        assert result.exit_code == code, result.stdout


def test_without_tokens_as_browsers_export_it_one_person_made_it(url: str, tmp_path: Path) -> None:
    session = browsed(sandbox(url))
    entries = as_har([each for each in session.client.exchanges if each.actor == "ada"])
    for each in entries:
        headers = each["request"]["headers"]
        each["request"]["headers"] = [one for one in headers if one["name"] != "authorization"]
    report = judged(tmp_path, entries)

    assert report.violations == []
    assert "BODY-01@listMyAccountOrders" in {each.id for each in report.having("holds")}


def test_without_tokens_answers_about_several_customers_are_not_judged(
    url: str, tmp_path: Path
) -> None:
    entries = as_har(browsed(sandbox(url)).client.exchanges)
    for each in entries:
        headers = each["request"]["headers"]
        headers[:] = [header for header in headers if header["name"] != "authorization"]
    result = run(written(tmp_path / "sanitized.har", entries))

    assert result.exit_code == 2
    assert "several customers, and not who asked" in result.stderr
    assert "with sensitive data" in result.stderr


def test_what_archives_may_have_besides_is_read(url: str, tmp_path: Path) -> None:
    entries = as_har(browsed(sandbox(url)).client.exchanges)
    odd = json.loads(json.dumps(entries[0]))
    odd["request"]["url"] = "http://[::1"
    entries[3]["startedDateTime"] = entries[3]["startedDateTime"].removesuffix("Z")
    file = written(tmp_path / "odd.har", [odd, *entries])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())

    assert run(file).exit_code == 0


def test_what_shows_no_whole_answer_is_left_out_and_told(url: str, tmp_path: Path) -> None:
    entries = as_har(browsed(sandbox(url)).client.exchanges)
    entries[0]["response"] |= {"status": 304}
    entries[1]["response"]["content"]["text"] = entries[1]["response"]["content"]["text"][:10]
    del entries[2]["response"]["content"]["text"]
    entries[3]["_fromCache"] = "disk"
    entries[4]["request"]["url"] = "https://cdn.example/app.js"
    report = judged(tmp_path, entries)

    assert report.violations == []
    assert any("4 answers were not recorded whole" in note for note in report.notes)
    assert any(note.startswith("1 of ") for note in report.notes)


def test_no_token_of_a_record_is_shown(broken: Broken, tmp_path: Path) -> None:
    target = broken("charges-name-another-customer", now=NOW)
    path = written(tmp_path / "traffic.har", as_har(browsed(target).client.exchanges))
    reports = [f"--report={kind}={tmp_path / kind}" for kind in ("json", "html", "junit")]
    result = run(path, *reports)

    assert result.exit_code == 1
    assert "curl -i " in result.stdout
    for text in (result.stdout, *((tmp_path / kind).read_text() for kind in ("json", "html"))):
        assert target.customers[0].token not in text


def test_secrets_that_anybody_sent_are_hidden_wherever_they_come_back(
    url: str, tmp_path: Path
) -> None:
    canaries = ("wholly-unknown-canary-1", "a-cookie-canary-22", "a-gateway-canary-333")
    entries = as_har(browsed(sandbox(url)).client.exchanges)
    entries[0]["request"]["headers"] += [
        {"name": "cookie", "value": f"sid={canaries[1]}"},
        {"name": "x-api-key", "value": canaries[2]},
    ]
    odd = entry(browsed(sandbox(url)).client.exchanges[0], 9)
    odd["request"]["headers"] = [{"name": "authorization", "value": f"Bearer {canaries[0]}"}]
    odd["response"] |= {"status": 500, "content": {"size": 1, "text": f"{canaries}"}}
    entries[0]["response"] |= {"content": {"size": 1, "text": f"who are you, {canaries}?"}}
    path = written(tmp_path / "traffic.har", [*entries, odd])
    kinds = ("json", "html", "junit", "markdown", "sarif")
    result = run(path, *(f"--report={kind}={tmp_path / kind}" for kind in kinds))

    assert result.exit_code == 1
    for text in (result.stdout, *((tmp_path / kind).read_text() for kind in kinds)):
        assert not [each for each in canaries if each in text]


@pytest.mark.parametrize("content", ["", "{}", "nonsense", '{"log": {"entries": [{}]}}'])
def test_what_is_no_archive_is_exit_2_in_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "traffic.har"
    path.write_text(content)
    result = run(path)

    assert (result.exit_code, len(result.stderr.strip().splitlines())) == (2, 1)
    assert run(tmp_path / "none.har").exit_code == 2


def test_an_archive_without_the_api_is_exit_2(tmp_path: Path) -> None:
    result = run(written(tmp_path / "traffic.har", []))

    assert result.exit_code == 2
    assert "no whole answer of the API" in result.stderr
