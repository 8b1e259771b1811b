"""What friends do: sandboxes of their own, used to the full, with every answer looked at."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

ACCOUNT = "/customers/my-account"
READS = {
    "charges": f"{ACCOUNT}/charges",
    "credits": f"{ACCOUNT}/credits?expired=true",
    "memberships": f"{ACCOUNT}/memberships",
    "preferences": f"{ACCOUNT}/marketing-preferences",
    "orders": "/shop/my-account/orders?page=1&per_page=5",
}
SCENARIOS = ("default", "credit-expiring", "failed-payment", "international", "lapsed-member")
REFUSED = ("lena", "anon")
"""Who is locked or anonymised."""
NOW = "2026-03-01T09:00:00Z"


@dataclass
class Report:
    """What came of it."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    """The slowest answers, in seconds, with what was asked."""

    def problem(self, text: str) -> None:
        """Note something that must not be; the first ones are enough to see what it is."""
        if len(self.problems) < 20:
            self.problems.append(text)


class Friend:
    """One of those who use the mock as it is meant, and check all that they get."""

    def __init__(self, http: httpx.AsyncClient, seed: int, report: Report) -> None:
        self.http, self.random, self.report = http, Random(seed), report

    async def visit(self) -> None:
        """A test of a front end, from opening a sandbox to closing it."""
        body = {
            "scenario": self.random.choice(SCENARIOS),
            "now": NOW,
            "seed": self.random.randrange(9),
        }
        sandbox = (await self.ask("POST", "/__mock__/sandboxes", 201, json=body)).json()
        home = f"/__mock__/sandboxes/{sandbox['id']}"
        known = [each for each in sandbox["customers"] if each["persona"] not in REFUSED]
        people = self.random.sample(known, min(3, len(known)))
        stream = asyncio.create_task(self.hear(f"{home}/journal/stream"))
        try:
            for person in people:
                await self.browse(person)
            await self.bend(home, people[0])
            await self.look_back(home)
            await self.ask("DELETE", home, 204)
            await self.ask("GET", home, 404)
            await self.ask("GET", ACCOUNT, 401, token=people[0]["token"])
            heard = await asyncio.wait_for(stream, 30)
            self.check(heard > 0, "the stream told of nothing")
        except TimeoutError:
            self.report.problem(f"{home}/journal/stream goes on after the sandbox was closed")
        finally:
            stream.cancel()

    async def browse(self, person: Any) -> None:
        """Everything that a page reads, and a preference to and fro."""
        token = person["token"]
        details = (await self.ask("GET", ACCOUNT, 200, token=token)).json()["data"]
        self.check(
            details["id"] == person["id"], f"{person['id']} got the details of {details['id']}"
        )
        for name, path in READS.items():
            data = (await self.ask("GET", path, 200, token=token)).json()["data"]
            owners = {each.get("customer_id", person["id"]) for each in data}
            self.check(owners <= {person["id"]}, f"{name} of {owners} went to {person['id']}")
        preferences = (await self.ask("GET", READS["preferences"], 200, token=token)).json()["data"]
        for preference in preferences[:1]:
            path = f"{READS['preferences']}/{preference['id']}"
            for method, opted in (("POST", True), ("DELETE", False)):
                after = (await self.ask(method, path, 200, token=token)).json()["data"]
                now = next(each["opted_in"] for each in after if each["id"] == preference["id"])
                self.check(now is opted, f"{method} left {now}")
        await self.ask("GET", f"{READS['preferences']}/x", 405, token=token)
        await self.ask("GET", "/shop/my-account/orders?page=0", 400, token=token)
        await self.ask("GET", ACCOUNT, 401)

    async def bend(self, home: str, person: Any) -> None:
        """Time, faults, other people's data."""
        moved = (await self.ask("PATCH", f"{home}/clock", 200, json={"advance": "P1M"})).json()
        self.check(
            moved["now"].startswith("2026-04-01T09:00:00"), f"a month on it is {moved['now']}"
        )
        fault = {"kind": "status", "status": 503, "count": 1, "off_contract": True}
        await self.ask("POST", f"{home}/faults", 201, json=fault)
        await self.ask("GET", ACCOUNT, 503, token=person["token"])
        await self.ask("GET", ACCOUNT, 200, token=person["token"])
        patch = {"customer": {"first_name": f"A{self.random.randrange(5)}"}}
        await self.ask("PATCH", f"{home}/customers/{person['persona']}", 200, json=patch)
        details = (await self.ask("GET", ACCOUNT, 200, token=person["token"])).json()["data"]
        wanted = patch["customer"]["first_name"]
        self.check(details["first_name"] == wanted, f"{wanted} is called {details['first_name']}")
        await self.ask("POST", f"{home}/reset", 200)
        clock = (await self.ask("GET", f"{home}/clock", 200)).json()
        self.check(clock["now"].startswith("2026-03-01T09:00:00"), "a reset left the clock")
        await self.ask("GET", ACCOUNT, 200, token=person["token"])

    async def look_back(self, home: str) -> None:
        """What the sandbox tells of itself."""
        journal = (await self.ask("GET", f"{home}/journal", 200)).json()
        self.check(journal["count"] == len(journal["entries"]), "the journal cannot count")
        self.check(
            all(each["response"]["valid"] for each in journal["entries"]), "an invalid answer"
        )
        for place in ("journal/har", "bundle", "coverage", "faults"):
            await self.ask("GET", f"{home}/{place}", 200)
        saved = (await self.ask("GET", f"{home}/snapshot", 200)).json()
        again = (
            await self.ask("POST", "/__mock__/sandboxes", 201, json={"snapshot": saved})
        ).json()
        await self.ask("DELETE", f"/__mock__/sandboxes/{again['id']}", 204)

    async def hear(self, path: str) -> int:
        """How many entries a stream tells of, until its sandbox is closed."""
        self.report.requests += 1
        count = 0
        try:
            async with self.http.stream("GET", path, timeout=None) as answer:
                async for line in answer.aiter_lines():
                    count += line.startswith("data:")
        except httpx.HTTPError as error:
            self.report.problem(f"{path}: {error!r}")
        return count

    async def ask(
        self, method: str, path: str, want: int, *, token: str | None = None, **more: Any
    ) -> httpx.Response:
        """An answer, which has the status that is wanted."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        started = time.perf_counter()
        answer = await self.http.request(method, path, headers=headers, **more)
        took, report = time.perf_counter() - started, self.report
        report.requests += 1
        report.statuses[answer.status_code] += 1
        report.slowest = sorted([*report.slowest, (took, f"{method} {path}")], reverse=True)[:3]
        if answer.status_code != want:
            report.problem(
                f"{method} {path}: {answer.status_code}, not {want}: {answer.text[:300]}"
            )
        return answer

    def check(self, is_so: bool, problem: str) -> None:
        if not is_so:
            self.report.problem(problem)


async def befriend(url: str, count: int, seed: int, together: int = 8) -> Report:
    """Visits, several at a time, until so many requests were sent."""
    report = Report()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=4 * together)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http:

        async def visits(number: int) -> None:
            friend = Friend(http, seed * 1000 + number, report)
            while report.requests < count:
                try:
                    await friend.visit()
                except (httpx.HTTPError, KeyError, ValueError, StopIteration) as error:
                    report.problem(repr(error))

        await asyncio.gather(*map(visits, range(together)))
    return report
