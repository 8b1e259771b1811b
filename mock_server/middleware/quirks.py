"""Habits of the real platform that a front end has to live with; all off by default."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_server.http.exchange import OFF_CONTRACT, Request, Response, answer_of, context_of

Alteration = Callable[[Request, Response], Response]
LARGE_PAGE = 50
LARGE_PAGE_DELAY_S = 2.0
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Quirk:
    """A habit, whether the contract allows it, and what it does to an answer."""

    text: str
    keeps_contract: bool
    alter: Alteration


class Quirks:
    """Alters every answer as the chosen quirks do; one that leaves the contract says so."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        request = context_of(scope).request
        response = await answer_of(self._app, scope, receive)
        for name in self._names:
            quirk = QUIRKS[name]
            changed = quirk.alter(request, response)
            if changed is not response and not quirk.keeps_contract:
                changed = _with_mark(changed, name)
            response = changed
        await response(scope, receive, send)


def _with_mark(response: Response, name: str) -> Response:
    mark = (OFF_CONTRACT, name)
    return msgspec.structs.replace(response, headers=(*response.headers, mark))


def _on_success(change: Callable[[Any], None]) -> Alteration:
    """An alteration of the JSON of every 200."""

    def alter(_request: Request, response: Response) -> Response:
        if response.status != 200 or not response.body:
            return response
        tree = msgspec.json.decode(response.body)
        change(tree)
        body = msgspec.json.encode(tree)
        return response if body == response.body else msgspec.structs.replace(response, body=body)

    return alter


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    for item in node if isinstance(node, list) else ():
        yield from _objects(item)


def _records(tree: dict[str, Any]) -> list[dict[str, Any]]:
    data = tree["data"]
    return data if isinstance(data, list) else [data]


def _numbers_as_strings(tree: dict[str, Any]) -> None:
    for each in _objects(tree["data"]):
        numbers = {k: str(v) for k, v in each.items() if type(v) is int}
        each.update(numbers)


def _lower_case_currency(tree: dict[str, Any]) -> None:
    for each in _objects(tree["data"]):
        if "currency" in each:
            each["currency"] = each["currency"].lower()


def _mixed_instants(tree: dict[str, Any]) -> None:
    """Every other instant of a record ends in `+00:00`, the others in `Z` with a fraction."""
    for each in _objects(tree["data"]):
        instants = [k for k, v in each.items() if isinstance(v, str) and _INSTANT.fullmatch(v)]
        for index, name in enumerate(instants):
            suffix = ".000000Z" if index % 2 else "+00:00"
            each[name] = _INSTANT.sub(rf"\1{suffix}", each[name])


def _links_without_per_page(tree: dict[str, Any]) -> None:
    links = tree.get("links", {})
    links.update({name: re.sub(r"[?&]per_page=\d+", "", url) for name, url in links.items() if url})


def _unknown_enum_member(tree: dict[str, Any]) -> None:
    for each in _records(tree)[:1]:
        if "status" in each:
            each["status"] = "something_new"


def _unknown_field(tree: dict[str, Any]) -> None:
    for each in _records(tree):
        each["a_field_from_tomorrow"] = "Additive change: a client must ignore it."


def _unexpected_nulls(tree: dict[str, Any]) -> None:
    for each in _records(tree):
        nulls = [k for k in each if k in ("attention_reason", "basket_id") or k.startswith("card_")]
        each.update(dict.fromkeys(nulls))


def _edge_error(_request: Request, _response: Response) -> Response:
    body = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    return Response(502, body, (("Content-Type", "text/html"),))


def _slow_large_page(_request: Request, response: Response) -> Response:
    if response.status != 200 or response.body.count(b'"order_ref"') < LARGE_PAGE:
        return response
    return msgspec.structs.replace(response, delay_s=response.delay_s + LARGE_PAGE_DELAY_S)


QUIRKS = {
    "numbers-as-strings": Quirk(
        "Whole numbers are sent as strings.", False, _on_success(_numbers_as_strings)
    ),
    "lower-case-currency": Quirk(
        "Currency codes are in lower case.", True, _on_success(_lower_case_currency)
    ),
    "mixed-instants": Quirk(
        "Instants end in `+00:00` or in `Z` with a fraction.", True, _on_success(_mixed_instants)
    ),
    "links-without-per-page": Quirk(
        "Page links forget the page size.", True, _on_success(_links_without_per_page)
    ),
    "unknown-enum-member": Quirk(
        "The first record's status is one nobody knows.", False, _on_success(_unknown_enum_member)
    ),
    "unknown-field": Quirk(
        "Records carry a field nobody knows.", True, _on_success(_unknown_field)
    ),
    "unexpected-nulls": Quirk(
        "attention_reason, basket_id and card fields are null.",
        False,
        _on_success(_unexpected_nulls),
    ),
    "edge-error": Quirk("An HTML 502 from the edge answers everything.", False, _edge_error),
    "slow-large-page": Quirk(
        f"A page of {LARGE_PAGE} orders or more takes {LARGE_PAGE_DELAY_S:g} s.",
        True,
        _slow_large_page,
    ),
}
