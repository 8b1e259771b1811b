// State: everything a person has, what differs from the scenario marked, and all of it changeable
// in the words of a scenario file.
import { action, day, dialog, field, fill, form, h, instant, listIn, money, select, tag, toast } from "./dom.js";
import { chooser } from "./people.js";
import { HOME, resolved } from "./world.js";

const CREDITS = "listMyAccountCredits";
const KIND = {
  getMyAccountDetails: "customer", listMyAccountCharges: "charges", listMyAccountCredits: "credits", listMyAccountMemberships: "memberships",
  listMyAccountPaymentMethods: "payment_methods", listMyAccountMarketingPreferences: "marketing_preferences", listMyAccountOrders: "orders",
};
const COLUMNS = {
  listMyAccountCharges: [["Billed", (r) => day(r.billed_at)], ["What", (r) => r.description], ["Amount", (r) => money(r.amount, r.currency), "number"], ["Status", (r) => tag(r.status)], ["Why", (r) => r.failure_reason ?? ""]],
  listMyAccountCredits: [["Coupon", (r) => r.coupon_name], ["Code", (r) => h("code", {}, r.coupon_code)], ["Expires", (r) => (r.expires_at ? day(r.expires_at) : "never")], ["State", creditTags]],
  listMyAccountMemberships: [["Membership", (r) => `${r.type.name}, ${r.rate.name}`], ["Status", (r) => tag(r.status)], ["Attention", (r) => r.attention_reason?.replaceAll("_", " ") ?? ""], ["Since", (r) => day(r.start_date)], ["Next charge", (r) => (r.next_charge ? `${money(r.next_charge.amount, r.next_charge.currency)} on ${day(r.next_charge.due_date)}` : "none")]],
  listMyAccountPaymentMethods: [["Method", (r) => r.name ?? r.card_brand ?? r.type.replaceAll("_", " ")], ["Ends in", (r) => h("code", {}, r.last_4)], ["Expires", (r) => r.card_expiry ?? ""], ["Status", (r) => tag(r.status)]],
  listMyAccountOrders: [["Order", (r) => h("code", {}, r.order_ref)], ["Submitted", (r) => day(r.submitted_at)], ["Items", (r) => String(r.booking_items.length + r.package_items.length + r.purchase_items.length), "number"], ["Total", (r) => money(r.total_cost, r.currency), "number"], ["Status", (r) => tag(r.status)]],
};

function isExpired(credit, { now }) {
  return Boolean(credit.expires_at) && Date.parse(credit.expires_at) <= Date.parse(now);
}

function creditTags(credit, person) {
  const states = [credit.redeemed_at ? "redeemed" : null, isExpired(credit, person) ? "expired" : null, credit.revoked_at ? "revoked" : null].filter(Boolean);
  return (states.length ? states : ["open"]).flatMap((state) => [tag(state), " "]);
}

export const state = {
  title: "State",
  intro: "Everything one person has, as the API would show it now. A bar at the left and a word mark what differs from the scenario.",
  async show(app, place) {
    const [choice, body] = [h("div"), h("div", { class: "stack" })];
    const view = { app, person: null, draw };
    const drawChoice = listIn(choice, ([persona]) => (persona ? chooser(app, "state", persona) : h("p", { class: "empty" }, "Nobody lives in this sandbox.")));
    const drawBody = listIn(body, ([resource]) => section(view, resource));

    async function draw(known) {
      const names = app.sandbox.customers.map(({ persona }) => persona);
      const persona = names.includes(app.persona) ? app.persona : names[0];
      view.person = persona ? known ?? await app.sandbox.person(persona) : { resources: [] };
      drawChoice([[persona, names]]);
      drawBody(view.person.resources.map((resource) => [resource, persona, resource.operation === CREDITS ? resource.data?.map((each) => isExpired(each, view.person)) : null]));
    }

    await draw();
    fill(place, h("div", { class: "stack" }, choice, body));
    return { changed: () => draw() };
  },
};

