"""Mutants in who is answered."""

from base64 import urlsafe_b64decode

from msgspec.structs import replace

from contract_tests.mutants.message import Request, Response, Send
from contract_tests.mutants.mutant import (
    ACCOUNT,
    CHARGES,
    CREDITS,
    MEMBERSHIPS,
    ORDERS,
    answer,
    at,
    decides,
    error,
    mutant,
    with_header,
    without_header,
)
from contract_tests.mutants.people import People, with_token

UUID_LENGTH = 36


def _let_in(request: Request, send: Send, people: People) -> Response:
    """Whoever asks is taken for the first customer."""
    return send(people.as_customer(request))


def _open_to(request: Request, send: Send, people: People, role: str, *paths: str) -> Response:
    """Whoever has this role is taken for the first customer, at these paths or everywhere."""
    opened = people.role(request) == role and at(request, *paths)
    return _let_in(request, send, people) if opened else send(request)


@mutant("AUTH-01")
def no_token_needed(request: Request, send: Send, people: People) -> Response:
    """Without a token the first customer's data is shown."""
    asked = "authorization" in request.headers
    return send(request) if asked else _let_in(request, send, people)


@mutant("AUTH-01")
def opt_out_forgets_the_token(request: Request, send: Send, people: People) -> Response:
    """Only opting out needs no token."""
    if request.method == "DELETE" and "authorization" not in request.headers:
        return _let_in(request, send, people)
    return send(request)


@mutant("AUTH-02")
def any_token_will_do(request: Request, send: Send, people: People) -> Response:
    """A made-up token opens the first customer's account."""
    bearer = request.headers.get("authorization", "").startswith("Bearer ")
    if bearer and people.role(request) == "unknown":
        return _let_in(request, send, people)
    return send(request)


@mutant("AUTH-02")
def a_token_is_known_by_its_beginning(request: Request, send: Send, people: People) -> Response:
    """A customer's token followed by anything is taken for the customer's."""
    return _by_its_beginning(request, send, people)


@mutant("AUTH-02")
def opt_in_knows_a_token_by_its_beginning(request: Request, send: Send, people: People) -> Response:
    """Only at opting in a customer's token followed by anything is taken for the customer's."""
    if decides(request) and request.method == "POST":
        return _by_its_beginning(request, send, people)
    return send(request)


def _by_its_beginning(request: Request, send: Send, people: People) -> Response:
    sent = request.headers.get("authorization", "")
    for name, token in people.tokens.items():
        if sent.startswith(f"Bearer {token}"):
            return send(people.as_customer(request, name))
    return send(request)


@mutant("AUTH-03")
def the_prefix_is_optional(request: Request, send: Send, people: People) -> Response:
    """A bare token is accepted."""
    return send(_prefixed(request))


@mutant("AUTH-03")
def orders_take_a_bare_token(request: Request, send: Send, people: People) -> Response:
    """Only the orders take the token without its prefix."""
    return send(_prefixed(request) if at(request, ORDERS) else request)


@mutant("AUTH-03")
def any_scheme_will_do(request: Request, send: Send, people: People) -> Response:
    """A token is accepted after `Basic` too."""
    sent = request.headers.get("authorization", "").replace("Basic ", "Bearer ", 1)
    return send(with_token(request, sent) if sent else request)


def _prefixed(request: Request) -> Request:
    sent = request.headers.get("authorization", "")
    return with_token(request, f"Bearer {sent}") if sent and " " not in sent else request


@mutant("AUTH-04")
def staff_are_let_in(request: Request, send: Send, people: People) -> Response:
    """A staff token is answered everywhere."""
    return _open_to(request, send, people, "staff")


@mutant("AUTH-04")
def staff_see_memberships(request: Request, send: Send, people: People) -> Response:
    """A staff token is answered at the memberships alone."""
    return _open_to(request, send, people, "staff", MEMBERSHIPS)


