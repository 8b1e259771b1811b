"""`meta`: which page is shown, how large it is, and how many there are."""

from itertools import pairwise
from math import ceil

from contract_tests.actor import ORDERS, Customer
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.filters import percent_encoded
from contract_tests.laws.pagination.pages import (
    BEYOND,
    HUGE,
    NAMES,
    beyond,
    expect,
    expect_same_ids,
    ids_of,
    meta_of,
    numbered,
    pages_read,
    pages_with_meta,
    paging_in,
    readable,
    request_edges,
    sample_pages,
    successful_page,
    total_of,
    usual_size,
)
from contract_tests.session import Session

PAST = (10, 20, 50, 99, 100, 101, 500, 1000, 9999)
"""Numbers that people ask for, and that are pages of few."""


@law("PAGE-01")
def without_a_number_the_first_page_is_shown(customers: list[Customer]) -> None:
    for number, customer in enumerate(readable(customers, 1)):
        for size in (None, 2):
            sized = {} if size is None else {"per_page": size}
            customer.orders({"page": 3, "per_page": 2}, fresh=True)
            plain = customer.orders(sized)
            # The size that an answer names is the size that it has when asked for.
            aloud = {"per_page": plain.json["meta"]["per_page"]}
            first = customer.orders({"page": 1} | aloud)
            expect_same_ids(
                "the orders of page 1:", ids_of([first]), ids_of([plain]), [first, plain]
            )
            for page in (plain, first):
                expect("current_page", 1, page.json["meta"]["current_page"], page)
            # What stands first is known from a page that is large enough to show it too.
            whole = customer.orders({"page": 1, "per_page": HUGE})
            expected = ids_of([whole])[: len(plain.records)]
            expect_same_ids("the first orders:", expected, ids_of([plain]), [whole, plain])
        _check_encoded(customer, number)


def _check_encoded(customer: Customer, number: int) -> None:
    """Check that percent-encoded names and values are understood, as URLs allow."""
    second, path = customer.orders({"page": 2, "per_page": 1}), customer.operation(ORDERS).path
    name, size_name = (percent_encoded(each, number) for each in NAMES)
    for query in (f"{name}=2&{size_name}=1", "page=%32&per_page=%31"):
        coded = customer.at(f"{path}?{query}")
        if not coded.from_the_edge:
            expect_same_ids(
                "the orders of page 2:", ids_of([second]), ids_of([coded]), [second, coded]
            )


@law("PAGE-02")
def a_page_size_over_the_cap_is_silently_capped(
    session: Session, customers: list[Customer]
) -> None:
    caps: dict[int, Exchange] = {}
    able = readable(customers)
    # A refusal of the largest is this law's to tell; other pages may be refused for it, too.
    for customer in able:
        successful_page(customer, "a capped page", per_page=HUGE)
    sample_pages(able, session.seed)
    for customer in able:
        largest = customer.operation(ORDERS).largest.get("per_page", HUGE)
        sizes = {}
        for size in (HUGE, largest):
            page = successful_page(customer, "a capped page", per_page=size)
            sizes[size] = page.json["meta"]["per_page"]
            _check_filled(page)
        cap = sizes[HUGE]
        caps[cap] = page
        if HUGE != cap != sizes[largest]:
            expect("meta.per_page", cap, sizes[largest], page)
        few = {min(7, cap)} if total_of(customer) == 0 else set()
        for size in few or {1, 2, min(7, cap), cap - 1, cap, cap + 1} - {0}:
            page = successful_page(customer, "a page", per_page=size)
            _check_filled(page)
        for page in pages_read(customer):
            expected = min(paging_in(page).get("per_page", usual_size(customer)), cap)
            expect("meta.per_page", expected, page.json["meta"]["per_page"], page)
    for number, customer in enumerate(able):
        _check_huge_sizes(customer, number, max(caps))
    least, most = min(caps), max(caps)
    expect("one cap for every customer:", most, least, caps[least], [caps[most]])


def _check_huge_sizes(customer: Customer, number: int, cap: int) -> None:
    """Check that the largest size is capped on any page, and a larger one too, or refused."""
    largest = customer.operation(ORDERS).largest.get("per_page", HUGE)
    for page in (2, customer.operation(ORDERS).largest.get("page", HUGE)):
        successful_page(customer, "a capped page", page=page, per_page=largest)
    for size in BEYOND[number % 2 :: 2]:
        answer = beyond(customer, "per_page", size)
        if answer.fits:
            _check_filled(answer)
        if answer.ok and cap != HUGE and isinstance(meta := meta_of(answer), dict):
            expect("meta.per_page", cap, meta.get("per_page"), answer)


