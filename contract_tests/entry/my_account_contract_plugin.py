"""
A pytest plugin: with `--contract-base-url`, one test item for each law at each operation.

Every pytest of an environment loads it, so it imports nothing heavy, names nothing that others
name, and imports no package of ours unasked: a project's own may have its name. What the items
need stands in `test_contract.py`.
"""

from pathlib import Path

import pytest

OPTION = "my_account_contract_"
"""What the destinations of our options begin with."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    group = parser.getgroup("my-account-contract", "My Account contract")
    options: dict[str, dict[str, object]] = {
        "base-url": {"help": "the API to judge"},
        "profile": {"type": Path, "help": "a YAML file that describes the API"},
        "customer-token": {"action": "append", "default": [], "help": "give two"},
        "read-only": {"action": "store_true", "help": "send only reads"},
    }
    for name, attributes in options.items():
        dest = OPTION + name.replace("-", "_")
        group.addoption(f"--contract-{name}", dest=dest, **attributes)


def pytest_configure(config: pytest.Config) -> None:
    """Register a marker for each group of laws, where there is something to judge."""
    if not (config.getoption(f"{OPTION}base_url") or config.getoption(f"{OPTION}profile")):
        return
    try:
        from contract_tests.laws import GROUPS
    except ImportError as error:
        raise pytest.UsageError(_advice(error.name or "")) from None
    for group in GROUPS:
        config.addinivalue_line("markers", f"contract_{group}: laws of {group}")


def _advice(module: str) -> str:
    """What to do where a module cannot be imported."""
    if module.startswith("contract_tests"):
        return (
            "a package 'contract_tests' of this project hides the kit's: "
            "run `contract-tests run`, or pytest in another folder"
        )
    return f"{module} is not installed; run: pip install 'my-account-kit[kit]'"