function section(view, resource) {
  const { app } = view;
  const operation = app.contract.operations.find(({ id }) => id === resource.operation);
  const title = operation?.summary ?? resource.operation;
  const kind = KIND[resource.operation];
  const changes = Object.keys(resource.marks).length + resource.removed.length;
  return h("section", { class: "stack", "data-operation": resource.operation },
    h("div", { class: "row" }, h("h2", {}, title), changes ? tag(`${changes} changed`, "accent") : null,
      kind && kind !== "marketing_preferences" ? h("button", { type: "button", class: "small", "aria-label": `Change ${title}`, click: () => edit(view, kind, title) }, "Change") : null),
    content(view, resource));
}

function content(view, resource) {
  const { operation, data, message, status } = resource;
  if (status !== 200) return h("p", { class: "empty" }, `${status}: ${message}`);
  if (operation === "listMyAccountMarketingPreferences") return preferences(view, resource);
  if (!Array.isArray(data)) return details(data, resource);
  if (!data.length && !resource.removed.length) return h("p", { class: "empty" }, "None.");
  const columns = COLUMNS[operation] ?? columnsOf(data[0] ?? resource.removed[0]);
  const line = (record, mark) => h("tr", { class: mark ? "changed" : null }, columns.map(([, show, numeric], index) =>
    h("td", { class: numeric, dir: "auto" }, show(record, view.person), index === columns.length - 1 && mark ? [" ", tag(mark, "accent")] : null)));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": operation }, h("table", {},
    h("thead", {}, h("tr", {}, columns.map(([name, , numeric]) => h("th", { scope: "col", class: numeric }, name)))),
    h("tbody", {}, data.map((record) => line(record, resource.marks[record.id])), resource.removed.map((record) => line(record, "removed")))),
  resource.total > data.length ? h("p", { class: "soft more" }, `and ${resource.total - data.length} older ones`) : null);
}

function columnsOf(record) {
  return Object.keys(record).filter((name) => typeof record[name] !== "object").slice(0, 5).map((name) => [name.replaceAll("_", " "), (each) => String(each[name])]);
}

function details(record, resource) {
  const shown = (name, value) => {
    if (value === null || value === undefined) return h("span", { class: "soft" }, "null");
    if (name === "labels") return value.length ? h("div", { class: "row" }, value.map((label) => tag(label.value))) : h("span", { class: "soft" }, "none");
    if (typeof value === "object") return h("code", {}, JSON.stringify(value));
    return name.endsWith("_at") ? instant(value) : String(value);
  };
  return h("details", { class: resource.marks[record.id] ? "changed" : null }, h("summary", {}, h("bdi", {}, record.full_name ?? "No name"), " · ", record.email ?? "no e-mail", " · ", record.phone ?? "no phone", " "),
    h("div", {}, h("table", {}, h("tbody", {}, Object.entries(record).map(([name, value]) => h("tr", {}, h("th", { scope: "row", class: "mono" }, name), h("td", { dir: "auto" }, shown(name, value))))))));
}

function preferences({ app, person, draw }, resource) {
  const { data, marks } = resource;
  if (!data.length) return h("p", { class: "empty" }, "None are offered to them.");
  const names = person.preference_names;
  return h("div", { class: "scroll" }, data.map((each) => {
    const box = h("input", { type: "checkbox", checked: each.opted_in, change: async () => {
      const wanted = data.filter((other) => (other.id === each.id ? box.checked : other.opted_in)).map(({ id }) => names[id]);
      try {
        await draw(await app.sandbox.change(person.persona, { marketing_preferences: { opted_in: wanted } }));
      } catch (error) {
        box.checked = each.opted_in;
        toast(error.message);
      }
    } });
    return h("label", { class: "toggle" }, box, h("span", {}, each.text, marks[each.id] ? [" ", tag("changed", "accent")] : null));
  }));
}

// Changing what a person holds, by the schema of scenario files.

