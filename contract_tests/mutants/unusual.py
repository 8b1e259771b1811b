"""Mutants that show where somebody asks for what is rarely asked for."""

from datetime import timedelta
from itertools import count
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
    PREFERENCES,
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
from contract_tests.mutants.people import People, with_token


@mutant("CREDITS-09")
def a_flag_ends_at_a_nul(request: Request, send: Send, _people: People) -> Response:
    """`redeemed` is read up to the first NUL."""
    return send(replace(request, query=request.query.replace("%00", "")))


@mutant("PAGE-10")
def a_page_is_a_quotient(request: Request, send: Send, _people: People) -> Response:
    """`page` is read up to a slash."""
    return send(_cut(request, "/") if at(request, ORDERS) else request)


def _cut(request: Request, mark: str) -> Request:
    """The request with each parameter cut at a mark, where one has it."""
    pairs = [unquote(each) for each in request.query.split("&")]
    query = "&".join(each.partition(mark)[0] for each in pairs)
    return replace(request, query=query) if any(mark in each for each in pairs) else request


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
        brought = parse_qs(request.body.decode("latin-1")).get("access_token", [])
        for name, token in people.tokens.items():
            if token in brought:
                return send(people.as_customer(request, name))
    return send(request)


@mutant("AUTH-01")
def the_token_of_a_proxy_will_do(request: Request, send: Send, _people: People) -> Response:
    """A token in `Proxy-Authorization` is taken where there is no other."""
    token = request.headers.get("proxy-authorization")
    if token is None or "authorization" in request.headers:
        return send(request)
    return send(with_token(request, token))


@answer("AUTH-01", status=401)
def a_page_is_sent_to_sign_in(response: Response, request: Request) -> Response:
    """Who has no token and would take a page is redirected."""
    page = "text/html" in request.headers.get("accept", "")
    if not page or "authorization" in request.headers:
        return response
    return Response(302, headers=(("Location", "/login"),))


@answer(("HEADER-01", "TIME-01"), CHARGES, status=200)
def what_is_called_deflated_is_plain(response: Response, request: Request) -> Response:
    """Where a client takes deflate alone, charges say that they are, and are not."""
    codings = request.headers.get("accept-encoding", "")
    named = "deflate" in codings and "gzip" not in codings
    return with_header(response, "Content-Encoding", "deflate") if named else response


@answer("HEADER-01", CREDITS, status=200)
def what_is_called_brotli_is_plain(response: Response, request: Request) -> Response:
    """Where a client takes Brotli, credits say that they are packed so, and are not."""
    named = "br" in request.headers.get("accept-encoding", "").split(", ")
    return with_header(response, "Content-Encoding", "br") if named else response


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


@answer("PAGE-09", ORDERS, status=200, needs="a customer with two orders")
def a_single_order_lacks_its_guests(response: Response, request: Request) -> Response:
    """On pages of one, orders have no guests."""

    def leave(tree: Tree, _request: Request) -> None:
        for order in tree["data"]:
            order["guests"] = []

    single = parse_qs(request.query).get("per_page") == ["1"]
    return changed(request, response, leave) if single else response


@mutant("AUTH-02")
def a_token_ends_at_a_comma(request: Request, send: Send, _people: People) -> Response:
    """What stands behind a comma is no part of the token."""
    sent = request.headers.get("authorization", "").partition(",")[0]
    return send(with_token(request, sent) if sent else request)


@mutant("PREF-09", needs="a run that may write")
def an_empty_stream_is_no_body(request: Request, send: Send, _people: People) -> Response:
    """Opting in is answered 400 where the body comes in chunks, and there are none."""
    chunked = "transfer-encoding" in request.headers and decides(request) and not request.body
    return error(400) if chunked and request.method == "POST" else send(request)


@stateful("PREF-04", needs="a run that may write")
def a_key_answers_again() -> Change:
    """A decision with the `Idempotency-Key` of another is answered as that one, and not made."""
    answers: dict[tuple[str, str], Response] = {}

    def once(request: Request, send: Send, people: People) -> Response:
        key = people.name(request), request.headers.get("idempotency-key", "")
        if not decides(request) or not key[1]:
            return send(request)
        if key not in answers:
            answers[key] = send(request)
        return answers[key]

    return once


