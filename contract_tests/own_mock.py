"""The mock that comes with the kit, run as a process of its own for as long as it is needed."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract_tests.target import TargetError

STARTS_WITHIN_S = 30.0


@contextmanager
def mock() -> Iterator[str]:
    """
    Run a mock and yield its URL.

    Raises:
        TargetError: it cannot be started.
    """
    with tempfile.TemporaryDirectory() as folder:
        port = Path(folder, "port")
        command = [sys.executable, "-m", "mock_server", "serve", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--port-file", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{_await_port(process, port)}"
        finally:
            process.terminate()
            process.wait()


def _await_port(process: "subprocess.Popen[bytes]", port: Path) -> str:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if port.exists() and (text := port.read_text()):
            return text
        time.sleep(0.02)
    raise TargetError("the mock could not be started; try `mock-server serve`")
