"""What a run leaves behind, and what a read-only one lets out."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from contract_tests.check import Plan, check
from contract_tests.document import Contract
from contract_tests.mutants import proxy
from contract_tests.mutants.catalogue import MUTANTS
from contract_tests.target import Target, complete
from tests.conftest import Serve
from tests.contract_tests.conftest import sandbox_of_few

pytestmark = pytest.mark.slow

PREFERENCES = "/customers/my-account/marketing-preferences"


@pytest.fixture
def recorded(url: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A proxy before the mock that writes down every method, with path and query."""
    seen: list[tuple[str, str]] = []
    behind = httpx.Client(base_url=url)

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave in two parts, the second of which would wait for a receipt.
        disable_nagle_algorithm = True

        def answer(self) -> None:
            seen.append((self.command, self.path))
            # With the host that was asked, so that links lead back here.
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = dict(self.headers.items())
            got = behind.request(self.command, self.path, headers=headers, content=body or None)
            self.send_response(got.status_code)
            for name, value in got.headers.items():
                if name not in ("content-encoding", "content-length", "transfer-encoding"):
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("content-length", str(len(got.content)))
            self.end_headers()
            self.wfile.write(got.content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = answer

        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    behind.close()


@pytest.mark.long
@pytest.mark.parametrize("depth", ["quick", "standard"])
def test_a_read_only_run_lets_nothing_out_that_writes(
    url: str, recorded: tuple[str, list[tuple[str, str]]], depth: str
) -> None:
    proxy, seen = recorded
    target = complete(Target(base_url=proxy + sandbox_of_few(url), read_only=True))
    report = check(target, Plan(depth=depth))

    assert {method for method, _ in seen} <= {"GET", "HEAD", "OPTIONS"}
    assert [(each.id, each.actual) for each in report.violations] == []
    assert report.kept
    decisions = [each for each in report.verdicts if each.rule.id == "PREF-04"]
    assert {each.outcome for each in decisions} == {"not covered"}


def consents(url: str) -> list[object]:
    """Every customer's marketing preferences."""
    return [
        httpx.get(url + PREFERENCES, headers={"Authorization": f"Bearer {each.token}"}).json()
        for each in complete(Target(base_url=url)).customers
    ]


def test_a_run_leaves_every_consent_as_it_found_it(url: str) -> None:
    url += sandbox_of_few(url)
    before = consents(url)
    check(complete(Target(base_url=url)))

    assert consents(url) == before


def writes(url: str, wanted: int, kit: subprocess.Popen[str]) -> None:
    """Wait until the kit has made so many requests that write."""
    server, _, id = url.partition("/@")
    journal = f"{server}/__mock__/sandboxes/{id}/journal?method=POST&limit=500"
    while len(httpx.get(journal, timeout=60).json()["entries"]) < wanted:
        assert kit.poll() is None, "it ended before"
        time.sleep(0.02)


@contextmanager
def writing(url: str, wanted: int, home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run of the kit that has written so often."""
    command = [sys.executable, "-m", "contract_tests", "run", "--base-url", url, *arguments]
    # A shell that runs the tests in its background would have them ignore Ctrl-C.
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOME": str(home)},
        preexec_fn=heeding,
    ) as kit:
        writes(url, wanted, kit)
        yield kit


@pytest.mark.long
@pytest.mark.parametrize("wanted", [1, 40])
@pytest.mark.parametrize("by", ["interrupted", "terminated"])
def test_a_run_that_is_ended_leaves_every_consent_as_it_was_found_and_gives_no_verdict(
    serve: Serve, wanted: int, by: str, tmp_path: Path
) -> None:
    url = serve("--delay", "5")
    url += sandbox_of_few(url)
    before = consents(url)
    number = {"interrupted": signal.SIGINT, "terminated": signal.SIGTERM}[by]
    with writing(url, wanted, tmp_path, "--depth", "deep") as kit:
        kit.send_signal(number)
        # What a CI server sends next, to whom does not hurry; restoring is not cut short by it.
        kit.send_signal(signal.SIGTERM)
        _, told = kit.communicate()

    assert (kit.returncode, told.strip().splitlines()[-1:]) == (
        128 + number,
        [f"contract-tests: {by}; there is no verdict"],
    )
    assert consents(url) == before
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


@pytest.mark.long
def test_what_kill_9_left_is_put_back_by_the_next_run_which_tells_it_in_a_line(
    serve: Serve, tmp_path: Path
) -> None:
    url = serve("--delay", "5")
    url += sandbox_of_few(url)
    before = consents(url)
    with writing(url, 40, tmp_path, "--depth", "quick") as kit:
        kit.kill()
        kit.communicate()
    assert consents(url) != before

    [note] = [each for each in tmp_path.rglob("*.json") if each.is_file()]
    assert "customer-" not in note.read_text("utf-8")
    command = [sys.executable, "-m", "contract_tests", "run", "--base-url", url, "--depth", "quick"]
    env = os.environ | {"HOME": str(tmp_path)}
    again = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    [told] = [line for line in again.stdout.splitlines() if "an earlier run" in line]
    assert re.search(r"could not put back: [1-9]\d* of \w+", told)
    assert again.returncode == 0, again.stdout
    assert consents(url) == before
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


@pytest.mark.long
def test_a_second_run_straight_after_sends_the_same_and_says_the_same(
    url: str, recorded: tuple[str, list[tuple[str, str]]]
) -> None:
    recorder, sent = recorded
    path = sandbox_of_few(url, now="2026-03-01T09:00:00Z")
    target, seen = complete(Target(base_url=recorder + path)), []
    # A mutant that reads before it writes would race with itself where the kit asks at once.
    with proxy.running(MUTANTS["a-foreign-preference-is-404"], target, Contract.load()) as broken:
        for _ in range(2):
            sent.clear()
            report = check(replace(target, base_url=broken.url), Plan(seed=5))
            seen.append((Counter(sent), [(each.id, each.outcome) for each in report.verdicts]))

    (sent_first, first), (sent_then, then) = seen
    assert (sent_first - sent_then, sent_then - sent_first) == (Counter(), Counter())
    assert first == then
    assert ("PREF-06@actionMyAccountMarketingPreferenceOptIn", "violated") in first
