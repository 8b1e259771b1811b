// My Account: details, memberships, charges, credits, payment methods, marketing preferences.
import { call, list } from "./api.js";
import { date, h, money, none, notice, section, words } from "./dom.js";

const BASE = "/customers/my-account";

export function account() {
  return [
    h("h1", {}, "My Account"),
    section("Details", details), section("Memberships", memberships), section("Charges", charges),
    credits(), section("Payment methods", methods), section("What may we send you?", preferences),
  ];
}

async function details() {
  const { data } = await call("GET", BASE);
  return h("ul", {}, line(h("bdi", {}, data.full_name ?? "No name yet"), ""), data.email && line("E-mail", data.email), data.phone && line("Phone", data.phone), data.dob && line("Born", date(data.dob)));
}

async function memberships() {
  const { data } = await list(`${BASE}/memberships`);
  if (!data.length) return none("You have no membership.");
  return h("ul", {}, data.map((each) => h("li", {}, h("div", { class: "line" }, h("span", {}, `${each.type.name}, ${each.rate.name}`), h("span", { class: "tag" }, words(each.status))),
    each.attention_reason ? h("p", { class: "bad" }, `Needs your attention: ${words(each.attention_reason)}.`) : null,
    each.next_charge ? h("p", { class: "soft" }, `${money(each.next_charge.amount, each.next_charge.currency)} on ${date(each.next_charge.due_date)}`) : null,
    each.payment_setup_url?.startsWith("https://") ? h("a", { href: each.payment_setup_url }, "Set up the payment") : null)));
}

async function charges() {
  const { data } = await list(`${BASE}/charges`);
  if (!data.length) return none("Nothing was charged yet.");
  const shown = data.slice(0, 6);
  return [h("ul", {}, shown.map((each) => h("li", {}, h("div", { class: "line" }, h("span", {}, each.description), h("span", {}, money(each.amount, each.currency)), h("span", { class: "tag" }, words(each.status))),
    h("p", { class: each.failure_reason ? "bad" : "soft" }, each.failure_reason ?? date(each.billed_at))))),
  data.length > shown.length ? none(`and ${data.length - shown.length} earlier ones`) : null].filter(Boolean);
}

function credits() {
  const wanted = { redeemed: false, expired: false };
  return section("Credits", async (again) => {
    const query = new URLSearchParams(Object.entries(wanted).filter(([, on]) => on).map(([name]) => [name, "true"]));
    const { data } = await list(`${BASE}/credits${[...query].length ? `?${query}` : ""}`);
    const filters = h("div", { class: "filters" }, Object.keys(wanted).map((name) =>
      h("label", {}, h("input", { type: "checkbox", checked: wanted[name], change: () => { wanted[name] = !wanted[name]; again(); } }), `Show ${name} ones`)));
    return [filters, data.length ? h("ul", {}, data.map((each) => h("li", {}, h("div", { class: "line" }, h("span", {}, each.coupon_name), h("span", {}, each.coupon_code)),
      h("p", { class: "soft" }, each.redeemed_at ? `redeemed on ${date(each.redeemed_at)}` : each.expires_at ? `until ${date(each.expires_at)}` : "never expires")))) : none("You have no credits like that.")];
  });
}

async function methods() {
  try {
    const { data } = await list(`${BASE}/payment-methods`);
    if (!data.length) return none("No card or bank account is saved.");
    return h("ul", {}, data.map((each) => line(`${each.name ?? words(each.card_brand ?? each.type)} ending in ${each.last_4}`, words(each.status))));
  } catch (error) {
    if (error.status !== 404) throw error;
    return none("You have not paid for anything yet, so there is no card or bank account to show.");
  }
}

async function preferences() {
  const { data } = await list(`${BASE}/marketing-preferences`);
  if (!data.length) return none("There is nothing to choose.");
  return h("ul", {}, data.map((each) => h("li", {}, preference(each))));
}

/** Toggled at once, put back if the spa refuses. */
function preference({ id, text, opted_in: optedIn }) {
  const box = h("input", { type: "checkbox", checked: optedIn, change: async () => {
    const wanted = box.checked;
    box.disabled = true;
    try {
      await call(wanted ? "POST" : "DELETE", `${BASE}/marketing-preferences/${encodeURIComponent(id)}`);
      notice(wanted ? "You will hear from us." : "You will not hear from us.");
    } catch (error) {
      box.checked = !wanted;
      notice(error.message);
    } finally {
      box.disabled = false;
    }
  } });
  return h("label", {}, box, h("span", {}, text));
}

function line(name, value) {
  return h("li", {}, h("div", { class: "line" }, h("span", {}, name), h("span", {}, value)));
}
