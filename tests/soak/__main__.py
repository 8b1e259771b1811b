"""
Strangers and friends at one server, at the same time: `make soak`.

It fails if an answer is 5xx that no fault asked for, if the server writes a traceback or a line
that is no JSON, if a friend gets anything but what is right, if a well-framed request is never
answered, or if memory goes on growing after half of the time.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.soak.friendly import Report, befriend
from tests.soak.hostile import Attempt, Stranger

ANSWERED_WITHIN_S = 20
SHOWN = 5
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Siege:
    """What strangers got."""

    requests: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)


def besiege(url: str, count: int, seed: int) -> Siege:
    """Send so many hostile requests, several at a time."""
    return asyncio.run(_besiege(url, count, seed))


def be_friends(url: str, count: int, seed: int) -> Report:
    """Send so many friendly ones."""
    return asyncio.run(befriend(url, count, seed))


async def _besiege(url: str, count: int, seed: int, together: int = 8) -> Siege:
    siege, port = Siege(), int(url.rpartition(":")[2])

    async def worker(number: int) -> None:
        stranger = Stranger(seed * 1000 + number)
        while siege.requests < count:
            await _settle(url, stranger)
            for _ in range(30):
                if siege.requests >= count:
                    break
                attempt = stranger.attempt()
                siege.requests += attempt.requests
                siege.kinds[attempt.kind] += attempt.requests
                await _send(port, attempt, siege)

    started = time.monotonic()
    await asyncio.gather(*map(worker, range(together)))
    siege.seconds = time.monotonic() - started
    return siege


async def _settle(url: str, stranger: Stranger) -> None:
    """A new sandbox to play with; the old one is closed now and then, and else left to idle."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        if stranger.sandbox != "default" and stranger.random.random() < 0.7:
            await http.delete(f"/__mock__/sandboxes/{stranger.sandbox}")
        for id in ("default", stranger.sandbox):
            await http.post(f"/__mock__/sandboxes/{id}/faults/clear")
        body = {"now": "2026-03-01T09:00:00Z"}
        stranger.sandbox = (await http.post("/__mock__/sandboxes", json=body)).json()["id"]
        home = f"/__mock__/sandboxes/{stranger.sandbox}"
        stranger.snapshot = (await http.get(f"{home}/snapshot")).json()


async def _send(port: int, attempt: Attempt, siege: Siege) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = b""
    try:
        for piece in attempt.pieces:
            writer.write(piece)
            await writer.drain()
            if len(attempt.pieces) > 1:
                await asyncio.sleep(0.002)
        if attempt.abrupt:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        else:
            answers = await _answers(reader, attempt)
    except ConnectionError:
        answers += b"closed"
    finally:
        writer.transport.abort()
    for status, head in _ANSWER.findall(answers):
        siege.statuses[int(status)] += 1
        if int(status) >= 500 and b"x-mock-fault" not in head.lower():
            siege.failures.append(f"{status.decode()} after {attempt.pieces!r:.300}")
    if not answers and not attempt.abrupt and attempt.kind in ("burst", "slowly", "huge head"):
        siege.unanswered.append(f"{attempt.kind}: {attempt.pieces!r:.300}")


