// The My Account API on Node's own `http`, written from spec/openapi.yaml alone: no framework, no
// dependency, data and clock of its own. It shares nothing with the mock, so that the kit is judged
// by something that its authors did not have before them.
//
//   PORT=4020 PREFIX=/club node implementation.mjs
//
// Once it is ready it prints one line: the profile by which the kit judges it, as JSON.

import { createServer } from "node:http";

const PREFIX = process.env.PREFIX ?? "";
const CAP = 50;
const PER_PAGE = 15;
const LARGEST = 2147483647;

// ---- Time -------------------------------------------------------------------------------------

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Math.floor(Date.now() / 1000) * 1000;

/** The instant so many days from the start of the process, as UTC. */
const days = (count) => iso(START + Math.round((count * DAY) / MINUTE) * MINUTE);
const iso = (milliseconds) => new Date(milliseconds).toISOString();

/** The same instant as a clock shows it that is `hours` ahead of UTC. */
function local(milliseconds, hours) {
  const shown = iso(milliseconds + hours * 60 * MINUTE).slice(0, 19);
  return `${shown}+${String(hours).padStart(2, "0")}:00`;
}

const past = (instant) => instant !== null && Date.parse(instant) <= Date.now();
const future = (instant) => instant !== null && Date.parse(instant) > Date.now();

// ---- Ids --------------------------------------------------------------------------------------

const uuid = (kind, number) =>
  `${kind.toString(16).padStart(8, "0")}-7c1e-4d2a-9b3f-${((number * 40503 + 977) % 2 ** 44).toString(16).padStart(12, "0")}`;
const hex24 = (kind, number) => `66${kind.toString(16).padStart(6, "0")}${(number + 4096).toString(16).padStart(16, "a")}`;

// ---- The business -----------------------------------------------------------------------------

const BRAND = uuid(0xb1, 1);
const ORGANISATION = uuid(0xa1, 1);
const OTHER_ORGANISATION = uuid(0xa1, 2);
const LONDON = { id: uuid(0x51, 1), hours: 0 };
const WARSAW = { id: uuid(0x51, 2), hours: 1 };

const types = {
  thermal: membershipType(1, { name: "Thermal Circle", description: "Pools and saunas, for two", max_members: 2 }),
  gym: membershipType(2, { name: "Gym and Swim", terms: "One month's notice." }),
  staffOffer: membershipType(3, { name: "Friends of the House", visibility: "link_only", description: null }),
};

function membershipType(number, fields) {
  return {
    id: uuid(0x71, number), name: "", description: "What a member needs", terms: null, brand_id: BRAND,
    visibility: "public", min_members: 1, max_members: 1, created_at: days(-900), updated_at: days(-200), ...fields,
  };
}

const rates = {
  thermalMonthly: rate(1, types.thermal, { name: "Monthly", price: 11900, joining_fee: 7500 }),
  gymMonthly: rate(2, types.gym, { name: "Monthly", price: 4950, joining_fee: 2500 }),
  gymYearly: rate(3, types.gym, { name: "Yearly", price: 49900, joining_fee: 0, billing_frequency: "P1Y", default_duration: "P1Y" }),
  friends: rate(4, types.staffOffer, { name: "Quarterly", price: 9000, joining_fee: 1000, billing_frequency: "P3M", private: true }),
};

function rate(number, type, fields) {
  return {
    id: uuid(0x72, number), membership_type_id: type.id, name: "", currency: "GBP", price: 0, joining_fee: 0,
    billing_frequency: "P1M", default_duration: null, processors: ["stripe", "adyen"], private: false,
    created_at: days(-880), updated_at: days(-150), ...fields,
  };
}

const preferences = [
  preference(1, "Send me the monthly letter of the house.", ORGANISATION, [LONDON, WARSAW], -800),
  preference(2, "Text me when a treatment becomes free at short notice.", ORGANISATION, [LONDON, WARSAW], -799),
  preference(3, "Write to me on my birthday.", ORGANISATION, [LONDON, WARSAW], -500),
  preference(4, "Ring me about my membership.", ORGANISATION, [LONDON, WARSAW], -500),
  preference(5, "Post me the brochure of the season.", ORGANISATION, [LONDON, WARSAW], -120),
  preference(6, "Tell me of events at the London house.", ORGANISATION, [LONDON], -60),
  preference(7, "Tell me of events at the Warsaw house.", ORGANISATION, [WARSAW], -59),
  preference(8, "Fax me the price list.", ORGANISATION, [], -870),
  preference(9, "Keep me up to date about the riding school.", OTHER_ORGANISATION, [], -300),
];

