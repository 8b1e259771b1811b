"""Callers of the API, and the requests that laws make through them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract_tests.client import Client
from contract_tests.document import Operation, filled
from contract_tests.exchange import Exchange, Query
from contract_tests.law import NotCovered
from contract_tests.queries import UNKNOWN

Record = dict[str, Any]
CREDITS, ORDERS = "listMyAccountCredits", "listMyAccountOrders"
PROBED = 6
"""Preferences of one customer, at most, that are decided on one by one."""


def consents_in(records: Iterable[Record]) -> dict[str, bool]:
    """Every preference of a list that can be read: id → opted in."""
    readable = (each for each in records if each.keys() >= {"id", "opted_in"})
    return {each["id"]: each["opted_in"] for each in readable}


@dataclass(frozen=True)
class Actor:
    """A caller of the API, with a token or without: `call` always sends, `cached_call` caches."""

    client: Client = field(repr=False)
    name: str = ""
    token: str | None = field(default=None, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request; for credentials that are no bearer token."""
    _answers: dict[Any, Exchange] = field(default_factory=dict, repr=False)

    def call(
        self,
        operation: Operation,
        query: Query = (),
        *,
        preference: str = "x",
        method: str = "",
        payload: str = "",
    ) -> Exchange:
        """Call an operation, or another method on its path."""
        exchange = self.client.send(
            method or operation.method,
            filled(operation.path, preference),
            actor=self.name,
            token=self.token,
            query=query,
            headers=self.headers,
            payload=payload,
            operation=None if method else operation,
        )
        self._answers.setdefault((operation.id, tuple(query), preference, method), exchange)
        return exchange

    def with_headers(self, headers: Mapping[str, str]) -> "Actor":
        """The same caller, sending these headers too, and with no answer cached."""
        return Actor(self.client, self.name, self.token, dict(headers))

    def at(self, path: str, method: str = "GET") -> Exchange:
        """The first answer at a path that is no operation's; sent if there is none yet."""
        key = (method, path)
        if key not in self._answers:
            self._answers[key] = self.client.send(
                method, path, actor=self.name, token=self.token, headers=self.headers
            )
        return self._answers[key]

    def cached_call(
        self, operation: Operation, query: Query = (), *, preference: str = "x", method: str = ""
    ) -> Exchange:
        """The first answer to this call; sent only if there is none yet."""
        key = (operation.id, tuple(query), preference, method)
        if key not in self._answers:
            self.call(operation, query, preference=preference, method=method)
        return self._answers[key]


@dataclass(frozen=True, slots=True)
class DecisionProbe:
    """A decision on a preference that was not so decided before, made once or more, and read."""

    preference: str
    before: Exchange
    """The last list, of a read or of a decision."""
    answers: tuple[Exchange, ...]
    read: Exchange | None

    @property
    def exchanges(self) -> list[Exchange]:
        """All of it, in order."""
        return [self.before, *self.answers, *([self.read] if self.read else ())]


