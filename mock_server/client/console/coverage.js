// Coverage: what the front end has met of all that the contract can show, and what it never did.
import { fill, h, tag } from "./dom.js";

export const coverage = {
  title: "Coverage",
  intro: "Operations, documented statuses and edge states of the data. Dashed is what your client never met.",
  proxied: "Operations, documented statuses and edge states of the data. Dashed is what never passed.",
  async show(app, place) {
    const percent = h("p", { class: "big" });
    const bar = h("progress", { max: 100, "aria-label": "Met of all there is" });
    const body = h("tbody");
    let waiting = false;

    async function refresh() {
      const report = await app.sandbox.coverage();
      percent.textContent = `${report.percent} % met`;
      bar.value = report.percent;
      fill(body, report.operations.map(({ operation, statuses, states, personas }) => h("tr", {},
        h("th", { scope: "row" }, app.contract.operations.find(({ id }) => id === operation)?.summary ?? operation, h("div", { class: "soft mono" }, operation)),
        h("td", { class: "together" }, chips(Object.entries(statuses).map(([status, count]) => [`${status}${count > 1 ? ` ×${count}` : ""}`, count > 0]))),
        h("td", {}, chips(Object.entries(states))),
        h("td", {}, personas.length ? personas.join(", ") : h("span", { class: "soft" }, "nobody")))));
    }

    await refresh();
    fill(place, h("div", { class: "card" }, percent, bar), h("div", { class: "scroll gap", tabindex: 0, role: "region", "aria-label": "Coverage by operation" }, h("table", { class: "blocks" },
      h("thead", {}, h("tr", {}, ["Operation", "Statuses", "Edge states", "Asked by"].map((name) => h("th", { scope: "col" }, name)))), body)));
    function soon() {
      if (waiting) return;
      waiting = true;
      setTimeout(() => { waiting = false; if (place.isConnected) refresh().catch(() => {}); }, 500);
    }

    return { traffic: soon, cleared: soon };
  },
};

function chips(pairs) {
  return h("div", { class: "row" }, pairs.map(([text, met]) => h("span", {}, tag(text, met ? "good" : "unmet"), h("span", { class: "sr" }, met ? " met" : " never met"))));
}
