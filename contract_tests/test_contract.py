"""What `pytest --pyargs contract_tests --contract-base-url URL` runs: the laws, one by one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from contract_tests.document import Contract
from contract_tests.engine import Options, cases, judge
from contract_tests.leftovers import tracking
from contract_tests.profile import load
from contract_tests.readiness import ready
from contract_tests.report.junit import as_text
from contract_tests.session import Session
from contract_tests.target import NamedCustomer, Target, TargetError, Unreachable

OPTION = "my_account_contract_"
"""What the plugin's options begin with; installed, that module stands outside this package."""
WRITERS = ("authentication", "concurrency", "ownership", "preferences", "time")
"""Groups whose laws change consents, or would notice that somebody does."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each law at each operation, named and marked after them."""
    laws = [
        pytest.param(
            case, id=f"{case[1].id}@{case[2].id}", marks=_marks(case[0].group, metafunc.config)
        )
        for case in cases(Contract.load(), Options())
    ]
    metafunc.parametrize("case", laws)


def _marks(group: str, config: pytest.Config) -> tuple[pytest.MarkDecorator, ...]:
    """The marker of a group, which the plugin knows where there is something to judge."""
    return (getattr(pytest.mark, f"contract_{group}"),) if _is_said(config) else ()


def _is_said(config: pytest.Config) -> bool:
    return any(config.getoption(f"{OPTION}{name}") for name in ("base_url", "profile"))


@pytest.fixture(scope="session")
def lock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FileLock:
    """A lock between workers, for laws that change the customers they share."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if hasattr(request.config, "workerinput") else folder
    return FileLock(shared / "my-account.lock")


@pytest.fixture(scope="session")
def session(request: pytest.FixtureRequest, lock: FileLock) -> Iterator[Session]:
    """A run against the target of the command line, with its survey done."""

    def option(name: str) -> Any:
        return request.config.getoption(OPTION + name)

    if not _is_said(request.config):
        pytest.exit(
            "it is not said what is to be judged: give --contract-base-url or --contract-profile",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )
    profile: Path | None = option("profile")
    try:
        target = load(profile) if profile else Target()
        options = {"base_url": option("base_url"), "read_only": option("read_only")}
        options["customers"] = tuple(map(NamedCustomer, option("customer_token")))
        given = {name: value for name, value in options.items() if value}
        session = _open(target, given)
        with tracking(session) as leftovers:
            with lock:
                session.survey()
            yield session
            with lock:
                leftovers.restore()
    except (TargetError, Unreachable) as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


def _open(target: Target, options: dict[str, Any]) -> Session:
    contract = Contract.load()
    known = {name: getattr(target, name) for name in target.__struct_fields__}
    return Session.open(ready(Target(**(known | options)), contract, patience_s=0), contract)


def test_law(session: Session, case: Any, lock: FileLock) -> None:
    """One law at one operation: it fails, is skipped with the reason, or passes."""
    law, rule, operation = case
    if law.group in WRITERS or not operation.reads:
        with lock:
            verdict = judge(law, rule, operation, session)
            session.restore()
    else:
        verdict = judge(law, rule, operation, session)
    verdict = verdict.redacted(session.client.redact)
    if verdict.outcome in ("violated", "unstable"):
        text = f"{verdict.outcome}: {rule.text} ({rule.source})\n{as_text(verdict)}"
        pytest.fail(text, pytrace=False)
    if verdict.outcome != "holds":
        pytest.skip(f"{verdict.outcome}: {verdict.actual}")
