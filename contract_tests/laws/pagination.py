"""Pages of orders: their meta, their links, and what they are when joined."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from math import ceil
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contract_tests.actor import Customer
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, in_order, law
from contract_tests.laws.filters import malformed
from contract_tests.session import Session

WALKED = 300
"""Customers with more orders are looked at here and there, not from end to end."""
HUGE = 1_000_000
NOT_NUMBERS = ("0", "-1", "abc", "1.5", "")


def _total(customer: Customer) -> int:
    total: int = customer.orders().json["meta"]["total"]
    return total


def _with_orders(customers: list[Customer], least: int) -> list[Customer]:
    found = sorted((each for each in customers if _total(each) >= least), key=_total)
    if not found:
        raise NotCovered(f"no customer has {least} orders")
    return found


def _walkers(customers: list[Customer]) -> list[Customer]:
    """The two customers with the most orders, of those that can be walked."""
    found = [each for each in _with_orders(customers, 2) if _total(each) <= WALKED]
    if not found:
        raise NotCovered(f"no customer has 2 to {WALKED} orders")
    return found[-2:]


def _sizes(total: int) -> list[int]:
    """Two page sizes: one that divides the total, and one that leaves a rest."""
    even = next((size for size in range(ceil(total / 6), total + 1) if total % size == 0), total)
    odd = next((size for size in range(ceil(total / 4), total + 1) if total % size), 1)
    return [even, odd]


def _walk(customer: Customer, per_page: int) -> list[Exchange]:
    """All pages; begun again if an order arrives meanwhile."""
    for attempt in range(3):
        first = customer.orders(fresh=attempt > 0, page=1, per_page=per_page)
        last = min(first.json["meta"]["last_page"], WALKED)
        rest = [
            customer.orders(fresh=attempt > 0, page=page, per_page=per_page)
            for page in range(2, last + 1)
        ]
        if len({page.json["meta"]["total"] for page in (first, *rest)}) == 1:
            return [first, *rest]
    raise NotCovered("orders kept arriving")


def _ids(pages: list[Exchange]) -> list[str]:
    return [order["id"] for page in pages for order in page.records]


def _pages(session: Session, operation: Operation) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    for _, exchange in session.successes(operation):
        yield exchange, exchange.json["meta"]


def _expect(
    what: str, wanted: object, got: object, exchange: Exchange, after: Iterable[Exchange] = ()
) -> None:
    if wanted != got:
        expected, actual = f"{what} {wanted}", f"{got}"
        raise Violation(expected=expected, actual=actual, exchange=exchange, after=after)


def _same(what: str, wanted: list[str], got: list[str], pages: Sequence[Exchange]) -> None:
    """Two lists of ids must be one; what is told begins where they part."""
    part = next(
        (at for at, pair in enumerate(zip(wanted, got, strict=False)) if len(set(pair)) > 1),
        min(len(wanted), len(got)),
    )
    told = [f"{len(ids)}, from place {part + 1} {ids[part:][:3]}" for ids in (wanted, got)]
    if wanted != got:
        _expect(what, told[0], told[1], pages[-1], pages[:-1])


def asked(exchange: Exchange) -> dict[str, int]:
    """The numbers in the query of a page's URL."""
    query = parse_qs(urlsplit(exchange.url).query)
    return {name: int(values[0]) for name, values in query.items() if values[0].isdigit()}


@law("PAGE-01")
def without_a_number_the_first_page_is_shown(customers: list[Customer]) -> None:
    customer = _with_orders(customers, 1)[-1]
    plain, first = customer.orders(), customer.orders(page=1)

    _same("the orders of page 1:", _ids([first]), _ids([plain]), [first, plain])
    _expect("current_page", 1, plain.json["meta"]["current_page"], plain)


