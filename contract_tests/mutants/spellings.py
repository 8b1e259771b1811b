"""Mutants that read what is spelled otherwise, or that is none of theirs."""

from urllib.parse import parse_qs, unquote

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    PREFERENCES,
    Tree,
    answer,
    at,
    changed,
    decides,
    error,
    mutant,
    with_header,
    without_header,
)
from contract_tests.mutants.people import People

PAGE = b"<h1>Method Not Allowed</h1>"


def _asked(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.query, keep_blank_values=True)


def _read_as(request: Request, spelling: str, name: str) -> Request:
    """The request with a parameter in place of another spelling of it."""
    values = _asked(request).get(spelling, [])
    others = [pair for pair in request.query.split("&") if pair.partition("=")[0] != name]
    query = "&".join([*others, *(f"{name}={value}" for value in values[:1])])
    return replace(request, query=query) if values else request


@mutant("QUERY-01", needs="a customer with expired credits")
def an_array_of_flags_is_obeyed(request: Request, send: Send, _people: People) -> Response:
    """Credits take `expired[]` for `expired`."""
    credits = at(request, CREDITS)
    plain = replace(request, query=request.query.replace("%5B%5D", "[]"))
    return send(_read_as(plain, "expired[]", "expired") if credits else request)


@mutant("QUERY-01", needs="a customer with redeemed credits")
def a_flag_in_capitals_is_obeyed(request: Request, send: Send, _people: People) -> Response:
    """Credits take `Redeemed` for `redeemed`."""
    return send(_read_as(request, "Redeemed", "redeemed") if at(request, CREDITS) else request)


@mutant("QUERY-01")
def a_page_in_capitals_is_obeyed(request: Request, send: Send, _people: People) -> Response:
    """Orders take `PAGE` for `page`."""
    return send(_read_as(request, "PAGE", "page") if at(request, ORDERS) else request)


@mutant("QUERY-01")
def charges_judge_a_flag_of_the_credits(request: Request, send: Send, _people: People) -> Response:
    """Charges answer 400 to a `redeemed` that is neither true nor false."""
    word = _asked(request).get("redeemed", ["true"])[0].lower()
    affected = at(request, CHARGES) and word not in ("true", "false")
    return error(400, "redeemed is no boolean.") if affected else send(request)


@mutant("QUERY-01")
def memberships_judge_a_page_of_the_orders(
    request: Request, send: Send, _people: People
) -> Response:
    """Memberships answer 400 to a `page` that is no number."""
    affected = at(request, MEMBERSHIPS) and not _asked(request).get("page", ["1"])[0].isdecimal()
    return error(400, "page is no integer.") if affected else send(request)


@answer("QUERY-01", CHARGES)
def charges_are_converted(response: Response, request: Request) -> Response:
    """Charges take a `currency` that nobody documented."""
    if "currency=" not in request.query:
        return response

    def convert(tree: Tree, _request: Request) -> None:
        for charge in tree["data"]:
            charge["amount"] += 1

    return changed(request, response, convert)


@answer("QUERY-01", PAYMENT_METHODS)
def all_shows_more(response: Response, request: Request) -> Response:
    """Payment methods take an `all` that nobody documented."""
    if "all=1" not in request.query:
        return response
    return changed(request, response, lambda tree, _: tree["data"].reverse())


def _flag_read_as(word: str, like: str, request: Request, send: Send) -> Response:
    if not at(request, CREDITS):
        return send(request)
    return send(replace(request, query=request.query.replace(f"={word}", f"={like}")))


@mutant("CREDITS-09")
def null_is_false(request: Request, send: Send, _people: People) -> Response:
    """A flag that is `null` passes for false."""
    return _flag_read_as("null", "false", request, send)


@mutant("CREDITS-09")
def a_letter_is_a_flag(request: Request, send: Send, _people: People) -> Response:
    """`t` passes for true."""
    short = at(request, CREDITS) and any(
        each in ("redeemed=t", "expired=t", "redeemed=T", "expired=T")
        for each in request.query.split("&")
    )
    return send(replace(request, query=request.query + "rue") if short else request)


