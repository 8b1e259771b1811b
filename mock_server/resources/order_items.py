"""What an order is made of: guests, bookings, packages, purchases. Amounts in minor units."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from mock_server.catalogue import Catalogue, hex24_of
from mock_server.seed import Seed

VAT = 20
OPENS_AT, QUARTERS_OPEN = 9, 40
MEMBER_DISCOUNT_PERCENT = 10
BOOKABLE = ("appointment", "session", "area_booking", "table_reservation")


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
        modifiable = self.start_time > now and self.status != "cancelled"
        return self if modifiable == self.is_modifiable else replace(self, is_modifiable=modifiable)

    def less(self, order_discount: int) -> Self:
        """The item with its share of the order's discount taken off."""
        total = self.price - self.discount_amount - order_discount
        tax = tax_in(total)
        return replace(
            self,
            total_cost=total,
            net_total=total - tax,
            inclusive_tax_amount=tax,
            order_discount_amount=order_discount,
        )


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


class Setting(Struct, frozen=True):
    """What all items of an order have in common."""

    catalogue: Catalogue
    guests: Sequence[Guest]
    created_at: datetime
    first_day: datetime
    """The day of the first booking."""
    cancelled: bool
    member: bool
    """Whether items are sold at the members' price."""


def tax_in(total: int) -> int:
    """The VAT that a price includes."""
    return total - round(total * 100 / (100 + VAT))


def booking(setting: Setting, seed: Seed) -> BookingItem:
    """A booking of something in the catalogue."""
    catalogue = setting.catalogue
    bookable = [name for name, each in catalogue.offerings.items() if each.type in BOOKABLE]
    name = seed.child("what").pick(bookable)
    offering, id = catalogue.offerings[name], hex24_of("offering", name)
    start = _start(setting, seed)
    summary = BookingSummary(
        start,
        start + timedelta(minutes=offering.minutes),
        offering.minutes,
        _practitioners(catalogue, seed) if offering.type == "appointment" else (),
        Named(hex24_of("room", offering.room), offering.room) if offering.room else None,
        Offering(id, offering.name, offering.type),
    )
    shared = _booked(setting, seed, offering.type, id, offering.name, offering.price, start)
    return BookingItem(**shared, booking_summary=summary)


def package(setting: Setting, seed: Seed) -> PackageItem:
    """A package of the catalogue, its contents one after the other."""
    name = seed.child("what").pick(list(setting.catalogue.packages))
    sold, start = setting.catalogue.packages[name], _start(setting, seed)
    contents, time = [], start
    for index, inside in enumerate(sold.contents):
        offering = setting.catalogue.offerings[inside]
        id = hex24_of("offering", inside)
        contents.append(
            PackageContent(
                seed.child("content", index).hex24(),
                offering.type,
                id,
                offering.name,
                time,
                offering.minutes,
                0,
            )
        )
        time += timedelta(minutes=offering.minutes + 15)
    id = hex24_of("package", name)
    shared = _booked(setting, seed, "package", id, sold.name, sold.price, start)
    return PackageItem(**shared, package_items=contents)


def purchase(setting: Setting, seed: Seed) -> PurchaseItem:
    """Something that is taken home."""
    catalogue = setting.catalogue
    sold = [name for name, each in catalogue.offerings.items() if each.type not in BOOKABLE]
    name, quantity = seed.child("what").pick(sold), 1 + seed.child("quantity").below(3)
    offering = catalogue.offerings[name]
    base = offering.price * quantity
    discount = _discount(setting, base)
    return PurchaseItem(
        id=seed.hex24(),
        item_type=offering.type,
        type_id=hex24_of("offering", name),
        type_name=offering.name,
        quantity=quantity,
        unit_price=offering.price,
        base_price=base,
        total_cost=base - discount,
        net_total=base - discount - tax_in(base - discount),
        discount_amount=discount,
        status="cancelled" if setting.cancelled else "confirmed",
        is_modifiable=False,
        created_at=setting.created_at,
        updated_at=setting.created_at,
    )


def _booked(
    setting: Setting, seed: Seed, type: str, id: str, name: str, price: int, start: datetime
) -> dict[str, Any]:
    discount = _discount(setting, price)
    total = price - discount
    return {
        "id": seed.hex24(),
        "item_type": type,
        "type_id": id,
        "type_name": name,
        "status": "cancelled" if setting.cancelled else "confirmed",
        "guests": setting.guests,
        "date": start.date().isoformat(),
        "start_time": start,
        "price": price,
        "base_price": price,
        "total_cost": total,
        "net_total": total - tax_in(total),
        "discount_amount": discount,
        "order_discount_amount": 0,
        "inclusive_tax_amount": tax_in(total),
        "exclusive_tax_amount": 0,
        "is_modifiable": False,
        "created_at": setting.created_at,
        "updated_at": setting.created_at,
    }


def _start(setting: Setting, seed: Seed) -> datetime:
    quarters = seed.child("start").below(QUARTERS_OPEN)
    return setting.first_day + timedelta(hours=OPENS_AT, minutes=15 * quarters)


def _discount(setting: Setting, price: int) -> int:
    return price * MEMBER_DISCOUNT_PERCENT // 100 if setting.member else 0


def _practitioners(catalogue: Catalogue, seed: Seed) -> Sequence[Named]:
    name = seed.child("practitioner").pick(catalogue.practitioners)
    return [Named(hex24_of("practitioner", name), name)]