function preference(number, text, organisation_id, sites, day) {
  const shown = { id: uuid(0x91, number), text, organisation_id, created_at: days(day), updated_at: days(day + 20) };
  return { shown, sites };
}

// ---- Customers --------------------------------------------------------------------------------

const nadia = customer(1, LONDON, {
  first_name: "Nadia", last_name: "Feld", email: "nadia.feld@example.net", phone: "+442071838750", dob: "1984-11-02",
  stripe_id: "cus_NadiaFeld01", express_stripe_id: "acct_cus_91", last_active_at: days(-0.1), email_verified_at: days(-699),
  labels: [{ id: "label-7", value: "VIP", colour: "gold" }, { id: "label-9", value: "Allergies: nuts", colour: "red" }],
  last_check_in: { checked_in_at: days(-2), method: "front_desk" }, external_ref: "HL-100201", avatar_id: "av-5512",
  avatar: { id: "av-5512", file_name: "nadia.png", mime_type: "image/png", size: 20480, url: "https://cdn.example.net/av-5512.png" },
});
const tomasz = customer(2, WARSAW, {
  first_name: "Tomasz", last_name: "Król", email: "tomasz.krol@example.pl", phone: "+48221234567", preferred_locale: "pl-PL",
  stripe_id: "cus_TomaszKrol2", last_active_at: local(START - 3 * DAY, 1), has_password: false,
});
const yusuf = customer(3, LONDON, { first_name: "Yusuf", last_name: null, stripe_id: "cus_YusufNo3", email: "yusuf@example.org" });
const imogen = customer(4, LONDON, { first_name: null, last_name: null, email: null, created_at: days(-1), updated_at: days(-1) });
const petra = customer(5, LONDON, { first_name: "Petra", last_name: "Lang", locked_at: days(-9), email: "petra.lang@example.net" });
const anonymous = customer(6, LONDON, { first_name: null, last_name: null, deleted_at: days(-40) });
const stranger = customer(7, LONDON, { first_name: "Hugo", last_name: "Brand", brand_id: uuid(0xb1, 2) });

function customer(number, site, fields) {
  const shown = {
    id: uuid(0xc1, number), first_name: null, last_name: null, full_name: null, phone: null, has_password: true, dob: null,
    brand_id: BRAND, site_id: site.id, stripe_id: null, express_stripe_id: null, email: null, labels: [],
    preferred_locale: "en-GB", locked_at: null, created_at: days(-700), updated_at: days(-3), deleted_at: null,
    last_active_at: null, email_verified_at: null, last_check_in: null, avatar_id: null, avatar: null, external_ref: null,
    ...fields,
  };
  shown.full_name = [shown.first_name, shown.last_name].filter(Boolean).join(" ") || null;
  return { shown, site, optedIn: new Set(), paymentMethods: [], memberships: [], charges: [], credits: [], orders: [] };
}

for (const number of [2, 4]) nadia.optedIn.add(uuid(0x91, number));
tomasz.optedIn.add(uuid(0x91, 7));

// ---- Payment methods --------------------------------------------------------------------------

nadia.paymentMethods = [
  paymentMethod(1, nadia, "card", { name: "Blue card", card_brand: "visa", card_funding: "credit", card_expiry: "04/31", last_4: "0077" }),
  paymentMethod(2, nadia, "direct_debit", { last_4: "0903", processor: "adyen" }),
  paymentMethod(3, nadia, "card", { status: "revoked", card_expiry: "12/25", last_4: "1881", revoked_at: days(-30) }),
  paymentMethod(4, nadia, "card", { status: "failed", card_brand: "amex", card_expiry: "01/29", last_4: "0005" }),
];
tomasz.paymentMethods = [
  paymentMethod(5, tomasz, "direct_debit", { status: "pending", last_4: "6100", processor: "manual" }),
  paymentMethod(6, tomasz, "card", { card_country: "pl", card_expiry: "10/30", last_4: "3020" }),
];

function paymentMethod(number, owner, type, fields) {
  const card = type === "card"
    ? { card_brand: "mastercard", card_country: "gb", card_funding: "debit", card_expiry: null }
    : { card_brand: null, card_country: null, card_funding: null, card_expiry: null };
  return {
    id: uuid(0x81, number), payment_method_id: `pm_${9000 + number}K`, name: null, type, status: "active",
    cardholder_name: owner.shown.full_name, ...card, last_4: "0000", processor: "stripe",
    created_at: days(-600 + number), updated_at: days(-100 + number), ...fields,
  };
}

