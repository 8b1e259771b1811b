"""
A second implementation of the My Account API, written from the document alone.

It shares no code with the mock: ids, key order, wording, page sizes and clock are its own.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

Json = dict[str, Any]
BORN = datetime.now(UTC)
TOKENS = {"alice-secret": "alice", "bob-secret": "bob", "carol-secret": "carol"}
STALE = {"old-secret": "Your session ran out.", "gone-secret": "You were signed out."}
STAFF = "staff-secret"
ORDER_COUNTS = {"alice": 23, "bob": 12, "carol": 0}
DEFAULT_SIZE, LARGEST_SIZE, LARGEST_INTEGER = 10, 50, 2147483647
STATES = ("live", "redeemed", "expired", "redeemed_expired", "revoked")
STATUSES = ("preparing", "processing", "succeeded", "failed", "errored", "refunded")


def uid(*parts: object) -> str:
    """A UUID that depends on nothing but its parts."""
    return str(uuid5(NAMESPACE_URL, "independent/" + "/".join(map(str, parts))))


def hex_id(*parts: object) -> str:
    """Twenty-four hexadecimal digits that depend on nothing but their parts."""
    return md5("/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()[:24]


def at(days: float) -> str:
    """The instant so many days after the start of the process, with a fraction and an offset."""
    return (BORN + timedelta(days=days)).isoformat(timespec="microseconds")


def stamps(days: float) -> Json:
    """When something was made and last changed."""
    return {"updated_at": at(days), "created_at": at(days)}


def account(who: str) -> Json:
    """The details of one customer."""
    names = {"last_name": "Brück", "first_name": who.title(), "full_name": f"{who.title()} Brück"}
    nothing = ("external_ref", "avatar", "avatar_id", "deleted_at", "locked_at", "dob")
    seen = {"method": "front_desk", "checked_in_at": at(-2)}
    return (
        dict.fromkeys((*nothing, "express_stripe_id"))
        | names
        | stamps(-700)
        | {
            "email_verified_at": at(-699),
            "last_check_in": None if who == "carol" else seen,
            "last_active_at": at(-1),
            "preferred_locale": "de-CH",
            "labels": [{"colour": "#123456", "value": "Regular", "id": uid("label")}],
            "email": f"{who}@brook.example",
            "stripe_id": None if who == "carol" else f"cus_{who}01",
            "site_id": uid("site"),
            "brand_id": uid("brand"),
            "has_password": who != "bob",
            "phone": f"+4144555010{ord(who[0]) % 10}",
            "id": uid("customer", who),
        }
    )


def method(who: str, kind: str) -> Json:
    """A saved card or direct debit."""
    card = kind == "card"
    return stamps(-300) | {
        "processor": "adyen",
        "last_4": "0307" if card else "0011",
        "card_expiry": "02/39" if card else None,
        "card_funding": "credit" if card else None,
        "card_country": "ch" if card else None,
        "card_brand": "mastercard" if card else None,
        "cardholder_name": f"{who.title()} Brück",
        "status": "active",
        "type": kind,
        "name": None,
        "payment_method_id": f"pm_{hex_id(who, kind)}",
        "id": uid("method", who, kind),
    }


def short(full: Json) -> Json:
    """The short form of a payment method."""
    return {key: full[key] for key in ("card_brand", "status", "last_4", "type", "id")}


def membership(who: str, index: int) -> Json:
    """The first membership is active, the second needs attention."""
    kind, number = uid("type", index), f"{hex_id(who, index).translate(DIGITS)[:10]}"
    member = {"is_lead": True, "membership_number": number, "customer_id": uid("customer", who)}
    sold = {
        "max_members": 1,
        "min_members": 1,
        "visibility": "link_only",
        "brand_id": uid("brand"),
        "terms": None,
        "description": None,
        "name": ("Pool", "Gym")[index],
        "id": kind,
    }
    rate = {
        "private": False,
        "processors": ["adyen"],
        "default_duration": None,
        "billing_frequency": "P3M",
        "joining_fee": 1900,
        "price": 15500,
        "currency": "chf",
        "name": "Quarterly",
        "membership_type_id": kind,
        "id": uid("rate", index),
    }
    return {
        "payment_setup_url": "https://pay.brook.example/setup" if index else None,
        "next_charge": {"due_date": at(40), "currency": "chf", "amount": 15500},
        "payment_method": short(method(who, "card" if index else "direct_debit")),
        "rate": stamps(-1500) | rate,
        "type": stamps(-1500) | sold,
        "members": [member],
        "membership_number": number,
        "external_ref": None,
        "basket_id": hex_id("membership basket", who, index),
        "created_at": at(-401),
        "next_billing_date": at(40),
        "end_date": None,
        "start_date": at(-400),
        "source": "import",
        "attention_reason": "payment_failed" if index else None,
        "status": "needs_attention" if index else "active",
        "site_id": uid("site"),
        "id": uid("membership", who, index),
    }


DIGITS = str.maketrans("abcdef", "012345")


def charge(who: str, index: int) -> Json:
    """One charge of each status, and last, which is first in time, the joining fee."""
    joining = index == len(STATUSES)
    status = "succeeded" if joining else STATUSES[index]
    billed = -5.0 - 60 * index
    return {
        "created_at": at(billed),
        "completed_at": None if status in STATUSES[:2] else at(billed + 0.5),
        "billed_at": at(billed),
        "payment_method": short(method(who, "direct_debit")) if index % 3 else None,
        "failure_reason": "The bank said no." if status in ("failed", "errored") else None,
        "status": status,
        "currency": "chf",
        "amount": 1900 if joining else 15500,
        "description": "Pool",
        "type": "joining_fee" if joining else "pro_rata" if index == 5 else "recurring",
        "customer_id": uid("customer", who),
        "membership_id": uid("membership", who, 0),
        "id": uid("charge", who, index),
    }


def credit(who: str, state: str, index: int) -> Json:
    """A credit in one of the states; every second live one never expires."""
    endless = state == "live" and index % 2 == 1
    expires = -3 - index if "expired" in state else 50 + index // 2
    return {
        "revoked_at": at(-4) if state == "revoked" else None,
        "redeemed_at": at(-20) if "redeemed" in state else None,
        "expires_at": None if endless else at(expires),
        "issued_at": at(-90),
        "multi_use": endless,
        "membership_id": uid("membership", who, 0) if index else None,
        "customer_id": uid("customer", who),
        "coupon_code": f"SWIM{index}",
        "coupon_description": None,
        "coupon_name": "A swim",
        "coupon_id": "swim",
        "id": uid("credit", who, state, index),
    }


def item(days: float, price: int, less: int, *parts: object) -> Json:
    """What all kinds of items have in common; a tenth of the cost is tax."""
    cost = price - less
    return stamps(days) | {
        "is_modifiable": False,
        "status": "confirmed",
        "discount_amount": 0,
        "net_total": cost - cost // 10,
        "total_cost": cost,
        "base_price": price,
        "type_id": hex_id("kind", parts[0]),
        "type_name": str(parts[0]).title(),
        "id": hex_id("item", *parts),
    }


def timed(days: float, start: float, price: int, less: int, *parts: object) -> Json:
    """What booking items and package items have in common."""
    common = item(days, price, less, *parts)
    return common | {
        "exclusive_tax_amount": 0,
        "inclusive_tax_amount": common["total_cost"] - common["net_total"],
        "order_discount_amount": less,
        "price": price,
        "start_time": at(start),
        "date": at(start)[:10],
        "guests": [],
        "is_modifiable": start > 0,
    }


def booking(days: float, start: float, less: int, *parts: object) -> Json:
    """A treatment of one hour and a half."""
    offering = {"type": "appointment", "name": "Massage", "id": hex_id("kind", "massage")}
    summary = {
        "offering": offering,
        "room": None,
        "practitioners": [{"name": "Noa", "id": hex_id("noa")}],
        "duration": 90,
        "end_time": at(start + 1.5 / 24),
        "start_time": at(start),
    }
    extra = {"booking_summary": summary, "item_type": "appointment"}
    return extra | timed(days, start, 9000, less, "massage", *parts)


def package(days: float, start: float, *parts: object) -> Json:
    """A day at the spa."""
    swim = {
        "price_change": 0,
        "duration": 120,
        "time": at(start),
        "offering_name": "Swim",
        "offering_id": hex_id("kind", "swim"),
        "offering_type": "session",
        "id": hex_id("content", *parts),
    }
    extra = {"package_items": [swim], "item_type": "package"}
    return extra | timed(days, start, 20000, 0, "day at the spa", *parts)


def purchase(days: float, *parts: object) -> Json:
    """Two towels."""
    extra = {"quantity": 2, "unit_price": 1250, "item_type": "retail"}
    return extra | item(days, 2500, 0, "towel", *parts)


def order(who: str, index: int) -> Json:
    """Orders in turn of a booking and towels, a package, towels, two bookings; some tie in time."""
    days, turn = -1.0 - 4 * (index // 2), index % 4
    less, start = 500 if turn == 0 else 0, days + 10
    starts = {0: [start], 3: [start + 1, start]}.get(turn, [])
    bookings = [booking(days, s, less, who, index, s) for s in starts]
    packages = [package(days, start, who, index)] if turn == 1 else []
    purchases = [purchase(days, who, index)] if turn in (0, 2) else []
    items = [*bookings, *packages, *purchases]
    total = sum(each["total_cost"] for each in items)
    net = sum(each["net_total"] for each in items)
    paid = total if index % 3 else total - 1000
    pending, chargeable = (300, 200) if total > paid else (0, 0)
    provided = paid + pending + chargeable
    times = [each["booking_summary"] for each in bookings]
    lead = {"last_name": "Brück", "first_name": who.title(), "name": None}
    promo = {"percentage": 5, "code": "FIVE", "id": uid("five")}
    guest = {"intake_form_complete": False, "is_lead_booker": True, "id": hex_id("guest", who)}
    return stamps(days) | {
        "submitted_at": at(days),
        "intake_form_url": None,
        "special_requests": None,
        "applied_promo_code": promo if less else None,
        "coupon_codes": [],
        "payment_totals": {
            "unpaid": total - paid,
            "missing": total - provided,
            "provided": provided,
            "chargeable": chargeable,
            "pending": pending,
            "paid": paid,
        },
        "totals": {"total": total, "order_discount": less, "subtotal": total + less},
        "outstanding_payment_amount": total - paid,
        "tip_amount": 0,
        "discount_total": less,
        "net_total": net,
        "total_tax": total - net,
        "total_cost": total,
        "currency": "chf",
        "booking_items_end_date": max((each["end_time"] for each in times), default=None),
        "booking_items_start_date": min((each["start_time"] for each in times), default=None),
        "purchase_items": purchases,
        "package_items": packages,
        "booking_items": bookings,
        "guests": [guest | lead],
        "phone": None,
        "email": f"{who}@brook.example",
        "last_name": "Brück",
        "first_name": who.title(),
        "status": "settled" if paid == total else "submitted",
        "customer_id": uid("customer", who),
        "site_id": uid("site"),
        "organisation_id": uid("organisation"),
        "order_ref": f"{who[0].upper()}{index:05}",
        "basket_id": None,
        "id": hex_id("order", who, index),
    }


def newest_first(records: list[Json], key: str) -> list[Json]:
    """Descending by the instant, then ascending by id."""
    return sorted(sorted(records, key=lambda each: each["id"]), key=lambda e: e[key], reverse=True)


MEMBERS = ("alice", "bob")
KINDS = ("card", "direct_debit")
CHARGES = {who: [charge(who, n) for n in range(len(STATUSES) + 1)] for who in MEMBERS}
CREDITS = {who: [credit(who, s, n) for s in STATES for n in (0, 1, 2)] for who in MEMBERS}
MEMBERSHIPS = {who: [membership(who, index) for index in (0, 1)] for who in MEMBERS}
ORDERS = {
    who: newest_first([order(who, index) for index in range(count)], "submitted_at")
    for who, count in ORDER_COUNTS.items()
}
PREFERENCES = [uid("preference", index) for index in range(4)]
FOREIGN = uid("preference of another organisation")
consents: dict[str, set[str]] = {"alice": {PREFERENCES[0]}, "bob": set(), "carol": set()}


def caller(request: Request) -> str:
    """The customer whose token it is; raises 401, or 403 for staff who want to change something."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise HTTPException(401, "Please sign in first.", {"WWW-Authenticate": "Bearer"})
    if token in TOKENS:
        return TOKENS[token]
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    if token != STAFF:
        raise HTTPException(401, STALE.get(token, "Nobody has such a token."), challenge)
    said = "You sent a staff token, but a customer token is needed here."
    if request.method == "GET":
        raise HTTPException(401, said, challenge)
    raise HTTPException(403, said)


