// People: a card each, with what makes them worth choosing.
import { copyButton, dialog, fill, fits, h, listIn, tag } from "./dom.js";
import { HOME } from "./world.js";

export const people = {
  title: "People",
  intro: "Everybody in this sandbox. A token signs your page in as them.",
  proxied: "Whoever opened something, told apart by token, and by id once their details were read.",
  async show(app, place) {
    if (app.upstream) return peopleBehindProxy(app, place);
    const refused = { unknown: "A token that the server does not know", staff: "A member of staff: refused everywhere", expired: "A token that ran out", revoked: "A token that was taken back" };
    const [cards, tokens] = [h("div", { class: "grid" }), h("div", { class: "grid" })];
    const drawCards = listIn(cards, (each) => card(app, each));
    const drawTokens = listIn(tokens, ([reason, token]) => h("div", { class: "card" }, h("h3", {}, refused[reason] ?? reason), tokenLine(token, reason)));
    const draw = () => {
      drawCards(app.sandbox.customers);
      drawTokens(Object.entries(app.sandbox.tokens));
    };
    draw();
    fill(place, cards, h("h2", { class: "gap" }, "Tokens that are refused"), tokens);
    return { changed: draw };
  },
};

async function peopleBehindProxy(app, place) {
  const names = new Set();
  const offContract = (persona) => app.traffic.filter((each) => each.persona === persona && !fits(each)).length;
  const update = async () => {
    const { operations } = await app.sandbox.coverage();
    operations.flatMap(({ personas }) => personas).forEach((persona) => names.add(persona));
    const shown = [...names].sort((one, other) => one.localeCompare(other, "en", { numeric: true })).map((persona) => {
      const met = operations.filter(({ personas }) => personas.includes(persona)).length;
      const count = offContract(persona);
      return h("article", { class: "card", "data-persona": persona }, h("h2", {}, persona),
        h("p", { class: "row" }, tag(`${met} of ${operations.length} operations`), count ? tag(`${count} off contract`, "bad") : tag("fits the contract", "good")),
        h("div", { class: "row" }, h("a", { class: "button", href: app.link("traffic", persona) }, "See their traffic")));
    });
    fill(place, shown.length ? h("div", { class: "grid" }, shown) : h("p", { class: "soft" }, `Nobody was seen yet. Point your front end at ${HOME}.`));
  };
  await update();
  const renew = () => { update().catch(() => {}); };
  return { traffic: renew, cleared: renew };
}

function card(app, customer) {
  const { persona, token, description, summary = [] } = customer;
  return h("article", { class: "card", "data-persona": persona },
    h("div", { class: "row" }, h("h2", { dir: "auto" }, customer.name ?? persona), customer.name ? h("span", { class: "soft mono" }, persona) : null),
    h("p", { class: "soft" }, description),
    summary.length ? h("ul", { class: "tags", "aria-label": "What makes them worth choosing" }, summary.map((text) => h("li", { class: "tag" }, text))) : null,
    h("div", { class: "end stack" },
      tokenLine(token, persona),
      h("div", { class: "row" },
        h("a", { class: "button", href: app.link("state", persona) }, "See their state"),
        h("button", { type: "button", "aria-label": `Snippets for ${persona}`, click: () => snippets(app, customer) }, "Snippets"))));
}

function tokenLine(token, name) {
  return h("div", { class: "token" }, h("code", { title: token }, token), copyButton(token, "Copy", `Copy the token of ${name}`));
}

function snippets(app, { persona, token }) {
  const url = HOME;
  // As both languages write a text: the name of a scenario is whatever its author called it.
  const scenario = JSON.stringify(app.sandbox.scenario);
  const texts = {
    curl: `curl -H 'Authorization: Bearer ${token}' ${url}/customers/my-account`,
    fetch: `const answer = await fetch("${url}/customers/my-account", {\n  headers: { Authorization: "Bearer ${token}" },\n});\nconst { data } = await answer.json();`,
    Playwright: `import { MockServer } from "my-account-mock";\n\nconst sandbox = await new MockServer("${url}").sandbox({ scenario: ${scenario} });\nconst { token } = sandbox.customer("${persona}");\nawait page.route("${url}/**", (route) =>\n  route.continue({ headers: { ...route.request().headers(), authorization: \`Bearer \${token}\` } }));`,
    pytest: `import pytest\n\n\n@pytest.mark.scenario(${scenario})\ndef test_the_account_page(sandbox):\n    with sandbox.customer("${persona}").http() as http:\n        assert http.get("/customers/my-account").status_code == 200`,
  };
  dialog(`Speak for ${persona}`, () => h("div", { class: "stack" }, Object.entries(texts).map(([name, text]) =>
    h("section", { class: "stack" }, h("div", { class: "row" }, h("h3", {}, name), copyButton(text, "Copy", `Copy the ${name} snippet`)), h("pre", { tabindex: 0 }, text)))));
}

/** The people of the sandbox as links, the chosen one marked. */
export function chooser(app, view, chosen) {
  return h("nav", { class: "row", "aria-label": "Person" }, app.sandbox.customers.map(({ persona }) =>
    h("a", { class: "button chip", href: app.link(view, persona), "aria-current": persona === chosen ? "true" : null }, persona)));
}

export { tag };