def _check_filled(page: Exchange) -> None:
    """Check that a first page holds as many orders as its size and the total allow."""
    meta = page.json["meta"]
    expected = min(meta["per_page"], meta["total"])
    expect("as many orders as per_page tells:", expected, len(page.records), page)


@law("PAGE-04")
def meta_adds_up(session: Session, operation: Operation, customers: list[Customer]) -> None:
    sample_pages(readable(customers), session.seed)
    for customer in readable(customers, 1):
        request_edges(customer)
        _request_past_the_end(customer)
        _check_one_total(customer)
    for exchange, _ in pages_with_meta(session, operation):
        check_meta(exchange)


def check_meta(exchange: Exchange) -> None:
    """Check that `meta` agrees with itself, with the request and with the orders on the page."""
    meta = exchange.json["meta"]
    count, size = len(exchange.records), meta["per_page"]
    last = max(1, ceil(meta["total"] / size))
    start = (meta["current_page"] - 1) * size
    expect("current_page", paging_in(exchange).get("page", 1), meta["current_page"], exchange)
    expect("last_page", last, meta["last_page"], exchange)
    expect("so many orders:", max(0, min(size, meta["total"] - start)), count, exchange)
    first, to = (start + 1, start + count) if count else (None, None)
    expect("from", first, meta.get("from"), exchange)
    expect("to", to, meta.get("to"), exchange)


def _request_past_the_end(customer: Customer) -> None:
    """Request a page past the last; refusing it breaks another rule."""
    page = customer.orders().json["meta"]["last_page"] + 1
    customer.cached_call(customer.operation(ORDERS), (("page", str(page)),))


def _check_one_total(customer: Customer) -> None:
    """Check that all pages have one total, unless an order arrives meanwhile."""
    pages = pages_read(customer)
    for before, page in pairwise(pages):
        totals = [each.json["meta"]["total"] for each in (before, page)]
        if totals[0] == totals[1]:
            continue
        again = [customer.orders(paging_in(each), fresh=True) for each in (before, page)]
        now = [each.json["meta"]["total"] for each in again]
        expect("total", now[0], now[1], again[1], [again[0]])


@law("PAGE-06")
def past_the_end_is_an_empty_page(customers: list[Customer]) -> None:
    for number, customer in enumerate(readable(customers, 1)):
        last = customer.orders().json["meta"]["last_page"]
        largest = customer.operation(ORDERS).largest.get("page", HUGE)
        usual = [page for page in PAST[number % 2 :: 2] if page > last + 2]
        for page in (last + 1, last + 2, *usual, HUGE, largest):
            _check_empty(customer, page=page)
        for size in (1, 2, HUGE):
            last = customer.orders(numbered(1, size)).json["meta"]["last_page"]
            _check_empty(customer, page=last + 1, per_page=size)
        size = customer.operation(ORDERS).largest.get("per_page", HUGE)
        _check_empty(customer, page=largest, per_page=size)
        for page in BEYOND[number % 2 :: 2]:
            answer = beyond(customer, "page", page)
            expect("no orders:", 0, len(answer.records), answer)


def _check_empty(customer: Customer, **query: int) -> None:
    answer = successful_page(customer, "no orders", **query)
    meta = answer.json["meta"]
    if meta["current_page"] <= meta["last_page"] and meta["current_page"] == query["page"]:
        return  # an order arrived meanwhile, and with it this page
    expect("no orders:", 0, len(answer.records), answer)
    expect("from and to", (None, None), (meta.get("from"), meta.get("to")), answer)


@law("PAGE-07")
def with_no_orders_there_is_one_page(customers: list[Customer]) -> None:
    # What breaks this rule may break the schema too.
    firsts = {each.name: each.cached_call(each.operation(ORDERS)) for each in customers}
    without_orders = [each for each in customers if firsts[each.name].data == []]
    if not without_orders:
        raise NotCovered("every customer has orders")
    for customer in without_orders:
        for query in ((), (("page", "1"),), (("per_page", "1"),), (("page", "2"),)):
            answer = customer.cached_call(customer.operation(ORDERS), query)
            meta = meta_of(answer)
            if not answer.ok or not isinstance(meta, dict):
                expected = "200 and no orders, with meta"
                raise Violation(expected=expected, actual=answer.brief(), exchange=answer)
            expect("total", 0, meta.get("total"), answer)
            expect("last_page", 1, meta.get("last_page"), answer)
            expect("no orders:", 0, len(answer.records), answer)
