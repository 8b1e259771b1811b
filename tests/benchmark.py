"""How fast the mock answers, as ratios within one run: `python -m tests.benchmark`.

Each round sends the same request to every server in turn, in one process and without sockets, so
that a busy machine slows all of them alike; the median round counts. Opening a sandbox over a
socket and the memory of many are measured as they are.
"""

import asyncio
import json
import os
import statistics
import time
import warnings
from collections.abc import Awaitable, Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from mock_server.app import Settings, build_app
from mock_server.client.process import running
from mock_server.http.document import Document

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from connexion import AsyncApp
    from connexion.resolver import Resolver

App = Callable[[Any, Any, Any], Awaitable[None]]
Asked = tuple[App, str, str]
"""Of whom, for which path, and as whom; or with which scenario a sandbox is to be opened."""
ROUNDS, REQUESTS = 15, 40
ACCOUNT = "/customers/my-account"
ORDERS = "/shop/my-account/orders"
SANDBOXES = "/__mock__/sandboxes"
MANY, OPENED = 100_000, 2_000


async def ask(app: App, path: str, who: str) -> tuple[int, bytes]:
    """Status and body of a GET; of a POST, where a sandbox with scenario `who` is to be opened."""
    opened = path == SANDBOXES
    sent = json.dumps({"scenario": who}).encode() if opened else b""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST" if opened else "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {who}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(sent)).encode()),
        ],
        "server": ("mock", 80),
        "client": ("127.0.0.1", 1),
        "extensions": {},
    }
    status, body = 0, bytearray()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        body.extend(message.get("body", b""))

    await app(scope, receive, send)
    return status, bytes(body)


async def seconds(app: App, path: str, who: str) -> float:
    """How long a request takes, over one round."""
    started = time.perf_counter()
    for _ in range(REQUESTS):
        await ask(app, path, who)
    return (time.perf_counter() - started) / REQUESTS


async def compare(what: dict[str, Asked]) -> dict[str, float]:
    """The median microseconds of each, measured in turn."""
    rounds: dict[str, list[float]] = {name: [] for name in what}
    for name, (app, path, who) in what.items():
        status, _ = await ask(app, path, who)
        assert status in (200, 201), f"{name} answered {status}"
    for _ in range(ROUNDS):
        for name, (app, path, who) in what.items():
            rounds[name].append(await seconds(app, path, who))
    return {name: statistics.median(taken) * 1e6 for name, taken in rounds.items()}


def bare_starlette(answers: dict[str, Any]) -> App:
    """The same nine routes, each giving a ready tree: no token, no check, no state."""

    async def answer(request: StarletteRequest) -> JSONResponse:
        return JSONResponse(answers.get(request.url.path))

    document = Document.of("openapi.yaml")
    return Starlette(
        routes=[
            Route(path, answer, methods=[method.upper()])
            for path, method, _ in document.operations()
        ]
    )


def plain_connexion(answers: dict[str, Any]) -> App:
    """Connexion as it comes, checking requests and responses against the same document."""
    tree = json.loads(Document.of("openapi.yaml").json)
    scheme = next(iter(tree["components"]["securitySchemes"].values()))
    scheme["x-bearerInfoFunc"] = "tests.benchmark.known"
    paths = {
        said["operationId"]: path for path, _, said in Document.of("openapi.yaml").operations()
    }

    def handler_of(id: str) -> Callable[..., Any]:
        async def handler(**_parameters: Any) -> Any:
            return answers.get(paths[id])

        return handler

    app = AsyncApp("tests")
    app.add_api(tree, resolver=Resolver(handler_of), validate_responses=True)
    return app  # type: ignore[no-any-return]


def known(_token: str) -> dict[str, str]:
    """Every token is somebody's."""
    return {"sub": "ada"}


async def main() -> None:
    """Print the table."""
    mock, who = build_app(Settings()), "customer-ada"
    answers = {path: json.loads((await ask(mock, path, who))[1]) for path in (ACCOUNT, ORDERS)}
    starlette, connexion = bare_starlette(answers), plain_connexion(answers)
    for path in (ACCOUNT, ORDERS):
        size = len((await ask(mock, path, who))[1])
        servers = {"mock": mock, "bare Starlette": starlette, "plain Connexion": connexion}
        taken = await compare({name: (app, path, who) for name, app in servers.items()})
        show(f"GET {path} ({size} bytes)", taken, "mock")
    heavy = build_app(Settings(scenario="heavy-history"))
    pages = {
        "137 orders, first page": (mock, ORDERS, who),
        "137 orders, last page": (mock, f"{ORDERS}?page=10", who),
        "1,000,000 orders, first page": (heavy, ORDERS, "customer-hugo"),
        "1,000,000 orders, last full page": (heavy, f"{ORDERS}?page=66666", "customer-hugo"),
    }
    show("one page of orders", await compare(pages), "137 orders, first page")
    opened = {name: (build_app(), SANDBOXES, name) for name in ("default", "heavy-history")}
    show("opening a sandbox", await compare(opened), "default")
    await many(mock)
    over_a_socket()


async def many(few: App) -> None:
    """What very many open sandboxes cost: memory, and speed of what is asked of them."""
    before, crowded = resident_bytes(), build_app()
    for _ in range(MANY):
        _, said = await ask(crowded, SANDBOXES, "default")
    more = resident_bytes() - before
    token = json.loads(said)["customers"][0]["token"]
    print(f"{MANY:,} sandboxes: {more / 1e6:.0f} MB more, {more / MANY:.0f} bytes each\n")  # noqa: T201
    for path in (ACCOUNT, ORDERS):
        servers = {"one sandbox": (few, path, "customer-ada"), f"{MANY:,}": (crowded, path, token)}
        show(f"GET {path} among sandboxes", await compare(servers), "one sandbox")


def resident_bytes() -> int:
    """The memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def over_a_socket() -> None:
    """How long opening a sandbox takes who asks over HTTP."""
    with running() as url:
        connection, taken = HTTPConnection(urlsplit(url).netloc), []
        for _ in range(OPENED):
            started = time.perf_counter()
            connection.request("POST", SANDBOXES, "{}", {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            taken.append(time.perf_counter() - started)
            assert answer.status == 201, answer.status
    p50, p99 = (statistics.quantiles(taken, n=100)[at] * 1e3 for at in (49, 98))
    print(f"POST {SANDBOXES} over HTTP: p50 {p50:.2f} ms, p99 {p99:.2f} ms")  # noqa: T201


def show(title: str, taken: dict[str, float], base: str) -> None:
    """A table: microseconds, and how many times the base."""
    lines = [f"  {name:34} {us:9.1f} us  {us / taken[base]:6.2f}x" for name, us in taken.items()]
    print("\n".join([title, *lines, ""]))  # noqa: T201  # a script's output


if __name__ == "__main__":
    asyncio.run(main())
