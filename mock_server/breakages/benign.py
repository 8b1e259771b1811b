"""Harmless variants: what an implementation may do, and no law may mind."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from mock_server.breakages.breakage import (
    ORDERS,
    Breakage,
    Tree,
    at,
    edit,
    error,
    fault,
    remembering,
    role,
)
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.changes import ClockSet
from mock_server.worlds.moments import Duration
from mock_server.worlds.sandbox import PlantedFault, Sandbox

BENIGN = ""
EVERY_NTH = 25
JSON = (("Content-Type", "application/json"),)


def _walked(node: Any, change: Callable[[dict[str, Any]], None]) -> None:
    if isinstance(node, dict):
        change(node)
        node = list(node.values())
    for item in node if isinstance(node, list) else ():
        _walked(item, change)


def _each_text(tree: Tree, change: Callable[[str], str]) -> None:
    def replaced(each: dict[str, Any]) -> None:
        each.update({k: change(v) for k, v in each.items() if isinstance(v, str)})

    _walked(tree, replaced)


def _is_instant(text: str) -> bool:
    return len(text) >= 20 and text[4] == "-" and text[10] == "T" and text.endswith("Z")


def _rewritten(response: Response, write: Callable[[Any], str]) -> Response:
    if not response.body or response.header("Content-Type") != "application/json":
        return response
    return replace(response, body=write(msgspec.json.decode(response.body)).encode())


@fault(BENIGN)
def keys_in_another_order(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Keys come in alphabetical order."""
    return _rewritten(answer(request), lambda tree: json.dumps(tree, sort_keys=True))


