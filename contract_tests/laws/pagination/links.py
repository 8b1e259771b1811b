"""Links from page to page."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from contract_tests.actor import ORDERS, Customer
from contract_tests.document import Operation
from contract_tests.exchange import Exchange, Query
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.pagination.pages import (
    expect,
    expect_same_ids,
    ids_of,
    numbered,
    pages_with_meta,
    paging_in,
    paging_of,
    readable,
)
from contract_tests.session import Session
from contract_tests.vocabulary import WORDS_OF_A_LINK

LINK_PARTS = ("scheme", "netloc", "path")
FOLLOWED = 4
"""Steps, at most, along the links in either direction."""


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
    for customer in readable(customers, 2):
        _follow_links(customer)


def check_links(exchange: Exchange) -> None:
    """Check that the links of one page lead where they say."""
    links, meta = exchange.json["links"], exchange.json["meta"]
    page, last = meta["current_page"], meta["last_page"]
    expected: dict[str, Sequence[int]] = {
        "first": [1],
        "last": [last],
        "next": [page + 1] if page < last else [],
        "prev": [page - 1] if page > 1 else [],
    }
    if page > last:
        # There the page before may be any that there is, the one before by number, or none.
        expected["prev"] = [*range(1, last + 1), page - 1]
    for name, numbers in expected.items():
        if name != "prev" or page <= last or links.get(name):
            _check_link(links.get(name), numbers, name, exchange)


def _check_link(url: str | None, numbers: Sequence[int], name: str, exchange: Exchange) -> None:
    """Check that a link leads to one of these pages of the same list; without pages, nowhere."""
    places = f"to page {numbers[0]}" if numbers else "nowhere"
    if not numbers or url is None:
        expect(f"link {name}", places if numbers else "nowhere", url or "nowhere", exchange)
        return
    parts, here = urlsplit(url), urlsplit(exchange.url)
    if not (parts.scheme in ("http", "https") and parts.netloc):
        raise Violation(expected=f"an absolute {name}", actual=url, exchange=exchange)
    if paging_of(url).get("page", 1) not in numbers:
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
        last = customer.orders(numbered(1, size)).json["meta"]["last_page"]
        for name, number in (("next", 1), ("prev", last)):
            page = customer.orders(numbered(number, size))
            for _ in range(min(FOLLOWED, last - 1)):
                page = _follow_link(customer, page, name)
        page = customer.orders(numbered(max(1, last - 1), size))
        for name in ("first", "last"):
            _follow_link(customer, page, name)


def _follow_link(customer: Customer, page: Exchange, name: str) -> Exchange:
    meta, numbers = page.json["meta"], paging_in(page)
    places = {"next": meta["current_page"] + 1, "prev": meta["current_page"] - 1, "first": 1}
    number = places.get(name, meta["last_page"])
    link = page.json["links"].get(name)
    if link is None:
        expect(f"link {name}", f"to page {number}", "nowhere", page)
    query: Query = parse_qsl(urlsplit(link).query, keep_blank_values=True)
    followed = customer.cached_call(customer.operation(ORDERS), tuple(query))
    if not followed.ok:
        expected = f"{name} to be answered 200"
        raise Violation(expected=expected, actual=followed.brief(), exchange=followed, after=[page])
    same_size = "per_page" in dict(query) or "per_page" not in numbers
    if same_size:
        target = customer.orders({**numbers, "page": number})
        expected = f"{name} to show page {number}:"
        expect_same_ids(expected, ids_of([target]), ids_of([followed]), [page, target, followed])
    return followed if same_size else customer.orders({**numbers, "page": number})


@law("PAGE-12")
def a_link_never_names_another_page_size(session: Session, operation: Operation) -> None:
    judged = 0
    for exchange, meta in pages_with_meta(session, operation):
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