def number(request: Request, name: str, otherwise: int) -> int:
    """A query parameter that counts from 1; raises 400."""
    values = request.query_params.getlist(name) or [str(otherwise)]
    fits = len(values) == 1 and re.fullmatch("0*[1-9][0-9]{0,9}", values[0])
    if not fits or int(values[0]) > LARGEST_INTEGER:
        raise HTTPException(400, f"Give {name} once, as a whole number that is at least 1.")
    return int(values[0])


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or false; raises 400."""
    values = [value.lower() for value in request.query_params.getlist(name)] or ["false"]
    if values not in (["true"], ["false"]):
        raise HTTPException(400, f"Give {name} once, as true or as false.")
    return values == ["true"]


async def get_account(request: Request) -> Response:
    """Answer with the caller's details."""
    return JSONResponse({"data": account(caller(request))})


async def get_charges(request: Request) -> Response:
    """Answer with the caller's charges."""
    return JSONResponse({"data": newest_first(CHARGES.get(caller(request), []), "billed_at")})


async def get_credits(request: Request) -> Response:
    """Answer with the caller's credits in the states that were asked for."""
    who = caller(request)
    redeemed, expired = flag(request, "redeemed"), flag(request, "expired")
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    listed = [
        each
        for each in CREDITS.get(who, [])
        if each["revoked_at"] is None
        and (redeemed or each["redeemed_at"] is None)
        and (expired or each["expires_at"] is None or each["expires_at"] > now)
    ]
    listed.sort(key=lambda each: (each["expires_at"] or "never", each["id"]))
    return JSONResponse({"data": listed})


