"""One run against a target: who takes part, what was exchanged, and what laws share of it."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid5

import httpx

from contract_tests.actor import PROBED, Actor, Customer, consents_in
from contract_tests.client import Client
from contract_tests.credentials import LONG
from contract_tests.document import Contract, Operation
from contract_tests.exchange import Exchange
from contract_tests.extras import KINDS, NUMBERS, PLACES, Deviation, SteeredDecision, extras_of
from contract_tests.identifiers import owners_by_identifier
from contract_tests.law import NotCovered
from contract_tests.queries import malformed_queries
from contract_tests.target import Target, Unreachable
from contract_tests.transport import NotSent

UNKNOWN_PREFERENCE = str(uuid5(NAMESPACE_URL, "my-account-kit/no-such-preference"))
"""The id of no preference."""
ACTING = 4
ASKED_AGAIN = 3
"""How often a token that was refused must be refused again, before it is taken for one lapsed."""
_CONTROL = re.compile("%[01][0-9a-f]|%7f", re.I)
ROLES = ("staff", "expired", "revoked", "locked")


def _normalised(path: str) -> str:
    """A path as it is spelled in the document, whatever stands before and behind it."""
    return re.sub(r"/(\.?/)+", "/", unquote(path.partition("?")[0]).lower())


@dataclass
class Session:
    """A client, its actors, and the customers' state as it was found."""

    client: Client
    customers: list[Customer]
    roles: dict[str, Actor]
    anonymous: Actor
    unknown: Actor
    strict_enums: bool = False
    """Whether an unknown enum member is a violation, and not only drift."""
    seed: int = 1
    """Decides the values that laws draw."""
    refusals: dict[str, list[tuple[str, Exchange]]] = field(default_factory=dict, repr=False)
    """Rule and answer of every request that an operation had to refuse, by the operation's id."""
    deviations: dict[str, list[Deviation]] = field(default_factory=dict, repr=False)
    """The reads that extras steered, by the operation's id, once they were looked for."""
    unsteady: dict[str, str] = field(default_factory=dict, repr=False)
    """The verdict that showed an operation to answer otherwise each time, by the operation's id."""
    lost_extras: set[str] = field(default_factory=set, repr=False)
    """Names of parameters and headers to which nothing is answered at all."""
    steered: dict[str, list[SteeredDecision]] = field(default_factory=dict, repr=False)
    """The decisions that were made with extras, by the operation's id."""
    when_surveyed: Callable[["Session"], None] = field(default=lambda session: None, repr=False)
    """Called after each survey, before anything is written."""
    _initial_consents: dict[str, dict[str, bool]] = field(default_factory=dict)
    _first_decisions: list[Exchange] = field(default_factory=list)
    _checked_to: int = 0
    """Up to where what was exchanged is known to show consents as they were decided."""

    @classmethod
    def open(
        cls,
        target: Target,
        contract: Contract,
        *,
        strict_enums: bool = False,
        seed: int = 1,
        transport: httpx.BaseTransport | None = None,
    ) -> "Session":
        """Begin a run; `transport` sends its requests in place of a socket."""
        client = Client(target, contract, transport)
        return cls.of(client, strict_enums=strict_enums, seed=seed)

    @classmethod
    def of(cls, client: Client, *, strict_enums: bool = False, seed: int = 1) -> "Session":
        """A run over a client."""
        target = client.target
        customers = [
            Customer(client, each.name, each.token, facts=each.facts) for each in target.customers
        ]
        tokens = {role: getattr(target.tokens, role) for role in ROLES}
        roles = {role: Actor(client, role, token) for role, token in tokens.items() if token}
        unknown = Actor(client, "unknown", target.tokens.unknown)
        return cls(client, customers, roles, Actor(client), unknown, strict_enums, seed)

    def restarted(self) -> "Session":
        """A session of the same run that has sent nothing yet."""
        client = self.client.without_exchanges()
        return Session.of(client, strict_enums=self.strict_enums, seed=self.seed)

    @property
    def contract(self) -> Contract:
        return self.client.contract

    @property
    def consents(self) -> dict[str, dict[str, bool]]:
        """Everybody's marketing preferences as the survey found them: id → opted in."""
        return self._initial_consents

    @property
    def strangers(self) -> list[Actor]:
        """Everybody who must be refused."""
        return [self.anonymous, self.unknown, *self.roles.values()]

    def survey(self, *operations: Operation) -> None:
        """Let every customer read everything once, or these: what most laws look at."""
        for customer in self.customers:
            for operation in operations or self.contract.operations.values():
                if operation.reads:
                    with suppress(NotSent):
                        self._survey_lists(customer, operation)
            self._remember(customer)
        with suppress(NotSent):
            self.when_surveyed(self)

    def reason_to_stop(self) -> str:
        """Why nothing more can be judged; empty while the run can go on."""
        limits = self.client.limits
        if limits.over:
            return f"the time of the run is over ({self.client.target.max_time_s:g} s)"
        for customer in self.customers:
            if customer.name in limits.doubtful and not self._is_accepted(customer):
                return f"the token of {customer.name} is no longer accepted"
        return ""

    def _is_accepted(self, customer: Customer) -> bool:
        """Whether a customer whose token was refused is let in to their own account."""
        for _ in range(ASKED_AGAIN):
            with suppress(NotSent):
                if customer.call(self.contract.account).status != 401:
                    self.client.limits.doubtful.discard(customer.name)
                    return True
        return False

    def _survey_lists(self, customer: Customer, operation: Operation) -> None:
        """Read a list to its corners: what flags hide, and the last page."""
        first = customer.cached_call(operation)
        if flags := operation.queries("boolean"):
            customer.cached_call(operation, tuple((name, "true") for name in flags))
        if operation.pages and first.fits and first.json["meta"]["last_page"] > 1:
            customer.cached_call(operation, (("page", str(first.json["meta"]["last_page"])),))

    def _remember(self, customer: Customer) -> None:
        try:
            preferences = customer.list_records(self.contract.preferences.id)
        except (NotCovered, NotSent):
            return
        self._initial_consents[customer.name] = consents_in(preferences)

    @property
    def accounts(self) -> dict[str, dict[str, object]]:
        """The details of every customer who can read them, by name; each has an id."""
        operation, accounts = self.contract.account, {}
        for customer in self.customers:
            answer = customer.cached_call(operation)
            # Whose it is shows, whatever else is wrong with it.
            if (
                answer.ok
                and isinstance(answer.data, dict)
                and isinstance(answer.data.get("id"), str)
            ):
                accounts[customer.name] = answer.data
        return accounts

    @property
    def ids(self) -> dict[str, str]:
        """The id of every customer, from their own account."""
        return {name: str(account["id"]) for name, account in self.accounts.items()}

    @property
    def declared_ids(self) -> dict[str, str]:
        """The id of every customer, as the profile or the target declares it."""
        return {each.name: each.id for each in self.client.target.customers if each.id}

    @cached_property
    def identifiers(self) -> dict[str, str]:
        """Values that identify one customer, in lower case: id or address → the customer's name."""
        return owners_by_identifier(self.customers, self.accounts)

    def identity(self, customer: Customer) -> dict[str, str]:
        """Values that name a customer, by kind: id, address, numbers, token."""
        account = self.accounts.get(customer.name, {})
        values = {kind: account.get(kind) for kind in (*KINDS, *PLACES)}
        values["id"] = values["id"] or customer.name
        values["email"] = values["email"] or f"{customer.name}@example.com"
        values["token"] = customer.token
        for operation in self.contract.reads if account else ():
            answer = customer.cached_call(operation)
            for record in answer.records if operation.lists and answer.fits else ():
                for part in (record, *record.get("members", ())):
                    if part.get("customer_id") == account["id"]:
                        values |= {kind: part[kind] for kind in NUMBERS if part.get(kind)}
        return {kind: str(value) for kind, value in values.items() if value}

    @property
    def pairs(self) -> list[tuple[Customer, Customer]]:
        """Each acting customer with another one; none if there is only one customer."""
        others = (*self.customers[1:], self.customers[0])
        pairs = zip(self.acting, others, strict=False)
        return [(one, other) for one, other in pairs if one is not other]

    def exchanges_at_path(self, operation: Operation) -> list[Exchange]:
        """Every exchange at the path of an operation, whatever its method or spelling."""
        base, fixed = self.client.target.base_url, operation.fixed_path
        known = {each.fixed_path for each in self.contract.operations.values()} - {fixed}
        # What is beside the path belongs to it, but for what is beside the whole API.
        parent = fixed.rpartition("/")[0]
        near = parent if parent.count("/") > 1 else fixed

        def is_here(exchange: Exchange) -> bool:
            if exchange.operation is not None:
                return exchange.operation == operation.id
            path = _normalised(exchange.url.removeprefix(base))
            return near in path and path not in known

        return [each for each in self.client.exchanges if is_here(each)]

    def survey_answers(self, operation: Operation) -> list[Exchange]:
        """The answers that the survey got from an operation."""
        return [customer.cached_call(operation) for customer in self.customers if operation.reads]

    def restore(self) -> list[str]:
        """Put every consent back as it was found, however late it is; says what could not be."""
        limits = self.client.limits
        ends_at, limits.ends_at = limits.ends_at, None
        try:
            return self._restore_all()
        finally:
            limits.ends_at = ends_at

    def _restore_all(self) -> list[str]:
        left = []
        # The first two are those whom laws write for, and whose tokens other engines are given.
        writers = self.client.limits.writers | {each.name for each in self.customers[:2]}
        for customer in (each for each in self.customers if each.name in writers):
            initial = self._initial_consents.get(customer.name)
            try:
                if initial and not self.client.target.read_only:
                    customer.restore(initial)
            except (NotCovered, NotSent, Unreachable):
                left.append(f"the marketing preferences of {customer.name}")
        return left

    def exchanges(self, operation: Operation) -> list[Exchange]:
        """Everything exchanged over an operation so far, an answer of every kind among it."""
        if operation.reads or not self.client.target.read_only:
            self._provoke(operation)
        made = (each for each in self.client.exchanges if each.operation == operation.id)
        return [
            each
            for each in made
            if not each.from_a_gateway and not (each.from_the_edge and _is_unusual(each, operation))
        ]

    def _provoke(self, operation: Operation) -> None:
        """Have an operation refused, and opt-in and opt-out done; reads did well in the survey."""
        self.attempt(self.anonymous, operation)
        for customer in self.acting:
            for query in malformed_queries(operation):
                customer.cached_call(operation, query)
            if operation.reads:
                continue
            for preference in filter(
                None, (UNKNOWN_PREFERENCE, customer.facts.get("foreign_preference"))
            ):
                customer.cached_call(operation, preference=preference)
            if self.has_preferences(customer):
                with suppress(NotCovered):
                    customer.probe_decisions(operation)

    def successes(self, operation: Operation) -> list[tuple[Customer, Exchange]]:
        """
        Every success that can be read, with the customer who got it.

        Raises:
            NotCovered: there is none.
        """
        by_name = {each.name: each for each in self.customers}
        successes = [
            (by_name[each.actor], each)
            for each in self.exchanges(operation)
            if each.fits and each.actor in by_name
        ]
        if not successes:
            raise NotCovered("no answer with records to look at")
        return successes

    @property
    def acting(self) -> list[Customer]:
        """Those who act, err and write; with three, the first, another and the last differ."""
        return self.customers[:ACTING]

    def has_preferences(self, customer: Customer) -> bool:
        """Whether a customer was found to have something to consent to."""
        return bool(self._initial_consents.get(customer.name))

    def has_preference(self, customer: Customer, preference: str) -> bool:
        """Whether a customer was found to be able to consent to it."""
        return preference in self._initial_consents.get(customer.name, {})

    def position(self, operation: Operation) -> int:
        """The place of an operation in the document, by which laws vary who asks and what."""
        return list(self.contract.operations).index(operation.id)

    def sample(self, values: Sequence[str], operation: Operation, count: int = 3) -> list[str]:
        """A few of many values, others at each operation."""
        turn = self.position(operation) * count
        return [values[(turn + number) % len(values)] for number in range(count)]

    def take_unchecked(self) -> list[Exchange]:
        """Every exchange since the last call, or since consents were forgotten."""
        begun = self._checked_to
        self._checked_to = len(self.client.exchanges)
        return self.client.exchanges[begun:]

    def skip_unchecked(self) -> None:
        """Drop what is known of consents: somebody else may have decided."""
        self._checked_to = len(self.client.exchanges)

    def first_decisions(self) -> list[Exchange]:
        """
        The first opt-in and opt-out of everybody who acts, and everything that they read before,
        between and after them: what happens at the first decision alone shows nowhere else. Then
        the first decisions on other preferences, and of everybody else, which leave them as they
        are: what was never decided on.

        Raises:
            NotCovered: nobody may decide.
        """
        if not self._first_decisions:
            people = [each for each in self.acting if self.has_preferences(each)]
            exchanges = [
                each for who in people for each in (*self._first_reads(who), *self._read_all(who))
            ]
            for who in people:
                [(chosen, opted_in), *others] = who.consents_to_change().items()
                for decision in (not opted_in, opted_in):
                    exchanges += [who.decide(chosen, opted_in=decision), *self._read_all(who)]
                last = {is_in: id for id, is_in in others}
                exchanges += [who.decide(id, opted_in=is_in) for is_in, id in last.items()]
            for who in filter(self.has_preferences, self.customers[ACTING:]):
                now = list(who.consents_to_change().items())[:PROBED]
                exchanges += [who.decide(id, opted_in=is_in) for id, is_in in now]
            self._first_decisions = exchanges
        return self._first_decisions

    def _first_reads(self, customer: Customer) -> list[Exchange]:
        return [customer.cached_call(each) for each in self.contract.reads]

    def _read_all(self, customer: Customer) -> list[Exchange]:
        """Everything that a customer can read, as it is now."""
        return [customer.call(each) for each in self.contract.reads]

    def attempt(self, actor: Actor, operation: Operation) -> Exchange:
        """The first answer that an actor gets from an operation."""
        return actor.cached_call(operation, preference=self.preference(operation))

    def preference(self, operation: Operation) -> str:
        """A preference of the first customer, for operations that name one."""
        if operation.reads:
            return "x"
        consents = self._initial_consents.get(self.customers[0].name) or {}
        return next(iter(consents), "x")

    def records(self, operation: Operation) -> Iterator[tuple[Customer, Exchange, Any]]:
        """
        Every record of every different success, with who got it and the answer that it stood in.

        Raises:
            NotCovered: there is none.
        """
        answers = {
            (customer.name, exchange.body): (customer, exchange)
            for customer, exchange in reversed(self.successes(operation))
        }
        records = [
            (customer, exchange, record)
            for customer, exchange in reversed(answers.values())
            for record in exchange.records
        ]
        if not records:
            raise NotCovered("no customer has any")
        return iter(records)


def _is_unusual(exchange: Exchange, operation: Operation) -> bool:
    """
    Whether what stands before a server may refuse a request in words of its own: for control
    characters in its URL, for parameters or headers that the document does not know, for the type
    of a body that no operation takes, or for a token that is longer than any.
    """
    names = {name.lower() for name in exchange.sent}
    return bool(
        _CONTROL.search(exchange.url)
        or extras_of(exchange, operation)
        or "content-type" in names
        or any(len(value) >= LONG for value in exchange.sent.values())
    )