@fault(BENIGN)
def unicode_escapes(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Everything that is not ASCII is escaped, and there is white space."""
    return _rewritten(answer(request), lambda tree: json.dumps(tree, ensure_ascii=True, indent=2))


@fault(BENIGN)
def chunked(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Answers come in chunks, without a length."""
    return replace(answer(request), chunked=True)


@edit(BENIGN)
def offsets_in_place_of_z(tree: Tree, _request: Request) -> None:
    """Instants end in +00:00."""
    _each_text(tree, lambda text: f"{text[:-1]}+00:00" if _is_instant(text) else text)


@edit(BENIGN)
def fractional_seconds(tree: Tree, _request: Request) -> None:
    """Instants have microseconds."""
    _each_text(tree, lambda text: f"{text[:19]}.000000Z" if _is_instant(text) else text)


@fault(BENIGN)
def extra_headers(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Answers carry headers that nobody knows, and a charset."""
    response = answer(request)
    more = (("X-Request-Id", "8c1f"), ("Cache-Control", "no-store"), ("X-Powered-By", "steam"))
    kept = tuple(each for each in response.headers if each[0] != "Content-Type")
    kind = (
        (("Content-Type", "application/json; charset=utf-8"),) if kept != response.headers else ()
    )
    return replace(response, headers=(*kept, *kind, *more))


@fault(BENIGN)
def slow(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Answers take 300 ms."""
    return replace(answer(request), delay_s=0.3)


@remembering(BENIGN)
def busy_now_and_then() -> PlantedFault:
    """One request in 25 is answered 429, to be sent again after a second."""
    count = 0

    def busy(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        nonlocal count
        count += 1
        if count % EVERY_NTH:
            return answer(request)
        told = error(429, "Slow down.")
        return replace(told, headers=(*told.headers, ("Retry-After", "1")))

    return busy


@remembering(BENIGN)
def a_clock_ahead() -> PlantedFault:
    """The clock is 90 seconds ahead of what the server says that it is."""
    return _off_by(90)


@remembering(BENIGN)
def a_clock_behind() -> PlantedFault:
    """The clock is 90 seconds behind what the server says that it is."""
    return _off_by(-90)


def _off_by(seconds: int) -> PlantedFault:
    by = Duration(time=timedelta(seconds=seconds))
    moved = False

    def off(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
        nonlocal moved
        if not moved:
            moved = True
            sandbox.apply(ClockSet(sandbox.clock.later(by)))
        return answer(request)

    return off


@remembering(BENIGN)
def unavailable_once() -> PlantedFault:
    """The thirtieth request is answered 503, the others well."""
    count = 0

    def once(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        nonlocal count
        count += 1
        return error(503, "Back in a moment.") if count == 30 else answer(request)

    return once


@fault(BENIGN)
def other_wording(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Errors are told in other words, the parameter's name among them."""
    response = answer(request)
    if response.status < 400 or not response.body:
        return response
    told = json.loads(response.body)["message"]
    named = [each for each in ("per_page", "page", "redeemed", "expired") if each in told]
    text = f"Unprozessierbar: {' '.join(named)} (Kundentoken, customer token)"
    return replace(response, body=msgspec.json.encode({"message": text, "code": 17}))


@fault(BENIGN)
def strangers_are_401_everywhere(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """401 comes before 404 and 405."""
    response = answer(request)
    if response.status in (404, 405) and role(request) != "customer":
        return replace(error(401), headers=(*JSON, ("WWW-Authenticate", "Bearer")))
    return response


@fault(BENIGN)
def a_proxy_answers_other_methods(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A proxy refuses methods that it does not know, in its own words."""
    if request.method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
        return answer(request)
    return Response(405, b"<h1>405 Not Allowed</h1>", (("Content-Type", "text/html"),))


@fault(BENIGN)
def head_is_not_implemented(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """HEAD is answered 405."""
    refused = replace(error(405), headers=(*JSON, ("Allow", "GET")))
    return refused if request.method == "HEAD" else answer(request)


@fault(BENIGN)
def options_is_not_implemented(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """OPTIONS that is no preflight is answered 404."""
    return error(404) if request.method == "OPTIONS" else answer(request)


@remembering(BENIGN)
def an_order_arrives() -> PlantedFault:
    """The newest order only arrives at the tenth read of the orders."""
    reads = 0

    def arriving(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        nonlocal reads
        if not at(request, ORDERS):
            return answer(request)
        reads += 1
        return answer(request) if reads > 9 else _one_order_less(request, answer)

    return arriving


def _one_order_less(request: Request, answer: Answer) -> Response:
    """A page as it was before the newest order: everything stands one place further up."""
    response = answer(request)
    if response.status != 200:
        return response
    tree = msgspec.json.decode(response.body)
    meta, size = tree["meta"], tree["meta"]["per_page"]
    if not meta["total"]:
        return response
    number = meta["current_page"]
    query = f"page={number + 1}&per_page={size}"
    after = msgspec.json.decode(answer(replace(request, query=query)).body)["data"]
    tree["data"] = [*tree["data"][1:], *after[:1]]
    _recounted(tree, meta["total"] - 1)
    return replace(response, body=msgspec.json.encode(tree))


def _recounted(tree: Tree, total: int) -> None:
    meta, links = tree["meta"], tree["links"]
    size, number, count = meta["per_page"], meta["current_page"], len(tree["data"])
    last = max(1, -(-total // size))
    start = (number - 1) * size
    meta.update({"total": total, "last_page": last})
    meta.update({"from": start + 1 if count else None, "to": start + count if count else None})
    links["last"] = links["first"].replace("page=1", f"page={last}", 1)
    if number >= last:
        links.pop("next", None)


@edit(BENIGN, ORDERS)
def absent_ends_are_null(tree: Tree, _request: Request) -> None:
    """Links that do not exist are null."""
    tree["links"].setdefault("next", None)
    tree["links"].setdefault("prev", None)


@edit(BENIGN, ORDERS)
def links_forget_the_page_size(tree: Tree, _request: Request) -> None:
    """Links leave per_page out."""
    links = tree["links"]
    links.update({name: url.partition("&per_page")[0] for name, url in links.items()})


@edit(BENIGN)
def optional_fields_are_absent(tree: Tree, _request: Request) -> None:
    """Fields that may be left out are left out."""

    def drop(each: dict[str, Any]) -> None:
        for name in ("path", "revoked_at") if "coupon_code" not in each else ("path",):
            each.pop(name, None)

    _walked(tree, drop)


@edit(BENIGN)
def currencies_in_lower_case(tree: Tree, _request: Request) -> None:
    """Currency codes are in lower case."""
    _walked(
        tree,
        lambda each: each.update(
            {"currency": each["currency"].lower()} if "currency" in each else {}
        ),
    )


@edit(BENIGN)
def fields_from_tomorrow(tree: Tree, _request: Request) -> None:
    """Every object has a field that nobody knows."""
    if isinstance(tree.get("data"), list | dict):
        _walked(tree["data"], lambda each: each.update({"from_tomorrow": [1, 2]}))


@edit(BENIGN)
def an_item_type_from_tomorrow(tree: Tree, _request: Request) -> None:
    """A booking is of a type that the open list does not name yet."""
    _walked(
        tree, lambda each: each.update({"item_type": "hologram"} if "item_type" in each else {})
    )


@fault(BENIGN)
def a_lower_cap(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """The largest page has 20 orders."""
    if not at(request, ORDERS) or request.query.count("per_page=") != 1:
        return answer(request)
    capped = re.sub(r"per_page=(?:2[1-9]|[3-9]\d|\d{3,})\b", "per_page=20", request.query)
    return answer(replace(request, query=capped))


@fault(BENIGN)
def ten_on_a_page(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page has ten orders unless told otherwise."""
    plain = at(request, ORDERS) and "per_page" not in request.query
    query = "&".join(filter(None, (request.query, "per_page=10")))
    return answer(replace(request, query=query) if plain else request)


def _world(id: str, text: str, overrides: dict[str, Any]) -> Breakage:
    return Breakage(id, "benign", BENIGN, text, lambda: _as_it_is, overrides)


def _as_it_is(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
    return answer(request)


MANY_ORDERS = _world(
    "twenty-thousand-orders",
    "A customer has 20,000 orders.",
    {"customers": {"ada": {"orders": {"history": {"count": 20_000, "every": "PT2H"}}}}},
)
EMPTY_ACCOUNT = _world(
    "empty-account",
    "The first customer has nothing at all.",
    {"customers": {"ada": dict.fromkeys(("credits", "orders", "charges"))}},
)
OTHER_NAMES = _world(
    "names-of-the-world",
    "Customers have names in other scripts.",
    {
        "customers": {
            "ada": {"customer": {"first_name": "عائشة", "last_name": "بنت محمد"}},
            "ben": {"customer": {"first_name": "李", "last_name": "小龙 🐉"}},
        }
    },
)