function shortPaymentMethod(method) {
  if (!method) return null;
  const { id, type, last_4, status, card_brand } = method;
  return { id, type, last_4, status, card_brand };
}

// ---- Memberships ------------------------------------------------------------------------------

const shared = membership(1, [nadia, tomasz], rates.thermalMonthly, { start: -380, method: nadia.paymentMethods[1], nextBilling: 11 });
const troubled = membership(2, [nadia], rates.gymMonthly, {
  status: "needs_attention", attention_reason: "payment_failed", start: -95, method: nadia.paymentMethods[3], nextBilling: 2,
});
membership(3, [nadia], rates.gymYearly, { start: -800, end: -435, source: "import", external_ref: "OLD-77" });
membership(4, [nadia], rates.friends, { start: 21, end: 400, source: "app", nextBilling: 21 });
membership(5, [nadia], rates.gymMonthly, { status: "inactive", start: -300, end: -120, source: "unknown" });
const mandate = membership(6, [tomasz], rates.gymMonthly, {
  status: "needs_dd_mandate", attention_reason: "no_mandate", start: -1, method: tomasz.paymentMethods[0],
  payment_setup_url: "https://pay.example.net/setup/6",
});
membership(7, [tomasz], rates.friends, { status: "reserved", start: 5 });
const lapsed = membership(8, [yusuf], rates.gymYearly, { start: -500, end: -135 });

function membership(number, people, itsRate, { start, end = null, method = null, nextBilling = null, status = "active", ...fields }) {
  const members = people.map(({ shown }, index) => ({
    customer_id: shown.id, membership_number: String(40_000 + number * 10 + index).padStart(10, "0"), is_lead: index === 0,
  }));
  const next = nextBilling === null ? null : days(nextBilling);
  const record = {
    id: uuid(0x61, number), site_id: people[0].site.id, status, attention_reason: null, source: "self_signup",
    start_date: days(start), end_date: end === null ? null : days(end), next_billing_date: next,
    created_at: days(start - 10), basket_id: number % 2 ? hex24(0xba, number) : null, external_ref: null,
    membership_number: members[0].membership_number, members,
    type: Object.values(types).find(({ id }) => id === itsRate.membership_type_id), rate: itsRate,
    payment_method: shortPaymentMethod(method),
    next_charge: next && { amount: itsRate.price, currency: itsRate.currency, due_date: next },
    payment_setup_url: null, ...fields,
  };
  people.forEach((person, index) => person.memberships.push(index ? { ...record, payment_method: null } : record));
  return record;
}

/** What is stored as active is shown by its dates. */
function membershipNow(record) {
  if (record.status !== "active") return record;
  if (past(record.end_date)) return { ...record, status: "expired" };
  return future(record.start_date) ? { ...record, status: "upcoming" } : record;
}

// ---- Charges ----------------------------------------------------------------------------------

nadia.charges = [
  charge(1, nadia, shared, "joining_fee", -380, "succeeded"),
  charge(2, nadia, shared, "pro_rata", -380, "succeeded"),
  charge(3, nadia, shared, "recurring", -350, "refunded"),
  charge(4, nadia, shared, "recurring", -50, "succeeded"),
  charge(5, nadia, shared, "recurring", -20, "processing"),
  charge(6, nadia, troubled, "joining_fee", -95, "succeeded"),
  charge(7, nadia, troubled, "recurring", -65, "failed", "The card was declined."),
  charge(8, nadia, troubled, "recurring", -35, "errored", "The processor gave no answer."),
  charge(9, nadia, troubled, "recurring", -5, "failed", "The card was declined."),
  charge(10, nadia, shared, "recurring", -0.01, "preparing"),
  charge(11, nadia, shared, "recurring", 11, "preparing"),
];
tomasz.charges = [charge(12, tomasz, mandate, "joining_fee", -1, "processing"), charge(13, tomasz, mandate, "pro_rata", -1, "preparing")];
yusuf.charges = [charge(14, yusuf, lapsed, "recurring", -500, "succeeded")];

