"""Mutants at one page size alone, at numbers of an odd form, and at two oddities at once."""

from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlencode

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ORDERS,
    Change,
    Edit,
    Tree,
    at,
    changed,
    error,
    mutant,
    stateful,
)
from contract_tests.mutants.people import People


def _text_of(request: Request, name: str) -> str | None:
    """What the query says of a parameter of the orders."""
    query = parse_qs(request.query, keep_blank_values=True) if at(request, ORDERS) else {}
    return query.get(name, [None])[0]


def _at_size(size: int, request: Request, send: Send, edit: Edit) -> Response:
    response = send(request)
    return (
        changed(request, response, edit) if _text_of(request, "per_page") == f"{size}" else response
    )


@mutant(("PAGE-02", "PAGE-03", "PAGE-04"))
def a_page_of_seven_has_six(request: Request, send: Send, _people: People) -> Response:
    """Of a page of seven the last order is missing."""

    def cut(tree: Tree, _request: Request) -> None:
        tree["data"] = tree["data"][:6]

    return _at_size(7, request, send, cut)


@mutant(("PAGE-08", "PAGE-09"), needs="a customer with two orders")
def a_page_of_eleven_begins_with_the_second(
    request: Request, send: Send, _people: People
) -> Response:
    """On a page of eleven the first two orders are swapped."""

    def swap(tree: Tree, _request: Request) -> None:
        first, second, *others = tree["data"]
        tree["data"] = [second, first, *others]

    return _at_size(11, request, send, swap)


@mutant(("PAGE-04", "PAGE-05"))
def pages_of_thirteen_are_one_more(request: Request, send: Send, _people: People) -> Response:
    """With thirteen on a page there is said to be one page more."""

    def count(tree: Tree, _request: Request) -> None:
        tree["meta"]["last_page"] += 1

    return _at_size(13, request, send, count)


@mutant(("PAGE-02", "PAGE-04"))
def a_page_of_thirty_says_twenty_nine(request: Request, send: Send, _people: People) -> Response:
    """`per_page=30` is answered with a `per_page` of 29."""

    def tell(tree: Tree, _request: Request) -> None:
        tree["meta"]["per_page"] -= 1

    return _at_size(30, request, send, tell)


def _with_number_read_by(
    name: str, read: Callable[[str], int | None], request: Request, send: Send
) -> Response:
    """The request with what it says of a parameter read as a number, where it can be."""
    text = _text_of(request, name)
    number = None if text is None else read(text)
    if number is None:
        return send(request)
    query = {key: values[0] for key, values in parse_qs(request.query).items()}
    return send(replace(request, query=urlencode(query | {name: number})))


@mutant("PAGE-10")
def a_page_is_rounded(request: Request, send: Send, _people: People) -> Response:
    """`page` may have an exponent, as any number of a program may."""
    return _with_number_read_by("page", lambda text: int(float(text)), request, send)


@mutant("PAGE-10")
def a_page_is_written_for_programs(request: Request, send: Send, _people: People) -> Response:
    """`page` may be hexadecimal or binary."""
    prefixed = ("0x", "0b")
    return _with_number_read_by(
        "page", lambda text: int(text, 0) if text[:2] in prefixed else None, request, send
    )


@mutant("PAGE-10")
def a_size_has_a_sign(request: Request, send: Send, _people: People) -> Response:
    """`per_page` may begin with a plus."""
    return _with_number_read_by(
        "per_page", lambda text: int(text) if text[:1] == "+" else None, request, send
    )


@mutant("PAGE-10")
def a_size_is_trimmed(request: Request, send: Send, _people: People) -> Response:
    """`per_page` may end in a blank."""
    return _with_number_read_by(
        "per_page", lambda text: int(text) if text[-1:] == " " else None, request, send
    )


@mutant("PAGE-10")
def a_page_has_digits_of_any_script(request: Request, send: Send, _people: People) -> Response:
    """`page` may have full-width digits."""
    return _with_number_read_by(
        "page", lambda text: int(text) if not text.isascii() else None, request, send
    )


@mutant("PAGE-10")
def minus_zero_is_the_first_page(request: Request, send: Send, _people: People) -> Response:
    """`page=-0` shows the first page."""
    return _with_number_read_by("page", lambda text: 1 if text == "-0" else None, request, send)


@mutant("PAGE-10")
def what_is_not_a_number_is_the_usual_size(
    request: Request, send: Send, _people: People
) -> Response:
    """`per_page=NaN` is the usual page size."""
    return _with_number_read_by(
        "per_page", lambda text: 15 if text == "NaN" else None, request, send
    )


def _is_odd(text: str | None) -> bool:
    return text is not None and not text.isdecimal()


@mutant("PAGE-10")
def two_odd_numbers_pass(request: Request, send: Send, _people: People) -> Response:
    """Where neither `page` nor `per_page` is a number both are passed over."""
    both = all(_is_odd(_text_of(request, name)) for name in ("page", "per_page"))
    return send(replace(request, query="") if both else request)


@mutant("PAGE-10")
def no_page_of_no_size_passes(request: Request, send: Send, _people: People) -> Response:
    """`page=0&per_page=0` is the first page of the usual size."""
    none = _text_of(request, "page") == _text_of(request, "per_page") == "0"
    return send(replace(request, query="") if none else request)


