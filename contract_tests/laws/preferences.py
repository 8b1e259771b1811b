"""Marketing preferences: the list, and what opt-in and opt-out make of it."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from contract_tests.actor import Actor, Customer, Record, Trial, consents_in
from contract_tests.client import NO_ANSWER, Exchange
from contract_tests.credentials import BROWSING
from contract_tests.document import Operation
from contract_tests.law import NotCovered, Violation, in_order, law
from contract_tests.laws.consents import as_decided
from contract_tests.laws.filters import share
from contract_tests.laws.time import A_SECOND, TOLERANCE, substance
from contract_tests.session import ACTING, NOWHERE, Session
from contract_tests.values import unknown_ids

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
DECIDED = ("opted_in", "updated_at")
"""The fields of a preference that a decision changes."""


def list_of(exchange: Exchange, after: Iterable[Exchange] = ()) -> dict[str, Record]:
    """The preferences that a decision answers, by id; answering no list is a violation."""
    if not exchange.fits:
        raise Violation(
            expected="200 with the list",
            actual=exchange.told(),
            exchange=exchange,
            after=after,
            # The first of all may be answered so, and none after it.
            certain=200 <= exchange.status < 300,
        )
    return {each["id"]: each for each in exchange.records}


def _trials(
    customers: Iterable[Customer], operation: Operation, least: int = 1
) -> Iterator[tuple[Customer, Trial]]:
    """
    Every decision of every customer with so many preferences.

    Raises:
        NotCovered: there is no such customer, or none may change anything.
    """
    reasons = ["no customer has marketing preferences"]
    for customer in customers:
        try:
            found = customer.trials(operation)
        except NotCovered as reason:
            reasons.append(str(reason))
            continue
        if len({trial.preference for trial in found}) < least:
            reasons.append(f"{customer.name} has fewer than {least} marketing preferences")
            continue
        reasons.clear()
        yield from ((customer, trial) for trial in found)
    if reasons:
        raise NotCovered(reasons[-1])


@law("PREF-08")
def a_decision_touches_nothing_else(customers: list[Customer], operation: Operation) -> None:
    for _, trial in _trials(customers, operation, least=2):
        before, exchanges = list_of(trial.before), trial.exchanges
        for place, answer in enumerate(exchanges[1:], 1):
            _untouched(trial, before, list_of(answer, exchanges[:place]), exchanges[: place + 1])


def _untouched(
    trial: Trial, before: dict[str, Record], after: dict[str, Record], shown: list[Exchange]
) -> None:
    """Nothing may differ but the decision on the one preference."""
    for id, record in before.items():
        fixed = record.keys() - DECIDED if id == trial.preference else record.keys()
        now = after.get(id, {})
        for name in sorted(fixed - {"updated_at"}):
            if now.get(name) != record[name]:
                told = f"{name} {record[name]} for {id}"
                raise Violation(
                    expected=f"{told}, when {trial.preference} is decided on",
                    actual=f"{now.get(name)}" if now else "it is not listed",
                    exchange=shown[-1],
                    after=shown[:-1],
                )
    if more := after.keys() - before.keys():
        raise Violation(
            expected=f"the {len(before)} preferences that were listed before",
            actual=f"{min(more)} besides",
            exchange=shown[-1],
            after=shown[:-1],
        )


@law("PREF-01")
def every_available_preference_is_listed(customers: list[Customer]) -> None:
    known = [each for each in customers if each.facts.get("own_preferences")]
    if not known:
        raise NotCovered("the target names no own_preferences of a customer")
    for customer in known:
        answer = customer.read("listMyAccountMarketingPreferences")
        listed = sorted(each["id"].lower() for each in answer.records)
        if listed != (wanted := sorted(map(str.lower, customer.facts["own_preferences"]))):
            raise Violation(expected=f"{wanted}", actual=f"{listed}", exchange=answer)


@law("PREF-02")
def preferences_come_in_order_of_creation(session: Session, operation: Operation) -> None:
    longest = 0
    for _, exchange in session.successes(operation):
        keys = [
            (datetime.fromisoformat(each["created_at"]), each["id"]) for each in exchange.records
        ]
        longest = max(longest, len(keys))
        in_order("by created_at, then id", keys, exchange)
    if longest < 2:
        raise NotCovered("no customer has two preferences")


@law("PREF-10")
def preferences_are_of_one_organisation(session: Session, operation: Operation) -> None:
    seen = 0
    for customer, exchange in session.successes(operation):
        own = customer.facts.get("organisation_id", "").lower()
        found = {each["organisation_id"].lower() for each in exchange.records}
        seen += len(exchange.records)
        if len(found) > 1 or (own and found and found != {own}):
            wanted = f"one organisation{f', {own}' if own else ''}"
            actual = ", ".join(sorted(found))
            raise Violation(expected=wanted, actual=actual, exchange=exchange)
    if not seen:
        raise NotCovered("no customer has any")


@law("PREF-03")
def a_decision_answers_the_whole_list(customers: list[Customer], operation: Operation) -> None:
    for _, trial in _trials(customers, operation):
        last, read = trial.answers[-1], trial.read
        shown = list(list_of(last, trial.exchanges[:-1]).values())
        if read is None:
            ids = [each["id"] for each in shown]
            _as_read(trial, [each["id"] for each in trial.before.records], ids)
        elif shown != read.records or last.json.keys() != read.json.keys():
            wanted, got = _part(read.records, shown), _part(shown, read.records)
            raise Violation(
                expected=f"the list of the next read, {wanted or sorted(read.json)}",
                actual=got or f"{sorted(last.json)}",
                exchange=read,
                after=trial.answers,
            )


def _part(records: list[Record], others: list[Record]) -> str:
    """The first part in which a list differs from another; empty where it does not."""
    ids, other_ids = ([each["id"] for each in listed] for listed in (records, others))
    if ids != other_ids:
        return f"{len(ids)} preferences: {ids}"
    for record, other in zip(records, others, strict=True):
        for name in sorted(record.keys() | other.keys()):
            if record.get(name) != other.get(name):
                return f"{name} {record.get(name)!r} for {record['id']}"
    return ""


def _as_read(trial: Trial, wanted: list[str], got: list[str]) -> None:
    if wanted != got:
        raise Violation(
            expected=f"the {len(wanted)} preferences that were listed before: {wanted}",
            actual=f"{len(got)}: {got}",
            exchange=trial.answers[-1],
            after=[trial.before],
        )


@law("PREF-04")
def a_decision_counts_at_once(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    for _, trial in _trials(customers, operation):
        exchanges = trial.exchanges
        for place, answer in enumerate(exchanges[1:], 1):
            listed = list_of(answer, exchanges[:place])
            shown = listed.get(trial.preference, {}).get("opted_in")
            if shown != operation.opts_in:
                where = "read" if answer is trial.read else "answer"
                raise Violation(
                    expected=f"opted_in {operation.opts_in} for {trial.preference} in the {where}",
                    actual=f"{shown}",
                    exchange=answer,
                    after=exchanges[:place],
                )
    for customer in session.acting:
        with suppress(NotCovered):
            _in_capitals(customer, operation)
    as_decided(session)


def _in_capitals(customer: Customer, operation: Operation) -> None:
    """An id in capitals is known and counts, or is not known and does not; the next read tells."""
    chosen = next(iter(customer.changeable()))
    customer.restore({chosen: not operation.opts_in})
    customer.call(operation, preference=chosen.upper())
    customer.preferences()


@law("PREF-11")
def a_decision_is_dated_when_it_is_made(customers: list[Customer], operation: Operation) -> None:
    reasons = ["no customer has marketing preferences"]
    for customer in customers[:ACTING]:
        try:
            found = customer.changeable()
        except NotCovered as reason:
            reasons.append(str(reason))
            continue
        reasons.clear()
        _dated(customer, operation, next(iter(found)))
    if reasons:
        raise NotCovered(reasons[-1])


def _dated(customer: Customer, operation: Operation, chosen: str) -> None:
    client = customer.client
    customer.restore({chosen: not operation.opts_in})
    first = customer.once(client.contract.preferences)
    one = customer.decide(chosen, opted_in=operation.opts_in)
    if not (first.fits and one.fits) or _stamp(one, chosen) == _stamp(first, chosen):
        return  # The date is that of the text, or another law's to judge.
    now, stamp = client.now(), _stamp(one, chosen)
    if abs(stamp - now) > TOLERANCE:
        raise Violation(
            expected=f"updated_at {now.isoformat(timespec='seconds')} for {chosen}, or thereabouts",
            actual=stamp.isoformat(),
            exchange=one,
            after=[first],
        )
    if client.target.now is not None:
        return  # Its clock is simulated, and may stand still.
    client.wait(A_SECOND)
    two = customer.decide(chosen, opted_in=not operation.opts_in)
    if two.fits and _stamp(two, chosen) <= stamp:
        raise Violation(
            expected=f"updated_at later than {stamp.isoformat()} for {chosen}, a second after it",
            actual=_stamp(two, chosen).isoformat(),
            exchange=two,
            after=[first, one],
            # Once all dates are those of one moment, nothing shows that decisions set them.
            certain=True,
        )


def _stamp(exchange: Exchange, preference: str) -> datetime:
    """When a preference last changed, as a list tells."""
    stamps = {each["id"]: each["updated_at"] for each in exchange.records}
    return datetime.fromisoformat(stamps[preference])


@law("PREF-05")
def a_decision_made_again_changes_nothing(customers: list[Customer], operation: Operation) -> None:
    for _, trial in _trials(customers, operation):
        first, *others = trial.answers
        for place, other in enumerate(others, 1):
            if other.status != first.status or substance(other) != substance(first):
                before, expected = trial.answers[:place], first.told()
                raise Violation(
                    expected=expected, actual=other.told(), exchange=other, after=before
                )


@law("PREF-06")
def another_organisations_preference_is_forbidden(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    tried = 0
    for customer in customers:
        foreign = _foreign(customer, customers)
        with suppress(NotCovered):
            _refused(customer, operation, foreign, 403)
            tried += len(foreign)
    if session.client.target.read_only:
        raise NotCovered("the run is read-only")
    if not tried:
        raise NotCovered("the target names no foreign_preference")


def _foreign(customer: Customer, customers: Iterable[Customer]) -> list[str]:
    """Preferences of other organisations: one that the profile names, those of other customers."""
    named = filter(None, [customer.facts.get("foreign_preference")])
    return list(dict.fromkeys([*named, *_not_listed(customer, customers, foreign=True)]))[:2]


def _not_listed(customer: Customer, customers: Iterable[Customer], *, foreign: bool) -> list[str]:
    """What others can consent to and a customer cannot: of other organisations, or of their own."""
    id = customer.client.contract.preferences.id
    own = customer.once(customer.operation(id))
    listed = own.records if own.fits else []
    mine = {each["organisation_id"].lower() for each in listed}
    known = {each["id"].lower() for each in listed}
    theirs = (other.once(other.operation(id)) for other in customers)
    return [
        record["id"]
        for answer in theirs
        for record in (answer.records if answer.fits and mine else ())
        if record["id"].lower() not in known
        and (record["organisation_id"].lower() not in mine) is foreign
    ]


@law("PREF-07")
def an_unknown_preference_is_not_found(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    tried, reason = 0, "no customer has marketing preferences"
    for customer in customers:
        try:
            values = unknown_ids(next(iter(customer.changeable())), session.seed)
            # Those of another site, which the customer's own list does not show.
            unseen = _not_listed(customer, customers, foreign=False)[:2]
            _refused(customer, operation, [NOWHERE, *share(values, tried), *unseen], 404)
            tried += 1
        except NotCovered as missing:
            reason = str(missing)
    if not tried:
        raise NotCovered(reason)


def _refused_before(answer: Exchange, preference: str) -> bool:
    """Whether it was refused by what stands before the API, or as no server need take it."""
    return answer.from_the_edge or (answer.status == 400 and "\0" in preference)


def _refused(customer: Customer, operation: Operation, preferences: list[str], status: int) -> None:
    """Decisions that must be refused, and leave the list as it was."""
    if not preferences:
        return
    found = customer.changeable()
    # What they must not do shows only where that is not done already, what they take back only
    # where it is.
    ends = (next(iter(found)), next(reversed(found)))
    wanted = dict.fromkeys(found, operation.opts_in) | dict.fromkeys(ends, not operation.opts_in)
    prepared = customer.restore(wanted, found)
    before = customer.preferences()
    answers = []
    for preference in preferences:
        answers.append(customer.call(operation, preference=preference))
        if answers[-1].status != status and not _refused_before(answers[-1], preference):
            actual = answers[-1].told()
            raise Violation(expected=f"{status}", actual=actual, exchange=answers[-1])
    read = customer.preferences()
    for old, new in zip(before.records, read.records, strict=False):
        for name in sorted(old):
            if new.get(name) != old[name]:
                raise Violation(
                    expected=f"{name} {old[name]} for {old['id']}, after a {status}",
                    actual=f"{new.get(name)}",
                    exchange=read,
                    after=[*prepared, before, *answers],
                )
    if len(before.records) != len(read.records):
        raise Violation(
            expected=f"{len(before.records)} preferences after a {status}",
            actual=f"{len(read.records)}",
            exchange=read,
            after=[*prepared, before, *answers],
        )


@law("PREF-09")
def a_decision_needs_no_body(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    for _, trial in _trials(customers, operation):
        first = trial.answers[0]
        if first.status in (400, 411, 415, 422):
            actual = first.told()
            raise Violation(expected="200 without a body", actual=actual, exchange=first)
        if not first.ok:
            raise NotCovered(f"it answered {first.told()[:60]}")
    for customer in session.acting:
        with suppress(NotCovered):
            _without_a_body(customer, operation)
            _steered_by_a_body(session, customer, operation)


def _without_a_body(customer: Customer, operation: Operation) -> None:
    """Many clients name the type of a body that they do not send."""
    chosen = next(iter(customer.changeable()))
    naming = Actor(customer.client, customer.name, customer.token, {"Content-Type": JSON})
    answer = naming.call(operation, preference=chosen)
    if (
        not answer.ok
        and not answer.from_the_edge
        and customer.decide(chosen, opted_in=operation.opts_in).ok
    ):
        raise Violation(
            expected="200 without a body, whatever its type is called",
            actual=answer.told(),
            exchange=answer,
        )


def _steered_by_a_body(session: Session, customer: Customer, operation: Operation) -> None:
    """What is said beside the path counts for nothing: it is passed over, or refused."""
    found = customer.changeable()
    chosen, *others = found
    prepared = customer.restore(dict.fromkeys(found, not operation.opts_in), found)
    named = [id for name, id in session.ids.items() if name != customer.name][:1]
    steering: Record = {"opted_in": not operation.opts_in, "optedIn": not operation.opts_in}
    steering |= dict.fromkeys(("customer_id", "customerId", "user_id"), named[0]) if named else {}
    steering |= dict.fromkeys(("id", "marketing_preference_id"), others[-1]) if others else {}
    other = customer.decision(not operation.opts_in).method
    override = {"X-HTTP-Method-Override": other, "X-Method-Override": other}
    browsing = Actor(session.client, customer.name, customer.token, BROWSING | override)
    query = (
        ("opted_in", str(not operation.opts_in).lower()),
        *(("status", "none"), ("_method", other)),
    )
    form = replace(browsing, headers=browsing.headers | {"Content-Type": FORM})
    said = f"opted_in={not operation.opts_in}&_method={other}".lower()
    for sender, payload in (
        (browsing, json.dumps(steering)),
        (browsing, "{"),
        (form, said),
        (browsing, ""),
    ):
        answer = sender.call(operation, query, preference=chosen, payload=payload)
        if answer.from_the_edge or answer.status == NO_ANSWER:
            continue
        if not (answer.ok or 400 <= answer.status < 500):
            raise Violation(
                expected="200, or a refusal of the body",
                actual=answer.told(),
                exchange=answer,
                after=prepared,
            )
        read = customer.preferences()
        wanted = dict.fromkeys(found, not operation.opts_in)
        wanted[chosen] = operation.opts_in == answer.ok
        for shown in (answer, read) if answer.ok else (read,):
            if consents_in(shown.records) != wanted:
                raise Violation(
                    expected=f"{wanted}, after {answer.status}",
                    actual=f"{consents_in(shown.records)}",
                    exchange=shown,
                    after=[*prepared, *([answer] if shown is read else [])],
                )
        prepared = [*prepared, answer, read, *customer.restore({chosen: not operation.opts_in})]
