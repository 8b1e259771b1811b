"""Mutants in which orders a page shows, and in what order."""

import msgspec

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import ORDERS, Tree, answer, at, changed, edit, error, mutant
from contract_tests.mutants.pagination.asking import number, with_query
from contract_tests.mutants.people import People


def _page(request: Request, send: Send, page: int) -> list[Tree]:
    """The orders of another page of the same size."""
    found: list[Tree] = msgspec.json.decode(send(with_query(request, page=page)).body)["data"]
    return found


def _last_of_several(tree: Tree) -> bool:
    return bool(tree["meta"]["current_page"] == tree["meta"]["last_page"] > 1)


@edit("PAGE-03", ORDERS)
def the_last_page_lacks_an_order(tree: Tree, _request: Request) -> None:
    """The last of several pages is one order short."""
    if _last_of_several(tree):
        tree["data"] = tree["data"][:-1]


@edit("PAGE-03", ORDERS)
def a_full_last_page_lacks_an_order(tree: Tree, _request: Request) -> None:
    """The last of several pages is one order short where the total divides evenly."""
    if _last_of_several(tree) and len(tree["data"]) == tree["meta"]["per_page"]:
        tree["data"] = tree["data"][:-1]


@mutant("PAGE-03")
def pages_overlap(request: Request, send: Send, _people: People) -> Response:
    """From the second page on, a page begins with the last order of the page before it."""
    return _overlapped(request, send, from_page=2)


@mutant("PAGE-03")
def later_pages_overlap(request: Request, send: Send, _people: People) -> Response:
    """From the third page on, a page begins with the last order of the page before it."""
    return _overlapped(request, send, from_page=3)


def _overlapped(request: Request, send: Send, from_page: int) -> Response:
    page = number(request, "page") or 1
    if not at(request, ORDERS) or page < from_page:
        return send(request)
    before = _page(request, send, page - 1)

    def shift(tree: Tree, _request: Request) -> None:
        tree["data"] = before[-1:] + tree["data"][:-1] if tree["data"] else []

    return changed(request, send(request), shift)


def _past_the_end(response: Response) -> bool:
    if response.status != 200:
        return False
    meta = response.json["meta"]
    return bool(meta["current_page"] > meta["last_page"])


@answer("PAGE-06", ORDERS)
def past_the_end_is_404(response: Response, _request: Request) -> Response:
    """A page past the end is answered 404."""
    return error(404) if _past_the_end(response) else response


@mutant("PAGE-06")
def past_the_end_is_the_last_page(request: Request, send: Send, _people: People) -> Response:
    """A page past the end shows the last page again."""
    response = send(request)
    if not at(request, ORDERS) or not _past_the_end(response):
        return response
    return send(with_query(request, page=response.json["meta"]["last_page"]))


@mutant("PAGE-06")
def far_past_the_end_is_500(request: Request, send: Send, _people: People) -> Response:
    """A page whose first order has a number over 2³¹ is answered 500."""
    first = (number(request, "page") or 1) * (number(request, "per_page") or 15)
    return error(500) if at(request, ORDERS) and first >= 2**31 else send(request)


@edit("PAGE-08", ORDERS)
def oldest_first(tree: Tree, _request: Request) -> None:
    """Each page is the wrong way round."""
    tree["data"].reverse()


@edit("PAGE-08", ORDERS)
def two_orders_are_swapped(tree: Tree, _request: Request) -> None:
    """The last two orders of page 2 are the wrong way round."""
    if tree["meta"]["current_page"] == 2 and len(tree["data"]) > 1:
        tree["data"][-2:] = tree["data"][:-3:-1]


@mutant("PAGE-08")
def orders_cross_the_border(request: Request, send: Send, _people: People) -> Response:
    """The last order of the first page and the first of the second have changed places."""
    page = number(request, "page") or 1
    if not at(request, ORDERS) or page > 2:
        return send(request)
    here, there = (-1, 0) if page == 1 else (0, -1)
    other = _page(request, send, 3 - page)

    def swap(tree: Tree, _request: Request) -> None:
        if tree["data"] and other:
            tree["data"][here] = other[there]

    return changed(request, send(request), swap)


@mutant("PAGE-09")
def small_pages_begin_later(request: Request, send: Send, _people: People) -> Response:
    """Pages of fewer than 30 orders skip the newest order and end with it."""
    return _turned(request, send, below=30)


@mutant("PAGE-09")
def pages_of_one_begin_later(request: Request, send: Send, _people: People) -> Response:
    """Pages of a single order skip the newest order and end with it."""
    return _turned(request, send, below=2)


def _turned(request: Request, send: Send, below: int) -> Response:
    if not at(request, ORDERS) or (number(request, "per_page") or 15) >= below:
        return send(request)
    after = _page(request, send, (number(request, "page") or 1) + 1)
    newest = _page(request, send, 1)

    def turn(tree: Tree, _request: Request) -> None:
        if tree["data"]:
            tree["data"] = tree["data"][1:] + (after or newest)[:1]

    return changed(request, send(request), turn)


@mutant("PAGE-09")
def pages_overlap_unless_a_size_is_given(request: Request, send: Send, _people: People) -> Response:
    """Without a page size, from page 2 on a page begins with the last order before it."""
    if number(request, "per_page"):
        return send(request)
    return _overlapped(request, send, from_page=2)
