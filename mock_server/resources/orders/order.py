"""An order: what it says, and how one is made from its place in a customer's history."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mock_server.resources.customer import CUSTOMER, faker_locale, holding_of, organisation
from mock_server.resources.orders.draws import Draws
from mock_server.resources.orders.history import Holding, Items, Status, Stretch
from mock_server.resources.orders.items import (
    Booked,
    BookingItem,
    Guest,
    PackageItem,
    PurchaseItem,
    Range,
    Setting,
    bookings,
    package,
    purchase,
    range_at,
)
from mock_server.resources.orders.pricing import (
    CouponCode,
    OrderTotals,
    PaymentTotals,
    PromoCode,
    draw_payments,
    draw_pricing,
    paid_up,
)
from mock_server.worlds.account import Person
from mock_server.worlds.catalogue import uuid_of
from mock_server.worlds.moments import midnight
from mock_server.worlds.seed import Seed

MIXED: Sequence[Items] = ("bookings", "bookings", "bookings", "packages", "purchases")
MIXED_AHEAD: Sequence[Items] = MIXED[:-1]
REQUESTS = (
    "A quiet room, please.",
    "We are celebrating an anniversary.",
    "Oat milk with the tea, please.",
    "My left shoulder is bruised: gently there.",
)


class Order(Struct, frozen=True):
    """`Order` of the document, as it stood when the world was opened; amounts in minor units."""

    id: str
    basket_id: str | None
    order_ref: str
    organisation_id: str
    site_id: str
    customer_id: str
    status: Status
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    guests: Sequence[Guest]
    booking_items: Sequence[BookingItem]
    package_items: Sequence[PackageItem]
    purchase_items: Sequence[PurchaseItem]
    booking_items_start_date: datetime | None
    booking_items_end_date: datetime | None
    currency: str
    total_cost: int
    total_tax: int
    net_total: int
    discount_total: int
    tip_amount: int
    outstanding_payment_amount: int
    totals: OrderTotals
    payment_totals: PaymentTotals
    coupon_codes: Sequence[CouponCode]
    applied_promo_code: PromoCode | None
    special_requests: str | None
    intake_form_url: str | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime

    def at(self, now: datetime) -> "Order":
        """The order at an instant: only what is still to come can be changed (ORDER-04)."""
        for item in (*self.booking_items, *self.package_items):
            if not item.is_as_at(now):
                booked = [item.at(now) for item in self.booking_items]
                packages = [item.at(now) for item in self.package_items]
                return replace(self, booking_items=booked, package_items=packages)
        return self


class Buyer(Struct, frozen=True):
    """What is the same in every order of a customer."""

    seed: Seed
    opened_at: datetime
    range: Range
    vat: int
    lead: dict[str, Any]
    """Their own fields as a guest."""
    fields: dict[str, Any]
    """Those of their orders that are the same in each."""
    names: str
    """The locale of their companions' names."""


class Sold(Struct, frozen=True):
    """What an order is made of."""

    bookings: Sequence[BookingItem] = ()
    packages: Sequence[PackageItem] = ()
    purchases: Sequence[PurchaseItem] = ()


def buyer_of(person: Person) -> Buyer:
    """Whose orders are made."""
    holding, customer = holding_of(person), person.all(CUSTOMER)[0]
    brand = person.catalogue.brand_of(holding.site)
    name = {"first_name": customer.first_name, "last_name": customer.last_name}
    return Buyer(
        seed=person.seed.child("orders"),
        opened_at=person.opened_at,
        range=range_at(person.catalogue, holding.site),
        vat=brand.vat,
        lead=name | {"name": customer.full_name},
        fields={
            "organisation_id": uuid_of("organisation", organisation(person)),
            "site_id": uuid_of("site", holding.site),
            "customer_id": customer.id,
            "email": customer.email,
            "phone": customer.phone,
            "currency": brand.currency,
        }
        | name,
        names=faker_locale(holding.locale),
    )


