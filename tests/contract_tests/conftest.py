"""Implementations shown broken by a mutant, and implementations without a socket."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from contract_tests.document import Contract
from contract_tests.mutants import proxy
from contract_tests.mutants.catalogue import MUTANTS
from contract_tests.target import Target, complete

Broken = Callable[..., Target]
FEW = ("eve", "frank", "henry")
"""People who have little, so that a run with them takes a third of the time."""


def sandbox_of_few(url: str, **fields: Any) -> str:
    """The path of a sandbox of its own with few people, for runs of which what they do counts."""
    sandboxes = f"{url}/__mock__/sandboxes"
    everybody = httpx.get(f"{sandboxes}/default").json()["customers"]
    others = {each["persona"]: None for each in everybody if each["persona"] not in FEW}
    opening = {"overrides": {"customers": others}, **fields}
    path: str = httpx.post(sandboxes, json=opening).json()["base_path"]
    return path


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract, read once."""
    return Contract.load()


@contextmanager
def breaking(url: str, contract: Contract) -> Iterator[Broken]:
    """Shows a sandbox of its own, opened with some fields, through a mutant."""
    sandboxes = f"{url}/__mock__/sandboxes"
    with ExitStack() as stack:

        def show(mutant: str, **fields: Any) -> Target:
            sandbox = httpx.post(sandboxes, json=fields).json()
            stack.callback(httpx.delete, f"{sandboxes}/{sandbox['id']}")
            target = complete(Target(base_url=url + sandbox["base_path"]))
            shown = stack.enter_context(proxy.running(MUTANTS[mutant], target, contract))
            return replace(target, base_url=shown.url)

        yield show


@pytest.fixture
def broken(url: str, contract: Contract) -> Iterator[Broken]:
    """Shows a sandbox of the test's own through a mutant."""
    with breaking(url, contract) as show:
        yield show
