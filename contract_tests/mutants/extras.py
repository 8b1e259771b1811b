"""Mutants that obey what the document does not know: parameters and headers of other APIs."""

from urllib.parse import parse_qs

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


def _asked(request: Request, name: str) -> str:
    return parse_qs(request.query, keep_blank_values=True).get(name, [""])[0]


def _cut(response: Response, request: Request, count: int = 1) -> Response:
    def cut(tree: Tree, _request: Request) -> None:
        tree["data"] = tree["data"][:count]

    return changed(request, response, cut)


@answer("QUERY-01", PAYMENT_METHODS, needs="a customer with two payment methods")
def methods_are_sorted_as_asked(response: Response, request: Request) -> Response:
    """Payment methods obey `order_by=-created_at`."""
    if _asked(request, "order_by") != "-created_at":
        return response
    return changed(request, response, lambda tree, _: tree["data"].reverse())


@answer("QUERY-01", CHARGES, needs="a customer with charges")
def charges_begin_at_a_date(response: Response, request: Request) -> Response:
    """Charges obey `date_from`."""
    begin = _asked(request, "date_from")

    def later(tree: Tree, _request: Request) -> None:
        tree["data"] = [each for each in tree["data"] if each["billed_at"] >= begin]

    return changed(request, response, later)


@answer("QUERY-01", MEMBERSHIPS, needs="a customer with two memberships")
def past_memberships_are_hidden_on_request(response: Response, request: Request) -> Response:
    """Memberships obey `scope=inactive`."""
    return _cut(response, request) if _asked(request, "scope") == "inactive" else response


@mutant(("QUERY-01", "OWN-02", "OWN-01"), needs="a customer with orders")
def a_reference_finds_anybodys_orders(request: Request, send: Send, people: People) -> Response:
    """Orders are those of the `booking_ref` in the query, whoever asks."""
    found = at(request, ORDERS) and _asked(request, "booking_ref") and people.name(request)
    other = people.another(request) if found else ""
    return send(people.as_customer(request, other) if other else request)


@mutant("OWN-01")
def an_address_in_a_header_is_the_caller(request: Request, send: Send, people: People) -> Response:
    """`X-Switch-User` with an e-mail address decides whose account is shown."""
    named = "@" in request.headers.get("x-switch-user", "") and at(request, ACCOUNT)
    other = people.another(request) if named and people.name(request) else ""
    return send(people.as_customer(request, other) if other else request)


@mutant("AUTH-04")
def staff_acts_for_a_customer(request: Request, send: Send, people: People) -> Response:
    """A staff token with `On-Behalf-Of` is served as a customer's."""
    acts = people.role(request) == "staff" and request.headers.get("on-behalf-of")
    return send(people.as_customer(request) if acts else request)


@answer(("AUTH-01", "AUTH-02"), status=401)
def a_wish_makes_a_refusal_200(response: Response, request: Request) -> Response:
    """With `always_200` a refusal has the status 200."""
    return replace(response, status=200) if "always_200=" in request.query else response


@answer("AUTH-07", CREDITS, status=401)
def pages_are_not_challenged(response: Response, request: Request) -> Response:
    """A 401 for who navigates has no challenge."""
    navigates = request.headers.get("sec-fetch-mode") == "navigate"
    return without_header(response, "WWW-Authenticate") if navigates else response


@mutant("HEADER-01")
def a_header_rewrites_the_path(request: Request, send: Send, _people: People) -> Response:
    """`X-Rewrite-URL` counts in place of the path."""
    path = request.headers.get("x-rewrite-url", request.path)
    return send(replace(request, path=path) if request.method == "GET" else request)


@answer("HEADER-01", CHARGES, status=200, needs="a customer with two charges")
def robots_see_one_charge(response: Response, request: Request) -> Response:
    """Who is called a robot is shown one charge."""
    robot = "bot" in request.headers.get("user-agent", "").lower()
    return _cut(response, request) if robot else response


@answer("HEADER-01", MEMBERSHIPS)
def csv_is_not_acceptable(response: Response, request: Request) -> Response:
    """Who would like CSV is answered 406."""
    return error(406) if request.headers.get("accept") == "text/csv" else response


