"""Mutants in the `meta` of a page."""

from contract_tests.mutants.message import Request
from contract_tests.mutants.mutant import ORDERS, Tree, edit


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


@edit("PAGE-04", ORDERS)
def the_total_is_one_too_high_later_on(tree: Tree, _request: Request) -> None:
    """From page 2 on `total` is one too high, though it needs no page more."""
    meta = tree["meta"]
    if meta["current_page"] > 1 and meta["total"] % meta["per_page"]:
        meta["total"] += 1


@edit("PAGE-04", ORDERS)
def the_last_page_is_called_by_another_number(tree: Tree, _request: Request) -> None:
    """On the last of several pages `current_page` is one less."""
    tree["meta"]["current_page"] -= tree["meta"]["current_page"] == tree["meta"]["last_page"] > 1


@edit("PAGE-06", ORDERS)
def past_the_end_from_is_one(tree: Tree, _request: Request) -> None:
    """Past the end `from` and `to` are 1 in place of null."""
    if not tree["data"] and tree["meta"]["total"]:
        tree["meta"].update({"from": 1, "to": 1})


@edit("PAGE-07", ORDERS)
def with_no_orders_there_are_two_pages(tree: Tree, _request: Request) -> None:
    """With no orders `last_page` is 2."""
    if not tree["meta"]["total"]:
        tree["meta"]["last_page"] = 2


@edit("PAGE-07", ORDERS)
def with_no_orders_there_is_no_page(tree: Tree, _request: Request) -> None:
    """With no orders `last_page` is null."""
    if not tree["meta"]["total"]:
        tree["meta"]["last_page"] = None


@edit(("PAGE-07", "PAGE-04"), ORDERS)
def with_no_orders_the_total_is_one(tree: Tree, _request: Request) -> None:
    """With no orders `total` is 1."""
    tree["meta"]["total"] = tree["meta"]["total"] or 1


@edit("PAGE-04", ORDERS, needs="a customer without orders")
def with_no_orders_the_first_is_one(tree: Tree, _request: Request) -> None:
    """With no orders `from` is 1."""
    tree["meta"]["from"] = 1 if not tree["meta"]["total"] else tree["meta"]["from"]
