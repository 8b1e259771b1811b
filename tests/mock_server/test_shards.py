"""Several servers behind nginx: each request finds the shard that its token or its path names."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from mock_server.cli import main
from mock_server.client.client import MockServer, Sandbox
from mock_server.worlds.shard import Shard
from tests.conftest import Serve
from tests.needs import needs

SHARDS = 3


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def answered(url: str) -> bool:
    try:
        return httpx.get(f"{url}/__mock__/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of `serve --workers`, whose sandboxes are kept."""
    needs("nginx")
    url = f"http://127.0.0.1:{(port := free_port())}"
    kept = tmp_path_factory.mktemp("kept") / "sandboxes"
    command = [sys.executable, "-m", "mock_server", "serve", "--workers", str(SHARDS)]
    process = subprocess.Popen([*command, "--port", str(port), "--persist", str(kept)])
    until = time.monotonic() + 60
    while not answered(url):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    yield url
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


@pytest.fixture(scope="module")
def worlds(farm: str) -> list[Sandbox]:
    """Three hundred sandboxes, opened at once."""
    server = MockServer(farm)
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda _: server.sandbox("empty"), range(300)))


def shard_of(id: str) -> int:
    found = re.match(r"s(\d+)-", id)
    assert found
    return int(found[1])


def preferences(world: Sandbox) -> list[bool]:
    with world.customer("ada").http() as http:
        answer = http.get("/customers/my-account/marketing-preferences")
    return [each["opted_in"] for each in answer.json()["data"]]


def opt_in(world: Sandbox) -> None:
    with world.customer("ada").http() as http:
        path = "/customers/my-account/marketing-preferences"
        first = http.get(path).json()["data"][0]["id"]
        assert http.post(f"{path}/{first}").status_code == 200


@pytest.mark.slow
def test_sandboxes_are_opened_in_every_shard(worlds: list[Sandbox]) -> None:
    counts = Counter(shard_of(world.id) for world in worlds)

    assert set(counts) == {1, 2, 3}
    assert min(counts.values()) > 50
    assert len({world.id for world in worlds}) == 300


@pytest.mark.slow
def test_two_hundred_parallel_tests_lose_and_mix_nothing(worlds: list[Sandbox]) -> None:
    half = worlds[:100]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(opt_in, half))
        seen = list(pool.map(preferences, worlds[:200]))

    assert all(sum(each) == 1 for each in seen[:100])
    assert all(sum(each) == 0 for each in seen[100:])


@pytest.mark.slow
def test_a_path_leads_to_the_shard_as_well_as_a_token(farm: str, worlds: list[Sandbox]) -> None:
    for world in worlds[:9]:
        assert httpx.get(f"{farm}/__mock__/sandboxes/{world.id}").json()["id"] == world.id
        headers = {"Authorization": f"Bearer {world.customer('ada').token}"}
        answer = httpx.get(f"{farm}/@{world.id}/shop/my-account/orders", headers=headers).json()
        assert answer["links"]["first"].startswith(f"{farm}/@{world.id}/")


@pytest.mark.slow
def test_a_stream_arrives_as_it_is_sent(farm: str, worlds: list[Sandbox]) -> None:
    world = next(each for each in worlds if shard_of(each.id) == 2)
    with httpx.stream("GET", f"{farm}/__mock__/sandboxes/{world.id}/journal/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        preferences(world)
        assert any("listMyAccountMarketingPreferences" in line for line in lines)


@pytest.mark.slow
def test_a_killed_shard_takes_only_its_own_along_and_comes_back_with_them(
    farm: str, worlds: list[Sandbox]
) -> None:
    lost = next(each for each in worlds if shard_of(each.id) == 2)
    other = next(each for each in worlds if shard_of(each.id) == 3)
    opt_in(other)
    before = preferences(lost)
    found = subprocess.run(
        ["pgrep", "-f", f"shard 2/{SHARDS} .*/port-2"],
        capture_output=True,
        text=True,
        check=True,
    )
    os.kill(int(found.stdout.split()[0]), signal.SIGKILL)
    assert sum(preferences(other)) >= 1

    until = time.monotonic() + 30
    while True:
        answer = httpx.get(f"{farm}/__mock__/sandboxes/{lost.id}")
        if answer.status_code == 200:
            break
        assert answer.status_code == 502 and time.monotonic() < until
        time.sleep(0.05)
    assert preferences(lost) == before


@pytest.mark.slow
def test_a_token_of_another_shard_is_told_where_it_belongs(serve: Serve) -> None:
    url = serve("--shard", "2/4")
    own = httpx.post(f"{url}/__mock__/sandboxes", json={}).json()
    assert own["id"].startswith("s2-")
    foreign = own["customers"][0]["token"].replace("s2-", "s3-", 1)
    path = "/customers/my-account"
    answer = httpx.get(url + path, headers={"Authorization": f"Bearer {foreign}"})

    assert answer.status_code == 421
    assert "shard 3 of 4; this is shard 2" in answer.json()["message"]
    assert httpx.get(f"{url}/@s4-aa{path}").status_code == 421
    assert httpx.get(f"{url}/__mock__/sandboxes/s1-bb").status_code == 421


def test_of_two_shards_each_puts_itself_into_its_ids() -> None:
    first, second = Shard.parse("1/2"), Shard.parse("2/2")
    id = second.new_id()

    assert (id[:3], first.owner_of(id), second.owner_of(id)) == ("s2-", 2, None)
    assert "-" not in Shard.parse("1/1").new_id()


@pytest.mark.parametrize("text", ["0/4", "5/4", "x", "2", "1/100000", "-1/2"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    answer = CliRunner().invoke(main, ["serve", "--shard", text])

    assert (answer.exit_code, "no shard such as 2/4" in answer.output) == (2, True)


def test_nginx_takes_the_configuration_that_is_printed(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["shards", "--count", "4", "--listen", "127.0.0.1:18080"])
    (tmp_path / "nginx.conf").write_text(answer.output)
    command = [needs("nginx"), "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    command += ["-g", f"pid {tmp_path}/pid;"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr


def test_without_nginx_workers_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    answer = CliRunner().invoke(main, ["serve", "--workers", "2"])

    assert answer.exit_code == 2
    assert "nginx" in answer.output and "install" in answer.output