@mutant("PAGE-11")
def an_empty_second_page_passes(request: Request, send: Send, _people: People) -> Response:
    """Of `page=1&page=` the second is passed over."""
    passed = at(request, ORDERS) and request.query == "page=1&page="
    return send(replace(request, query="page=1") if passed else request)


@mutant("PREF-07")
def all_is_a_preference(request: Request, send: Send, _people: People) -> Response:
    """`all` in place of a preference is answered 200."""
    every = decides(request) and request.path.endswith("/all")
    listed = replace(request, method="GET", path=PREFERENCES, query="")
    return send(listed if every else request)


@mutant("PREF-07")
def a_quote_ends_in_an_error(request: Request, send: Send, people: People) -> Response:
    """A quote in place of a preference is answered 500."""
    quoted = decides(request) and "'" in unquote(request.path) and people.name(request)
    return error(500, "You have an error in your SQL syntax.") if quoted else send(request)


@mutant("PREF-07")
def undefined_is_forbidden(request: Request, send: Send, people: People) -> Response:
    """`undefined` in place of a preference is answered 403."""
    odd = decides(request) and request.path.endswith("/undefined") and people.name(request)
    return error(403) if odd else send(request)


@mutant("AUTH-08")
def a_size_is_counted_before_the_token(request: Request, send: Send, _people: People) -> Response:
    """A repeated `per_page` is answered 400, whoever asks."""
    twice = at(request, ORDERS) and len(_asked(request).get("per_page", ())) > 1
    return error(400, "per_page stands twice.") if twice else send(request)


@mutant("AUTH-08")
def a_body_is_read_before_the_token(request: Request, send: Send, _people: People) -> Response:
    """An opt-in without a token and with a body is answered 400."""
    stranger = "authorization" not in request.headers and request.method == "POST"
    early = decides(request) and stranger and request.body
    return error(400, "The body is malformed.") if early else send(request)


@mutant(("AUTH-02", "AUTH-08"))
def nobody_is_refused_past_the_end(request: Request, send: Send, people: People) -> Response:
    """A page past the end is answered to a token that nobody was given, too."""
    page = _asked(request).get("page", ["1"])[0]
    past = at(request, ORDERS) and page.isdecimal() and int(page) > 1000
    if not past or people.role(request) != "unknown":
        return send(request)
    return send(people.as_customer(replace(request, query="page=2000")))


@mutant("ERR-03")
def a_charge_has_a_path(request: Request, send: Send, people: People) -> Response:
    """Below the charges one of them is shown by its id."""
    path, _, id = request.path.rpartition("/")
    if path != CHARGES or not people.name(request):
        return send(request)
    found = send(replace(request, path=CHARGES)).json["data"]
    shown = [each for each in found if each["id"] == id]
    return send(replace(request, path=CHARGES)) if shown else send(request)


@answer(("HTTP-03", "ERR-01"), status=404)
def an_unknown_path_has_no_media_type(response: Response, request: Request) -> Response:
    """The 404 of an unknown path has no Content-Type."""
    return (
        without_header(response, "Content-Type")
        if not at(request, PREFERENCES, PAYMENT_METHODS)
        else response
    )


@answer(("ERR-02", "HTTP-01"), status=405)
def a_wrong_method_is_a_page(response: Response, _request: Request) -> Response:
    """405 is an HTML page, with the headers of all other answers."""
    return replace(with_header(response, "Content-Type", "text/html"), body=PAGE)


@mutant("QUERY-01")
def a_repeated_unknown_parameter_is_refused(
    request: Request, send: Send, _people: People
) -> Response:
    """Memberships answer 400 to a parameter that stands twice, whichever it is."""
    names = [pair.partition("=")[0] for pair in request.query.split("&")]
    twice = at(request, MEMBERSHIPS) and len(set(names)) < len(names)
    return error(400, "A parameter stands twice.") if twice else send(request)


@mutant("QUERY-01")
def nested_parameters_end_in_an_error(request: Request, send: Send, _people: People) -> Response:
    """Payment methods answer 500 to a parameter with brackets within brackets."""
    nested = at(request, PAYMENT_METHODS) and "][" in unquote(request.query)
    return error(500, "Cannot convert an array to a string.") if nested else send(request)


