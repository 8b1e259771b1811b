"""Pages of orders as laws ask for them, and what they compare."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.actor import ORDERS, Customer
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Violation
from contract_tests.session import Session
from contract_tests.values import drawn_numbers

WALKED = 12
"""Pages, at most, of a walk from end to end; longer ones are looked at here and there."""
SPARED = 4
"""Customers, at most, who are asked for many sizes."""
HUGE = 1_000_000
SAMPLED = (*range(1, 14), 15, 17, 20, 25, 30, 40, 50, 99, 100)
"""Page sizes that people ask for; each of them may be the one that is wrong."""
LARGEST_SAMPLED = 50
"""Up to here every page size is asked for of which there are two pages."""
SMALL = 13
"""Up to here a page between the first and the last is asked for too."""
BEYOND = (2**31, 2**32 + 1, 2**53 + 1, 2**63, 2**64 + 1, 10**24)
"""Numbers that are too large for one machine or another; the last two of some wrap to 1."""
NAMES = ("page", "per_page")


def readable(customers: Iterable[Customer], least: int = 0) -> list[Customer]:
    """
    The customers with so many orders, the fewest first; another law tells whose cannot be read.

    Raises:
        NotCovered: nobody has.
    """
    able = []
    for customer in customers:
        first = customer.cached_call(customer.operation(ORDERS))
        if first.fits and first.json["meta"]["total"] >= least:
            able.append(customer)
    if not able:
        raise NotCovered(f"no customer has {least} orders")
    return sorted(able, key=total_of)


def total_of(customer: Customer) -> int:
    """How many orders a customer has, as `meta` tells."""
    total: int = customer.orders().json["meta"]["total"]
    return total


def sizes_of(customer: Customer) -> list[int | None]:
    """
    Page sizes to walk by: the usual one, the largest, one that divides the total and one that
    leaves a rest, and two; as far as the pages are not too many.
    """
    total = total_of(customer)
    even = next((size for size in range(ceil(total / 6), total + 1) if total % size == 0), total)
    odd = next((size for size in range(ceil(total / 4), total + 1) if total % size), 1)
    sizes = [None, HUGE, total + 1, even, odd, 2]
    pages = {size: ceil(total / (size or usual_size(customer))) for size in sizes}
    return [size for size in dict.fromkeys(sizes) if pages[size] <= WALKED]


def sample_pages(customers: Sequence[Customer], seed: int) -> None:
    """
    Pages of many sizes: the first, the last, and of small ones another that is drawn. Who has most
    orders is asked for every size that makes two pages, and everybody else for some.
    """
    drawn = drawn_numbers(seed, LARGEST_SAMPLED)
    for turn, customer in enumerate(reversed(customers[-SPARED:])):
        several = range(1, min(total_of(customer), LARGEST_SAMPLED + 1))
        sizes = sorted({*SAMPLED, *several}) if turn == 0 else SAMPLED[turn::7]
        for place, size in enumerate(sizes):
            last = customer.orders(numbered(1, size)).json["meta"]["last_page"]
            pages = {last} if turn == 0 else set()
            if last > 1 and (turn or size <= SMALL):
                pages.add(2 + drawn[place % len(drawn)] % (last - 1))
            for page in sorted(pages - {1}):
                # The order in which they are named means nothing.
                customer.orders({"per_page": size, "page": page})


def usual_size(customer: Customer) -> int:
    """How many orders are on a page when no size is asked for."""
    usual: int = customer.orders().json["meta"]["per_page"]
    return usual


def numbered(page: int, size: int | None) -> dict[str, int]:
    """The parameters of a page; without a size, of one as large as usual."""
    return {"page": page} | ({} if size is None else {"per_page": size})


def all_pages(customer: Customer, size: int | None) -> list[Exchange]:
    """
    All pages of a size; begun again if an order arrives meanwhile.

    Raises:
        NotCovered: orders kept arriving, or there are too many pages.
    """
    for attempt in range(3):
        fresh = attempt > 0
        first = customer.orders(numbered(1, size), fresh=fresh)
        last = first.json["meta"]["last_page"]
        if last > 2 * WALKED:
            raise NotCovered(f"{customer.name}'s orders have {last} pages")
        pages = [first]
        pages += [customer.orders(numbered(at, size), fresh=fresh) for at in range(2, last + 1)]
        totals = {page.json["meta"]["total"] for page in pages}
        if len(totals) == 1:
            return pages
        again = customer.orders(numbered(1, size), fresh=True)
        if _total_and_ids(again) == _total_and_ids(first):
            # Nothing arrived: the pages disagree, which is for the caller to tell.
            return pages
    raise NotCovered("orders kept arriving")


def _total_and_ids(page: Exchange) -> Any:
    return page.json["meta"]["total"], ids_of([page])


def ids_of(pages: Iterable[Exchange]) -> list[str]:
    """The ids of the orders on these pages, in their order."""
    return [order["id"] for page in pages for order in page.records]


def pages_with_meta(
    session: Session, operation: Operation
) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """Every page that was read, by anybody, with its `meta`."""
    for _, exchange in session.successes(operation):
        yield exchange, exchange.json["meta"]


def pages_read(customer: Customer) -> list[Exchange]:
    """Every page of a customer's that was read so far."""
    return [
        each
        for each in customer.client.exchanges
        if each.operation == ORDERS and each.actor == customer.name and each.fits
    ]


