"""Pages of orders with other sizes and other links."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    HARMLESS,
    ORDERS,
    Change,
    Tree,
    at,
    changed,
    edit,
    mutant,
    stateful,
    without_header,
)
from contract_tests.mutants.pagination.links import queried
from contract_tests.mutants.people import People


@edit(HARMLESS, ORDERS)
def absent_ends_are_null(tree: Tree, _request: Request) -> None:
    """Links that do not exist are null."""
    tree["links"].setdefault("next", None)
    tree["links"].setdefault("prev", None)


@edit(HARMLESS, ORDERS)
def links_forget_the_page_size(tree: Tree, _request: Request) -> None:
    """Links leave per_page out."""
    _no_size_in_links(tree, _request)


@edit(HARMLESS, ORDERS)
def links_have_more_in_their_query(tree: Tree, _request: Request) -> None:
    """Links carry a parameter of the server's own."""
    links = tree["links"]
    links.update({name: url and queried(url, v=3) for name, url in links.items()})


@edit(HARMLESS, ORDERS)
def past_the_end_prev_is_the_number_before(tree: Tree, request: Request) -> None:
    """Past the end `prev` leads to the number before, as there is such an answer."""
    page, last = tree["meta"]["current_page"], tree["meta"]["last_page"]
    if page > last:
        tree["links"]["prev"] = queried(tree["links"]["last"], page=page - 1)


@mutant(HARMLESS)
def a_lower_cap(request: Request, send: Send, _people: People) -> Response:
    """The largest page has 20 orders."""
    return _capped(request, send, 20)


@mutant(HARMLESS)
def a_cap_of_fifty(request: Request, send: Send, _people: People) -> Response:
    """The largest page has 50 orders."""
    return _capped(request, send, 50)


def _capped(request: Request, send: Send, cap: int) -> Response:
    asked = re.findall(r"(?:^|&)per_page=(\d+)(?=&|$)", request.query)
    if not at(request, ORDERS) or len(asked) != 1 or int(asked[0]) <= cap:
        return send(request)
    capped = request.query.replace(f"per_page={asked[0]}", f"per_page={cap}")
    return send(replace(request, query=capped))


@mutant(HARMLESS)
def ten_on_a_page(request: Request, send: Send, _people: People) -> Response:
    """A page has ten orders unless a size is asked for."""
    asked = dict(parse_qsl(request.query, keep_blank_values=True))
    if not at(request, ORDERS) or "per_page" in asked:
        return send(request)
    query = "&".join(filter(None, (request.query, "per_page=10")))
    response = changed(request, send(replace(request, query=query)), _no_size_in_links)
    # That of HEAD is of links with a size.
    return without_header(response, "Content-Length") if request.method == "HEAD" else response


def _no_size_in_links(tree: Tree, _request: Request) -> None:
    links = tree["links"]
    links.update({name: url and queried(url, per_page=None) for name, url in links.items()})


@stateful(HARMLESS)
def an_order_arrives() -> Change:
    """The newest order of a customer is only submitted at the tenth read of the orders."""
    reads = 0

    def arriving(request: Request, send: Send, people: People) -> Response:
        nonlocal reads
        if not at(request, ORDERS):
            return send(request)
        if request.method == "HEAD":
            # Its length would be that of the page as it is at the server.
            return without_header(send(request), "Content-Length")
        reads += 1
        return (
            _submitted_now(request, send, people) if reads > 9 else _one_order_less(request, send)
        )

    return arriving


def _submitted_now(request: Request, send: Send, people: People) -> Response:
    """A page as it is, but for the newest order, which was made a moment ago."""
    response = send(request)
    newest = send(replace(request, query="per_page=1"))
    if response.status != 200 or newest.status != 200:
        return response
    tree, ids = response.json, {each["id"] for each in newest.json["data"]}
    for order in tree["data"]:
        if order["id"] in ids:
            _made_at(order, f"{people.now:%Y-%m-%dT%H:%M:00Z}")
    return replace(response, body=msgspec.json.encode(tree))


def _made_at(node: Any, instant: str) -> None:
    for name, value in node.items() if isinstance(node, dict) else enumerate(node):
        if name in ("created_at", "updated_at", "submitted_at"):
            node[name] = instant
        elif isinstance(value, dict | list):
            _made_at(value, instant)


def _one_order_less(request: Request, send: Send) -> Response:
    """A page as it was before the newest order: everything stands one place further up."""
    response = send(request)
    if response.status != 200:
        return response
    tree = response.json
    meta, size = tree["meta"], tree["meta"]["per_page"]
    if not meta["total"]:
        return response
    query = f"page={meta['current_page'] + 1}&per_page={size}"
    after = send(replace(request, query=query)).json["data"]
    tree["data"] = [*tree["data"][1:], *after[:1]]
    _recount(tree, meta["total"] - 1)
    return replace(response, body=msgspec.json.encode(tree))


def _recount(tree: Tree, total: int) -> None:
    meta, links = tree["meta"], tree["links"]
    size, number, count = meta["per_page"], meta["current_page"], len(tree["data"])
    last, start = max(1, -(-total // size)), (number - 1) * size
    meta.update({"total": total, "last_page": last})
    meta.update({"from": start + 1 if count else None, "to": start + count if count else None})
    links["last"] = queried(links["first"], page=last)
    if number >= last:
        links.pop("next", None)


@mutant(HARMLESS)
def numbers_beyond_the_document_are_taken(
    request: Request, send: Send, _people: People
) -> Response:
    """A `page` or `per_page` that is larger than the document allows counts as the largest."""

    def capped(value: str) -> str:
        return f"{2**31 - 1}" if value.isdecimal() and int(value) >= 2**31 else value

    pairs = parse_qsl(request.query, keep_blank_values=True)
    query = urlencode([(name, capped(value)) for name, value in pairs])
    return send(replace(request, query=query) if at(request, ORDERS) else request)
