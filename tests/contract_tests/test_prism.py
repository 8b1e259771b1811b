"""Stoplight Prism in its mock mode knows the document and nothing else; the kit finds that out."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.engine import Options
from contract_tests.readiness import ready
from contract_tests.target import NamedCustomer, Target, Tokens
from tests.needs import needs

ROOT = Path(__file__).parents[2]
PRISM = "@stoplight/prism-cli@5.16.0"
INSTALLED_WITHIN_S = 240


@pytest.fixture(scope="module")
def prism() -> Iterator[Target]:
    npx = needs("npx")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [npx, "--yes", "--cache", str(ROOT / ".cache/npm"), PRISM, "mock", "-p", str(port)]
    process = subprocess.Popen(
        [*command, str(ROOT / "spec/openapi.yaml")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    said = Target(
        base_url=f"http://127.0.0.1:{port}",
        customers=(NamedCustomer("one"), NamedCustomer("two")),
        tokens=Tokens(staff="staff"),
    )
    try:
        yield ready(said, Contract.load(), INSTALLED_WITHIN_S)
    finally:
        subprocess.run(["pkill", "-TERM", "-s", str(process.pid)], check=False)
        process.wait(timeout=20)


@pytest.mark.long
def test_a_mock_without_state_or_accounts_is_found_out(prism: Target) -> None:
    # It is slow; these are what it cannot know, and what it does.
    only = ("AUTH-02", "AUTH-04", "PREF-04", "CONC-01", "OWN-01", "OWN-02", "bodies")
    report = check(prism, Plan(Options(only=only), "quick"))
    broken = {each.rule.id for each in report.violations}

    assert {"AUTH-02", "AUTH-04"} <= broken, "it takes any token"
    assert {"PREF-04", "CONC-01"} <= broken, "it keeps nothing"
    assert {"OWN-01", "OWN-02"} & broken, "everybody is the same customer"
    assert not [each for each in report.violations if each.group == "bodies"], "it knows the schema"