def expect(
    what: str, expected: object, got: object, exchange: Exchange, after: Iterable[Exchange] = ()
) -> None:
    """Check that two values are equal; `what` says of what."""
    if expected != got:
        raise Violation(
            expected=f"{what} {expected}", actual=f"{got}", exchange=exchange, after=after
        )


def expect_same_ids(
    what: str, expected: list[str], got: list[str], pages: Sequence[Exchange]
) -> None:
    """Check that two lists of ids are equal; the message begins at the first difference."""
    part = next(
        (at for at, pair in enumerate(zip(expected, got, strict=False)) if len(set(pair)) > 1),
        min(len(expected), len(got)),
    )
    texts = [f"{len(ids)}, from place {part + 1} {ids[part:][:3]}" for ids in (expected, got)]
    if expected != got:
        expect(what, texts[0], texts[1], pages[-1], pages[:-1])


def paging_in(exchange: Exchange) -> dict[str, int]:
    """The `page` and `per_page` that a request asked for."""
    return paging_of(exchange.url)


def paging_of(url: str) -> dict[str, int]:
    """The `page` and `per_page` that a URL names."""
    query = parse_qsl(urlsplit(url).query)
    return {name: int(value) for name, value in query if name in NAMES and value.isdecimal()}


def successful_page(customer: Customer, what: str, **query: int) -> Exchange:
    """A page that must be answered 200."""
    named = tuple((name, str(value)) for name, value in query.items())
    answer = customer.cached_call(customer.operation(ORDERS), named)
    if not answer.fits:
        raise Violation(expected=f"200 and {what}", actual=answer.brief(), exchange=answer)
    return answer


def beyond(customer: Customer, name: str, number: int) -> Exchange:
    """The answer to a number larger than the document allows: one of a page, or a refusal."""
    answer = customer.at(f"{customer.operation(ORDERS).path}?{name}={number}")
    if answer.status not in (200, 400) and not answer.from_the_edge:
        expected = f"200, or 400, to {name}={number}"
        raise Violation(expected=expected, actual=answer.brief(), exchange=answer)
    return answer


def meta_of(answer: Exchange) -> Any:
    """The `meta` of an answer, whatever it is; None where there is none."""
    return answer.json.get("meta") if isinstance(answer.json, dict) else None


def request_edges(customer: Customer) -> None:
    """Request pages where counting goes wrong: first, middle and last, of several sizes."""
    total = total_of(customer)
    for size in {1, 2, 3, *sizes_of(customer)}:
        last = ceil(total / min(size or usual_size(customer), total))
        for page in {1, 2, ceil(last / 2), last - 1, last} & {*range(1, last + 1)}:
            customer.orders(numbered(page, size))
