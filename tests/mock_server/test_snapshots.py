"""Snapshots, and sandboxes that outlive the server."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from mock_server.app import Settings
from mock_server.worlds.storage import Storage, StorageError
from tests.conftest import Caller, Serve
from tests.mock_server.test_time import ACCOUNT, NOW, SANDBOXES, World

PREFERENCES = f"{ACCOUNT}/marketing-preferences"


def changed(client: httpx.Client) -> World:
    """A sandbox in which much is not as it was."""
    overrides = {"customers": {"ada": {"credits": {"expired": 5}}}}
    world = World(client, scenario="failed-payment", seed=9, overrides=overrides)
    id = world.get(PREFERENCES)[0]["id"]
    client.post(f"{PREFERENCES}/{id}", headers={"Authorization": f"Bearer {world.token('ada')}"})
    world.clock(advance="P1M")
    rule = {"kind": "status", "status": 404, "operation": "listMyAccountPaymentMethods"}
    client.post(f"{world.path}/faults", json=rule)
    return world


def seen(world: World) -> list[Any]:
    """Everything that shows what a sandbox is like."""
    people = [each["persona"] for each in world.said["customers"]]
    paths = ["", "/charges", "/credits?expired=true&redeemed=true", "/marketing-preferences"]
    found = [world.get(ACCOUNT + path, who) for who in people for path in paths]
    return [*found, world.client.get(f"{world.path}/faults").json()]


def reopened(world: World, client: httpx.Client) -> World:
    saved = world.client.get(f"{world.path}/snapshot").json()
    return World(client, client.post(SANDBOXES, json={"snapshot": saved}).json())


@pytest.mark.slow
def test_a_snapshot_opens_the_same_world_on_another_server(
    client: httpx.Client, serve: Serve
) -> None:
    world = changed(client)
    with httpx.Client(base_url=serve("--seed", "3")) as elsewhere:
        again = reopened(world, elsewhere)

        assert again.said["id"] != world.said["id"]
        assert seen(again) == seen(world)
        again.client.post(f"{again.path}/reset")
        world.client.post(f"{world.path}/reset")
        assert seen(again) == seen(world)


@pytest.mark.slow
def test_a_server_starts_from_a_snapshot(
    client: httpx.Client, serve: Serve, tmp_path: Path
) -> None:
    world = changed(client)
    file = tmp_path / "bug.json"
    file.write_bytes(client.get(f"{world.path}/snapshot").content)

    with httpx.Client(base_url=serve("--snapshot", str(file))) as elsewhere:
        said = elsewhere.get(f"{SANDBOXES}/default").json()
        assert said["now"] == "2026-02-28T09:00:00Z"
        assert [each["facts"] for each in said["customers"]] == [
            each["facts"] for each in client.get(world.path).json()["customers"]
        ]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ({"format": "something else"}, "format"),
        ({"version": 2}, "version"),
        ({"clock": {"base": "never"}}, "broken"),
        ({"scenario": {"name": "x", "text": "title: [unclosed"}}, "cannot be opened"),
        (
            {"decisions": [{"persona": "zoe", "preference_id": "x", "opted_in": True}]},
            "zoe",
        ),
    ],
)
def test_a_foreign_or_broken_snapshot_is_refused_and_changes_nothing(
    client: httpx.Client, spoil: dict[str, Any], told: str
) -> None:
    world = changed(client)
    saved = client.get(f"{world.path}/snapshot").json() | spoil
    before = len(client.get(SANDBOXES).json())
    answer = client.post(SANDBOXES, json={"snapshot": saved})

    assert answer.status_code == 409
    assert told in answer.json()["message"]
    assert len(client.get(SANDBOXES).json()) == before


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--snapshot", "--persist"])
def test_a_file_that_is_none_ends_the_start_with_one_line(tmp_path: Path, option: str) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are my notes, and no sandbox.\n" * 99)
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0", option, str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert str(file) in ran.stderr
    assert file.read_text().startswith("These are my notes")


def start(
    file: Path, port_file: Path, *options: str, limit_kib: int | None = None
) -> tuple["subprocess.Popen[bytes]", str]:
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0", "--persist", str(file)]
    command += ["--port-file", str(port_file), *options]
    if limit_kib is not None:
        command = ["sh", "-c", f'ulimit -f {limit_kib * 2}; exec "$@"', "sh", *command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (port_file.exists() and port_file.read_text()):
        assert process.poll() is None
        time.sleep(0.01)
    return process, f"http://127.0.0.1:{port_file.read_text()}"


@pytest.mark.slow
def test_kept_sandboxes_survive_a_kill_at_any_moment(tmp_path: Path) -> None:
    file, port_file = tmp_path / "kept.db", tmp_path / "port"
    known: dict[str, list[Any]] = {}
    for kill in range(3):
        process, url = start(file, port_file)
        with httpx.Client(base_url=url) as client:
            listed = {each["id"] for each in client.get(SANDBOXES).json()}
            assert listed - {"default"} >= known.keys()
            for id, before in known.items():
                assert seen(World(client, client.get(f"{SANDBOXES}/{id}").json())) == before
            world = changed(client)
            known[world.said["id"]] = seen(world)
        if kill == 1:
            # Killed while it writes without a pause.
            writer = subprocess.Popen([sys.executable, "-c", WRITER, url])
            time.sleep(0.3)
            os.kill(process.pid, signal.SIGKILL)
            writer.wait()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


WRITER = f"""
import sys, httpx
with httpx.Client(base_url=sys.argv[1]) as client:
    try:
        while True:
            client.post({SANDBOXES!r}, json={{}})
    except httpx.TransportError:
        pass
