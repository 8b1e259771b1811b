"""A mock in a process of its own, for as long as it is needed."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mock_server.client import MockError

STARTS_WITHIN_S = 30.0


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """
    The URL of `mock-server serve` with these arguments, on a free port.

    Raises:
        MockError: it cannot be started; the message says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        port_file, log = Path(folder, "port"), Path(folder, "log")
        command = [sys.executable, "-m", "mock_server", "serve", "--port", "0"]
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [*command, "--port-file", str(port_file), *arguments],
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        try:
            yield f"http://127.0.0.1:{_port(process, port_file, log)}"
        finally:
            process.terminate()
            process.wait()


def _port(process: "subprocess.Popen[bytes]", port_file: Path, log: Path) -> str:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if port_file.exists() and (port := port_file.read_text()):
            return port
        time.sleep(0.02)
    raise MockError(f"the mock could not be started: {log.read_text()[-500:].strip()}")
