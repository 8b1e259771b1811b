"""What is true of every operation is judged at an operation that is added to the document."""

from contextlib import closing
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from contract_tests import cli
from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.engine import Options, cases
from contract_tests.report.summary import Report
from contract_tests.target import Target, complete

VOUCHERS = "/customers/my-account/vouchers"
LIST = "listMyAccountVouchers"
UNJUDGED = {"id": "VOUCHER-01", "source": "ruled", "text": "A voucher is green.", "why": "So."}


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The document with a list of vouchers and a rule that no law judges."""
    tree = Contract.load().tree
    vouchers: dict[str, Any] = yaml.safe_load(f"""
      operationId: {LIST}
      x-rules: []
      responses:
        "200":
          description: The vouchers.
          content:
            application/json:
              schema:
                type: object
                required: [data]
                properties:
                  data:
                    type: array
                    items:
                      type: object
                      required: [id, customer_id]
                      properties:
                        id: {{type: string}}
                        customer_id: {{type: string, format: uuid}}
        "401": {{$ref: "#/components/responses/Unauthorized"}}
    """)
    vouchers["x-rules"] = [UNJUDGED]
    tree["paths"][VOUCHERS] = {"get": vouchers}
    return Contract(yaml.safe_dump(tree))


class Vouchers(httpx.BaseTransport):
    """Shows vouchers beside what the target shows: one of each customer to every customer."""

    def __init__(self, *, leaks: bool) -> None:
        self.leaks, self.below = leaks, httpx.HTTPTransport()

    def close(self) -> None:
        """Close what it sends by."""
        self.below.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as charges are answered, but with vouchers."""
        if request.url.path != VOUCHERS:
            return self.below.handle_request(request)
        url = request.url.copy_with(path="/customers/my-account")
        inner = self.below.handle_request(
            httpx.Request(request.method, url, headers=request.headers)
        )
        with closing(inner):
            inner.read()
        if inner.status_code != 200 or request.method not in ("GET", "HEAD"):
            return inner
        if request.method == "HEAD":
            headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
            return httpx.Response(200, headers=headers)
        own = inner.json()["data"]["id"]
        ids = ["everybody's"] if self.leaks else [f"{own}'s"]
        data = [{"id": id, "customer_id": own} for id in ids]
        headers = {"Access-Control-Allow-Origin": "*"}
        return httpx.Response(200, json={"data": data}, headers=headers)


def judged(url: str, contract: Contract, *, leaks: bool) -> Report:
    plan = Plan(Options(only=(LIST,)), "quick")
    with Vouchers(leaks=leaks) as transport:
        return check(complete(Target(base_url=url)), plan, contract=contract, transport=transport)


@pytest.fixture(scope="module")
def honest(url: str, contract: Contract) -> Report:
    """What is said of the mock with everybody's own vouchers."""
    return judged(url, contract, leaks=False)


def test_a_leak_of_everybodys_records_relabelled_as_the_callers_is_found(
    url: str, contract: Contract
) -> None:
    report = judged(url, contract, leaks=True)

    assert not report.kept
    assert "OWN-02" in {each.rule.id for each in report.violations}


def test_without_the_leak_all_that_is_general_holds(honest: Report) -> None:
    holds = {each.rule.id for each in honest.verdicts if each.outcome == "holds"}

    assert honest.violations == []
    assert {"AUTH-01", "OWN-01", "OWN-02", "BODY-01", "BODY-03", "TIME-01", "HTTP-01"} <= holds


def test_a_rule_without_a_law_is_not_covered_and_lowers_the_coverage(honest: Report) -> None:
    [verdict] = [each for each in honest.verdicts if each.rule.id == "VOUCHER-01"]

    assert (verdict.outcome, verdict.operation) == ("not covered", LIST)
    assert "no law" in verdict.actual
    assert honest.coverage < 100


def test_every_rule_is_counted_at_every_operation_that_it_binds(contract: Contract) -> None:
    counted = {(rule.id, operation.id) for _, rule, operation in cases(contract, Options())}
    bound = {(rule.id, id) for rule in contract.rules.values() for id in rule.operations}

    assert counted == bound
    assert {LIST} == set(contract.rules["VOUCHER-01"].operations)
    assert LIST in contract.rules["OWN-02"].operations


def test_explaining_a_rule_without_a_law_tells_that_it_has_none(
    contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Contract, "load", lambda: contract)
    result = CliRunner().invoke(cli.main, ["explain", "VOUCHER-01"])

    assert result.exit_code == 0
    assert "no law" in result.output
