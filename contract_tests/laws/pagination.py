"""Pages of orders: their meta, their links, and what they are when joined."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from math import ceil
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.actor import ORDERS, Customer
from contract_tests.document import Operation
from contract_tests.exchange import Exchange, Query
from contract_tests.law import NotCovered, Violation, check_order, law
from contract_tests.laws.filters import (
    check_malformed,
    check_malformed_at,
    percent_encoded,
    values_for,
)
from contract_tests.session import Session
from contract_tests.values import drawn_numbers, not_numbers
from contract_tests.vocabulary import WORDS_OF_A_LINK

WALKED = 12
"""Pages, at most, of a walk from end to end; longer ones are looked at here and there."""
SPARED = 4
"""Customers, at most, who are asked for many sizes."""
FOLLOWED = 4
"""Steps, at most, along the links in either direction."""
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
LINK_PARTS = ("scheme", "netloc", "path")


def _readable(customers: Iterable[Customer], least: int = 0) -> list[Customer]:
    """
    The customers with so many orders, the fewest first; another law tells whose cannot be read.

    Raises:
        NotCovered: nobody has.
    """
    readable = []
    for customer in customers:
        first = customer.cached_call(customer.operation(ORDERS))
        if first.fits and first.json["meta"]["total"] >= least:
            readable.append(customer)
    if not readable:
        raise NotCovered(f"no customer has {least} orders")
    return sorted(readable, key=_total)


def _total(customer: Customer) -> int:
    total: int = customer.orders().json["meta"]["total"]
    return total


def _sizes(customer: Customer) -> list[int | None]:
    """
    Page sizes to walk by: the usual one, the largest, one that divides the total and one that
    leaves a rest, and two; as far as the pages are not too many.
    """
    total = _total(customer)
    even = next((size for size in range(ceil(total / 6), total + 1) if total % size == 0), total)
    odd = next((size for size in range(ceil(total / 4), total + 1) if total % size), 1)
    sizes = [None, HUGE, total + 1, even, odd, 2]
    pages = {size: ceil(total / (size or _usual(customer))) for size in sizes}
    return [size for size in dict.fromkeys(sizes) if pages[size] <= WALKED]


def _sample_pages(customers: Sequence[Customer], seed: int) -> None:
    """
    Pages of many sizes: the first, the last, and of small ones another that is drawn. Who has most
    orders is asked for every size that makes two pages, and everybody else for some.
    """
    drawn = drawn_numbers(seed, LARGEST_SAMPLED)
    for turn, customer in enumerate(reversed(customers[-SPARED:])):
        several = range(1, min(_total(customer), LARGEST_SAMPLED + 1))
        sizes = sorted({*SAMPLED, *several}) if turn == 0 else SAMPLED[turn::7]
        for place, size in enumerate(sizes):
            last = customer.orders(_query(1, size)).json["meta"]["last_page"]
            pages = {last} if turn == 0 else set()
            if last > 1 and (turn or size <= SMALL):
                pages.add(2 + drawn[place % len(drawn)] % (last - 1))
            for page in sorted(pages - {1}):
                # The order in which they are named means nothing.
                customer.orders({"per_page": size, "page": page})


def _usual(customer: Customer) -> int:
    usual: int = customer.orders().json["meta"]["per_page"]
    return usual


def _query(page: int, size: int | None) -> dict[str, int]:
    return {"page": page} | ({} if size is None else {"per_page": size})


def _walk(customer: Customer, size: int | None) -> list[Exchange]:
    """
    All pages of a size; begun again if an order arrives meanwhile.

    Raises:
        NotCovered: orders kept arriving, or there are too many pages.
    """
    for attempt in range(3):
        fresh = attempt > 0
        first = customer.orders(_query(1, size), fresh=fresh)
        last = first.json["meta"]["last_page"]
        if last > 2 * WALKED:
            raise NotCovered(f"{customer.name}'s orders have {last} pages")
        pages = [first]
        pages += [customer.orders(_query(at, size), fresh=fresh) for at in range(2, last + 1)]
        totals = {page.json["meta"]["total"] for page in pages}
        if len(totals) == 1:
            return pages
        again = customer.orders(_query(1, size), fresh=True)
        if _total_and_ids(again) == _total_and_ids(first):
            # Nothing arrived: the pages disagree, which is for the caller to tell.
            return pages
    raise NotCovered("orders kept arriving")


def _total_and_ids(page: Exchange) -> Any:
    return page.json["meta"]["total"], _ids([page])


def _ids(pages: Iterable[Exchange]) -> list[str]:
    return [order["id"] for page in pages for order in page.records]


def _pages(session: Session, operation: Operation) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    for _, exchange in session.successes(operation):
        yield exchange, exchange.json["meta"]


def _expect(
    what: str, expected: object, got: object, exchange: Exchange, after: Iterable[Exchange] = ()
) -> None:
    if expected != got:
        raise Violation(
            expected=f"{what} {expected}", actual=f"{got}", exchange=exchange, after=after
        )


def _expect_same_ids(
    what: str, expected: list[str], got: list[str], pages: Sequence[Exchange]
) -> None:
    """Check that two lists of ids are equal; the message begins at the first difference."""
    part = next(
        (at for at, pair in enumerate(zip(expected, got, strict=False)) if len(set(pair)) > 1),
        min(len(expected), len(got)),
    )
    texts = [f"{len(ids)}, from place {part + 1} {ids[part:][:3]}" for ids in (expected, got)]
    if expected != got:
        _expect(what, texts[0], texts[1], pages[-1], pages[:-1])


def paging_in(exchange: Exchange) -> dict[str, int]:
    """The `page` and `per_page` that a request asked for."""
    return _numbers(exchange.url)


def _numbers(url: str) -> dict[str, int]:
    query = parse_qsl(urlsplit(url).query)
    return {name: int(value) for name, value in query if name in NAMES and value.isdecimal()}


def _success(customer: Customer, what: str, **query: int) -> Exchange:
    """A page that must be answered 200."""
    named = tuple((name, str(value)) for name, value in query.items())
    answer = customer.cached_call(customer.operation(ORDERS), named)
    if not answer.fits:
        raise Violation(expected=f"200 and {what}", actual=answer.brief(), exchange=answer)
    return answer


@law("PAGE-01")
def without_a_number_the_first_page_is_shown(customers: list[Customer]) -> None:
    for number, customer in enumerate(_readable(customers, 1)):
        for size in (None, 2):
            sized = {} if size is None else {"per_page": size}
            customer.orders({"page": 3, "per_page": 2}, fresh=True)
            plain = customer.orders(sized)
            # The size that an answer names is the size that it has when asked for.
            aloud = {"per_page": plain.json["meta"]["per_page"]}
            first = customer.orders({"page": 1} | aloud)
            _expect_same_ids("the orders of page 1:", _ids([first]), _ids([plain]), [first, plain])
            for page in (plain, first):
                _expect("current_page", 1, page.json["meta"]["current_page"], page)
            # What stands first is known from a page that is large enough to show it too.
            whole = customer.orders({"page": 1, "per_page": HUGE})
            expected = _ids([whole])[: len(plain.records)]
            _expect_same_ids("the first orders:", expected, _ids([plain]), [whole, plain])
        _check_encoded(customer, number)


def _check_encoded(customer: Customer, number: int) -> None:
    """Check that percent-encoded names and values are understood, as URLs allow."""
    second, path = customer.orders({"page": 2, "per_page": 1}), customer.operation(ORDERS).path
    name, size_name = (percent_encoded(each, number) for each in NAMES)
    for query in (f"{name}=2&{size_name}=1", "page=%32&per_page=%31"):
        coded = customer.at(f"{path}?{query}")
        if not coded.from_the_edge:
            _expect_same_ids(
                "the orders of page 2:", _ids([second]), _ids([coded]), [second, coded]
            )


@law("PAGE-02")
def a_page_size_over_the_cap_is_silently_capped(
    session: Session, customers: list[Customer]
) -> None:
    caps: dict[int, Exchange] = {}
    _sample_pages(_readable(customers), session.seed)
    for customer in _readable(customers):
        largest = customer.operation(ORDERS).largest.get("per_page", HUGE)
        sizes = {}
        for size in (HUGE, largest):
            page = _success(customer, "a capped page", per_page=size)
            sizes[size] = page.json["meta"]["per_page"]
            _check_filled(page)
        cap = sizes[HUGE]
        caps[cap] = page
        if HUGE != cap != sizes[largest]:
            _expect("meta.per_page", cap, sizes[largest], page)
        few = {min(7, cap)} if _total(customer) == 0 else set()
        for size in few or {1, 2, min(7, cap), cap - 1, cap, cap + 1} - {0}:
            page = _success(customer, "a page", per_page=size)
            _check_filled(page)
        for page in _answers(customer):
            expected = min(paging_in(page).get("per_page", _usual(customer)), cap)
            _expect("meta.per_page", expected, page.json["meta"]["per_page"], page)
    for number, customer in enumerate(_readable(customers)):
        _check_huge_sizes(customer, number, max(caps))
    least, most = min(caps), max(caps)
    _expect("one cap for every customer:", most, least, caps[least], [caps[most]])


def _check_huge_sizes(customer: Customer, number: int, cap: int) -> None:
    """Check that the largest size is capped on any page, and a larger one too, or refused."""
    largest = customer.operation(ORDERS).largest.get("per_page", HUGE)
    for page in (2, customer.operation(ORDERS).largest.get("page", HUGE)):
        _success(customer, "a capped page", page=page, per_page=largest)
    for size in BEYOND[number % 2 :: 2]:
        answer = _beyond(customer, "per_page", size)
        if answer.ok and cap != HUGE and isinstance(meta := _meta(answer), dict):
            _expect("meta.per_page", cap, meta.get("per_page"), answer)


def _beyond(customer: Customer, name: str, number: int) -> Exchange:
    """The answer to a number larger than the document allows: one of a page, or a refusal."""
    answer = customer.at(f"{customer.operation(ORDERS).path}?{name}={number}")
    if answer.status not in (200, 400) and not answer.from_the_edge:
        expected = f"200, or 400, to {name}={number}"
        raise Violation(expected=expected, actual=answer.brief(), exchange=answer)
    return answer


def _meta(answer: Exchange) -> Any:
    return answer.json.get("meta") if isinstance(answer.json, dict) else None


def _check_filled(page: Exchange) -> None:
    """Check that a first page holds as many orders as its size and the total allow."""
    meta = page.json["meta"]
    expected = min(meta["per_page"], meta["total"])
    _expect("as many orders as per_page tells:", expected, len(page.records), page)


@law("PAGE-03")
def the_pages_joined_are_every_order_once(customers: list[Customer]) -> None:
    for customer in _readable(customers, 2):
        page_of = {order["id"]: page for page in _answers(customer) for order in page.records}
        for size in _sizes(customer):
            pages = _walk(customer, size)
            ids, total = _ids(pages), pages[0].json["meta"]["total"]
            _expect("so many orders:", total, len(ids), pages[-1], pages)
            _expect("so many different ones:", total, len(set(ids)), pages[-1], pages)
            if missing := page_of.keys() - set(ids):
                known_by = page_of[min(missing)]
                expected = f"order {min(missing)}, which another page shows, among"
                _expect(expected, "them", f"{len(ids)} others", pages[-1], [known_by, *pages])
    _check_known_totals(customers)


def _check_known_totals(customers: Iterable[Customer]) -> None:
    """Check the total against the `order_count` of the profile."""
    for customer in _readable(customers):
        page = customer.orders()
        total = page.json["meta"]["total"]
        _expect("total", customer.facts.get("order_count", total), total, page)


def _answers(customer: Customer) -> list[Exchange]:
    """Every page of a customer's that was read so far."""
    return [
        each
        for each in customer.client.exchanges
        if each.operation == ORDERS and each.actor == customer.name and each.fits
    ]


