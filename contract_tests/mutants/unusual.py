"""Mutants that show where somebody asks for what is rarely asked for."""

from urllib.parse import parse_qs, unquote

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
    PAYMENT_METHODS,
    Change,
    Tree,
    answer,
    at,
    changed,
    decides,
    error,
    mutant,
    stateful,
    with_header,
    without_header,
)
from contract_tests.mutants.people import People


@mutant("CREDITS-09")
def a_flag_ends_at_a_nul(request: Request, send: Send, _people: People) -> Response:
    """`redeemed` is read up to the first NUL."""
    return send(replace(request, query=request.query.replace("%00", "")))


@mutant("PAGE-10")
def a_page_is_a_quotient(request: Request, send: Send, _people: People) -> Response:
    """`page` is read up to a slash."""
    pairs = [unquote(each).partition("/")[0] for each in request.query.split("&")]
    slashed = at(request, ORDERS) and "%2F" in request.query.upper()
    return send(replace(request, query="&".join(pairs)) if slashed else request)


@answer("PAGE-06", ORDERS, status=200, needs="a customer with fewer than a hundred pages")
def page_hundred_counts_from_it(response: Response, request: Request) -> Response:
    """The page with the number 100 tells where it would begin."""

    def begin(tree: Tree, _request: Request) -> None:
        tree["meta"].update({"from": 1, "to": 1})

    numbered = parse_qs(request.query).get("page") == ["100"]
    return changed(request, response, begin) if numbered else response


@answer("HTTP-02", status=200)
def a_name_in_other_letters_may_not_read(response: Response, request: Request) -> Response:
    """An origin in Punycode may not read the answers."""
    foreign = "//xn--" in request.headers.get("origin", "")
    return without_header(response, "Access-Control-Allow-Origin") if foreign else response


@answer("HTTP-02", MEMBERSHIPS, status=200)
def a_long_origin_is_cut(response: Response, request: Request) -> Response:
    """Of an origin, memberships repeat a hundred letters."""
    origin = request.headers.get("origin", "*")
    return with_header(response, "Access-Control-Allow-Origin", origin[:100])


@mutant("ERR-03")
def an_unknown_name_is_ascii(request: Request, send: Send, _people: People) -> Response:
    """An unknown path with letters beyond ASCII is answered 400."""
    response = send(request)
    foreign = not unquote(request.path).isascii() and response.status == 404
    return error(400) if foreign and not decides(request) else response


@mutant("ERR-03")
def an_unknown_name_is_short(request: Request, send: Send, _people: People) -> Response:
    """An unknown path that is long is answered 500."""
    return error(500) if len(request.path) > 400 and not decides(request) else send(request)


@mutant(("QUERY-01", "TIME-01"))
def what_cannot_be_decoded_breaks_charges(
    request: Request, send: Send, _people: People
) -> Response:
    """Charges are answered 500 where a parameter is no UTF-8."""
    broken = "\ufffd" in unquote(request.query) and at(request, CHARGES)
    return error(500) if broken else send(request)


@mutant(("QUERY-01", "TIME-01"))
def four_bytes_are_no_letter(request: Request, send: Send, _people: People) -> Response:
    """The account is answered 400 where a parameter has an emoji."""
    vast = any(ord(letter) > 0xFFFF for letter in unquote(request.query))
    return error(400) if vast and at(request, ACCOUNT) else send(request)


@mutant("AUTH-01")
def a_form_brings_its_token(request: Request, send: Send, people: People) -> Response:
    """Opting in takes a token from the form that is sent."""
    if decides(request) and "authorization" not in request.headers:
        for token in parse_qs(request.body.decode("latin-1")).get("access_token", []):
            names = [name for name, known in people.tokens.items() if known == token]
            return send(people.as_customer(request, names[0]) if names else request)
    return send(request)


@mutant("AUTH-01")
def the_token_of_a_proxy_will_do(request: Request, send: Send, _people: People) -> Response:
    """A token in `Proxy-Authorization` is taken where there is no other."""
    token = request.headers.get("proxy-authorization")
    if token is None or "authorization" in request.headers:
        return send(request)
    return send(replace(request, headers={**request.headers, "authorization": token}))


@answer("AUTH-01", status=401)
def a_page_is_sent_to_sign_in(response: Response, request: Request) -> Response:
    """Who has no token and would take a page is redirected."""
    page = "text/html" in request.headers.get("accept", "")
    if not page or "authorization" in request.headers:
        return response
    return Response(302, headers=(("Location", "/login"),))


@mutant(("HEADER-01", "TIME-01"))
def trailers_are_refused(request: Request, send: Send, _people: People) -> Response:
    """Credits are answered 400 to `TE: trailers`."""
    trailing = "te" in request.headers and at(request, CREDITS)
    return error(400) if trailing else send(request)


@mutant(("HEADER-01", "TIME-01"))
def nobody_may_forward_further(request: Request, send: Send, _people: People) -> Response:
    """Payment methods are answered 502 to `Max-Forwards: 0`."""
    last = request.headers.get("max-forwards") == "0" and at(request, PAYMENT_METHODS)
    return error(502) if last else send(request)


@mutant("PREF-06", needs="a foreign_preference, and a run that may write")
def a_foreign_id_in_capitals_is_malformed(request: Request, send: Send, people: People) -> Response:
    """A preference of another organisation, its id in capitals, is answered 400."""
    id = request.path.rpartition("/")[2]
    foreign = {each["foreign_preference"].upper() for each in map(people.facts, people.names)}
    capitals = decides(request) and id in foreign and id != id.lower()
    return error(400) if capitals else send(request)


@mutant("MEMBER-06", needs="two customers who share a membership")
def only_the_first_customer_is_billed(request: Request, send: Send, people: People) -> Response:
    """Nobody but the first customer is shown when a membership is billed next."""

    def hide(tree: Tree, _request: Request) -> None:
        for membership in tree["data"]:
            membership.update(next_billing_date=None, next_charge=None)

    others = at(request, MEMBERSHIPS) and people.name(request) != people.names[0]
    return changed(request, send(request), hide) if others else send(request)


@stateful("HTTP-05")
def head_has_the_length_of_whoever_asked_last() -> Change:
    """HEAD of memberships tells the length of the last answer to GET, whoever it was for."""
    last: list[str] = []

    def remembering(request: Request, send: Send, _people: People) -> Response:
        response = send(request)
        if not at(request, MEMBERSHIPS) or response.status != 200:
            return response
        if request.method == "HEAD" and last:
            return with_header(response, "Content-Length", last[-1])
        last.append(str(len(response.body)))
        return response

    return remembering


@mutant("HTTP-05", needs="a customer with two pages of orders")
def head_of_a_page_is_short(request: Request, send: Send, _people: People) -> Response:
    """HEAD of a page of orders tells the length of an empty object."""
    response = send(request)
    paged = request.method == "HEAD" and at(request, ORDERS) and "page=" in request.query
    return with_header(response, "Content-Length", "2") if paged and not response.body else response


@stateful("TIME-02", needs="a customer with orders")
def head_marks_orders_as_seen() -> Change:
    """HEAD of the orders dates the newest one, for the second customer."""
    seen: dict[str, str] = {}

    def marking(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if request.method == "HEAD" and at(request, ORDERS) and name in people.names[1:2]:
            seen[name] = people.now.isoformat()

        def date(tree: Tree, _request: Request) -> None:
            for order in tree["data"][:1]:
                order["updated_at"] = seen[name]

        return (
            changed(request, response, date) if at(request, ORDERS) and name in seen else response
        )

    return marking
