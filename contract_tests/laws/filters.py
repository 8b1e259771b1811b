"""Which credits are listed under which flags."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from contract_tests.actor import Customer
from contract_tests.client import Exchange
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, in_order, law
from contract_tests.session import Session

TOLERANCE = timedelta(minutes=2)
"""How far the target's clock may be from ours."""
NAMES = ("redeemed", "expired")
NOT_BOOLEANS = {"redeemed": ("1", "yes", ""), "expired": ("1", "on", "")}
AGAIN = {"redeemed": "true", "expired": "false"}
"""What a flag is said to be when it is said a second time."""
WORDS = {"redeemed": ("TRUE", "False"), "expired": ("True", "FALSE")}


def _ids(exchange: Exchange) -> set[str]:
    return {each["id"] for each in exchange.records}


def _known(customers: list[Customer], *states: str) -> list[tuple[Customer, set[str]]]:
    """Customers with credits that are known, or seen, to be in one of these states."""
    found = [
        (each, set().union(*(_in_state(each, state) for state in states))) for each in customers
    ]
    return [(customer, ids) for customer, ids in found if ids]


def _in_state(customer: Customer, state: str) -> set[str]:
    if f"{state}_credits" in customer.facts:
        return set(customer.facts[f"{state}_credits"])
    if state == "revoked":
        return set()
    everything = customer.credits(redeemed="true", expired="true").records
    return {each["id"] for each in everything if _state(each, customer.client.now()) == state}


def _witness(customer: Customer, state: str) -> list[Exchange]:
    """The answer that tells who is in a state, where no fact does."""
    known = f"{state}_credits" in customer.facts
    return [] if known else [customer.credits(redeemed="true", expired="true")]


def _state(credit: dict[str, object], now: datetime) -> str:
    ended = _instant(credit["expires_at"])
    expired = ended is not None and ended <= now
    if credit["redeemed_at"] is not None:
        return "redeemed_expired" if expired else "redeemed"
    return "expired" if expired else "live"