function charge(number, owner, { id, type, rate: itsRate, payment_method }, kind, day, status, failure_reason = null) {
  const open = status === "preparing" || status === "processing";
  const billed = Date.parse(days(day));
  return {
    id: uuid(0x31, number), membership_id: id, customer_id: owner.shown.id, type: kind,
    description: `${type.name}, ${kind.replace("_", " ")}`, amount: kind === "joining_fee" ? itsRate.joining_fee : itsRate.price,
    currency: itsRate.currency, status, failure_reason, payment_method, billed_at: number % 3 ? iso(billed) : local(billed, 1),
    completed_at: open ? null : iso(billed + 4200), created_at: iso(billed - DAY),
  };
}

// ---- Credits ----------------------------------------------------------------------------------

nadia.credits = [
  credit(1, nadia, { membership_id: shared.id, expires_at: days(20) }),
  credit(2, nadia, { expires_at: days(3), coupon_description: null }),
  credit(3, nadia, { expires_at: local(Date.parse(days(20)), 1) }),
  credit(4, nadia, { multi_use: true }),
  credit(5, nadia, {}),
  credit(6, nadia, { membership_id: shared.id, redeemed_at: days(-4), expires_at: days(9) }),
  credit(7, nadia, { redeemed_at: days(-80) }),
  credit(8, nadia, { redeemed_at: days(-90), expires_at: days(-70) }),
  credit(9, nadia, { expires_at: days(-1) }),
  credit(10, nadia, { multi_use: true, expires_at: days(-33) }),
  credit(11, nadia, { revoked_at: days(-2), expires_at: days(60) }),
  credit(12, nadia, { revoked_at: days(-2), redeemed_at: days(-8), expires_at: days(-1) }),
];
tomasz.credits = [
  credit(13, tomasz, { membership_id: shared.id, expires_at: days(40) }),
  credit(14, tomasz, { redeemed_at: days(-6), expires_at: days(4) }),
  credit(15, tomasz, { expires_at: days(-15) }),
];
yusuf.credits = [credit(16, yusuf, { expires_at: days(-200), membership_id: lapsed.id })];

function credit(number, owner, fields) {
  return {
    id: uuid(0x21, (number * 7) % 23), coupon_id: `cpn-${number % 3}`, coupon_name: ["Guest day", "Half-hour massage", "Coffee"][number % 3],
    coupon_description: "With the compliments of the house", coupon_code: `GIFT-${1000 + number}`, customer_id: owner.shown.id,
    membership_id: null, multi_use: false, issued_at: days(-100 - number), expires_at: null, redeemed_at: null, revoked_at: null,
    ...fields,
  };
}

// ---- Orders -----------------------------------------------------------------------------------

/** What an order is made of: [item, list price, minutes or quantity, discount on the item]. */
const recipes = [
  { bookings: [["appointment", "Hot stone massage", 8800, 75, 0]] },
  { purchases: [["retail", "Bath salts", 1450, 3, 0]] },
  { bookings: [["session", "Aufguss", 0, 20, 0]], purchases: [["gift_card", "Gift card", 5000, 1, 0]], tip: 300 },
  { packages: [["package", "Day by the pool", 15900, 0, 900]], guests: ["Olek Maj", null], coupon: true },
  { bookings: [["area_booking", "Tennis court", 2650, 60, 0], ["table_reservation", "Lunch", 3900, 90, 390]], guests: ["Rosa Quint"], promo: 10 },
  { bookings: [["appointment", "Consultation", 4500, 30, 0]], status: "cancelled" },
  { packages: [["package", "Morning of calm", 9900, 0, 0]], purchases: [["retail", "Linen towel", 2200, 2, 400]], promo: 15, coupon: true },
  { bookings: [["session", "Yoga by the water", 1600, 60, 0]], status: "no_show" },
];

nadia.orders = orders(nadia, 61);
tomasz.orders = orders(tomasz, 16);

function orders(owner, count) {
  return Array.from({ length: count }, (_, index) => order(owner, index));
}