def preferences(who: str) -> Response:
    """Every preference, as it is now."""
    listed = [
        stamps(index - 800)
        | {
            "opted_in": each in consents[who],
            "organisation_id": uid("organisation"),
            "text": f"You may write to me about subject {index}.",
            "id": each,
        }
        for index, each in enumerate(PREFERENCES)
    ]
    return JSONResponse({"data": listed})


async def get_preferences(request: Request) -> Response:
    """Answer with the caller's preferences."""
    return preferences(caller(request))


async def decide(request: Request) -> Response:
    """Opt in or out, and answer as the read does."""
    who, wanted = caller(request), request.path_params["wanted"].lower()
    if wanted == FOREIGN:
        raise HTTPException(403, "Somebody else asks for this consent.")
    if wanted not in PREFERENCES:
        raise HTTPException(404, "Nobody asks for this consent.")
    (consents[who].add if request.method == "POST" else consents[who].discard)(wanted)
    return preferences(who)


async def get_memberships(request: Request) -> Response:
    """Answer with the caller's memberships."""
    return JSONResponse({"data": MEMBERSHIPS.get(caller(request), [])})


async def get_methods(request: Request) -> Response:
    """Answer with the caller's payment methods."""
    who = caller(request)
    if who not in MEMBERS:
        raise HTTPException(404, "You have never paid here.")
    return JSONResponse({"data": [method(who, kind) for kind in KINDS]})


