"""The Python client in a project that checks its types strictly, and what the types agree with."""

import subprocess
import sys
from pathlib import Path
from typing import is_typeddict

import pytest
import yaml

from mock_server.client import Customer, MockServer, Sandbox, shapes

CONSUMER = """
from collections.abc import Iterator
from typing import assert_type

import httpx

from mock_server.client import Customer, MockError, MockServer, Sandbox


def opened(my_account_mock: MockServer) -> Iterator[Sandbox]:
    with my_account_mock.sandbox("lapsed-member", seed=2, now="2026-03-01T09:00:00Z") as mine:
        yield mine
    my_account_mock.sandbox({"title": "of my own", "customers": {"zoe": {}}}).close()


def test_server(url: str) -> None:
    server = MockServer(url, admin_token="secret")
    assert_type(server.url, str)
    assert_type(server.call("GET", "/__mock__/health", params={"limit": 1}), object)
    again = server.sandbox(snapshot=server.open("default").snapshot(), overrides={"customers": {}})
    assert_type(server.coverage(again.id)["operations"][0]["statuses"], dict[str, int])
    server.close()


def test_customer(my_account_customer: Customer) -> None:
    assert_type(my_account_customer.headers, dict[str, str])
    assert_type(my_account_customer.name, str | None)
    print(*my_account_customer.summary)
    assert_type(my_account_customer.facts["memberships"], object)
    with my_account_customer.http() as http:
        assert_type(http, httpx.Client)


def test_sandbox(my_account_sandbox: Sandbox) -> None:
    sandbox = my_account_sandbox.use_scenario("failed-payment", seed=3, overrides={"sites": {}})
    assert_type(sandbox.data["scenario"], str)
    assert_type(sandbox.url + sandbox.id, str)
    assert_type(dict(sandbox.tokens), dict[str, str])
    assert_type(sandbox.customers, list[Customer])
    assert_type(sandbox.customer("ada").token, str)
    assert_type(sandbox.person("ada")["resources"][0]["total"], int)
    assert_type(sandbox.change("ada", credits=None)["holdings"], dict[str, object])
    assert_type(sandbox.mint("ada", "P1D"), str)
    assert_type(sandbox.now(), str)
    assert_type(sandbox.set_clock(running=False, force=True)["changes"][0]["text"], str)
    assert_type(sandbox.advance("P1D")["running"], bool)
    sandbox.reset()


def test_faults(my_account_sandbox: Sandbox) -> None:
    fault = my_account_sandbox.fault("latency", delay_ms={"uniform": (1, 2)}, count=1)
    assert_type(my_account_sandbox.faults()[0]["hits"], int)
    my_account_sandbox.remove_fault(fault["id"])
    my_account_sandbox.clear_faults()


def test_journal(my_account_sandbox: Sandbox) -> None:
    orders = "listMyAccountOrders"
    for entry in my_account_sandbox.requests(operation=orders, method="GET", since=1):
        assert_type(entry["operation"], str | None)
        assert_type(entry["request"]["headers"], dict[str, str])
        assert_type([change["persona"] for change in entry["changes"]], list[str | None])
    came = my_account_sandbox.wait_for(2, timeout_ms=10, persona="ada", status=200)
    assert_type(came[0]["response"]["body_bytes"], int)
    try:
        my_account_sandbox.assert_requested(orders, times=2, status=200)
    except (AssertionError, MockError) as error:
        print(error)
    my_account_sandbox.close()
"""
MISTAKES = (
    'sandbox.requests(operaton="listMyAccountOrders")',
    'sandbox.requests(status="200")',
    'sandbox.requests(method="get")',
    "sandbox.wait_for(times=2)",
    'sandbox.assert_requested("listMyAccountOrders", person="ada")',
    'sandbox.fault("latncy", delay_ms=5)',
    'sandbox.fault("latency", delay=5)',
    'sandbox.set_clock(advanced="P1D")',
    'sandbox.use_scenario("failed-payment", now="2026-03-01T09:00:00Z")',
    'sandbox.server.sandbox("failed-payment", sed=1)',
    'sandbox.requests()[0]["staus"]',
    'sandbox.person("ada")["holding"]',
    'sandbox.server.coverage()["percentage"]',
    "sandbox.data.scenario",
    "from mock_server.client import Sandbx",
)


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says of a project of two files, right.py and mistakes.py."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "right.py").write_text(CONSUMER)
    mistakes = "\n    ".join(MISTAKES)
    head = "from mock_server.client import Sandbox\ndef test_it(sandbox: Sandbox) -> None:"
    (folder / "mistakes.py").write_text(f"{head}\n    {mistakes}\n")
    # `--disallow-any-expr` is what tells that no value is of an unknown type.
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--no-pretty"]
    ran = subprocess.run(
        [*command, "--disallow-any-expr", "right.py", "mistakes.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.stderr, ran.stderr
    return ran.stdout.splitlines()


@pytest.mark.slow
def test_a_project_that_is_checked_strictly_uses_all_of_the_client(findings: list[str]) -> None:
    assert [line for line in findings if line.startswith("right.py")] == []


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_misspelt_name_or_value_is_an_error_of_types(findings: list[str], mistake: str) -> None:
    number = MISTAKES.index(mistake) + 3

    assert [line for line in findings if line.startswith(f"mistakes.py:{number}: error")]


@pytest.mark.parametrize("kind", [MockServer, Customer, Sandbox])
def test_the_project_of_this_test_uses_every_public_name(kind: type) -> None:
    public = {name for name in vars(kind) if not name.startswith("_")}

    assert [name for name in sorted(public) if f".{name}" not in CONSUMER] == []


DOCUMENT = Path(__file__).parents[2] / "spec" / "control.yaml"
SCHEMAS = yaml.safe_load(DOCUMENT.read_text())["components"]["schemas"]
WITHOUT = {
    "NewSandbox": {"scenario"},
    "NewScenario": {"scenario"},
    "NewFault": {"kind", "operation"},
}
"""What has a place of its own among the arguments."""
SHOWN = sorted(name for name in vars(shapes) if is_typeddict(vars(shapes)[name]))


def properties(schema: dict) -> tuple[set[str], set[str]]:
    """The names of an object's properties, and of those that are required."""
    if "$ref" in schema:
        return properties(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    parts = [properties(part) for part in schema.get("allOf", [])]
    own = set(schema.get("properties", {})), set(schema.get("required", []))
    return tuple(set().union(*sets) for sets in zip(own, *parts, strict=True))


@pytest.mark.parametrize("name", [name for name in SHOWN if name.removesuffix("Data") in SCHEMAS])
def test_a_type_has_the_names_that_the_document_has(name: str) -> None:
    kind = getattr(shapes, name)
    names, required = properties(SCHEMAS[name.removesuffix("Data")])
    apart = WITHOUT.get(name, set())
    if name == "Fault":
        names |= properties(SCHEMAS["NewFault"])[0]

    assert set(kind.__annotations__) == names - apart
    if kind.__total__:
        assert set(kind.__required_keys__) == required - apart
