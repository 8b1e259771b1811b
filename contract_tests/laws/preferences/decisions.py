"""What opting in and opting out make of the list."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from secrets import token_hex

from contract_tests.actor import PROBED, Customer, DecisionProbe, Record, consents_in
from contract_tests.document import Operation
from contract_tests.exchange import Exchange, instant
from contract_tests.extras import Extras, SteeredDecision
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws.comparison import DECIDED, TOLERANCE, changed, substance
from contract_tests.laws.consents import check_consents
from contract_tests.laws.extras import check_steered, decide_with
from contract_tests.laws.time import A_SECOND
from contract_tests.session import Session
from contract_tests.values import pairs_walk

REFUSALS = (400, 404, 409, 410, 422)
"""How a server says that there is nothing to decide; all else may be the moment's."""


def list_of(
    exchange: Exchange, after: Iterable[Exchange] = (), *, certain: bool = False
) -> dict[str, Record]:
    """The preferences that a decision answers, by id; answering no list is a violation."""
    if not exchange.fits:
        raise Violation(
            expected="200 with the list",
            actual=exchange.brief(),
            exchange=exchange,
            after=after,
            # The first of all may be answered so, and none after it.
            certain=certain or 200 <= exchange.status < 300,
        )
    return {each["id"]: each for each in exchange.plain_records}


def probes_of(
    customers: Iterable[Customer], operation: Operation, least: int = 1
) -> Iterator[tuple[Customer, DecisionProbe]]:
    """
    Every decision of every customer with so many preferences.

    Raises:
        NotCovered: there is no such customer, or none may change anything.
    """
    reasons = ["no customer has marketing preferences"]
    for customer in customers:
        try:
            probes = customer.probe_decisions(operation)
        except NotCovered as reason:
            reasons.append(str(reason))
            continue
        if len({probe.preference for probe in probes}) < least:
            reasons.append(f"{customer.name} has fewer than {least} marketing preferences")
            continue
        reasons.clear()
        yield from ((customer, probe) for probe in probes)
    if reasons:
        raise NotCovered(reasons[-1])


