"""Faults in pages of orders."""

from urllib.parse import parse_qs, urlencode

import msgspec
from msgspec.structs import replace

from mock_server.breakages.breakage import ORDERS, Tree, at, edit, error, fault
from mock_server.exchange import Answer, Request, Response
from mock_server.sandbox import Sandbox


def _asked(request: Request, **more: int) -> Request:
    """The same request with some numbers of its query changed."""
    query = {name: values[0] for name, values in parse_qs(request.query).items()}
    return replace(request, query=urlencode(query | more))


def _number(request: Request, name: str) -> int | None:
    text = parse_qs(request.query).get(name, [""])[0]
    return int(text) if text.isdigit() else None


@fault("PAGE-01")
def pages_count_from_zero(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """`page=1` shows the second page."""
    page = _number(request, "page")
    counted = at(request, ORDERS) and page is not None and page > 0
    return answer(_asked(request, page=(page or 0) + 1) if counted else request)


@fault("PAGE-02")
def a_large_page_is_refused(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page size over the cap is answered 400."""
    large = at(request, ORDERS) and (_number(request, "per_page") or 0) > 100
    return error(400, "per_page must not be over 100") if large else answer(request)


@edit("PAGE-02", ORDERS)
def meta_tells_the_size_asked_for(tree: Tree, request: Request) -> None:
    """`meta.per_page` is what was asked for, not what was applied."""
    tree["meta"]["per_page"] = _number(request, "per_page") or tree["meta"]["per_page"]


@fault("PAGE-02")
def the_page_size_is_ignored(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Every page has 15 orders, whatever is asked."""
    sized = at(request, ORDERS) and _number(request, "per_page")
    return answer(_asked(request, per_page=15) if sized else request)


@edit("PAGE-03", ORDERS)
def the_last_page_lacks_an_order(tree: Tree, _request: Request) -> None:
    """The last of several pages is one order short."""
    if tree["meta"]["current_page"] == tree["meta"]["last_page"] > 1:
        tree["data"] = tree["data"][:-1]


@fault("PAGE-03")
def pages_overlap(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """From the second page on, a page begins with the last order of the page before it."""
    response, page = answer(request), _number(request, "page")
    if response.status != 200 or not at(request, ORDERS) or not page or page < 2:
        return response
    tree = msgspec.json.decode(response.body)
    before = msgspec.json.decode(answer(_asked(request, page=page - 1)).body)["data"]
    tree["data"] = before[-1:] + tree["data"][:-1] if tree["data"] else []
    return replace(response, body=msgspec.json.encode(tree))


@edit("PAGE-04", ORDERS)
def one_page_too_many(tree: Tree, _request: Request) -> None:
    """`last_page` is one too high when the total divides evenly."""
    meta = tree["meta"]
    if meta["total"] and meta["total"] % meta["per_page"] == 0:
        meta["last_page"] += 1


@edit("PAGE-04", ORDERS)
def the_rest_is_forgotten(tree: Tree, _request: Request) -> None:
    """`last_page` is rounded down."""
    meta = tree["meta"]
    meta["last_page"] = max(1, meta["total"] // meta["per_page"])


@edit("PAGE-04", ORDERS)
def to_is_wrong_on_the_last_page(tree: Tree, _request: Request) -> None:
    """On the last page `to` is where a full page would end."""
    meta = tree["meta"]
    if meta["to"] and meta["current_page"] == meta["last_page"]:
        meta["to"] = meta["current_page"] * meta["per_page"]


@edit("PAGE-04", ORDERS)
def from_counts_from_zero(tree: Tree, _request: Request) -> None:
    """`from` is the place before the first order, from page 2 on."""
    if tree["meta"]["from"] and tree["meta"]["current_page"] > 1:
        tree["meta"]["from"] -= 1


@edit("PAGE-04", ORDERS)
def the_total_is_that_of_the_page(tree: Tree, _request: Request) -> None:
    """`total` is the number of orders on the page."""
    tree["meta"]["total"] = len(tree["data"])


@edit("PAGE-05", ORDERS)
def the_last_page_has_a_next(tree: Tree, _request: Request) -> None:
    """The last page has a link to a next one."""
    meta, links = tree["meta"], tree["links"]
    if meta["current_page"] == meta["last_page"]:
        links["next"] = links["last"].replace(
            f"page={meta['last_page']}", f"page={meta['last_page'] + 1}"
        )


@edit("PAGE-05", ORDERS)
def page_two_has_no_prev(tree: Tree, _request: Request) -> None:
    """Page 2 has no link back."""
    if tree["meta"]["current_page"] == 2:
        del tree["links"]["prev"]


@edit("PAGE-05", ORDERS)
def links_are_relative(tree: Tree, _request: Request) -> None:
    """Links are paths."""
    links = tree["links"]
    links.update({name: ORDERS + url.partition(ORDERS)[2] for name, url in links.items()})


@edit("PAGE-05", ORDERS)
def last_leads_to_the_first(tree: Tree, _request: Request) -> None:
    """The link `last` leads to the first page."""
    tree["links"]["last"] = tree["links"]["first"]


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
    return answer(_asked(request, page=meta["last_page"])) if past else response


@edit("PAGE-06", ORDERS)
def past_the_end_from_is_zero(tree: Tree, _request: Request) -> None:
    """Past the end `from` and `to` are 1 in place of null."""
    if not tree["data"] and tree["meta"]["total"]:
        tree["meta"].update({"from": 1, "to": 1})


@edit("PAGE-07", ORDERS)
def no_orders_no_pages(tree: Tree, _request: Request) -> None:
    """With no orders the links lead to page 0 and there are two pages."""
    if not tree["meta"]["total"]:
        tree["meta"]["last_page"] = 2


@edit("PAGE-08", ORDERS)
def oldest_first(tree: Tree, _request: Request) -> None:
    """Each page is the wrong way round."""
    tree["data"].reverse()


@edit("PAGE-08", ORDERS)
def two_orders_are_swapped(tree: Tree, _request: Request) -> None:
    """The last two orders of page 2 are the wrong way round."""
    if tree["meta"]["current_page"] == 2 and len(tree["data"]) > 1:
        tree["data"][-2:] = tree["data"][:-3:-1]


@fault("PAGE-09")
def small_pages_begin_later(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Pages of fewer than 30 orders skip the newest order and end with it."""
    response = answer(request)
    size = _number(request, "per_page") or 15
    if response.status != 200 or not at(request, ORDERS) or size >= 30:
        return response
    tree = msgspec.json.decode(response.body)
    following = msgspec.json.decode(
        answer(_asked(request, page=tree["meta"]["current_page"] + 1)).body
    )["data"]
    newest = msgspec.json.decode(answer(_asked(request, page=1)).body)["data"][:1]
    tree["data"] = (tree["data"][1:] + (following[:1] or newest)) if tree["data"] else []
    return replace(response, body=msgspec.json.encode(tree))


def _as_one(request: Request, answer: Answer, name: str, words: tuple[str, ...]) -> Response:
    found = parse_qs(request.query, keep_blank_values=True).get(name, ["1"])
    taken = at(request, ORDERS) and len(found) == 1 and found[0] in words
    return answer(_asked(request, **{name: 1}) if taken else request)


@fault("PAGE-10")
def page_zero_is_page_one(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """`page=0` is taken for page 1."""
    return _as_one(request, answer, "page", ("0",))


@fault("PAGE-10")
def bad_sizes_are_taken_for_one(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A negative page size is taken for 1."""
    return _as_one(request, answer, "per_page", ("-1",))


@fault("PAGE-10")
def letters_break_the_server(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """`page=abc` is answered 500."""
    return error(500) if at(request, ORDERS) and "page=abc" in request.query else answer(request)


@fault("PAGE-10")
def the_parameter_is_not_named(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """The 400 does not say which parameter was wrong."""
    response = answer(request)
    return (
        error(400, "Bad request.") if at(request, ORDERS) and response.status == 400 else response
    )


@fault("PAGE-11")
def the_last_of_two_counts(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Of a repeated parameter the first counts."""
    twice = at(request, ORDERS) and request.query.count("page=1&page=") == 1
    return answer(replace(request, query="page=1") if twice else request)


@edit("PAGE-12", ORDERS)
def links_name_another_size(tree: Tree, _request: Request) -> None:
    """The link to the next page names a page size of its own."""
    if "next" in tree["links"]:
        tree["links"]["next"] = tree["links"]["next"].partition("&")[0] + "&per_page=3"