function order(owner, index) {
  const recipe = recipes[index % recipes.length];
  const number = Number.parseInt(owner.shown.id.slice(-6), 16) * 100 + index;
  // Pairs share their instant, and the newest orders are of things still to come.
  const submitted = START - (Math.floor(index / 2) * 3 + 1) * DAY;
  const starts = submitted + (index % 3 ? 2 : 14) * DAY;
  const party = guests(number, owner, recipe.guests ?? []);
  const status = recipe.status ?? (starts > START ? "submitted" : "settled");
  const context = { number, starts, party, hours: owner.site.hours, submitted, cancelled: status === "cancelled", promo: recipe.promo ?? 0 };
  const booking_items = (recipe.bookings ?? []).map((line, place) => bookingItem(line, place, context));
  const package_items = (recipe.packages ?? []).map((line, place) => packageItem(line, place, context));
  const purchase_items = (recipe.purchases ?? []).map((line, place) => purchaseItem(line, place, context));
  const money = sums([...booking_items, ...package_items], purchase_items, status, index);
  const { first_name, last_name, email, phone } = owner.shown;
  return {
    id: hex24(0x0d, (number * 31) % 9973 + number), basket_id: index % 9 ? hex24(0xba, number) : null, order_ref: `HL-${70_000 + number % 10_000}`,
    organisation_id: ORGANISATION, site_id: owner.site.id, customer_id: owner.shown.id, status, first_name, last_name, email, phone,
    guests: party, booking_items, package_items, purchase_items,
    booking_items_start_date: extreme(booking_items, "start_time", Math.min, owner.site.hours),
    booking_items_end_date: extreme(booking_items, "end_time", Math.max, owner.site.hours),
    currency: "GBP", ...money, tip_amount: recipe.tip ?? 0,
    coupon_codes: recipe.coupon ? [couponCode(owner, number)] : [],
    applied_promo_code: recipe.promo ? { id: `promo-${recipe.promo}`, code: `HOUSE${recipe.promo}`, percentage: recipe.promo } : null,
    special_requests: index % 5 ? null : "Ground floor, please.",
    intake_form_url: party.length > 1 ? `https://forms.example.net/${number}` : null,
    created_at: iso(submitted - 20 * MINUTE), updated_at: iso(submitted + MINUTE),
    submitted_at: index % 4 ? iso(submitted) : local(submitted, owner.site.hours),
  };
}

function guests(number, owner, names) {
  const { first_name, last_name, full_name } = owner.shown;
  const lead = { id: hex24(0x9e, number * 4), name: full_name, first_name, last_name, is_lead_booker: true, intake_form_complete: true };
  const others = names.map((name, index) => {
    const [first = null, last = null] = name?.split(" ") ?? [];
    return { id: hex24(0x9e, number * 4 + index + 1), name, first_name: first, last_name: last, is_lead_booker: false, intake_form_complete: false };
  });
  return [lead, ...others];
}

/** Price, discounts and the fifth of tax on top of the net that every price includes. */
function priced(listPrice, discount, promo) {
  const discounted = listPrice - discount;
  const share = Math.round((discounted * promo) / 100);
  const total_cost = discounted - share;
  const net_total = Math.round(total_cost / 1.2);
  return { share, discount_amount: discount, total_cost, net_total, tax: total_cost - net_total };
}

function reserved([item_type, type_name, listPrice, , discount], place, { number, starts, party, hours, submitted, cancelled, promo }) {
  const { share, tax, ...cost } = priced(listPrice, discount, promo);
  const start_time = local(starts + place * 2 * 60 * MINUTE, hours);
  return {
    id: hex24(0x17, number * 8 + place), item_type, type_id: hex24(0x0f, type_name.length), type_name,
    status: cancelled ? "cancelled" : "confirmed", guests: party, date: start_time.slice(0, 10), start_time,
    price: listPrice, base_price: listPrice, ...cost, order_discount_amount: share, inclusive_tax_amount: tax,
    exclusive_tax_amount: 0, created_at: iso(submitted - 9 * MINUTE), updated_at: iso(submitted),
  };
}

function bookingItem(line, place, context) {
  const [item_type, type_name, , duration] = line;
  const item = reserved(line, place, context);
  const treated = item_type === "appointment";
  return {
    ...item,
    booking_summary: {
      start_time: item.start_time, end_time: local(Date.parse(item.start_time) + duration * MINUTE, context.hours), duration,
      practitioners: treated ? [{ id: "staff-31", name: "Mirela Dobre" }] : [],
      room: treated ? { id: "room-4", name: "Birch room" } : null,
      offering: { id: item.type_id, name: type_name, type: item_type },
    },
  };
}

function packageItem(line, place, context) {
  const item = reserved(line, place, context);
  const begin = Date.parse(item.start_time);
  const part = (index, offering_type, offering_name, after, duration, price_change) => ({
    id: hex24(0x27, context.number * 8 + index), offering_type, offering_id: hex24(0x0f, 40 + index), offering_name,
    time: local(begin + after * MINUTE, context.hours), duration, price_change,
  });
  return { ...item, package_items: [part(0, "session", "Pool", 0, 120, 0), part(1, "appointment", "Foot massage", 150, 25, -200)] };
}