async def get_orders(request: Request) -> Response:
    """Answer with a page of the caller's orders."""
    orders = ORDERS[caller(request)]
    page = number(request, "page", 1)
    size = min(number(request, "per_page", DEFAULT_SIZE), LARGEST_SIZE)
    last, skipped = max(1, -(-len(orders) // size)), (page - 1) * size
    shown = orders[skipped : skipped + size]

    def link(to: int) -> str:
        return str(request.url.replace(query=f"page={to}", fragment=""))

    meta = {
        "last_page": last,
        "per_page": size,
        "total": len(orders),
        "to": skipped + len(shown) if shown else None,
        "from": skipped + 1 if shown else None,
        "current_page": page,
    }
    links = {
        "prev": link(min(page - 1, last)) if page > 1 else None,
        "next": link(page + 1) if page < last else None,
        "last": link(last),
        "first": link(1),
    }
    return JSONResponse({"meta": meta, "links": links, "data": shown})


async def refused(_: Request, error: Exception) -> Response:
    """Every refusal, and every fault, in the one envelope."""
    if isinstance(error, HTTPException):
        return JSONResponse({"message": error.detail}, error.status_code, error.headers)
    return JSONResponse({"message": "Something broke on our side."}, 500)


HOME = "/customers/my-account"
READS = {
    HOME: get_account,
    f"{HOME}/charges": get_charges,
    f"{HOME}/credits": get_credits,
    f"{HOME}/marketing-preferences": get_preferences,
    f"{HOME}/memberships": get_memberships,
    f"{HOME}/payment-methods": get_methods,
    "/shop/my-account/orders": get_orders,
}


def routes() -> list[Route]:
    """The nine operations, without the HEAD that Starlette adds to every GET."""
    found = [Route(path, read, methods=["GET"]) for path, read in READS.items()]
    for route in found:
        route.methods = {"GET"}
    path = f"{HOME}/marketing-preferences/{{wanted}}"
    return [*found, Route(path, decide, methods=["POST", "DELETE"])]


METHODS = ["GET", "POST", "DELETE"]
CORS = Middleware(CORSMiddleware, allow_origins="*", allow_methods=METHODS, allow_headers="*")
PREFIX = "/api/v0"
app = Starlette(
    routes=[Mount(PREFIX, routes=routes())],
    middleware=[CORS],
    exception_handlers={HTTPException: refused, Exception: refused},
)
app.router.redirect_slashes = False


def facts(who: str) -> Json:
    """What is known of one customer, in the words of the kit."""
    member = who in MEMBERS
    ids = {s: [uid("credit", who, s, n) for n in (0, 1, 2)] if member else [] for s in STATES}
    return {f"{state}_credits": found for state, found in ids.items()} | {
        "order_count": ORDER_COUNTS[who],
        "payment_methods": len(KINDS) if member else 0,
        "payment_provider": member,
        "memberships": 2 if member else 0,
        "own_preferences": PREFERENCES,
        "foreign_preference": FOREIGN,
    }


PROFILE: Json = {
    "customers": [{"name": w, "token": t, "facts": facts(w)} for t, w in TOKENS.items()],
    "tokens": {
        "staff": STAFF,
        "expired": "old-secret",
        "revoked": "gone-secret",
        "unknown": "never-issued-secret",
    },
}
