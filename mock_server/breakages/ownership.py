"""Faults in whose data is shown."""

import msgspec
from msgspec.structs import replace

from mock_server.breakages.breakage import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    ORDERS,
    PAYMENT_METHODS,
    Tree,
    as_customer,
    at,
    changed,
    decides,
    edit,
    fault,
    remembering,
    role,
)
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import PlantedFault, Sandbox


def _somebody_else(request: Request, sandbox: Sandbox) -> str:
    """The next customer after the caller."""
    names = list(sandbox.world)
    sent = request.headers.get("authorization", "")
    mine = next((each for each in names if sent.endswith(f"customer-{each}")), names[-1])
    return names[(names.index(mine) + 1) % 2]


def _data(response: Response) -> list[Tree]:
    data = msgspec.json.decode(response.body)["data"] if response.status == 200 else []
    return data if isinstance(data, list) else [data]


def _with_one_of_anothers(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    other = _data(answer(as_customer(request, sandbox, _somebody_else(request, sandbox))))

    def add(tree: Tree, _request: Request) -> None:
        tree["data"] = [*tree["data"][:-1], *other[:1]] if tree["data"] else tree["data"]

    return changed(request, answer(request), add)


@fault("OWN-02")
def a_list_leaks_one_order(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The last order on a page is another customer's."""
    leaks = at(request, ORDERS) and role(request) == "customer"
    return _with_one_of_anothers(request, answer, sandbox) if leaks else answer(request)


@fault("OWN-02")
def a_list_leaks_one_payment_method(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The last payment method is another customer's."""
    leaks = at(request, PAYMENT_METHODS) and role(request) == "customer"
    return _with_one_of_anothers(request, answer, sandbox) if leaks else answer(request)


@fault("OWN-01")
def expired_credits_of_another(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """With both flags another customer's credit is listed."""
    leaks = at(request, CREDITS) and request.query.count("true") == 2
    return _with_one_of_anothers(request, answer, sandbox) if leaks else answer(request)


@edit("OWN-01", CHARGES)
def charges_name_another_customer(tree: Tree, _request: Request) -> None:
    """The last charge names another customer."""
    for charge in tree["data"][-1:]:
        charge["customer_id"] = "00000000-0000-4000-8000-000000000001"


@fault("OWN-01")
def everybody_is_the_first_customer(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The account shown is always the first customer's."""
    if at(request, ACCOUNT) and answer(request).status == 200:
        return answer(as_customer(request, sandbox, next(iter(sandbox.world))))
    return answer(request)


@fault("OWN-03")
def a_decision_is_everybodys(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Opting in or out does so for another customer too."""
    if decides(request) and role(request) == "customer":
        answer(as_customer(request, sandbox, _somebody_else(request, sandbox)))
    return answer(request)


@fault("OWN-03")
def an_opt_out_is_everybodys(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Only opting out does so for another customer too."""
    if request.method == "DELETE" and role(request) == "customer":
        answer(as_customer(request, sandbox, _somebody_else(request, sandbox)))
    return answer(request)


@fault("OWN-04")
def a_stray_field_leaks_an_address(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The account carries another customer's e-mail address in a new field."""
    if not at(request, ACCOUNT):
        return answer(request)
    other = _data(answer(as_customer(request, sandbox, _somebody_else(request, sandbox))))

    def leak(tree: Tree, _request: Request) -> None:
        tree["data"]["referred_by"] = other[0]["email"] if other else None

    return changed(request, answer(request), leak)


@fault("OWN-04")
def an_order_carries_anothers_address(
    request: Request, answer: Answer, sandbox: Sandbox
) -> Response:
    """The first order on a page has another customer's e-mail address."""
    if not at(request, ORDERS):
        return answer(request)
    theirs = as_customer(
        replace(request, path=ACCOUNT, query=""), sandbox, _somebody_else(request, sandbox)
    )
    other = _data(answer(theirs))

    def leak(tree: Tree, _request: Request) -> None:
        for order in tree["data"][:1]:
            order["email"] = other[0]["email"] if other else None

    return changed(request, answer(request), leak)


@fault("OWN-05")
def a_403_tells_whose_it_is(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The refusal of another organisation's preference names a customer of it."""
    response = answer(request)
    if response.status not in (403, 404) or not decides(request) or role(request) != "customer":
        return response
    theirs = as_customer(
        replace(request, method="GET", path=ACCOUNT), sandbox, _somebody_else(request, sandbox)
    )
    email = _data(answer(theirs))[0]["email"]
    return replace(response, body=msgspec.json.encode({"message": f"This is {email}'s."}))


@remembering("OWN-01")
def a_cache_forgets_the_caller() -> PlantedFault:
    """The account is cached for everybody for as long as the server runs."""
    cached: dict[str, Response] = {}

    def answered(request: Request, answer: Answer, _sandbox: Sandbox) -> Response:
        response = answer(request)
        if at(request, ACCOUNT) and response.status == 200:
            return cached.setdefault(request.path, response)
        return response

    return answered


@fault("OWN-04")
def a_charge_carries_anothers_phone(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The newest charge carries another customer's phone number in a new field."""
    if not at(request, CHARGES):
        return answer(request)
    account = replace(request, path=ACCOUNT, query="")
    other = _data(answer(as_customer(account, sandbox, _somebody_else(request, sandbox))))

    def leak(tree: Tree, _request: Request) -> None:
        tree["data"][0]["approved_by"] = other[0]["phone"]

    return changed(request, answer(request), leak)
