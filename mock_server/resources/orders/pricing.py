"""What an order costs and how far it is paid. Amounts in minor units, VAT included."""

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from mock_server.resources.orders.draws import Draws
from mock_server.worlds.catalogue import uuid_of

COUPONS = {
    "MEMBER10": ("Members' price", 10),
    "BIRTHDAY25": ("Birthday treat", 25),
}
PROMOTIONS = {"SPRING": 10, "TWILIGHT": 15, "FRIENDS": 5}


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


class Pricing(Struct, frozen=True):
    """How the price of each item comes about; all in per cent."""

    vat: int
    coupon: str | None
    promotion: str | None

    def coupon_discount(self, price: int) -> int:
        """What the coupon takes off an item."""
        return price * COUPONS[self.coupon][1] // 100 if self.coupon else 0

    def promotion_discount(self, price: int) -> int:
        """The item's share of what the promotion takes off the order."""
        return price * PROMOTIONS[self.promotion] // 100 if self.promotion else 0

    def tax_in(self, price: int) -> int:
        """The VAT that a price includes."""
        return price - round(price * 100 / (100 + self.vat))

    def coupon_codes(self) -> Sequence[CouponCode]:
        """The coupons of the order."""
        if self.coupon is None:
            return ()
        name, percentage = COUPONS[self.coupon]
        id, description = uuid_of("coupon", self.coupon), f"{percentage} % off everything"
        return [CouponCode(id, self.coupon, name, description, None)]

    def promo_code(self) -> PromoCode | None:
        """The promotion of the order."""
        if self.promotion is None:
            return None
        id = uuid_of("promotion", self.promotion)
        return PromoCode(id, self.promotion, PROMOTIONS[self.promotion])


def draw_pricing(draws: Draws, vat: int) -> Pricing:
    """Most orders have no discount at all."""
    return Pricing(
        vat,
        draws.pick(tuple(COUPONS)) if draws.one_in(4) else None,
        draws.pick(tuple(PROMOTIONS)) if draws.one_in(5) else None,
    )


def paid_up(total: int) -> PaymentTotals:
    """Everything was paid."""
    return _payments(total, paid=total)


def draw_payments(draws: Draws, total: int) -> PaymentTotals:
    """How far an order is paid before the visit: at least half of it, as a deposit."""
    deposit = total - total // 2
    rest = draws.pick(("paid", "pending", "chargeable", "missing"))
    if rest == "paid":
        return paid_up(total)
    if rest == "pending":
        return _payments(total, paid=deposit, pending=total - deposit)
    if rest == "chargeable":
        return _payments(total, paid=deposit, chargeable=total - deposit)
    return _payments(total, paid=deposit)


def _payments(total: int, paid: int, pending: int = 0, chargeable: int = 0) -> PaymentTotals:
    provided = paid + pending + chargeable
    return PaymentTotals(paid, pending, chargeable, provided, total - provided, total - paid)