@answer("HEADER-01", CREDITS, status=200, needs="a customer with credits")
def a_part_has_no_range(response: Response, request: Request) -> Response:
    """Who asks for a part of the credits is sent the first bytes of them."""
    if not request.headers.get("range") or request.method != "GET":
        return response
    return replace(without_header(response, "Content-Length"), status=206, body=response.body[:50])


@mutant("PREF-03")
def who_would_rather_wait_is_told_later(request: Request, send: Send, _people: People) -> Response:
    """Opting out with `Prefer: respond-async` is answered 202."""
    response = send(request)
    later = request.headers.get("prefer") == "respond-async" and request.method == "DELETE"
    if not later or not decides(request) or response.status != 200:
        return response
    return with_header(replace(response, status=202, body=b"{}"), "Content-Length", "2")


@answer("PREF-03", status=200)
def a_decision_shows_chosen_fields(response: Response, request: Request) -> Response:
    """Opting in with `top` answers one preference."""
    chosen = decides(request) and request.method == "POST" and _asked(request, "top")
    return _cut(response, request) if chosen else response


@mutant("PREF-04")
def a_parameter_overrides_the_method(request: Request, send: Send, _people: People) -> Response:
    """An opt-in with `http_method=DELETE` opts out."""
    overridden = decides(request) and _asked(request, "http_method") == "DELETE"
    return send(replace(request, method="DELETE") if overridden else request)


@stateful("PREF-04")
def a_key_is_everybodys() -> Change:
    """The answer to an `Idempotency-Key` is kept, and sent to whoever comes with it."""
    kept: dict[tuple[str, str], Response] = {}

    def answered(request: Request, send: Send, people: People) -> Response:
        key = (request.method, request.headers.get("idempotency-key", ""))
        if not key[1] or not people.name(request):
            return send(request)
        if key not in kept:
            kept[key] = send(request)
        return kept[key]

    return answered


@answer("HEADER-01", ORDERS, status=200, needs="a customer with orders")
def abroad_orders_are_in_dollars(response: Response, request: Request) -> Response:
    """Orders are in the currency of the country that a CDN names."""
    if request.headers.get("cloudfront-viewer-country") != "US":
        return response

    def converted(tree: Tree, _request: Request) -> None:
        for order in tree["data"]:
            order["currency"] = "USD"

    return changed(request, response, converted)


@answer("HEADER-01", MEMBERSHIPS, status=200, needs="a customer with memberships")
def memberships_are_those_of_a_site(response: Response, request: Request) -> Response:
    """Memberships obey `X-Venue-Id`."""
    venue = request.headers.get("x-venue-id")
    return _cut(response, request, 0) if venue else response


@mutant("HEADER-01")
def who_has_no_name_is_kept_out(request: Request, send: Send, _people: People) -> Response:
    """Charges are answered 403 where User-Agent says nothing."""
    named = request.headers.get("user-agent", "").strip()
    return error(403) if at(request, CHARGES) and not named else send(request)


@answer("HEADER-01", CREDITS, status=200, needs="a customer with credits")
def the_clients_clock_is_believed(response: Response, request: Request) -> Response:
    """Credits end by the `Date` of the request."""
    return _cut(response, request, 0) if "2035" in request.headers.get("date", "") else response


@answer("HEADER-01", CREDITS, status=200, needs="a customer with credits")
def a_range_from_the_beginning_is_cut(response: Response, request: Request) -> Response:
    """Who asks for all bytes of the credits from the first on is sent ten of them, under 200."""
    if request.headers.get("range") != "bytes=0-":
        return response
    return replace(without_header(response, "Content-Length"), body=response.body[:10])


@answer("HEADER-01", CHARGES, status=200, needs="a customer with charges")
def a_range_of_records_is_given(response: Response, request: Request) -> Response:
    """Charges are cut to a range of items, and answered 206."""
    asked = request.headers.get("range", "").startswith("items=")
    return replace(_cut(response, request), status=206) if asked else response
