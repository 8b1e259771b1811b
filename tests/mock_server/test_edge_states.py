"""What clients should have seen, as the document has it, and what an answer shows of it."""

from typing import Any

import pytest
from msgspec import Struct

from mock_server.http.document import Document
from mock_server.http.edge_states import EMPTY, NEXT, State, shown_by, states_of

OF_CHARGES = (
    State(EMPTY),
    State("status paid", "status", "paid"),
    State("status failed", "status", "failed"),
)
OF_ORDERS = (State(EMPTY), State(NEXT))


class Charge(Struct):
    """A record as a handler returns it."""

    status: str


@pytest.mark.parametrize(
    ("envelope", "shown"),
    [
        ({"data": []}, {EMPTY}),
        ({"data": [{"status": "paid"}, {"status": "odd"}, {}]}, {"status paid"}),
        ({"data": [Charge("failed"), Charge("paid")]}, {"status failed", "status paid"}),
        ({"data": [{"status": None}]}, set()),
        ({}, {EMPTY}),
    ],
)
def test_an_answer_shows_that_it_is_empty_or_the_values_of_its_records(
    envelope: dict[str, Any], shown: set[str]
) -> None:
    assert shown_by(envelope, OF_CHARGES) == shown


@pytest.mark.parametrize(
    ("links", "shown"),
    [({"next": "http://a/?page=2"}, {NEXT}), ({"next": None}, set()), ({}, set()), (None, set())],
)
def test_a_next_page_is_one_that_a_link_leads_to(links: Any, shown: set[str]) -> None:
    assert shown_by({"data": [1], "links": links}, OF_ORDERS) == shown


def test_the_states_of_a_list_are_read_off_its_schema() -> None:
    operations = {
        operation["operationId"]: operation
        for _, _, operation in Document.of("openapi.yaml").operations()
    }

    def texts(id: str) -> list[str]:
        return [each.text for each in states_of(Document.of("openapi.yaml"), operations[id])]

    assert texts("listMyAccountOrders")[:2] == [EMPTY, NEXT]
    charges = texts("listMyAccountCharges")
    assert (charges[0], NEXT in charges) == (EMPTY, False)
    assert {"status failed", "status refunded"} <= set(charges)
    assert "status None" not in charges
    assert texts("getMyAccountDetails") == []
