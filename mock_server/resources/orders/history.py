"""How many orders a scenario gives a customer, and when each of them was submitted."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from mock_server.resources.customer import CUSTOMER, holding_of
from mock_server.resources.holding import CATALOGUE, NOW, Count, out_of_order
from mock_server.resources.orders.items import range_at
from mock_server.worlds.account import Mistake, Person
from mock_server.worlds.moments import parse_duration, parse_instant
from mock_server.worlds.seed import Seed

Status = Literal["submitted", "settled", "cancelled", "no_show"]
Items = Literal["mixed", "bookings", "packages", "purchases"]
USUALLY_APART, CLOSEST = timedelta(days=9), timedelta(seconds=2)
RECENTLY = timedelta(days=2)
"""Before the world was opened: so a visit can follow the newest order and be over."""


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`orders:` of a persona, by a name of its own; the newest first."""

    count: Count = 1
    items: Items = "mixed"
    upcoming: bool = False
    """Whether its bookings lie ahead when the world is opened."""
    status: Status | None = None
    latest: str | None = None
    """When the newest was submitted; where the holding before it ends, if left out."""
    every: str | None = None
    """How far apart they are; if left out nine days, or what fits in since the customer joined."""

    def problems(self, person: Person) -> Iterator[Mistake]:
        """What is wrong with it in a scenario."""
        yield from out_of_order(person, ("latest", self.latest), NOW)
        if self.every is not None:
            yield Mistake(_problem_of(self.every), ("every",))
        mistake = _not_sold(self.items, person)
        yield Mistake(mistake, ("items", person.place("customer", "site"), CATALOGUE))
        if self.upcoming and self.items == "purchases":
            what = "what is bought is for no time, so it cannot be upcoming"
            yield Mistake(what, ("upcoming", "items"))
        if self.upcoming and self.status == "no_show":
            yield Mistake("who is still to come cannot be a no_show", ("status", "upcoming"))


def _not_sold(items: Items, person: Person) -> str | None:
    """A message if the site sells nothing that such orders would contain."""
    site = holding_of(person).site
    if site not in person.catalogue.sites:
        return None
    sold = range_at(person.catalogue, site)
    kinds = {"bookings": sold.bookable, "packages": sold.packages, "purchases": sold.goods}
    # A purchase may go with anything.
    needed = kinds if items == "mixed" else (items, "purchases")
    lacking = " and no ".join(kind for kind in needed if not kinds[kind])
    return f"at {site}, no {lacking} are sold" if lacking else None


class Stretch(Struct, frozen=True):
    """The orders of one holding: `count` of them, going back from `latest`."""

    name: str
    holding: Holding
    first: int
    """The index of the newest among all orders of the customer."""
    latest: datetime
    every: timedelta

    @property
    def end(self) -> datetime:
        return self.latest - self.every * self.holding.count

    def submitted_at(self, index: int, seed: Seed) -> datetime:
        """When an order was submitted, by its index in the stretch."""
        # Never late by more than half the distance to the next, so that they stay in order.
        late = self.every * seed.child("late").below(500) / 1000
        return (self.latest - self.every * index - late).replace(microsecond=0)


def stretches(person: Person, holdings: Mapping[str, Holding]) -> list[Stretch]:
    """
    The holdings one after another, each where the one before it ends.

    Raises:
        ValueError: they would not be newest first, or not fit into the time there was.
    """
    joined = person.all(CUSTOMER)[0].created_at
    end = person.opened_at - min(RECENTLY, (person.opened_at - joined) / 4)
    total = sum(holding.count for holding in holdings.values())
    result: list[Stretch] = []
    first = 0
    for name, holding in holdings.items():
        if holding.count:
            latest = parse_instant(holding.latest, person.opened_at) if holding.latest else end
            if result and latest > end:
                raise ValueError(f"'{name}' is later than where '{result[-1].name}' ends")
            every = _every(holding, (latest - joined) / (total - first))
            result.append(Stretch(name, holding, first, latest, every))
            first, end = first + holding.count, _end(result[-1])
    return result


def _every(holding: Holding, room: timedelta) -> timedelta:
    if holding.every is not None:
        return parse_duration(holding.every).time
    if room < CLOSEST:
        raise ValueError(
            f"{holding.count} orders do not fit in since the customer joined; "
            "say `every`, or `joined` of the customer"
        )
    return min(USUALLY_APART, room)


def _end(stretch: Stretch) -> datetime:
    try:
        return stretch.end
    except OverflowError:
        raise ValueError(f"'{stretch.name}' goes back further than the calendar") from None


def _problem_of(every: str) -> str | None:
    try:
        apart = parse_duration(every)
    except ValueError as error:
        return f"every {error}"
    if apart.months or apart.time < CLOSEST:
        return f"every '{every}' is not days, hours, minutes or seconds, at least PT2S"
    return None