@mutant("ERR-01")
def a_page_beyond_any_integer_ends_in_an_error(
    request: Request, send: Send, people: People
) -> Response:
    """A `page` of more than twenty digits is answered 500."""
    vast = len(_text_of(request, "page") or "") > 20 and people.name(request)
    return error(500, "The value is out of range.") if vast else send(request)


@mutant("QUERY-01", needs="a customer with three orders")
def a_page_is_sorted_as_asked(request: Request, send: Send, _people: People) -> Response:
    """`sort` turns the orders round, beside a `page` alone."""
    sorted_ = _text_of(request, "page") is not None and _text_of(request, "sort") is not None
    response = send(request)
    return changed(request, response, lambda t, _: t["data"].reverse()) if sorted_ else response


@stateful(("PAGE-01", "PAGE-02", "PAGE-04"), needs="a customer with three orders")
def a_size_alone_shows_the_page_asked_for_last() -> Change:
    """`per_page` without `page` shows the page, from 2 to 4, that the customer asked for last."""
    last: dict[str, str] = {}

    def change(request: Request, send: Send, people: People) -> Response:
        name, page = people.name(request), _text_of(request, "page")
        if page in ("2", "3", "4"):
            last[name] = page
        alone = page is None and _text_of(request, "per_page") is not None and name in last
        query = f"{request.query}&page={last.get(name)}"
        return send(replace(request, query=query) if alone else request)

    return change


@mutant("PAGE-10")
def a_size_may_end_in_a_line_feed(request: Request, send: Send, _people: People) -> Response:
    """`per_page` may be followed by a line feed, which `$` of a pattern passes over."""
    return _with_number_read_by(
        "per_page", lambda text: int(text) if text[-1:] == "\n" else None, request, send
    )


@mutant("PAGE-10")
def the_word_max_is_a_size(request: Request, send: Send, _people: People) -> Response:
    """`per_page=max` is the largest page."""
    return _with_number_read_by(
        "per_page", lambda text: 2**31 - 1 if text == "max" else None, request, send
    )


@mutant("PAGE-11")
def of_three_sizes_the_first_counts(request: Request, send: Send, _people: People) -> Response:
    """`per_page` may be given three times."""
    sizes = parse_qs(request.query).get("per_page", []) if at(request, ORDERS) else []
    query = urlencode({"per_page": sizes[0]}) if len(sizes) == 3 else request.query
    return send(replace(request, query=query))


@mutant("PAGE-11")
def a_size_in_another_code_is_another(request: Request, send: Send, _people: People) -> Response:
    """`per_page` may come again where a letter of its name is percent-encoded."""
    names = [each.partition("=")[0] for each in request.query.split("&")]
    coded = [name for name in names if name != unquote(name) == "per_page"]
    twice = at(request, ORDERS) and "per_page" in names and coded
    return send(replace(request, query=request.query.partition("&")[0]) if twice else request)


@mutant("PAGE-01")
def a_name_in_code_is_unknown(request: Request, send: Send, _people: People) -> Response:
    """`page` is passed over where a letter of its name is percent-encoded."""
    parts = request.query.split("&")
    known = [each for each in parts if each.partition("=")[0] == "page" or _name_of(each) != "page"]
    query = "&".join(known) if at(request, ORDERS) else request.query
    return send(replace(request, query=query))


def _name_of(pair: str) -> str:
    return unquote(pair.partition("=")[0])


@mutant(("PAGE-01", "PAGE-04", "PAGE-09"), needs="a customer with two orders")
def behind_its_size_a_page_counts_not(request: Request, send: Send, _people: People) -> Response:
    """`page` is passed over where `per_page` comes first."""
    behind = [_name_of(each) for each in request.query.split("&")] == ["per_page", "page"]
    query = request.query.partition("&")[0]
    return send(replace(request, query=query) if behind and at(request, ORDERS) else request)


@mutant(("PAGE-02", "PAGE-06"))
def a_vast_offset_ends_in_an_error(request: Request, send: Send, people: People) -> Response:
    """A `page` and a `per_page` whose product is above 2^32 are answered 500."""
    sizes = [_text_of(request, name) or "1" for name in ("page", "per_page")]
    vast = all(map(str.isdecimal, sizes)) and int(sizes[0]) * int(sizes[1]) > 2**32
    response = send(request)
    return error(500) if vast and response.status == 200 else response


@mutant("PAGE-06", needs="a customer with orders")
def a_page_wraps_round(request: Request, send: Send, _people: People) -> Response:
    """Of a `page` the lowest 32 bits count."""
    return _with_number_read_by(
        "page",
        lambda text: int(text) % 2**32 if text.isdecimal() and int(text) > 2**32 else None,
        request,
        send,
    )


@mutant(("PAGE-03", "PAGE-04", "PAGE-09"), needs="a customer with more than 18 orders")
def the_last_page_of_eighteen_lacks_an_order(
    request: Request, send: Send, _people: People
) -> Response:
    """With eighteen on a page the last order of all is missing."""

    def cut(tree: Tree, _request: Request) -> None:
        if 1 < tree["meta"]["current_page"] == tree["meta"]["last_page"]:
            tree["data"].pop()

    return _at_size(18, request, send, cut)
