// World: which scenario is open, and taking the whole sandbox in and out.
import { action, download, field, fill, form, h, select } from "./dom.js";

export const worlds = {
  title: "World",
  intro: "Switch the scenario, go back to its beginning, open another sandbox, or take this one with you.",
  async show(app, place) {
    const scenarios = await app.server.call("GET", "/__mock__/scenarios");
    const named = scenarios.map(({ name, title }) => [name, `${title} (${name})`]);
    const shown = h("p", { class: "soft" });
    const draw = () => { shown.textContent = `This sandbox shows “${app.sandbox.scenario}”. Another one keeps its id, its clock and the tokens of everybody who is in both.`; };
    draw();
    const file = h("input", { type: "file", accept: "application/json", name: "file" });
    fill(place, h("div", { class: "grid" },
      card("Scenario", shown,
        form([field("Scenario", select("scenario", named, app.sandbox.scenario))], async ({ scenario }) => {
          await app.sandbox.useScenario({ scenario });
          await app.open(app.sandbox.id);
        }, "Switch")),
      card("Back to the beginning", "Takes back every change, fault and move of the clock.", action("Reset the sandbox", async () => {
        await app.sandbox.reset();
        await app.open(app.sandbox.id);
      })),
      card("A sandbox of its own", "A world that no other test can touch.", form([
        field("Scenario", select("scenario", named, "default")),
        field("Seed (optional)", h("input", { name: "seed", type: "number", min: 0 })),
        field("Clock stands still at (UTC, optional)", h("input", { name: "now", type: "datetime-local", step: 1 })),
      ], async ({ scenario, seed, now }) => {
        const opened = await app.server.sandbox({ scenario, ...(seed ? { seed: Number(seed) } : {}), ...(now ? { now: `${now.length === 16 ? `${now}:00` : now}Z` } : {}) });
        await app.open(opened.id);
      }, "Open it")),
      card("Snapshot", "The sandbox as one document: people, clock, changes, faults.", h("div", { class: "row" },
        action("Download the snapshot", async () => download(`${app.sandbox.id}.snapshot.json`, await app.sandbox.snapshot()))),
        form([field("Open a snapshot in a new sandbox", file)], async () => {
          if (!file.files.length) throw new Error("Choose a file first.");
          const opened = await app.server.sandbox({ snapshot: JSON.parse(await file.files[0].text()) });
          await app.open(opened.id);
        }, "Open it")),
      card("Bug report", "The world as it was opened and every request since: `mock-server replay bug.json` asks them again.",
        action("Download the bundle", async () => download("bug.json", await app.sandbox.bundle()))),
      app.sandbox.id === "default" ? null : card("Close it", "Its tokens stop working at once.", action("Close the sandbox", async () => {
        await app.sandbox.close();
        await app.open("default");
      }, { class: "bad" }))));
    return { changed: draw };
  },
};

function card(title, text, ...children) {
  return h("section", { class: "card" }, h("h2", {}, title), typeof text === "string" ? h("p", { class: "soft" }, text) : text, h("div", { class: "end stack" }, ...children));
}