def make_order(buyer: Buyer, stretch: Stretch, index: int) -> Order:
    """The order at an index of a stretch: always the same, whichever were made before."""
    seed = buyer.seed.child(stretch.name, index)
    draws, submitted = Draws(seed), stretch.submitted_at(index, seed)
    kind, day = _kind(stretch.holding, draws), _day(buyer, stretch.holding, submitted, draws)
    is_ahead = kind != "purchases" and day >= midnight(buyer.opened_at)
    status = stretch.holding.status or _status(kind, draws, is_ahead=is_ahead)
    pricing, cancelled = draw_pricing(draws, buyer.vat), status == "cancelled"
    guests = _guests(buyer, seed, draws, is_ahead=is_ahead)
    setting = Setting(buyer.range, pricing, guests, submitted, day, is_ahead, cancelled)
    sold = _sold(kind, setting, seed, draws)
    return Order(
        id=seed.hex24(),
        basket_id=seed.child("basket").hex24(),
        status=status,
        guests=guests,
        coupon_codes=pricing.coupon_codes(),
        applied_promo_code=pricing.promo_code() if kind != "purchases" else None,
        special_requests=draws.pick(REQUESTS) if draws.one_in(9) else None,
        created_at=submitted - timedelta(minutes=2 + draws.below(20)),
        updated_at=submitted,
        submitted_at=submitted,
        **buyer.fields,
        **_items(sold),
        **_sums(sold, status, draws),
        **_reference(seed, guests),
    )


def _kind(holding: Holding, draws: Draws) -> Items:
    if holding.items != "mixed":
        return holding.items
    return draws.pick(MIXED_AHEAD if holding.upcoming else MIXED)


def _day(buyer: Buyer, holding: Holding, submitted: datetime, draws: Draws) -> datetime:
    """The day of the visit: after the order, and over by now unless it is given as upcoming."""
    today, days = midnight(buyer.opened_at), timedelta(days=1 + draws.below(20))
    if holding.upcoming:
        return today + days
    yesterday, ordered = today - timedelta(days=1), midnight(submitted)
    return min(ordered + days, yesterday) if ordered < yesterday else ordered + days


def _status(kind: Items, draws: Draws, *, is_ahead: bool) -> Status:
    if is_ahead:
        return "submitted"
    chance = draws.below(20)
    if chance == 0:
        return "cancelled"
    return "no_show" if chance == 1 and kind != "purchases" else "settled"


def _guests(buyer: Buyer, seed: Seed, draws: Draws, *, is_ahead: bool) -> list[Guest]:
    lead = Guest(
        id=seed.child("lead").hex24(),
        is_lead_booker=True,
        intake_form_complete=not is_ahead or draws.one_in(2),
        **buyer.lead,
    )
    if not draws.one_in(3):
        return [lead]
    place = seed.child("companion")
    faker = place.faker(buyer.names)
    first, last = faker.first_name(), faker.last_name()
    return [lead, Guest(place.hex24(), f"{first} {last}", first, last, False, not is_ahead)]


def _sold(kind: Items, setting: Setting, seed: Seed, draws: Draws) -> Sold:
    if kind == "purchases":
        return Sold(purchases=[purchase(setting, seed, draws)])
    besides = [purchase(setting, seed, draws)] if draws.one_in(4) else []
    if kind == "packages":
        return Sold(packages=[package(setting, seed, draws)], purchases=besides)
    count = 1 + draws.below(2)
    return Sold(bookings=bookings(setting, seed, draws, count), purchases=besides)


def _items(sold: Sold) -> dict[str, Any]:
    summaries = [item.booking_summary for item in sold.bookings]
    return {
        "booking_items": sold.bookings,
        "package_items": sold.packages,
        "purchase_items": sold.purchases,
        "booking_items_start_date": min((each.start_time for each in summaries), default=None),
        "booking_items_end_date": max((each.end_time for each in summaries), default=None),
    }


def _sums(sold: Sold, status: Status, draws: Draws) -> dict[str, Any]:
    booked = (*sold.bookings, *sold.packages)
    items: Sequence[Booked | PurchaseItem] = (*booked, *sold.purchases)
    total = sum(item.total_cost for item in items)
    net = sum(item.net_total for item in items)
    order_discount = sum(item.order_discount_amount for item in booked)
    payments = draw_payments(draws, total) if status == "submitted" else paid_up(total)
    is_tipped = status == "settled" and bool(booked) and draws.one_in(6)
    return {
        "total_cost": total,
        "total_tax": total - net,
        "net_total": net,
        "discount_total": sum(item.discount_amount for item in items) + order_discount,
        "tip_amount": total // 1000 * 100 if is_tipped else 0,
        "outstanding_payment_amount": payments.missing,
        "totals": OrderTotals(total + order_discount, order_discount, total),
        "payment_totals": payments,
    }


def _reference(seed: Seed, guests: Sequence[Guest]) -> dict[str, Any]:
    order_ref = f"SW-{seed.child('ref').digits(7)}"
    is_asked = not all(guest.intake_form_complete for guest in guests)
    url = f"https://forms.example.com/intake/{order_ref}" if is_asked else None
    return {"order_ref": order_ref, "intake_form_url": url}
