export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "checked" || name === "disabled") node[name] = value;
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function money(amount, currency) {
  return new Intl.NumberFormat("en-GB", { style: "currency", currency: currency.toUpperCase() }).format(amount / 100);
}

export function date(text) {
  return text ? new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" }).format(new Date(text)) : "";
}

export function words(text) {
  return String(text).replaceAll("_", " ");
}

let timer;

export function notice(text) {
  const place = document.getElementById("notice");
  place.replaceChildren(h("p", {}, text));
  clearTimeout(timer);
  timer = setTimeout(() => place.replaceChildren(), 5000);
}

/** A section that fills itself; a failure is told in it, with a way to try again. */
export function section(title, load) {
  const body = h("div", { "aria-busy": "true" }, h("p", { class: "soft" }, "Loading …"));
  async function run() {
    try {
      body.replaceChildren(...[await load(run)].flat(Infinity));
    } catch (error) {
      if (error.status === 401) dispatchEvent(new CustomEvent("signed-out", { detail: error.message }));
      body.replaceChildren(h("p", { class: "bad", role: "alert" }, worded(error)), h("button", { type: "button", click: run }, "Try again"));
    } finally {
      body.removeAttribute("aria-busy");
    }
  }
  run();
  return h("section", {}, h("h2", {}, title), body);
}

/** What went wrong; of an answer that nobody could have expected the browser's own words say nothing to a customer. */
function worded(error) {
  return error instanceof TypeError ? "The spa answered something that we do not understand. Please try again." : error.message ?? "This cannot be shown.";
}

export function none(text) {
  return h("p", { class: "soft" }, text);
}
