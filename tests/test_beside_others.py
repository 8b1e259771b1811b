"""Somebody else's test-suite runs as it did, once we are installed beside it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

OURS = ("my_account_contract_plugin", "my_account_mock_plugin")
THEIRS = ("pytest_base_url.plugin", "pytest_playwright.pytest_playwright", "pytest_asyncio.plugin")
CONFTEST = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--customer-token", dest="customer_token", default="mine")
    parser.addini("scenario", "theirs")

@pytest.fixture
def customer(request):
    return request.config.getoption("customer_token")

@pytest.fixture
def sandbox():
    return "theirs"

@pytest.fixture
def mock_server():
    return "theirs"
"""
SUITE = """
import asyncio, sys
import pytest

@pytest.mark.scenario
def test_names_are_theirs(base_url, customer, sandbox, mock_server):
    assert (base_url, customer) == ("http://theirs.example", "mine")
    assert sandbox == mock_server == "theirs"

@pytest.mark.asyncio
async def test_loops(browser_name):
    await asyncio.sleep(0)
    assert browser_name == "chromium"

def test_nothing_heavy_was_imported_for_us():
    assert not [each for each in sys.modules if each.startswith("contract_tests.laws")]

def test_its_own_packages_are_not_taken_for_ours():
    import contract_tests, mock_server
    assert contract_tests.__doc__ == mock_server.__doc__ == "theirs"
"""
INI = """
[pytest]
addopts = --strict-markers --strict-config
markers = scenario: theirs
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small suite which uses names that plugins like to take."""
    folder = tmp_path_factory.mktemp("suite")
    for name, text in {"conftest.py": CONFTEST, "test_it.py": SUITE, "pytest.ini": INI}.items():
        (folder / name).write_text(text)
    for name in ("contract_tests", "mock_server"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text('"theirs"')
        (folder / name / "test_inside.py").write_text("def test_it():\n    pass\n")
    return folder


def environment(folder: Path, wheel: Path, *requirements: str) -> Path:
    """The Python of an environment of its own with our wheel and the plugins of others."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    others = ("pytest-base-url", "pytest-playwright", "pytest-asyncio", "pytest-xdist")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, str(wheel), *others, *requirements], check=True, capture_output=True)
    return python


@pytest.fixture(scope="module", params=["pytest==8.*", "pytest==9.*"])
def python(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wheel: Path
) -> Path:
    """An environment as those who test a client have: without the extra `kit`."""
    return environment(tmp_path_factory.mktemp("venv"), wheel, request.param)


@pytest.fixture(scope="module")
def python_of_the_kit(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """An environment with the extra, and an older pytest."""
    return environment(tmp_path_factory.mktemp("venv"), Path(f"{wheel}[kit]"), "pytest==8.*")


def run(*command: str | Path, cwd: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    env = os.environ | variables
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


ORDERS = {
    "by their entry points": (),
    "ours first": (*OURS, *THEIRS),
    "theirs first": (*THEIRS, *OURS),
}


@pytest.mark.long
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("started", ["as a module", "as a command"])
def test_a_suite_with_other_plugins_runs_in_any_order_of_loading(
    suite: Path, python: Path, order: str, workers: str, started: str
) -> None:
    plugins = [part for name in ORDERS[order] for part in ("-p", name)]
    command = [python, "-m", "pytest"] if "module" in started else [python.with_name("pytest")]
    command += ["-q", "-n", workers, "--base-url", "http://theirs.example"]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} if plugins else {}
    plugins += ["-p", "xdist"] if plugins else []
    ran = run(*command, *plugins, cwd=suite, **alone)

    assert "6 passed" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.long
def test_a_package_that_hides_ours_is_told_once_the_kit_is_asked_for(
    suite: Path, python: Path
) -> None:
    ran = run(python, "-m", "pytest", "--contract-base-url", "http://127.0.0.1:1", cwd=suite)

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "hides the kit's" in ran.stderr
    assert "Traceback" not in ran.stderr


CLIENT = """
@pytest.mark.my_account_scenario("lapsed-member", persona="ben")
def test_it(my_account_sandbox, my_account_customer):
    with my_account_customer.http() as http:
        assert http.get("/customers/my-account").status_code == 200
    my_account_sandbox.assert_requested("getMyAccountDetails", times=1, persona="ben")
"""


@pytest.mark.slow
def test_the_fixtures_of_the_mock_need_nothing_of_the_kit(python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_client.py").write_text(f"import pytest\n{CLIENT}")
    # pytest-asyncio warns on its own account.
    command = [python, "-m", "pytest", "-q", "-W", "error", "-p", "no:asyncio"]
    ran = run(*command, cwd=tmp_path)
    heavy = run(python, "-c", "import schemathesis", cwd=tmp_path)

    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
    assert "No module named 'schemathesis'" in heavy.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [("contract-tests", "run"), ("contract-tests",), ("python", "-m", "contract_tests", "laws")],
    ids=" ".join,
)
def test_the_kit_without_its_extra_says_in_a_line_what_to_install(
    python: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    program, *rest = arguments
    ran = run(python.with_name(program), *rest, cwd=tmp_path)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert re.fullmatch(
        r"contract-tests: \w+ is not installed; run: pip install 'my-account-kit\[kit\]'\n",
        ran.stderr,
    )


@pytest.mark.slow
def test_the_items_of_the_kit_without_its_extra_say_so_too(python: Path, tmp_path: Path) -> None:
    ran = run(python, "-m", "pytest", "--contract-base-url", "http://127.0.0.1:1", cwd=tmp_path)

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "run: pip install 'my-account-kit[kit]'" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.long
def test_with_its_extra_the_kit_judges_in_an_older_pytest_too(
    python_of_the_kit: Path, tmp_path: Path, url: str
) -> None:
    judged = run(
        *(python_of_the_kit, "-m", "pytest", "-q", "--pyargs", "contract_tests"),
        *("-k", "AUTH-01", "--contract-base-url", url),
        *("--contract-customer-token", "customer-ada", "--contract-customer-token", "customer-ben"),
        cwd=tmp_path,
    )
    listed = run(python_of_the_kit.with_name("contract-tests"), "laws", cwd=tmp_path)

    assert re.search(r"^9 passed, \d+ deselected", judged.stdout, re.M), (
        judged.stdout + judged.stderr
    )
    assert listed.returncode == 0, listed.stderr


WINDOWS = """
import builtins, sys

missing = {"fcntl", "termios", "pwd", "grp", "resource"}
heavy = {"httpx", "yaml", "rich", "hypothesis", "msgspec", "schemathesis", "connexion", "click"}
real = builtins.__import__

def guarded(name, *rest, **named):
    if name in missing:
        raise ModuleNotFoundError(name)
    return real(name, *rest, **named)

import pytest
known = set(sys.modules)
builtins.__import__ = guarded
import my_account_contract_plugin, my_account_mock_plugin
print(sorted(heavy & (set(sys.modules) - known)))
"""


def test_the_plugins_import_little_and_nothing_that_windows_lacks() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WINDOWS], capture_output=True, text=True, check=False
    )

    assert ran.stdout == "[]\n", ran.stderr


WITHOUT_UNIX = """
import asyncio, builtins, os, signal, sys

missing = {"fcntl", "termios", "pwd", "grp", "resource", "uvloop"}
real = builtins.__import__

def guarded(name, *rest, **named):
    if name in missing:
        raise ModuleNotFoundError(name=name)
    return real(name, *rest, **named)

def unsupported(*_):
    raise NotImplementedError

builtins.__import__ = guarded
for name in ("add_signal_handler", "remove_signal_handler"):
    setattr(asyncio.SelectorEventLoop, name, unsupported)
for module, name in ((os, "fork"), (signal, "SIGHUP"), (signal, "SIGKILL")):
    delattr(module, name)

from mock_server.cli import main
sys.exit(main())
"""


@pytest.mark.slow
def test_the_mock_serves_without_what_only_unix_has_and_ends_at_an_interrupt(
    tmp_path: Path,
) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-c", WITHOUT_UNIX, "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--port-file", str(port_file), "--persist", str(tmp_path / "kept")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        if process.poll() is None and first:
            url = f"http://127.0.0.1:{port_file.read_text()}"
            opened = httpx.post(f"{url}/__mock__/sandboxes", json={})
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert first, errors
    assert opened.status_code == 201
    assert (process.returncode, "Traceback" in errors) == (0, False), errors
