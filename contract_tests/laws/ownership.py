"""Whose data an answer shows."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from contract_tests.actor import Customer, Record
from contract_tests.document import Operation
from contract_tests.exchange import Exchange, words_in
from contract_tests.extras import claims, extras_of
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws import aliases
from contract_tests.laws.aliases import spellings
from contract_tests.laws.comparison import changed
from contract_tests.laws.consents import check_consents
from contract_tests.laws.extras import deviations
from contract_tests.session import Session
from contract_tests.strict_json import leaves
from contract_tests.transport import NotSent

NOBODYS = "no customer's data"


def _owners(record: Record) -> set[str]:
    """Every customer_id in a record, but for those of a membership's members."""
    return {
        id
        for place, id in leaves(record)
        if place[-1:] == ("customer_id",) and isinstance(id, str) and "members" not in place
    }


@law("OWN-01")
def every_answer_concerns_the_caller(session: Session, operation: Operation) -> None:
    judged = _check_steered_requests(session, operation)
    aliases.check_spellings_show_own_data(session, operation)
    ids = session.ids
    for customer, exchange, record in _records(session, operation):
        owners = {record["id"]} if not operation.lists else _owners(record)
        own_id = ids.get(customer.name)
        if own_id is None:
            continue  # Their account is unreadable, which another law judges.
        judged += len(owners)
        if owners - {own_id}:
            others = ", ".join(sorted(owners - {own_id}))
            raise Violation(
                expected=f"{own_id}, the id of {customer.name}",
                actual=others,
                exchange=exchange,
                after=[customer.cached_call(session.contract.account)],
            )
    if not operation.lists:
        _check_own_ids(session, operation)
    if operation.reads:
        _check_own_tags(session, operation)
    if not judged:
        raise NotCovered("no record names a customer, and there is no second customer to ask for")


def _records(
    session: Session, operation: Operation
) -> Iterator[tuple[Customer, Exchange, dict[str, Any]]]:
    with suppress(NotCovered):
        yield from session.records(operation)


def _check_steered_requests(session: Session, operation: Operation) -> int:
    """Check requests that name another customer beside the token; return how many were judged."""
    ids, judged = session.ids, 0
    for customer, other in session.pairs if operation.reads else ():
        if not customer.cached_call(operation).fits or other.name not in ids:
            continue
        judged += 1
        for path in session.sample(spellings(operation.path), operation, 1):
            path = f"{path};customer_id={ids[other.name]}"
            session.client.send("GET", path, actor=customer.name, token=customer.token)
        tail = operation.path.rpartition("/")[2]
        for path in (f"/customers/{ids[other.name]}", f"/customers/{ids[other.name]}/{tail}"):
            _check_shows_nobody_else(session, customer.at(path), f"nothing of {other.name}")
    for deviation in deviations(session, operation) if judged else ():
        # Who names somebody else may be refused for it, or told that there is nothing.
        answered = deviation.answer.ok or deviation.answer.status in (404, 500)
        if deviation.claiming and answered:
            raise changed(deviation.plain, deviation.answer)
    return judged


def _check_own_ids(session: Session, operation: Operation) -> None:
    answers: dict[str, Exchange] = {}
    for customer in session.customers:
        answer, declared = customer.cached_call(operation), session.declared_ids.get(customer.name)
        own = session.ids.get(customer.name)
        if own is None:
            continue
        if declared and declared.lower() != own.lower():
            raise Violation(expected=str(declared), actual=own, exchange=answer)
        first = answers.setdefault(own, answer)
        if first is not answer:
            raise Violation(
                expected=f"an id of {customer.name}'s own",
                actual=f"{own}, which is {first.actor}'s",
                exchange=answer,
                after=[first],
            )


def _check_own_tags(session: Session, operation: Operation) -> None:
    """Check that the tag of another customer's answer does not stand for one's own."""
    for customer, other in session.pairs:
        own, others = customer.cached_call(operation), other.cached_call(operation)
        tag = others.headers.get("etag")
        if not tag or own.plain_data == others.plain_data:
            continue
        answer = customer.with_headers({"If-None-Match": tag}).call(operation)
        if answer.status == 304:
            raise Violation(
                expected=f"200 with the data of {customer.name}",
                actual=f"304, as if they were {other.name}'s",
                exchange=answer,
                after=[others, own],
            )


