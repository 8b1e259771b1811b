"""Tokens: which are accepted, and how all others are refused."""

import re
from collections.abc import Iterable, Mapping

from contract_tests.actor import Actor, Customer, consents_in
from contract_tests.credentials import BEARER
from contract_tests.document import Operation, filled
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws import aliases
from contract_tests.laws.aliases import spellings
from contract_tests.laws.comparison import changed, steady
from contract_tests.laws.preferences.refusals import check_owners_unaffected
from contract_tests.refusals import refusals
from contract_tests.session import Session

_KINDS = (r"customer", r"staff|personal|employee|operator")
"""How the two kinds of token are called."""
_CHALLENGE = re.compile(r"(?:^|,)\s*bearer\b(.*)", re.I | re.S)
_COOKIE = re.compile(r"(?:^|, )([^\s;,=]+)=([^;,]*)")
"""The beginning of each cookie in what may be several headers."""


def _check_refused(exchanges: Iterable[Exchange], *statuses: int) -> None:
    """Check that each answer is a refusal with one of these statuses."""
    for exchange in exchanges:
        if exchange.status not in statuses:
            expected = " or ".join(map(str, statuses))
            # Who is let in once was let in, whatever happens to the next.
            raise Violation(
                expected=expected, actual=exchange.brief(), exchange=exchange, certain=exchange.fits
            )


def _check_other_spellings(session: Session, operation: Operation, stranger: Actor) -> None:
    for answer in aliases.successes_for(session, operation, stranger):
        raise Violation(expected="no success", actual=answer.brief(), exchange=answer)


@law("AUTH-12")
def a_refused_change_changes_nothing(session: Session, operation: Operation) -> None:
    if not operation.decides:
        raise NotCovered("it is not known what it changes")
    opted_in = operation.opts_in
    people = [each for each in session.acting if session.has_preferences(each)]
    if not people:
        raise NotCovered("no customer has a marketing preference")
    before = [
        exchange
        for each in people
        for exchange in each.restore(dict.fromkeys(each.consents_to_change(), not opted_in))
    ]
    everything = session.contract.reads
    own = [session.contract.preferences, session.contract.account]
    reads = {each.name: own if number else everything for number, each in enumerate(people)}
    earlier = {
        (each.name, read.id): each.call(read) for each in people for read in reads[each.name]
    }
    # Asked anew: what was refused earlier may have changed what was as it is wanted now.
    attempts = refusals(session, operation, fresh=True)
    for each in people:
        for other in reads[each.name]:
            if "opted_in" not in other.fields:
                _check_nothing_differs(each, other, earlier, attempts)
        read = each.preferences()
        if changed := [id for id, now in consents_in(read.records).items() if now == opted_in]:
            raise Violation(
                expected=f"opted_in {not opted_in} for {each.name}'s {changed[0]}, as before",
                actual=f"opted_in {opted_in}",
                exchange=read,
                after=[*before, *attempts],
            )
        _check_nothing_differs(each, session.contract.preferences, earlier, attempts)
    check_owners_unaffected(session, operation)


def _check_nothing_differs(
    customer: Customer,
    operation: Operation,
    before: Mapping[tuple[str, str], Exchange],
    attempts: list[Exchange],
) -> None:
    """Check that refused attempts changed nothing, not even a date."""
    first, last = before[customer.name, operation.id], customer.call(operation)
    if not _differ(operation, first, last):
        return
    # What reads alone change is none of the refusals' doing.
    for each in customer.client.contract.reads:
        customer.call(each)
    if not _differ(operation, last, customer.call(operation)):
        raise changed(first, last, [first, *attempts])


def _differ(operation: Operation, one: Exchange, other: Exchange) -> bool:
    was, now = (each.plain_records if operation.lists else steady(each) for each in (one, other))
    return bool(one.fits and other.fits and was != now)


@law("AUTH-01")
def without_a_token_there_is_no_answer(session: Session, operation: Operation) -> None:
    _check_refused(refusals(session, operation, "AUTH-01"), 401)
    preference = session.preference(operation)
    method = {"X-HTTP-Method-Override": operation.method, "X-Original-Method": operation.method}
    overriding = Actor(session.client, headers=method)
    _check_refused([overriding.call(operation, preference=preference)], 401)
    for cookies in filter(None, {_cookies_of(each) for each in session.acting}):
        visitor = Actor(session.client, headers={"Cookie": cookies})
        _check_refused([visitor.call(operation, preference=preference)], 401)
    for path in session.sample(spellings(operation.path), operation):
        answer = session.client.send(operation.method, filled(path, preference))
        if 200 <= answer.status < 300 and not _is_that_of_no_path(session, operation, answer):
            raise Violation(expected="no success", actual=answer.brief(), exchange=answer)
    _check_other_spellings(session, operation, Actor(session.client))


