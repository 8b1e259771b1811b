"""Laws over recorded traffic: they send nothing, and look at every exchange."""

from itertools import pairwise

from contract_tests.actor import consents_in
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Violation, check_order, law
from contract_tests.laws.pagination.links import check_links
from contract_tests.laws.pagination.meta import check_meta
from contract_tests.laws.pagination.walking import newest_first
from contract_tests.session import Session


@law("PREF-04")
def a_decision_counts_in_its_answer_and_in_reads_after_it(
    session: Session, operation: Operation
) -> None:
    decision: Exchange | None = None
    for exchange in session.client.exchanges:
        if exchange.operation == operation.id and exchange.fits:
            decision = exchange
            _check_shows(decision, decision, operation)
        elif decision and exchange.operation == session.contract.preferences.id and exchange.fits:
            _check_shows(exchange, decision, operation)
    if decision is None:
        raise NotCovered("no such decision was recorded")


def _check_shows(exchange: Exchange, decision: Exchange, operation: Operation) -> None:
    preference = operation.parameter_in(decision.url)
    opted_in = consents_in(exchange.records).get(preference)
    if opted_in != operation.opts_in:
        raise Violation(
            expected=f"opted_in {operation.opts_in} for {preference}",
            actual=f"{opted_in}",
            exchange=exchange,
            after=[decision],
        )


def _listings(session: Session, operation: Operation) -> list[list[Exchange]]:
    """Pages of one size and one total, each once, in the order of their numbers."""
    by_size: dict[tuple[int, int], dict[int, Exchange]] = {}
    for _, exchange in session.successes(operation):
        meta = exchange.json["meta"]
        pages = by_size.setdefault((meta["per_page"], meta["total"]), {})
        pages.setdefault(meta["current_page"], exchange)
    listings = [[pages[number] for number in sorted(pages)] for pages in by_size.values()]
    if not any(len(pages) > 1 for pages in listings):
        raise NotCovered("no two pages of one list were recorded")
    return listings


@law("PAGE-03")
def no_recorded_page_repeats_an_order(session: Session, operation: Operation) -> None:
    for pages in _listings(session, operation):
        page_of: dict[str, Exchange] = {}
        for page in pages:
            for id in (each["id"] for each in page.records):
                if id in page_of:
                    raise Violation(
                        expected=f"{id} on one page",
                        actual=f"on pages {_number(page_of[id])} and {_number(page)}",
                        exchange=page,
                        after=[page_of[id]],
                    )
            page_of |= {each["id"]: page for each in page.records}
        meta = pages[-1].json["meta"]
        numbers = {_number(each) for each in pages}
        complete = set(range(1, meta["last_page"] + 1)) <= numbers
        if complete and len(page_of) != meta["total"]:
            expected, actual = f"{meta['total']} orders on {len(pages)} pages", f"{len(page_of)}"
            raise Violation(expected=expected, actual=actual, exchange=pages[-1], after=pages)


@law("PAGE-08")
def recorded_pages_follow_one_another_newest_first(session: Session, operation: Operation) -> None:
    for pages in _listings(session, operation):
        for page, following in pairwise(pages):
            if _number(following) == _number(page) + 1:
                keys = [newest_first(each) for each in (*page.records, *following.records)]
                check_order("newest first, then by id", keys, following, [page])


@law("PAGE-04")
def the_meta_of_a_recorded_page_adds_up(session: Session, operation: Operation) -> None:
    for _, exchange in session.successes(operation):
        check_meta(exchange)


@law("PAGE-05")
def the_links_of_a_recorded_page_lead_where_they_say(
    session: Session, operation: Operation
) -> None:
    pages = [exchange for _, exchange in session.successes(operation)]
    if all(each.json["meta"]["last_page"] == 1 for each in pages):
        raise NotCovered("no list of two pages was recorded")
    for exchange in pages:
        check_links(exchange)


def _number(page: Exchange) -> int:
    return int(page.json["meta"]["current_page"])
