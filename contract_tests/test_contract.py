"""What `pytest --pyargs contract_tests --base-url URL` runs: the laws, one by one."""

from pathlib import Path
from typing import Any

from contract_tests.plugin import judge_case
from contract_tests.session import Session


def test_law(contract_session: Session, contract_case: Any, contract_lock: Path) -> None:
    """One law at one operation."""
    judge_case(contract_session, contract_case, contract_lock)
