// Faults: let something go wrong on demand, and take it back.
import { action, field, fill, form, h, select, tag } from "./dom.js";

const KINDS = {
  status: { text: "An error status", fields: ["status", "message"] },
  latency: { text: "A late answer", fields: ["delay_ms"] },
  answer: { text: "An answer of your own", fields: ["status", "body"] },
  rate_limit: { text: "429 with Retry-After", fields: ["retry_after_s"] },
  drip: { text: "A body that drips", fields: ["duration_ms"] },
  truncated: { text: "A body cut off", fields: [] },
  malformed_json: { text: "Malformed JSON", fields: [] },
  wrong_type: { text: "A value of another type", fields: [] },
  EMPTY_RESPONSE: { text: "Connection closed without an answer", fields: [] },
  MALFORMED_RESPONSE_CHUNK: { text: "Garbage in the middle of the answer", fields: [] },
  RANDOM_DATA_THEN_CLOSE: { text: "Garbage in place of the answer", fields: [] },
  CONNECTION_RESET_BY_PEER: { text: "Connection reset", fields: [] },
};
const FIELDS = {
  status: () => field("Status", h("input", { name: "status", type: "number", min: 200, max: 599, value: "401" })),
  message: () => field("Message (optional)", h("input", { name: "message" })),
  delay_ms: () => field("Delay in ms", h("input", { name: "delay_ms", type: "number", min: 0, max: 60000, value: "800" })),
  retry_after_s: () => field("Retry after, seconds", h("input", { name: "retry_after_s", type: "number", min: 0, value: "2" })),
  duration_ms: () => field("Takes, in ms", h("input", { name: "duration_ms", type: "number", min: 0, max: 60000, value: "2000" })),
  body: () => field("Body, JSON", h("textarea", { name: "body", value: '{"data": []}' })),
};
const NUMBERS = new Set(["status", "delay_ms", "retry_after_s", "duration_ms", "count"]);

export const faults = {
  title: "Faults",
  intro: "What goes wrong in this sandbox until you take it back. Every answer that a fault touched says so in X-Mock-Fault.",
  async show(app, place) {
    const list = h("div", { class: "stack", "aria-live": "polite" });
    const options = h("div", { class: "fields" });
    const kind = select("kind", Object.entries(KINDS).map(([id, { text }]) => [id, text]), "status");
    const choose = () => fill(options, KINDS[kind.value].fields.map((name) => FIELDS[name]()));
    kind.addEventListener("change", choose);
    choose();

    let shown = [];

    // While faults strike, their counts alone change: a button must not go away under the pointer.
    function draw() {
      if (app.faults.length && app.faults.length === shown.length && app.faults.every(({ id }, index) => id === shown[index].id)) {
        return shown.forEach((each, index) => each.count(app.faults[index]));
      }
      shown = app.faults.map((fault) => card(app, fault));
      fill(list, shown.length ? shown.map(({ node }) => node) : h("p", { class: "empty" }, "Nothing goes wrong at the moment."),
        shown.length > 1 ? action("Remove all", async () => { await app.sandbox.clearFaults(); await app.loadFaults(); }, { class: "bad" }) : null);
    }

    await app.loadFaults();
    draw();
    fill(place, h("div", { class: "two" },
      h("section", { class: "card" }, h("h2", {}, "Let something go wrong"), form([
        h("div", { class: "fields" },
          field("What", kind),
          field("At", select("operation", [["", "every operation"], ...app.contract.operations.map(({ id, summary }) => [id, summary])], "")),
          field("How often", h("input", { name: "count", type: "number", min: 1, placeholder: "until removed" })),
          field("Counted by", select("count_by", [["attempt", "attempt"], ["request", "request: one X-Request-Id counts once"]], "attempt"))),
        options,
        h("label", { class: "check" }, h("input", { type: "checkbox", name: "off_contract" }), "Allow what the document does not list"),
      ], async (values) => {
        await app.sandbox.fault(rule(values));
        await app.loadFaults();
      }, "Add the fault")),
      h("section", { class: "stack" }, h("h2", {}, "At work"), list)));
    return { faults: draw };
  },
};

function rule(values) {
  const made = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === "") continue;
    if (name === "off_contract") made[name] = true;
    else if (name === "body") made[name] = JSON.parse(value);
    else made[name] = NUMBERS.has(name) ? Number(value) : value;
  }
  return made;
}

function card(app, fault) {
  const { id, kind, operation, status, count, count_by: countBy, documented } = fault;
  const at = operation ? app.contract.operations.find((each) => each.id === operation)?.summary ?? operation : "every operation";
  const struck = h("p", { class: "soft" });
  const unit = countBy === "request" ? "request" : "call";
  const write = ({ hits }) => { struck.textContent = `At ${at}; struck ${hits} ${hits === 1 ? unit : `${unit}s`}${count ? ` of ${count}` : ""}.`; };
  write(fault);
  const node = h("article", { class: "card" }, h("div", { class: "row" },
    h("h3", {}, `${KINDS[kind]?.text ?? kind}${status ? ` ${status}` : ""}`), documented === false ? tag("off contract", "warn") : null),
    struck,
    h("div", {}, action("Remove", async () => { await app.sandbox.removeFault(id); await app.loadFaults(); }, { "aria-label": `Remove fault ${id}` })));
  return { id, node, count: write };
}
