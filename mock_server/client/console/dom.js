// Small tools to build the page. Text from the API only ever becomes text nodes, never markup.

/** An element with attributes (functions become listeners, `false` and `null` are left out) and children. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "value" || name === "checked" || name === "selected") node[name] = value;
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Replace what stands in an element. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Shows items in an element, each by a node of its own that stays while its item does: nothing goes away under the pointer. */
export function listIn(place, make) {
  let shown = new Map();
  return (items) => {
    const next = new Map(items.map((item) => {
      const key = JSON.stringify(item);
      return [key, shown.get(key) ?? make(item)];
    }));
    for (const [key, node] of shown) if (!next.has(key)) node.remove();
    [...next.values()].forEach((node, index) => { if (place.children[index] !== node) place.insertBefore(node, place.children[index] ?? null); });
    shown = next;
  };
}

let toastTimer;

/** Say something once, for a few seconds. */
export function toast(message) {
  const place = document.getElementById("toast");
  fill(place, h("p", {}, message));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => fill(place), 5000);
}

export function copyButton(text, label = "Copy", name = label) {
  return h("button", { type: "button", class: "small", "aria-label": name, click: async () => toast((await copied(text)) ? "Copied." : "The browser does not let this page copy.") }, label);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A button that runs an action; shows its error as a toast, and cannot be pressed twice meanwhile. */
export function action(label, run, attributes = {}) {
  const button = h("button", { type: "button", ...attributes, click: async () => {
    button.disabled = true;
    try {
      await run();
    } catch (error) {
      toast(error.message);
    } finally {
      button.disabled = false;
    }
  } }, label);
  return button;
}

/** A form whose error stands in the form. `submit` gets its named values. */
export function form(children, submit, label) {
  const problem = h("p", { class: "error", role: "alert", hidden: true });
  const send = h("button", { class: "main" }, label);
  const made = h("form", { novalidate: true, submit: async (event) => {
    event.preventDefault();
    problem.hidden = true;
    send.disabled = true;
    try {
      await submit(Object.fromEntries(new FormData(made)), made);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    } finally {
      send.disabled = false;
    }
  } }, ...children, problem, h("div", { class: "row" }, send));
  return made;
}

export function field(label, input) {
  return h("label", { class: "field" }, label, input);
}

export function select(name, options, value) {
  return h("select", { name }, options.map((option) => {
    const [id, text] = Array.isArray(option) ? option : [option, option];
    return h("option", { value: id, selected: id === value }, text);
  }));
}

/** Open a modal dialog with a title; it is gone when it closes. `body` gets a function that closes it. */
export function dialog(title, body) {
  const node = h("dialog", { "aria-label": title });
  node.append(h("div", { class: "stack" }, h("h2", {}, title), body(() => node.close()), h("button", { type: "button", click: () => node.close() }, "Close")));
  node.addEventListener("close", () => node.remove());
  document.body.append(node);
  node.showModal();
}

export function download(name, data) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Whether a request and its answer are such as the document allows; what was not judged is not against it. */
export function fits({ request, response }) {
  return request.valid && response.valid !== false;
}

const AMOUNTS = new Map();

// To make a format takes longer than to use it a hundred times.
function amounts(currency) {
  if (!AMOUNTS.has(currency)) AMOUNTS.set(currency, new Intl.NumberFormat("en-GB", { style: "currency", currency }));
  return AMOUNTS.get(currency);
}

export function money(amount, currency) {
  try {
    return amounts(currency).format(amount / 100);
  } catch {
    return `${amount} ${currency}`;
  }
}

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const INSTANT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

export function instant(text) {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? String(text) : `${INSTANT.format(date)} UTC`;
}

export function day(text) {
  const date = new Date(text ?? NaN);
  return Number.isNaN(date.getTime()) ? "–" : DAY.format(date);
}

/** Text as one word of a shell; control characters, which a terminal would obey when pasted, are written out. */
export function shellQuoted(text) {
  const plain = String(text);
  if (!/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(plain)) return `'${plain.replaceAll("'", `'\\''`)}'`;
  const escaped = plain.replace(/[\\']/g, "\\$&").replace(/[\0-\x1f\x7f-\x9f]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `$'${escaped}'`;
}

export const TONE = {
  succeeded: "good", active: "good", settled: "good", open: "good", confirmed: "good",
  failed: "bad", errored: "bad", expired: "bad", revoked: "bad", inactive: "bad", needs_attention: "bad", cancelled: "bad", no_show: "bad",
  preparing: "warn", processing: "warn", pending: "warn", reserved: "warn", upcoming: "warn", needs_dd_mandate: "warn", refunded: "warn", redeemed: "warn",
};

export function tag(text, tone = TONE[text] ?? "") {
  return h("span", { class: `tag ${tone}` }, String(text).replaceAll("_", " "));
}
