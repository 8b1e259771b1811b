"""What the journal keeps of a request, what it says of it, and who is told: value for value."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from mock_server.http.exchange import OFF_CONTRACT, Request, Response
from mock_server.http.router import Route
from mock_server.observation import journal as journal_module
from mock_server.observation.coverage import Coverage
from mock_server.observation.entry import Filter, decode_json
from mock_server.observation.journal import ENTRY_BYTES, Journal, MemoryBudget
from mock_server.observation.stream import Change, Event, Position, Subscription
from tests.conftest import Caller

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
CHARGES = "listMyAccountCharges"
JSON = ("Content-Type", "Application/JSON; charset=utf-8")
LIST = b'{"data":[]}'
RIGHT = Response(200, LIST, (JSON,))
ASKED = Request("GET", "/customers/my-account/charges")


@pytest.fixture
def charges(call: Caller) -> Route:
    return next(each for each in call.mock.sandboxes.operations if each.id == CHARGES)


def entry(
    route: Route | None = None,
    response: Response = RIGHT,
    request: Request = ASKED,
    **about: Any,
) -> Any:
    who = {"persona": None, "role": None, "changes": []} | about
    return Journal().record(NOW, route, request=request, response=response, **who)


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (RIGHT, None),
        (Response(200, LIST, (JSON,), wire="truncated"), "it was lost on its way: truncated"),
        (Response(418, LIST, (JSON,)), "the document lists no 418 for listMyAccountCharges"),
        (Response(200, LIST), "it is of no media type and not application/json"),
        (Response(200, LIST, (("Content-Type", "text/html;a=b"),)), "it is text/html and not"),
        (Response(200, b"", (JSON,)), "its body is empty"),
        (Response(200, b"{", (JSON,)), "it cannot be read as JSON: "),
        (Response(200, b'{"data":{}}', (JSON,)), "$.data: "),
        (Response(401, b'{"message":"a"}', (JSON,)), None),
    ],
)
def test_an_answer_is_judged_by_its_operation(
    charges: Route, response: Response, problem: str | None
) -> None:
    verdict = entry(charges, response).answer_verdict

    assert verdict.valid is (problem is None)
    assert (verdict.problem or "").startswith(problem or "")
    assert problem or verdict.problem is None


def test_a_head_and_what_is_no_operation_have_nothing_to_judge(charges: Route) -> None:
    head = Request("HEAD", "/customers/my-account/charges")

    assert entry(charges, Response(200, b"", (JSON,)), head).answer_verdict.valid is True
    assert entry(None, Response(200, b"<p>")).answer_verdict.valid is True


def test_of_a_body_that_is_not_all_there_nothing_is_said(charges: Route) -> None:
    kept = entry(charges, body_bytes=12)

    assert kept.answer_verdict == (None, "it has more than the 11 bytes that are judged")
    assert kept.unjudged == [
        "the answer is not judged: it has more than the 11 bytes that are judged"
    ]
    assert kept.violations == []
    assert entry(charges).unjudged == []


def test_violations_of_both_sides_are_told_without_secrets(charges: Route) -> None:
    request = Request("GET", "/nowhere/hush-hush", headers={"x-api-key": "hush-hush"})
    kept = entry(None, Response(200, LIST, wire="truncated"), request)

    assert kept.violations == [
        "request: no operation answers GET /nowhere/REDACTED",
        "answer: it was lost on its way: truncated",
    ]
    assert kept.as_json()["request"]["problem"] == "no operation answers GET /nowhere/REDACTED"


@pytest.mark.parametrize(
    ("response", "persona", "reason"),
    [
        (Response(200, LIST, fault="3"), "ada", "fault 3 struck"),
        (Response(404, LIST, (("Preference-Applied", "code=404"),)), "ada", "preferred code=404"),
        (Response(200, LIST), "ada", "the token is ada's"),
        (Response(399, LIST), None, "it needs no token"),
        (Response(400, b'{"message":"Not so."}'), "ada", "Not so."),
        (Response(400, b'{"data":1}'), "ada", "it was refused"),
        (Response(400, b'{"message":7}'), "ada", "it was refused"),
        (Response(500, b"<p>"), "ada", "it was refused"),
        (Response(500, b"[]"), None, "it was refused"),
    ],
)
def test_why_it_was_answered_so_is_a_sentence(
    response: Response, persona: str | None, reason: str
) -> None:
    assert entry(None, response, persona=persona).reason().endswith(reason)


def test_what_steered_the_world_is_an_entry_of_its_own_kind() -> None:
    request = Request("PATCH", "/__mock__/sandboxes/default/clock", body=b"{}")
    kept = entry(None, Response(200), request, changes=[{"clock": "P1D"}]).as_json()

    assert kept["reason"] == "the world was changed through the control API"
    assert (kept["request"]["valid"], kept["query"], kept["operation"]) == (True, "", None)
    assert kept["changes"] == [{"clock": "P1D"}]


def test_bodies_are_shown_where_they_are_asked_for() -> None:
    request = Request("POST", "/a", "b=c", {"accept": "*/*"}, b"\xff")
    response = Response(201, b"{}", (("X-A", "b"), ("X-A", "c")), rule="ERR-03")
    shown, bare = (entry(None, response, request).as_json(bodies=each) for each in (True, False))

    assert shown["request"]["body"] == "\ufffd"
    assert shown["request"]["headers"] == {"accept": "*/*"}
    assert shown["request"]["body_bytes"] == bare["request"]["body_bytes"] == 1
    assert shown["response"]["headers"] == [("X-A", "b"), ("X-A", "c")]
    assert (shown["response"]["body"], shown["response"]["body_bytes"]) == ("{}", 2)
    assert (bare["request"]["body"], bare["response"]["body"]) == (None, None)
    assert (shown["status"], shown["rule"], shown["at"]) == (201, "ERR-03", NOW)


def test_both_sides_are_cut_and_were_judged_whole(charges: Route) -> None:
    kept = Journal()
    kept.body_bytes = 9
    wrong = Response(200, b'{"data":{}}', (JSON, (OFF_CONTRACT, "x")))
    request = Request(
        "GET", "/charges/and/more", "a=b&c=d&e=f", {"a": "1234", "b": "56789", "c": "x"}
    )
    cut = kept.record(NOW, charges, None, None, request, wrong, [])

    assert (cut.request.path, cut.request.query) == ("/charges/", "a=b&c=d&e")
    assert cut.request.headers == {"a": "1234", "b": "5678"}
    assert (cut.response.body, cut.body_bytes) == (b'{"data":{', 11)
    assert (cut.request_verdict.valid, cut.answer_verdict.valid) == (True, False)
    # What nothing altered was judged before it was sent.
    assert kept.record(NOW, charges, None, None, request, Response(200, LIST), []).answer_judged
    kept.body_bytes = 99
    assert kept.record(NOW, charges, None, None, request, wrong, []).response is wrong


@pytest.mark.parametrize(
    ("chosen", "matches"),
    [
        ({}, True),
        ({"operation": CHARGES, "status": 200, "persona": "ada", "method": "GET"}, True),
        *(({name: other}, False) for name, other in (
            ("operation", "listMyAccountOrders"), ("status", 404), ("persona", "ben"),
            ("method", "HEAD"), ("since", 1),
        )),
        ({"since": 0}, True),
    ],
)  # fmt: skip
def test_a_filter_wants_all_that_it_names(
    charges: Route, chosen: dict[str, Any], matches: bool
) -> None:
    assert Filter(**chosen)(entry(charges, persona="ada")) is matches


def test_json_is_read_where_there_is_any() -> None:
    assert (decode_json(b"[1]"), decode_json(b"["), decode_json(b"")) == ([1], None, None)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("0123abcd-7-12", Position("0123abcd", 7, 12)),
        *((text, Position("", 0, 0)) for text in (
            "", "7", "0123abcd-7", "0123ABCD-7-1", "0123abcd--7-1", "0123abcd-\u0661-1",
            "0123abcd-7-1 ", f"0123abcd-{'9' * 19}-1",
        )),
    ],
)  # fmt: skip
def test_a_position_is_read_as_it_was_written(text: str, position: Position) -> None:
    assert Position.read(text) == position
    assert (str(position) == text) is bool(position.journal)


def test_changes_are_told_together_until_a_request_comes_between() -> None:
    journal = Journal()
    follows, waits = Subscription(Filter(status=200), follows=True), Subscription(Filter())
    journal._subscriptions |= {follows, waits}
    journal.tell({"clock"})
    journal.tell({"faults"})
    journal.record(NOW, None, None, None, Request("GET", "/"), Response(200), [])
    journal.record(NOW, None, None, None, Request("GET", "/"), Response(404), [])
    journal.tell({"customers"})
    journal.end_streams()
    journal.tell({"clock"})
    journal.record(NOW, None, None, None, Request("GET", "/"), Response(200), [])

    async def told(subscription: Subscription) -> list[Any]:
        news = []
        while (each := await subscription.next()) is not None:
            of = each.entry.number if isinstance(each, Event) else sorted(each.parts)
            news.append((of, each.position.number, each.position.changes))
        return news

    assert asyncio.run(told(follows)) == [
        (["clock", "faults"], 0, 2),
        (1, 1, 2),
        (["customers"], 2, 3),
    ]
    assert asyncio.run(told(waits)) == [(1, 1, 2), (2, 2, 2)]


def read(journal: Journal, count: int, after: str | None = None, **chosen: Any) -> list[str]:
    """Id and kind of the next events of a stream."""

    async def come() -> list[str]:
        position = Position.read(after) if after is not None else None
        stream: Any = journal.stream(Filter(**chosen), position)
        texts = [(await anext(stream)).decode() for _ in range(count)]
        await stream.aclose()
        return [" ".join(line.split(": ")[1] for line in each.split("\n")[:2]) for each in texts]

    return asyncio.run(asyncio.wait_for(come(), 5))


def test_a_stream_goes_on_after_what_its_reader_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "HEARTBEAT_S", 0)
    journal = Journal()
    for status in (200, 404, 200):
        journal.record(NOW, None, None, None, Request("GET", "/"), Response(status), [])
    id = journal.position.journal

    assert read(journal, 2, f"{id}-1-0") == [f"{id}-2-0 request", f"{id}-3-0 request"]
    assert read(journal, 2, status=200) == [f"{id}-1-0 request", f"{id}-3-0 request"]
    assert read(journal, 1, since=2) == [f"{id}-3-0 request"]
    journal.tell({"clock"})
    assert read(journal, 2, f"{id}-2-0") == [f"{id}-2-1 change", f"{id}-3-0 request"]
    assert read(journal, 2, "") == [f"{id}-0-1 change", f"{id}-1-0 request"]
    assert read(journal, 1, f"{id}-9-1") == [f"{id}-1-0 request"]
    journal.clear()
    journal.record(NOW, None, None, None, Request("GET", "/"), Response(200), [])
    assert read(journal, 2, f"{id}-3-1") == [f"{id}-0-2 change", f"{id}-4-2 request"]
    assert read(journal, 1, f"{id}-3-2") == [f"{id}-4-2 request"]
    assert not journal._subscriptions
    assert not journal._events


def test_what_is_forgotten_is_kept_for_no_stream_either() -> None:
    journal = Journal()
    for _ in range(2):
        journal.record(NOW, None, None, None, Request("GET", "/"), Response(200), [])

    async def begin() -> list[int]:
        stream: Any = journal.stream(Filter())
        await anext(stream)
        await anext(stream)
        journal.forget()
        return [*journal._events]

    assert asyncio.run(begin()) == [2]


def test_a_stream_is_kept_open_by_a_comment_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "HEARTBEAT_S", 0)

    async def first() -> bytes:
        return await anext(Journal().stream(Filter()))

    assert asyncio.run(first()) == b": still here\n\n"


def test_whoever_waits_gets_what_came_when_it_is_enough_or_time_is_up() -> None:
    journal = Journal()

    def come(status: int) -> None:
        journal.record(NOW, None, None, None, Request("GET", "/"), Response(status), [])

    async def wait(count: int, timeout_s: float) -> list[int]:
        waiting = asyncio.ensure_future(journal.wait_for(Filter(status=200), count, timeout_s))
        await asyncio.sleep(0)
        journal.tell({"clock"})
        for status in (404, 200):
            come(status)
        return [each.number for each in await waiting]

    come(200)
    assert asyncio.run(wait(1, 5)) == [1]
    assert asyncio.run(wait(3, 5)) == [1, 3, 5]
    assert asyncio.run(wait(9, 0)) == [1, 3, 5]
    assert not journal._subscriptions


def test_a_full_budget_is_kept_by_the_oldest_of_all_journals_and_one_entry_stays() -> None:
    budget = MemoryBudget(2 * ENTRY_BYTES + 10)
    one, other = Journal(budget), Journal(budget)

    def numbers(journal: Journal) -> list[int]:
        return [each.number for each in journal.entries(Filter())]

    for journal, size in ((one, 0), (other, 3), (one, 0), (other, 0)):
        journal.record(NOW, None, None, None, Request("", ""), Response(200, b"x" * size), [])
    assert (numbers(one), numbers(other)) == ([2], [2])
    assert (one.forgotten, other.forgotten, one.complete) == (1, 1, False)
    one.clear(reset=True)
    assert (one.forgotten, one.complete, one.number) == (0, True, 2)
    other.record(NOW, None, None, None, Request("", ""), Response(200, b"x" * 10), [])
    assert numbers(other) == [2, 3]
    one.record(NOW, None, None, None, Request("", "x" * 9999), Response(200), [])
    assert (numbers(one), numbers(other)) == ([3], [])
    one.close()
    other.record(NOW, None, None, None, Request("", ""), Response(200, b"x"), [])
    other.record(NOW, None, None, None, Request("", ""), Response(200, b"x"), [])
    assert (numbers(one), numbers(other)) == ([], [4, 5])
    other.record(NOW, None, None, None, Request("", "x" * 5), Response(200, b"x" * 5), [])
    assert numbers(other) == [6]


def test_coverage_is_what_of_all_that_there_is_was_met(charges: Route) -> None:
    one, other = Coverage(), Coverage()
    one.record(charges, "ben", Response(200, states=frozenset(["an empty list"])))
    one.record(charges, None, Response(401))
    other.record(charges, "ada", Response(200))
    one.add(other)
    told = one.as_json([charges])
    (operation,) = told["operations"]
    known = len(operation["statuses"]) + len(operation["states"])

    assert operation["statuses"] == {"200": 2, "401": 1}
    assert [name for name, seen in operation["states"].items() if seen] == ["an empty list"]
    assert operation["personas"] == ["ada", "ben"]
    assert (told["met"], told["known"]) == (3, known)
    assert told["percent"] == round(300 / known, 1)
    assert Coverage().as_json([]) == {"percent": 100.0, "met": 0, "known": 0, "operations": []}


def test_a_change_says_what_is_another_and_no_more() -> None:
    text = Change(Position("0123abcd", 1, 2), {"faults", "clock"}).text(bodies=True)

    assert text == b'id: 0123abcd-1-2\nevent: change\ndata: {"changed":["clock","faults"]}\n\n'
