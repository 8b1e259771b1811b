// The console: one sandbox at a time, seen and bent through the control API alone.
import { dialog, field, fill, form, h, instant, toast } from "./dom.js";
import { clock } from "./clock.js";
import { coverage } from "./coverage.js";
import { faults } from "./faults.js";
import { people } from "./people.js";
import { reference } from "./reference.js";
import { state } from "./state.js";
import { traffic } from "./traffic.js";
import { contract, follow, sandboxPath, server, useAdminToken } from "./world.js";
import { worlds } from "./worlds.js";

const VIEWS = { people, state, clock, faults, traffic, coverage, world: worlds, reference };
/** What there is to see where a real implementation answers, and the mock only judges. */
const PROXIED = ["traffic", "people", "coverage", "reference"];
const KEPT = 500;
/** So many of the latest requests are there when a sandbox is shown; the others come after. */
const AT_ONCE = 100;
const at = (id) => document.getElementById(id);

const app = {
  server: server(), upstream: null, contract: null, sandbox: null, clock: null, faults: [], traffic: [], persona: null, reload: null,

  /** The address of a view of this sandbox. */
  link(view, persona = app.persona) {
    return addressOf(app.sandbox.id, view, persona);
  },

  /** The sandbox's present, in milliseconds. */
  now() {
    return Date.parse(app.clock.now) + (app.clock.running ? Date.now() - app.clock.read : 0);
  },

  setClock(shown) {
    app.clock = { ...shown, read: Date.now() };
    drawTime();
  },

  async loadFaults() {
    const { sandbox } = app;
    const faults = await sandbox.faults();
    if (app.sandbox !== sandbox) return;
    app.faults = faults;
    drawBanner();
    live.faults?.();
  },

  /** Fetch what came before the latest requests, for what looks through them all. */
  loadOlder() {
    return older().catch(() => {});
  },

  /** Show a sandbox, from its start or anew. */
  async open(id) {
    const { view } = route();
    leave();
    const address = addressOf(id, view);
    if (location.hash === address) await navigate();
    else location.hash = address;
  },
};

function addressOf(id, view, persona) {
  return `#/${encodeURIComponent(id)}/${view}${persona ? `/${encodeURIComponent(persona)}` : ""}`;
}

function views() {
  return app.upstream ? PROXIED : Object.keys(VIEWS);
}