function purchaseItem([item_type, type_name, unit_price, quantity, discount], place, { number, submitted }) {
  const base_price = unit_price * quantity;
  const { discount_amount, total_cost, net_total } = priced(base_price, discount, 0);
  return {
    id: hex24(0x37, number * 8 + place), item_type, type_id: hex24(0x0e, type_name.length), type_name, quantity, unit_price, base_price,
    total_cost, net_total, discount_amount, status: "confirmed", is_modifiable: false, created_at: iso(submitted - 9 * MINUTE), updated_at: iso(submitted),
  };
}

function sum(items, field) {
  return items.reduce((total, item) => total + item[field], 0);
}

function sums(reservedItems, purchase_items, status, index) {
  const items = [...reservedItems, ...purchase_items];
  const order_discount = sum(reservedItems, "order_discount_amount");
  const total = sum(items, "total_cost");
  const net_total = sum(items, "net_total");
  const paid = status === "submitted" ? Math.floor(total / 3) : total;
  const pending = status === "submitted" && index % 2 ? Math.floor((total - paid) / 2) : 0;
  const chargeable = status === "submitted" && index % 3 === 1 ? total - paid - pending : 0;
  const provided = paid + pending + chargeable;
  return {
    total_cost: total, total_tax: total - net_total, net_total, discount_total: sum(items, "discount_amount") + order_discount,
    outstanding_payment_amount: total - paid,
    totals: { subtotal: total + order_discount, order_discount, total },
    payment_totals: { paid, pending, chargeable, provided, missing: total - provided, unpaid: total - paid },
  };
}

function extreme(items, field, choose, hours) {
  if (items.length === 0) return null;
  return local(choose(...items.map((item) => Date.parse(item.booking_summary[field]))), hours);
}

function couponCode(owner, number) {
  const used = number % 2 ? owner.credits.find(({ redeemed_at, revoked_at }) => redeemed_at && !revoked_at) : null;
  return { id: `cc-${number}`, code: `TREAT-${number % 1000}`, name: "A treat", description: null, customer_credit_id: used?.id ?? null };
}

function orderNow(record) {
  const now = (item) => ({ ...item, is_modifiable: item.status !== "cancelled" && future(item.start_time) });
  return { ...record, booking_items: record.booking_items.map(now), package_items: record.package_items.map(now) };
}

// ---- Sorting ----------------------------------------------------------------------------------

const instant = (value) => (value === null ? Infinity : Date.parse(value));
const byId = (a, b) => (a.id < b.id ? -1 : Number(a.id > b.id));
const compare = (a, b) => (a === b ? 0 : a < b ? -1 : 1);
const ascending = (field) => (a, b) => compare(instant(a[field]), instant(b[field])) || byId(a, b);
const descending = (field) => (a, b) => compare(instant(b[field]), instant(a[field])) || byId(a, b);

// ---- Tokens -----------------------------------------------------------------------------------

const tokens = new Map([
  ["0f6d9c1e-58a3-4c77-8e21-b40f93d7a615", { name: "nadia", owner: nadia }],
  ["c24b7780-1f9e-4a05-9d3c-6ea1f58b2d47", { name: "tomasz", owner: tomasz }],
  ["7a93e5d2-c60b-4b18-a5f4-29d8c7103be6", { name: "yusuf", owner: yusuf }],
  ["e81c04f7-3d2a-4e96-b7c5-90ab6f1d5238", { name: "imogen", owner: imogen }],
  ["pat_4Qm8vXwT2LkR9sYb", { name: "staff", staff: true }],
  ["19e7a3b5-d84c-4f60-8b92-5c3d0e6f7a18", { name: "expired", owner: nadia, expires: days(-1) }],
  ["a5d0c8e2-6b37-49f1-9c84-1e7f2b3d5a60", { name: "revoked", owner: nadia, revoked: true }],
  ["d3f8b1a6-07c5-4e29-b6d1-8a4c9e5f2071", { name: "locked", owner: petra }],
  ["5b2e9f70-a4d6-4183-8c0f-d7e1b6a39c54", { name: "anonymous", owner: anonymous }],
  ["8c6a1d3f-e2b9-47f5-90d8-3b5c7e0f1a62", { name: "another brand", owner: stranger }],
]);

