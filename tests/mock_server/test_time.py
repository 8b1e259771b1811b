"""The clock of a sandbox, and everything that follows it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from mock_server.worlds import clock
from mock_server.worlds.clock import Clock
from mock_server.worlds.moments import Duration
from tests.marks import rest_is_slow

ACCOUNT = "/customers/my-account"
SANDBOXES = "/__mock__/sandboxes"
NOW = "2026-01-31T09:00:00Z"


class World:
    """A sandbox of one's own."""

    def __init__(self, client: httpx.Client, said: Any = None, **body: Any) -> None:
        self.client = client
        self.said = said or client.post(SANDBOXES, json={"now": NOW} | body).json()
        self.path = f"{SANDBOXES}/{self.said['id']}"

    def token(self, persona: str) -> str:
        found = (each for each in self.said["customers"] if each["persona"] == persona)
        return str(next(found)["token"])

    def get(self, path: str, persona: str = "ada") -> Any:
        headers = {"Authorization": f"Bearer {self.token(persona)}"}
        return self.client.get(path, headers=headers).json()["data"]

    def clock(self, **change: Any) -> httpx.Response:
        return self.client.patch(f"{self.path}/clock", json=change)


@pytest.fixture
def world(client: httpx.Client) -> World:
    return World(client)


def test_a_month_and_a_month_are_two_months(client: httpx.Client) -> None:
    twice, once = World(client), World(client)
    twice.clock(advance="P1M")
    answers = [twice.clock(advance="P1M").json(), once.clock(advance="P2M").json()]

    for answer in answers:
        assert answer.pop("changes")
        assert answer == {"now": "2026-03-31T09:00:00Z", "running": False, "opened": NOW}
    assert twice.get(f"{ACCOUNT}/charges") == once.get(f"{ACCOUNT}/charges")


def test_a_credit_expires_to_the_second(client: httpx.Client) -> None:
    overrides = {"customers": {"ada": {"credits": {"soon": {"state": "open", "expires": "PT10S"}}}}}
    world = World(client, overrides=overrides)
    count = len(world.get(f"{ACCOUNT}/credits"))

    world.clock(advance="PT9S")
    assert len(world.get(f"{ACCOUNT}/credits")) == count
    world.clock(advance="PT1S")
    assert len(world.get(f"{ACCOUNT}/credits")) == count - 1


def test_charges_fall_due_and_memberships_renew(world: World) -> None:
    before = world.get(f"{ACCOUNT}/charges")
    world.clock(advance="P2M")
    after = world.get(f"{ACCOUNT}/charges")
    active = [m for m in world.get(f"{ACCOUNT}/memberships") if m["status"] == "active"]

    assert len(after) > len(before)
    assert active
    assert all(each["next_billing_date"] > "2026-03-31T09" for each in active)


def test_a_charge_that_fails_leaves_the_membership_in_need_of_attention(
    client: httpx.Client,
) -> None:
    said = {"rate": "swim-monthly", "started": "-P20D", "billing": "fails"}
    world = World(client, overrides={"customers": {"ada": {"memberships": {"swim": said}}}})
    status = {m["rate"]["name"]: m["status"] for m in world.get(f"{ACCOUNT}/memberships")}
    world.clock(advance="P1M")

    later = world.get(f"{ACCOUNT}/memberships")
    failed = [each for each in world.get(f"{ACCOUNT}/charges") if each["status"] == "failed"]
    changed = [m for m in later if m["status"] != status[m["rate"]["name"]]]
    assert [m["attention_reason"] for m in changed] == ["payment_failed"]
    assert any(each["billed_at"] > NOW for each in failed)


def test_time_runs_backwards_only_when_forced(world: World) -> None:
    refused = world.clock(advance="-P1D")

    assert refused.status_code == 409
    assert "force" in refused.json()["message"]
    assert world.clock(advance="-P1D", force=True).json()["now"] == "2026-01-30T09:00:00Z"


def test_no_clock_leaves_its_bounds_and_a_refusal_changes_nothing(world: World) -> None:
    for change in ({"advance": "P999Y"}, {"now": "2500-01-01T00:00:00Z"}, {"advance": "P999999Y"}):
        assert world.clock(**change).status_code == 409
    assert world.client.get(f"{world.path}/clock").json()["now"] == NOW


def test_a_clock_can_be_let_run_and_stopped(world: World) -> None:
    running = world.clock(running=True).json()
    stopped = world.clock(running=False).json()

    assert running["running"] is True
    assert stopped["running"] is False
    shown = [datetime.fromisoformat(each) for each in (NOW, running["now"], stopped["now"])]
    assert shown == sorted(shown)


def test_reset_puts_the_clock_back(world: World) -> None:
    world.clock(advance="P1Y")
    world.client.post(f"{world.path}/reset")

    assert world.client.get(f"{world.path}/clock").json()["now"] == NOW


def test_a_minted_token_runs_out_by_the_clock_of_its_sandbox(world: World) -> None:
    minted = world.client.post(
        f"{world.path}/tokens", json={"persona": "ada", "expires_in": "PT5M"}
    ).json()
    headers = {"Authorization": f"Bearer {minted['token']}"}
    assert minted["expires_at"] == "2026-01-31T09:05:00Z"

    assert world.client.get(ACCOUNT, headers=headers).status_code == 200
    world.clock(advance="PT5M")
    assert world.client.get(ACCOUNT, headers=headers).status_code == 401


