"""`mock-server proxy --record`: a scenario of what passed, without anybody real in it."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.conftest import Serve
from tests.mock_server.proxy.servers import (
    ACCOUNT,
    CREDITS,
    IMPLEMENTATION,
    ORDERS,
    Server,
    Serving,
    answer,
    proxied,
)
from tests.mock_server.test_cli import run
from tests.needs import needs

READS = (
    *(ACCOUNT, f"{ACCOUNT}/charges", f"{ACCOUNT}/memberships", f"{ACCOUNT}/payment-methods"),
    *(f"{ACCOUNT}/marketing-preferences", f"{CREDITS}?redeemed=true&expired=true"),
    f"{ORDERS}?per_page=100",
)
KEPT = {"status", "type", "attention_reason", "currency", "processor", "item_type", "source"}
"""Fields whose values are no person's, and stay."""
Answers = dict[str, Any]


def read(url: str, token: str) -> Answers:
    """Everything that a customer can see, by path."""
    headers = {"Authorization": f"Bearer {token}"}
    return {path: httpx.get(url + path, headers=headers).json() for path in READS}


def recorded(folder: Path, url: str, *tokens: str) -> tuple[Path, list[Answers]]:
    """The scenario of what these customers can see, and what that was."""
    file = folder / "recorded.yaml"
    with proxied(folder, url, "--record", file) as proxy:
        answers = [read(proxy.url, token) for token in tokens]
    return file, answers


def shape(node: Any, name: str = "") -> Any:
    if isinstance(node, dict):
        return {key: shape(value, key) for key, value in sorted(node.items())}
    if isinstance(node, list):
        return sorted((shape(each) for each in node), key=repr)
    if node is None or isinstance(node, bool) or name in KEPT:
        return node
    if name in ("amount", "price", "joining_fee", "billing_frequency", "text", "max_members"):
        return node
    return type(node).__name__


def shapes(answers: Answers) -> Answers:
    """What an answer is like; of orders, which are drawn anew, their kinds in their order."""
    orders = answers[f"{ORDERS}?per_page=100"]
    kinds = [
        (order["status"], [name for name in order if name.endswith("_items") and order[name]][0])
        for order in orders["data"]
    ]
    others = {path: shape(answers[path]) for path in READS[:-1]}
    return others | {"orders": kinds, "total": orders["meta"]["total"]}


PERSONAL = (
    *("first_name", "last_name", "full_name", "email", "phone", "dob", "last_4", "order_ref"),
    *("cardholder_name", "membership_number", "external_ref", "coupon_code", "special_requests"),
    *("stripe_id", "payment_method_id", "url", "file_name", "id"),
)
ID = re.compile("[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{24}")


def personal(node: Any, name: str = "", within: str = "") -> Iterator[str]:
    """Every value in an answer that says something of a person, or that leads to one."""
    if isinstance(node, Mapping):
        if node.get("cardholder_name") and node["name"]:
            yield node["name"]
        for key, value in node.items():
            yield from personal(value, key, name)
    elif isinstance(node, list):
        for each in node:
            yield from personal(each, name, within)
    elif isinstance(node, str):
        is_named = name in ("name", "value") and within in ("guests", "labels", "practitioners")
        if name in PERSONAL or is_named or ID.fullmatch(node):
            yield node


@pytest.mark.long
@pytest.mark.parametrize(
    ("scenario", "people"),
    [
        ("default", ["ada", "ben", "dmitri", "eve", "frank", "grace"]),
        pytest.param("international", None, marks=pytest.mark.slow),
        pytest.param("many-brands", None, marks=pytest.mark.slow),
    ],
)
def test_what_was_recorded_is_served_in_the_same_shape_by_others(
    serve: Serve, tmp_path: Path, scenario: str, people: list[str] | None
) -> None:
    url = serve("--scenario", scenario)
    shown = httpx.get(f"{url}/__mock__/sandboxes/default").json()["customers"]
    tokens = [each["token"] for each in shown if people is None or each["persona"] in people]
    file, answers = recorded(tmp_path, url, *tokens)
    text = file.read_text("utf-8")
    seen = {value for each in answers for value in personal(each)}

    assert run("scenarios", "check", str(file)).exit_code == 0
    assert len(seen) > 50
    assert [each for each in seen if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text)] == []
    assert "left out" not in text
    here = serve("--scenario", str(file))
    for number, theirs in enumerate(answers, 1):
        assert shapes(read(here, f"customer-customer-{number}")) == shapes(theirs)