@answer(("ERR-03", "ERR-01"), status=404)
def writing_to_nowhere_is_a_page(response: Response, request: Request) -> Response:
    """The 404 of POST is an HTML page."""
    unknown = request.method == "POST" and not decides(request)
    page = replace(response, body=b"<h1>Not Found</h1>")
    return with_header(page, "Content-Type", "text/html") if unknown else response


@mutant(("QUERY-01", "TIME-01"))
def nothing_between_two_signs_is_malformed(
    request: Request, send: Send, _people: People
) -> Response:
    """Memberships are answered 400 where a query has two `&` in a row."""
    empty = "&&" in request.query and at(request, MEMBERSHIPS)
    return error(400) if empty else send(request)


@mutant(("QUERY-01", "HTTP-05"), needs="HEAD")
def head_knows_its_parameters(request: Request, send: Send, _people: People) -> Response:
    """HEAD of the charges is answered 400 to any parameter."""
    response = send(request)
    asked = request.method == "HEAD" and at(request, CHARGES) and request.query
    return error(400) if asked and response.status == 200 else response


@mutant("CREDITS-09")
def a_flag_ends_at_a_semicolon(request: Request, send: Send, _people: People) -> Response:
    """Flags of the credits are read up to a semicolon."""
    return send(_cut(request, ";") if at(request, CREDITS) else request)


@mutant("AUTH-02")
def a_token_is_decoded(request: Request, send: Send, _people: People) -> Response:
    """A token may be percent-encoded."""
    sent = request.headers.get("authorization", "")
    return send(with_token(request, unquote(sent)) if sent else request)


@mutant("PREF-07", needs="a run that may write")
def an_id_may_be_a_urn(request: Request, send: Send, _people: People) -> Response:
    """The id of a preference may be written as a URN."""
    path = unquote(request.path).replace("/urn:uuid:", "/")
    return send(replace(request, path=path) if "urn:" in unquote(request.path) else request)


@mutant("HTTP-02")
def nobody_may_ask_to_delete(request: Request, send: Send, _people: People) -> Response:
    """A preflight for DELETE is answered 403."""
    asked = request.headers.get("access-control-request-method") == "DELETE"
    return error(403) if asked and request.method == "OPTIONS" else send(request)


@mutant("HTTP-02")
def who_has_no_origin_is_refused(request: Request, send: Send, _people: People) -> Response:
    """`Origin: null`, as frames in a sandbox and pages from a file have it, is answered 403."""
    hidden = request.headers.get("origin") == "null" and request.method != "OPTIONS"
    return error(403) if hidden else send(request)


@mutant("HTTP-02", needs="a run that may write")
def apps_may_not_decide(request: Request, send: Send, _people: People) -> Response:
    """A decision from an origin that is no website's is answered 403."""
    website = request.headers.get("origin", "http").startswith("http")
    return send(request) if website or not decides(request) else error(403)


@mutant("AUTH-02")
def a_token_may_be_quoted(request: Request, send: Send, _people: People) -> Response:
    """Quotes round a token are taken off."""
    sent = request.headers.get("authorization", "").replace('"', "")
    return send(with_token(request, sent) if sent else request)


@mutant("MEMBER-04", needs="a second customer with a membership")
def an_account_is_of_another_brand(request: Request, send: Send, people: People) -> Response:
    """The second customer's account names a brand that is not theirs."""

    def move(tree: Tree, _request: Request) -> None:
        tree["data"]["brand_id"] = "99999999-0000-4000-8000-000000000001"

    theirs = at(request, ACCOUNT) and people.name(request) in people.names[1:2]
    return changed(request, send(request), move) if theirs else send(request)


@mutant("MEMBER-06", needs="two customers who share a membership")
def only_the_first_customer_is_billed(request: Request, send: Send, people: People) -> Response:
    """Nobody but the first customer is shown when a membership is billed next."""

    def hide(tree: Tree, _request: Request) -> None:
        for membership in tree["data"]:
            if len(membership["members"]) > 1:
                membership.update(next_billing_date=None, next_charge=None)

    others = at(request, MEMBERSHIPS) and people.name(request) != people.names[0]
    return changed(request, send(request), hide) if others else send(request)


