"""
Another implementation of the API, written from the document alone, that shares nothing with ours.

Standard library only; ids, key order, wording, page sizes and headers of its own.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_DNS, uuid5

Json = dict[str, Any]
START = datetime.now(UTC)
TOKENS = {"alice-secret": "alice", "bob-secret": "bob", "carol-secret": "carol"}
SMALLEST, CAP = 10, 50


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


def uid(*parts: object) -> str:
    return str(uuid5(NAMESPACE_DNS, ".".join(map(str, parts)))).upper()


def oid(*parts: object) -> str:
    return md5(".".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()[:24]


def when(**ago: float) -> str:
    return (START - timedelta(**ago)).isoformat(timespec="milliseconds")


def person(name: str) -> Json:
    keys = "phone dob express_stripe_id locked_at deleted_at last_active_at email_verified_at"
    more = ["last_check_in", "avatar_id", "avatar", "external_ref"]
    return dict.fromkeys([*keys.split(), *more]) | {
        "updated_at": when(days=9),
        "created_at": when(days=900),
        "email": f"{name}@club.test",
        "stripe_id": None if name == "carol" else f"cus_{name}",
        "first_name": name.title(),
        "last_name": "Ødegård",
        "full_name": f"{name.title()} Ødegård",
        "preferred_locale": "nb-NO",
        "labels": [],
        "has_password": True,
        "site_id": uid("site"),
        "brand_id": uid("brand"),
        "id": uid("customer", name),
    }


def method(name: str, kind: str) -> Json:
    card = kind == "card"
    return {
        "processor": "adyen",
        "last_4": "0007",
        "cardholder_name": name,
        "card_expiry": "01/31" if card else None,
        "card_funding": "credit" if card else None,
        "card_country": "no" if card else None,
        "card_brand": "visa" if card else None,
        "status": "active",
        "type": kind,
        "name": None,
        "payment_method_id": f"pm_{name}{kind[:2]}",
        "updated_at": when(days=30),
        "created_at": when(days=30),
        "id": uid("method", name, kind),
    }


def membership(name: str, index: int) -> Json:
    kind = uid("type", index)
    stamps = {"created_at": when(days=2000), "updated_at": when(days=2000)}
    return {
        "payment_setup_url": None,
        "next_charge": None,
        "payment_method": None,
        "rate": stamps
        | {
            "private": False,
            "processors": ["adyen"],
            "default_duration": None,
            "billing_frequency": "P1M",
            "joining_fee": 700,
            "price": 4100,
            "currency": "nok",
            "name": "Månedlig",
            "membership_type_id": kind,
            "id": uid("rate", index),
        },
        "type": stamps
        | {
            "max_members": 1,
            "min_members": 1,
            "visibility": "public",
            "brand_id": uid("brand"),
            "terms": None,
            "description": None,
            "name": "Bad og badstue",
            "id": kind,
        },
        "members": [
            {
                "is_lead": True,
                "membership_number": f"{index:010}",
                "customer_id": uid("customer", name),
            }
        ],
        "membership_number": f"{index:010}",
        "external_ref": None,
        "basket_id": None,
        "next_billing_date": None,
        "end_date": None,
        "created_at": when(days=400),
        "start_date": when(days=400),
        "source": "app",
        "attention_reason": "payment_failed" if index else None,
        "status": "needs_attention" if index else "active",
        "site_id": uid("site"),
        "id": uid("membership", name, index),
    }


def charge(name: str, index: int, status: str) -> Json:
    pending, failed = status in ("preparing", "processing"), status in ("failed", "errored")
    return {
        "created_at": when(days=30 * index),
        "billed_at": when(days=30 * index),
        "completed_at": None if pending else when(days=30 * index - 0.1),
        "failure_reason": "Avvist" if failed else None,
        "payment_method": None,
        "status": status,
        "currency": "NOK",
        "amount": 4100 if index < 6 else 700,
        "type": "recurring" if index < 6 else "joining_fee",
        "description": "Bad og badstue",
        "customer_id": uid("customer", name),
        "membership_id": uid("membership", name, 0),
        "id": uid("charge", name, index),
    }


def credit(name: str, state: str, index: int) -> Json:
    expires = {"live": -9, "endless": None, "redeemed": -20}.get(state, 4)
    return {
        "revoked_at": None,
        "redeemed_at": when(days=10) if "redeemed" in state else None,
        "expires_at": None if expires is None else when(days=expires + index),
        "issued_at": when(days=60),
        "multi_use": state == "endless",
        "membership_id": None,
        "customer_id": uid("customer", name),
        "coupon_code": "BAD",
        "coupon_description": None,
        "coupon_name": "Badebillett",
        "coupon_id": "c1",
        "id": uid("credit", name, state, index),
    }


STATES = ("live", "endless", "redeemed", "expired", "redeemed_expired")


def credits(name: str) -> list[Json]:
    found = [] if name == "carol" else [credit(name, state, n) for state in STATES for n in (0, 1)]
    return sorted(
        found, key=lambda each: (each["expires_at"] is None, each["expires_at"] or "", each["id"])
    )


def order(name: str, index: int) -> Json:
    at = when(days=3 * index + 1)
    item = {
        "updated_at": at,
        "created_at": at,
        "is_modifiable": False,
        "status": "confirmed",
        "discount_amount": 0,
        "net_total": 800,
        "total_cost": 1000,
        "base_price": 500,
        "unit_price": 500,
        "quantity": 2,
        "type_name": "Såpe",
        "type_id": oid("soap"),
        "item_type": "retail",
        "id": oid("item", name, index),
    }
    return dict.fromkeys(
        ["applied_promo_code", "special_requests", "intake_form_url", "basket_id", "phone"]
    ) | {
        "submitted_at": at,
        "updated_at": at,
        "created_at": at,
        "coupon_codes": [],
        "payment_totals": {
            "unpaid": 400,
            "missing": 100,
            "provided": 900,
            "chargeable": 200,
            "pending": 100,
            "paid": 600,
        },
        "totals": {"total": 1000, "order_discount": 0, "subtotal": 1000},
        "outstanding_payment_amount": 400,
        "tip_amount": 0,
        "discount_total": 0,
        "net_total": 800,
        "total_tax": 200,
        "total_cost": 1000,
        "currency": "nok",
        "booking_items_end_date": None,
        "booking_items_start_date": None,
        "purchase_items": [item],
        "package_items": [],
        "booking_items": [],
        "guests": [],
        "email": f"{name}@club.test",
        "last_name": None,
        "first_name": name.title(),
        "status": "settled",
        "customer_id": uid("customer", name),
        "site_id": uid("site"),
        "organisation_id": uid("organisation"),
        "order_ref": f"#{index}",
        "id": oid("order", name, index),
    }


COUNTS = {"alice": 23, "bob": 12, "carol": 0}
STATUSES = ("preparing", "processing", "succeeded", "failed", "errored", "refunded", "succeeded")
CONSENTS: dict[str, set[str]] = {name: set() for name in COUNTS}
PREFERENCES = [uid("preference", index) for index in range(3)]
FOREIGN = uid("preference", "foreign")


def preferences(name: str) -> list[Json]:
    return [
        {
            "opted_in": id in CONSENTS[name],
            "updated_at": when(days=500),
            "created_at": when(days=1000 - index),
            "organisation_id": uid("organisation"),
            "text": f"Samtykke nr. {index}",
            "id": id,
        }
        for index, id in enumerate(PREFERENCES)
    ]


def whole(query: dict[str, list[str]], name: str, otherwise: int) -> int:
    values = query.get(name, [str(otherwise)])
    if len(values) != 1 or not re.fullmatch(r"[0-9]{1,9}", values[0]) or int(values[0]) < 1:
        raise Refused(400, f"{name} skal være et helt tall fra 1")
    return int(values[0])


def flag(query: dict[str, list[str]], name: str) -> bool:
    values = [value.lower() for value in query.get(name, ["false"])]
    if values not in (["true"], ["false"]):
        raise Refused(400, f"{name} skal være true eller false")
    return values == ["true"]


def page(name: str, query: dict[str, list[str]], url: str) -> Json:
    number, size = whole(query, "page", 1), min(whole(query, "per_page", SMALLEST), CAP)
    total = COUNTS[name]
    last, first = max(1, -(-total // size)), (number - 1) * size
    data = [order(name, index) for index in range(first, min(first + size, total))]
    link = f"{url}?page=".__add__
    return {
        "meta": {
            "last_page": last,
            "per_page": size,
            "total": total,
            "to": first + len(data) if data else None,
            "from": first + 1 if data else None,
            "current_page": number,
        },
        "links": {
            "prev": link(str(min(number - 1, last))) if number > 1 else None,
            "next": link(str(number + 1)) if number < last else None,
            "last": link(str(last)),
            "first": link("1"),
        },
        "data": data,
    }


def listed_credits(name: str, query: dict[str, list[str]], _url: str) -> Json:
    redeemed, expired = flag(query, "redeemed"), flag(query, "expired")
    now = datetime.now(UTC).isoformat()
    return {
        "data": [
            each
            for each in credits(name)
            if (redeemed or not each["redeemed_at"])
            and (expired or not each["expires_at"] or each["expires_at"] > now)
        ]
    }


def methods(name: str, _query: Any, _url: str) -> Json:
    if name == "carol":
        raise Refused(404, "ukjent hos betalingsformidleren")
    kinds = ("card", "direct_debit") if name == "alice" else ()
    return {"data": [method(name, kind) for kind in kinds]}


def charges(name: str) -> list[Json]:
    return [] if name == "carol" else [charge(name, n, status) for n, status in enumerate(STATUSES)]


def memberships(name: str) -> list[Json]:
    return [] if name == "carol" else [membership(name, index) for index in (0, 1)]


MINE = "/customers/my-account"
READS: dict[str, Callable[[str, Any, str], Json]] = {
    MINE: lambda name, _q, _u: {"data": person(name)},
    f"{MINE}/charges": lambda name, _q, _u: {"data": charges(name)},
    f"{MINE}/credits": listed_credits,
    f"{MINE}/marketing-preferences": lambda name, _q, _u: {"data": preferences(name)},
    f"{MINE}/memberships": lambda name, _q, _u: {"data": memberships(name)},
    f"{MINE}/payment-methods": methods,
    "/shop/my-account/orders": page,
}
PREFIX = "/api/v0"


class Handler(BaseHTTPRequestHandler):
    """Answers under a path prefix; knows neither HEAD nor OPTIONS but for preflights."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def answer(self) -> None:
        try:
            status, body, headers = 200, self.found(), {}
        except Refused as refused:
            status, body, headers = refused.status, {"message": refused.message}, refused.headers
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("access-control-allow-origin", "*")
        self.send_header("access-control-allow-headers", "authorization")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = answer

    def found(self) -> Json:
        parts = urlsplit(self.path)
        path = parts.path.removeprefix(PREFIX)
        allowed = "POST, DELETE" if self.decides(path) else "GET" if path in READS else None
        if allowed is None:
            raise Refused(404, "finnes ikke")
        if self.command == "OPTIONS":
            return {}
        if self.command not in allowed:
            raise Refused(405, "ikke slik", Allow=allowed)
        name = self.caller()
        if allowed != "GET":
            return self.decide(name, path.rpartition("/")[2])
        url = f"http://{self.headers['host']}{parts.path}"
        return READS[path](name, parse_qs(parts.query, keep_blank_values=True), url)

    def decides(self, path: str) -> bool:
        return path.startswith(f"{MINE}/marketing-preferences/")

    def caller(self) -> str:
        said = self.headers.get("authorization", "")
        token = said.removeprefix("Bearer ")
        if not said.startswith("Bearer ") or token not in (*TOKENS, "staff-secret"):
            kind = 'Bearer error="invalid_token"' if said.startswith("Bearer ") else "Bearer"
            raise Refused(401, "hvem er du?", WWW_Authenticate=kind)
        if token == "staff-secret":
            kind = 'Bearer error="invalid_token"'
            told = "dette er et staff token, ikke et customer token"
            raise Refused(401 if self.command == "GET" else 403, told, WWW_Authenticate=kind)
        return TOKENS[token]

    def decide(self, name: str, id: str) -> Json:
        if id == FOREIGN:
            raise Refused(403, "ikke ditt")
        if id not in PREFERENCES:
            raise Refused(404, "finnes ikke")
        (CONSENTS[name].add if self.command == "POST" else CONSENTS[name].discard)(id)
        return {"data": preferences(name)}

    def log_message(self, *_: object) -> None:
        """Keep the tests' output quiet."""


def server() -> ThreadingHTTPServer:
    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def facts(name: str) -> Json:
    def ids(state: str) -> list[str]:
        return [] if name == "carol" else [uid("credit", name, state, index) for index in (0, 1)]

    return {
        "live_credits": ids("live") + ids("endless"),
        **{f"{state}_credits": ids(state) for state in STATES[2:]},
        "revoked_credits": [uid("credit", name, "revoked", 0)],
        "order_count": COUNTS[name],
        "payment_provider": name != "carol",
        "payment_methods": 2 if name == "alice" else 0,
        "own_preferences": PREFERENCES,
        "foreign_preference": FOREIGN,
    }
