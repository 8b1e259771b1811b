"""The servers that are compared: each a process on one core, with the answers of the mock."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mock_server.http.document import Document

PEERS = Path(__file__).parents[2] / ".cache" / "bench"
PACKAGES = ("@stoplight/prism-cli@5.15.11", "@mockoon/cli@9.9.0")
HEADERS = {"Authorization": "Bearer customer-ada", "Origin": "https://shop.example"}
TICKS, PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
READY_S = 60


@dataclass(frozen=True)
class Case:
    """A request that is measured, and the operation that it is for."""

    name: str
    method: str
    path: str
    operation: str


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    pid: int
    port: int
    start_s: float
    """From starting it to its first answer."""

    def cpu_s(self) -> float:
        """The processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self) -> float:
        """Its resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE / 1e6


def commands(folder: Path) -> Mapping[str, list[str]]:
    """How each server is started, less its port; what npm does not have is left out."""
    python, document = [sys.executable, "-m"], str(folder / "openapi.json")
    mock = [*python, "mock_server", "serve"]
    known = {
        "mock": [*mock, "--quiet"],
        "mock with its log": mock,
        "bare Starlette": [*python, "tests.benchmark.servers", "bare", str(folder)],
        "plain Connexion": [*python, "tests.benchmark.servers", "connexion", str(folder)],
    }
    prism, mockoon = (PEERS / "node_modules" / ".bin" / name for name in ("prism", "mockoon-cli"))
    if _is_installed():
        known |= {
            "Prism static": [str(prism), "mock", "-v", "error", document],
            "Prism dynamic": [str(prism), "mock", "-v", "error", "-d", document],
            "Mockoon": [str(mockoon), "start", "-X", "--data", document],
        }
    return known


def _is_installed() -> bool:
    if not shutil.which("npm"):
        return False
    if not (PEERS / "node_modules").exists():
        PEERS.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
        command += ["--cache", str(PEERS.parent / "npm"), "--prefix", str(PEERS), *PACKAGES]
        subprocess.run(command, check=False)
    return (PEERS / "node_modules" / ".bin" / "mockoon-cli").exists()


def write_answers(folder: Path, cases: list[Case], answers: list[bytes]) -> None:
    """What the others answer: the mock's bodies, and a document that has them as examples."""
    tree = json.loads(Document.of("openapi.yaml").json)
    known = {}
    operations = {
        operation["operationId"]: operation
        for item in tree["paths"].values()
        for operation in item.values()
        if "operationId" in operation
    }
    for case, body in zip(cases, answers, strict=True):
        known[case.operation] = {"method": case.method, "path": case.path, "body": json.loads(body)}
        content = operations[case.operation]["responses"]["200"]["content"]["application/json"]
        del content["examples"]
        content["example"] = json.loads(body)
    (folder / "answers.json").write_text(json.dumps(known))
    (folder / "openapi.json").write_text(json.dumps(tree))


@contextmanager
def running(command: list[str], core: str) -> Iterator[Server]:
    """A server on a core of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", core, *command, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while time.monotonic() < started + READY_S:
            try:
                fetch(port, "/customers/my-account/credits")
                break
            except HTTPError:
                break
            except OSError:
                time.sleep(0.02)
        yield Server(process.pid, port, time.monotonic() - started)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def fetch(port: int, path: str, method: str = "GET") -> bytes:
    """The body of an answer."""
    url = f"http://127.0.0.1:{port}{path}"
    with urlopen(Request(url, headers=HEADERS, method=method)) as answer:
        body: bytes = answer.read()
        return body


def bare_starlette(answers: Mapping[str, Any]) -> Any:
    """The same operations, each encoding a ready tree: no token, no check, no state."""
    import msgspec
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    trees = {each["path"]: each["body"] for each in answers.values()}

    async def answer(request: Any) -> Response:
        body = msgspec.json.encode(trees[request.url.path])
        return Response(body, media_type="application/json")

    routes = [Route(each["path"], answer, methods=[each["method"]]) for each in answers.values()]
    return Starlette(routes=routes)


def plain_connexion(answers: Mapping[str, Any]) -> Any:
    """Connexion as it comes, checking requests and answers against the same document."""
    warnings.simplefilter("ignore")
    from connexion import AsyncApp
    from connexion.resolver import Resolver

    tree = json.loads(Document.of("openapi.yaml").json)
    scheme = next(iter(tree["components"]["securitySchemes"].values()))
    scheme["x-bearerInfoFunc"] = "tests.benchmark.servers.known"

    def handler_of(id: str) -> Any:
        tree = answers[id]["body"] if id in answers else {}

        async def handler(**_parameters: Any) -> Any:
            return tree

        return handler

    app = AsyncApp("tests")
    app.add_api(tree, resolver=Resolver(handler_of), validate_responses=True)
    return app


def known(_token: str) -> dict[str, str]:
    """Every token is somebody's."""
    return {"sub": "ada"}


def main(kind: str, folder: str, _port: str, port: str) -> None:
    """Be one of the servers that are written here."""
    import uvicorn

    answers = json.loads(Path(folder, "answers.json").read_text())
    app = {"bare": bare_starlette, "connexion": plain_connexion}[kind](answers)
    uvicorn.run(app, port=int(port), log_level="error", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