class Refusal extends Error {
  constructor(status, message, headers = {}) {
    super(message);
    Object.assign(this, { status, headers });
  }
}

const unauthorized = (message, sent = true) =>
  new Refusal(401, message, { "WWW-Authenticate": sent ? 'Bearer error="invalid_token"' : "Bearer" });

/** The customer whose token it is; else a refusal. */
function identify(authorization, isRead) {
  const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
  if (!token) throw unauthorized("Send a token: 'Authorization: Bearer TOKEN'.", false);
  const grant = tokens.get(token);
  if (!grant) throw unauthorized("This token is not known.");
  if (grant.staff) {
    const message = "A staff token was sent where a customer token is needed.";
    throw isRead ? unauthorized(message) : new Refusal(403, message);
  }
  if (grant.revoked) throw unauthorized("This token was revoked.");
  if (grant.expires && past(grant.expires)) throw unauthorized("This token has expired.");
  const { locked_at, deleted_at, brand_id } = grant.owner.shown;
  if (locked_at || deleted_at) throw unauthorized("This account is closed.");
  if (brand_id !== BRAND) throw unauthorized("This token belongs to another brand.");
  return grant.owner;
}

// ---- Parameters -------------------------------------------------------------------------------

function once(query, name) {
  const values = query.getAll(name);
  if (values.length > 1) throw new Refusal(400, `The parameter '${name}' must be given once.`);
  return values[0];
}

function flag(query, name) {
  const value = once(query, name)?.toLowerCase() ?? "false";
  if (value !== "true" && value !== "false") throw new Refusal(400, `The parameter '${name}' must be true or false.`);
  return value === "true";
}

function count(query, name) {
  const value = once(query, name);
  if (value === undefined) return null;
  const number = /^\d+$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > LARGEST) throw new Refusal(400, `The parameter '${name}' must be an integer from 1 to ${LARGEST}.`);
  return number;
}

// ---- Operations: what each answers to its caller ----------------------------------------------

const details = ({ caller }) => ({ data: caller.shown });

const listCharges = ({ caller }) => ({ data: caller.charges.filter(({ billed_at }) => past(billed_at)).sort(descending("billed_at")) });

function listCredits({ caller, query }) {
  const redeemed = flag(query, "redeemed");
  const expired = flag(query, "expired");
  const visible = caller.credits.filter(
    (one) => one.revoked_at === null && (redeemed || one.redeemed_at === null) && (expired || !past(one.expires_at)),
  );
  return { data: visible.sort(ascending("expires_at")) };
}

const listMemberships = ({ caller }) => ({ data: caller.memberships.map(membershipNow) });

function listPaymentMethods({ caller }) {
  if (caller.shown.stripe_id === null) throw new Refusal(404, "No payment processor knows this customer.");
  return { data: caller.paymentMethods };
}

const isOffered = (caller) => ({ shown, sites }) => shown.organisation_id === ORGANISATION && sites.includes(caller.site);

function listPreferences({ caller }) {
  const offered = preferences.filter(isOffered(caller)).map(({ shown }) => ({ ...shown, opted_in: caller.optedIn.has(shown.id) }));
  return { data: offered.sort(ascending("created_at")) };
}

function chosenPreference({ caller, id }) {
  const chosen = preferences.find(({ shown }) => shown.id === id);
  if (chosen && chosen.shown.organisation_id !== ORGANISATION) throw new Refusal(403, "This preference belongs to another organisation.");
  if (!chosen || !isOffered(caller)(chosen)) throw new Refusal(404, "There is no such marketing preference.");
  return id;
}

function optIn(request) {
  request.caller.optedIn.add(chosenPreference(request));
  return listPreferences(request);
}

function optOut(request) {
  request.caller.optedIn.delete(chosenPreference(request));
  return listPreferences(request);
}

function listOrders({ caller, query, host }) {
  const page = count(query, "page") ?? 1;
  const asked = count(query, "per_page");
  const perPage = Math.min(asked ?? PER_PAGE, CAP);
  const all = [...caller.orders].sort(descending("submitted_at"));
  const data = all.slice((page - 1) * perPage, page * perPage).map(orderNow);
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const path = `http://${host}${PREFIX}/shop/my-account/orders`;
  const link = (number) => `${path}?page=${number}${asked === null ? "" : `&per_page=${asked}`}`;
  const from = data.length ? (page - 1) * perPage + 1 : null;
  return {
    data,
    links: {
      first: link(1), last: link(last),
      ...(page < last && { next: link(page + 1) }),
      ...(page > 1 && { prev: link(Math.min(page - 1, last)) }),
    },
    meta: { current_page: page, from, to: from && from + data.length - 1, total: all.length, per_page: perPage, last_page: last, path },
  };
}

