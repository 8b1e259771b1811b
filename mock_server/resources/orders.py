"""Orders: what a customer bought and booked; derived one by one, never stored."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal, overload

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from mock_server.account import Account, Kind, Person
from mock_server.catalogue import uuid_of
from mock_server.moments import duration, midnight, moment
from mock_server.operation import operation
from mock_server.pages import Page, page_of
from mock_server.resources.customer import CUSTOMER, Customer, about, organisation
from mock_server.resources.order_items import (
    Booked,
    BookingItem,
    Guest,
    PackageItem,
    PurchaseItem,
    Setting,
    booking,
    package,
    purchase,
    tax_in,
)
from mock_server.seed import Seed

Status = Literal["submitted", "settled", "cancelled", "no_show"]
Items = Literal["mixed", "bookings", "packages", "purchases"]
KEPT = 1024
"""How many derived orders a customer's list remembers."""
PROMOTIONS = {"SPRING": 10, "TWILIGHT": 15, "FRIENDS": 5}
REQUESTS = ("A quiet room, please.", "We are celebrating an anniversary.", "Oat milk with the tea.")


class OrderTotals(Struct, frozen=True):
    """`OrderTotals` of the document."""

    subtotal: int
    order_discount: int
    total: int


class PaymentTotals(Struct, frozen=True):
    """`PaymentTotals` of the document."""

    paid: int
    pending: int
    chargeable: int
    provided: int
    missing: int
    unpaid: int


class CouponCode(Struct, frozen=True):
    """`CouponCode` of the document."""

    id: str
    code: str
    name: str
    description: str | UnsetType | None = UNSET
    customer_credit_id: str | UnsetType | None = UNSET


class PromoCode(Struct, frozen=True):
    """`PromoCode` of the document."""

    id: str
    code: str
    percentage: int


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
        bookings = [item.at(now) for item in self.booking_items]
        packages = [item.at(now) for item in self.package_items]
        if bookings == self.booking_items and packages == self.package_items:
            return self
        return replace(self, booking_items=bookings, package_items=packages)


class Holding(Struct, frozen=True, forbid_unknown_fields=True):
    """`orders:` of a persona, by a name of its own; the newest first."""

    count: int = 1
    items: Items = "mixed"
    upcoming: bool = False
    """Whether its bookings lie ahead when the world is opened."""
    status: Status | None = None
    latest: str | None = None
    """When the newest was submitted; where the holding before it ends, if left out."""
    every: str = "P9D"
    """How far apart they are."""


class Stretch(Struct, frozen=True):
    """The orders of one holding: `count` of them, going back from `latest`."""

    name: str
    holding: Holding
    first: int
    """The index of the newest among all orders."""
    latest: datetime
    every: timedelta


class Orders(Sequence[Order]):
    """All orders of a person, newest first: as many as the scenario says, each made when asked."""

    def __init__(self, person: Person, stretches: Sequence[Stretch]) -> None:
        self._person, self._stretches = person, stretches
        self._firsts = [stretch.first for stretch in stretches]
        self._length = sum(stretch.holding.count for stretch in stretches)
        self._made = lru_cache(KEPT)(self._make)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Order: ...
    @overload
    def __getitem__(self, index: slice) -> list[Order]: ...
    def __getitem__(self, index: int | slice) -> Order | list[Order]:
        if isinstance(index, slice):
            return [self._made(each) for each in range(*index.indices(self._length))]
        return self._made(range(self._length)[index])

    def _make(self, index: int) -> Order:
        stretch = self._stretches[bisect_right(self._firsts, index) - 1]
        return _order(self._person, stretch, index - stretch.first)


def make(person: Person, holdings: Mapping[str, Holding]) -> Orders:
    """Newest first (PAGE-08): each holding's orders lie before those of the next."""
    stretches: list[Stretch] = []
    latest = person.opened - timedelta(days=1)
    firsts = accumulate((holding.count for holding in holdings.values()), initial=0)
    for (name, holding), first in zip(holdings.items(), firsts, strict=False):
        every = duration(holding.every).time
        latest = moment(holding.latest, person.opened) if holding.latest else latest
        stretches.append(Stretch(name, holding, first, latest, every))
        latest -= every * holding.count
    return Orders(person, stretches)


