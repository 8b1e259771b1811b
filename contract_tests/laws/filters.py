"""Which credits are listed under which flags."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from contract_tests.actor import CREDITS, ORDERS, Customer, Record
from contract_tests.document import Operation
from contract_tests.exchange import Exchange, Query, instant
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.comparison import TOLERANCE
from contract_tests.laws.records.record import check_sorted
from contract_tests.session import Session
from contract_tests.values import Values, boolean_casings, not_booleans

NAMES = ("redeemed", "expired")
STATES = ("live", "redeemed", "redeemed_expired", "expired")
"""What a profile can say of credits that are not revoked."""
FLAGS: tuple[Query, ...] = (
    (),
    (("redeemed", "true"),),
    (("expired", "true"),),
    (("redeemed", "true"), ("expired", "true")),
)
"""Neither, one, the other, both: what every list of credits is one of."""


@dataclass
class Holding:
    """The known states of one customer's credits, from every answer so far and from facts."""

    customer: Customer
    now: datetime
    records_by_id: dict[str, list[tuple[Record, Exchange]]] = field(default_factory=dict)
    """Every record of a credit by its id in lower case, with the answer it stood in."""
    used: dict[str, Exchange] = field(default_factory=dict)
    """The credits that an order was paid with, with the page that tells so."""

    def fact(self, *states: str) -> set[str]:
        """The credits that the profile says to be in one of the states."""
        known = self.customer.facts
        return {id.lower() for state in states for id in known.get(f"{state}_credits", ())}

    @property
    def ids(self) -> set[str]:
        return {*self.records_by_id, *self.used, *self.fact(*STATES)} - self.fact("revoked")

    def revoked(self, id: str) -> bool:
        """Whether it was taken back."""
        return id in self.fact("revoked") or any(each["revoked_at"] for each in self._records(id))

    def redeemed(self, id: str) -> bool:
        """Whether it was used up; no time undoes that."""
        records = list(self._records(id))
        if any(each["redeemed_at"] for each in records) or id in self.fact(*STATES[1:3]):
            return True
        return id in self.used and not any(each["multi_use"] for each in records)

    def expired(self, id: str) -> bool | None:
        """Whether its time is over; None where that depends on whose clock is right."""
        if id in self.fact(*STATES[2:]):
            return True
        if id not in self.records_by_id and id not in self.fact(*STATES):
            return None
        ends = [_instant(each["expires_at"]) for each in self._records(id)]
        if any(end and abs(end - self.now) <= TOLERANCE for end in ends):
            return None
        return any(end is not None and end < self.now for end in ends)

    def settled(self, listing: Exchange) -> list[Record]:
        """The credits of a list but for those that expire about now."""
        records = listing.plain_records
        return [each for each in records if self.expired(each["id"].lower()) is not None]

    def belongs(self, id: str, query: Query) -> bool | None:
        """Whether it belongs to the list of a query; None where that cannot be known."""
        flags = dict(query)
        if self.revoked(id) or (self.redeemed(id) and flags.get("redeemed") != "true"):
            return False
        if flags.get("expired") == "true":
            return True
        expired = self.expired(id)
        return None if expired is None else not expired

    def in_state(self, *, redeemed: bool, expired: bool) -> list[str]:
        """The credits in one of the four states."""
        return [
            id
            for id in self.ids
            if not self.revoked(id) and (self.redeemed(id), self.expired(id)) == (redeemed, expired)
        ]

    @property
    def hidden(self) -> int:
        """How many credits are listed only under a flag."""
        return sum(self.redeemed(id) or bool(self.expired(id)) for id in self.ids)

    def evidence_of(self, id: str, besides: Exchange) -> list[Exchange]:
        """The answers that prove its state, as evidence beside `besides`."""
        answers = [each for _, each in self.records_by_id.get(id, ()) if each is not besides]
        return [*filter(None, [self.used.get(id)]), *answers[:1]]

    def describe(self, id: str) -> str:
        """Its known state, in a few words."""
        records = [
            f"redeemed_at {each['redeemed_at']}, expires_at {each['expires_at']}"
            for each in self._records(id)
        ]
        facts = [f"known to be {state}" for state in STATES if id in self.fact(state)]
        return ", ".join([*records[:1], *facts, *(["used by an order"] if id in self.used else [])])

    def _records(self, id: str) -> Iterator[Record]:
        return (record for record, _ in self.records_by_id.get(id, ()))


