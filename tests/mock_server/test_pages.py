"""Pages of orders: laws of nature for any size, and the decisions."""

from math import ceil
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.http.pages import page_of
from tests.conftest import Caller

ORDERS = "/shop/my-account/orders"
ADA = "customer-ada"


@given(total=st.integers(0, 400), per_page=st.integers(1, 130))
def test_the_pages_joined_are_the_sequence_once(total: int, per_page: int) -> None:
    sequence = range(total)
    pages = page_of(sequence, 1, per_page).last

    joined = [
        item for number in range(1, pages + 1) for item in page_of(sequence, number, per_page).items
    ]

    assert joined == list(sequence)


@given(total=st.integers(0, 400), number=st.integers(1, 60), per_page=st.integers(1, 130))
def test_meta_and_links_agree_with_the_items(total: int, number: int, per_page: int) -> None:
    page = page_of(range(total), number, per_page)
    meta, links = page.meta("http://x/o"), page.links("http://x/o")

    assert meta.last_page == max(1, ceil(total / meta.per_page))
    assert (meta.from_ is None) == (not page.items)
    assert (meta.to or 0) - (meta.from_ or 1) + 1 == len(page.items)
    assert bool(links.next) == (number < meta.last_page)
    assert bool(links.prev) == (number > 1)


def test_without_parameters_the_first_fifteen_are_shown(call: Caller) -> None:
    assert call.json("GET", ORDERS, ADA) == call.json("GET", f"{ORDERS}?page=1", ADA)
    meta = call.json("GET", ORDERS, ADA)["meta"]
    assert (meta["current_page"], meta["per_page"], meta["total"]) == (1, 15, 137)


def test_a_page_size_over_the_cap_is_silently_100(call: Caller) -> None:
    answer = call.json("GET", f"{ORDERS}?per_page=5000", ADA)

    assert answer["meta"]["per_page"] == 100
    assert len(answer["data"]) == 100


def test_past_the_end_there_is_an_empty_page(call: Caller) -> None:
    answer = call.json("GET", f"{ORDERS}?page=99", ADA)

    assert answer["data"] == []
    assert answer["meta"]["from"] is None
    assert answer["meta"]["to"] is None
    assert answer["meta"]["last_page"] == 10


def test_links_are_absolute_and_keep_the_page_size_only_when_it_was_given(call: Caller) -> None:
    plain = call.json("GET", f"{ORDERS}?page=2", ADA)["links"]
    sized = call.json("GET", f"{ORDERS}?page=2&per_page=5", ADA)["links"]

    assert plain["next"] == f"http://127.0.0.1:4010{ORDERS}?page=3"
    assert parse_qs(urlsplit(sized["prev"]).query) == {"page": ["1"], "per_page": ["5"]}


@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize(
    "value", ["0", "-1", "abc", "1.5", "", "%201", "1e3", "99999999999999999999"]
)
def test_what_is_not_a_positive_integer_is_400_naming_the_parameter(
    call: Caller, name: str, value: str
) -> None:
    assert call("GET", f"{ORDERS}?{name}={value}", ADA).status == 400
    assert f"'{name}'" in call.json("GET", f"{ORDERS}?{name}={value}", ADA)["message"]


def test_a_repeated_parameter_is_400(call: Caller) -> None:
    assert call("GET", f"{ORDERS}?page=1&page=2", ADA).status == 400


def test_unknown_parameters_are_ignored(call: Caller) -> None:
    assert call.json("GET", f"{ORDERS}?sort=oldest", ADA) == call.json("GET", ORDERS, ADA)


def test_orders_are_newest_first_over_all_pages(call: Caller) -> None:
    walk = [
        (order["submitted_at"], order["id"])
        for page in range(1, 11)
        for order in call.json("GET", f"{ORDERS}?page={page}", ADA)["data"]
    ]

    assert len(walk) == len(set(walk)) == 137
    assert [at for at, _ in walk] == sorted((at for at, _ in walk), reverse=True)


@pytest.mark.parametrize("page", [11, 12, 5000])
def test_from_past_the_end_the_way_back_leads_to_the_last_page(call: Caller, page: int) -> None:
    links = call.json("GET", f"{ORDERS}?page={page}", ADA)["links"]

    assert parse_qs(urlsplit(links["prev"]).query)["page"] == ["10"]
    assert "next" not in links
