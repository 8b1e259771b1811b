"""Decisions on preferences that a customer cannot decide on."""

from collections.abc import Iterable
from contextlib import suppress

from contract_tests.actor import Customer
from contract_tests.document import Operation
from contract_tests.exchange import Exchange
from contract_tests.law import NotCovered, Violation, law
from contract_tests.laws import aliases
from contract_tests.laws.comparison import changed
from contract_tests.laws.filters import values_for
from contract_tests.laws.time import A_SECOND
from contract_tests.session import UNKNOWN_PREFERENCE, Session
from contract_tests.values import FILE_ENDING, unknown_ids


@law("PREF-06")
def another_organisations_preference_is_forbidden(
    session: Session, customers: list[Customer], operation: Operation
) -> None:
    tried = 0
    for customer in customers:
        foreign = _foreign(customer, customers)
        with suppress(NotCovered):
            _check_refused(session, customer, operation, foreign, 403)
            tried += len(foreign)
    for customer in session.acting:
        with suppress(NotCovered):
            foreign = _foreign(customer, customers)
            _check_forbidden_whatever_was_decided(customer, operation, foreign)
    if session.client.target.read_only:
        raise NotCovered("the run is read-only")
    if not tried:
        raise NotCovered("the target names no foreign_preference")


def _check_forbidden_whatever_was_decided(
    customer: Customer, operation: Operation, foreign: list[str]
) -> None:
    """Check the refusal while the customer is opted out of everything, and in to everything."""
    for opted_in in (False, True) if foreign else ():
        prepared = customer.restore(dict.fromkeys(customer.consents_to_change(), opted_in))
        spelled = customer.call(operation, preference=foreign[0].upper())
        if spelled.status not in (403, 404) and not spelled.from_the_edge:
            raise Violation(
                expected="403, or 404 where capitals make it another id",
                actual=spelled.brief(),
                exchange=spelled,
                after=prepared,
            )
        answer = customer.call(operation, preference=foreign[0])
        if answer.status != 403 and not answer.from_the_edge:
            actual = answer.brief()
            raise Violation(expected="403", actual=actual, exchange=answer, after=prepared)


def check_owners_unaffected(session: Session, operation: Operation) -> None:
    """Check that a refused decision on a preference changes nothing for those who are shown it."""
    if session.client.target.now is None:
        # In the second in which they are set, dates that are set again do not show.
        session.client.wait(A_SECOND)
    for customer in session.acting:
        for preference in _foreign(customer, session.customers):
            owners = [
                each for each in session.customers if session.has_preference(each, preference)
            ]
            before = [each.preferences() for each in owners]
            refused = customer.call(operation, preference=preference)
            for owner, first in zip(owners, before, strict=True):
                last = owner.preferences()
                if refused.status >= 400 and first.plain_records != last.plain_records:
                    raise changed(first, last, [first, refused])


def _foreign(customer: Customer, customers: Iterable[Customer]) -> list[str]:
    """Preferences of other organisations: one that the profile names, those of other customers."""
    named = filter(None, [customer.facts.get("foreign_preference")])
    return list(dict.fromkeys([*named, *_not_listed(customer, customers, foreign=True)]))[:2]


def _not_listed(customer: Customer, customers: Iterable[Customer], *, foreign: bool) -> list[str]:
    """Preferences that only others have: of other organisations, or of the customer's own."""
    id = customer.client.contract.preferences.id
    own = customer.cached_call(customer.operation(id))
    listed = own.records if own.fits else []
    mine = {each["organisation_id"].lower() for each in listed}
    known = {each["id"].lower() for each in listed}
    theirs = (other.cached_call(other.operation(id)) for other in customers)
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
            values = unknown_ids(next(iter(customer.consents_to_change())), session.seed)
            if aliases.drops_the_ending(session, FILE_ENDING):
                values = {kind: id for kind, id in values.items() if not id.endswith(FILE_ENDING)}
            # Those of another site, which the customer's own list does not show.
            unlisted = _not_listed(customer, customers, foreign=False)[:2]
            others = _ids_of_other_kinds(customer)
            unknown = [UNKNOWN_PREFERENCE, *values_for(values, tried), *unlisted, *others]
            _check_refused(session, customer, operation, unknown, 404)
            tried += 1
        except NotCovered as missing:
            reason = str(missing)
    if not tried:
        raise NotCovered(reason)


def _ids_of_other_kinds(customer: Customer) -> list[str]:
    """What the customer has besides preferences, by id: one of each kind, and their own."""
    contract = customer.client.contract
    reads = [each for each in contract.reads if each is not contract.preferences]
    answers = [customer.cached_call(each) for each in reads]
    records = [each.records[0] if each.records else {} for each in answers if each.fits]
    account = customer.cached_call(contract.account)
    records.append(account.data if account.fits and isinstance(account.data, dict) else {})
    return [record["id"] for record in records if isinstance(record.get("id"), str)]


def _refused_by_another(answer: Exchange, preference: str) -> bool:
    """Whether a gateway refused it, or the server a NUL, which none need accept."""
    return answer.from_the_edge or (answer.status == 400 and "\0" in preference)


def _check_refused(
    session: Session,
    customer: Customer,
    operation: Operation,
    preferences: list[str],
    status: int,
) -> None:
    """Check that decisions on these are refused with `status`, and leave the list as it was."""
    if not preferences:
        return
    consents = customer.consents_to_change()
    prepared: list[Exchange] = []
    # Whoever else is asked decided nothing lately: there a new date shows, too.
    if customer in session.acting:
        # What they must not do shows only where that is not done already, what they take back
        # only where it is.
        ends = (next(iter(consents)), next(reversed(consents)))
        prepared_consents = dict.fromkeys(consents, operation.opts_in) | dict.fromkeys(
            ends, not operation.opts_in
        )
        prepared = customer.restore(prepared_consents, consents)
    exchanges = _refused(customer, operation, preferences, status)
    if _shows_a_change(exchanges):
        # In the second to which it is told, a date that is set again does not show.
        customer.client.wait(A_SECOND)
        again = _refused(customer, operation, preferences, status)
        is_certain = _shows_a_change(again)
        exchanges = again if is_certain else exchanges
        first, last = exchanges[0], exchanges[-1]
        raise changed(first, last, [*prepared, *exchanges[:-1]], certain=is_certain)


def _shows_a_change(exchanges: list[Exchange]) -> bool:
    """Whether the list at the end is another one than that at the beginning."""
    return exchanges[0].plain_records != exchanges[-1].plain_records


def _refused(
    customer: Customer, operation: Operation, preferences: list[str], status: int
) -> list[Exchange]:
    """Check that decisions on these are refused with `status`: they, and the list round them."""
    exchanges = [customer.preferences()]
    for preference in preferences:
        answer = customer.call(operation, preference=preference)
        exchanges.append(answer)
        if answer.status != status and not _refused_by_another(answer, preference):
            raise Violation(expected=f"{status}", actual=answer.brief(), exchange=answer)
    return [*exchanges, customer.preferences()]