def _holdings(session: Session) -> list[Holding]:
    """Of every customer whose lists can be read, those with the most hidden credits first."""
    operation = session.contract.operations[CREDITS]
    for customer in session.customers:
        for query in FLAGS:
            customer.cached_call(operation, query)
    now = session.client.now()
    holdings = {each.name: Holding(each, now) for each in session.customers}
    unreadable = set()
    for exchange in session.client.exchanges:
        if exchange.actor in holdings and exchange.operation == ORDERS and exchange.fits:
            holdings[exchange.actor].used |= dict.fromkeys(_credits_used_on(exchange), exchange)
        if exchange.operation != CREDITS or exchange.actor not in holdings:
            continue
        if exchange.ok and not exchange.fits:
            unreadable.add(exchange.actor)
        for record in exchange.records if exchange.fits else ():
            records = holdings[exchange.actor].records_by_id.setdefault(record["id"].lower(), [])
            records.append((record, exchange))
    readable = [each for name, each in holdings.items() if name not in unreadable]
    return sorted(readable, key=lambda each: -each.hidden)


def _credits_used_on(page: Exchange) -> Iterator[str]:
    for order in page.records:
        if order.get("status", "cancelled") != "cancelled":
            ids = (each.get("customer_credit_id") for each in order.get("coupon_codes", ()))
            yield from (id.lower() for id in ids if id)


def _instant(text: object) -> datetime | None:
    return instant(text) if isinstance(text, str) else None


def _ids(answer: Exchange) -> set[str]:
    return {each["id"].lower() for each in answer.records}


def _words(query: Query) -> str:
    return "&".join(f"{name}={value}" for name, value in query) or "no flags"


def _check_lists(session: Session, query: Query, leave_out: Iterable[str] = ()) -> list[Holding]:
    """Check that everybody's list under a query holds what belongs to it, and nothing else."""
    holdings = _holdings(session)
    for holding in holdings:
        answer = holding.customer.credits(**dict(query))
        listed = _ids(answer)
        for id in sorted(holding.ids - set(leave_out)):
            belongs = holding.belongs(id, query)
            if belongs is (id not in listed):
                _raise_misplaced(holding, id, answer, query, belongs=bool(belongs))
    return holdings


def _raise_misplaced(
    holding: Holding, id: str, answer: Exchange, query: Query, *, belongs: bool
) -> None:
    count, description = len(answer.records), f"{id}: {holding.describe(id)}"
    raise Violation(
        expected=f"{'' if belongs else 'not '}{description}, for {_words(query)}",
        actual=f"{count} credits {'without' if belongs else 'with'} it",
        exchange=answer,
        after=holding.evidence_of(id, answer),
    )


def _require_state(holdings: Sequence[Holding], what: str, *states: tuple[bool, bool]) -> None:
    if not any(
        each.in_state(redeemed=redeemed, expired=expired)
        for each in holdings
        for redeemed, expired in states
    ):
        raise NotCovered(f"no customer is known to have {what}")


@law("CREDITS-01")
def plainly_only_usable_credits_are_listed(session: Session) -> None:
    holdings = _check_lists(session, FLAGS[0])
    _require_state(
        holdings, "redeemed or expired credits", (True, False), (False, True), (True, True)
    )


@law("CREDITS-02")
def redeemed_true_adds_redeemed_credits_and_nothing_else(session: Session) -> None:
    holdings = _check_lists(session, FLAGS[1], leave_out=_both(session))
    _require_state(holdings, "redeemed credits", (True, False))


@law("CREDITS-03")
def expired_true_adds_expired_credits_and_nothing_else(session: Session) -> None:
    holdings = _check_lists(session, FLAGS[2], leave_out=_both(session))
    _require_state(holdings, "expired credits", (False, True))


def _both(session: Session) -> set[str]:
    return {id for each in _holdings(session) for id in each.in_state(redeemed=True, expired=True)}


@law("CREDITS-04")
def what_is_redeemed_and_expired_needs_both_flags(session: Session) -> None:
    for holding in _holdings(session):
        for query in FLAGS[1:3]:
            answer = holding.customer.credits(**dict(query))
            listed = _ids(answer)
            for id in holding.in_state(redeemed=True, expired=True):
                if id in listed:
                    _raise_misplaced(holding, id, answer, query, belongs=False)
    holdings = _check_lists(session, FLAGS[3])
    _check_lists(session, tuple(reversed(FLAGS[3])))
    _require_state(holdings, "credits both redeemed and expired", (True, True))