function route() {
  const [, id, view, persona] = location.hash.split("/").map(decoded);
  return { id: id || "default", view: views().includes(view) ? view : views()[0], persona: persona || null };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

let stop = () => {};
/** How the view that is shown hears of what happens: `traffic`, `cleared`, `changed`, `faults`, `tick`. */
let live = {};
let connected = true;
/** Whether what should be shown is not, since the server did not answer. */
let failed = false;

function leave() {
  stop();
  stop = () => {};
  live = {};
  changed = new Set();
  pending = [];
  connected = true;
  app.sandbox = app.clock = null;
  app.faults = [];
  app.traffic = [];
}

/** Load a sandbox, unless the page has gone on to another meanwhile. */
async function load(id, isWanted) {
  leave();
  const path = sandboxPath(id);
  // Whatever changes after this answer, the stream tells.
  const journal = await app.server.call("GET", `${path}/journal?bodies=false&limit=${AT_ONCE}`);
  const [sandbox, clock, faults] = await Promise.all([app.server.open(id), app.server.call("GET", `${path}/clock`), app.server.call("GET", `${path}/faults`)]);
  if (!isWanted()) return;
  Object.assign(app, { sandbox, faults, traffic: journal.entries });
  app.setClock(clock);
  drawBanner();
  stop = follow(sandbox, journal.last_event_id, { request: received, change: heard, connection: connectionChanged, refused: (status) => refused(id, status) });
  drawSandboxes().catch(() => {});
  older = journal.count > AT_ONCE ? () => loadOlder(sandbox) : async () => {};
}

function connectionChanged(up) {
  connected = up;
  drawBanner();
  if (up && failed) navigate();
}

function refused(id, status) {
  if (status === 404) return showNone(id, "This sandbox is closed");
  leave();
  navigate();
}

/** Say that there is no such sandbox, or no longer. */
function showNone(id, title = "There is no such sandbox") {
  leave();
  drawBanner();
  at("time").hidden = true;
  fill(at("tabs"));
  drawSandboxes().catch(() => {});
  showInstead(title, h("p", {}, `Nothing is open under “${id}”: it was closed, or never opened here.`));
}

function showInstead(title, ...why) {
  document.title = `${title} · My Account mock`;
  fill(at("view"), h("div", { class: "stack" }, h("h1", {}, title), why, h("a", { class: "button", href: "#/default/people" }, "Go to the default sandbox")));
}

let changed = new Set();

/** Something of the sandbox is another now, by whomever. */
function heard({ changed: parts }) {
  if (parts.includes("journal")) {
    app.traffic = [];
    pending = [];
    older = async () => {};
    drawCount();
    live.cleared?.();
  }
  if (!changed.size) setTimeout(refresh, 250);
  parts.forEach((part) => changed.add(part));
}

async function refresh() {
  const { sandbox } = app;
  const parts = changed;
  changed = new Set();
  if (!sandbox) return;
  try {
    if (parts.has("faults")) await app.loadFaults();
    if (!parts.has("customers") && !parts.has("clock")) return;
    const [seen, clock] = await Promise.all([app.server.open(sandbox.id), sandbox.clock()]);
    if (app.sandbox !== sandbox) return;
    if (seen.scenario !== sandbox.scenario) drawSandboxes().catch(() => {});
    Object.assign(sandbox, seen);
    app.setClock(clock);
    await live.changed?.();
  } catch {
    if (app.sandbox !== sandbox) return;
    parts.forEach((part) => changed.add(part));
    setTimeout(refresh, 1000);
  }
}

let older = async () => {};

async function loadOlder(sandbox) {
  older = async () => {};
  const entries = await sandbox.requests({ limit: KEPT, bodies: false });
  if (app.sandbox !== sandbox || !app.traffic.length) return;
  app.traffic.unshift(...entries.filter(({ number }) => number < app.traffic[0].number).slice(app.traffic.length - KEPT));
  drawCount();
  live.traffic?.([]);
}

let pending = [];

function received(entry) {
  // What came while the page was loaded is in its list already.
  if (entry.number <= app.traffic.at(-1)?.number) return;
  app.traffic.push(entry);
  if (app.traffic.length > KEPT) app.traffic.splice(0, app.traffic.length - KEPT);
  pending.push(entry);
  if (pending.length === 1) setTimeout(() => {
    const entries = pending;
    pending = [];
    drawCount();
    live.traffic?.(entries);
  }, 250);
}

/** Learn what is behind the page: a mock, or a real implementation. */
async function learnServer() {
  app.upstream = (await app.server.call("GET", "/__mock__/health")).upstream;
  app.contract = await contract();
  if (!app.upstream) return;
  document.querySelector(".brand b").textContent = "proxy";
  document.querySelector(".chosen").hidden = true;
}

let turns = 0;

async function navigate() {
  const turn = ++turns;
  const isWanted = () => turn === turns;
  document.querySelectorAll("dialog").forEach((each) => each.close());
  failed = false;
  try {
    if (!app.contract) await learnServer();
    const { id, view, persona } = route();
    if (app.sandbox?.id !== id) await load(id, isWanted);
    if (!isWanted()) return;
    app.persona = persona;
    drawTabs();
    showTab();
    const { title, intro, proxied, show } = VIEWS[view];
    document.title = `${title} · My Account ${app.upstream ? "proxy" : "mock"}`;
    const body = h("div");
    live = {};
    const shown = await show(app, body) ?? {};
    if (app.upstream) await app.loadOlder();
    if (!isWanted()) return;
    live = shown;
    fill(at("view"), h("div", { class: "head" }, h("h1", {}, title), h("p", {}, app.upstream ? `Before ${app.upstream}. ${proxied}` : intro)), body);
  } catch (error) {
    if (isWanted()) showError(error);
  }
}

function showError(error) {
  if (error.status === 401) return askForToken();
  // A sandbox that is open has shown itself; 400 is for what cannot be the id of one.
  if (!app.sandbox && [400, 404].includes(error.status)) return showNone(route().id);
  failed = !(error.status < 500);
  showInstead("This cannot be shown", h("p", { class: "error", role: "alert" }, error.message));
}

function askForToken() {
  dialog("This server wants its admin token", (close) => form([field("Admin token", h("input", { name: "token", type: "password", autocomplete: "off" }))], async ({ token }) => {
    useAdminToken(token);
    app.server = server();
    await app.server.call("GET", "/__mock__/sandboxes");
    close();
    await navigate();
  }, "Use it"));
}

let listed = null;

async function drawSandboxes() {
  const all = await app.server.call("GET", "/__mock__/sandboxes");
  const key = JSON.stringify(all.map(({ id, scenario }) => [id, scenario]));
  // There may be thousands, and most of the time they are the same ones.
  if (key !== listed) fill(at("sandbox"), all.map(({ id, scenario }) => h("option", { value: id }, id === "default" ? `default · ${scenario}` : `${id.slice(0, 12)} · ${scenario}`)));
  listed = key;
  const shown = app.sandbox?.id ?? "";
  if (at("sandbox").value !== shown) at("sandbox").value = shown;
}

function drawTabs() {
  const { view } = route();
  fill(at("tabs"), views().map((id) => [id, VIEWS[id]]).map(([id, { title }]) => h("a", { href: app.link(id), "aria-current": id === view ? "page" : null }, title,
    id === "traffic" ? h("span", { class: "count", "aria-hidden": "true" }, String(app.traffic.length)) : null)));
}

/** The tabs themselves stay as they are while requests come in: somebody may be about to use one. */
function drawCount() {
  const count = at("tabs").querySelector(".count");
  if (count) count.textContent = String(app.traffic.length);
}

/** Brings the chosen tab into view sideways, where the page is too narrow for all. */
function showTab() {
  const tabs = at("tabs"), chosen = tabs.querySelector("[aria-current]");
  tabs.scrollLeft = chosen.offsetLeft - (tabs.clientWidth - chosen.offsetWidth) / 2;
}

function drawTime() {
  at("time").hidden = false;
  at("time").textContent = `${instant(app.now())}${app.clock.running ? "" : " · frozen"}`;
}

let drawn = null;

function drawBanner() {
  const key = JSON.stringify([connected, app.reload, app.sandbox?.id, app.faults.map(({ kind, status, operation }) => [kind, status, operation])]);
  if (key === drawn) return;
  drawn = key;
  const lost = connected ? null : h("div", { class: "banner bad" }, h("span", {}, `The ${app.upstream ? "proxy" : "mock"} does not answer; trying again.`));
  const active = app.faults.length ? h("div", { class: "banner" },
    h("span", {}, `${app.faults.length} ${app.faults.length === 1 ? "fault is" : "faults are"} at work: ${app.faults.map(({ kind, status, operation }) => `${kind}${status ? ` ${status}` : ""} at ${operation ?? "every operation"}`).join(", ")}`),
    h("a", { class: "button", href: app.link("faults") }, "See them")) : null;
  const broken = app.reload ? h("div", { class: "banner bad" }, h("span", {}, `A file that changed cannot be used, and the last good one is served: ${app.reload}`)) : null;
  fill(at("banner"), lost, broken, active);
}

at("sandbox").addEventListener("change", (event) => { location.hash = addressOf(event.target.value, route().view); });
// Others open and close sandboxes too: the list is that of the moment at which one turns to it.
for (const turned of ["pointerenter", "focus"]) at("sandbox").addEventListener(turned, () => drawSandboxes().catch(() => {}));
at("time").addEventListener("click", () => { location.hash = app.link("clock"); });
addEventListener("hashchange", navigate);
setInterval(async () => {
  if (document.hidden || !connected) return;
  const health = await app.server.call("GET", "/__mock__/health").catch(() => null);
  if (!health) return;
  if (failed) navigate();
  if ((health.problem ?? null) === app.reload) return;
  app.reload = health.problem ?? null;
  drawBanner();
}, 2000);
addEventListener("unhandledrejection", (event) => toast(event.reason?.message ?? "Something went wrong."));
setInterval(() => {
  if (!app.clock?.running) return;
  drawTime();
  live.tick?.();
}, 1000);
navigate();