@dataclass(frozen=True)
class Customer(Actor):
    """A signed-in customer of the target, and what is known of them."""

    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _probes: dict[str, list[DecisionProbe]] = field(default_factory=dict, repr=False)

    def operation(self, id: str) -> Operation:
        """An operation of the contract."""
        return self.client.contract.operations[id]

    def read(self, id: str, *query: tuple[str, str], fresh: bool = False) -> Exchange:
        """
        A success of an operation that reads.

        Raises:
            NotCovered: it answered nothing that can be read as the schema says.
        """
        operation = self.operation(id)
        answer = self.call(operation, query) if fresh else self.cached_call(operation, query)
        if not answer.fits:
            raise NotCovered(f"{self.name}'s {id} answered {answer.brief()[:60]}")
        return answer

    def list_records(self, id: str, *query: tuple[str, str]) -> list[Record]:
        """
        The records that a list operation answers.

        Raises:
            NotCovered: it answered no list.
        """
        return self.read(id, *query).records

    def credits(self, **flags: str) -> Exchange:
        """The credits that are listed under these flags."""
        return self.read(CREDITS, *flags.items())

    def orders(self, query: Mapping[str, int] | None = None, *, fresh: bool = False) -> Exchange:
        """
        A page of orders.

        Raises:
            NotCovered: there was no page.
        """
        parameters = ((name, str(value)) for name, value in (query or {}).items())
        return self.read(ORDERS, *parameters, fresh=fresh)

    def preferences(self) -> Exchange:
        """Every preference as it is now."""
        return self.read(self.client.contract.preferences.id, fresh=True)

    def consents(self) -> dict[str, bool]:
        """Every preference as it is now: id → opted in."""
        return consents_in(self.preferences().records)

    def decide(self, preference: str, *, opted_in: bool) -> Exchange:
        """Opt in to, or out of, a preference."""
        return self.call(self.decision(opted_in), preference=preference)

    def probe_decisions(self, operation: Operation) -> list[DecisionProbe]:
        """
        Opt in to preferences and out of them, all of them in turn, and again so that none comes
        after its neighbour: each is decided on while every other is opted in, and
        while it is not. What one decision does to others the next answer shows.

        Raises:
            NotCovered: the customer has no preference, or none may be changed.
        """
        if not self._probes:
            preferences = list(self.consents_to_change())
            chosen = preferences
            if len(preferences) > PROBED:
                chosen = [*preferences[: PROBED - 1], preferences[-1]]
            self.restore(dict.fromkeys(preferences, False))
            before = self.preferences()
            apart = [*chosen[::-2], *chosen[-2::-2]]
            for order in (chosen, apart):
                for decision in self.client.contract.decisions.values():
                    for number, preference in enumerate(order):
                        twice = order is chosen and preference in (chosen[0], chosen[-1])
                        last = number + 1 == len(order)
                        times = 3 if twice else 1
                        probe = self._probe(preference, decision, before, times, read=twice or last)
                        self._probes.setdefault(decision.id, []).append(probe)
                        before = probe.exchanges[-1]
        return self._probes[operation.id]

    def _probe(
        self, preference: str, operation: Operation, before: Exchange, times: int, *, read: bool
    ) -> DecisionProbe:
        calls = [self.call(operation, preference=preference)]
        for _ in range(times - 1):
            # What the first left behind, the second may mend.
            self.preferences()
            calls.append(self.call(operation, preference=preference))
        # A cache may know the list by its URL.
        query = UNKNOWN if times > 1 else ()
        after = self.read(self.client.contract.preferences.id, *query, fresh=True) if read else None
        return DecisionProbe(preference, before, tuple(calls), after)

    def decision(self, opted_in: bool) -> Operation:
        """The operation that opts in, or out."""
        return self.client.contract.decisions[opted_in]

    def consents_to_change(self, least: int = 1) -> dict[str, bool]:
        """
        The customer's consents, for a law that changes them; the run puts them back at its end.

        Raises:
            NotCovered: the customer has fewer preferences than it takes, or none may be changed.
        """
        if self.client.target.read_only:
            raise NotCovered("the run is read-only")
        consents = self._last_seen() or self.consents()
        if len(consents) < least:
            raise NotCovered(f"{self.name} has {len(consents)} marketing preferences, not {least}")
        return consents

    def _last_seen(self) -> dict[str, bool]:
        """Every preference as this customer's last answer showed it; empty if it showed none."""
        mine = (each for each in reversed(self.client.exchanges) if each.actor == self.name)
        last = next(mine, None)
        if last is None or not (last.fits and self._shows_consents(last)):
            return {}
        return consents_in(last.records)

    def _shows_consents(self, exchange: Exchange) -> bool:
        operation = self.client.contract.operations.get(exchange.operation or "")
        return operation is not None and "opted_in" in operation.fields

    def restore(
        self, wanted: Mapping[str, bool], now: Mapping[str, bool] | None = None
    ) -> list[Exchange]:
        """Opt in and out until every preference is as wanted; `now` is how they are, if known."""
        current = self.consents() if now is None else now
        return [
            self.decide(preference, opted_in=opted_in)
            for preference, opted_in in wanted.items()
            if current.get(preference) != opted_in
        ]


def readers(customers: Sequence[Customer], operation: Operation) -> list[Customer]:
    """
    Those who are answered 200.

    Raises:
        NotCovered: nobody is.
    """
    answered = [each for each in customers if each.cached_call(operation).ok]
    if not answered:
        raise NotCovered(f"it answered {customers[0].cached_call(operation).brief()[:60]}")
    return answered
