// Clock: move the sandbox's time, and see what that changed.
import { action, field, fill, form, h, instant } from "./dom.js";

const STEPS = [["+1 hour", "PT1H"], ["+1 day", "P1D"], ["+1 week", "P7D"], ["+1 month", "P1M"], ["+1 year", "P1Y"]];

export const clock = {
  title: "Clock",
  intro: "Everything that depends on time depends on this clock alone: credits expire, memberships renew and lapse, charges fall due, tokens run out.",
  async show(app, place) {
    const shown = h("p", { class: "big", "data-now": true });
    const state = h("p", { class: "soft" });
    const freeze = action("", () => move({ running: !app.clock.running }));
    const changes = h("div", { "aria-live": "polite", class: "stack" }, h("p", { class: "soft" }, "Move the clock to see what that changes."));
    const input = h("input", { type: "datetime-local", name: "now", step: 1 });
    let suggested = "";
    const force = h("input", { type: "checkbox", name: "force" });

    async function move(change) {
      const before = app.clock.now;
      const answer = await app.sandbox.setClock(change);
      app.setClock(answer);
      tell();
      fill(changes, h("p", {}, `From ${instant(before)} to ${instant(answer.now)}:`), listed(answer.changes ?? []));
    }

    function tell() {
      shown.textContent = instant(app.now());
      state.textContent = app.clock.running ? "It runs with real time." : "It stands still.";
      freeze.textContent = app.clock.running ? "Freeze" : "Let it run";
      // What somebody is writing stays.
      if (input.value !== suggested) return;
      input.value = new Date(app.now()).toISOString().slice(0, 19);
      suggested = input.value;
    }

    tell();
    fill(place, h("div", { class: "two" },
      h("section", { class: "card" }, h("h2", {}, "Now"), shown, state, h("div", { class: "row" }, freeze, STEPS.map(([label, by]) => action(label, () => move({ advance: by })))),
        form([field("Put it to (UTC)", input), h("label", { class: "check" }, force, "Allow time to run backwards")],
          ({ now, force: backwards }) => {
            if (!now) throw new Error("Choose a date and a time.");
            return move({ now: `${now.length === 16 ? `${now}:00` : now}Z`, ...(backwards ? { force: true } : {}) });
          }, "Put the clock")),
      h("section", { class: "card" }, h("h2", {}, "What that changed"), changes)));
    return { changed: tell, tick: () => { shown.textContent = instant(app.now()); } };
  },
};

function listed(changes) {
  if (!changes.length) return h("p", { class: "empty" }, "Nothing that a customer would see.");
  return h("ul", { class: "plain" }, changes.map(({ persona, text }) => h("li", {}, h("b", { dir: "auto" }, persona), ": ", text)));
}
