"""Mutants in how the page that is asked for is read."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ORDERS,
    Tree,
    answer,
    at,
    changed,
    edit,
    error,
    mutant,
    without_repeats,
)
from contract_tests.mutants.people import People


def with_query(request: Request, **more: int) -> Request:
    """The same request with some numbers of its query changed."""
    query = {name: values[0] for name, values in parse_qs(request.query).items()}
    return replace(request, query=urlencode(query | more))


def number(request: Request, name: str) -> int | None:
    """A number that the query names; None where it names none."""
    text = parse_qs(request.query).get(name, [""])[0]
    return int(text) if text.isdigit() else None


def _values_of(request: Request, name: str) -> list[str]:
    """What the query says of a parameter of the orders."""
    queried = parse_qs(request.query, keep_blank_values=True) if at(request, ORDERS) else {}
    return queried.get(name, [])


@mutant("PAGE-01")
def pages_count_from_zero(request: Request, send: Send, _people: People) -> Response:
    """`page=1` shows the second page."""
    page = number(request, "page")
    counted = at(request, ORDERS) and page is not None and page > 0
    return send(with_query(request, page=(page or 0) + 1) if counted else request)


@mutant("PAGE-01")
def with_a_size_alone_page_two_is_shown(request: Request, send: Send, _people: People) -> Response:
    """Without `page` the second page is shown, if a page size is given."""
    alone = number(request, "per_page") and not _values_of(request, "page")
    return send(with_query(request, page=2) if alone and at(request, ORDERS) else request)


@mutant("PAGE-02")
def a_large_page_is_refused(request: Request, send: Send, _people: People) -> Response:
    """A page size over the cap is answered 400."""
    large = at(request, ORDERS) and (number(request, "per_page") or 0) > 100
    return error(400, "per_page must not be over 100") if large else send(request)


@mutant(("PAGE-02", "BODY-01"))
def a_page_of_thirty_is_refused(request: Request, send: Send, _people: People) -> Response:
    """A page size over 25 is answered 400."""
    large = at(request, ORDERS) and (number(request, "per_page") or 0) > 25
    return error(400, "per_page must not be over 25") if large else send(request)


@edit("PAGE-02", ORDERS)
def meta_tells_the_size_asked_for(tree: Tree, request: Request) -> None:
    """`meta.per_page` is what was asked for, not what was applied."""
    tree["meta"]["per_page"] = number(request, "per_page") or tree["meta"]["per_page"]


@mutant("PAGE-02")
def the_page_size_is_ignored(request: Request, send: Send, _people: People) -> Response:
    """Every page has 15 orders, whatever is asked."""
    sized = at(request, ORDERS) and number(request, "per_page")
    return send(with_query(request, per_page=15) if sized else request)


@answer("PAGE-02", ORDERS)
def the_cap_is_one_less(response: Response, request: Request) -> Response:
    """A page over the cap has one order less than `meta.per_page` tells."""
    return (
        changed(request, response, _shorten)
        if (number(request, "per_page") or 0) > 100
        else response
    )


def _shorten(tree: Tree, _request: Request) -> None:
    tree["data"] = tree["data"][:-1]


def _one_where(
    request: Request, send: Send, name: str, forgiven: Callable[[str], bool]
) -> Response:
    """The answer as if a parameter that is forgiven were 1."""
    values = _values_of(request, name)
    taken = len(values) == 1 and forgiven(values[0])
    return send(with_query(request, **{name: 1}) if taken else request)


@mutant("PAGE-10")
def page_zero_is_page_one(request: Request, send: Send, _people: People) -> Response:
    """`page=0` is taken for page 1."""
    return _one_where(request, send, "page", lambda text: text == "0")


@mutant("PAGE-10")
def bad_sizes_are_taken_for_one(request: Request, send: Send, _people: People) -> Response:
    """A negative page size is taken for 1."""
    return _one_where(request, send, "per_page", lambda text: text.startswith("-"))


@mutant("PAGE-10")
def minus_one_is_all(request: Request, send: Send, _people: People) -> Response:
    """`per_page=-1` is taken for all there are."""
    return _one_where(request, send, "per_page", lambda text: text == "-1")


@mutant("PAGE-10")
def an_empty_number_is_one(request: Request, send: Send, _people: People) -> Response:
    """`page=` is taken for page 1."""
    return _one_where(request, send, "page", lambda text: not text)


@mutant("PAGE-10")
def fractions_of_a_page_are_dropped(request: Request, send: Send, _people: People) -> Response:
    """A page number with a decimal point is taken for 1."""
    return _one_where(request, send, "page", lambda text: "." in text)


@mutant("PAGE-10")
def letters_break_the_server(request: Request, send: Send, _people: People) -> Response:
    """A page number in letters is answered 500."""
    return error(500) if any(map(str.isalpha, _values_of(request, "page"))) else send(request)


@answer("PAGE-10", ORDERS, status=400)
def the_parameter_is_not_named(response: Response, _request: Request) -> Response:
    """The 400 does not say which parameter was wrong."""
    return error(400, "Bad request.")


def _first_counts(request: Request, send: Send, name: str) -> Response:
    twice = len(_values_of(request, name)) > 1
    return send(with_query(request) if twice else request)


@mutant("PAGE-11")
def the_first_of_two_pages_counts(request: Request, send: Send, _people: People) -> Response:
    """Of a repeated `page` the first counts."""
    return _first_counts(request, send, "page")


@mutant("PAGE-11")
def the_first_of_two_sizes_counts(request: Request, send: Send, _people: People) -> Response:
    """Of a repeated `per_page` the first counts; a repeated `page` is refused."""
    return _first_counts(request, send, "per_page")


@mutant("PAGE-11")
def the_same_size_twice_will_do(request: Request, send: Send, _people: People) -> Response:
    """A parameter may be repeated as long as it says the same."""
    return send(without_repeats(request) if at(request, ORDERS) else request)