@law("PAGE-04")
def meta_adds_up(session: Session, operation: Operation, customers: list[Customer]) -> None:
    _sample_pages(_readable(customers), session.seed)
    for customer in _readable(customers, 1):
        _request_edges(customer)
        _request_past_the_end(customer)
        _check_one_total(customer)
    for exchange, _ in _pages(session, operation):
        check_meta(exchange)


def check_meta(exchange: Exchange) -> None:
    """Check that `meta` agrees with itself, with the request and with the orders on the page."""
    meta = exchange.json["meta"]
    count, size = len(exchange.records), meta["per_page"]
    last = max(1, ceil(meta["total"] / size))
    start = (meta["current_page"] - 1) * size
    _expect("current_page", paging_in(exchange).get("page", 1), meta["current_page"], exchange)
    _expect("last_page", last, meta["last_page"], exchange)
    _expect("so many orders:", max(0, min(size, meta["total"] - start)), count, exchange)
    if count:
        _expect("from", start + 1, meta.get("from"), exchange)
        _expect("to", start + count, meta.get("to"), exchange)


def _request_edges(customer: Customer) -> None:
    """Request pages where counting goes wrong: first, middle and last, of several sizes."""
    total = _total(customer)
    for size in {1, 2, 3, *_sizes(customer)}:
        last = ceil(total / min(size or _usual(customer), total))
        for page in {1, 2, ceil(last / 2), last - 1, last} & {*range(1, last + 1)}:
            customer.orders(_query(page, size))


