"""Mutants that write where nothing may be written, forget, or remember too long."""

import gzip
import json
from collections import Counter, defaultdict
from uuid import NAMESPACE_URL, uuid5

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CREDITS,
    ORDERS,
    PAYMENT_METHODS,
    PREFERENCES,
    Change,
    Tree,
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


def _opted_in(request: Request, send: Send) -> None:
    send(replace(request, method="POST", path=request.path.rstrip("/"), query="", body=b""))


@mutant(("HTTP-01", "AUTH-12"))
def a_trailing_slash_opts_in_all_the_same(
    request: Request, send: Send, _people: People
) -> Response:
    """Opting in with a slash at the end is answered 404, and done."""
    slashed = decides(request) and request.method == "POST" and request.path.endswith("/")
    if slashed:
        _opted_in(request, send)
    return error(404) if slashed else send(request)


@mutant("HTTP-01")
def a_read_of_one_preference_opts_in(request: Request, send: Send, _people: People) -> Response:
    """GET of one preference is answered 405, and opts in to it."""
    one = replace(request, method="POST")
    response = send(request)
    if request.method == "GET" and decides(one) and response.status == 405:
        _opted_in(request, send)
    return response


@mutant(("HTTP-01", "TIME-02"))
def head_of_one_preference_opts_out(request: Request, send: Send, _people: People) -> Response:
    """HEAD of one preference opts out of it."""
    one = replace(request, method="DELETE")
    response = send(request)
    if request.method == "HEAD" and decides(one):
        send(one)
    return response


@stateful(("TIME-02", "PREF-04"))
def every_fifth_look_at_the_account_opts_out() -> Change:
    """Every fifth read of an account opts the customer out of one preference."""
    seen = 0

    def resetting(request: Request, send: Send, _people: People) -> Response:
        nonlocal seen
        response = send(request)
        if request.method == "GET" and at(request, ACCOUNT) and response.status == 200:
            seen += 1
            listed = send(replace(request, path=PREFERENCES, query="")).json["data"]
            for each in [each for each in listed if each["opted_in"]][: seen % 5 == 0]:
                path = f"{PREFERENCES}/{each['id']}"
                send(replace(request, method="DELETE", path=path, query=""))
        return response

    return resetting


@stateful(("PREF-04", "TIME-02"))
def the_seventh_opt_in_is_lost() -> Change:
    """The seventh opt-in of each customer is answered well, and forgotten."""
    count: Counter[str] = Counter()

    def losing(request: Request, send: Send, people: People) -> Response:
        response, name = send(request), people.name(request)
        if request.method == "POST" and decides(request) and response.status == 200:
            count[name] += 1
            if count[name] == 7:
                send(replace(request, method="DELETE", body=b""))
        return response

    return losing


@stateful(("PREF-04", "PREF-03", "TIME-02"))
def preferences_with_parameters_are_stale() -> Change:
    """Preferences that are read with any parameter are those of the first such read."""
    cached: dict[str, Response] = {}

    def stale(request: Request, send: Send, people: People) -> Response:
        response = send(request)
        read = request.method == "GET" and request.path == PREFERENCES and request.query
        if not read or response.status != 200:
            return response
        return cached.setdefault(people.name(request), response)

    return stale


@stateful(("OWN-03", "TIME-02", "PREF-04"))
def an_opt_out_answers_who_called_before() -> Change:
    """Opting out is answered the list of the customer who called before."""
    last = ""

    def answered(request: Request, send: Send, people: People) -> Response:
        nonlocal last
        response, name, before = send(request), people.name(request), last
        last = name or last
        if request.method != "DELETE" or response.status != 200 or before in ("", name):
            return response
        listed = replace(request, method="GET", path=PREFERENCES, query="", body=b"")
        return send(people.as_customer(listed, before))

    return answered


@stateful(("TIME-01", "TIME-02", "CREDITS-01"), needs="a customer with redeemed credits")
def every_third_list_of_credits_shows_redeemed_ones() -> Change:
    """Every third plain list of a customer's credits is the one of `redeemed=true`."""
    count: Counter[str] = Counter()

    def showing(request: Request, send: Send, people: People) -> Response:
        if not at(request, CREDITS) or request.method != "GET" or request.query:
            return send(request)
        count[people.name(request)] += 1
        third = count[people.name(request)] % 3 == 0
        return send(replace(request, query="redeemed=true") if third else request)

    return showing