def _is_that_of_no_path(session: Session, operation: Operation, answer: Exchange) -> bool:
    """Whether a path that is none is answered so, too, which another law judges."""
    nowhere = session.client.send(operation.method, operation.unknown_path)
    return (nowhere.status, nowhere.body) == (answer.status, answer.body)


def _cookies_of(customer: Customer) -> str:
    """What a browser would keep of the customer's answers, and send back."""
    cookies: dict[str, str] = {}
    for exchange in customer.client.exchanges:
        if exchange.actor == customer.name and "set-cookie" in exchange.headers:
            pairs = _COOKIE.findall(exchange.headers["set-cookie"])
            cookies |= {name: value for name, value in pairs if value}
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@law("AUTH-02")
def an_unknown_token_is_refused(session: Session, operation: Operation) -> None:
    _check_refused(refusals(session, operation, "AUTH-02"), 401)
    _check_other_spellings(session, operation, session.unknown)


@law("AUTH-03")
def the_bearer_prefix_is_mandatory(session: Session, operation: Operation) -> None:
    _check_refused(refusals(session, operation, "AUTH-03"), 401)


@law("AUTH-04")
def a_staff_token_is_refused_everywhere(
    session: Session, operation: Operation, staff: Actor
) -> None:
    _check_refused(refusals(session, operation, "AUTH-04"), 401, 403, 404)
    _check_other_spellings(session, operation, staff)


@law("AUTH-05")
def a_staff_token_gets_401_on_reads_and_403_on_writes(
    session: Session, operation: Operation, staff: Actor
) -> None:
    status = 401 if operation.reads else 403
    malformed = refusals(session, operation, "AUTH-08")
    by_staff = [each for each in malformed if each.actor == staff.name]
    _check_refused([*refusals(session, operation, "AUTH-04"), *by_staff], status)


@law("AUTH-06")
def an_expired_token_is_refused(session: Session, operation: Operation, expired: Actor) -> None:
    _check_refused(refusals(session, operation, "AUTH-06"), 401)


@law("AUTH-09")
def a_revoked_token_is_refused(session: Session, operation: Operation, revoked: Actor) -> None:
    _check_refused(refusals(session, operation, "AUTH-09"), 401)


@law("AUTH-10")
def a_locked_customer_is_refused(session: Session, operation: Operation, locked: Actor) -> None:
    _check_refused(refusals(session, operation, "AUTH-10"), 401)


@law("AUTH-08")
def a_stranger_learns_nothing_of_parameters(session: Session, operation: Operation) -> None:
    by_staff = reversed(refusals(session, operation, "AUTH-04"))
    plainly = {each.actor: each.status for each in by_staff}
    for exchange in refusals(session, operation, "AUTH-08"):
        # Which refusal staff gets is another law's; it must be the same one.
        _check_refused([exchange], plainly.get(exchange.actor, 401))


@law("AUTH-11")
def the_refusal_of_staff_tells_the_mix_up(
    session: Session, operation: Operation, staff: Actor
) -> None:
    for exchange in refusals(session, operation, "AUTH-04"):
        if not all(re.search(kind, exchange.message, re.I) for kind in _KINDS):
            expected = "a message that speaks of staff and customer tokens"
            raise Violation(expected=expected, actual=exchange.brief(), exchange=exchange)


@law("AUTH-07")
def every_401_says_how_to_authenticate(session: Session, operation: Operation) -> None:
    refusals(session, operation)
    unauthorized = [each for each in session.exchanges(operation) if each.status == 401]
    if not unauthorized:
        raise NotCovered("no request was refused with 401")
    for exchange in unauthorized:
        _check_challenge(exchange)


def _check_challenge(exchange: Exchange) -> None:
    challenge = exchange.headers.get("www-authenticate", "")
    bearer = _CHALLENGE.search(challenge)
    has_token = BEARER.fullmatch(exchange.sent.get("Authorization", ""))
    if not bearer:
        expected = "WWW-Authenticate: Bearer"
        raise Violation(expected=expected, actual=challenge or "none", exchange=exchange)
    if has_token and "invalid_token" not in bearer[1]:
        raise Violation(expected='error="invalid_token"', actual=challenge, exchange=exchange)
