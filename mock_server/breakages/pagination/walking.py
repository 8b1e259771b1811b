"""Faults in which orders a page shows, and in what order."""

import msgspec

from mock_server.breakages.breakage import ORDERS, Tree, at, changed, edit, error, fault
from mock_server.breakages.pagination.asking import asked, number
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import Sandbox


def _page(request: Request, answer: Answer, page: int) -> list[Tree]:
    """The orders of another page of the same size."""
    found: list[Tree] = msgspec.json.decode(answer(asked(request, page=page)).body)["data"]
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


@fault("PAGE-03")
def pages_overlap(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """From the second page on, a page begins with the last order of the page before it."""
    return _overlapped(request, answer, from_page=2)


@fault("PAGE-03")
def later_pages_overlap(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """From the third page on, a page begins with the last order of the page before it."""
    return _overlapped(request, answer, from_page=3)


def _overlapped(request: Request, answer: Answer, from_page: int) -> Response:
    page = number(request, "page") or 1
    if not at(request, ORDERS) or page < from_page:
        return answer(request)
    before = _page(request, answer, page - 1)

    def shift(tree: Tree, _request: Request) -> None:
        tree["data"] = before[-1:] + tree["data"][:-1] if tree["data"] else []

    return changed(request, answer(request), shift)


@fault("PAGE-06")
def past_the_end_is_404(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page past the end is answered 404."""
    response = answer(request)
    past = (
        at(request, ORDERS) and b'"data":[]' in response.body and b'"total":0' not in response.body
    )
    return error(404) if past else response


@fault("PAGE-06")
def past_the_end_is_the_last_page(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page past the end shows the last page again."""
    response = answer(request)
    if response.status != 200 or not at(request, ORDERS):
        return response
    meta = msgspec.json.decode(response.body)["meta"]
    past = meta["current_page"] > meta["last_page"]
    return answer(asked(request, page=meta["last_page"])) if past else response


@fault("PAGE-06")
def far_past_the_end_is_500(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page whose first order has a number over 2³¹ is answered 500."""
    first = (number(request, "page") or 1) * (number(request, "per_page") or 15)
    return error(500) if at(request, ORDERS) and first >= 2**31 else answer(request)


@edit("PAGE-08", ORDERS)
def oldest_first(tree: Tree, _request: Request) -> None:
    """Each page is the wrong way round."""
    tree["data"].reverse()


@edit("PAGE-08", ORDERS)
def two_orders_are_swapped(tree: Tree, _request: Request) -> None:
    """The last two orders of page 2 are the wrong way round."""
    if tree["meta"]["current_page"] == 2 and len(tree["data"]) > 1:
        tree["data"][-2:] = tree["data"][:-3:-1]


@fault("PAGE-08")
def orders_cross_the_border(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """The last order of the first page and the first of the second have changed places."""
    page = number(request, "page") or 1
    if not at(request, ORDERS) or page > 2:
        return answer(request)
    here, there = (-1, 0) if page == 1 else (0, -1)
    other = _page(request, answer, 3 - page)

    def swap(tree: Tree, _request: Request) -> None:
        if tree["data"] and other:
            tree["data"][here] = other[there]

    return changed(request, answer(request), swap)


@fault("PAGE-09")
def small_pages_begin_later(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Pages of fewer than 30 orders skip the newest order and end with it."""
    return _turned(request, answer, below=30)


@fault("PAGE-09")
def pages_of_one_begin_later(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Pages of a single order skip the newest order and end with it."""
    return _turned(request, answer, below=2)


def _turned(request: Request, answer: Answer, below: int) -> Response:
    if not at(request, ORDERS) or (number(request, "per_page") or 15) >= below:
        return answer(request)
    after = _page(request, answer, (number(request, "page") or 1) + 1)
    newest = _page(request, answer, 1)

    def turn(tree: Tree, _request: Request) -> None:
        if tree["data"]:
            tree["data"] = tree["data"][1:] + (after or newest)[:1]

    return changed(request, answer(request), turn)


@fault("PAGE-09")
def pages_overlap_unless_a_size_is_given(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Without a page size, from page 2 on a page begins with the last order before it."""
    if number(request, "per_page"):
        return answer(request)
    return _overlapped(request, answer, from_page=2)
