"""The pytest plugin, as the test-suite of a client uses it: in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import httpx, pytest

ORDERS = "/shop/my-account/orders"


@pytest.mark.my_account_scenario("lapsed-member", persona="ben")
def test_the_marker_names_scenario_and_persona(my_account_sandbox, my_account_customer):
    assert my_account_sandbox.data["scenario"] == "lapsed-member"
    assert my_account_customer.persona == "ben"


@pytest.mark.parametrize("number", range(20))
def test_sandboxes_are_apart(my_account_sandbox, my_account_customer, number):
    with my_account_customer.http() as http:
        path = "/customers/my-account/marketing-preferences"
        for each in http.get(path).json()["data"][: number % 4]:
            http.request("DELETE" if each["opted_in"] else "POST", f"{path}/{each['id']}")
    changes = [change for entry in my_account_sandbox.requests() for change in entry["changes"]]
    assert len(changes) == number % 4


@pytest.mark.my_account_scenario("credit-expiring", now="2026-03-01T09:00:00Z")
def test_the_clock_is_the_tests_own(my_account_sandbox, my_account_customer):
    with my_account_customer.http() as http:
        def count():
            return len(http.get("/customers/my-account/credits").json()["data"])
        before = count()
        my_account_sandbox.advance("PT10S")
        assert count() == before - 1
    my_account_sandbox.assert_requested("listMyAccountCredits", times=2, persona="ada", status=200)


def test_a_fault_is_one_line(my_account_sandbox, my_account_customer):
    my_account_sandbox.fault("status", "listMyAccountPaymentMethods", status=404, count=1)
    with my_account_customer.http() as http:
        answers = [http.get("/customers/my-account/payment-methods") for _ in range(2)]
    assert [each.status_code for each in answers] == [404, 200]


def test_what_was_not_asked_is_told(my_account_sandbox, my_account_customer):
    with my_account_customer.http() as http:
        http.get("/customers/my-account")
    my_account_sandbox.assert_requested("listMyAccountOrders")
"""


@pytest.mark.long
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_suite_of_a_client_runs_in_sandboxes(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_client.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--strict-markers"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "23 passed" in ran.stdout, ran.stdout + ran.stderr
    assert "1 failed" in ran.stdout
    told = "requests with operation=listMyAccountOrders: expected at least one, found 0; there were"
    assert told in ran.stdout
    assert "200  GET /customers/my-account  as ada: the token is ada's" in ran.stdout
