"""Orders: what a customer bought and booked; derived one by one, never stored."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, overload

from msgspec.structs import replace

from mock_server.http.operation import operation
from mock_server.http.pages import Page, page_of
from mock_server.resources.orders.history import Holding, Stretch, stretches
from mock_server.resources.orders.order import Buyer, Order, buyer_of, make_order
from mock_server.worlds.account import Account, Kind, Person

KEPT = 1024
"""How many derived orders a customer's list remembers."""


class Orders(Sequence[Order]):
    """All orders of a person, newest first: as many as the scenario says, each made when asked."""

    def __init__(self, buyer: Buyer, stretches: Sequence[Stretch]) -> None:
        self._buyer, self._stretches = buyer, stretches
        self._firsts = [stretch.first for stretch in stretches]
        self._length = sum(stretch.holding.count for stretch in stretches)
        self._cached = lru_cache(KEPT)(self._make)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Order: ...
    @overload
    def __getitem__(self, index: slice) -> list[Order]: ...
    def __getitem__(self, index: int | slice) -> Order | list[Order]:
        if isinstance(index, slice):
            return [self._cached(each) for each in range(*index.indices(self._length))]
        return self._cached(range(self._length)[index])

    def _make(self, index: int) -> Order:
        stretch = self._stretches[bisect_right(self._firsts, index) - 1]
        return make_order(self._buyer, stretch, index - stretch.first)


def make(person: Person, holdings: Mapping[str, Holding]) -> Orders:
    """Newest first (PAGE-08): each holding's orders lie before those of the next."""
    return Orders(buyer_of(person), stretches(person, holdings))


ORDERS = Kind("orders", Holding, make, cost=0)


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    return {"order_count": len(account.all(ORDERS))}


@operation("listMyAccountOrders")
def list_orders(account: Account, *, page: int = 1, per_page: int | None = None) -> Page[Order]:
    """A page of orders, newest first."""
    result = page_of(account.all(ORDERS), page, per_page)
    return replace(result, items=[order.at(account.now) for order in result.items])
