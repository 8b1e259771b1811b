"""`make bench`: measures, prints a line for each case, and writes the page about it."""

import argparse
import json
import os
import platform
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmark import __doc__ as about
from tests.benchmark.load import compare
from tests.benchmark.report import page, plot
from tests.benchmark.servers import Case, commands, fetch, running, write_answers
from tests.benchmark.sweeps import sweeps

DOCS = Path(__file__).parents[2] / "docs"
PREFERENCES = "/customers/my-account/marketing-preferences"
CREDITS = Case("credits", "GET", "/customers/my-account/credits", "listMyAccountCredits")
ORDERS = Case("orders", "GET", "/shop/my-account/orders", "listMyAccountOrders")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures: of each case, of each server, and of the sweeps."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        known = dict(commands(folder))
        servers = {"mock": stack.enter_context(running(known.pop("mock"), options.core))}
        port = servers["mock"].port
        first = json.loads(fetch(port, PREFERENCES))["data"][0]["id"]
        opting_in = Case(
            "opt-in", "POST", f"{PREFERENCES}/{first}", "actionMyAccountMarketingPreferenceOptIn"
        )
        cases = [CREDITS, ORDERS, opting_in]
        write_answers(folder, cases, [fetch(port, case.path, case.method) for case in cases])
        for other, command in known.items():
            servers[other] = stack.enter_context(running(command, options.core))
        rows = compare(servers, cases, options.client_core, options.rounds)
        return {
            "cases": rows,
            "servers": {
                name: {"memory_mb": server.memory_mb(), "start_s": server.start_s}
                for name, server in servers.items()
            },
            "sweeps": sweeps(folder, servers["mock"], CREDITS, options.client_core),
            "machine": {
                "python": platform.python_version(),
                "cores": os.cpu_count(),
                "load": os.getloadavg()[0],
                "rounds": options.rounds,
            },
        }


def main() -> None:
    """Measure and write, or only write again what was measured before."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--rounds", type=int, default=5, help="of a second for each case")
    parser.add_argument("--core", default="0", help="of the servers")
    parser.add_argument("--client-core", default="1", help="of wrk")
    parser.add_argument("--page-only", action="store_true", help="write the page of the last run")
    options = parser.parse_args()
    figures = DOCS / "speed.json"
    if not options.page_only:
        if not shutil.which("wrk"):
            sys.exit("wrk is needed: apt-get install wrk")
        figures.write_text(json.dumps(measure(options), indent=1) + "\n")
    results = json.loads(figures.read_text())
    (DOCS / "speed.md").write_text(page(results))
    (DOCS / "speed.svg").write_text(plot(results["cases"]))
    print(f"written: {DOCS / 'speed.md'}")  # noqa: T201  # a script's output


if __name__ == "__main__":
    main()
