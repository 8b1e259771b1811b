"""Rounds of wrk against the servers, and what they cost each."""

import re
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmark.servers import HEADERS, Case, Server

Row = dict[str, Any]
SCRIPT = """
wrk.method = "%s"
local n = 0
local cold = "%s"
request = function()
  if cold == "" then return wrk.format() end
  n = n + 1
  return wrk.format(nil, wrk.path .. "?cold=" .. n .. "-" .. cold)
end
"""


def load(
    server: Server, case: Case, core: str, *, connections: int, cold: bool = False, zipped: bool
) -> Row:
    """One second: processor time of the server per request in us, latency in ms."""
    command = ["taskset", "-c", core, "wrk", "-t1", f"-c{connections}", "-d1s", "--latency"]
    for name, text in HEADERS.items():
        command += ["-H", f"{name}: {text}"]
    if zipped:
        command += ["-H", "Accept-Encoding: gzip"]
    with TemporaryDirectory() as folder:
        script = Path(folder, "request.lua")
        script.write_text(SCRIPT % (case.method, time.monotonic_ns() if cold else ""))
        command += ["-s", str(script), f"http://127.0.0.1:{server.port}{case.path}"]
        before = server.cpu_s()
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        spent = server.cpu_s() - before
    if "Non-2xx" in out:
        raise RuntimeError(f"{case.name} was refused:\n{out}")
    count = int(re.search(r"(\d+) requests in", out)[1])
    latencies = [re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", out) for share in (50, 99)]
    p50, p99 = (float(each[1]) * _MS[each[2]] for each in latencies if each)
    return {"cpu_us": spent / max(count, 1) * 1e6, "p50_ms": p50, "p99_ms": p99}


_MS = {"us": 0.001, "ms": 1, "s": 1000}


def compare(
    servers: Mapping[str, Server], cases: Sequence[Case], core: str, rounds: int
) -> list[Row]:
    """
    Every case at every server, in interleaved rounds, and the median of each; the slow ones, whose
    ratio is far from any limit, take part in the first round only.
    """
    rows = []
    for case in cases:
        for cold in (False, True) if case.method == "GET" else (False,):
            for zipped in (True, False):
                taken: dict[str, list[Row]] = {name: [] for name in servers}
                for number in range(rounds):
                    for name, server in servers.items():
                        if number and name not in CLOSE:
                            continue
                        taken[name].append(
                            load(server, case, core, connections=8, cold=cold, zipped=zipped)
                        )
                kind = "write" if case.method != "GET" else "cold" if cold else "hot"
                rows.append({"case": case.name, "kind": kind, "gzip": zipped} | _medians(taken))
                print(line(rows[-1]), flush=True)  # noqa: T201  # a script's output
    return rows


CLOSE = ("mock", "bare Starlette")


def _medians(taken: Mapping[str, Sequence[Row]]) -> Row:
    servers = {
        name: {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        for name, rounds in taken.items()
    }
    bare = servers["bare Starlette"]["cpu_us"]
    for figures in servers.values():
        figures["ratio"] = bare / max(figures["cpu_us"], 1)
    return {"servers": servers}


def line(row: Row) -> str:
    """A case on one line: the speed of each server, as a part of that of bare Starlette."""
    shown = "  ".join(
        f"{name} {figures['ratio']:.2f} ({figures['cpu_us']:.0f} us)"
        for name, figures in row["servers"].items()
    )
    return f"{row['case']:8} {row['kind']:5} {'gzip' if row['gzip'] else '    '}  {shown}"