async def _answers(reader: asyncio.StreamReader, attempt: Attempt) -> bytes:
    """What comes until all is answered, or the connection is closed, or patience is at its end."""
    # What is no HTTP may rightly be waited for to become some.
    patience = 0.05 if attempt.kind == "broken frame" else ANSWERED_WITHIN_S
    text = b""
    with suppress(TimeoutError):
        while len(_ANSWER.findall(text)) < attempt.requests:
            async with asyncio.timeout(patience):
                piece = await reader.read(1 << 20)
            if not piece:
                return text or b"closed"
            text += piece
            # After CONNECT, or an upgrade that is refused, nothing more is answered.
            patience = 0.05 if attempt.endless else 0.5
    return text


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """A server: its URL, its process id, and the file that it logs to."""
    port_file, log = folder / "port", folder / "log"
    command = [sys.executable, "-m", "mock_server", "serve", "--port", "0", "--log-format", "json"]
    command += ["--port-file", str(port_file), "--sandbox-ttl", "30"]
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        until = time.monotonic() + 30
        while not (port_file.exists() and port_file.read_text()):
            if time.monotonic() > until or process.poll() is not None:
                sys.exit(f"the mock could not be started: {log.read_text()[-500:]}")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port_file.read_text()}", process.pid, log
        if process.poll() is not None:
            sys.exit(f"the mock is gone: {process.returncode}: {log.read_text()[-2000:]}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def resident_mb(pid: int) -> float:
    """The memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(hostile: int, friendly: int, seed: int) -> dict[str, Any]:
    """Both at once; the figures, with what must not be under `problems`."""
    memory: list[float] = []
    with TemporaryDirectory() as name, serving(Path(name)) as (url, pid, log):
        started = time.monotonic()
        with ProcessPoolExecutor(2) as pool:
            besieging = pool.submit(besiege, url, hostile, seed)
            befriending = pool.submit(be_friends, url, friendly, seed)
            while not (besieging.done() and befriending.done()):
                memory.append(resident_mb(pid))
                time.sleep(0.25)
        siege, friends = besieging.result(), befriending.result()
        took = time.monotonic() - started
        health = httpx.get(f"{url}/__mock__/health", timeout=10).json()
        time.sleep(0.5)
        told = Log().read(log)
    problems = _problems(siege, friends, memory, told.odd)
    return {
        "seconds": round(took, 1),
        "hostile": {
            "requests": siege.requests,
            "seconds": round(siege.seconds, 1),
            "kinds": siege.kinds,
            "statuses": siege.statuses,
        },
        "friendly": {
            "requests": friends.requests,
            "statuses": friends.statuses,
            "slowest_ms": [(round(s * 1000), asked) for s, asked in friends.slowest],
        },
        "resident_mb": [round(each) for each in _quarters(memory)],
        "log_lines": told.lines,
        "server_slowest_ms": told.slowest_ms,
        "health": health["status"],
        "problems": problems,
    }


def _problems(
    siege: Siege, friends: Report, memory: Sequence[float], odd: Sequence[str]
) -> list[str]:
    _, half, _, end = _quarters(memory)
    growth = [f"memory grew from {half:.0f} to {end:.0f} MB"] if end > half * 1.15 + 5 else []
    found = {
        "5xx": siege.failures,
        "never answered": siege.unanswered,
        "friend": friends.problems,
        "log": odd,
        "memory": growth,
    }
    return [
        f"{what} ({len(texts)} in all): {text}"
        for what, texts in found.items()
        for text in texts[:SHOWN]
    ]


def _quarters(samples: Sequence[float]) -> list[float]:
    """The largest sample of each quarter of the time."""
    size = max(1, len(samples) // 4)
    return [max(samples[n * size : (n + 1) * size] or samples[-1:]) for n in range(4)]


@dataclass
class Log:
    """What the server wrote."""

    lines: int = 0
    odd: list[str] = field(default_factory=list)
    """Lines that are no JSON, or tell of a fault of its own."""
    slowest_ms: list[tuple[float, str]] = field(default_factory=list)
    """The longest that it took for an answer which nothing was to delay."""

    def read(self, file: Path) -> "Log":
        with file.open(errors="replace") as lines:
            for line in lines:
                self._take(line)
        return self

    def _take(self, line: str) -> None:
        self.lines += 1
        try:
            told = json.loads(line)
            level = told["level"]
        except (ValueError, TypeError, KeyError):
            told, level = {}, "none"
        if level not in ("info", "warning"):
            self.odd.append(f"{line[:200]} … {line[-600:]}")
        late = told.get("fault") or told.get("path", "").endswith(("/wait", "/stream"))
        if "ms" in told and not late:
            asked = f"{told['method']} {told['path'][:80]} {told['status']}"
            self.slowest_ms = sorted([*self.slowest_ms, (told["ms"], asked)], reverse=True)[:3]


def main() -> None:
    """Print the figures as JSON; exit 1 where something was found that must not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--hostile", type=int, default=100_000, help="requests of strangers")
    parser.add_argument("--friendly", type=int, default=100_000, help="requests of friends")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    figures = run(options.hostile, options.friendly, options.seed)
    print(json.dumps(figures, indent=1))  # noqa: T201  # a script's output
    sys.exit(bool(figures["problems"]))


if __name__ == "__main__":
    main()
