"""
Schemathesis, as it comes, with every check, on both documents of a running mock:
`make soak-generated`.

It fails if a check does, or if fewer cases were sent than were asked for.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from mock_server.client.process import running
from mock_server.http.document import Document

# One operation never ends, another takes as long as it is told to; and a fault is gone after a
# reset, too, while the check knows of DELETE alone.
CONTROL = """
[[operations]]
include-operation-id = "removeFault"
checks = { ensure_resource_availability = { enabled = false } }

[[operations]]
include-operation-id = "streamRequests"
request-timeout = 1
generation = { max-examples = 5 }

[[operations]]
include-operation-id = "waitForRequests"
parameters = { timeout_ms = 10 }
"""
DOCUMENTS = {"openapi.yaml": "/openapi.yaml", "control.yaml": "/__mock__/openapi.yaml"}


def judge(name: str, cases: int, seed: int) -> int:
    """Send about so many cases of a document's operations; how many were sent."""
    count = len(list(Document.of(name).operations()))
    scenario = "default" if name == "openapi.yaml" else "empty"
    served = running("--scenario", scenario, "--sandbox-ttl", "120")
    with TemporaryDirectory() as folder, served as url:
        config = Path(folder, "schemathesis.toml")
        config.write_text(CONTROL if name == "control.yaml" else "")
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"]
        command += [f"{url}{DOCUMENTS[name]}", "--url", url, "--seed", str(seed), "--checks", "all"]
        command += ["--max-examples", str(-(-cases // count)), "--continue-on-failure"]
        command += ["--generation-database", "none"]
        if name == "openapi.yaml":
            command += ["-H", "Authorization: Bearer customer-ada"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    sent = re.search(r"(\d[\d,]*) generated", ran.stdout)
    print(ran.stdout[-6000:] if ran.returncode else ran.stdout[-1500:], flush=True)  # noqa: T201
    if ran.returncode or sent is None:
        sys.exit(f"{name}: {ran.returncode} {ran.stderr[-2000:]}")
    return int(sent[1].replace(",", ""))


def main() -> None:
    """Judge both documents."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.generated", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="of each document")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--document", choices=DOCUMENTS, action="append")
    options = parser.parse_args()
    for name in options.document or DOCUMENTS:
        sent = judge(name, options.cases, options.seed)
        print(f"{name}: {sent} cases, no failure")  # noqa: T201  # a script's output


if __name__ == "__main__":
    main()
