// Traffic: the journal, live. A fixed set of rows is filled anew, so that nothing moves while requests come in.
import { action, copyButton, download, field, fill, fits, h, pretty, select, shellQuoted, tag } from "./dom.js";
import { HOME } from "./world.js";

const ROWS = 100;

export const traffic = {
  title: "Traffic",
  intro: "Every request to this sandbox, the newest first, with the reason for its answer.",
  proxied: "What passed, the newest first, with what the contract says of both sides.",
  async show(app, place) {
    let entries = [];
    let held = false;
    let chosen = null;
    const rows = Array.from({ length: ROWS }, () => row((number) => open(number)));
    const list = h("ul", { class: "calls", "aria-label": "Requests", pointerenter: () => { held = true; }, pointerleave: () => { held = false; draw(); } }, rows.map((each) => each.item));
    const detail = h("section", { class: "card", "aria-label": "The chosen request", "aria-live": "polite" }, h("p", { class: "soft" }, "Choose a request to see it whole."));
    const news = h("span", { class: "soft", role: "status" });
    const filters = { operation: "", status: "", persona: (app.upstream && app.persona) || "", text: "" };
    const filter = (name, label, options) => {
      const input = options ? select(name, [["", "all"], ...options], filters[name]) : h("input", { name, placeholder: "path, reason …" });
      input.addEventListener("input", () => { filters[name] = input.value; draw(true); });
      return field(label, input);
    };

    function wanted(entry) {
      const text = filters.text.toLowerCase();
      return (!filters.operation || entry.operation === filters.operation)
        && (!filters.status || (filters.status === "off" ? !fits(entry) : String(entry.status).startsWith(filters.status)))
        && (!filters.persona || entry.persona === filters.persona)
        && (!text || `${entry.method} ${entry.path}?${entry.query} ${entry.reason} ${entry.rule ?? ""}`.toLowerCase().includes(text));
    }

    function draw(now = false) {
      const matching = app.traffic.filter(wanted);
      if ((held || list.contains(document.activeElement)) && !now && entries.length) {
        const newer = matching.filter(({ number }) => number > entries[0].number).length;
        news.textContent = newer ? `${newer} more since; move the pointer away to see them.` : "";
        return;
      }
      news.textContent = matching.length ? "" : app.traffic.length ? "No request is like that." : "Nothing was asked yet. Point your front end at this sandbox.";
      entries = matching.slice(-ROWS).reverse();
      rows.forEach((each, index) => each.show(entries[index], chosen));
    }

    async function open(number) {
      chosen = number;
      rows.forEach((each, index) => each.show(entries[index], chosen));
      const entry = await app.server.call("GET", `${app.sandbox.path}/journal/${number}`);
      if (chosen === number) fill(detail, whole(app, entry));
    }

    const whose = filter("persona", "Person", people(app));
    const persona = whose.querySelector("select");
    draw(true);
    fill(place,
      h("div", { class: "fields", focusin: () => app.loadOlder() },
        filter("operation", "Operation", app.contract.operations.map(({ id, summary }) => [id, summary])),
        filter("status", "Status", [["2", "2xx"], ["4", "4xx"], ["5", "5xx"], ["off", "off contract"]]),
        whose,
        filter("text", "Contains")),
      h("div", { class: "row gap" },
        action("Download HAR", async () => download(`${app.sandbox.id}.har`, await app.sandbox.har())),
        action("Forget all", () => app.sandbox.clearJournal()),
        news),
      h("div", { class: "traffic" }, list, detail));
    return {
      traffic: () => draw(),
      cleared: () => draw(true),
      changed() {
        const known = [...persona.options].map(({ value }) => value);
        people(app).filter((each) => !known.includes(each)).forEach((each) => persona.append(h("option", { value: each }, each)));
      },
    };
  },
};

function people(app) {
  if (!app.upstream) return app.sandbox.customers.map(({ persona }) => persona);
  return [...new Set([app.persona, ...app.traffic.map(({ persona }) => persona)])].filter(Boolean).sort();
}