@stateful(("PREF-08", "TIME-02"))
def the_last_two_are_kept_as_one() -> Change:
    """Deciding on the last preference decides on the one before it, once it is answered."""

    def decided(request: Request, send: Send, _people: People) -> Response:
        response = send(request)
        if decides(request) and response.status == 200:
            ids = [each["id"] for each in response.json["data"]]
            if len(ids) > 1 and request.path.endswith(ids[-1]):
                send(replace(request, path=f"{PREFERENCES}/{ids[-2]}", query=""))
        return response

    return decided


@stateful(("HTTP-05", "OWN-01"))
def head_has_the_length_of_who_asked_first() -> Change:
    """HEAD of the orders tells the length of the first answer to this URL."""
    lengths: dict[str, int] = {}

    def measured(request: Request, send: Send, _people: People) -> Response:
        response = send(request)
        if not at(request, ORDERS) or response.status != 200:
            return response
        if request.method != "HEAD":
            lengths.setdefault(request.query, len(response.body))
            return response
        known = str(lengths.get(request.query, ""))
        return with_header(response, "Content-Length", known) if known else response

    return measured


def _body(request: Request) -> dict[str, object]:
    try:
        found = json.loads(request.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@mutant(("PREF-09", "PREF-04"))
def a_body_says_the_contrary(request: Request, send: Send, _people: People) -> Response:
    """An opt-in whose body has `opted_in` false opts out."""
    contrary = request.method == "POST" and _body(request).get("opted_in") is False
    return send(replace(request, method="DELETE", body=b"") if contrary else request)


@mutant(("PREF-09", "OWN-03"))
def a_body_names_the_customer(request: Request, send: Send, people: People) -> Response:
    """`customer_id` in the body of an opt-in decides for whom it is."""
    named = _body(request).get("customer_id")
    if not decides(request) or not named or not people.name(request):
        return send(request)
    account = replace(request, method="GET", path=ACCOUNT, query="", body=b"")
    ids = {
        send(people.as_customer(account, name)).json["data"]["id"]: name for name in people.names
    }
    return send(people.as_customer(request, ids.get(str(named), people.name(request))))


@mutant("PREF-09")
def a_body_that_is_no_json_ends_in_an_error(
    request: Request, send: Send, people: People
) -> Response:
    """An opt-in whose body is no JSON is answered 500."""
    broken = request.method == "POST" and request.body == b"{" and people.name(request)
    return error(500, "Unexpected end of input.") if broken else send(request)


@stateful("TIME-02", needs="a customer with credits")
def an_opt_in_is_rewarded_with_a_credit() -> Change:
    """Each opt-in of a customer issues another credit, dated now."""
    given: defaultdict[str, list[str]] = defaultdict(list)

    def rewarding(request: Request, send: Send, people: People) -> Response:
        name = people.name(request)
        response = send(request)
        if decides(request) and request.method == "POST" and response.status == 200:
            given[name].append(people.now.isoformat())

        def more(tree: Tree, _request: Request) -> None:
            for number, issued in enumerate(given[name] if tree["data"] else ()):
                id = str(uuid5(NAMESPACE_URL, f"{name}/{number}"))
                tree["data"].append(tree["data"][-1] | {"id": id, "issued_at": issued})

        return changed(request, response, more) if at(request, CREDITS) else response

    return rewarding


@mutant("HTTP-06")
def orders_are_always_packed(request: Request, send: Send, _people: People) -> Response:
    """Orders are compressed, whether they may be or not."""
    return _packed(send(request)) if at(request, ORDERS) else send(request)


@mutant("HTTP-05", needs="a customer whom no payment processor knows")
def head_finds_payment_methods_of_nobody(request: Request, send: Send, _people: People) -> Response:
    """HEAD of payment methods is 200 where GET is 404."""
    response = send(request)
    missing = at(request, PAYMENT_METHODS) and response.status == 404
    return replace(response, status=200) if missing and request.method == "HEAD" else response


def _packed(response: Response) -> Response:
    if response.status != 200 or not response.body:
        return response
    headers = without_header(response, "Content-Length").headers
    coding = ("Content-Encoding", "gzip")
    return replace(response, body=gzip.compress(response.body), headers=(*headers, coding))