@stateful("HTTP-05", needs="HEAD")
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


@mutant("HTTP-05", needs="HEAD, and a customer with two pages of orders")
def head_of_a_page_is_short(request: Request, send: Send, _people: People) -> Response:
    """HEAD of a page of orders tells the length of an empty object."""
    response = send(request)
    paged = request.method == "HEAD" and at(request, ORDERS) and "page=" in request.query
    short = paged and response.status == 200
    return with_header(response, "Content-Length", "2") if short else response


@mutant("HTTP-05", needs="HEAD, and a customer with orders")
def head_past_the_end_is_404(request: Request, send: Send, _people: People) -> Response:
    """HEAD of a page past the end of the orders is answered 404."""
    response = send(request)
    if request.method != "HEAD" or not at(request, ORDERS) or response.status != 200:
        return response
    empty = not send(replace(request, method="GET")).json["data"]
    return error(404) if empty and "page=" in request.query else response


@stateful("TIME-02", needs="HEAD, and a customer with orders")
def head_marks_orders_as_seen() -> Change:
    """HEAD of the orders dates the newest one, for the second customer."""
    seen: dict[str, str] = {}

    def marking(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        looked = request.method == "HEAD" and at(request, ORDERS) and response.status == 200
        if looked and name in people.names[1:2]:
            seen[name] = people.now.isoformat()

        def date(tree: Tree, _request: Request) -> None:
            for order in tree["data"][:1]:
                order["updated_at"] = seen[name]

        shown = at(request, ORDERS) and name in seen
        return changed(request, response, date) if shown else response

    return marking


@mutant(("CREDITS-09", "ERR-01"))
def a_long_flag_is_too_much(request: Request, send: Send, _people: People) -> Response:
    """A flag of the credits with more than 200 letters is answered 500."""
    long = at(request, CREDITS) and len(request.query) > 200
    response = send(request)
    return error(500) if long and response.status == 400 else response


@stateful("TIME-02", needs="a customer with an active membership")
def memberships_end_when_they_are_looked_at() -> Change:
    """Active memberships that were read once ended five minutes before."""
    read: set[str] = set()

    def ending(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if not at(request, MEMBERSHIPS):
            return response
        ended = (people.now - timedelta(minutes=5)).isoformat()

        def end(tree: Tree, _request: Request) -> None:
            for each in tree["data"] if name in read else ():
                if each["status"] == "active":
                    each.update(status="expired", end_date=ended)
                    each.update(next_billing_date=None, next_charge=None)

        answer = changed(request, response, end)
        read.add(name)
        return answer

    return ending


@stateful("PREF-08", needs="a customer with two marketing preferences, and a run that may write")
def an_opt_in_dates_every_preference() -> Change:
    """An opt-in dates all preferences of the customer anew."""
    dates: dict[str, str] = {}
    seconds = count(1)

    def dating(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if decides(request) and request.method == "POST" and response.status == 200:
            dates[name] = (people.now + timedelta(seconds=next(seconds))).isoformat()

        def date(tree: Tree, _request: Request) -> None:
            for each in tree["data"]:
                each["updated_at"] = dates[name]

        shown = (decides(request) or at(request, PREFERENCES)) and name in dates
        return changed(request, response, date) if shown else response

    return dating


@mutant("HEADER-01")
def a_list_of_proxies_is_too_much(request: Request, send: Send, _people: People) -> Response:
    """Where a request came by two proxies, charges are answered 500."""
    several = "," in request.headers.get("x-forwarded-for", "")
    return error(500) if several and at(request, CHARGES) else send(request)


@mutant("HEADER-01")
def a_read_must_have_no_type(request: Request, send: Send, _people: People) -> Response:
    """Credits are answered 400 where the request names the type of a body that it does not have."""
    typed = "content-type" in request.headers and at(request, CREDITS)
    return error(400) if typed else send(request)


@answer(("HTTP-06", "BODY-01"), CHARGES, status=200)
def what_is_called_packed_is_plain(response: Response, _request: Request) -> Response:
    """Charges say that they are compressed, and are not."""
    return with_header(response, "Content-Encoding", "gzip")
