"""What becomes of the time when there is more of something; in process, but for connections."""

import asyncio
import gc
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from mock_server.app import Mock, Settings
from mock_server.worlds.opening import Opening
from tests.asgi import scope_of
from tests.benchmark.load import load
from tests.benchmark.servers import HEADERS, Case, Server

ORDERS = (15, 100, 1_000, 10_000, 100_000, 1_000_000)
SANDBOXES = (1, 10, 100, 1_000, 10_000, 100_000)
PAGES = (1, 1_000, 10_000, 30_000, 60_000)
CONNECTIONS = (1, 4, 16, 64, 256)
TIMES, ROUNDS = 40, 5
SCENARIO = """
title: many orders
customers:
  ada:
    customer: {{joined: 2005-01-01T00:00:00Z}}
    orders: {{all: {{count: {}}}}}
"""
Points = Mapping[str, float]


def sweeps(folder: Path, server: Server, case: Case, core: str) -> Mapping[str, Points]:
    """Microseconds of processor time per request, by how much there is."""
    connections = {
        str(each): load(server, case, core, connections=each, zipped=True)["cpu_us"]
        for each in CONNECTIONS
    }
    return {
        "orders of a customer, first page": _orders(folder),
        "page of 1,000,000 orders": _pages(folder),
        "sandboxes, credits in the last one": _sandboxes(),
        "connections, credits hot": connections,
    }


def _orders(folder: Path) -> Points:
    points = {}
    for number in ORDERS:
        app = Mock(Settings(scenario=_scenario(folder, number))).app
        points[f"{number:,}"] = _cost(app, lambda n: ("/shop/my-account/orders", f"cold={n}"))
    return points


def _pages(folder: Path) -> Points:
    app, points = Mock(Settings(scenario=_scenario(folder, ORDERS[-1]))).app, {}
    for page in PAGES:
        points[f"{page:,}"] = _cost(app, partial(_page, page))
    return points


def _sandboxes() -> Points:
    sandboxes, points = (mock := Mock(Settings())).sandboxes, {}
    last, there = sandboxes.get("default"), 1
    for number in SANDBOXES:
        for _ in range(number - there):
            last = sandboxes.create(Opening("default", 1))
            sandboxes.add(last)
        there, token = number, last.token("customer", "ada")
        points[f"{number:,}"] = _cost(
            mock.app, lambda n: ("/customers/my-account/credits", f"cold={n}"), token
        )
    return points


def _page(first: int, number: int) -> tuple[str, str]:
    return "/shop/my-account/orders", f"page={first + number}"


def _scenario(folder: Path, orders: int) -> str:
    file = folder / f"{orders}.yaml"
    file.write_text(SCENARIO.format(orders))
    return str(file)


def _cost(
    app: ASGIApp, ask: Callable[[int], tuple[str, str]], token: str = "customer-ada"
) -> float:
    """Microseconds of a request, in the best of some rounds; no two of them are alike."""
    numbers, costs = count(), []
    gc.collect()
    for _ in range(ROUNDS):
        before = time.process_time()
        asyncio.run(_requests(app, [ask(next(numbers)) for _ in range(TIMES)], token))
        costs.append((time.process_time() - before) / TIMES * 1e6)
    return min(costs)


async def _requests(app: ASGIApp, asked: list[tuple[str, str]], token: str) -> None:
    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.extend(each for each in (message.get("status"),) if each)

    named = HEADERS | {"Authorization": f"Bearer {token}", "Host": "127.0.0.1:4010"}
    headers = [(name.encode(), text.encode()) for name, text in named.items()]
    for path, query in asked:
        await app(scope_of("GET", path.encode(), query.encode(), headers), _receive, send)
    if set(statuses) != {200}:
        raise RuntimeError(f"{asked[0]} was answered {set(statuses)}")


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b""}