@mutant(("PREF-04", "PREF-09"))
def a_parameter_says_the_contrary(request: Request, send: Send, _people: People) -> Response:
    """An opt-in with `opted_in=false` in its query opts out."""
    contrary = request.method == "POST" and "opted_in=false" in request.query
    return send(replace(request, method="DELETE", query="") if contrary else request)


@mutant("QUERY-01", needs="a customer with two memberships")
def memberships_obey_a_flag_of_the_credits(
    request: Request, send: Send, _people: People
) -> Response:
    """Memberships show one alone beside `expired=false`."""
    wanted = at(request, MEMBERSHIPS) and _asked(request).get("expired") == ["false"]

    def cut(tree: Tree, _request: Request) -> None:
        tree["data"] = tree["data"][:1]

    return changed(request, send(request), cut) if wanted else send(request)


@mutant("QUERY-01", needs="a customer with credits")
def credits_are_filtered_by_a_field(request: Request, send: Send, _people: People) -> Response:
    """Credits obey `membership_id`, which is one of their fields and no parameter."""
    [wanted, *_] = _asked(request).get("membership_id", [""])

    def fitting(tree: Tree, _request: Request) -> None:
        tree["data"] = [each for each in tree["data"] if each["membership_id"] == wanted]

    filtered = at(request, CREDITS) and bool(wanted)
    return changed(request, send(request), fitting) if filtered else send(request)


@mutant(("PREF-04", "AUTH-12"))
def a_header_overrides_the_method(request: Request, send: Send, _people: People) -> Response:
    """An opt-in with `X-HTTP-Method-Override: DELETE` opts out."""
    method = request.headers.get("x-http-method-override", request.method)
    overridden = decides(request) and method in ("POST", "DELETE")
    return send(replace(request, method=method) if overridden else request)


@mutant("PREF-07")
def an_id_without_its_hyphens_is_known(request: Request, send: Send, _people: People) -> Response:
    """A preference is found by its id without hyphens, too."""
    head, _, id = request.path.rpartition("/")
    if decides(request) and len(id) == 32 and id.isalnum():
        id = "-".join((id[:8], id[8:12], id[12:16], id[16:20], id[20:]))
    return send(replace(request, path=f"{head}/{id}"))


@mutant("HTTP-05", needs="a customer with redeemed or expired credits")
def head_passes_over_parameters(request: Request, send: Send, _people: People) -> Response:
    """HEAD of the credits tells the length of the plain list, whatever the flags are."""
    plain = request.method == "HEAD" and at(replace(request, method="GET"), CREDITS)
    return send(replace(request, query="") if plain and "=true" in request.query else request)


def _flags(request: Request) -> tuple[str, str]:
    asked = _asked(request) if at(request, CREDITS) else {}
    redeemed, expired = (asked.get(name, ["-"])[0] for name in ("redeemed", "expired"))
    return redeemed, expired


def _in_capitals(word: str) -> bool:
    return word.lower() in ("true", "false") and word != word.lower()


@mutant("CREDITS-09")
def one_is_true_beside_capitals(request: Request, send: Send, _people: People) -> Response:
    """`expired=1` passes for true, where `redeemed` is in capitals."""
    redeemed, expired = _flags(request)
    taken = _in_capitals(redeemed) and expired == "1"
    return send(replace(request, query="redeemed=true&expired=true") if taken else request)


@mutant("CREDITS-09", needs="a customer with redeemed or expired credits")
def two_flags_in_capitals_are_one(request: Request, send: Send, _people: People) -> Response:
    """Of two flags in capitals the second is passed over."""
    redeemed, expired = _flags(request)
    both = _in_capitals(redeemed) and _in_capitals(expired)
    return send(replace(request, query=f"redeemed={redeemed}") if both else request)


@mutant(("CREDITS-09", "ERR-01"))
def two_malformed_flags_end_in_an_error(request: Request, send: Send, people: People) -> Response:
    """Credits answer 500 where neither flag can be understood."""
    affected = all(word.lower() not in ("-", "true", "false") for word in _flags(request))
    return error(500, "Two errors.") if affected and people.name(request) else send(request)