def _request_past_the_end(customer: Customer) -> None:
    """Request a page past the last; refusing it breaks another rule."""
    page = customer.orders().json["meta"]["last_page"] + 1
    customer.cached_call(customer.operation(ORDERS), (("page", str(page)),))


def _check_one_total(customer: Customer) -> None:
    """Check that all pages have one total, unless an order arrives meanwhile."""
    pages = _answers(customer)
    for before, page in pairwise(pages):
        totals = [each.json["meta"]["total"] for each in (before, page)]
        if totals[0] == totals[1]:
            continue
        again = [customer.orders(paging_in(each), fresh=True) for each in (before, page)]
        now = [each.json["meta"]["total"] for each in again]
        _expect("total", now[0], now[1], again[1], [again[0]])


@law("PAGE-05")
def links_lead_where_they_say(
    session: Session, operation: Operation, customers: list[Customer]
) -> None:
    judged = 0
    for exchange in session.exchanges(operation):
        # By HEADER-01 links may lead to a host that a proxy names.
        if not exchange.ok or WORDS_OF_A_LINK & {name.lower() for name in exchange.sent}:
            continue
        check_links(exchange)
        judged += exchange.json["meta"]["last_page"] > 1
    if not judged:
        raise NotCovered("no customer has two pages")
    for customer in _readable(customers, 2):
        _follow_links(customer)


