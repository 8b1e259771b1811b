"""Mutants shown to others: the figure for one's own service, and the proxy."""

import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from contract_tests import cli, power
from contract_tests.document import Contract
from contract_tests.mutants.catalogue import MUTANTS, select
from contract_tests.mutants.study import Study
from contract_tests.target import Target
from contract_tests.transport import SAFE
from tests.contract_tests import implementations
from tests.contract_tests.conftest import Broken

STRANGERS = replace(Target().tokens, staff=None, expired=None)


class Witness(httpx.BaseTransport):
    """Writes down what leaves."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self._inner.handle_request(request)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


@pytest.mark.long
def test_a_mutant_that_cannot_show_tells_what_would_wake_it(contract: Contract) -> None:
    target, transport = implementations.mock()
    study = Study(replace(target, tokens=STRANGERS), contract, transport=transport)
    finding = study.finding(MUTANTS["staff-are-let-in"])

    assert (finding.outcome, finding.wakes) == ("asleep", "a staff token")


@pytest.mark.long
def test_in_a_read_only_run_no_mutant_writes_and_what_writes_sleeps(contract: Contract) -> None:
    target, transport = implementations.mock()
    witness = Witness(transport)
    study = Study(replace(target, read_only=True), contract, transport=witness)
    findings = list(study.findings(select(["PREF-05", "OWN-03", "AUTH-12"])))

    assert {request.method for request in witness.sent} <= set(SAFE)
    assert {finding.outcome for finding in findings} == {"asleep"}
    assert all("write" in finding.wakes for finding in findings)


@pytest.mark.long
def test_a_service_is_asked_once_for_what_many_mutants_change(contract: Contract) -> None:
    target, transport = implementations.mock()
    witness = Witness(transport)
    study = Study(target, contract, transport=witness)
    before = len(witness.sent)
    findings = list(study.findings(select(["ORDER-01", "PAGE-08", "CUSTOMER-02", "CHARGES-01"])))

    assert {finding.outcome for finding in findings} == {"killed"}
    assert len(witness.sent) - before < sum(finding.requests for finding in findings) / 10


@pytest.mark.long
def test_what_a_mutant_wrote_is_put_back_round_it(contract: Contract) -> None:
    target, transport = implementations.mock()
    study = Study(target, contract, transport=transport)
    path = target.base_url + contract.operations["listMyAccountMarketingPreferences"].path
    headers = {"Authorization": f"Bearer {target.customers[0].token}"}
    with httpx.Client(transport=transport, headers=headers) as client:
        before = client.get(path).json()
        study.finding(MUTANTS["a-neighbour-changes-too"])

        assert client.get(path).json() == before


@pytest.mark.long
def test_power_tells_its_figure_and_keeps_it_for_later_summaries(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    result = run("power", "--base-url", url, "--only", "PAGE-07", "--only", "AUTH-03")

    assert result.exit_code == 0, result.output
    assert re.search(r"finds (\d+) of \1 known mutants", result.stdout.replace("\n", " "))
    assert power.load(url) is None
    power.save(url, power.Power(5, 6, 1, power.now()))
    assert str(power.load(f"{url}/")).startswith("finds 5 of 7 known mutants (1 asleep")


@pytest.mark.slow
def test_a_proxy_shows_an_implementation_broken_and_leads_back_to_itself(broken: Broken) -> None:
    target = broken("two-orders-are-swapped")
    headers = {"Authorization": f"Bearer {target.customers[0].token}"}
    links = httpx.get(f"{target.base_url}/shop/my-account/orders", headers=headers).json()["links"]

    assert all(link is None or link.startswith(target.base_url) for link in links.values())
    assert run("run", "-u", target.base_url, "--only", "PAGE-08").exit_code == 1


@pytest.mark.slow
def test_a_proxy_breaks_nothing_but_what_its_mutant_breaks(broken: Broken) -> None:
    target = broken("a-foreign-preference-is-404")
    result = run("run", "-u", target.base_url, "--only", "HTTP-05", "--only", "PREF-09")

    assert result.exit_code == 0, result.stdout


def test_a_proxy_sends_requests_on_as_they_came(broken: Broken, url: str) -> None:
    target = broken("the-token-of-a-proxy-will-do")
    path = Contract.load().operations["getMyAccountDetails"].path
    token = f"Bearer {target.customers[0].token}"
    odd = {b"Proxy-Authorization": token.encode(), b"X-Name": "Jürgen".encode("latin-1")}
    chunks = iter([b"one", b"two"])

    assert httpx.get(target.base_url + path, headers=odd).status_code == 200
    assert httpx.request("GET", url + path, headers=odd).status_code == 401
    with httpx.Client(base_url=target.base_url, headers={"Authorization": token}) as client:
        assert client.request("POST", "/no-such-thing", content=chunks).status_code == 404
        assert client.get(path).status_code == 200
    with closing(HTTPConnection(urlsplit(target.base_url).netloc)) as raw:
        raw.request("GET", path, headers={"Content-Length": "x"})
        assert raw.getresponse().status == 400


@pytest.mark.parametrize("body", [b'{"opted_in": false}', [b'{"opted_in"', b": false}"]])
def test_a_proxy_sends_bodies_on_whole_or_in_chunks(
    broken: Broken, body: bytes | list[bytes]
) -> None:
    target = broken("a-body-says-the-contrary")
    preferences = f"{target.base_url}/customers/my-account/marketing-preferences"
    headers = {"Authorization": f"Bearer {target.customers[0].token}"}
    id = httpx.get(preferences, headers=headers).json()["data"][0]["id"]
    listed = httpx.post(f"{preferences}/{id}", headers=headers, content=body).json()["data"]

    assert [each["opted_in"] for each in listed if each["id"] == id] == [False]


def test_a_proxy_leaves_the_coding_of_an_answer_as_it_is(broken: Broken) -> None:
    target = broken("orders-are-always-packed")
    headers = {"Authorization": f"Bearer {target.customers[0].token}"}
    answer = httpx.get(f"{target.base_url}/shop/my-account/orders", headers=headers)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["data"]


def test_an_unknown_mutant_is_told_with_its_nearest_names() -> None:
    result = run("break", "two-orders-swapped", "--target", "http://127.0.0.1:1")

    assert result.exit_code == 2
    assert "two-orders-are-swapped" in result.stderr
    assert run("self-check", "--only", "PAGE-99").exit_code == 2
    assert "PAGE-08" in run("mutants", "--only", "PAGE-08").stdout