@law("CREDITS-05")
def a_revoked_credit_is_never_listed(session: Session, operation: Operation) -> None:
    holdings = {each.customer.name: each for each in _holdings(session)}
    for customer, exchange in session.successes(operation):
        for record in exchange.records:
            holding = holdings.get(customer.name)
            if holding and holding.revoked(record["id"].lower()):
                raise Violation(
                    expected=f"{record['id']} never listed, as it was revoked",
                    actual=f"it is listed with revoked_at {record['revoked_at']}",
                    exchange=exchange,
                )
    if not any(each.fact("revoked") for each in holdings.values()):
        raise NotCovered("no customer is known to have revoked credits")


@law("CREDITS-06")
def false_is_the_same_as_absent(session: Session) -> None:
    holdings = [each for each in _holdings(session) if each.ids]
    for number, holding in enumerate(holdings):
        for query in _with_false() if number == 0 else FALSE:
            plain = tuple((name, value) for name, value in query if value == "true")
            _check_same_list(holding, query, plain)
    if not any(each.hidden for each in holdings):
        raise NotCovered("no customer is known to have redeemed or expired credits")


FALSE: tuple[Query, ...] = (
    (("redeemed", "false"), ("expired", "false")),
    (("redeemed", "true"), ("expired", "false")),
    (("redeemed", "false"), ("expired", "true")),
)


def _with_false() -> Iterator[Query]:
    yield from FALSE
    yield from (tuple(reversed(query)) for query in FALSE)
    yield from (((name, "false"),) for name in NAMES)


def _check_same_list(holding: Holding, query: Query, like: Query) -> None:
    """Check that two queries list the same credits, but for those that expire about now."""
    operation = holding.customer.operation(CREDITS)
    answer, reference = (holding.customer.cached_call(operation, each) for each in (query, like))
    lists = [holding.settled(listing) for listing in (reference, answer)]
    if answer.status != reference.status or lists[0] != lists[1]:
        ids = [[each["id"] for each in listed] for listed in lists]
        raise Violation(
            expected=f"the {len(ids[0])} credits of {_words(like)}: {ids[0]}",
            actual=f"{len(ids[1])}: {ids[1]}" if answer.fits else answer.brief(),
            exchange=answer,
            after=[reference],
        )


@law("CREDITS-07")
def credits_come_soonest_to_expire_first(session: Session, operation: Operation) -> None:
    check_sorted(session, operation, "by expiry, then id", _soonest_first)


def _soonest_first(credit: Record) -> tuple[bool, datetime | int, str]:
    expiry = _instant(credit["expires_at"])
    return expiry is None, expiry or 0, credit["id"]


@law("CREDITS-08")
def a_credit_is_expired_from_its_expiry_on(session: Session) -> None:
    judged = 0
    for holding in _holdings(session):
        plain = holding.customer.credits()
        listed = _ids(plain)
        for id, records in holding.records_by_id.items():
            ends = [each["expires_at"] for each, _ in records]
            judged += any(ends)
            if holding.expired(id) and id in listed:
                _raise_misplaced(holding, id, plain, FLAGS[0], belongs=False)
            if id not in listed and holding.belongs(id, FLAGS[0]):
                _raise_misplaced(holding, id, plain, FLAGS[0], belongs=True)
    if not judged:
        raise NotCovered("no customer has a credit that expires")


@law("CREDITS-09")
def a_flag_is_true_or_false_in_any_case_and_once(session: Session) -> None:
    casings, values = boolean_casings(session.seed), not_booleans(session.seed)
    for number, holding in enumerate(_holdings(session)):
        for name in NAMES:
            for word in casings if number == 0 else casings[number % 2 :: 4]:
                _check_same_list(holding, ((name, word),), ((name, word.lower()),))
            for query in _unclear(name, values_for(values, number), whole=number == 0):
                check_malformed(holding.customer, holding.customer.operation(CREDITS), query, name)
        _check_bare(holding.customer)
        _check_encoded(holding, number)
        some = casings if number == 0 else casings[number % 5 :][:2]
        _check_both_flags(holding, some, values_for(values, number))


def _check_bare(customer: Customer) -> None:
    """Check that a name without a value is no truth value."""
    for name, other in (NAMES, NAMES[::-1]):
        for query in (name, f"{name}&{other}=true", f"{other}=false&{name}"):
            check_malformed_at(customer, customer.operation(CREDITS), query, name)