def check_links(exchange: Exchange) -> None:
    """Check that the links of one page lead where they say."""
    links, meta = exchange.json["links"], exchange.json["meta"]
    page, last = meta["current_page"], meta["last_page"]
    expected: dict[str, Sequence[int]] = {
        "first": [1],
        "last": [last],
        "next": [page + 1] if page < last else [],
        # Past the end, the page before may be the last one there is, or none.
        "prev": [page - 1] if 1 < page <= last else range(1, last + 1) if page > last else [],
    }
    for name, numbers in expected.items():
        if name != "prev" or page <= last or links.get(name):
            _check_link(links.get(name), numbers, name, exchange)


def _check_link(url: str | None, numbers: Sequence[int], name: str, exchange: Exchange) -> None:
    """Check that a link leads to one of these pages of the same list; without pages, nowhere."""
    places = f"to page {numbers[0]}" if numbers else "nowhere"
    if not numbers or url is None:
        _expect(f"link {name}", places if numbers else "nowhere", url or "nowhere", exchange)
        return
    parts, here = urlsplit(url), urlsplit(exchange.url)
    if not (parts.scheme in ("http", "https") and parts.netloc):
        raise Violation(expected=f"an absolute {name}", actual=url, exchange=exchange)
    if _numbers(url).get("page", 1) not in numbers:
        raise Violation(expected=f"{name} {places}", actual=url, exchange=exchange)
    for part in LINK_PARTS:
        expected, got = getattr(here, part), getattr(parts, part)
        if expected != got:
            expected = f"{name} to {here.scheme}://{here.netloc}{here.path}"
            raise Violation(expected=expected, actual=url, exchange=exchange)
    if "&amp;" in url:
        raise Violation(expected=f"{name} as a URL, not as HTML", actual=url, exchange=exchange)


