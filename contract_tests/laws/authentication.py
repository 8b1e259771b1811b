"""Who is answered, and how the others are refused."""

from contract_tests.actor import Actor, Customer, consents_in
from contract_tests.client import Exchange, lengthened, shortened
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, law
from contract_tests.session import Session, unreadable


def refused(exchange: Exchange, *statuses: int) -> None:
    """The answer must be one of these refusals."""
    if exchange.status not in statuses:
        wanted = " or ".join(map(str, statuses))
        raise Violation(expected=wanted, actual=exchange.told(), exchange=exchange)


@law("AUTH-12")
def a_refused_change_changes_nothing(
    session: Session, operation: Operation, customer: Customer
) -> None:
    opted_in = operation.opts_in
    preference = session.preference(operation)
    before = customer.restore({preference: not opted_in}, customer.changeable())
    attempts = [session.attempt(actor, operation) for actor in session.strangers]
    read = customer.preferences()

    if consents_in(read.records).get(preference) == opted_in:
        raise Violation(
            expected=f"opted_in {not opted_in} for {preference}, as before",
            actual=f"opted_in {opted_in}",
            exchange=read,
            after=[*before, *attempts],
        )


@law("AUTH-01")
def without_a_token_there_is_no_answer(session: Session, operation: Operation) -> None:
    refused(session.attempt(session.nobody, operation), 401)
    if operation == session.contract.account:
        refused(Actor(session.client, headers={"Authorization": "Bearer"}).call(operation), 401)


@law("AUTH-02")
def an_unknown_token_is_refused(session: Session, operation: Operation, customer: Customer) -> None:
    refused(session.attempt(session.unknown, operation), 401)
    known = str(customer.token)
    shorter = (shortened(known),) if operation == session.contract.account else ()
    for token in (lengthened(known), *shorter):
        altered = Actor(session.client, "unknown", token)
        refused(altered.call(operation, preference=session.preference(operation)), 401)


@law("AUTH-03")
def the_bearer_prefix_is_mandatory(
    session: Session, operation: Operation, customer: Customer
) -> None:
    odd = ("Basic ", "Token ") if operation == session.contract.account else ()
    for sent in [f"{scheme}{customer.token}" for scheme in ("", *odd)]:
        wrong = Actor(session.client, headers={"Authorization": sent})
        refused(wrong.call(operation, preference=session.preference(operation)), 401)


@law("AUTH-04")
def a_staff_token_is_refused_everywhere(
    session: Session, operation: Operation, staff: Actor
) -> None:
    refused(session.attempt(staff, operation), 401, 403, 404)


@law("AUTH-05")
def a_staff_token_gets_401_on_reads_and_403_on_writes(
    session: Session, operation: Operation, staff: Actor
) -> None:
    refused(session.attempt(staff, operation), 401 if operation.reads else 403)


@law("AUTH-06")
def an_expired_token_is_refused(session: Session, operation: Operation, expired: Actor) -> None:
    refused(session.attempt(expired, operation), 401)


@law("AUTH-09")
def a_revoked_token_is_refused(session: Session, operation: Operation, revoked: Actor) -> None:
    refused(session.attempt(revoked, operation), 401)


@law("AUTH-10")
def a_locked_customer_is_refused(session: Session, operation: Operation, locked: Actor) -> None:
    refused(session.attempt(locked, operation), 401)


@law("AUTH-08")
def a_stranger_learns_nothing_of_parameters(session: Session, operation: Operation) -> None:
    for query in unreadable(operation) or [()]:
        refused(session.nobody.call(operation, query, preference="not-a-uuid"), 401)


@law("AUTH-11")
def the_refusal_of_staff_tells_the_mix_up(
    session: Session, operation: Operation, staff: Actor
) -> None:
    exchange = session.attempt(staff, operation)

    message = str((exchange.json or {}).get("message", "")).lower()
    if "customer" not in message and "staff" not in message:
        wanted = "a message that speaks of staff and customer tokens"
        raise Violation(expected=wanted, actual=exchange.told(), exchange=exchange)


@law("AUTH-07")
def every_401_says_how_to_authenticate(session: Session, operation: Operation) -> None:
    found = [each for each in session.exchanges(operation) if each.status == 401]
    if not found:
        raise NotCovered("no request was refused with 401")
    for exchange in found:
        _challenged(exchange)


def _challenged(exchange: Exchange) -> None:
    challenge = exchange.headers.get("www-authenticate", "")
    sent = exchange.sent.get("Authorization", "").startswith("Bearer ")
    if not challenge.lower().startswith("bearer"):
        wanted = "WWW-Authenticate: Bearer"
        raise Violation(expected=wanted, actual=challenge or "none", exchange=exchange)
    if sent and "invalid_token" not in challenge:
        raise Violation(expected='error="invalid_token"', actual=challenge, exchange=exchange)
