"""A repro bundle is data of a stranger's: nothing in it decides where a token goes, or runs."""

import ast
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from click.testing import Result

from mock_server.client.replay import BundleError, read
from tests.mock_server.test_cli import run
from tests.mock_server.test_time import ACCOUNT, World

HOSTILE = '\n"\'\'\'"""`${OWNED}\\{owned}\u2028</script>'
Json = dict[str, Any]
Bundled = Callable[..., Path]


def replayed(*arguments: Any) -> Result:
    return run("replay", *map(str, arguments))


@pytest.fixture
def world(client: httpx.Client) -> World:
    return World(client)


@pytest.fixture
def bundled(world: World, tmp_path: Path) -> Bundled:
    """A file with one recorded request, in which some values are others."""
    world.get(ACCOUNT)
    bundle = world.client.get(f"{world.path}/bundle").json()

    def spoilt(request: Json | None = None, **values: Any) -> Path:
        (entry,) = bundle["requests"]
        recorded = entry | values
        recorded["request"] = entry["request"] | (request or {})
        file = tmp_path / "bug.json"
        file.write_text(json.dumps(bundle | {"requests": [recorded]}))
        return file

    return spoilt


@pytest.mark.parametrize("target", ["http://{}/x", "//{}/x", "/\\{}/x", "@{}/x", ".{}", "{}", "/"])
def test_a_token_goes_to_the_given_address_and_nowhere_else(
    bundled: Bundled, url: str, target: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.setblocking(False)
        address = f"127.0.0.1:{stranger.getsockname()[1]}"
        file = bundled(path=target.format(address), query=f"next=http://{address}/")
        ran = replayed(file, "--url", url, "--token", "ada=REAL")
        with pytest.raises(BlockingIOError):
            stranger.accept()

    assert ran.exit_code == (1 if target.startswith("/") else 2), ran.stderr
    assert len(ran.stderr.splitlines()) <= 1


@pytest.mark.parametrize(
    "values",
    [
        {"status": "200\n\nprint('OWNED')\nif 1 == 1:"},
        {"status": True},
        {"method": "GET'); print('OWNED')#"},
        {"at": "2026-03-01T09:00:00Z'); print('OWNED')#"},
        {"at": "2026-03-01T09:00:00"},
        {"path": "customers"},
        {"request": {"headers": []}},
        {"request": {"body": None}},
    ],
)
def test_what_is_no_bundle_is_refused_before_it_is_used(bundled: Bundled, values: Json) -> None:
    with pytest.raises(BundleError, match="is no bundle"):
        read(bundled(**values))


def test_a_refused_bundle_is_one_line_and_written_out_as_nothing(bundled: Bundled) -> None:
    ran = replayed(bundled(status="200\n\nprint('OWNED')"), "--as", "pytest")

    assert (ran.exit_code, len(ran.stderr.splitlines()), ran.stdout) == (2, 1, "")


def test_hostile_texts_stay_texts_in_the_written_tests(bundled: Bundled) -> None:
    request = {"headers": {"prefer": HOSTILE}, "body": HOSTILE, "body_bytes": None}
    file = bundled(request, path=f"/{HOSTILE}", query=HOSTILE, persona=HOSTILE)
    in_python = replayed(file, "--as", "pytest").stdout
    in_javascript = replayed(file, "--as", "playwright").stdout

    calls = [
        [ast.literal_eval(argument) for argument in node.args]
        for node in ast.walk(ast.parse(in_python))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "call"
    ]
    (line,) = (each for each in in_javascript.split("\n") if "await call(" in each)
    arguments = line.partition("call(")[2].rpartition(")).toBe(")[0]
    assert calls == [json.loads(f"[{arguments}]")]
    assert calls[0][1] == HOSTILE
    assert calls[0][4:] == [{"prefer": HOSTILE}, HOSTILE]
    assert json.loads(f"[{arguments}]")[3].isascii()


def test_hostile_headers_are_no_traceback(bundled: Bundled, url: str) -> None:
    request = {"headers": {"x": HOSTILE, "": "", "zoë\n": "x", "host": "evil", "Cookie": "x"}}
    ran = replayed(bundled(request), "--url", url, "--token", "ada=REAL")

    assert ran.exit_code == 1
    assert "Traceback" not in ran.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    "authorization",
    [
        "Basic c2hvcDpodW50ZXIyMg==",
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in (
                "customer-ada",
                "Token customer-ada",
                "Bearer",
                "",
                "Bearer nonsense",
                "Bearer customer-ada",
                "hunter22 hunter22",
            )
        ),
    ],
)
def test_other_credentials_are_hidden_and_answered_the_same_when_they_are_replayed(
    world: World, tmp_path: Path, authorization: str
) -> None:
    headers = {"Authorization": authorization.replace("customer-ada", world.token("ada"))}
    world.client.get(f"{world.said['base_path']}{ACCOUNT}?note=hunter22", headers=headers)
    file = tmp_path / "bug.json"
    file.write_bytes(world.client.get(f"{world.path}/bundle").content)
    ran = replayed(file, "--as", "pytest")
    (tmp_path / "test_bug.py").write_text(ran.stdout)
    command = [sys.executable, "-m", "pytest", "-q"]
    tested = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert "hunter22" not in file.read_text() or "hunter22" not in str(headers)
    assert "0 of 1 requests" in replayed(file).stdout
    assert "1 passed" in tested.stdout, tested.stdout


def test_whatever_was_asked_of_a_sandbox_its_bundle_can_be_read(url: str, tmp_path: Path) -> None:
    with closing(HTTPConnection(urlsplit(url).netloc)) as connection:
        for line in (
            "OPTIONS *",
            "M-SEARCH /customers/my-account",
            "GET //",
            "GET /customers/my-account?%ff=%",
        ):
            connection.request(*line.split())
            connection.getresponse().read()
    file = tmp_path / "bug.json"
    file.write_bytes(httpx.get(f"{url}/__mock__/sandboxes/default/bundle").content)

    assert {each.method for each in read(file).requests} >= {"M-SEARCH", "GET"}


@pytest.mark.slow
def test_headers_and_bodies_are_replayed_and_written_out(world: World, tmp_path: Path) -> None:
    token = {"Authorization": f"Bearer {world.token('ada')}"}
    world.client.get(f"{ACCOUNT}/payment-methods", headers=token | {"Prefer": "code=404"})
    id = world.get(f"{ACCOUNT}/marketing-preferences")[0]["id"]
    form = token | {"Content-Type": "application/x-www-form-urlencoded"}
    path = f"{ACCOUNT}/marketing-preferences/{id}"
    assert world.client.post(path, headers=form, content=b"a=b").status_code == 415
    world.client.get(f"{world.said['base_path']}{ACCOUNT}")
    file = tmp_path / "bug.json"
    file.write_bytes(world.client.get(f"{world.path}/bundle").content)

    ran = replayed(file)
    (tmp_path / "test_bug.py").write_text(replayed(file, "--as", "pytest").stdout)
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True
    )

    assert ran.exit_code == 0, ran.stdout
    assert "0 of 4 requests" in ran.stdout
    assert "1 passed" in tested.stdout, tested.stdout