def _follow_links(customer: Customer) -> None:
    """Follow the links from page to page, and check that each shows the page it names."""
    for size in (None, 2):
        last = customer.orders(_query(1, size)).json["meta"]["last_page"]
        for name, number in (("next", 1), ("prev", last)):
            page = customer.orders(_query(number, size))
            for _ in range(min(FOLLOWED, last - 1)):
                page = _follow_link(customer, page, name)
        page = customer.orders(_query(max(1, last - 1), size))
        for name in ("first", "last"):
            _follow_link(customer, page, name)


def _follow_link(customer: Customer, page: Exchange, name: str) -> Exchange:
    meta, numbers = page.json["meta"], paging_in(page)
    places = {"next": meta["current_page"] + 1, "prev": meta["current_page"] - 1, "first": 1}
    number = places.get(name, meta["last_page"])
    link = page.json["links"].get(name)
    if link is None:
        _expect(f"link {name}", f"to page {number}", "nowhere", page)
    query: Query = parse_qsl(urlsplit(link).query, keep_blank_values=True)
    followed = customer.cached_call(customer.operation(ORDERS), tuple(query))
    if not followed.fits:
        expected = f"{name} to be answered 200"
        raise Violation(expected=expected, actual=followed.brief(), exchange=followed, after=[page])
    same_size = "per_page" in dict(query) or "per_page" not in numbers
    if same_size:
        target = customer.orders({**numbers, "page": number})
        expected = f"{name} to show page {number}:"
        _expect_same_ids(expected, _ids([target]), _ids([followed]), [page, target, followed])
    return followed if same_size else customer.orders({**numbers, "page": number})


@law("PAGE-06")
def past_the_end_is_an_empty_page(customers: list[Customer]) -> None:
    for number, customer in enumerate(_readable(customers, 1)):
        last = customer.orders().json["meta"]["last_page"]
        largest = customer.operation(ORDERS).largest.get("page", HUGE)
        for page in (last + 1, last + 2, HUGE, largest):
            _check_empty(customer, page=page)
        for size in (1, 2, HUGE):
            last = customer.orders(_query(1, size)).json["meta"]["last_page"]
            _check_empty(customer, page=last + 1, per_page=size)
        size = customer.operation(ORDERS).largest.get("per_page", HUGE)
        _check_empty(customer, page=largest, per_page=size)
        for page in BEYOND[number % 2 :: 2]:
            answer = _beyond(customer, "page", page)
            _expect("no orders:", 0, len(answer.records), answer)


def _check_empty(customer: Customer, **query: int) -> None:
    answer = _success(customer, "no orders", **query)
    meta = answer.json["meta"]
    if meta["current_page"] <= meta["last_page"] and meta["current_page"] == query["page"]:
        return  # an order arrived meanwhile, and with it this page
    _expect("no orders:", 0, len(answer.records), answer)
    _expect("from and to", (None, None), (meta.get("from"), meta.get("to")), answer)


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
            meta = _meta(answer)
            if not answer.ok or not isinstance(meta, dict):
                expected = "200 and no orders, with meta"
                raise Violation(expected=expected, actual=answer.brief(), exchange=answer)
            _expect("total", 0, meta.get("total"), answer)
            _expect("last_page", 1, meta.get("last_page"), answer)
            _expect("no orders:", 0, len(answer.records), answer)


def newest_first(order: dict[str, Any]) -> tuple[float, str]:
    """The key by which orders are sorted."""
    return -datetime.fromisoformat(order["submitted_at"]).timestamp(), order["id"]


@law("PAGE-08")
def orders_are_newest_first(
    session: Session, operation: Operation, customers: list[Customer]
) -> None:
    runs = [[exchange] for _, exchange in session.successes(operation)]
    for customer in _readable(customers, 2):
        for size in _sizes(customer):
            runs += [list(pair) for pair in pairwise(_walk(customer, size))]
    for pages in runs:
        keys = [newest_first(order) for page in pages for order in page.records]
        check_order("newest first, then by id", keys, pages[-1], pages)