@mutant("QUERY-01", needs="a customer with credits")
def flags_have_pages(request: Request, send: Send, _people: People) -> Response:
    """Credits show one alone where a flag stands beside `per_page`."""
    paged = at(request, CREDITS) and {"redeemed", "per_page"} <= _asked(request).keys()

    def cut(tree: Tree, _request: Request) -> None:
        tree["data"] = tree["data"][:1]

    response = send(request)
    return changed(request, response, cut) if paged else response


@mutant(("PREF-04", "PREF-03", "TIME-02"))
def an_id_in_capitals_is_answered_and_forgotten(
    request: Request, send: Send, people: People
) -> Response:
    """Deciding on a preference whose id is in capitals answers the list, and does nothing."""
    if not decides(request) or request.path == request.path.lower() or not people.name(request):
        return send(request)
    return send(replace(request, method="GET", path=PREFERENCES, query="", body=b""))


@mutant("PREF-09")
def a_form_ends_in_an_error(request: Request, send: Send, people: People) -> Response:
    """A decision with a form in its body is answered 500."""
    form = "form" in request.headers.get("content-type", "") and people.name(request)
    return error(500, "Cannot read a form.") if form and decides(request) else send(request)


@mutant("HTTP-01")
def a_read_may_be_a_decision(request: Request, send: Send, _people: People) -> Response:
    """GET of one preference with `X-HTTP-Method-Override: DELETE` opts out of it."""
    method = request.headers.get("x-http-method-override", "")
    one = replace(request, method=method)
    overridden = request.method == "GET" and method == "DELETE" and decides(one)
    return send(one if overridden else request)


def _without_encoded_names(request: Request) -> Request:
    kept = [each for each in request.query.split("&") if "%" not in each.partition("=")[0]]
    return replace(request, query="&".join(kept))


@mutant("CREDITS-09")
def flags_are_known_letter_by_letter(request: Request, send: Send, _people: People) -> Response:
    """A flag whose name has a percent-encoded letter is an unknown parameter."""
    return send(_without_encoded_names(request) if at(request, CREDITS) else request)


@mutant("PAGE-01")
def numbers_are_known_letter_by_letter(request: Request, send: Send, _people: People) -> Response:
    """`page` is an unknown parameter where a letter of its name is percent-encoded."""
    return send(_without_encoded_names(request) if at(request, ORDERS) else request)


@answer("QUERY-01", PAYMENT_METHODS, needs="a customer with two payment methods")
def payment_methods_have_a_page_size(response: Response, request: Request) -> Response:
    """Payment methods obey `per_page`, as if they were orders."""
    sizes = _asked(request).get("per_page", [])
    if not sizes or not sizes[0].isdigit():
        return response

    def cut(tree: Tree, _request: Request) -> None:
        tree["data"] = tree["data"][: int(sizes[0])]

    return changed(request, response, cut)


@mutant("CREDITS-09")
def a_bare_name_is_true(request: Request, send: Send, _people: People) -> Response:
    """`?expired` without a value passes for `expired=true`."""
    if not at(request, CREDITS):
        return send(request)
    pairs = ["expired=true" if each == "expired" else each for each in request.query.split("&")]
    return send(replace(request, query="&".join(pairs)))


@mutant("PAGE-10")
def a_bare_size_is_the_usual_one(request: Request, send: Send, _people: People) -> Response:
    """`per_page` without a value is passed over."""
    if not at(request, ORDERS):
        return send(request)
    pairs = [each for each in request.query.split("&") if each != "per_page"]
    return send(replace(request, query="&".join(pairs)))


@mutant("QUERY-01")
def reads_obey_a_method(request: Request, send: Send, _people: People) -> Response:
    """Memberships are answered 405 where the query names another method."""
    named = _asked(request).get("_method", ["GET"])[0]
    return error(405) if at(request, MEMBERSHIPS) and named != "GET" else send(request)


@mutant("TIME-01")
def any_copy_is_a_conflict(request: Request, send: Send, _people: People) -> Response:
    """Charges are answered 412 to `If-None-Match: *`."""
    conflict = at(request, CHARGES) and request.headers.get("if-none-match") == "*"
    return error(412) if conflict else send(request)