@law("PAGE-02")
def a_page_size_over_the_cap_is_silently_capped(customers: list[Customer]) -> None:
    customer = _with_orders(customers, 1)[-1]
    operation = customer.operation("listMyAccountOrders")
    for asked_for in (HUGE, operation.largest["per_page"]):
        huge = customer.once(operation, (("per_page", str(asked_for)),))
        if not huge.fits:
            raise Violation(expected="200 and a capped page", actual=huge.told(), exchange=huge)
        applied, total = huge.json["meta"]["per_page"], huge.json["meta"]["total"]
        _expect("as many orders as per_page tells:", min(applied, total), len(huge.records), huge)
    for size in {1, min(7, applied)}:
        page = customer.orders(per_page=size)
        _expect("meta.per_page", size, page.json["meta"]["per_page"], page)


@law("PAGE-03")
def the_pages_joined_are_every_order_once(customers: list[Customer]) -> None:
    for customer in _walkers(customers):
        for size in _sizes(_total(customer)):
            pages = _walk(customer, size)
            ids, total = _ids(pages), pages[0].json["meta"]["total"]
            _expect("so many orders:", total, len(ids), pages[-1], pages)
            _expect("so many different ones:", total, len(set(ids)), pages[-1], pages)
            known = customer.facts.get("order_count", total)
            _expect("total", known, total, pages[0])


@law("PAGE-04")
def meta_adds_up(session: Session, operation: Operation, customers: list[Customer]) -> None:
    _edges(customers)
    for exchange, meta in _pages(session, operation):
        count, size = len(exchange.records), meta["per_page"]
        last = max(1, ceil(meta["total"] / size))
        start = (meta["current_page"] - 1) * size
        _expect("current_page", asked(exchange).get("page", 1), meta["current_page"], exchange)
        _expect("last_page", last, meta["last_page"], exchange)
        _expect("so many orders:", max(0, min(size, meta["total"] - start)), count, exchange)
        if count:
            _expect("from", start + 1, meta.get("from"), exchange)
            _expect("to", start + count, meta.get("to"), exchange)


def _edges(customers: list[Customer]) -> None:
    """Pages where counting goes wrong: the last one, of sizes that divide the total and not."""
    for customer in _with_orders(customers, 1)[-2:]:
        total = _total(customer)
        for size in {1, *(_sizes(total) if total <= WALKED else ())}:
            customer.orders(page=ceil(total / size), per_page=size)


@law("PAGE-05")
def links_lead_where_they_say(
    session: Session, operation: Operation, customers: list[Customer]
) -> None:
    seen = 0
    for exchange in (each for each in session.exchanges(operation) if each.ok):
        links, meta = exchange.json["links"], exchange.json["meta"]
        page, last = meta["current_page"], meta["last_page"]
        seen += last > 1
        if page > last:
            continue
        wanted = {"first": 1, "last": last, "next": page + 1, "prev": page - 1}
        for name, number in wanted.items():
            _leads(links.get(name), number if 1 <= number <= last else None, name, exchange)
    if not seen:
        raise NotCovered("no customer has two pages")
    _followed(_with_orders(customers, 2)[-1])


def _leads(url: str | None, number: int | None, name: str, exchange: Exchange) -> None:
    if number is None or url is None:
        _expect(
            f"link {name}", f"to page {number}" if number else "nowhere", url or "nowhere", exchange
        )
        return
    parts = urlsplit(url)
    if not (parts.scheme in ("http", "https") and parts.netloc):
        raise Violation(expected=f"an absolute {name}", actual=url, exchange=exchange)
    _expect(f"{name} to page", [str(number)], parse_qs(parts.query).get("page", ["1"]), exchange)
    if not parts.path.endswith(urlsplit(exchange.url).path.rpartition("/shop/")[2]):
        raise Violation(expected=f"{name} to the orders", actual=url, exchange=exchange)


def _followed(customer: Customer) -> None:
    page = customer.orders()
    if not page.json["links"].get("next"):
        return
    query = parse_qs(urlsplit(page.json["links"]["next"]).query)
    follow: dict[str, Any] = {k: int(v[0]) for k, v in query.items() if v[0].isdigit()}
    second, followed = customer.orders(page=2), customer.orders(**follow)
    _same("next to show", _ids([second]), _ids([followed]), [page, second, followed])


