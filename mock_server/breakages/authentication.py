"""Faults in who is answered."""

from msgspec.structs import replace

from mock_server.breakages.breakage import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
    UUID_LENGTH,
    as_customer,
    at,
    decides,
    error,
    fault,
    role,
    without_header,
)
from mock_server.http.exchange import Answer, Request, Response
from mock_server.worlds.sandbox import Sandbox


def _let_in(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Whoever asks is taken for the first customer."""
    return answer(as_customer(request, sandbox, next(iter(sandbox.world))))


def _named(request: Request, sandbox: Sandbox) -> bool:
    """Whether the token names one of the customers."""
    sent = request.headers.get("authorization", "")
    return any(sent.endswith(f"customer-{name}") for name in sandbox.world)


@fault("AUTH-01")
def no_token_needed(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Without a token the first customer's data is shown."""
    asked = "authorization" in request.headers
    return answer(request) if asked else _let_in(request, answer, sandbox)


@fault("AUTH-01")
def opt_out_forgets_the_token(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Only opting out needs no token."""
    if request.method == "DELETE" and "authorization" not in request.headers:
        return _let_in(request, answer, sandbox)
    return answer(request)


@fault("AUTH-02")
def any_token_will_do(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A made-up token opens the first customer's account."""
    bearer = request.headers.get("authorization", "").startswith("Bearer ")
    response = answer(request)
    known = role(request) in ("staff", "expired", "revoked") or _named(request, sandbox)
    if response.status == 401 and bearer and not known:
        return _let_in(request, answer, sandbox)
    return response


@fault("AUTH-02")
def a_token_is_known_by_its_beginning(
    request: Request, answer: Answer, sandbox: Sandbox
) -> Response:
    """A customer's token followed by anything is taken for the customer's."""
    return _by_its_beginning(request, answer, sandbox)


@fault("AUTH-02")
def opt_in_knows_a_token_by_its_beginning(
    request: Request, answer: Answer, sandbox: Sandbox
) -> Response:
    """Only at opting in a customer's token followed by anything is taken for the customer's."""
    if decides(request) and request.method == "POST":
        return _by_its_beginning(request, answer, sandbox)
    return answer(request)


def _by_its_beginning(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    sent = request.headers.get("authorization", "")
    for name in sandbox.world:
        if sent.startswith(f"Bearer {sandbox.token('customer', name)}"):
            return answer(as_customer(request, sandbox, name))
    return answer(request)


@fault("AUTH-03")
def the_prefix_is_optional(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A bare token is accepted."""
    return answer(_prefixed(request))


@fault("AUTH-03")
def orders_take_a_bare_token(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Only the orders take the token without its prefix."""
    return answer(_prefixed(request) if at(request, ORDERS) else request)


@fault("AUTH-03")
def any_scheme_will_do(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A token is accepted after `Basic` too."""
    sent = request.headers.get("authorization", "").replace("Basic ", "Bearer ", 1)
    return answer(_with(request, sent) if sent else request)


def _prefixed(request: Request) -> Request:
    sent = request.headers.get("authorization", "")
    return _with(request, f"Bearer {sent}") if sent and " " not in sent else request


def _with(request: Request, authorization: str) -> Request:
    return replace(request, headers=dict(request.headers) | {"authorization": authorization})


@fault("AUTH-04")
def staff_are_let_in(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A staff token is answered everywhere."""
    return _let_in(request, answer, sandbox) if role(request) == "staff" else answer(request)


@fault("AUTH-04")
def staff_see_memberships(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A staff token is answered at the memberships alone."""
    if role(request) == "staff" and at(request, MEMBERSHIPS):
        return _let_in(request, answer, sandbox)
    return answer(request)


@fault("AUTH-05")
def staff_are_forbidden_to_read(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A staff token is answered 403 on reads too."""
    if role(request) == "staff" and request.method == "GET":
        return error(403, "A staff token is no customer token.")
    return answer(request)


@fault("AUTH-05")
def staff_are_401_on_opt_out(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A staff token is answered 401 on opting out alone."""
    response = answer(request)
    if role(request) == "staff" and request.method == "DELETE" and response.status == 403:
        challenge = (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
        return replace(response, status=401, headers=response.headers + challenge)
    return response


@fault("AUTH-06")
def expired_tokens_live_on(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """An expired token is answered."""
    return _let_in(request, answer, sandbox) if role(request) == "expired" else answer(request)


@fault("AUTH-06")
def expired_tokens_read_charges(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """An expired token is answered at the charges alone."""
    if role(request) == "expired" and at(request, CHARGES):
        return _let_in(request, answer, sandbox)
    return answer(request)


@fault("AUTH-07")
def no_challenge(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """401 comes without WWW-Authenticate."""
    return without_header(answer(request), "WWW-Authenticate")


@fault("AUTH-07")
def no_challenge_at_orders(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Only the orders' 401 comes without WWW-Authenticate."""
    response = answer(request)
    return without_header(response, "WWW-Authenticate") if at(request, ORDERS) else response


@fault("AUTH-07")
def the_challenge_names_no_error(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """An invalid token is challenged as if there were none."""
    response = answer(request)
    if response.status != 401:
        return response
    bare = without_header(response, "WWW-Authenticate")
    return replace(bare, headers=(*bare.headers, ("WWW-Authenticate", "Bearer")))


@fault("AUTH-08")
def parameters_come_first(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A stranger with a bad parameter is told about the parameter."""
    return _told_of_parameters(request, answer, sandbox)


@fault("AUTH-08")
def flags_come_first(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Only at the credits a stranger with a bad flag is told about the flag."""
    if at(request, CREDITS):
        return _told_of_parameters(request, answer, sandbox)
    return answer(request)


def _told_of_parameters(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    response = answer(request)
    if response.status != 401 or request.method != "GET":
        return response
    told = _let_in(request, answer, sandbox)
    return told if told.status == 400 else response


@fault("AUTH-08")
def an_unknown_preference_comes_first(
    request: Request, answer: Answer, sandbox: Sandbox
) -> Response:
    """A stranger who names no UUID is told 404."""
    response, named = answer(request), request.path.rpartition("/")[2]
    odd = decides(request) and len(named) != UUID_LENGTH
    return error(404) if odd and response.status == 401 else response


@fault("AUTH-09")
def revoked_tokens_live_on(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A revoked token is answered."""
    return _let_in(request, answer, sandbox) if role(request) == "revoked" else answer(request)


@fault("AUTH-09")
def revoked_tokens_opt_in(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A revoked token can still opt in."""
    if role(request) == "revoked" and request.method == "POST":
        return _let_in(request, answer, sandbox)
    return answer(request)


@fault("AUTH-10")
def locked_customers_get_in(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The token of a customer who is locked or anonymised is answered."""
    return _closed_let_in(request, answer, sandbox)


@fault("AUTH-10")
def locked_customers_see_orders(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The token of a customer who is locked or anonymised is answered at the orders alone."""
    return _closed_let_in(request, answer, sandbox) if at(request, ORDERS) else answer(request)


def _closed_let_in(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    response = answer(request)
    closed = response.status == 401 and role(request) == "customer" and _named(request, sandbox)
    return _let_in(request, answer, sandbox) if closed else response


@fault("AUTH-11")
def the_mix_up_is_not_told(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A staff token is refused without saying why."""
    return _untold(request, answer(request))


@fault("AUTH-11")
def opt_out_does_not_tell_the_mix_up(
    request: Request, answer: Answer, sandbox: Sandbox
) -> Response:
    """Only at opting out a staff token is refused without saying why."""
    response = answer(request)
    return _untold(request, response) if request.method == "DELETE" else response


def _untold(request: Request, response: Response) -> Response:
    if role(request) != "staff" or response.status not in (401, 403):
        return response
    return replace(response, body=b'{"message":"Refused."}')


@fault("AUTH-12")
def a_refused_opt_in_still_writes(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """An expired token is refused, but the opt-in or opt-out is done."""
    if decides(request) and role(request) == "expired":
        _let_in(request, answer, sandbox)
    return answer(request)


@fault("AUTH-12")
def a_staff_opt_out_still_writes(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A staff token is refused, but its opt-out is done."""
    if request.method == "DELETE" and role(request) == "staff":
        _let_in(request, answer, sandbox)
    return answer(request)


@fault("AUTH-01")
def a_missing_token_is_403(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """Without a token the account is answered 403 in place of 401."""
    response = answer(request)
    return (
        error(403)
        if at(request, ACCOUNT) and not role(request) and response.status == 401
        else response
    )


@fault("AUTH-01")
def a_bearer_of_nothing_will_do(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """`Bearer` without a token is taken for the first customer."""
    sent = request.headers.get("authorization", "").strip()
    return _let_in(request, answer, sandbox) if sent == "Bearer" else answer(request)


@fault("AUTH-02")
def a_token_is_known_by_most_of_it(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A customer's token may lack its last letter."""
    sent = request.headers.get("authorization", "")
    for name in sandbox.world:
        if sent == f"Bearer {sandbox.token('customer', name)[:-1]}":
            return answer(as_customer(request, sandbox, name))
    return answer(request)


@fault("AUTH-02")
def charges_know_a_token_by_its_beginning(
    request: Request, answer: Answer, sandbox: Sandbox
) -> Response:
    """Only at the charges a customer's token followed by anything is taken for the customer's."""
    if at(request, CHARGES):
        return _by_its_beginning(request, answer, sandbox)
    return answer(request)


@fault("AUTH-03")
def a_token_scheme_will_do(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """A token is accepted after `Token` too."""
    sent = request.headers.get("authorization", "")
    known = sent.startswith("Token ")
    return answer(_with(request, sent.replace("Token", "Bearer", 1)) if known else request)


@fault("AUTH-10")
def locked_customers_see_charges(request: Request, answer: Answer, sandbox: Sandbox) -> Response:
    """The token of a customer who is locked or anonymised is answered at the charges alone."""
    return _closed_let_in(request, answer, sandbox) if at(request, CHARGES) else answer(request)