def _check_encoded(holding: Holding, number: int) -> None:
    """Check that a percent-encoded name or value is understood, as URLs allow, and counted."""
    customer, operation = holding.customer, holding.customer.operation(CREDITS)
    for name in NAMES:
        plain = customer.cached_call(operation, ((name, "true"),))
        coded = percent_encoded(name, number)
        for pair in (f"{coded}=true", f"{name}={percent_encoded('true', number)}"):
            answer = customer.at(f"{operation.path}?{pair}")
            lists = [holding.settled(listing) for listing in (plain, answer)]
            if not answer.from_the_edge and (answer.status != plain.status or lists[0] != lists[1]):
                raise Violation(
                    expected=f"the {len(lists[0])} credits of {name}=true",
                    actual=f"{len(lists[1])}" if answer.ok else answer.brief(),
                    exchange=answer,
                    after=[plain],
                )
        check_malformed_at(customer, operation, f"{name}=true&{coded}=true", name)


def percent_encoded(text: str, number: int = 0) -> str:
    """A text with one letter percent-encoded, another one for each number."""
    at = number % len(text)
    return f"{text[:at]}%{ord(text[at]):02x}{text[at + 1 :]}"


def values_for(values: Values, number: int) -> list[str]:
    """All values for the first customer, and some others for each of the others."""
    kinds = sorted(values)
    return [values[kind] for kind in (kinds if number == 0 else kinds[number::7][:2])]


def _unclear(name: str, values: Iterable[str], *, whole: bool) -> Iterator[Query]:
    """Queries of a flag that must be refused: malformed, repeated, beside the other flag."""
    other = NAMES[1 - NAMES.index(name)]
    yield from (((name, value),) for value in values)
    yield ((name, "true"), (name, "false"))
    if whole:
        yield from (((name, word), (name, word)) for word in ("true", "false"))
        yield ((other, "true"), (name, "maybe"))
        yield ((name, "maybe"), (other, "false"))
        yield ((name, "true"), (other, "true"), (name, "true"))
        yield ((other, "true"), (name, "true"), (name, "true"))
        yield tuple((name, word) for word in ("true", "false", "true"))


def _check_both_flags(holding: Holding, casings: Sequence[str], values: Sequence[str]) -> None:
    """Check both flags at once: in unusual casings, one of them malformed, both malformed."""
    operation = holding.customer.operation(CREDITS)
    one, other = NAMES
    # Each in the same casing as the other, in another, and beside a usual one.
    usual = (("TRUE", "true"), ("true", "TRUE"))
    for words in (*zip(casings[::2], casings[::2], strict=True), *pairwise(casings), *usual):
        plain = tuple(zip(NAMES, (word.lower() for word in words), strict=True))
        _check_same_list(holding, tuple(zip(NAMES, words, strict=True)), plain)
    word = casings[0]
    for value in values[::4]:
        check_malformed(holding.customer, operation, ((one, word), (other, value)), other)
        check_malformed(holding.customer, operation, ((one, value), (other, word)), one)
        check_malformed(holding.customer, operation, ((one, value), (other, value)), *NAMES)
    check_malformed(holding.customer, operation, ((one, "1"), (other, word)), one)
    check_malformed(holding.customer, operation, ((one, word), (other, "1")), other)
    for value in ("", "1"):
        check_malformed(holding.customer, operation, ((one, value), (other, value)), *NAMES)


def check_malformed(customer: Customer, operation: Operation, query: Query, *names: str) -> None:
    """Check that a query is refused with 400 and a message naming one of the parameters."""
    text = "&".join(f"{key}={value}" for key, value in query)
    _check_refusal(customer.cached_call(operation, query), text, names)


def check_malformed_at(customer: Customer, operation: Operation, query: str, *names: str) -> None:
    """The same of a query that is encoded already."""
    answer = customer.at(f"{operation.path}?{query}")
    if not answer.from_the_edge:
        _check_refusal(answer, query, names)


def _check_refusal(answer: Exchange, query: str, names: Collection[str]) -> None:
    if answer.from_the_edge and not query.isprintable():
        return  # Who stands before the API may take none of these.
    if answer.status != 400:
        raise Violation(expected=f"400 to {query}", actual=answer.brief(), exchange=answer)
    if not re.search(rf"(?<![a-z_])({'|'.join(names)})(?![a-z_])", answer.message.lower()):
        expected = f"a message naming {' or '.join(names)}"
        raise Violation(expected=expected, actual=answer.brief(), exchange=answer)
