"""Mutants in whose data is shown."""

import msgspec
from msgspec.structs import replace

from contract_tests.mutants.leaks import Theirs, leak
from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    ORDERS,
    PAYMENT_METHODS,
    Change,
    Tree,
    at,
    changed,
    decides,
    edit,
    mutant,
    stateful,
)
from contract_tests.mutants.people import People


def _data(response: Response) -> list[Tree]:
    data = response.json["data"] if response.status == 200 else []
    return data if isinstance(data, list) else [data]


def _with_one_of_anothers(request: Request, send: Send, people: People) -> Response:
    other = _data(send(people.as_customer(request, people.another(request))))

    def add(tree: Tree, _request: Request) -> None:
        tree["data"] = [*tree["data"][:-1], *other[:1]] if tree["data"] else tree["data"]

    return changed(request, send(request), add)


@mutant("OWN-02")
def a_list_leaks_one_order(request: Request, send: Send, people: People) -> Response:
    """The last order on a page is another customer's."""
    leaks = at(request, ORDERS) and people.role(request) == "customer"
    return _with_one_of_anothers(request, send, people) if leaks else send(request)


@mutant("OWN-02")
def a_list_leaks_one_payment_method(request: Request, send: Send, people: People) -> Response:
    """The last payment method is another customer's."""
    leaks = at(request, PAYMENT_METHODS) and people.role(request) == "customer"
    return _with_one_of_anothers(request, send, people) if leaks else send(request)


@mutant("OWN-01")
def expired_credits_of_another(request: Request, send: Send, people: People) -> Response:
    """With both flags another customer's credit is listed."""
    leaks = at(request, CREDITS) and request.query.count("true") == 2
    return _with_one_of_anothers(request, send, people) if leaks else send(request)


@edit("OWN-01", CHARGES)
def charges_name_another_customer(tree: Tree, _request: Request) -> None:
    """The last charge names another customer."""
    for charge in tree["data"][-1:]:
        charge["customer_id"] = "00000000-0000-4000-8000-000000000001"


@mutant("OWN-01")
def everybody_is_the_first_customer(request: Request, send: Send, people: People) -> Response:
    """The account shown is always the first customer's."""
    if at(request, ACCOUNT) and send(request).status == 200:
        return send(people.as_customer(request))
    return send(request)


@mutant("OWN-03")
def a_decision_is_everybodys(request: Request, send: Send, people: People) -> Response:
    """Opting in or out does so for another customer too."""
    if decides(request) and people.role(request) == "customer":
        send(people.as_customer(request, people.another(request)))
    return send(request)


@mutant("OWN-03")
def an_opt_out_is_everybodys(request: Request, send: Send, people: People) -> Response:
    """Only opting out does so for another customer too."""
    if request.method == "DELETE" and people.role(request) == "customer":
        send(people.as_customer(request, people.another(request)))
    return send(request)


@leak("OWN-04", ACCOUNT)
def a_stray_field_leaks_an_address(tree: Tree, theirs: Theirs) -> None:
    """The account carries another customer's e-mail address in a new field."""
    tree["data"]["referred_by"] = theirs(ACCOUNT)["email"]


@leak("OWN-04", ORDERS)
def an_order_carries_anothers_address(tree: Tree, theirs: Theirs) -> None:
    """The first order on a page has another customer's e-mail address."""
    for order in tree["data"][:1]:
        order["email"] = theirs(ACCOUNT)["email"]


@mutant("OWN-05")
def a_403_tells_whose_it_is(request: Request, send: Send, people: People) -> Response:
    """The refusal of another organisation's preference names a customer of it."""
    response = send(request)
    mine = decides(request) and people.role(request) == "customer"
    if response.status not in (403, 404) or not mine:
        return response
    account = replace(request, method="GET", path=ACCOUNT)
    theirs = people.as_customer(account, people.another(request))
    email = _data(send(theirs))[0]["email"]
    return replace(response, body=msgspec.json.encode({"message": f"This is {email}'s."}))


@stateful("OWN-01")
def a_cache_forgets_the_caller() -> Change:
    """The account is cached for everybody for as long as the server runs."""
    cached: dict[str, Response] = {}

    def answered(request: Request, send: Send, _people: People) -> Response:
        response = send(request)
        if at(request, ACCOUNT) and response.status == 200:
            return cached.setdefault(request.path, response)
        return response

    return answered


@leak("OWN-04", CHARGES)
def a_charge_carries_anothers_phone(tree: Tree, theirs: Theirs) -> None:
    """The newest charge carries another customer's phone number in a new field."""
    if phone := theirs(ACCOUNT)["phone"]:
        tree["data"][0]["approved_by"] = phone


def _as_named(request: Request, send: Send, people: People, named: str) -> Response:
    """Whoever is named beside a customer's token is taken for the one who asks."""
    other = people.another(request) if people.role(request) == "customer" else ""
    if other and named and named != _data(send(replace(request, path=ACCOUNT, query="")))[0]["id"]:
        return send(people.as_customer(request, other))
    return send(request)


@mutant("OWN-01")
def a_parameter_names_the_customer(request: Request, send: Send, people: People) -> Response:
    """`customer_id` in the query of the orders decides whose are shown."""
    pairs = dict(pair.split("=", 1) for pair in request.query.split("&") if "=" in pair)
    named = pairs.get("customer_id", "") if at(request, ORDERS) else ""
    return _as_named(request, send, people, named)


@mutant("OWN-01")
def a_header_names_the_customer(request: Request, send: Send, people: People) -> Response:
    """`X-Customer-Id` decides whose payment methods are shown."""
    named = request.headers.get("x-customer-id", "") if at(request, PAYMENT_METHODS) else ""
    return _as_named(request, send, people, named)