@mutant("AUTH-05")
def staff_are_forbidden_to_read(request: Request, send: Send, people: People) -> Response:
    """A staff token is answered 403 on reads too."""
    if people.role(request) == "staff" and request.method == "GET":
        return error(403, "A staff token is no customer token.")
    return send(request)


@mutant("AUTH-05")
def staff_are_401_on_opt_out(request: Request, send: Send, people: People) -> Response:
    """A staff token is answered 401 on opting out alone."""
    response = send(request)
    if people.role(request) == "staff" and request.method == "DELETE" and response.status == 403:
        challenge = (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
        return replace(response, status=401, headers=response.headers + challenge)
    return response


@mutant("AUTH-06")
def expired_tokens_live_on(request: Request, send: Send, people: People) -> Response:
    """An expired token is answered."""
    return _open_to(request, send, people, "expired")


@mutant("AUTH-06")
def expired_tokens_read_charges(request: Request, send: Send, people: People) -> Response:
    """An expired token is answered at the charges alone."""
    return _open_to(request, send, people, "expired", CHARGES)


@answer("AUTH-07")
def no_challenge(response: Response, _request: Request) -> Response:
    """401 comes without WWW-Authenticate."""
    return without_header(response, "WWW-Authenticate")


@answer("AUTH-07", ORDERS)
def no_challenge_at_orders(response: Response, _request: Request) -> Response:
    """Only the orders' 401 comes without WWW-Authenticate."""
    return without_header(response, "WWW-Authenticate")


@answer("AUTH-07", status=401)
def the_challenge_names_no_error(response: Response, _request: Request) -> Response:
    """An invalid token is challenged as if there were none."""
    bare = without_header(response, "WWW-Authenticate")
    return replace(bare, headers=(*bare.headers, ("WWW-Authenticate", "Bearer")))


@mutant("AUTH-08")
def parameters_come_first(request: Request, send: Send, people: People) -> Response:
    """A stranger with a bad parameter is told about the parameter."""
    return _checks_parameters_first(request, send, people)


@mutant("AUTH-08")
def flags_come_first(request: Request, send: Send, people: People) -> Response:
    """Only at the credits a stranger with a bad flag is told about the flag."""
    if at(request, CREDITS):
        return _checks_parameters_first(request, send, people)
    return send(request)


def _checks_parameters_first(request: Request, send: Send, people: People) -> Response:
    response = send(request)
    if response.status != 401 or request.method != "GET":
        return response
    let_in = _let_in(request, send, people)
    return let_in if let_in.status == 400 else response


@answer("AUTH-08", status=401)
def an_unknown_preference_comes_first(response: Response, request: Request) -> Response:
    """A stranger who names no UUID is told 404."""
    named = request.path.rpartition("/")[2]
    return error(404) if decides(request) and len(named) != UUID_LENGTH else response


@mutant("AUTH-09")
def revoked_tokens_live_on(request: Request, send: Send, people: People) -> Response:
    """A revoked token is answered."""
    return _open_to(request, send, people, "revoked")


@mutant("AUTH-09")
def revoked_tokens_opt_in(request: Request, send: Send, people: People) -> Response:
    """A revoked token can still opt in."""
    if people.role(request) == "revoked" and request.method == "POST":
        return _let_in(request, send, people)
    return send(request)


@mutant("AUTH-10")
def locked_customers_get_in(request: Request, send: Send, people: People) -> Response:
    """The token of a customer who is locked or anonymised is answered."""
    return _open_to(request, send, people, "locked")


@mutant("AUTH-10")
def locked_customers_see_orders(request: Request, send: Send, people: People) -> Response:
    """The token of a customer who is locked or anonymised is answered at the orders alone."""
    return _open_to(request, send, people, "locked", ORDERS)


@mutant("AUTH-11")
def the_mix_up_is_not_told(request: Request, send: Send, people: People) -> Response:
    """A staff token is refused without saying why."""
    return _untold(people, request, send(request))


@mutant("AUTH-11")
def opt_out_does_not_tell_the_mix_up(request: Request, send: Send, people: People) -> Response:
    """Only at opting out a staff token is refused without saying why."""
    response = send(request)
    return _untold(people, request, response) if request.method == "DELETE" else response


def _untold(people: People, request: Request, response: Response) -> Response:
    if people.role(request) != "staff" or response.status not in (401, 403):
        return response
    return replace(response, body=b'{"message":"Refused."}')


@mutant("AUTH-12")
def a_refused_opt_in_still_writes(request: Request, send: Send, people: People) -> Response:
    """An expired token is refused, but the opt-in or opt-out is done."""
    if decides(request) and people.role(request) == "expired":
        _let_in(request, send, people)
    return send(request)


@mutant("AUTH-12")
def a_staff_opt_out_still_writes(request: Request, send: Send, people: People) -> Response:
    """A staff token is refused, but its opt-out is done."""
    if request.method == "DELETE" and people.role(request) == "staff":
        _let_in(request, send, people)
    return send(request)


@mutant("AUTH-01")
def a_missing_token_is_403(request: Request, send: Send, people: People) -> Response:
    """Without a token the account is answered 403 in place of 401."""
    response = send(request)
    return (
        error(403)
        if at(request, ACCOUNT) and not people.role(request) and response.status == 401
        else response
    )


@mutant("AUTH-01")
def a_bearer_of_nothing_will_do(request: Request, send: Send, people: People) -> Response:
    """`Bearer` without a token is taken for the first customer."""
    sent = request.headers.get("authorization", "").strip()
    return _let_in(request, send, people) if sent == "Bearer" else send(request)


@mutant("AUTH-02")
def a_token_is_known_by_most_of_it(request: Request, send: Send, people: People) -> Response:
    """A customer's token may lack its last letter."""
    sent = request.headers.get("authorization", "")
    for name, token in people.tokens.items():
        if sent == f"Bearer {token.rstrip('=')[:-1]}":
            return send(people.as_customer(request, name))
    return send(request)


@mutant("AUTH-02")
def charges_know_a_token_by_its_beginning(request: Request, send: Send, people: People) -> Response:
    """Only at the charges a customer's token followed by anything is taken for the customer's."""
    if at(request, CHARGES):
        return _by_its_beginning(request, send, people)
    return send(request)


@mutant("AUTH-03")
def a_token_scheme_will_do(request: Request, send: Send, people: People) -> Response:
    """A token is accepted after `Token` too."""
    sent = request.headers.get("authorization", "")
    known = sent.startswith("Token ")
    return send(with_token(request, sent.replace("Token", "Bearer", 1)) if known else request)


@mutant("AUTH-10")
def locked_customers_see_charges(request: Request, send: Send, people: People) -> Response:
    """The token of a customer who is locked or anonymised is answered at the charges alone."""
    return _open_to(request, send, people, "locked", CHARGES)


@mutant("AUTH-02")
def memberships_take_a_token_in_any_case(request: Request, send: Send, people: People) -> Response:
    """A customer's token is known in capitals too, at the memberships alone."""
    sent = request.headers.get("authorization", "").removeprefix("Bearer ").lower()
    known = [name for name, token in people.tokens.items() if token.lower() == sent]
    taken = at(request, MEMBERSHIPS) and known
    return send(people.as_customer(request, known[0]) if taken else request)


@mutant("AUTH-03")
def charges_take_another_scheme(request: Request, send: Send, people: People) -> Response:
    """`Digest TOKEN` opens the charges alone."""
    token = request.headers.get("authorization", "").removeprefix("Digest ")
    digest = token in people.tokens.values() and at(request, CHARGES)
    return send(with_token(request, f"Bearer {token}") if digest else request)


@mutant("HTTP-05", needs="a revoked token")
def head_of_charges_takes_a_revoked_token(request: Request, send: Send, people: People) -> Response:
    """HEAD of the charges is answered to a token that was revoked."""
    if request.method != "HEAD":
        return send(request)
    return _open_to(request, send, people, "revoked", CHARGES)


@mutant("AUTH-03")
def oauth_is_a_scheme_of_charges(request: Request, send: Send, people: People) -> Response:
    """`OAuth TOKEN` opens the charges alone."""
    token = request.headers.get("authorization", "").removeprefix("OAuth ")
    taken = token in people.tokens.values() and at(request, CHARGES)
    return send(with_token(request, f"Bearer {token}") if taken else request)


@mutant(("AUTH-02", "AUTH-03"))
def the_last_of_two_headers_counts(request: Request, send: Send, people: People) -> Response:
    """Of two `Authorization` headers the last one is read."""
    first, _, last = request.headers.get("authorization", "").rpartition(", ")
    twofold = first.partition(" ")[2] and last.startswith("Bearer ")
    two = twofold and not first.startswith("Basic x")
    return send(with_token(request, last) if two else request)


@mutant("AUTH-02")
def a_token_is_read_without_its_signature(request: Request, send: Send, people: People) -> Response:
    """A JSON Web Token is believed, whoever signed it."""
    parts = request.headers.get("authorization", "").split(".")
    claims = urlsafe_b64decode(f"{parts[1]}==") if len(parts) == 3 else b""
    ids = {each.id: each.name for each in people.target.customers if each.id}
    known = [name for id, name in ids.items() if id.encode() in claims]
    return send(people.as_customer(request, known[0]) if known else request)


@mutant("AUTH-06")
def an_expired_token_in_small_letters(request: Request, send: Send, people: People) -> Response:
    """Behind `bearer` an expired token is answered."""
    sent = request.headers.get("authorization", "")
    return (
        _let_in(request, send, people)
        if sent == f"bearer {people.target.tokens.expired}"
        else send(request)
    )


@mutant("AUTH-02")
def a_quote_closes_the_query(request: Request, send: Send, people: People) -> Response:
    """A token with a quote is answered 500."""
    return error(500) if "'" in request.headers.get("authorization", "") else send(request)


@mutant("AUTH-10")
def head_of_orders_takes_a_locked_customer(
    request: Request, send: Send, people: People
) -> Response:
    """HEAD of the orders with parameters is answered to a locked customer."""
    if request.method != "HEAD" or not request.query:
        return send(request)
    return _open_to(request, send, people, "locked", ORDERS)


@mutant("AUTH-05")
def staff_learn_what_is_unknown(request: Request, send: Send, people: People) -> Response:
    """A staff token that opts out of an unknown preference is answered 404."""
    staff = request.method == "DELETE" and people.role(request) == "staff"
    answered = _let_in(request, send, people) if staff else send(request)
    return answered if not staff or answered.status == 404 else send(request)


@mutant("AUTH-02")
def a_token_in_three_parts_is_malformed(request: Request, send: Send, people: People) -> Response:
    """An unknown token of three parts, as a JSON Web Token has, is answered 400."""
    sent, response = request.headers.get("authorization", ""), send(request)
    is_signed = sent.count(".") == 2 and not sent.endswith(".")
    return error(400) if is_signed and people.role(request) == "unknown" else response


@answer(("HTTP-05", "AUTH-07"), CHARGES, MEMBERSHIPS, status=401)
def head_offers_no_challenge(response: Response, request: Request) -> Response:
    """HEAD of charges and memberships is answered 401 without WWW-Authenticate."""
    return without_header(response, "WWW-Authenticate") if request.method == "HEAD" else response


@mutant("HEADER-01")
def cookies_are_too_many(request: Request, send: Send, _people: People) -> Response:
    """A request with 4,000 bytes of cookies is answered 400."""
    return error(400) if len(request.headers.get("cookie", "")) > 4000 else send(request)


@mutant("AUTH-01")
def a_cookie_stands_in_for_the_token(request: Request, send: Send, people: People) -> Response:
    """Answers set a cookie by which who comes without a token is known again."""
    known = request.headers.get("cookie", "").partition("visitor=")[2]
    if known in people.tokens and "authorization" not in request.headers:
        return send(with_token(request, f"Bearer {people.tokens[known]}"))
    response, name = send(request), people.name(request)
    return with_header(response, "Set-Cookie", f"visitor={name}; Path=/") if name else response