@law("PREF-08")
def a_decision_touches_nothing_else(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    for _, probe in probes_of(customers, operation, least=2):
        before, exchanges = list_of(probe.before), probe.exchanges
        for place, answer in enumerate(exchanges[1:], 1):
            after = list_of(answer, exchanges[:place])
            _check_untouched(probe.preference, before, after, exchanges[: place + 1])
    _check_in_pairs(session, customers, operation)


def _check_in_pairs(session: Session, customers: list[Customer], operation: Operation) -> None:
    """
    Check that no decision touches a third preference because of the one before it: each is made
    right after each other one, by this customer or that, while all others are decided otherwise.
    """
    people = [each for each in customers if len(session.consents.get(each.name, ())) > 2]
    for number, customer in enumerate(people):
        consents = list(customer.consents_to_change())
        walk = pairs_walk(min(len(consents), PROBED), session.seed)
        share = -(-len(walk) // len(people))
        steps = [consents[place] for place in walk[number * share : (number + 1) * share + 1]]
        decisions = [(step, operation.opts_in) for step in steps[:1]]
        for last, step in pairwise(steps):
            decisions += [(step, operation.opts_in), (last, not operation.opts_in)]
        customer.restore(dict.fromkeys(consents, not operation.opts_in))
        exchanges = [customer.preferences()]
        for preference, opted_in in decisions:
            exchanges = [*exchanges[-3:], customer.decide(preference, opted_in=opted_in)]
            before, after = (list_of(each, exchanges[:-1]) for each in exchanges[-2:])
            _check_untouched(preference, before, after, exchanges)


def _check_untouched(
    preference: str,
    before: dict[str, Record],
    after: dict[str, Record],
    exchanges: list[Exchange],
) -> None:
    """Check that nothing differs but the decision on the one preference."""
    for id, record in before.items():
        fixed = record.keys() - DECIDED if id == preference else record.keys()
        now = after.get(id, {})
        for name in sorted(fixed):
            if now.get(name) != record[name]:
                expected = f"{name} {record[name]} for {id}"
                raise Violation(
                    expected=f"{expected}, when {preference} is decided on",
                    actual=f"{now.get(name, 'no such field')}" if now else "it is not listed",
                    exchange=exchanges[-1],
                    after=exchanges[:-1],
                )
    if more := after.keys() - before.keys():
        raise Violation(
            expected=f"the {len(before)} preferences that were listed before",
            actual=f"{min(more)} besides",
            exchange=exchanges[-1],
            after=exchanges[:-1],
        )


@law("PREF-03")
def a_decision_answers_the_whole_list(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    with suppress(NotCovered):
        for answer in session.first_decisions():
            if answer.operation == operation.id and not answer.from_the_edge:
                _check_first_decision(answer)
    for _, probe in probes_of(customers, operation):
        last, read = probe.answers[-1], probe.read
        answered = list(list_of(last, probe.exchanges[:-1]).values())
        if read is None:
            ids = [each["id"] for each in answered]
            _check_same_ids(probe, [each["id"] for each in probe.before.records], ids)
        elif answered != read.plain_records or last.json.keys() != read.json.keys():
            raise changed(last, read, probe.answers)
    check_steered(session, operation, _lacks_the_list)


def _check_first_decision(answer: Exchange) -> None:
    if 200 <= answer.status < 300 or answer.status in REFUSALS:
        list_of(answer, certain=True)


def _lacks_the_list(decision: SteeredDecision) -> str:
    """What a decision with extras answers in place of 200 with the whole list."""
    answer = decision.answer
    if not answer.fits:
        return answer.brief()
    listed = [*consents_in(answer.records)]
    return "" if listed == list(decision.expected) else f"{len(listed)}: {listed}"


def _check_same_ids(probe: DecisionProbe, expected: list[str], got: list[str]) -> None:
    if expected != got:
        raise Violation(
            expected=f"the {len(expected)} preferences that were listed before: {expected}",
            actual=f"{len(got)}: {got}",
            exchange=probe.answers[-1],
            after=[probe.before],
        )


@law("PREF-04")
def a_decision_counts_at_once(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    for _, probe in probes_of(customers, operation):
        exchanges = probe.exchanges
        for place, answer in enumerate(exchanges[1:], 1):
            preferences = list_of(answer, exchanges[:place])
            opted_in = preferences.get(probe.preference, {}).get("opted_in")
            if opted_in != operation.opts_in:
                where = "read" if answer is probe.read else "answer"
                raise Violation(
                    expected=f"opted_in {operation.opts_in} for {probe.preference} in the {where}",
                    actual=f"{opted_in}",
                    exchange=answer,
                    after=exchanges[:place],
                )
    for customer in session.acting:
        with suppress(NotCovered):
            _decide_by_id_in_capitals(customer, operation)
            _check_the_tag_changes(customer, operation)
    check_steered(session, operation, _differs_from_decided)
    _check_keys_are_ones_own(session, operation)
    check_consents(session)


def _check_the_tag_changes(customer: Customer, operation: Operation) -> None:
    """Check that a list that was read before a decision is not called unchanged after it."""
    chosen = next(iter(customer.consents_to_change()))
    prepared = customer.restore({chosen: not operation.opts_in})
    before = customer.preferences()
    if not (tag := before.headers.get("etag")):
        return
    decided = customer.decide(chosen, opted_in=operation.opts_in)
    asking = customer.with_headers({"If-None-Match": tag})
    read = asking.call(customer.client.contract.preferences)
    if decided.ok and read.status == 304:
        raise Violation(
            expected=f"200 with opted_in {operation.opts_in} for {chosen}",
            actual=read.brief(),
            exchange=read,
            after=[*prepared, before, decided],
        )


def _differs_from_decided(decision: SteeredDecision) -> str:
    """What the list says otherwise than was decided with extras."""
    listed = consents_in(decision.answer.records) if decision.answer.fits else decision.expected
    return "" if listed == decision.expected else f"{listed}"


def _check_keys_are_ones_own(session: Session, operation: Operation) -> None:
    """Check that an `Idempotency-Key` of another customer, or decision, makes no difference."""
    people = [each for each in session.acting if session.has_preferences(each)][:2]
    # A server may keep keys from run to run.
    key = Extras(headers=(("Idempotency-Key", token_hex(16)),))
    decided = [
        decide_with(each, operation, next(iter(each.consents_to_change())), key)
        for each in (people if len(people) == 2 else ())
    ]
    for first, second in pairwise(decided):
        read = second.customer.preferences()
        for answer in (second.answer, read) if second.answer.fits else ():
            if consents_in(answer.records) != second.expected:
                raise Violation(
                    expected=f"{second.expected}",
                    actual=f"{consents_in(answer.records)}, with the key of {first.customer.name}",
                    exchange=answer,
                    after=[*first.done, first.answer, *second.done, second.answer],
                )
    for decision in decided[:1]:
        _check_key_again(decision, operation)


def _check_key_again(decision: SteeredDecision, operation: Operation) -> None:
    """Check that the contrary decision with the same key counts, or is refused."""
    customer, chosen = decision.customer, decision.preference
    contrary = customer.with_headers(dict(decision.extras.headers)).call(
        customer.decision(not operation.opts_in), preference=chosen
    )
    read = customer.preferences()
    for answer in (contrary, read) if contrary.fits else ():
        opted_in = consents_in(answer.records).get(chosen)
        if opted_in == operation.opts_in:
            raise Violation(
                expected=f"opted_in {not operation.opts_in} for {chosen}, or a refusal",
                actual=f"200 and {opted_in}, with the key of the decision before",
                exchange=answer,
                after=[*decision.done, decision.answer, contrary],
            )


def _decide_by_id_in_capitals(customer: Customer, operation: Operation) -> None:
    """Decide by the id in capitals: whether it is accepted or not, the next read must agree."""
    chosen = next(iter(customer.consents_to_change()))
    customer.restore({chosen: not operation.opts_in})
    customer.call(operation, preference=chosen.upper())
    customer.preferences()


@law("PREF-11")
def a_decision_is_dated_when_it_is_made(customer: Customer, operation: Operation) -> None:
    chosen = next(iter(customer.consents_to_change()))
    client = customer.client
    customer.restore({chosen: not operation.opts_in})
    first = customer.cached_call(client.contract.preferences)
    decided = customer.decide(chosen, opted_in=operation.opts_in)
    if not (first.fits and decided.fits) or _dated(decided, chosen) == _dated(first, chosen):
        return  # The date is that of the text, or another law's to judge.
    now, stamp = client.now(), _dated(decided, chosen)
    if abs(stamp - now) > TOLERANCE:
        raise Violation(
            expected=f"updated_at {now.isoformat(timespec='seconds')} for {chosen}, or thereabouts",
            actual=stamp.isoformat(),
            exchange=decided,
            after=[first],
            # Made again within the second, it has the same date as the one before.
            certain=True,
        )
    if client.target.now is not None:
        return  # Its clock is simulated, and may stand still.
    client.wait(A_SECOND)
    again = customer.decide(chosen, opted_in=not operation.opts_in)
    # To the second or finer it is at least one later; two nodes may differ by a part of it.
    if again.fits and _dated(again, chosen) - stamp < timedelta(seconds=A_SECOND) / 2:
        raise Violation(
            expected=f"updated_at a second later than {stamp.isoformat()} for {chosen}",
            actual=_dated(again, chosen).isoformat(),
            exchange=again,
            after=[first, decided],
            # Once all dates are those of one moment, nothing shows that decisions set them.
            certain=True,
        )


def _dated(exchange: Exchange, preference: str) -> datetime:
    """When a preference last changed, as a list tells."""
    stamps = {each["id"]: each["updated_at"] for each in exchange.records}
    return instant(stamps[preference])


@law("PREF-05")
def a_decision_made_again_changes_nothing(customers: list[Customer], operation: Operation) -> None:
    for customer, probe in probes_of(customers, operation):
        first, *others = probe.answers
        for place, other in enumerate(others, 1):
            if other.status != first.status or substance(other) != substance(first):
                raise Violation(
                    expected=first.brief(),
                    actual=other.brief(),
                    exchange=other,
                    after=[*_last_opposite(customer, first), *probe.answers[:place]],
                )


def _last_opposite(customer: Customer, decision: Exchange) -> list[Exchange]:
    """The last decision to the contrary before this one: without it, this one may be the second."""
    exchanges = customer.client.exchanges
    return [
        each
        for each in exchanges[: exchanges.index(decision)]
        if each.actor == customer.name and each.url == decision.url
        if each.method != decision.method
    ][-1:]
