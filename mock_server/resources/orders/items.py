"""What an order is made of: guests, bookings, packages, purchases. Amounts in minor units."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from mock_server.resources.orders.draws import Draws
from mock_server.resources.orders.pricing import Pricing
from mock_server.worlds.catalogue import Catalogue, Hours, hex24_of
from mock_server.worlds.catalogue import Offering as Offer
from mock_server.worlds.catalogue import Package as PackageOffer
from mock_server.worlds.seed import Seed

BOOKABLE = ("appointment", "session", "area_booking", "table_reservation")
BETWEEN = timedelta(minutes=15)
AHEAD = ("confirmed",) * 6 + ("reserved", "waitlisted")


class Guest(Struct, frozen=True):
    """`Guest` of the document."""

    id: str
    name: str | None
    first_name: str | None
    last_name: str | None
    is_lead_booker: bool
    intake_form_complete: bool


class Named(Struct, frozen=True):
    """`Practitioner` and `Room` of the document."""

    id: str
    name: str


class Offering(Struct, frozen=True):
    """`Offering` of the document."""

    id: str
    name: str
    type: str


class BookingSummary(Struct, frozen=True):
    """`BookingSummary` of the document; duration in minutes."""

    start_time: datetime
    end_time: datetime
    duration: int
    practitioners: Sequence[Named]
    room: Named | None
    offering: Offering


class PackageContent(Struct, frozen=True):
    """`PackageContent` of the document; duration in minutes."""

    id: str
    offering_type: str
    offering_id: str
    offering_name: str
    time: datetime
    duration: int
    price_change: int


class Booked(Struct, frozen=True):
    """What `BookingItem` and `PackageItem` of the document share."""

    id: str
    item_type: str
    type_id: str
    type_name: str
    status: str
    guests: Sequence[Guest]
    date: str
    start_time: datetime
    price: int
    base_price: int
    total_cost: int
    net_total: int
    discount_amount: int
    order_discount_amount: int
    inclusive_tax_amount: int
    exclusive_tax_amount: int
    is_modifiable: bool
    created_at: datetime
    updated_at: datetime

    def at(self, now: datetime) -> Self:
        """The item at an instant: what has begun cannot be moved (ORDER-04)."""
        return self if self.is_as_at(now) else replace(self, is_modifiable=not self.is_modifiable)

    def is_as_at(self, now: datetime) -> bool:
        """Whether an instant changes nothing of it."""
        return self.is_modifiable == (self.start_time > now and self.status != "cancelled")


class BookingItem(Booked, frozen=True, kw_only=True):
    """`BookingItem` of the document."""

    booking_summary: BookingSummary


class PackageItem(Booked, frozen=True, kw_only=True):
    """`PackageItem` of the document."""

    package_items: Sequence[PackageContent]


class PurchaseItem(Struct, frozen=True):
    """`PurchaseItem` of the document."""

    id: str
    item_type: str
    type_id: str
    type_name: str
    quantity: int
    unit_price: int
    base_price: int
    total_cost: int
    net_total: int
    discount_amount: int
    status: str
    is_modifiable: bool
    created_at: datetime
    updated_at: datetime


class Range(Struct, frozen=True):
    """What a site sells, each with its name in the catalogue."""

    bookable: Sequence[tuple[str, Offer]]
    packages: Sequence[tuple[str, PackageOffer]]
    goods: Sequence[tuple[str, Offer]]
    practitioners: Sequence[Named]
    contents: dict[str, Offer]


class Setting(Struct, frozen=True):
    """What all items of an order have in common."""

    range: Range
    pricing: Pricing
    guests: Sequence[Guest]
    created_at: datetime
    day: datetime
    """The beginning of the day of the visit."""
    ahead: bool
    cancelled: bool


def range_at(catalogue: Catalogue, site: str) -> Range:
    """What a site sells."""
    offerings = list(catalogue.sold_at(site, catalogue.offerings).items())
    return Range(
        bookable=[each for each in offerings if each[1].type in BOOKABLE],
        packages=list(catalogue.sold_at(site, catalogue.packages).items()),
        goods=[each for each in offerings if each[1].type not in BOOKABLE],
        practitioners=[_named("practitioner", name) for name in catalogue.practitioners],
        contents=catalogue.offerings,
    )


def bookings(setting: Setting, seed: Seed, draws: Draws, count: int) -> list[BookingItem]:
    """One offering or two different ones, on one day, one after the other."""
    offers, free = setting.range.bookable, setting.day
    first, step = draws.below(len(offers)), 1 + draws.below(max(1, len(offers) - 1))
    chosen = [offers[(first + step * number) % len(offers)] for number in range(count)]
    planned = sorted((_start(setting, each.hours, draws), name, each) for name, each in chosen)
    items = []
    for number, (earliest, name, offer) in enumerate(planned):
        start = max(earliest, free)
        items.append(_booking(setting, seed.child("booking", number), draws, name, offer, start))
        free = start + timedelta(minutes=offer.minutes) + BETWEEN
    return items


def package(setting: Setting, seed: Seed, draws: Draws) -> PackageItem:
    """A package, its contents one after the other."""
    name, offer = draws.pick(setting.range.packages)
    place, start = seed.child("package"), _start(setting, offer.hours, draws)
    contents = list(_contents(setting, place, offer, start))
    shared = _booked(setting, place, draws, offer.price, start)
    id = hex24_of("package", name)
    return PackageItem(
        item_type="package", type_id=id, type_name=offer.name, package_items=contents, **shared
    )


def purchase(setting: Setting, seed: Seed, draws: Draws) -> PurchaseItem:
    """Something that is taken home."""
    name, offer = draws.pick(setting.range.goods)
    quantity = 1 + draws.below(3)
    base = offer.price * quantity
    discount = setting.pricing.coupon_discount(base)
    total = base - discount
    return PurchaseItem(
        id=seed.child("purchase").hex24(),
        item_type=offer.type,
        type_id=hex24_of("offering", name),
        type_name=offer.name,
        quantity=quantity,
        unit_price=offer.price,
        base_price=base,
        total_cost=total,
        net_total=total - setting.pricing.tax_in(total),
        discount_amount=discount,
        status="cancelled" if setting.cancelled else "confirmed",
        is_modifiable=False,
        created_at=setting.created_at,
        updated_at=setting.created_at,
    )


def _booking(
    setting: Setting, seed: Seed, draws: Draws, name: str, offer: Offer, start: datetime
) -> BookingItem:
    id, by_hand = hex24_of("offering", name), offer.type == "appointment"
    summary = BookingSummary(
        start_time=start,
        end_time=start + timedelta(minutes=offer.minutes),
        duration=offer.minutes,
        practitioners=[draws.pick(setting.range.practitioners)] if by_hand else (),
        room=_named("room", offer.room) if offer.room else None,
        offering=Offering(id, offer.name, offer.type),
    )
    return BookingItem(
        item_type=offer.type,
        type_id=id,
        type_name=offer.name,
        booking_summary=summary,
        **_booked(setting, seed, draws, offer.price, start),
    )


def _contents(
    setting: Setting, seed: Seed, offer: PackageOffer, start: datetime
) -> Iterator[PackageContent]:
    for number, name in enumerate(offer.contents):
        inside = setting.range.contents[name]
        yield PackageContent(
            id=seed.child(number).hex24(),
            offering_type=inside.type,
            offering_id=hex24_of("offering", name),
            offering_name=inside.name,
            time=start,
            duration=inside.minutes,
            price_change=0,
        )
        start += timedelta(minutes=inside.minutes) + BETWEEN


def _booked(
    setting: Setting, seed: Seed, draws: Draws, price: int, start: datetime
) -> dict[str, Any]:
    pricing = setting.pricing
    discount = pricing.coupon_discount(price)
    order_discount = pricing.promotion_discount(price - discount)
    total = price - discount - order_discount
    tax = pricing.tax_in(total)
    return {
        "id": seed.hex24(),
        "status": _status(setting, draws),
        "guests": setting.guests,
        "date": start.date().isoformat(),
        "start_time": start,
        "price": price,
        "base_price": price,
        "total_cost": total,
        "net_total": total - tax,
        "discount_amount": discount,
        "order_discount_amount": order_discount,
        "inclusive_tax_amount": tax,
        "exclusive_tax_amount": 0,
        "is_modifiable": False,
        "created_at": setting.created_at,
        "updated_at": setting.created_at,
    }


def _status(setting: Setting, draws: Draws) -> str:
    if setting.cancelled:
        return "cancelled"
    return draws.pick(AHEAD) if setting.ahead else "confirmed"


def _start(setting: Setting, hours: Hours, draws: Draws) -> datetime:
    earliest, latest = hours
    quarters = draws.below(4 * (latest - earliest) + 1)
    return setting.day + timedelta(hours=earliest, minutes=15 * quarters)


def _named(kind: str, name: str) -> Named:
    return Named(hex24_of(kind, name), name)
