"""Those who wait for requests: streams and long polls, their end, and the memory of journals."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from mock_server.app import Settings
from mock_server.client import MockServer, Sandbox
from mock_server.http.exchange import Request, Response
from mock_server.http.server import MOST_BYTES_WAITING, MOST_WAITING, PIECE, Protocol, listen
from mock_server.observation import stream
from mock_server.observation.entry import Filter
from mock_server.observation.journal import ENTRY_BYTES, Journal
from mock_server.worlds.registry import Limits
from tests.conftest import Caller, Serve

ACCOUNT = "/customers/my-account"
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def sandbox(my_account_sandbox: Sandbox) -> Sandbox:
    return my_account_sandbox


def journal_of(sandbox: Sandbox, place: str = "") -> str:
    return f"{sandbox.server.url}/__mock__/sandboxes/{sandbox.id}/journal{place}"


def numbers(lines: Iterator[str], count: int) -> list[int]:
    """The numbers of the next requests of a stream."""
    return [number for event, number in events(lines, count, "request")]


def events(lines: Iterator[str], count: int, kind: str = "") -> list[tuple[str, Any]]:
    """The next events of a stream: of a request its number, of a change what is another now."""
    fields = (line.partition(": ") for line in lines)
    told: list[tuple[str, Any]] = []
    name = ""
    while len(told) < count:
        field, _, text = next(fields)
        if field == "event":
            name = text
        elif field == "data" and kind in ("", name):
            data = json.loads(text)
            told.append((name, data["number"] if name == "request" else data["changed"]))
    return told


@pytest.mark.parametrize("place", ["/stream", "/wait"])
def test_the_head_of_a_stream_ends(sandbox: Sandbox, place: str) -> None:
    answer = httpx.head(journal_of(sandbox, place), timeout=4)

    assert answer.status_code == 200
    assert answer.content == b""


def test_a_stream_and_a_poll_of_a_closed_sandbox_end(my_account_mock: MockServer) -> None:
    sandbox = my_account_mock.sandbox()
    polled: list[httpx.Response] = []
    url = journal_of(sandbox, "/wait?timeout_ms=8000")
    poll = threading.Thread(target=lambda: polled.append(httpx.get(url, timeout=30)))
    with httpx.stream("GET", journal_of(sandbox, "/stream"), timeout=10) as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": listening"
        poll.start()
        sandbox.close()
        assert list(lines) == [""]
    poll.join()

    assert polled[0].status_code in (200, 404)


def test_a_stream_goes_on_after_a_reset(sandbox: Sandbox) -> None:
    with httpx.stream("GET", journal_of(sandbox, "/stream"), timeout=10) as answer:
        lines = answer.iter_lines()
        next(lines)
        httpx.get(sandbox.url + ACCOUNT)
        assert numbers(lines, 1) == [1]
        sandbox.reset()
        httpx.get(sandbox.url + ACCOUNT)
        assert numbers(lines, 1) == [2]


def test_who_comes_back_gets_what_came_meanwhile_and_nothing_twice(sandbox: Sandbox) -> None:
    for _ in range(4):
        httpx.get(sandbox.url + ACCOUNT)
    url = journal_of(sandbox, "/stream?since=1")
    with httpx.stream("GET", url, timeout=10) as answer:
        last = next(line for line in answer.iter_lines() if line.startswith("id: "))[4:]
    # As a browser reconnects: the URL as before, and the header.
    with httpx.stream("GET", url, headers={"Last-Event-ID": last}, timeout=10) as answer:
        assert events(answer.iter_lines(), 2) == [("request", 3), ("request", 4)]


EVERYTHING = ["clock", "customers", "faults", "journal"]


def test_who_comes_back_to_another_journal_is_told_and_gets_all_of_it(sandbox: Sandbox) -> None:
    for _ in range(3):
        httpx.get(sandbox.url + ACCOUNT)
    last = sandbox.server.call("GET", f"/__mock__/sandboxes/{sandbox.id}/journal")["last_event_id"]
    # That of a server before this one, which had counted less.
    for other in (f"0{last[1:]}" if last[0] != "0" else f"1{last[1:]}", "2", "x"):
        headers = {"Last-Event-ID": other.replace("-3-", "-1-")}
        with httpx.stream("GET", journal_of(sandbox, "/stream"), headers=headers) as answer:
            told = events(answer.iter_lines(), 4)
        assert told == [("change", EVERYTHING), ("request", 1), ("request", 2), ("request", 3)]


def test_who_follows_is_told_of_every_change_by_whomever(sandbox: Sandbox) -> None:
    with httpx.stream("GET", journal_of(sandbox, "/stream"), timeout=10) as answer:
        lines = answer.iter_lines()
        next(lines)
        sandbox.advance("P1D")
        assert events(lines, 1) == [("change", ["clock"])]
        sandbox.fault("status", status=401)
        assert events(lines, 1) == [("change", ["faults"])]
        sandbox.change("ada", customer={"first_name": "Zoe"})
        assert events(lines, 2) == [("change", ["customers"]), ("request", 1)]
        sandbox.server.call("POST", f"/__mock__/sandboxes/{sandbox.id}/journal/clear")
        assert events(lines, 1) == [("change", ["journal"])]
        sandbox.reset()
        assert events(lines, 1) == [("change", EVERYTHING)]


def test_who_was_away_is_told_what_may_have_changed(sandbox: Sandbox) -> None:
    httpx.get(sandbox.url + ACCOUNT)
    place = f"/__mock__/sandboxes/{sandbox.id}/journal"

    def told(last: str, count: int) -> list[tuple[str, Any]]:
        headers = {"Last-Event-ID": last}
        with httpx.stream("GET", journal_of(sandbox, "/stream"), headers=headers) as answer:
            return events(answer.iter_lines(), count)

    last = sandbox.server.call("GET", place)["last_event_id"]
    sandbox.advance("P1D")
    httpx.get(sandbox.url + ACCOUNT)
    assert told(last, 2) == [("change", ["clock", "customers", "faults"]), ("request", 2)]

    last = sandbox.server.call("GET", place)["last_event_id"]
    sandbox.server.call("POST", f"{place}/clear")
    httpx.get(sandbox.url + ACCOUNT)
    assert told(last, 2) == [("change", EVERYTHING), ("request", 3)]


def test_a_reader_who_is_far_behind_is_let_go_and_the_others_get_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "LONGEST_QUEUE", 5)
    slow, quick = (stream.Subscription(Filter()) for _ in range(2))
    mock = Caller(Settings(now=datetime(2026, 3, 1, 9, tzinfo=UTC)))
    kept = mock.mock.sandboxes.get("default").journal
    kept._subscriptions |= {slow, quick}
    for _ in range(20):
        mock("GET", ACCOUNT, "customer-ada")
        assert quick._pending.popleft().position.number == kept.number

    assert len(slow._pending) == 6


def test_the_journals_of_all_sandboxes_share_one_budget() -> None:
    room = 10 * (ENTRY_BYTES + 300)
    mock = Caller(Settings(limits=Limits(journal_bytes=room)))
    first, second, third = (mock.control("POST", "/__mock__/sandboxes", {})["id"] for _ in range(3))
    listed = "/__mock__/sandboxes/{}/journal?limit=500".format
    for id in [first] * 5 + [second] * 8:
        mock("GET", f"/@{id}{ACCOUNT}")
    one, two = (mock.control("GET", listed(id)) for id in (first, second))

    assert one["forgotten"] > 0
    assert one["forgotten"] + one["count"] == 5
    assert two["forgotten"] == 0
    assert mock.control("GET", f"/__mock__/sandboxes/{first}/bundle")["complete"] is False
    # Closing and clearing give their room back.
    mock.control("DELETE", f"/__mock__/sandboxes/{second}")
    for _ in range(8):
        mock("GET", f"/@{third}{ACCOUNT}")
    assert mock.control("GET", listed(third))["forgotten"] == 0
    assert mock.control("GET", listed(first))["count"] == one["count"]
    mock.control("POST", f"/__mock__/sandboxes/{first}/journal/clear")
    assert mock.control("GET", listed(first))["forgotten"] == 0


@pytest.mark.slow
def test_a_server_that_is_told_to_end_ends_streams_and_polls_quietly(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--port-file", str(port_file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (port_file.exists() and port_file.read_text()):
        assert process.poll() is None
        time.sleep(0.01)
    url = f"http://127.0.0.1:{port_file.read_text()}/__mock__/sandboxes/default"
    ends: list[bytes] = []
    with ExitStack() as open_:
        client = open_.enter_context(httpx.Client(timeout=60))
        streams = [
            open_.enter_context(client.stream("GET", f"{url}/journal/{place}"))
            for place in ["stream"] * 5 + ["wait?timeout_ms=8000"] * 5
        ]
        process.send_signal(signal.SIGTERM)
        ends = [answer.read() for answer in streams]
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 0
    assert ends[0] == b": listening\n\n"
    assert json.loads(ends[-1])["met"] is False
    assert "Traceback" not in errors
    # Not after the seconds that ordinary answers are given.
    assert "Cancel" not in errors


HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\n"
BODY = b"Content-Length: 1048000\r\n\r\n" + b" " * 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begun", "rest", "most"),
    [
        (HEAD, b"\r\n", MOST_WAITING),
        (HEAD + BODY[:40], BODY[40:] + b" " * 48_000, MOST_WAITING),
        # What comes with the beginning of a request is not counted.
        (HEAD + BODY, b" " * 48_000, 2 * MOST_BYTES_WAITING // 1_000_000),
    ],
    ids=["in the head", "in the body", "in a long body"],
)
def test_requests_that_do_not_come_whole_make_room_for_others(
    serve: Serve, begun: bytes, rest: bytes, most: int
) -> None:
    host, _, port = serve().removeprefix("http://").partition(":")
    with ExitStack() as open_:
        half = []
        for _ in range(most + 5):
            half.append(open_.enter_context(socket.create_connection((host, int(port)), 10)))
            half[-1].sendall(begun)
        assert httpx.get(f"http://{host}:{port}/__mock__/health", timeout=10).status_code == 200

        assert [_received(each) for each in half[:5]] == [b""] * 5
        half[-1].sendall(rest)
        assert half[-1].recv(4) == b"HTTP"


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1)
    except ConnectionResetError:
        # Closed with something unread.
        return b""


ASKED = b"GET /customers/my-account HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.slow
def test_requests_are_read_no_faster_than_their_answers_are() -> None:
    [listening] = listen("127.0.0.1", 0)
    answer = Response(200, b"x" * 100_000)
    config = uvicorn.Config(answer, http=Protocol, interface="asgi3", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        with socket.create_connection(listening.getsockname(), 1) as connection:
            with pytest.raises(TimeoutError):
                for _ in range(1000):
                    connection.sendall(ASKED * 1000)
            [protocol] = server.server_state.connections
            waiting = len(protocol.pipeline)  # type: ignore[union-attr]  # it is ours
    finally:
        server.should_exit = True
        thread.join()

    assert 0 < waiting <= PIECE / len(ASKED) + 1


@pytest.mark.slow
def test_requests_in_a_row_are_all_answered_in_their_order(serve: Serve) -> None:
    host, _, port = serve("--quiet").removeprefix("http://").partition(":")
    paths = [f"/nothing-{number}" for number in range(3000)]
    asked = b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode() for path in paths)
    with socket.create_connection((host, int(port)), 30) as connection:
        sender = threading.Thread(target=connection.sendall, args=(asked,))
        sender.start()
        received, last = b"", f"{paths[-1]}.".encode()
        while last not in received:
            received += connection.recv(1 << 16)
        sender.join()

    assert re.findall(rb"nothing at (/nothing-\d+)", received) == [each.encode() for each in paths]


def test_streams_that_open_on_a_full_journal_share_its_text_and_let_others_in() -> None:
    journal, texts, turns = Journal(), [], 0
    for _ in range(50):
        journal.record(NOW, None, None, None, Request("GET", "/", "", {}), Response(200), [])

    async def read() -> None:
        stream = journal.stream(Filter())
        texts.append([await anext(stream) for _ in range(50)])

    async def others() -> None:
        nonlocal turns
        while len(texts) < 20:
            turns += 1
            await asyncio.sleep(0)

    async def all_at_once() -> None:
        await asyncio.gather(others(), *(read() for _ in range(20)))

    asyncio.run(all_at_once())
    assert turns >= 50
    assert len({id(text) for each in texts for text in each}) == 50