function row(open) {
  const cells = ["time", "mono", "mono", "mono", "who"].map((name) => h("span", { class: name }));
  const [time, status, method, path, who] = cells;
  let number = null;
  const button = h("button", { type: "button", click: () => open(number) }, time, method, status, path, who);
  const item = h("li", { hidden: true }, button);
  return {
    item,
    show(entry, chosen) {
      item.hidden = !entry;
      if (!entry) return;
      number = entry.number;
      time.textContent = entry.at.slice(11, 19);
      method.textContent = entry.method;
      status.textContent = entry.status;
      status.className = `mono s${String(entry.status)[0]}`;
      fill(path, fits(entry) ? null : [tag("off contract", "bad"), " "], entry.response.valid === null ? [tag("not judged"), " "] : null, entry.path + (entry.query ? `?${entry.query}` : ""));
      who.textContent = entry.persona ?? entry.role ?? "nobody";
      button.setAttribute("aria-pressed", String(number === chosen));
    },
  };
}

function whole(app, entry) {
  const rule = entry.rule ? app.contract.rules.get(entry.rule) : null;
  const query = entry.query ? `?${entry.query}` : "";
  // Neither `-d`, which reads a file where a body begins with `@`, nor curl's patterns in addresses.
  const curl = [entry.method === "HEAD" ? "curl -g --head" : `curl -g -i -X ${entry.method}`, ...Object.entries(entry.request.headers)
    .filter(([name]) => ["accept", "content-type", "prefer"].includes(name.toLowerCase()))
    .map(([name, value]) => `-H ${shellQuoted(`${name}: ${value}`)}`),
  entry.role ? `-H ${shellQuoted(`Authorization: Bearer ${token(app, entry)}`)}` : "",
  entry.request.body ? `--data-raw ${shellQuoted(entry.request.body)}` : "",
  shellQuoted(`${HOME}${entry.path.split("/").map(encodeURIComponent).join("/")}${query}`)].filter(Boolean).join(" ");
  return [
    h("div", { class: "row" }, h("h2", {}, `${entry.method} ${entry.path}${query}`)),
    h("div", { class: "row" }, tag(entry.status, { 2: "good", 4: "warn" }[String(entry.status)[0]] ?? "bad"), h("span", {}, entry.reason),
      entry.fault ? tag(`fault ${entry.fault}`, "warn") : null),
    rule ? h("p", {}, h("b", {}, `${rule.id} `), `(${rule.source}): ${rule.text}`) : null,
    verdict("Request", entry.request), verdict("Answer", entry.response),
    entry.changes.length ? h("div", {}, h("h3", {}, "What it changed"), h("ul", { class: "plain" }, entry.changes.map((change) => h("li", {}, sentence(change))))) : null,
    h("div", { class: "row" }, copyButton(curl, "Copy as curl")),
    entry.request.body ? h("details", {}, h("summary", {}, "Request body"), h("div", {}, h("pre", { tabindex: 0 }, pretty(entry.request.body)))) : null,
    h("details", { open: true }, h("summary", {}, `Answer, ${entry.response.body_bytes} bytes`), h("div", {}, h("pre", { tabindex: 0 }, pretty(entry.response.body) || "no body"))),
    h("details", {}, h("summary", {}, "Headers"), h("div", {}, h("pre", { tabindex: 0 }, headers(entry)))),
  ];
}

function verdict(name, { valid, problem }) {
  const judged = { true: tag("fits the contract", "good"), false: tag("off contract", "bad"), null: tag("not judged") };
  return h("p", {}, judged[valid], ` ${name}${problem ? `: ${problem}` : ""}`);
}

function sentence({ persona, preference_id: preference, opted_in: optedIn, text }) {
  return text ? `${persona}: ${text}` : `${persona} opted ${optedIn ? "in to" : "out of"} ${preference}`;
}

function headers(entry) {
  const lines = (pairs) => pairs.map(([name, value]) => `${name}: ${value}`).join("\n");
  return `${lines(Object.entries(entry.request.headers))}\n\n${lines(entry.response.headers)}`;
}

function token(app, { persona, role }) {
  if (app.upstream) return "TOKEN";
  return app.sandbox.tokens[role] ?? app.sandbox.customers.find((each) => each.persona === persona)?.token ?? "TOKEN";
}