def _order(person: Person, stretch: Stretch, index: int) -> Order:
    seed = person.seed.child("orders", stretch.name, index)
    holding, customer = stretch.holding, person.all(CUSTOMER)[0]
    # Never more than half the distance to the next, so that they stay in order.
    late = stretch.every * seed.child("late").below(500) / 1000
    submitted = (stretch.latest - stretch.every * index - late).replace(microsecond=0)
    first_day = _first_day(holding, seed, submitted, person.opened)
    status = holding.status or _status(seed, first_day > person.opened)
    guests = _guests(customer, seed)
    cancelled, member = status == "cancelled", seed.child("member").below(4) == 0
    setting = Setting(person.catalogue, guests, submitted, first_day, cancelled, member)
    bookings, packages, purchases = _items(holding.items, setting, seed)
    promotion = _promotion(seed) if bookings or packages else None
    bookings, packages, order_discount = _discounted(bookings, packages, promotion)
    sold: list[Booked | PurchaseItem] = [*bookings, *packages, *purchases]
    total = sum(item.total_cost for item in sold)
    tax = sum(tax_in(item.total_cost) for item in sold)
    item_discounts = sum(item.discount_amount for item in sold)
    payments = _payments(total, paid_in_full=status != "submitted", seed=seed)
    return Order(
        id=seed.hex24(),
        basket_id=seed.child("basket").hex24(),
        order_ref=f"SW-{seed.child('ref').digits(7)}",
        organisation_id=uuid_of("organisation", organisation(person)),
        site_id=uuid_of("site", about(person).site),
        customer_id=person.customer_id,
        status=status,
        first_name=customer.first_name,
        last_name=customer.last_name,
        email=customer.email,
        phone=customer.phone,
        guests=guests,
        booking_items=bookings,
        package_items=packages,
        purchase_items=purchases,
        booking_items_start_date=min((each.start_time for each in bookings), default=None),
        booking_items_end_date=max(
            (each.booking_summary.end_time for each in bookings), default=None
        ),
        currency=person.catalogue.brand_of(about(person).site).currency,
        total_cost=total,
        total_tax=tax,
        net_total=total - tax,
        discount_total=item_discounts + order_discount,
        tip_amount=500 if seed.child("tip").below(12) == 0 else 0,
        outstanding_payment_amount=payments.unpaid,
        totals=OrderTotals(total + order_discount, order_discount, total),
        payment_totals=payments,
        coupon_codes=_coupons(seed),
        applied_promo_code=promotion,
        special_requests=REQUESTS[0] if seed.child("request").below(9) == 0 else None,
        intake_form_url=None,
        created_at=submitted - timedelta(minutes=4),
        updated_at=submitted,
        submitted_at=submitted,
    )


def _first_day(holding: Holding, seed: Seed, submitted: datetime, opened: datetime) -> datetime:
    ahead = timedelta(days=2 + seed.child("ahead").below(20))
    return midnight((opened if holding.upcoming else submitted) + ahead)


def _status(seed: Seed, ahead: bool) -> Status:
    if ahead:
        return "submitted"
    chance = seed.child("status").below(20)
    return "cancelled" if chance == 0 else "no_show" if chance == 1 else "settled"


def _guests(customer: Customer, seed: Seed) -> list[Guest]:
    lead = Guest(
        seed.child("lead").hex24(),
        customer.full_name,
        customer.first_name,
        customer.last_name,
        is_lead_booker=True,
        intake_form_complete=True,
    )
    if seed.child("guest").below(3):
        return [lead]
    place = seed.child("companion")
    faker = place.faker()
    first, last = faker.first_name(), faker.last_name()
    return [lead, Guest(place.hex24(), f"{first} {last}", first, last, False, False)]


def _items(
    kind: Items, setting: Setting, seed: Seed
) -> tuple[list[BookingItem], list[PackageItem], list[PurchaseItem]]:
    if kind == "mixed":
        shapes: tuple[Items, ...] = ("bookings", "bookings", "bookings", "packages", "purchases")
        kind = seed.child("kind").pick(shapes)
        extra = [purchase(setting, seed.child("extra"))] if seed.child("more").below(3) == 0 else []
        bookings, packages, purchases = _items(kind, setting, seed)
        return bookings, packages, purchases or extra
    places = [seed.child("item", number) for number in range(1 + seed.child("items").below(2))]
    if kind == "bookings":
        return [booking(setting, place) for place in places], [], []
    if kind == "packages":
        return [], [package(setting, places[0])], []
    return [], [], [purchase(setting, place) for place in places]


def _promotion(seed: Seed) -> PromoCode | None:
    place = seed.child("promotion")
    if place.below(5):
        return None
    code = place.child("code").pick(list(PROMOTIONS))
    return PromoCode(uuid_of("promotion", code), code, PROMOTIONS[code])


def _discounted(
    bookings: list[BookingItem], packages: list[PackageItem], promotion: PromoCode | None
) -> tuple[list[BookingItem], list[PackageItem], int]:
    """The items with the promotion taken off each, and how much that is together."""
    if promotion is None:
        return bookings, packages, 0
    percentage = promotion.percentage
    less_b = [item.less(item.total_cost * percentage // 100) for item in bookings]
    less_p = [item.less(item.total_cost * percentage // 100) for item in packages]
    both: list[Booked] = [*less_b, *less_p]
    return less_b, less_p, sum(item.order_discount_amount for item in both)


def _payments(total: int, *, paid_in_full: bool, seed: Seed) -> PaymentTotals:
    """Settled orders are paid; the others have a deposit, and a card for half of the rest."""
    paid = total if paid_in_full else total // 2
    chargeable = (total - paid) // 2 if seed.child("card").below(2) else total - paid
    provided = paid + chargeable
    return PaymentTotals(paid, 0, chargeable, provided, total - provided, total - paid)


def _coupons(seed: Seed) -> Sequence[CouponCode]:
    place = seed.child("coupon")
    if place.below(10):
        return ()
    return [CouponCode(place.uuid(), "THERMAL", "Thermal suite visit", customer_credit_id=None)]


ORDERS = Kind("orders", Holding, make)


def facts(account: Account) -> dict[str, Any]:
    """What a tester may want to know."""
    return {"order_count": len(account.all(ORDERS))}


@operation("listMyAccountOrders")
def list_orders(account: Account, *, page: int = 1, per_page: int | None = None) -> Page:
    """A page of orders, newest first."""
    found = page_of(account.all(ORDERS), page, per_page)
    return replace(found, items=[order.at(account.now) for order in found.items])
