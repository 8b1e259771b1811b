"""A correct implementation that shares no code with the mock raises no violation."""

import threading
from collections.abc import Iterator

import pytest

from contract_tests.check import Depth, Plan, check
from contract_tests.target import CustomerSaid, Target, Tokens, complete
from tests.contract_tests import independent


@pytest.fixture
def target() -> Iterator[Target]:
    server = independent.server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    customers = [
        CustomerSaid(token, name, facts=independent.facts(name))
        for token, name in independent.TOKENS.items()
    ]
    yield complete(
        Target(
            base_url=f"http://127.0.0.1:{server.server_port}{independent.PREFIX}/",
            customers=tuple(customers),
            tokens=Tokens(staff="staff-secret", expired="old-secret", revoked="gone-secret"),
        )
    )
    server.shutdown()


@pytest.mark.parametrize("depth", ["quick", "standard"])
def test_a_correct_implementation_is_not_accused(target: Target, depth: Depth) -> None:
    report = check(target, Plan(depth=depth))

    assert [(each.id, each.expected, each.actual) for each in report.violations] == []
    assert report.counts["unstable"] == 0
    assert report.coverage > 85