async function edit({ app, person, draw }, kind, title) {
  const schema = await (await fetch(`${HOME}/__mock__/scenario.schema.json`)).json();
  const named = schema.properties.customers.additionalProperties.properties[kind];
  const single = kind === "customer";
  const shape = holdingShape(schema, named, single);
  const held = person.holdings[kind] ?? {};
  const save = (change) => app.sandbox.change(person.persona, { [kind]: change });

  dialog(`${title} of ${person.persona}`, (close) => {
    const done = async (change) => { const person = await save(change); close(); await draw(person); };
    if (single) return holdingForm(schema, shape, held, (values) => done(values), "Save");
    return h("div", { class: "stack" },
      h("p", { class: "soft" }, "By the names of the scenario file. A number is how many there are in the state that the name tells."),
      Object.entries(held).map(([name, value]) => h("details", {}, h("summary", {}, h("b", {}, name), typeof value === "number" ? ` × ${value}` : ""),
        h("div", { class: "stack" },
          typeof value === "number"
            ? form([field("How many", h("input", { name: "count", type: "number", min: 0, value: String(value) }))], ({ count }) => done({ [name]: Number(count) }), "Save")
            : holdingForm(schema, shape, value, (values) => done({ [name]: values }), "Save"),
          action("Remove", () => done({ [name]: null }), { class: "bad", "aria-label": `Remove ${name}` })))),
      h("details", { open: !Object.keys(held).length }, h("summary", {}, "Add one"), h("div", {}, addForm(schema, shape, held, done))));
  });
}

function addForm(schema, shape, held, done) {
  const name = h("input", { name: "__name", required: true, placeholder: "a name of your choice" });
  const inputs = holdingInputs(schema, shape, {});
  return form([field("Name", name), h("div", { class: "fields" }, inputs)], (values) => {
    const { __name: chosen, ...rest } = values;
    if (!chosen) throw new Error("Give it a name.");
    if (chosen in held) throw new Error(`There is one called '${chosen}' already.`);
    return done({ [chosen]: converted(schema, shape, rest, {}) });
  }, "Add");
}

function holdingForm(schema, shape, value, save, label) {
  return form([h("div", { class: "fields" }, holdingInputs(schema, shape, value))], (values) => save(converted(schema, shape, values, value)), label);
}

function holdingShape(schema, named, single) {
  const first = (node) => (node.anyOf ?? [node]).map((each) => resolved(schema, each)).find((each) => each.type === "object");
  const outer = first(named);
  return single ? outer : first(outer.additionalProperties);
}

function typesOf(schema, node) {
  return (node.anyOf ?? [node]).map((each) => resolved(schema, each)).filter((each) => each.type !== "null");
}

function holdingInputs(schema, shape, value) {
  return Object.entries(shape.properties).map(([name, node]) => {
    const [type] = typesOf(schema, node);
    const now = value[name];
    if (type.enum) return field(words(name), select(name, [["", "as usual"], ...type.enum.map((each) => [String(each), String(each).replaceAll("_", " ")])], now === undefined ? "" : String(now)));
    if (type.type === "boolean") return field(words(name), select(name, [["", "as usual"], ["true", "yes"], ["false", "no"]], now === undefined ? "" : String(now)));
    if (type.type === "array") return field(`${words(name)}, one a line`, h("textarea", { name, value: (now ?? []).join?.("\n") ?? String(now) }));
    return field(words(name), h("input", { name, value: now === undefined || now === null ? "" : String(now), placeholder: type.default ?? "as usual", type: type.type === "integer" ? "number" : "text" }));
  });
}

/** The fields of a form as a merge patch: what was emptied is taken back, what was not filled is left out. */
function converted(schema, shape, values, before) {
  const made = {};
  for (const [name, text] of Object.entries(values)) {
    const [type] = typesOf(schema, shape.properties[name]);
    if (text === "") {
      if (name in before) made[name] = null;
    } else if (type.type === "boolean") made[name] = text === "true";
    else if (type.type === "integer") made[name] = Number(text);
    else if (type.type === "array") made[name] = text.split("\n").map((line) => line.trim()).filter(Boolean);
    else made[name] = text;
  }
  return made;
}

function words(name) {
  return name.replaceAll("_", " ");
}
