"""The same JSON, written in another way."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    HARMLESS,
    Change,
    Tree,
    answer,
    at,
    changed,
    edit,
    mutant,
    stateful,
    without_header,
)
from contract_tests.mutants.people import People

PARIS = timezone(timedelta(hours=2))


def walk(node: Any, change: Callable[[dict[str, Any]], None]) -> None:
    """Change every object of a tree, from the outside in."""
    if isinstance(node, dict):
        change(node)
        node = list(node.values())
    for item in node if isinstance(node, list) else ():
        walk(item, change)


def _texts(tree: Tree, change: Callable[[str], str]) -> None:
    def update(node: dict[str, Any]) -> None:
        node.update({key: change(text) for key, text in node.items() if isinstance(text, str)})

    walk(tree, update)


def _is_instant(text: str) -> bool:
    return len(text) >= 20 and text[4] == "-" and text[10] == "T" and text.endswith("Z")


def _rewritten(response: Response, write: Callable[[Any], str]) -> Response:
    is_json = (response.header("Content-Type") or "").startswith("application/json")
    if not response.body or not is_json:
        return response
    return replace(response, body=write(json.loads(response.body)).encode())


@mutant(HARMLESS)
def keys_in_another_order(request: Request, send: Send, _people: People) -> Response:
    """Keys come in alphabetical order."""
    return _rewritten(send(request), lambda tree: json.dumps(tree, sort_keys=True))


@mutant(HARMLESS)
def unicode_escapes(request: Request, send: Send, _people: People) -> Response:
    """Everything that is not ASCII is escaped, and there is white space."""
    return _rewritten(send(request), lambda tree: json.dumps(tree, ensure_ascii=True, indent=2))


@edit(HARMLESS)
def offsets_in_place_of_z(tree: Tree, _request: Request) -> None:
    """Instants end in +00:00."""
    _texts(tree, lambda text: f"{text[:-1]}+00:00" if _is_instant(text) else text)


@stateful(HARMLESS)
def two_nodes_write_differently() -> Change:
    """Two nodes answer in turn, each with its own zone and its own case of currencies."""
    turns = count()

    def answering(request: Request, send: Send, _people: People) -> Response:
        if next(turns) % 2:
            return send(request)

        def rewrite(tree: Tree, _request: Request) -> None:
            _told_in_paris(tree, request)
            walk(tree, _lower_currency)

        return changed(request, send(request), rewrite)

    return answering


@mutant(HARMLESS)
def each_customer_has_a_zone(request: Request, send: Send, people: People) -> Response:
    """Instants are told in a zone of the customer's."""
    response = send(request)
    if people.name(request) in ("", people.names[0]):
        return response
    if request.method == "HEAD":
        return without_header(response, "Content-Length")
    return changed(request, response, _told_in_paris)


def _told_in_paris(tree: Tree, _request: Request) -> None:
    _texts(tree, lambda text: _in_paris(text) if _is_instant(text) else text)


def _in_paris(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(PARIS).isoformat()


@edit(HARMLESS)
def instants_in_small_letters(tree: Tree, _request: Request) -> None:
    """Instants have a small `t` and `z`, as RFC 3339 allows."""
    _texts(tree, lambda text: text.lower() if _is_instant(text) else text)


@edit(HARMLESS)
def fractional_seconds(tree: Tree, _request: Request) -> None:
    """Instants have microseconds."""
    _texts(tree, lambda text: f"{text[:19]}.000000Z" if _is_instant(text) else text)


@mutant(HARMLESS)
def integers_as_decimals(request: Request, send: Send, _people: People) -> Response:
    """Integers are written as `10.0`, which is the same number in JSON."""
    return _rewritten(send(request), lambda tree: json.dumps(_decimal(tree)))


@answer(HARMLESS, status=200)
def a_byte_order_mark(response: Response, _request: Request) -> Response:
    """Bodies begin with a byte order mark, which browsers drop."""
    return replace(response, body=b"\xef\xbb\xbf" + response.body if response.body else b"")


@answer(HARMLESS, status=200)
def a_key_twice(response: Response, _request: Request) -> Response:
    """`data` stands twice, the first time as null; to browsers the last one counts."""
    return replace(response, body=response.body.replace(b'{"data":', b'{"data":null,"data":', 1))


def _decimal(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _decimal(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_decimal(item) for item in node]
    return float(node) if isinstance(node, int) and not isinstance(node, bool) else node


@edit(HARMLESS)
def currencies_in_lower_case(tree: Tree, _request: Request) -> None:
    """Currency codes are in lower case."""
    walk(tree, _lower_currency)


def _lower_currency(node: dict[str, Any]) -> None:
    if isinstance(node.get("currency"), str):
        node["currency"] = node["currency"].lower()


@edit(HARMLESS)
def optional_fields_are_absent(tree: Tree, _request: Request) -> None:
    """Fields that may be left out are left out."""

    def drop(node: dict[str, Any]) -> None:
        for name in ("path", "revoked_at") if "coupon_code" not in node else ("path",):
            node.pop(name, None)

    walk(tree, drop)


@edit(HARMLESS)
def fields_from_tomorrow(tree: Tree, _request: Request) -> None:
    """Every object has a field that nobody knows."""
    walk(tree.get("data"), lambda node: node.update({"from_tomorrow": [1, 2]}))


@edit(HARMLESS)
def fields_beside_data(tree: Tree, _request: Request) -> None:
    """A body has a field of its own beside `data`."""
    tree["api_version"] = "2026-11"


@edit(HARMLESS)
def an_item_type_from_tomorrow(tree: Tree, _request: Request) -> None:
    """A booking is of a type that the open list does not name yet."""

    def rename(node: dict[str, Any]) -> None:
        if "item_type" in node:
            node["item_type"] = "hologram"

    walk(tree, rename)


@stateful(HARMLESS)
def two_nodes_date_an_account_differently() -> Change:
    """Two nodes answer in turn, one of which writes when an account changed with `+00:00`."""
    turns = count()

    def dated(request: Request, send: Send, _people: People) -> Response:
        response = send(request)
        if not at(request, ACCOUNT) or response.status != 200 or next(turns) % 2:
            return response

        def date(tree: Tree, _request: Request) -> None:
            tree["data"]["updated_at"] = tree["data"]["updated_at"].replace("Z", "+00:00")

        return changed(request, response, date)

    return dated
