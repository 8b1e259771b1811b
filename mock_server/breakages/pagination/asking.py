"""Faults in how the page that is asked for is read."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

from msgspec.structs import replace

from mock_server.breakages.breakage import (
    ORDERS,
    Tree,
    at,
    changed,
    edit,
    error,
    fault,
    without_repeats,
)
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import Sandbox


def asked(request: Request, **more: int) -> Request:
    """The same request with some numbers of its query changed."""
    query = {name: values[0] for name, values in parse_qs(request.query).items()}
    return replace(request, query=urlencode(query | more))


def number(request: Request, name: str) -> int | None:
    """A number that the query names; None where it names none."""
    text = parse_qs(request.query).get(name, [""])[0]
    return int(text) if text.isdigit() else None


def _queried(request: Request, name: str) -> list[str]:
    """What the query says of a parameter of the orders."""
    queried = parse_qs(request.query, keep_blank_values=True) if at(request, ORDERS) else {}
    return queried.get(name, [])


@fault("PAGE-01")
def pages_count_from_zero(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """`page=1` shows the second page."""
    page = number(request, "page")
    counted = at(request, ORDERS) and page is not None and page > 0
    return answer(asked(request, page=(page or 0) + 1) if counted else request)


@fault("PAGE-01")
def with_a_size_alone_page_two_is_shown(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Without `page` the second page is shown, if a page size is given."""
    alone = number(request, "per_page") and not _queried(request, "page")
    return answer(asked(request, page=2) if alone and at(request, ORDERS) else request)


@fault("PAGE-02")
def a_large_page_is_refused(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page size over the cap is answered 400."""
    large = at(request, ORDERS) and (number(request, "per_page") or 0) > 100
    return error(400, "per_page must not be over 100") if large else answer(request)


@edit("PAGE-02", ORDERS)
def meta_tells_the_size_asked_for(tree: Tree, request: Request) -> None:
    """`meta.per_page` is what was asked for, not what was applied."""
    tree["meta"]["per_page"] = number(request, "per_page") or tree["meta"]["per_page"]


@fault("PAGE-02")
def the_page_size_is_ignored(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Every page has 15 orders, whatever is asked."""
    sized = at(request, ORDERS) and number(request, "per_page")
    return answer(asked(request, per_page=15) if sized else request)


@fault("PAGE-02")
def the_cap_is_one_less(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page over the cap has one order less than `meta.per_page` tells."""
    response = answer(request)
    over = at(request, ORDERS) and (number(request, "per_page") or 0) > 100
    return changed(request, response, _shorten) if over else response


def _shorten(tree: Tree, _request: Request) -> None:
    tree["data"] = tree["data"][:-1]


def _one_where(
    request: Request, answer: Answer, name: str, forgiven: Callable[[str], bool]
) -> Response:
    """The answer as if a parameter that is forgiven were 1."""
    said = _queried(request, name)
    taken = len(said) == 1 and forgiven(said[0])
    return answer(asked(request, **{name: 1}) if taken else request)


@fault("PAGE-10")
def page_zero_is_page_one(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """`page=0` is taken for page 1."""
    return _one_where(request, answer, "page", lambda text: text == "0")


@fault("PAGE-10")
def bad_sizes_are_taken_for_one(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A negative page size is taken for 1."""
    return _one_where(request, answer, "per_page", lambda text: text.startswith("-"))


@fault("PAGE-10")
def an_empty_number_is_one(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """`page=` is taken for page 1."""
    return _one_where(request, answer, "page", lambda text: not text)


@fault("PAGE-10")
def fractions_of_a_page_are_dropped(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page number with a decimal point is taken for 1."""
    return _one_where(request, answer, "page", lambda text: "." in text)


@fault("PAGE-10")
def letters_break_the_server(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A page number in letters is answered 500."""
    return error(500) if any(map(str.isalpha, _queried(request, "page"))) else answer(request)


@fault("PAGE-10")
def the_parameter_is_not_named(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """The 400 does not say which parameter was wrong."""
    response = answer(request)
    return (
        error(400, "Bad request.") if at(request, ORDERS) and response.status == 400 else response
    )


def _first_counts(request: Request, answer: Answer, name: str) -> Response:
    twice = len(_queried(request, name)) > 1
    return answer(asked(request) if twice else request)


@fault("PAGE-11")
def the_first_of_two_pages_counts(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Of a repeated `page` the first counts."""
    return _first_counts(request, answer, "page")


@fault("PAGE-11")
def the_first_of_two_sizes_counts(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """Of a repeated `per_page` the first counts; a repeated `page` is refused."""
    return _first_counts(request, answer, "per_page")


@fault("PAGE-11")
def the_same_size_twice_will_do(request: Request, answer: Answer, _s: Sandbox) -> Response:
    """A parameter may be repeated as long as it says the same."""
    return answer(without_repeats(request) if at(request, ORDERS) else request)