@law("PAGE-09")
def pages_of_any_size_show_the_same_order(session: Session, customers: list[Customer]) -> None:
    _sample_pages(_readable(customers, 2), session.seed)
    for customer in _readable(customers, 2):
        walks = [_walk(customer, size) for size in _sizes(customer)]
        longest = max(walks, key=lambda walk: len(_ids(walk)), default=[])
        for walk in walks:
            _expect_same_ids("the same orders:", _ids(longest), _ids(walk), [*longest, *walk])
        _request_edges(customer)
        for page in _answers(customer) if longest else ():
            _check_in_place(page, longest)


def _check_in_place(page: Exchange, walk: Sequence[Exchange]) -> None:
    """Check that a page shows the part of the walk that its number and size name."""
    meta, total = page.json["meta"], walk[0].json["meta"]["total"]
    start = (meta["current_page"] - 1) * meta["per_page"]
    if meta["total"] == total:
        expected = _ids(walk)[start : start + meta["per_page"]]
        _expect_same_ids(f"from place {start + 1}:", expected, _ids([page]), [*walk, page])


@law("PAGE-10")
def what_is_no_positive_integer_is_refused(session: Session, customers: list[Customer]) -> None:
    values = not_numbers(session.seed)
    for number, customer in enumerate(reversed(_readable(customers))):
        operation = customer.operation(ORDERS)
        for name in NAMES:
            for value in values_for(values, number):
                check_malformed(customer, operation, ((name, value),), name)
            other = NAMES[1 - NAMES.index(name)]
            for bare in (name, f"{name}&{other}=1"):
                check_malformed_at(customer, operation, bare, name)
            for fine in ("1", str(HUGE)):
                check_malformed(customer, operation, ((other, fine), (name, values["word"])), name)
                check_malformed(customer, operation, ((name, "0"), (other, fine)), name)
        pairs = _malformed_pairs(values_for(values, number))
        for page, size in pairs if number == 0 else pairs[:2]:
            check_malformed(customer, operation, (("page", page), ("per_page", size)), *NAMES)


def _malformed_pairs(values: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of malformed values: the same one twice, and two different ones."""
    twice = [(value, value) for value in ("0", "", *values[::5])]
    return [*twice, ("0", "-1"), ("a", "b"), *zip(values[1::5], values[2::5], strict=False)]


@law("PAGE-11")
def a_repeated_parameter_is_refused(customers: list[Customer]) -> None:
    for number, customer in enumerate(reversed(_readable(customers))):
        operation = customer.operation(ORDERS)
        for name in NAMES:
            queries = _repeated(name, NAMES[1 - NAMES.index(name)])
            for query in queries if number == 0 else queries[number % 3 :: 3]:
                check_malformed(customer, operation, query, name)
            coded = percent_encoded(name, number)
            check_malformed_at(customer, operation, f"{name}=2&{coded}=1", name)


def _repeated(name: str, other: str) -> list[Query]:
    """Queries that give a parameter more than once: alike, differing, empty, apart, thrice."""
    return [
        ((name, "1"), (name, "1")),
        ((name, "1"), (name, "2")),
        ((name, "2"), (other, "1"), (name, "1")),
        ((name, "1"), (name, "")),
        ((name, ""), (name, "1")),
        ((name, "1"), (name, "2"), (name, "3")),
        ((name, "1"), (name, "1"), (name, "1")),
        ((other, "1"), (name, "2"), (name, "1")),
        ((name, "1"), (other, "1"), (name, "1"), (name, "1")),
    ]


@law("PAGE-12")
def a_link_never_names_another_page_size(session: Session, operation: Operation) -> None:
    judged = 0
    for exchange, meta in _pages(session, operation):
        size = paging_in(exchange).get("per_page")
        allowed = {None, size} | ({meta["per_page"]} if size is not None else set())
        for url in filter(None, exchange.json["links"].values()):
            named = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)).get("per_page")
            judged += 1
            if named not in {None if each is None else str(each) for each in allowed}:
                sizes = " or ".join(f"per_page={each}" for each in allowed if each)
                expected = f"{sizes}, or none" if sizes else "no per_page, as none was asked for"
                raise Violation(expected=expected, actual=url, exchange=exchange)
    if not judged:
        raise NotCovered("no page has links")