@law("PAGE-06")
def past_the_end_is_an_empty_page(customers: list[Customer]) -> None:
    asked_of = _with_orders(customers, 1)[-2:]
    customer, operation = asked_of[-1], asked_of[-1].operation("listMyAccountOrders")
    for each in asked_of:
        past = each.orders(fresh=True).json["meta"]["last_page"] + 1
        _empty(each.once(operation, (("page", str(past)),)))
    for page in (HUGE, operation.largest["page"]):
        _empty(customer.once(operation, (("page", str(page)),)))


def _empty(answer: Exchange) -> None:
    if not answer.fits:
        raise Violation(expected="200 and no orders", actual=answer.told(), exchange=answer)
    meta = answer.json["meta"]
    _expect("no orders:", 0, len(answer.records), answer)
    _expect("from and to", (None, None), (meta.get("from"), meta.get("to")), answer)


@law("PAGE-07")
def with_no_orders_there_is_one_page(customers: list[Customer]) -> None:
    found = [each for each in customers if _total(each) == 0]
    if not found:
        raise NotCovered("every customer has orders")
    answer = found[0].orders()

    _expect("last_page", 1, answer.json["meta"]["last_page"], answer)
    _expect("no orders:", 0, len(answer.records), answer)


def _key(order: dict[str, Any]) -> tuple[float, str]:
    return -datetime.fromisoformat(order["submitted_at"]).timestamp(), order["id"]


@law("PAGE-08")
def orders_are_newest_first(
    session: Session, operation: Operation, customers: list[Customer]
) -> None:
    runs = [[exchange] for _, exchange in session.successes(operation)]
    for customer in _walkers(customers):
        pages = _walk(customer, _sizes(_total(customer))[0])
        runs += [list(pair) for pair in pairwise(pages)]
    for pages in runs:
        keys = [_key(order) for page in pages for order in page.records]
        in_order("newest first, then by id", keys, pages[-1], pages)


@law("PAGE-09")
def pages_of_any_size_show_the_same_order(customers: list[Customer]) -> None:
    for customer in _walkers(customers):
        total = _total(customer)
        walks = [_walk(customer, size) for size in _sizes(total)]
        for walk in walks[1:]:
            _same("the same orders:", _ids(walks[0]), _ids(walk), [*walks[0], *walk])
        for page in (customer.orders(page=2, per_page=1), customer.orders(page=2)):
            start = page.json["meta"]["per_page"]
            wanted = _ids(walks[0])[start : 2 * start]
            _same("of the same orders:", wanted, _ids([page]), [*walks[0], page])


@law("PAGE-10")
def what_is_no_positive_integer_is_refused(customer: Customer) -> None:
    for name in ("page", "per_page"):
        for word in NOT_NUMBERS:
            malformed(customer, customer.operation("listMyAccountOrders"), name, ((name, word),))


@law("PAGE-11")
def a_repeated_parameter_is_refused(customer: Customer) -> None:
    for name, again in (("page", "2"), ("per_page", "1")):
        query = ((name, "1"), (name, again))
        answer = customer.once(customer.operation("listMyAccountOrders"), query)
        _expect("status", 400, answer.status, answer)


@law("PAGE-12")
def a_link_never_names_another_page_size(session: Session, operation: Operation) -> None:
    seen = 0
    for exchange, meta in _pages(session, operation):
        wanted = {
            None,
            str(asked(exchange).get("per_page", meta["per_page"])),
            str(meta["per_page"]),
        }
        for url in filter(None, exchange.json["links"].values()):
            size = parse_qs(urlsplit(url).query).get("per_page", [None])[0]
            seen += 1
            if size not in wanted:
                sizes = " or ".join(f"per_page={each}" for each in sorted(filter(None, wanted)))
                expected = f"{sizes}, or none"
                raise Violation(expected=expected, actual=url, exchange=exchange)
    if not seen:
        raise NotCovered("no page has links")
