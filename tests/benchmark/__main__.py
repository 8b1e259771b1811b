"""
How fast the mock answers, as ratios within one run: `make bench`.

The servers are processes with sockets, pinned to one core; wrk asks from another, as a browser does
(`Origin`, `Accept-Encoding: gzip`). Rounds are interleaved, so that a busy machine slows all alike,
and the median counts. *Hot* is the same request again, *cold* has no two requests alike.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

ACCOUNT, ORDERS = "/customers/my-account", "/shop/my-account/orders"
PATHS = {"credits": f"{ACCOUNT}/credits", "orders": ORDERS}
HEADERS = {"Authorization": "Bearer customer-ada", "Origin": "https://shop.example"}
TICKS = os.sysconf("SC_CLK_TCK")
SCRIPT = """
local n = 0
request = function()
  n = n + 1
  return wrk.format(nil, wrk.path .. "?cold=" .. n .. "-" .. "%d")
end
"""
SERVERS = ("mock", "bare Starlette", "plain Connexion")


def serve(name: str, port: int, folder: Path) -> None:
    """Be the bare Starlette application, or plain Connexion, with the answers of the mock."""
    import uvicorn

    answers = {path: (folder / file).read_bytes() for file, path in PATHS.items()}
    app = bare_starlette(answers) if name == "bare Starlette" else plain_connexion(answers)
    uvicorn.run(app, port=port, log_level="error", access_log=False)


def bare_starlette(answers: dict[str, bytes]) -> Any:
    """The same operations, each encoding a ready tree: no token, no check, no state."""
    import msgspec
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    trees = {path: msgspec.json.decode(text) for path, text in answers.items()}

    async def answer(request: Any) -> Response:
        body = msgspec.json.encode(trees[request.url.path])
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route(path, answer) for path in answers])


def plain_connexion(answers: dict[str, bytes]) -> Any:
    """Connexion as it comes, checking requests and answers against the same document."""
    import warnings

    warnings.simplefilter("ignore")
    from connexion import AsyncApp
    from connexion.resolver import Resolver

    from mock_server.http.document import Document

    document = Document.of("openapi.yaml")
    tree = json.loads(document.json)
    scheme = next(iter(tree["components"]["securitySchemes"].values()))
    scheme["x-bearerInfoFunc"] = "tests.benchmark.known"
    paths = {operation["operationId"]: path for path, _, operation in document.operations()}

    def handler_of(id: str) -> Any:
        tree = json.loads(answers.get(paths[id], b"{}"))

        async def handler(**_parameters: Any) -> Any:
            return tree

        return handler

    app = AsyncApp("tests")
    app.add_api(tree, resolver=Resolver(handler_of), validate_responses=True)
    return app


def known(_token: str) -> dict[str, str]:
    """Every token is somebody's."""
    return {"sub": "ada"}


@contextmanager
def running(name: str, core: str, folder: Path) -> Iterator[tuple[int, int]]:
    """A server on a core of its own: its process id and port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["mock_server", "serve", "--port", str(port)]
    if name != "mock":
        command = ["tests.benchmark", "--serve", name, "--port", str(port), "--folder", str(folder)]
    process = subprocess.Popen(
        ["taskset", "-c", core, sys.executable, "-m", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                fetch(port, ORDERS)
                break
            except OSError:
                time.sleep(0.05)
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def fetch(port: int, path: str) -> bytes:
    """The body of an answer."""
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=HEADERS)) as answer:
        body: bytes = answer.read()
        return body


def cpu_s(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def load(server: tuple[int, int], path: str, options: argparse.Namespace, **how: bool) -> Any:
    """One round: requests per second, latency in ms, processor time per request in us."""
    pid, port = server
    command = ["taskset", "-c", options.client_core, "wrk", "-t1", f"-c{options.connections}"]
    command += [f"-d{options.seconds}s", "--latency", f"http://127.0.0.1:{port}{path}"]
    for name, text in HEADERS.items():
        command += ["-H", f"{name}: {text}"]
    if how["zipped"]:
        command += ["-H", "Accept-Encoding: gzip"]
    with TemporaryDirectory() as folder:
        if how["cold"]:
            script = Path(folder, "cold.lua")
            script.write_text(SCRIPT % time.monotonic_ns())
            command += ["-s", str(script)]
        before = cpu_s(pid)
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out, out
    count = int(re.search(r"(\d+) requests in", out)[1])  # type: ignore[index]
    p50, p99 = (re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", out) for share in (50, 99))
    return {
        "rps": count / options.seconds,
        "cpu_us": (cpu_s(pid) - before) / count * 1e6,
        "p50_ms": _ms(p50),
        "p99_ms": _ms(p99),
    }


def _ms(found: Any) -> float:
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every case at every server, in interleaved rounds; the median of each."""
    results: list[dict[str, Any]] = []
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        servers = {"mock": stack.enter_context(running("mock", options.core, folder))}
        for file, path in PATHS.items():
            (folder / file).write_bytes(fetch(servers["mock"][1], path))
        for other in SERVERS[1:]:
            servers[other] = stack.enter_context(running(other, options.core, folder))
        for case, path in PATHS.items():
            for cold in (False, True):
                for zipped in (False, True):
                    rounds: dict[str, list[Any]] = {each: [] for each in servers}
                    for _ in range(options.rounds):
                        for each, server in servers.items():
                            rounds[each].append(
                                load(server, path, options, cold=cold, zipped=zipped)
                            )
                    results.append(_row(case, cold, zipped, rounds))
                    print(_line(results[-1]), flush=True)  # noqa: T201  # a script's output
        rss = Path(f"/proc/{servers['mock'][0]}/statm").read_text().split()[1]
    print(f"memory of the mock: {int(rss) * os.sysconf('SC_PAGE_SIZE') / 1e6:.0f} MB")  # noqa: T201
    return results


def _row(case: str, cold: bool, zipped: bool, rounds: dict[str, list[Any]]) -> dict[str, Any]:
    medians = {
        name: {key: statistics.median(each[key] for each in taken) for key in taken[0]}
        for name, taken in rounds.items()
    }
    return {"case": case, "cold": cold, "gzip": zipped, "servers": medians}


def _line(row: dict[str, Any]) -> str:
    bare = row["servers"]["bare Starlette"]["cpu_us"]
    shown = "  ".join(
        f"{name} {taken['cpu_us']:.0f} us = {bare / taken['cpu_us']:.2f}"
        f" (p50 {taken['p50_ms']:.1f}, p99 {taken['p99_ms']:.1f} ms)"
        for name, taken in row["servers"].items()
    )
    kind = f"{'cold' if row['cold'] else 'hot'}{', gzip' if row['gzip'] else ''}"
    return f"{row['case']:8} {kind:10}  {shown}"


def start_s(core: str) -> float:
    """From starting the mock to its first 200."""
    started = time.monotonic()
    with TemporaryDirectory() as name, running("mock", core, Path(name)):
        return time.monotonic() - started


def main() -> None:
    """Print a line for each case; ratios are to bare Starlette, by processor time per request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--core", default="0")
    parser.add_argument("--client-core", default="1")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", choices=SERVERS[1:])
    parser.add_argument("--port", type=int)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port, options.folder)
        return
    if not shutil.which("wrk"):
        sys.exit("wrk is needed: apt-get install wrk")
    results = measure(options)
    starts = [start_s(options.core) for _ in range(3)]
    print(f"start to the first 200: {statistics.median(starts):.2f} s")  # noqa: T201
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
