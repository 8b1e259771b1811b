"""One run against a target: who takes part, what was exchanged, and what laws share of it."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from contract_tests.actor import Actor, Customer, consents_in
from contract_tests.client import SAFE, Client, Exchange, Query, ReadOnly
from contract_tests.document import Contract, Operation
from contract_tests.law import NotCovered
from contract_tests.target import Target, Unreachable, complete

NOWHERE = str(uuid5(NAMESPACE_URL, "my-account-kit/no-such-preference"))
"""The id of no preference."""
ROLES = ("staff", "expired", "revoked", "locked")


def unreadable(operation: Operation) -> list[Query]:
    """Queries that cannot be understood: one for each parameter that is no text."""
    values = {"boolean": "yes", "integer": "abc", "number": "abc"}
    return [((name, text),) for type, text in values.items() for name in operation.queries(type)]


@dataclass
class Session:
    """A client, its actors, and the customers' state as it was found."""

    client: Client
    customers: list[Customer]
    roles: dict[str, Actor]
    nobody: Actor
    unknown: Actor
    strict_enums: bool = False
    """Whether an unknown enum member is a violation, and not only drift."""
    seed: int = 1
    """Decides the values that laws draw."""
    _found: dict[str, dict[str, bool]] = field(default_factory=dict)

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
        return cls.of(Client(target, contract, transport), strict_enums=strict_enums, seed=seed)

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

    @property
    def contract(self) -> Contract:
        return self.client.contract

    @property
    def strangers(self) -> list[Actor]:
        """Everybody who must be refused."""
        return [self.nobody, self.unknown, *self.roles.values()]

    def survey(self, *operations: Operation) -> None:
        """Let every customer read everything once, or these: what most laws look at."""
        for customer in self.customers:
            for operation in operations or self.contract.operations.values():
                if operation.reads:
                    self._look(customer, operation)
            self._remember(customer)

    def _look(self, customer: Customer, operation: Operation) -> None:
        """Read a list to its corners: what flags hide, and the last page."""
        first = customer.once(operation)
        if flags := operation.queries("boolean"):
            customer.once(operation, tuple((name, "true") for name in flags))
        if operation.pages and first.fits and first.json["meta"]["last_page"] > 1:
            customer.once(operation, (("page", str(first.json["meta"]["last_page"])),))

    def _remember(self, customer: Customer) -> None:
        try:
            listed = customer.listed(self.contract.preferences.id)
        except NotCovered:
            return
        self._found[customer.name] = consents_in(listed)

    @property
    def accounts(self) -> dict[str, dict[str, object]]:
        """The details of every customer who can read them, by name."""
        operation, found = self.contract.account, {}
        for customer in self.customers:
            answer = customer.once(operation)
            if answer.fits and isinstance(answer.data, dict):
                found[customer.name] = answer.data
        return found

    @property
    def ids(self) -> dict[str, str]:
        """The id of every customer, as their own account tells it."""
        return {name: str(account["id"]) for name, account in self.accounts.items()}

    @property
    def known_ids(self) -> dict[str, str]:
        """The id of every customer, as the target tells it."""
        return {each.name: each.id for each in self.client.target.customers if each.id}

    @property
    def marks(self) -> dict[str, list[str]]:
        """What must stand in no other customer's answers: id, e-mail address, own phone number."""
        accounts = self.accounts
        phones = [account.get("phone") for account in accounts.values()]
        return {
            name: [
                str(account[key]).lower()
                for key in ("id", "email", "phone")
                if account.get(key) and (key != "phone" or phones.count(account[key]) == 1)
            ]
            for name, account in accounts.items()
        }

    def companions(self, customer: Customer) -> set[str]:
        """The ids of those who share a membership with a customer."""
        memberships = customer.once(self.contract.operations["listMyAccountMemberships"])
        return {
            str(member["customer_id"]).lower()
            for record in (memberships.records if memberships.fits else ())
            for member in record["members"]
        }

    def surveyed(self, operation: Operation) -> list[Exchange]:
        """What the customers were answered in the survey."""
        return [customer.once(operation) for customer in self.customers if operation.reads]

    def restore(self) -> list[str]:
        """Put every consent back as it was found; says what could not be."""
        left = []
        # The first two are those whom laws write for, and whose tokens other engines are given.
        touched = {each.actor for each in self.client.exchanges if each.method not in SAFE}
        touched |= {each.name for each in self.customers[:2]}
        for customer in (each for each in self.customers if each.name in touched):
            wanted = self._found.get(customer.name)
            try:
                if wanted and not self.client.target.read_only:
                    customer.restore(wanted)
            except (NotCovered, ReadOnly):
                left.append(f"the marketing preferences of {customer.name}")
        return left

    def exchanges(self, operation: Operation) -> list[Exchange]:
        """Everything exchanged over an operation so far, an answer of every kind among it."""
        if operation.reads or not self.client.target.read_only:
            self._provoke(operation)
        return [each for each in self.client.exchanges if each.operation == operation.id]

    def _provoke(self, operation: Operation) -> None:
        """Have an operation refused, and opt-in and opt-out done; reads did well in the survey."""
        self.attempt(self.nobody, operation)
        first = self.customers[0]
        for query in unreadable(operation):
            first.once(operation, query)
        if not operation.reads:
            for preference in filter(None, (NOWHERE, first.facts.get("foreign_preference"))):
                first.once(operation, preference=preference)
            if self._found.get(first.name):
                with suppress(NotCovered):
                    first.trials(operation)

    def successes(self, operation: Operation) -> list[tuple[Customer, Exchange]]:
        """
        Every success that can be read, with the customer who got it.

        Raises:
            NotCovered: there is none.
        """
        by_name = {each.name: each for each in self.customers}
        found = [
            (by_name[each.actor], each)
            for each in self.exchanges(operation)
            if each.fits and each.actor in by_name
        ]
        if not found:
            raise NotCovered("no answer with records to look at")
        return found

    def attempt(self, actor: Actor, operation: Operation) -> Exchange:
        """What an actor is answered who calls an operation for the first time."""
        return actor.once(operation, preference=self.preference(operation))

    def preference(self, operation: Operation) -> str:
        """A preference of the first customer, for operations that name one."""
        if operation.reads:
            return "x"
        found = self._found.get(self.customers[0].name) or {}
        return next(iter(found), "x")

    def records(self, operation: Operation) -> Iterator[tuple[Customer, Exchange, Any]]:
        """
        Every record of every success, with who got it and the answer that it stood in.

        Raises:
            NotCovered: there is none.
        """
        found = [
            (customer, exchange, record)
            for customer, exchange in self.successes(operation)
            for record in exchange.records
        ]
        if not found:
            raise NotCovered("no customer has any")
        return iter(found)


def ready(target: Target, contract: Contract, patience_s: float) -> Target:
    """
    The target with what can be found out, once its first customer is answered 200.

    Raises:
        TargetError: it is not described well enough.
        Unreachable: no such answer came within `patience_s` seconds.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            found = complete(target)
            _answered(found, contract)
            return found
        except Unreachable:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.2)


def _answered(target: Target, contract: Contract) -> None:
    customer, operation = target.customers[0], contract.account
    answer = Client(target, contract).send("GET", operation.path, token=customer.token)
    if not answer.ok:
        told = f"{operation.path} answered {customer.name} {answer.told()}"
        raise Unreachable(f"not ready: {told}")