def test_a_token_for_nobody_is_refused_with_those_there_are(world: World) -> None:
    answer = world.client.post(f"{world.path}/tokens", json={"persona": "zoe"})

    assert answer.status_code == 409
    assert "ada" in answer.json()["message"]


def test_a_running_clock_that_is_stopped_at_a_time_shows_that_time(world: World) -> None:
    world.clock(running=True)
    stopped = world.clock(now=NOW, running=False, force=True).json()

    assert (stopped["now"], stopped["running"]) == (NOW, False)
    assert world.client.get(f"{world.path}/clock").json()["now"] == NOW


@pytest.mark.parametrize("running", [False, True])
def test_months_count_from_the_day_that_the_clock_has_come_to(
    client: httpx.Client, running: bool
) -> None:
    world = World(client, now="2026-01-30T09:00:00Z")
    world.clock(running=running)
    shown = [world.clock(advance=by).json()["now"][:10] for by in ("P1D", "P1M", "P1M", "P1D")]

    assert shown == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-01"]


def test_a_clock_that_ran_for_a_day_counts_its_months_from_what_it_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = datetime(2026, 6, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "machine_now", lambda: machine)
    running = Clock(datetime(2026, 1, 30, 9, tzinfo=UTC), since=machine)
    machine += timedelta(days=1)
    in_february = running.later(Duration(months=1))
    machine += timedelta(days=3)

    assert in_february.now() == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert in_february.later(Duration(months=1)).now() == datetime(2026, 4, 3, 9, tzinfo=UTC)


def test_a_running_clock_never_goes_back_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = datetime(2026, 6, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "machine_now", lambda: machine)
    running = Clock(datetime(2026, 1, 28, 23, tzinfo=UTC), since=machine).later(Duration(months=1))
    shown = []
    for _ in range(50):
        shown.append(running.now())
        machine += timedelta(hours=1)
        running = running.later(Duration())

    assert shown == sorted(set(shown))


def test_a_running_clock_stands_still_where_no_clock_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = datetime(2026, 6, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "machine_now", lambda: machine)
    running = Clock(clock.LATEST - timedelta(seconds=1), since=machine)
    machine += timedelta(days=1)

    assert running.now() == running.running(False).now() == clock.LATEST


def test_a_running_clock_that_is_advanced_runs_on(world: World) -> None:
    started = world.clock(running=True).json()
    advanced = world.clock(advance="P1D").json()

    assert advanced["running"] is True
    passed = datetime.fromisoformat(advanced["now"]) - datetime.fromisoformat(started["now"])
    assert timedelta(days=1) <= passed < timedelta(days=1, minutes=5)
    later = world.client.get(f"{world.path}/clock").json()
    assert later["now"] > advanced["now"]


def test_a_running_clock_that_is_put_runs_on_from_there(world: World) -> None:
    world.clock(running=True)
    put = world.clock(now="2027-01-31T09:00:00Z").json()

    assert put["running"] is True
    assert put["now"].startswith("2027-01-31T09:0")


def test_a_stopped_clock_stands_where_it_was_when_it_ran(world: World) -> None:
    world.clock(running=True)
    stopped = world.clock(running=False).json()

    assert stopped["running"] is False
    assert world.client.get(f"{world.path}/clock").json()["now"] == stopped["now"] != NOW


@pytest.mark.parametrize(
    ("opened", "hours"),
    rest_is_slow(
        [
            ("2026-03-28T00:00:00Z", 24),
            ("2026-03-29T00:00:00Z", 23),
            ("2026-10-24T23:00:00Z", 25),
            ("2026-10-25T01:30:00Z", 23),
        ],
        quick=2,
    ),
)
def test_a_local_midnight_comes_after_as_many_hours_as_the_day_there_has(
    client: httpx.Client, opened: str, hours: int
) -> None:
    credits = {"today": {"expires": "midnight Europe/London", "issued": "-P1D"}}
    world = World(client, now=opened, overrides={"customers": {"eve": {"credits": credits}}})
    passed = 0
    while world.get(f"{ACCOUNT}/credits", "eve"):
        world.clock(advance="PT1H")
        passed += 1

    assert passed == hours


@pytest.mark.parametrize(
    ("rate", "started", "days"),
    [
        ("swim-monthly", "2027-10-31", "2027-11-30 2027-12-31 2028-01-31 2028-02-29 2028-03-31"),
        ("thermal-yearly", "2024-02-29", "2025-02-28 2026-02-28 2027-02-28 2028-02-29 2029-02-28"),
    ],
)
def test_a_membership_is_billed_on_the_day_it_began_or_the_last_of_a_shorter_month(
    client: httpx.Client, rate: str, started: str, days: str
) -> None:
    person = {"memberships": {"one": {"rate": rate, "started": f"{started}T09:00:00Z"}}}
    world = World(client, now=f"{started}T09:00:00Z", overrides={"customers": {"eve": person}})
    billed = []
    for _ in days.split():
        billed.append(world.get(f"{ACCOUNT}/memberships", "eve")[0]["next_billing_date"])
        world.clock(now=billed[-1])

    assert billed == [f"{day}T09:00:00Z" for day in days.split()]


def test_years_from_a_leap_day_end_on_the_last_of_february(client: httpx.Client) -> None:
    world = World(client, now="2028-02-29T09:00:00Z")
    shown = [world.clock(advance="P1Y").json()["now"][:10] for _ in range(4)]

    assert shown == ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]