// ---- HTTP -------------------------------------------------------------------------------------

const ACCOUNT = "/customers/my-account";
const routes = [
  [ACCOUNT, { GET: details }],
  [`${ACCOUNT}/charges`, { GET: listCharges }],
  [`${ACCOUNT}/credits`, { GET: listCredits }],
  [`${ACCOUNT}/memberships`, { GET: listMemberships }],
  [`${ACCOUNT}/payment-methods`, { GET: listPaymentMethods }],
  [`${ACCOUNT}/marketing-preferences`, { GET: listPreferences }],
  [`${ACCOUNT}/marketing-preferences/:id`, { POST: optIn, DELETE: optOut }],
  ["/shop/my-account/orders", { GET: listOrders }],
].map(([path, methods]) => ({ pattern: new RegExp(`^${PREFIX}${path.replace(":id", "(?<id>[^/]+)")}$`), methods }));

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "";
  }
}

function find(pathname) {
  for (const { pattern, methods } of routes) {
    const match = pattern.exec(pathname);
    if (match) return { methods, id: decoded(match.groups?.id ?? "") };
  }
  throw new Refusal(404, "There is no such path.");
}

function answer(request) {
  const [pathname, search = ""] = request.url.split(/\?(.*)/s);
  const { methods, id } = find(pathname);
  const served = [...Object.keys(methods), ...(methods.GET ? ["HEAD"] : []), "OPTIONS"];
  const allow = served.join(", ");
  if (request.method === "OPTIONS") {
    const preflight = { "Access-Control-Allow-Methods": allow, "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept" };
    return { status: 204, headers: { Allow: allow, "Access-Control-Max-Age": "600", ...preflight } };
  }
  if (!served.includes(request.method)) throw new Refusal(405, `This path has ${allow} only.`, { Allow: allow });
  const isRead = "GET" in methods;
  const caller = identify(request.headers.authorization, isRead);
  const operation = isRead ? methods.GET : methods[request.method];
  const body = operation({ caller, id, query: new URLSearchParams(search), host: request.headers.host });
  return { status: 200, headers: { "Cache-Control": "private, no-store" }, body };
}

function refusal(error) {
  if (error instanceof Refusal) return { status: error.status, headers: error.headers, body: { message: error.message } };
  console.error(error);
  return { status: 500, headers: {}, body: { message: "Something went wrong on our side." } };
}

function attempted(request) {
  try {
    return answer(request);
  } catch (error) {
    return refusal(error);
  }
}

function send(request, response, { status, headers, body }) {
  const common = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "WWW-Authenticate, Retry-After", ...headers };
  if (body === undefined) return response.writeHead(status, common).end();
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { ...common, "Content-Type": "application/json", "Content-Length": bytes.length });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

// ---- The profile of itself --------------------------------------------------------------------

function profile(base_url) {
  const granted = Object.fromEntries([...tokens].map(([token, { name }]) => [name, token]));
  const customers = Object.entries({ nadia, tomasz, yusuf, imogen }).map(([name, customer]) => {
    return { name, token: granted[name], facts: facts(customer) };
  });
  const { staff, expired, revoked, locked } = granted;
  return { base_url, customers, tokens: { staff, expired, revoked, locked } };
}

function facts(customer) {
  const ids = (records) => records.map(({ id }) => id);
  const [mine, others] = [isOffered(customer), ({ shown }) => shown.organisation_id !== ORGANISATION];
  return {
    redeemed_credits: ids(customer.credits.filter((one) => one.redeemed_at && !one.revoked_at && !past(one.expires_at))),
    revoked_credits: ids(customer.credits.filter((one) => one.revoked_at)),
    own_preferences: ids(preferences.filter(mine).map(({ shown }) => shown)),
    foreign_preference: preferences.find(others).shown.id,
    order_count: customer.orders.length,
  };
}

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => send(request, response, attempted(request)));
});
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(JSON.stringify(profile(`http://127.0.0.1:${server.address().port}${PREFIX}`)));
});
