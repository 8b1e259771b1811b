"""A pytest plugin: with `--base-url`, one test item for each law at each operation."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from contract_tests.document import Contract
from contract_tests.engine import Options, cases, judge
from contract_tests.laws import GROUPS
from contract_tests.report.junit import told
from contract_tests.session import Session, ready
from contract_tests.target import CustomerSaid, Target, TargetError, Unreachable, load

WRITERS = ("authentication", "concurrency", "ownership", "preferences", "time")
"""Groups whose laws change consents, or would notice that somebody does."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options; another plugin may have brought a --base-url already."""
    group = parser.getgroup("my-account", "My Account contract")
    with suppress(ValueError):
        group.addoption("--base-url", default=None, help="the API to judge")
    group.addoption("--contract-profile", type=Path, help="a YAML file that describes the API")
    group.addoption("--customer-token", action="append", default=[], help="give two")
    group.addoption("--contract-read-only", action="store_true", help="send only reads")


def pytest_configure(config: pytest.Config) -> None:
    """Register a marker for each group of laws."""
    for group in GROUPS:
        config.addinivalue_line("markers", f"{group}: laws of {group}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each law at each operation, named and marked after them."""
    if "contract_case" not in metafunc.fixturenames:
        return
    given = metafunc.config.getoption("base_url") or metafunc.config.getoption("contract_profile")
    found = [
        pytest.param(
            case, id=f"{case[1].id}@{case[2].id}", marks=getattr(pytest.mark, case[0].group)
        )
        for case in (cases(Contract.load(), Options()) if given else ())
    ]
    metafunc.parametrize("contract_case", found)


@pytest.fixture(scope="session")
def contract_lock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the workers of a run take turns by, where a law changes the customers they share."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if hasattr(request.config, "workerinput") else folder
    return shared / "my-account.lock"


@pytest.fixture(scope="session")
def contract_session(request: pytest.FixtureRequest, contract_lock: Path) -> Session:
    """A run against the target of the command line, with its survey done."""
    option = request.config.getoption
    profile = option("contract_profile")
    try:
        target = load(profile) if profile else Target()
        told = {"base_url": option("base_url"), "read_only": option("contract_read_only")}
        told["customers"] = tuple(map(CustomerSaid, option("customer_token")))
        said = {name: value for name, value in told.items() if value}
        return _surveyed(target, said, contract_lock)
    except (TargetError, Unreachable) as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


def _surveyed(target: Target, told: dict[str, Any], lock: Path) -> Session:
    contract = Contract.load()
    known = {name: getattr(target, name) for name in target.__struct_fields__}
    target = ready(Target(**(known | told)), contract, patience_s=0)
    session = Session.open(target, contract)
    with _alone(lock):
        session.survey()
    return session


def judge_case(session: Session, case: Any, lock: Path) -> None:
    """Judge a law at an operation, as a test does: fail, skip with the reason, or return."""
    law, rule, operation = case
    if law.group in WRITERS or not operation.reads:
        with _alone(lock):
            verdict = judge(law, rule, operation, session)
            session.restore()
    else:
        verdict = judge(law, rule, operation, session)
    if verdict.outcome == "violated":
        pytest.fail(f"{rule.text} ({rule.source})\n{told(verdict)}", pytrace=False)
    if verdict.outcome != "holds":
        pytest.skip(f"{verdict.outcome}: {verdict.actual}")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Keep other workers of the run from changing the same customers meanwhile."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
