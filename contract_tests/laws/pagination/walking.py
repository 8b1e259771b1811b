"""Pages when they are joined: every order once, newest first, whatever their size."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from contract_tests.actor import Customer, Record
from contract_tests.document import Operation
from contract_tests.exchange import Exchange, instant
from contract_tests.law import Violation, check_order, law
from contract_tests.laws.comparison import agree, differing_field
from contract_tests.laws.pagination.pages import (
    all_pages,
    expect,
    expect_same_ids,
    ids_of,
    pages_read,
    readable,
    request_edges,
    sample_pages,
    sizes_of,
)
from contract_tests.session import Session


@law("PAGE-03")
def the_pages_joined_are_every_order_once(customers: list[Customer]) -> None:
    for customer in readable(customers, 2):
        page_of = {order["id"]: page for page in pages_read(customer) for order in page.records}
        for size in sizes_of(customer):
            pages = all_pages(customer, size)
            ids, total = ids_of(pages), pages[0].json["meta"]["total"]
            expect("so many orders:", total, len(ids), pages[-1], pages)
            expect("so many different ones:", total, len(set(ids)), pages[-1], pages)
            if missing := page_of.keys() - set(ids):
                known_by = page_of[min(missing)]
                expected = f"order {min(missing)}, which another page shows, among"
                expect(expected, "them", f"{len(ids)} others", pages[-1], [known_by, *pages])
    _check_known_totals(customers)


def _check_known_totals(customers: Iterable[Customer]) -> None:
    """Check the total against the `order_count` of the profile."""
    for customer in readable(customers):
        page = customer.orders()
        total = page.json["meta"]["total"]
        expect("total", customer.facts.get("order_count", total), total, page)


def newest_first(order: dict[str, Any]) -> tuple[float, str]:
    """The key by which orders are sorted."""
    return -instant(order["submitted_at"]).timestamp(), order["id"]


@law("PAGE-08")
def orders_are_newest_first(
    session: Session, operation: Operation, customers: list[Customer]
) -> None:
    runs = [[exchange] for _, exchange in session.successes(operation)]
    for customer in readable(customers, 2):
        for size in sizes_of(customer):
            runs += [list(pair) for pair in pairwise(all_pages(customer, size))]
    for pages in runs:
        keys = [newest_first(order) for page in pages for order in page.records]
        check_order("newest first, then by id", keys, pages[-1], pages)


@law("PAGE-09")
def pages_of_any_size_show_the_same_order(session: Session, customers: list[Customer]) -> None:
    sample_pages(readable(customers, 2), session.seed)
    for customer in readable(customers, 2):
        walks = [all_pages(customer, size) for size in sizes_of(customer)]
        longest = max(walks, key=lambda walk: len(ids_of(walk)), default=[])
        for walk in walks:
            expect_same_ids("the same orders:", ids_of(longest), ids_of(walk), [*longest, *walk])
        request_edges(customer)
        known = {order["id"]: (order, page) for page in longest for order in page.plain_records}
        for page in pages_read(customer) if longest else ():
            _check_in_place(page, longest)
            _check_same_orders(page, known, session.client.now())


def _check_same_orders(
    page: Exchange, known: Mapping[str, tuple[Record, Exchange]], now: datetime
) -> None:
    """Check that a page shows its orders as the pages of another size do."""
    for order in page.plain_records:
        first, shown_by = known.get(order["id"], (order, page))
        if order != first and not agree(first, order, shown_by, now):
            raise Violation(
                expected=f"{differing_field(first, order)}, as in a page of another size",
                actual=differing_field(order, first),
                exchange=page,
                after=[shown_by],
            )


def _check_in_place(page: Exchange, walk: Sequence[Exchange]) -> None:
    """Check that a page shows the part of the walk that its number and size name."""
    meta, total = page.json["meta"], walk[0].json["meta"]["total"]
    start = (meta["current_page"] - 1) * meta["per_page"]
    if meta["total"] == total:
        expected = ids_of(walk)[start : start + meta["per_page"]]
        expect_same_ids(f"from place {start + 1}:", expected, ids_of([page]), [*walk, page])
