"""Somebody else's test-suite runs as it did, once we are installed beside it."""

import os
import subprocess
import sys
from pathlib import Path

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


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """An environment of its own with our wheel and the plugins of others."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    found = folder / "bin" / "python"
    others = ("pytest-base-url", "pytest-playwright", "pytest-asyncio", "pytest-xdist")
    install = [found, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, str(wheel), *others], check=True, capture_output=True)
    return found


ORDERS = {
    "by their entry points": (),
    "ours first": (*OURS, *THEIRS),
    "theirs first": (*THEIRS, *OURS),
}


@pytest.mark.slow
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
    ran = subprocess.run(
        [*command, *plugins],
        cwd=suite,
        env=os.environ | alone,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "6 passed" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.slow
def test_a_package_that_hides_ours_is_told_once_the_kit_is_asked_for(
    suite: Path, python: Path
) -> None:
    command = [python, "-m", "pytest", "--contract-base-url", "http://127.0.0.1:1"]
    ran = subprocess.run(command, cwd=suite, capture_output=True, text=True, check=False)

    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "hides the kit's" in ran.stderr
    assert "Traceback" not in ran.stderr


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
