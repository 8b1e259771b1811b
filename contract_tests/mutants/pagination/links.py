"""Mutants in the `links` of a page."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from contract_tests.mutants.message import Request
from contract_tests.mutants.mutant import ORDERS, Tree, edit


def queried(url: str, **changes: int | None) -> str:
    """The same link with other values in its query; None leaves a parameter out."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | {name: str(value) for name, value in changes.items()}
    kept = {name: value for name, value in query.items() if value != "None"}
    return parts._replace(query=urlencode(kept)).geturl()


@edit("PAGE-05", ORDERS)
def the_last_page_has_a_next(tree: Tree, _request: Request) -> None:
    """The last page has a link to a next one."""
    meta, links = tree["meta"], tree["links"]
    if meta["current_page"] == meta["last_page"]:
        links["next"] = queried(links["last"], page=meta["last_page"] + 1)


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
    if tree["meta"]["current_page"] == 2 and tree["links"].get("next"):
        tree["links"]["next"] = tree["links"]["last"]


@edit("PAGE-05", ORDERS)
def links_are_relative(tree: Tree, _request: Request) -> None:
    """Links are paths."""
    links = tree["links"]
    links.update({name: ORDERS + url.partition(ORDERS)[2] for name, url in links.items() if url})


@edit("PAGE-05", ORDERS)
def last_leads_to_the_first(tree: Tree, _request: Request) -> None:
    """The link `last` leads to the first page."""
    tree["links"]["last"] = tree["links"]["first"]


@edit("PAGE-12", ORDERS)
def links_name_another_size(tree: Tree, _request: Request) -> None:
    """The link to the next page names a page size of its own."""
    if tree["links"].get("next"):
        tree["links"]["next"] = queried(tree["links"]["next"], per_page=3)


@edit("PAGE-12", ORDERS)
def links_back_name_another_size(tree: Tree, _request: Request) -> None:
    """Only the link to the previous page names a page size of its own."""
    if tree["links"].get("prev"):
        tree["links"]["prev"] = queried(tree["links"]["prev"], per_page=15)


@edit("PAGE-05", ORDERS)
def prev_leads_elsewhere(tree: Tree, _request: Request) -> None:
    """The link to the page before leads to another path."""
    if before := tree["links"].get("prev"):
        tree["links"]["prev"] = before.replace("/my-account/orders", "/orders")


@edit("PAGE-05", ORDERS)
def links_lead_to_another_host(tree: Tree, _request: Request) -> None:
    """Links lead to the same path of another host."""
    for name, url in tree["links"].items():
        tree["links"][name] = url and urlsplit(url)._replace(netloc="internal:8080").geturl()


@edit("PAGE-05", ORDERS)
def links_back_lead_to_another_path(tree: Tree, _request: Request) -> None:
    """The link back leaves out where the shop is."""
    if url := tree["links"].get("prev"):
        tree["links"]["prev"] = url.replace("/shop/", "/")


@edit("PAGE-12", ORDERS)
def links_name_the_usual_size(tree: Tree, request: Request) -> None:
    """Links name the page size although none was asked for."""
    if "per_page" not in request.query:
        size = tree["meta"]["per_page"]
        links = tree["links"]
        links.update({name: url and queried(url, per_page=size) for name, url in links.items()})
