"""Requests that must be refused: everybody who is no customer, and what is nearly a customer's."""

from collections.abc import Iterator
from urllib.parse import urlencode

from contract_tests.actor import Actor
from contract_tests.credentials import SPELLINGS, nearly_valid
from contract_tests.document import Operation
from contract_tests.exchange import NO_ANSWER, Exchange, Query
from contract_tests.extras import claims, surroundings, unanswered
from contract_tests.headers import BROWSER_HEADERS, FORM
from contract_tests.queries import malformed_queries, query_past_the_end, unusual_query
from contract_tests.session import UNKNOWN_PREFERENCE, Session
from contract_tests.values import not_numbers

RULES = {
    **{"": "AUTH-01", "unknown": "AUTH-02", "staff": "AUTH-04", "expired": "AUTH-06"},
    **{"revoked": "AUTH-09", "locked": "AUTH-10"},
}
"""The rule that refuses a caller, by the caller's name."""

Refusal = tuple[str, Exchange]
"""A rule, and the answer to a request that it refuses."""


def refusals(
    session: Session, operation: Operation, rule: str = "", *, fresh: bool = False
) -> list[Exchange]:
    """
    The answers to all that must be refused, or must be by one rule; they are sent once, or anew if
    `fresh`. Parameters that cannot be understood are refused by AUTH-08, whoever asks.
    """
    if fresh or operation.id not in session.refusals:
        answers = session.refusals[operation.id] = [*_to_strangers(session, operation)]
        answers += _to_nearly_valid(session, operation)
    return [each for by, each in session.refusals[operation.id] if rule in ("", by)]


def _to_strangers(session: Session, operation: Operation) -> Iterator[Refusal]:
    """Everybody who is no customer: plainly, as a customer, and with malformed requests."""
    for number, actor in enumerate(session.strangers):
        preference, rule = _preference(session, operation, number), RULES[actor.name]
        yield rule, actor.call(operation, preference=preference)
        if query := unusual_query(operation) if operation.reads else ():
            yield rule, actor.call(operation, query)
        for beside in (_steered, _by_a_browser):
            yield from ((rule, each) for each in beside(session, operation, actor, number))
        for each in _unlikely(session, operation, actor, number):
            # Which refusal they get is not said, nor that there is one.
            if 200 <= each.status < 300:
                yield rule, each
        for answer in _with_malformed(session, operation, actor, number):
            yield from _misunderstood(rule, answer)


def _with_malformed(
    session: Session, operation: Operation, actor: Actor, number: int
) -> Iterator[Exchange]:
    """The answers to parameters, and to a body, that cannot be understood."""
    for query, preference in _malformed(session, operation):
        yield actor.call(operation, query, preference=preference)
    if not operation.reads:
        body = "{}" if number % 2 else "{"
        yield from _with_body(session, operation, actor, number, body)


def _with_body(
    session: Session, operation: Operation, actor: Actor, number: int, body: str
) -> Iterator[Exchange]:
    """The answer to a decision with a body, unless what stands before the API takes none."""
    preference = _preference(session, operation, number)
    answer = actor.call(operation, preference=preference, payload=body)
    if answer.status != NO_ANSWER and not answer.from_the_edge:
        yield answer


def _by_a_browser(
    session: Session, operation: Operation, actor: Actor, number: int
) -> Iterator[Exchange]:
    """The answers to nobody who goes to a page, or whose form brings a customer's token."""
    if actor.name:
        return
    if operation.reads:
        page = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        yield Actor(session.client, headers=page).call(operation)
        return
    sender = Actor(session.client, headers={"Content-Type": FORM})
    form = urlencode(dict.fromkeys(("access_token", "token"), str(session.customers[0].token)))
    yield from _with_body(session, operation, sender, number, form)