@law("OWN-02")
def no_record_is_listed_for_two_customers(session: Session, operation: Operation) -> None:
    owner: dict[object, Exchange] = {}
    shown = [*session.records(operation)]
    answers = {id(exchange): exchange for _, exchange, _ in shown}
    asking_more = {key for key, each in answers.items() if extras_of(each, operation)}
    # What was asked for plainly tells whose a record is; what asked for more may show others'.
    shown.sort(key=lambda each: id(each[1]) in asking_more)
    for customer, exchange, record in shown:
        first = owner.setdefault(str(record["id"]).lower(), exchange)
        if first.actor != customer.name:
            raise Violation(
                expected=f"no record of {first.actor}'s for {customer.name}",
                actual=f"{record['id']}",
                exchange=exchange,
                after=[first],
            )
    if len({each.actor for each in owner.values()}) < 2:
        raise NotCovered("only one customer has any")


@law("OWN-03")
def a_decision_is_nobody_elses(session: Session, customer: Customer, operation: Operation) -> None:
    mine = customer.consents_to_change()
    others = {
        each.name: each
        for each in (*session.acting, session.customers[-1])
        if each is not customer and session.has_preferences(each)
    }
    if not others:
        raise NotCovered("the target names no second customer with marketing preferences")
    shared = [id for id in mine if any(session.has_preference(o, id) for o in others.values())]
    turn = session.customers.index(customer)
    chosen = (shared or list(mine))[turn % len(shared or mine)]
    done = customer.restore({chosen: not operation.opts_in}, mine)
    for other in others.values():
        done += other.restore({chosen: not operation.opts_in} if chosen in shared else {})
    before = {name: other.preferences() for name, other in others.items()}
    done += _decide_twice(session, customer, next(iter(others.values())), operation, chosen)
    for name, other in others.items():
        read = other.preferences()
        if before[name].plain_records != read.plain_records:
            raise changed(before[name], read, [*done, before[name]])
    check_consents(session)


def _decide_twice(
    session: Session, customer: Customer, other: Customer, operation: Operation, preference: str
) -> list[Exchange]:
    """Decide twice: plainly, and with another customer named beside the token."""
    misleading = claims(session.identity(other))
    steered = customer.with_headers(dict(misleading.headers))
    return [
        customer.call(operation, preference=preference),
        steered.call(operation, misleading.query, preference=preference),
    ]


@law("OWN-04")
def nothing_of_another_customer_is_shown(session: Session, operation: Operation) -> None:
    if len(session.ids) < 2:
        raise NotCovered("it takes two customers")
    session.successes(operation)
    names = {each.name for each in session.customers}
    for exchange in session.exchanges_at_path(operation):
        if exchange.status < 400:
            own = f"data of {exchange.actor} alone" if exchange.actor in names else NOBODYS
            _check_shows_nobody_else(session, exchange, own)


@law("OWN-05")
def no_error_quotes_a_customer(session: Session, operation: Operation) -> None:
    session.exchanges(operation)
    _provoke_refusals_after_another(session, operation)
    errors = [each for each in session.exchanges_at_path(operation) if each.status >= 400]
    if not errors or not session.identifiers:
        raise NotCovered("no error was met")
    for exchange in errors:
        _check_shows_nobody_else(session, exchange, NOBODYS)


def _provoke_refusals_after_another(session: Session, operation: Operation) -> None:
    """Refuse a customer right after another one was answered: who called may be remembered."""
    for customer, other in session.pairs[:1]:
        customer.call(session.contract.account)
        session.client.send("GET", operation.unknown_path, actor=other.name, token=other.token)
        with suppress(NotSent):
            other.call(operation, method="PATCH", preference=session.preference(operation))


def _check_shows_nobody_else(session: Session, exchange: Exchange, expected: str) -> None:
    request = f"{unquote(exchange.url)} {exchange.sent}".lower()
    # What a request says itself an answer may repeat: a link keeps its query.
    for mark in sorted(exchange.words & session.identifiers.keys()):
        others = session.identifiers[mark] != exchange.actor and mark not in request
        if others and not _of_a_member(session, exchange, mark):
            actual = f"{mark}, which is {session.identifiers[mark]}'s"
            # What was shown once was shown, whatever is answered to the same the next time.
            raise Violation(expected=expected, actual=actual, exchange=exchange, certain=True)


def _of_a_member(session: Session, exchange: Exchange, mark: str) -> bool:
    """Whether all that shows a mark is memberships that its owner shares; addresses are no part."""
    id = session.ids.get(session.identifiers[mark], "").lower()
    showing = [each for each in exchange.records if mark in words_in(str(each))]
    return (
        "@" not in mark
        and mark not in exchange.words_beside
        and bool(showing)
        and all(
            id in {str(each["customer_id"]).lower() for each in record.get("members", ())}
            for record in showing
        )
    )
