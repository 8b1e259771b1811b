"""Answers known again: the same as if each were worked out anew, whatever happens between."""

import json
from datetime import UTC, datetime
from typing import Any

from mock_server.app import Mock, Settings
from mock_server.http.exchange import Response
from mock_server.http.lru import LruResponses
from mock_server.worlds.account import Account
from tests.conftest import Caller, ask

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
ACCOUNT, DEFAULT = "/customers/my-account", "/__mock__/sandboxes/default"
PREFERENCES, ORDERS = f"{ACCOUNT}/marketing-preferences", "/shop/my-account/orders"
PATHS = [
    ACCOUNT,
    f"{ACCOUNT}/charges",
    f"{ACCOUNT}/credits",
    f"{ACCOUNT}/credits?expired=true",
    PREFERENCES,
    f"{ACCOUNT}/memberships",
    f"{ACCOUNT}/payment-methods",
    ORDERS,
    f"{ORDERS}?page=2&per_page=3",
    f"{ORDERS}?page=x",
    f"{ACCOUNT}/nothing",
]


class Pair:
    """Two mocks that are told the same; one of them knows its answers again."""

    def __init__(self) -> None:
        self.both = [Caller(Settings(now=NOW, response_cache=known)) for known in (True, False)]

    def ask(self, method: str, path: str, who: str | None = None, **headers: str) -> list[Response]:
        return [call(method, path, who, **headers) for call in self.both]

    def control(self, method: str, path: str, body: Any = None) -> None:
        for call in self.both:
            call.control(method, path, body)

    def check(self) -> None:
        """Everything twice, as several people, on both, in every form."""
        for _ in range(2):
            for path in PATHS:
                for who in ("customer-ada", "customer-ben", "staff-sam", None):
                    known, fresh = self.ask("GET", path, who)
                    assert known == fresh, path
                for headers in ({"accept-encoding": "gzip"}, {"origin": "https://shop.example"}):
                    known, fresh = self.ask("GET", path, "customer-ada", **headers)
                    assert known == fresh, path
                known, fresh = self.ask("HEAD", path, "customer-ada")
                assert known == fresh, path


def opt_in(pair: Pair) -> None:
    first, _ = pair.ask("GET", PREFERENCES, "customer-ada")
    closed = next(each for each in json.loads(first.body)["data"] if not each["opted_in"])
    pair.ask("POST", f"{PREFERENCES}/{closed['id']}", "customer-ada")


def opt_out(pair: Pair) -> None:
    first, _ = pair.ask("GET", PREFERENCES, "customer-ada")
    open_ = next(each for each in json.loads(first.body)["data"] if each["opted_in"])
    pair.ask("DELETE", f"{PREFERENCES}/{open_['id']}", "customer-ada")


CHANGES = [
    ("PATCH", f"{DEFAULT}/clock", {"advance": "P1M"}),
    ("PATCH", f"{DEFAULT}/clock", {"now": "2026-03-01T08:00:00Z", "force": True}),
    ("PATCH", f"{DEFAULT}/clock", {"running": True}),
    ("POST", f"{DEFAULT}/faults", {"kind": "status", "status": 401, "count": 7}),
    ("POST", f"{DEFAULT}/faults", {"kind": "wrong_type", "skip": 3, "count": 5}),
    ("POST", f"{DEFAULT}/faults/clear", None),
    ("PATCH", f"{DEFAULT}/customers/ada", {"credits": {"more": {"count": 2}}}),
    ("POST", f"{DEFAULT}/scenario", {"scenario": "many-brands"}),
    ("POST", f"{DEFAULT}/reset", None),
]


def test_everything_asked_twice_is_the_same_with_every_kind_of_change_between() -> None:
    pair = Pair()
    pair.check()
    for change in (opt_in, opt_out):
        change(pair)
        pair.check()
    for method, path, body in CHANGES:
        pair.control(method, path, body)
        if body == {"running": True}:
            pair.control(
                "PATCH", f"{DEFAULT}/clock", {"running": False, "now": "2026-03-02T08:00:00Z"}
            )
        pair.check()


def test_what_changed_is_seen_at_once() -> None:
    call = Caller(Settings(now=NOW))
    before = call("GET", PREFERENCES, "customer-ada").body
    closed = next(each for each in json.loads(before)["data"] if not each["opted_in"])
    call("POST", f"{PREFERENCES}/{closed['id']}", "customer-ada")

    assert call("GET", PREFERENCES, "customer-ada").body != before


def test_the_links_of_a_page_are_those_of_the_address_that_was_asked() -> None:
    call = Caller(Settings(now=NOW))
    links = [
        json.loads(call("GET", ORDERS, "customer-ada", host=host).body)["links"]["first"]
        for host in ("127.0.0.1:4010", "localhost:4010", "127.0.0.1:4010")
    ]

    assert links[0] == links[2] != links[1]


def test_answers_known_again_are_in_the_journal_and_count_as_seen() -> None:
    call = Caller(Settings(now=NOW))
    for _ in range(3):
        call("GET", ORDERS, "customer-ada")
    journal = call.control("GET", f"{DEFAULT}/journal")
    coverage = call.control("GET", f"{DEFAULT}/coverage")["operations"]
    orders = next(each for each in coverage if each["operation"] == "listMyAccountOrders")

    assert journal["count"] == 3
    assert orders["statuses"]["200"] == 3
    assert orders["states"]["a next page"] is True


def test_no_more_is_kept_than_may_be_and_what_was_asked_for_last_stays() -> None:
    kept = LruResponses(1000)
    for number in range(100):
        kept.put(number, Response(200, b"x" * 100))
        kept.get(95)

    assert [key for key in range(100) if kept.get(key)] == [95, 96, 97, 98, 99]
    kept.get(95)
    kept.put(100, Response(200, b"x" * 100))
    assert [key for key in range(101) if kept.get(key)] == [95, 97, 98, 99, 100]


def test_an_answer_that_breaks_the_contract_leaves_neither_the_first_time_nor_later() -> None:
    def spoiled(_account: Account, **_flags: bool) -> list[dict[str, str]]:
        return [{"id": "no credit"}]

    app = Mock(Settings(now=NOW), handlers={"listMyAccountCredits": spoiled}).app
    who = {"authorization": "Bearer customer-ada"}

    answers = [ask(app, "GET", f"{ACCOUNT}/credits?n={n}", who).status for n in (1, 1, 2)]
    assert answers == [500, 500, 500]


def test_the_same_bytes_under_another_operation_are_judged_anew() -> None:
    credits: list[bytes] = []

    def others(_account: Account, **_flags: Any) -> Any:
        return json.loads(credits[0])["data"]

    app = Mock(Settings(now=NOW), handlers={"listMyAccountCharges": others}).app
    who = {"authorization": "Bearer customer-ada"}
    credits.append(ask(app, "GET", f"{ACCOUNT}/credits", who).body)

    assert ask(app, "GET", f"{ACCOUNT}/charges", who).status == 500


def test_a_token_whose_sign_in_was_ended_opens_nothing_that_it_opened_before() -> None:
    call = Caller(Settings(now=NOW))
    sandbox = call.mock.sandboxes.get("default")
    token = sandbox.mint("ada", datetime(2027, 1, 1, tzinfo=UTC), "the-sign-in")
    before = [call("GET", ACCOUNT, token).status for _ in range(2)]
    sandbox.grants.revoked.add("the-sign-in")

    assert before == [200, 200]
    assert call("GET", ACCOUNT, token).status == 401