def _steered(
    session: Session, operation: Operation, actor: Actor, number: int
) -> Iterator[Exchange]:
    """The answers to who names a customer, wishes for a success, or comes from anywhere."""
    # The consents of the first two are put back, whoever was taken for them.
    identity = session.identity(session.customers[:2][-1])
    turn, known = session.position(operation) + number, {each.name for each in operation.parameters}
    named = claims(identity, number % 2).without(known)
    beside = (named, surroundings(turn), surroundings(turn + 1))
    for extras in beside if actor.name in ("", "staff") else (beside[turn % 3],):
        headers = BROWSER_HEADERS | dict(extras.headers)
        query = (*query_past_the_end(operation), *extras.query)
        preference = _preference(session, operation, number)
        answer = actor.with_headers(headers).call(operation, query, preference=preference)
        if not unanswered(answer) and not _is_told_customers(session, operation, query, answer):
            yield answer


def _is_told_customers(
    session: Session, operation: Operation, query: Query, answer: Exchange
) -> bool:
    """Whether customers who send the same are refused so, too, which laws of extras tell."""
    if not operation.reads or answer.status < 400 or answer.status == 401:
        return False
    headers = {name: text for name, text in answer.sent.items() if name != "Authorization"}
    customer = session.customers[0].with_headers(headers)
    return customer.call(operation, query).status == answer.status


def _misunderstood(rule: str, answer: Exchange) -> Iterator[Refusal]:
    """The answer to a stranger's malformed request; a success breaks the stranger's rule too."""
    yield "AUTH-08", answer
    if 200 <= answer.status < 300:
        yield rule, answer


def _unlikely(
    session: Session, operation: Operation, actor: Actor, number: int
) -> Iterator[Exchange]:
    """The answers to HEAD, and to a stranger's token behind the scheme in another spelling."""
    preference, turn = _preference(session, operation, number), session.position(operation) + number
    if operation.reads:
        for query in dict.fromkeys(((), tuple(unusual_query(operation)))):
            yield actor.cached_call(operation, query, method="HEAD")
    if actor.token:
        header = SPELLINGS[turn % len(SPELLINGS)].format(actor.token)
        spelled = Actor(session.client, actor.name, headers={"Authorization": header})
        yield spelled.call(operation, preference=preference)


def _to_nearly_valid(session: Session, operation: Operation) -> Iterator[Refusal]:
    """Each customer's credentials in turn, half correct, and with each query in turn."""
    turn, malformed = session.position(operation), _malformed(session, operation)
    customer = session.customers[turn % len(session.customers)]
    tokens = [str(each.token) for each in session.customers if each is not customer]
    identity, drawn = session.identity(customer), not_numbers(session.seed)["word"]
    attempts = nearly_valid(str(customer.token), tokens[:1], identity, turn, drawn)
    for number, attempt in enumerate(attempts):
        name = "" if attempt.rule == "AUTH-01" else "unknown"
        actor = Actor(session.client, name, headers=dict(attempt.headers))
        preference = _preference(session, operation, number)
        query = unusual_query(operation) if operation.reads and number % 2 else ()
        answer = actor.call(operation, (*attempt.query, *query), preference=preference)
        if attempt.odd and (unanswered(answer) or (answer.status == 400 and not attempt.is_token)):
            continue
        yield attempt.rule, answer
        if malformed and number % 3 == turn % 3 and not attempt.odd:
            query, preference = malformed[number % len(malformed)]
            answer = actor.call(operation, (*attempt.query, *query), preference=preference)
            yield "AUTH-08", answer


def _malformed(session: Session, operation: Operation) -> list[tuple[Query, str]]:
    """Parameters that cannot be understood, with the preference that they are asked with."""
    if any(each.place == "path" for each in operation.parameters):
        foreign = [each.facts.get("foreign_preference") for each in session.customers]
        ids = dict.fromkeys(("not-a-uuid", UNKNOWN_PREFERENCE, *filter(None, foreign)))
        return [((), id) for id in list(ids)[:3]]
    # Whichever of them is looked at too early tells.
    unclear = tuple(pair for query in malformed_queries(operation) for pair in query)
    values = [("integer", "1"), ("boolean", "true")]
    valid = [(name, value) for type, value in values for name in operation.queries(type)]
    return [(query, "x") for query in (unclear, (*valid, *valid)) if query]


def _preference(session: Session, operation: Operation, number: int) -> str:
    """One of the preferences of the customers, each in turn."""
    ids = dict.fromkeys(id for each in session.consents.values() for id in each)
    return [*ids][number % len(ids)] if ids and not operation.reads else "x"