def _instant(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _needed(found: list[tuple[Customer, set[str]]], what: str) -> list[tuple[Customer, set[str]]]:
    if not found:
        raise NotCovered(f"no customer is known to have {what}")
    return found


def _never(answer: Exchange, ids: set[str], what: str) -> None:
    if seen := _ids(answer) & ids:
        shown = next(each for each in answer.records if each["id"] in seen)
        dates = f"redeemed_at {shown['redeemed_at']}, expires_at {shown['expires_at']}"
        actual = f"{shown['id']} with {dates}"
        raise Violation(expected=f"no {what} credit", actual=actual, exchange=answer)


def _all(answer: Exchange, ids: set[str], what: str, known_by: Iterable[Exchange]) -> None:
    if hidden := ids - _ids(answer):
        raise Violation(
            expected=f"every {what} credit, {sorted(hidden)[0]} among them",
            actual=f"{len(answer.records)} credits without it",
            exchange=answer,
            after=known_by,
        )


@law("CREDITS-01")
def plainly_only_usable_credits_are_listed(customers: list[Customer]) -> None:
    hidden = _known(customers, "redeemed", "expired", "redeemed_expired")

    for customer, ids in _needed(hidden, "redeemed or expired credits"):
        _never(customer.credits(), ids, "redeemed or expired")
    for customer, ids in _known(customers, "live"):
        _all(customer.credits(), ids, "live", _witness(customer, "live"))
    for customer in customers:
        plain = customer.credits()
        _never(plain, {each["id"] for each in plain.records if each["redeemed_at"]}, "redeemed")


@law("CREDITS-02")
def redeemed_true_adds_redeemed_credits_and_hides_none(customers: list[Customer]) -> None:
    for customer, ids in _needed(_known(customers, "redeemed"), "redeemed credits"):
        asked, plain = customer.credits(redeemed="true"), customer.credits()
        _all(asked, ids, "redeemed", _witness(customer, "redeemed"))
        _all(asked, _ids(plain), "plainly listed", [plain])
        _never(asked, _in_state(customer, "expired"), "expired")


@law("CREDITS-03")
def expired_true_adds_expired_credits_and_hides_none(customers: list[Customer]) -> None:
    for customer, ids in _needed(_known(customers, "expired"), "expired credits"):
        asked, plain = customer.credits(expired="true"), customer.credits()
        _all(asked, ids, "expired", _witness(customer, "expired"))
        _all(asked, _ids(plain), "plainly listed", [plain])
        _never(asked, _in_state(customer, "redeemed"), "redeemed")


@law("CREDITS-04")
def what_is_redeemed_and_expired_needs_both_flags(customers: list[Customer]) -> None:
    both = _known(customers, "redeemed_expired")

    for customer, ids in _needed(both, "credits both redeemed and expired"):
        asked = customer.credits(redeemed="true", expired="true")
        _all(asked, ids, "redeemed and expired", _witness(customer, "redeemed_expired"))
        for one in (customer.credits(redeemed="true"), customer.credits(expired="true")):
            _never(one, ids, "redeemed and expired")
            _all(asked, _ids(one), "redeemed or expired", [one])


@law("CREDITS-05")
def a_revoked_credit_is_never_listed(customers: list[Customer]) -> None:
    for customer, ids in _needed(_known(customers, "revoked"), "revoked credits"):
        for flags in ({}, {"redeemed": "true"}, {"expired": "true"}):
            _never(customer.credits(**flags), ids, "revoked")
        _never(customer.credits(redeemed="true", expired="true"), ids, "revoked")


@law("CREDITS-06")
def false_is_the_same_as_absent(customers: list[Customer]) -> None:
    hidden = _known(customers, "redeemed", "expired", "redeemed_expired")
    customer = _needed(hidden, "redeemed or expired credits")[0][0]

    for said in ({}, {"redeemed": "true"}, {"expired": "true"}):
        whole = {name: said.get(name, "false") for name in NAMES}
        asked, wanted = customer.credits(**whole), customer.credits(**said)
        lists = [[each["id"] for each in answer.records] for answer in (wanted, asked)]
        if lists[0] != lists[1]:
            raise Violation(
                expected=f"the {len(lists[0])} credits of {said or 'no flags'}: {lists[0]}",
                actual=f"{len(lists[1])}: {lists[1]}",
                exchange=asked,
                after=[wanted],
            )


@law("CREDITS-07")
def credits_come_soonest_to_expire_first(session: Session, operation: Operation) -> None:
    longest = 0
    for _, exchange in session.successes(operation):
        keys = [
            (each["expires_at"] is None, _instant(each["expires_at"]) or 0, each["id"])
            for each in exchange.records
        ]
        longest = max(longest, len(keys))
        in_order("by expiry, then id", keys, exchange)
    if longest < 2:
        raise NotCovered("no customer has two credits")


@law("CREDITS-08")
def a_credit_is_expired_from_its_expiry_on(session: Session, customers: list[Customer]) -> None:
    now, seen = session.client.now(), 0
    for customer in customers:
        answer, asked = customer.credits(), customer.credits(expired="true")
        plain = _ids(answer)
        for credit in asked.records:
            id, ends = credit["id"], _instant(credit["expires_at"])
            seen += ends is not None
            if id in plain and ends is not None and ends < now - TOLERANCE:
                wanted, actual = f"no credit that ended before {now}", f"{id} ended {ends}"
                raise Violation(expected=wanted, actual=actual, exchange=answer)
            if id not in plain and (ends is None or ends > now + TOLERANCE):
                raise Violation(
                    expected=f"{id} in the plain list, as it ends {ends or 'never'}",
                    actual=f"{len(plain)} credits without it",
                    exchange=answer,
                    after=[asked],
                )
    if not seen:
        raise NotCovered("no customer has a credit that expires")


@law("CREDITS-09")
def a_flag_is_true_or_false_in_any_case_and_once(customers: list[Customer]) -> None:
    hidden = _known(customers, "redeemed", "expired", "redeemed_expired")
    customer = hidden[0][0] if hidden else customers[0]
    operation = customer.operation("listMyAccountCredits")
    for name in NAMES:
        for word in WORDS[name]:
            answer = customer.once(operation, ((name, word),))
            wanted = customer.once(operation, ((name, word.lower()),))
            if answer.json != wanted.json:
                raise Violation(
                    expected=f"as for {word.lower()}: {wanted.told()}",
                    actual=answer.told(),
                    exchange=answer,
                    after=[wanted],
                )
        bad = [((name, word),) for word in NOT_BOOLEANS[name]]
        for query in (*bad, ((name, "true"), (name, AGAIN[name]))):
            malformed(customer, operation, name, query)


def malformed(
    customer: Customer, operation: Operation, name: str, query: tuple[tuple[str, str], ...]
) -> None:
    """The query must be answered 400, with a message that names the parameter."""
    answer = customer.once(operation, query)
    said = answer.json.get("message") if isinstance(answer.json, dict) else None
    if answer.status != 400:
        raise Violation(expected=f"400 to {query}", actual=answer.told(), exchange=answer)
    if name not in str(said):
        raise Violation(expected=f"a message naming {name}", actual=answer.told(), exchange=answer)
