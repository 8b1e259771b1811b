"""Parameters and headers that the document does not name: they change nothing."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus

from contract_tests.actor import Customer, consents_in, readers
from contract_tests.document import Operation
from contract_tests.exchange import NO_ANSWER, Exchange, Query
from contract_tests.extras import (
    ROUNDS,
    Deviation,
    Extras,
    SteeredDecision,
    bundles,
    claims,
    narrowed,
    surroundings,
    unanswered,
)
from contract_tests.headers import UNPACKED
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.comparison import changed, steady, without_words
from contract_tests.queries import unusual_query
from contract_tests.session import Session
from contract_tests.vocabulary import WORDS_OF_A_LINK, WORDS_OF_A_TEXT

MOST = 4
"""How many names one request may owe its other answer to, before it is given up."""
UNUSUAL_QUERIES = (
    *("utm_source=%F0%9F%98%80", "utm_source=a&&utm_medium=b", "", "=a", "utm.source=a"),
    f"utm_{'x' * 80}=a",
)
"""What only few send, and is ignored."""
UNDECODABLE_QUERIES = ("utm_source=%FF", "utm_source=%ZZ")
"""What is no text, and may be refused as well."""
OTHER_CODINGS = ("br", "zstd")
"""What browsers unpack, and we do not."""
RANGES = ("7-59", "0-9", "0-")
"""The first and the last byte of the parts that are asked for; the last part is all."""
SHORTEST = 60
"""So long are bodies that have these parts."""
_CONTENT_RANGE = re.compile(r"bytes +(\d+)-(\d+)/(\d+|\*)", re.I)


@law("QUERY-01")
def unknown_parameters_are_ignored(session: Session, operation: Operation) -> None:
    for deviation in deviations(session, operation):
        if deviation.extras.query:
            raise changed(deviation.plain, deviation.answer)
    customer = readers(session.acting, operation)[0]
    _check_semicolon(customer, operation)
    _check_unusual_queries(customer, operation)


def _check_semicolon(customer: Customer, operation: Operation) -> None:
    """Check that what stands behind a semicolon is no parameter of its own."""
    for type, value in (("integer", "2"), ("boolean", "true")):
        for name in operation.queries(type):
            answer = customer.at(f"{operation.path}?utm_source=a;{name}={value}")
            _check_alike(answer, customer, operation)


def _check_unusual_queries(customer: Customer, operation: Operation) -> None:
    """Check queries that only few send, and that HEAD ignores what GET does."""
    for query in (*UNUSUAL_QUERIES, *UNDECODABLE_QUERIES):
        answer = customer.at(f"{operation.path}?{query}")
        if query in UNUSUAL_QUERIES or answer.status != HTTPStatus.BAD_REQUEST:
            _check_alike(answer, customer, operation)
    plain, head = (
        customer.call(operation, query, method="HEAD") for query in ((), (("utm_source", "a"),))
    )
    if plain.ok and not head.ok and not unanswered(head):
        raise changed(plain, head)


@law("HEADER-01")
def unknown_headers_change_nothing(session: Session, operation: Operation) -> None:
    for deviation in deviations(session, operation):
        # Whom a header names may be refused for it; whose data is shown is another law's.
        if not deviation.extras.query and not deviation.claiming:
            raise changed(deviation.plain, deviation.answer)
    customer = readers(session.acting, operation)[0]
    for wanted in RANGES:
        _check_part(customer, operation, wanted)
    _check_nameless(customer, operation)
    _check_other_codings(customer, operation)


def _check_nameless(customer: Customer, operation: Operation) -> None:
    """Check that who does not say what it is, and would take, is answered as all others are."""
    answer = customer.with_headers({"User-Agent": "", "Accept": ""}).call(operation)
    _check_alike(answer, customer, operation)


def _check_other_codings(customer: Customer, operation: Operation) -> None:
    """Check that who takes codings that we cannot unpack is sent nothing that only names one."""
    for coding in OTHER_CODINGS:
        answer = customer.with_headers({"Accept-Encoding": coding}).call(operation)
        if answer.headers.get("content-encoding", "").strip().lower() != coding:
            _check_alike(answer, customer, operation)
        elif isinstance(answer.json, dict):
            raise Violation(
                expected=f"a body that is packed by {coding}, or none of its name",
                actual=answer.brief(),
                exchange=answer,
                after=[customer.cached_call(operation)],
            )


def _check_alike(answer: Exchange, customer: Customer, operation: Operation) -> None:
    """Check that an answer is that to the plain request, asked anew where the first is another."""
    if unanswered(answer) or _alike(answer, customer.cached_call(operation)):
        return
    plain = customer.call(operation)
    if not _alike(answer, plain):
        raise changed(plain, answer)


def _check_part(customer: Customer, operation: Operation, wanted: str) -> None:
    """Check that who asks for a part of the bytes is given all of them, or that part."""
    # The bytes are those that are sent, which a coding would change.
    whole = customer.with_headers(UNPACKED)
    asking = customer.with_headers(UNPACKED | {"Range": f"bytes={wanted}"})
    part = asking.call(operation)
    if part.status == 416 or unanswered(part):
        return
    if part.status != 206:
        if not _alike(part, customer.cached_call(operation)):
            plain, part = whole.call(operation), asking.call(operation)
            if not _alike(part, plain):
                raise changed(plain, part)
        return
    plain = whole.call(operation)
    found = _CONTENT_RANGE.fullmatch(part.headers.get("content-range", "").strip())
    expected = plain.body[int(found[1]) : int(found[2]) + 1] if found else None
    if part.body != expected and len(plain.body) >= SHORTEST:
        raise Violation(
            expected=f"the bytes {wanted}, with Content-Range, or all of them",
            actual=part.brief(),
            exchange=part,
            after=[plain],
        )


def deviations(session: Session, operation: Operation) -> list[Deviation]:
    """
    Every extra that a read is answered otherwise for, by whoever may read.

    Raises:
        NotCovered: nobody may.
    """
    if operation.id not in session.deviations:
        session.deviations[operation.id] = [*_Steering(session, operation).deviations()]
    return session.deviations[operation.id]


class _Steering:
    """Sends an operation with extras, those left out that are known to change its answer."""

    def __init__(self, session: Session, operation: Operation) -> None:
        self._session, self._operation = session, operation
        self._others = {one.name: other for one, other in session.pairs}
        self._blamed: set[str] = set()

    def deviations(self) -> Iterator[Deviation]:
        operation, contract = self._operation, self._session.contract
        for turn, customer in enumerate(readers(self._session.acting, operation)):
            sample = _sample(customer, operation)
            made = bundles(contract, operation, sample, turn)
            for extras in made:
                yield from self._deviating(customer, extras)
            # A parameter may hide what a header does.
            alone = Extras(headers=surroundings(3 * turn).headers)
            yield from self._deviating(customer, alone)
            if operation.parameters:
                beside = made[turn % len(made)].halves[0]
                yield from self._deviating(customer, beside, unusual_query(operation))
            other = self._others.get(customer.name)
            for extras in self._claims(other, turn) if other else ():
                yield from self._deviating(customer, extras, claiming=True)

    def _claims(self, other: Customer, turn: int) -> Iterator[Extras]:
        identity = self._session.identity(other)
        known = {each.name for each in self._operation.parameters}
        for number in range(turn * ROUNDS, (turn + 1) * ROUNDS):
            sample = _sample(other, self._operation) if number % ROUNDS else None
            yield claims(identity, number, sample).without(known)

    def _deviating(
        self, customer: Customer, extras: Extras, known: Query = (), *, claiming: bool = False
    ) -> Iterator[Deviation]:
        for _ in range(MOST):
            extras = extras.without(self._blamed | self._session.lost_extras)
            answer = self._ask(customer, extras, known)
            if unanswered(answer):
                for half in self._parts(extras, answer):
                    yield from self._deviating(customer, half, known, claiming=claiming)
                return
            if _alike(answer, customer.cached_call(self._operation, known)):
                return
            # What is read may have changed since it was first read.
            plain = customer.call(self._operation, known)
            if _alike(self._ask(customer, extras, known), plain):
                return
            deviation = self._narrowed(customer, extras, known, plain, claiming=claiming)
            if deviation is None:
                return
            self._blamed |= deviation.extras.names
            if not _is_honest(deviation):
                yield deviation

    def _parts(self, extras: Extras, unanswered: Exchange) -> tuple[Extras, ...]:
        """The halves of what something before the API refused; none of what is only one extra."""
        if len(extras) > 1:
            return extras.halves
        # Each try of what is never answered takes as long as is waited, at every operation.
        lost = unanswered.status == NO_ANSWER
        (self._session.lost_extras if lost else self._blamed).update(extras.names)
        return ()

    def _ask(self, customer: Customer, extras: Extras, known: Query) -> Exchange:
        steered = customer.with_headers(dict(extras.headers))
        return steered.call(self._operation, (*known, *extras.query))

    def _narrowed(
        self, customer: Customer, extras: Extras, known: Query, plain: Exchange, *, claiming: bool
    ) -> Deviation | None:
        def steers(part: Extras) -> bool:
            answer = self._ask(customer, part, known)
            return not unanswered(answer) and not _alike(answer, plain)

        one = narrowed(extras, steers)
        plain = customer.call(self._operation, known)
        answer = self._ask(customer, one, known)
        if unanswered(answer) or _alike(answer, plain):
            return None
        return Deviation(plain, answer, one, claiming)


def _sample(customer: Customer, operation: Operation) -> dict[str, object]:
    """The last record that a customer is shown; empty if there is none."""
    answer = customer.cached_call(operation)
    return answer.records[-1] if answer.fits and answer.records else {}


def _alike(one: Exchange, other: Exchange) -> bool:
    """Whether two answers have one status, the same records and one form."""
    facts = ((each.status, each.json is None, each.media_type) for each in (one, other))
    return len(set(facts)) == 1 and bool(steady(one) == steady(other))


def _is_honest(deviation: Deviation) -> bool:
    """Whether only words or links differ, as they may for who names a language or a host."""
    names = {name.lower() for name in deviation.extras.names}
    if deviation.extras.query or not names <= WORDS_OF_A_TEXT | WORDS_OF_A_LINK:
        return False
    return bool(without_words(deviation.plain) == without_words(deviation.answer))


def steered_decisions(session: Session, operation: Operation) -> list[SteeredDecision]:
    """
    Decisions made with extras: each bundle goes with an opt-in and with an opt-out.

    Raises:
        NotCovered: nobody may decide.
    """
    if operation.id not in session.steered:
        made: list[tuple[Operation, SteeredDecision]] = [*_decide(session, operation)]
        for each in session.contract.decisions.values():
            session.steered[each.id] = [decision for by, decision in made if by is each]
    return session.steered[operation.id]


def _decide(session: Session, operation: Operation) -> Iterator[tuple[Operation, SteeredDecision]]:
    people = [each for each in session.acting if session.has_preferences(each)]
    if not people:
        raise NotCovered("no customer has marketing preferences")
    sample = _sample(people[0], session.contract.preferences)
    for number, extras in enumerate(bundles(session.contract, operation, sample)):
        customer = people[number % len(people)]
        preferences = list(customer.consents_to_change())
        chosen = preferences[number % len(preferences)]
        for decision in session.contract.decisions.values():
            for each in _decide_unhindered(
                customer, decision, chosen, extras.without(session.lost_extras)
            ):
                yield decision, each


def _decide_unhindered(
    customer: Customer, operation: Operation, preference: str, extras: Extras
) -> Iterator[SteeredDecision]:
    """Decide with all extras; in parts, if something before the API refuses them together."""
    made = decide_with(customer, operation, preference, extras)
    if not unanswered(made.answer):
        yield made
        return
    for half in extras.halves if len(extras) > 1 else ():
        yield from _decide_unhindered(customer, operation, preference, half)


def decide_with(
    customer: Customer, operation: Operation, preference: str, extras: Extras
) -> SteeredDecision:
    """Decide on a preference that is decided otherwise, with extras."""
    now = customer.consents_to_change()
    if now.keys() != _preferences_of(customer):
        now = customer.consents()  # The last answer was not the whole list.
    done = customer.restore({preference: not operation.opts_in}, now)
    steered = customer.with_headers(dict(extras.headers))
    answer = steered.call(operation, extras.query, preference=preference)
    expected = now | {preference: operation.opts_in}
    return SteeredDecision(customer, preference, expected, done, answer, extras)


def _preferences_of(customer: Customer) -> set[str]:
    """The ids of every preference, as the first read listed them."""
    listed = customer.list_records(customer.client.contract.preferences.id)
    return set(consents_in(listed))


def check_steered(
    session: Session, operation: Operation, fault: Callable[[SteeredDecision], str]
) -> None:
    """Check that no decision has a `fault` by its extras; the evidence has the one that does it."""
    for decision in steered_decisions(session, operation):
        if not fault(decision):
            continue

        def again(part: Extras, made: SteeredDecision = decision) -> SteeredDecision:
            return decide_with(made.customer, operation, made.preference, part)

        def fails(part: Extras) -> bool:
            made = again(part)
            return not unanswered(made.answer) and bool(fault(made))

        if not fails(decision.extras):
            continue
        made = again(narrowed(decision.extras, fails))
        if actual := fault(made):
            raise Violation(
                expected=f"200 with the list, opted_in {operation.opts_in} for {made.preference}",
                actual=actual,
                exchange=made.answer,
                after=made.done,
            )
