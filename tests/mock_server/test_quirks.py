"""The platform's habits: each shows, and those that leave the contract say so."""

import json
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from mock_server.app import Settings
from mock_server.http.exchange import Response
from mock_server.middleware.quirks import LARGE_PAGE_DELAY_S, QUIRKS
from tests.conftest import Caller

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
PATHS = [
    "/customers/my-account/charges",
    "/customers/my-account/memberships",
    "/customers/my-account/payment-methods",
    "/shop/my-account/orders?per_page=60",
]


@cache
def answers(*quirks: str) -> dict[str, Response]:
    call = Caller(Settings(now=NOW, quirks=quirks))
    return {path: call("GET", path, "customer-ada") for path in PATHS}


def data(response: Response) -> Any:
    return json.loads(response.body)["data"]


@pytest.mark.parametrize("name", QUIRKS)
def test_each_quirk_changes_an_answer_and_marks_it_when_it_leaves_the_contract(name: str) -> None:
    plain, quirky = answers(), answers(name)
    changed = [path for path in PATHS if plain[path] != quirky[path]]

    assert changed or name == "slow-large-page"
    for path in PATHS:
        mark = quirky[path].header("X-Mock-Off-Contract")
        assert mark == (None if path not in changed or QUIRKS[name].keeps_contract else name)


def test_a_large_page_takes_its_time() -> None:
    *others, large = answers("slow-large-page").values()

    assert {each.delay_s for each in others} == {0}
    assert large.delay_s == LARGE_PAGE_DELAY_S


def test_numbers_come_as_strings() -> None:
    charges = data(answers("numbers-as-strings")[PATHS[0]])

    assert all(isinstance(charge["amount"], str) for charge in charges)


def test_two_quirks_can_be_had_at_once() -> None:
    charges = data(answers("lower-case-currency", "unknown-field")[PATHS[0]])

    assert charges[0]["currency"] == charges[0]["currency"].lower()
    assert "a_field_from_tomorrow" in charges[0]


def test_nulls_come_where_clients_rely_on_a_value_and_nowhere_else() -> None:
    for path, quirky in answers("unexpected-nulls").items():
        for record, plain in zip(data(quirky), data(answers()[path]), strict=True):
            nulls = {
                name
                for name in plain
                if name in ("attention_reason", "basket_id") or name.startswith("card_")
            }
            assert record == plain | dict.fromkeys(nulls)
    assert "card_brand" in data(answers()[PATHS[2]])[0]


def test_instants_are_written_in_both_ways_and_mean_the_same() -> None:
    suffixes = set()
    for path, quirky in answers("mixed-instants").items():
        texts = [json.dumps(data(each)) for each in (quirky, answers()[path])]
        suffixes |= set(re.findall(r"\d\d:\d\d:\d\d([^\"]*)", texts[0]))
        assert texts[1] == re.sub(r"(\d\d:\d\d:\d\d)[^\"]+", r"\1Z", texts[0])

    assert suffixes == {"+00:00", ".000000Z"}


def test_of_the_links_only_the_page_size_is_forgotten() -> None:
    orders = PATHS[3]
    links, plain = (
        json.loads(each[orders].body)["links"]
        for each in (answers("links-without-per-page"), answers())
    )

    assert "per_page=60" in plain["next"]
    assert links == {name: url.replace("&per_page=60", "") for name, url in plain.items()}


def test_only_the_first_record_has_a_status_that_nobody_knows() -> None:
    quirky, plain = data(answers("unknown-enum-member")[PATHS[0]]), data(answers()[PATHS[0]])

    assert quirky == [plain[0] | {"status": "something_new"}, *plain[1:]]


def test_the_edge_answers_in_html_whatever_was_asked() -> None:
    for answer in answers("edge-error").values():
        assert (answer.status, answer.header("Content-Type")) == (502, "text/html")
        assert b"502 Bad Gateway" in answer.body