"""


@pytest.mark.slow
def test_a_closed_sandbox_is_kept_no_longer(tmp_path: Path) -> None:
    file, port_file = tmp_path / "kept.db", tmp_path / "port"
    process, url = start(file, port_file)
    with httpx.Client(base_url=url) as client:
        kept, closed = (client.post(SANDBOXES, json={}).json()["id"] for _ in range(2))
        client.delete(f"{SANDBOXES}/{closed}")
    process.kill()
    process.wait()
    process, url = start(file, port_file)
    listed = {each["id"] for each in httpx.get(f"{url}{SANDBOXES}").json()}
    process.kill()
    process.wait()

    assert listed == {"default", kept}


def test_a_snapshot_carries_no_more_than_it_must(client: httpx.Client) -> None:
    world = World(client, scenario="heavy-history")
    text = client.get(f"{world.path}/snapshot").text

    assert len(text) < 5000
    assert json.loads(text)["scenario"]["name"] == "heavy-history"


@pytest.mark.slow
def test_what_a_full_disk_does_not_take_is_refused_and_not_there(tmp_path: Path) -> None:
    file, port_file = tmp_path / "kept.db", tmp_path / "port"
    process, url = start(file, port_file, limit_kib=100)
    kept, refused = {"default"}, []
    with httpx.Client(base_url=url) as client:
        for _ in range(60):
            answer = client.post(SANDBOXES, json={})
            if answer.status_code == 201:
                kept.add(answer.json()["id"])
            else:
                refused.append(answer)
        before = client.get(f"{SANDBOXES}/default/clock").json()["now"][:10]
        changed = client.patch(f"{SANDBOXES}/default/clock", json={"advance": "P1M"})
        after = client.get(f"{SANDBOXES}/default/clock").json()["now"][:10]
        listed = {each["id"] for each in client.get(SANDBOXES).json()}
    process.kill()
    process.wait()
    process, url = start(file, port_file)
    again = {each["id"] for each in httpx.get(f"{url}{SANDBOXES}").json()}
    process.kill()
    process.wait()

    assert {answer.status_code for answer in refused} == {500}
    assert "restart" in changed.json()["message"]
    assert before == after
    assert listed == again == kept


def test_what_is_written_to_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    mock = Caller(Settings(scenario="empty", persist=file))
    file.unlink()
    refused = mock("POST", SANDBOXES, body=b"{}")

    assert refused.status == 500
    assert "is gone" in json.loads(refused.body)["message"]
    assert [each["id"] for each in mock.control("GET", SANDBOXES)] == ["default"]


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    settings = Settings(scenario="empty", persist=tmp_path / "kept.db")
    first = Caller(settings)
    kept, closed = (first.control("POST", SANDBOXES, {"now": NOW})["id"] for _ in range(2))
    first.control("POST", f"{SANDBOXES}/{kept}/faults", {"kind": "rate_limit"})
    first.control("DELETE", f"{SANDBOXES}/{closed}")
    with pytest.raises(StorageError, match="another server"):
        Caller(settings)
    storage = first.mock.sandboxes._storage
    assert storage
    storage._lock.release()
    again = Caller(settings)

    assert {each["id"] for each in again.control("GET", SANDBOXES)} == {"default", kept}
    for place in ("faults", "clock"):
        path = f"{SANDBOXES}/{kept}/{place}"
        assert again.control("GET", path) == first.control("GET", path)


def refused_start(file: Path) -> str:
    """The one line that a start ends with."""
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0", "--persist", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 2, ran.stderr
    [line] = ran.stderr.splitlines()
    assert str(file) in line
    return line


@pytest.mark.slow
def test_a_second_server_on_the_same_file_is_refused(tmp_path: Path) -> None:
    file, port_file = tmp_path / "kept.db", tmp_path / "port"
    process, url = start(file, port_file)
    told = refused_start(file)
    opened = httpx.post(f"{url}{SANDBOXES}", json={}).status_code
    process.kill()
    process.wait()
    process, url = start(file, port_file)
    listed = httpx.get(f"{url}{SANDBOXES}").json()
    process.kill()
    process.wait()

    assert "another server" in told
    assert (opened, len(listed)) == (201, 2)


@pytest.mark.slow
def test_a_place_where_no_file_can_be_is_refused_and_nothing_is_made_there(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path / "no" / "such.db", tmp_path / "pipe", tmp_path):
        refused_start(file)

    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


def foreign(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE notes (text TEXT)")
        database.commit()


def foreign_of_the_same_name(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE sandboxes (id TEXT PRIMARY KEY, snapshot BLOB NOT NULL)")
        database.commit()


def changed_by(*statements: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        Storage(file).begin()
        with closing(sqlite3.connect(file)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    return change


def killed_before_a_checkpoint(file: Path) -> None:
    changed_by()(file)
    writer = (
        "import os, sqlite3, sys; database = sqlite3.connect(sys.argv[1], isolation_level=None);"
        """ database.execute("INSERT INTO sandboxes VALUES ('abc', x'7b7d')"); os._exit(0)"""
    )
    subprocess.run([sys.executable, "-c", writer, str(file)], check=True)
    assert file.with_name(f"{file.name}-wal").stat().st_size


def overwritten_pages(file: Path) -> None:
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 99)"
    changed_by(f"INSERT INTO sandboxes {rows} SELECT i, zeroblob(3000) FROM n")(file)
    text = bytearray(file.read_bytes())
    text[8192:40960] = b"\xa5" * 32768
    file.write_bytes(text)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(foreign, id="foreign"),
        *(
            pytest.param(spoil, id=name, marks=pytest.mark.slow)
            for name, spoil in {
                "same name": foreign_of_the_same_name,
                "more tables": changed_by("CREATE TABLE notes (text TEXT)"),
                "other columns": changed_by(
                    "DROP TABLE sandboxes", "CREATE TABLE sandboxes (id, snapshot, more)"
                ),
                "text": changed_by("INSERT INTO sandboxes VALUES ('abc', 'nothing')"),
                "bytes": changed_by("INSERT INTO sandboxes VALUES ('abc', x'00ff')"),
                "number": changed_by("INSERT INTO sandboxes VALUES ('abc', 7)"),
                "no id": changed_by("INSERT INTO sandboxes VALUES (NULL, x'7b7d')"),
                "pages": overwritten_pages,
                "log": killed_before_a_checkpoint,
            }.items()
        ),
    ],
)
def test_a_file_that_is_not_the_mocks_is_refused_and_untouched(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    file = tmp_path / "kept.db"
    spoil(file)
    log = file.with_name(f"{file.name}-wal")
    before = [each.read_bytes() for each in (file, log) if each.exists()]
    refused_start(file)

    assert [each.read_bytes() for each in (file, log) if each.exists()][: len(before)] == before


def linked_to_itself(file: Path) -> None:
    file.symlink_to(file)


def of_two_names(file: Path) -> None:
    file.touch()
    file.with_name("other.db").hardlink_to(file)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "reason"), [(linked_to_itself, "no ordinary file"), (of_two_names, "a hard link")]
)
def test_a_link_by_which_no_file_is_found_or_two_servers_find_one_is_refused(
    tmp_path: Path, link: Callable[[Path], None], reason: str
) -> None:
    link(tmp_path / "kept.db")

    assert reason in refused_start(tmp_path / "kept.db")


@pytest.mark.slow
def test_an_unfinished_write_is_undone(tmp_path: Path) -> None:
    file, port_file = tmp_path / "kept.db", tmp_path / "port"
    process, url = start(file, port_file)
    ids = [httpx.post(f"{url}{SANDBOXES}", json={}).json()["id"] for _ in range(3)]
    process.kill()
    process.wait()
    log = tmp_path / "kept.db-wal"
    log.write_bytes(log.read_bytes()[:-100])
    process, url = start(file, port_file)
    listed = [each["id"] for each in httpx.get(f"{url}{SANDBOXES}").json()]
    process.kill()
    process.wait()

    assert listed == ["default", *ids[:2]]


@pytest.mark.slow
def test_a_kept_clock_runs_on_while_the_server_is_down(tmp_path: Path) -> None:
    file, port_file = tmp_path / "kept.db", tmp_path / "port"
    process, url = start(file, port_file)
    id = httpx.post(f"{url}{SANDBOXES}", json={"now": NOW}).json()["id"]
    clock = f"{SANDBOXES}/{id}/clock"
    httpx.patch(f"{url}{clock}", json={"running": True})
    process.kill()
    process.wait()
    # As if that had been two hours ago.
    with closing(sqlite3.connect(file)) as database:
        [[text]] = database.execute("SELECT snapshot FROM sandboxes WHERE id = ?", (id,))
        saved = json.loads(text)
        for place, name in ((saved, "saved_at"), (saved["clock"], "since")):
            place[name] = _earlier(place[name], timedelta(hours=2))
        database.execute(
            "UPDATE sandboxes SET snapshot = ? WHERE id = ?", (json.dumps(saved).encode(), id)
        )
        database.commit()
    process, url = start(file, port_file)
    now = httpx.get(f"{url}{clock}").json()["now"]
    process.kill()
    process.wait()

    passed = datetime.fromisoformat(now) - datetime.fromisoformat(NOW)
    assert timedelta(hours=2) <= passed < timedelta(hours=3)


@pytest.mark.long
def test_of_forty_kills_under_load_none_loses_what_was_acknowledged(tmp_path: Path) -> None:
    file, port_file = tmp_path / "kept.db", tmp_path / "port"
    opened: set[str] = set()
    moved: dict[str, int] = {}
    changes = 0
    for kill in range(41):
        process, url = start(file, port_file)
        with httpx.Client(base_url=url) as client:
            listed = {each["id"] for each in client.get(SANDBOXES).json()}
            for id, hours in moved.items():
                now = client.get(f"{SANDBOXES}/{id}/clock").json()["now"]
                gone = datetime.fromisoformat(now) - datetime.fromisoformat(NOW)
                # What was not answered may have been kept all the same.
                assert gone / timedelta(hours=1) in (hours, hours + 1)
            assert listed >= opened
        if kill == 40:
            break
        ids = [httpx.post(f"{url}{SANDBOXES}", json={"now": NOW}).json()["id"] for _ in range(3)]
        moved = dict.fromkeys(ids, 0)
        opened |= {*ids}
        writers = [threading.Thread(target=_move, args=(url, id, moved)) for id in ids]
        writers.append(threading.Thread(target=_open, args=(url, opened)))
        for each in writers:
            each.start()
        while sum(moved.values()) < 10 * (1 + kill % 7) and all(
            each.is_alive() for each in writers
        ):
            time.sleep(0.001)
        process.kill()
        process.wait()
        for each in writers:
            each.join()
        changes += sum(moved.values())
    sys.stdout.write(f"{kill} kills: {len(opened)} sandboxes, {changes} changes kept\n")


def _move(url: str, id: str, moved: dict[str, int]) -> None:
    with httpx.Client(base_url=url) as client, suppress(httpx.TransportError):
        while client.patch(f"{SANDBOXES}/{id}/clock", json={"advance": "PT1H"}).is_success:
            moved[id] += 1


def _open(url: str, opened: set[str]) -> None:
    with httpx.Client(base_url=url) as client, suppress(httpx.TransportError):
        while True:
            opened.add(client.post(SANDBOXES, json={}).json()["id"])


def test_the_name_of_a_scenario_outlives_any_number_of_snapshots(
    serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "my.people.yaml"
    file.write_text("title: Mine\ncustomers: {ada: {}}\n")
    with httpx.Client(base_url=serve("--scenario", str(file))) as client:
        world = World(client, client.get(f"{SANDBOXES}/default").json())
        for _ in range(2):
            world = reopened(world, client)

    assert world.said["scenario"] == "my.people"


def test_a_running_clock_goes_on_where_it_was_saved_however_late_it_is_restored(
    client: httpx.Client,
) -> None:
    world = World(client)
    world.clock(running=True)
    saved = client.get(f"{world.path}/snapshot").json()
    # As if it had been saved an hour ago, by a machine whose clock showed that.
    hour = timedelta(hours=1)
    saved["saved_at"] = _earlier(saved["saved_at"], hour)
    saved["clock"]["since"] = _earlier(saved["clock"]["since"], hour)
    restored = World(client, client.post(SANDBOXES, json={"snapshot": saved}).json())
    clock = client.get(f"{restored.path}/clock").json()

    assert clock["running"] is True
    passed = datetime.fromisoformat(clock["now"]) - datetime.fromisoformat(NOW)
    assert timedelta() <= passed < timedelta(minutes=30)


def _earlier(instant: str, by: timedelta) -> str:
    return (datetime.fromisoformat(instant) - by).isoformat().replace("+00:00", "Z")


@pytest.mark.long
@pytest.mark.parametrize("changed", [("--seed", "2"), ("--scenario", "empty")])
def test_a_kept_default_sandbox_is_not_taken_over_by_another_start(
    tmp_path: Path, changed: tuple[str, str]
) -> None:
    file, port_file = tmp_path / "kept.db", tmp_path / "port"
    shown = []
    for options in ((), changed, ()):
        process, url = start(file, port_file, *options)
        default = httpx.get(f"{url}{SANDBOXES}/default").json()
        # What has not changed since it was opened is not kept.
        httpx.patch(f"{url}{SANDBOXES}/default/clock", json={"advance": "P1D"})
        shown.append((str(default["seed"]), default["scenario"]))
        process.kill()
        process.wait()

    assert shown[0] == ("1", "default")
    assert changed[1] in shown[1]