@pytest.mark.slow
def test_the_same_value_gets_the_same_replacement(serve: Serve, tmp_path: Path) -> None:
    household = {
        who: {
            "customer": {"first_name": first, "last_name": last, "phone": phone},
            "payment_methods": {"card": {"last_4": last_4, "label": "Joint account"}},
        }
        for who, first, last, phone, last_4 in (
            ("one", "Ottoline", "Quill", "+447700900001", "0007"),
            ("guest", "Ignatius", "Thorne", "+447700900002", "0008"),
            ("two", "Barnaby", "Quill", "+447700900001", "0007"),
        )
    }
    scenario = tmp_path / "household.yaml"
    scenario.write_text(yaml.safe_dump({"title": "A household", "customers": household}))
    url = serve("--scenario", str(scenario))
    file, _ = recorded(tmp_path, url, "customer-one", "customer-guest", "customer-two")
    first, guest, second = yaml.safe_load(file.read_text())["customers"].values()

    for name in ("last_name", "phone"):
        assert first["customer"][name] == second["customer"][name] != guest["customer"][name]
    assert first["payment_methods"] == second["payment_methods"] != guest["payment_methods"]
    assert first["customer"]["first_name"] != second["customer"]["first_name"]


@pytest.mark.slow
def test_a_recording_is_served_on_any_later_day(url: str, tmp_path: Path) -> None:
    file, _ = recorded(tmp_path, url, "customer-ada", "customer-ben")
    for days in (7, 30, 61):
        later = datetime.now(UTC) + timedelta(days=days)
        with_it = {"scenario": yaml.safe_load(file.read_text()), "now": later.isoformat()}
        assert httpx.post(f"{url}/__mock__/sandboxes", json=with_it).status_code == 201


@pytest.mark.slow
def test_an_implementation_on_node_is_recorded(tmp_path: Path) -> None:
    environment = {**os.environ, "PORT": "0"}
    with subprocess.Popen(
        [needs("node"), IMPLEMENTATION], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        profile = json.loads(process.stdout.readline())
        tokens = [each["token"] for each in profile["customers"]]
        file, answers = recorded(tmp_path, profile["base_url"], *tokens)
        process.terminate()
    text = file.read_text("utf-8")
    seen = {value for each in answers for value in personal(each)}

    assert run("scenarios", "check", str(file)).exit_code == 0
    assert len(yaml.safe_load(text)["customers"]) == len(tokens)
    assert [each for each in seen if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text)] == []


@pytest.mark.slow
def test_what_the_mock_cannot_say_is_left_out_and_told(
    upstream: Serving, url: str, tmp_path: Path
) -> None:
    answers = read(url, "customer-ada")
    listed = answers[f"{ACCOUNT}/memberships"]
    for membership in listed["data"]:
        membership["type"]["description"] = "Made for Ada, whom we know"
    listed["data"][0] |= {"status": "upcoming", "attention_reason": None}

    def answering(handler: Server.Handler) -> None:
        path = handler.server.asked[-1][0].split()[1]
        handler.wfile.write(answer(json.dumps(answers[path]).encode()))

    file, _ = recorded(tmp_path, upstream(answering).url, "some-token")
    text = file.read_text()

    assert "# The mock cannot say it: customer-1.memberships.membership-1" in text
    assert "Made for …, whom we know" in text
    assert run("scenarios", "check", str(file)).exit_code == 0


@pytest.mark.slow
def test_of_more_than_a_scenario_may_hold_some_customers_are_left_out(
    url: str, tmp_path: Path
) -> None:
    many = {"joined": {"memberships": {f"kind-{number}": {"count": 10} for number in range(9)}}}
    tokens = [
        httpx.post(
            f"{url}/__mock__/sandboxes",
            json={"scenario": {"title": "Many", "customers": many}, "seed": seed},
        ).json()["customers"][0]["token"]
        for seed in range(3)
    ]
    file, _ = recorded(tmp_path, url, *tokens)

    assert run("scenarios", "check", str(file)).exit_code == 0
    assert "# The mock cannot say it: customer-3\n" in file.read_text()
    assert "left out: customer-3" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_only_a_recording_is_recorded_over(url: str, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("title: Mine\n")
    refused = run("proxy", url, "--port", "0", "--record", str(own))

    assert refused.exit_code == 2
    assert "own.yaml is no recording; choose a name that is free" in refused.stderr
    assert own.read_text() == "title: Mine\n"
    first, _ = recorded(tmp_path, url, "customer-ada")
    again, _ = recorded(tmp_path, url, "customer-eve")
    assert first == again
    assert len(yaml.safe_load(again.read_text())["customers"]) == 1


@pytest.mark.slow
def test_a_proxy_that_is_killed_leaves_what_it_had_recorded(url: str, tmp_path: Path) -> None:
    file = tmp_path / "recorded.yaml"
    with proxied(tmp_path, url, "--record", file) as proxy:
        read(proxy.url, "customer-ada")
        while not file.stat().st_size:
            time.sleep(0.1)
        os.kill(proxy.pid, signal.SIGKILL)

    assert run("scenarios", "check", str(file)).exit_code == 0
    assert [each.name for each in tmp_path.iterdir() if "recorded" in each.name] == [file.name]


@pytest.mark.slow
def test_where_nothing_was_seen_there_is_no_file(url: str, tmp_path: Path) -> None:
    file, _ = recorded(tmp_path, url)

    assert not file.exists()
    assert "nothing was recorded" in (tmp_path / "log").read_text()
