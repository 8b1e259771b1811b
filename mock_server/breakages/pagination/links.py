"""Faults in the `links` of a page."""

from mock_server.breakages.breakage import ORDERS, Tree, edit
from mock_server.http.exchange import Request


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
def the_first_page_has_a_prev(tree: Tree, _request: Request) -> None:
    """The first of several pages has a link back to itself."""
    if tree["meta"]["current_page"] == 1 < tree["meta"]["last_page"]:
        tree["links"]["prev"] = tree["links"]["first"]


@edit("PAGE-05", ORDERS)
def the_last_but_one_has_no_next(tree: Tree, _request: Request) -> None:
    """The page before the last has no link to it."""
    if tree["meta"]["current_page"] == tree["meta"]["last_page"] - 1:
        del tree["links"]["next"]


@edit("PAGE-05", ORDERS)
def next_skips_a_page(tree: Tree, _request: Request) -> None:
    """From page 2 the link `next` leads to the last page."""
    if tree["meta"]["current_page"] == 2 and "next" in tree["links"]:
        tree["links"]["next"] = tree["links"]["last"]


@edit("PAGE-05", ORDERS)
def links_are_relative(tree: Tree, _request: Request) -> None:
    """Links are paths."""
    links = tree["links"]
    links.update({name: ORDERS + url.partition(ORDERS)[2] for name, url in links.items()})


@edit("PAGE-05", ORDERS)
def last_leads_to_the_first(tree: Tree, _request: Request) -> None:
    """The link `last` leads to the first page."""
    tree["links"]["last"] = tree["links"]["first"]


@edit("PAGE-12", ORDERS)
def links_name_another_size(tree: Tree, _request: Request) -> None:
    """The link to the next page names a page size of its own."""
    if "next" in tree["links"]:
        tree["links"]["next"] = tree["links"]["next"].partition("&")[0] + "&per_page=3"


@edit("PAGE-12", ORDERS)
def links_back_name_another_size(tree: Tree, _request: Request) -> None:
    """Only the link to the previous page names a page size of its own."""
    if "prev" in tree["links"]:
        tree["links"]["prev"] = tree["links"]["prev"].partition("&")[0] + "&per_page=15"


@edit("PAGE-05", ORDERS)
def prev_leads_elsewhere(tree: Tree, _request: Request) -> None:
    """The link to the page before leads to another path."""
    if before := tree["links"].get("prev"):
        tree["links"]["prev"] = before.replace("/my-account/orders", "/orders")
