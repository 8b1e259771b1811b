// A client of the mock's control API, for tests in JavaScript. No dependencies: it needs `fetch`.
// In Node.js it can use a mock anywhere; in a browser one of the page's own origin, or one with that as --control-origin.

const CONTROL = "/__mock__";
// What the mock waits at a time; who waits longer asks again.
const LONGEST_WAIT_MS = 8000;

/** The mock refused, or is not there. */
export class MockError extends Error {
  constructor(message, status) {
    super(message);
    this.name = "MockError";
    this.status = status;
  }
}

/** The path of a sandbox in the control API. */
export function sandboxPath(id) {
  return `${CONTROL}/sandboxes/${segment(id)}`;
}

/** A name as one segment of a path; dots alone would lead elsewhere, however they are written. */
function segment(name) {
  if (/^\.{0,2}$/.test(name)) throw new MockError(`Nothing is called '${name}'.`, 404);
  return encodeURIComponent(name);
}

/** A running mock. */
export class MockServer {
  constructor(url = "http://127.0.0.1:4010", { adminToken } = {}) {
    this.url = url.replace(/\/+$/, "");
    this.headers = adminToken ? { Authorization: `Bearer ${adminToken}` } : {};
  }

  /** Call the control API; gives the JSON of its answer. */
  async call(method, path, body) {
    const headers = body === undefined ? this.headers : { ...this.headers, "Content-Type": "application/json" };
    let answer;
    try {
      answer = await fetch(this.url + path, { method, headers, body: JSON.stringify(body) });
    } catch (error) {
      throw new MockError(`${this.url} does not answer: ${error.message}`);
    }
    const text = await answer.text();
    if (answer.ok) return text ? JSON.parse(text) : undefined;
    throw new MockError(`${method} ${path} was answered ${answer.status}: ${reasonIn(text)}`, answer.status);
  }

  /** Open a sandbox: {scenario, seed, now, overrides} or {snapshot}. */
  async sandbox(opening = {}) {
    return new Sandbox(this, await this.call("POST", `${CONTROL}/sandboxes`, opening));
  }

  /** A sandbox that is open already, by its id. */
  async open(id) {
    return new Sandbox(this, await this.call("GET", sandboxPath(id)));
  }

  /** What clients have met in all sandboxes, closed ones included. */
  coverage() {
    return this.call("GET", `${CONTROL}/coverage`);
  }
}

/** An open sandbox; close it when the test is over. */
export class Sandbox {
  constructor(server, described) {
    this.server = server;
    this.id = described.id;
    this.url = server.url + described.base_path;
    this.scenario = described.scenario;
    this.customers = described.customers;
    this.tokens = described.tokens;
    this.path = sandboxPath(described.id);
  }

  /** A customer by name; the scenario's first without one. */
  customer(persona) {
    const customer = this.customers.find((each) => persona === undefined || each.persona === persona);
    if (customer) return customer;
    const known = this.customers.map((each) => each.persona).join(", ");
    throw new MockError(`nobody is called '${persona}' here; there are ${known}`);
  }

  /** Everything a customer has now, with what differs from the scenario. */
  person(persona) {
    return this.#call("GET", `/customers/${segment(persona)}`);
  }

  /** Change what a customer holds, in the words of a scenario file; null removes. */
  change(persona, changes) {
    return this.#call("PATCH", `/customers/${segment(persona)}`, changes);
  }

  /** Switch to another scenario: {scenario, seed, overrides}; tokens stay good. */
  async useScenario(opening) {
    const data = await this.#call("POST", "/scenario", opening);
    this.scenario = data.scenario;
    this.customers = data.customers;
    this.tokens = data.tokens;
  }

  /** A token that runs out by the sandbox's clock, after seconds or an ISO 8601 duration. */
  async mint(persona, expiresIn) {
    const body = expiresIn === undefined ? { persona } : { persona, expires_in: expiresIn };
    return (await this.#call("POST", "/tokens", body)).token;
  }

  /** The clock: {now, running, opened}. */
  clock() {
    return this.#call("GET", "/clock");
  }

  /** Change the clock: {now, advance, running, force}. */
  setClock(change) {
    return this.#call("PATCH", "/clock", change);
  }

  /** Advance the clock by an ISO 8601 duration. */
  advance(by) {
    return this.setClock({ advance: by });
  }

  /** Let something go wrong: {kind, operation, status, delay_ms, count, …}. */
  fault(rule) {
    return this.#call("POST", "/faults", rule);
  }

  /** Everything that goes wrong, with how often it struck. */
  faults() {
    return this.#call("GET", "/faults");
  }

  /** Take one fault back. */
  removeFault(id) {
    return this.#call("DELETE", `/faults/${segment(id)}`);
  }

  /** Let nothing go wrong any more. */
  clearFaults() {
    return this.#call("POST", "/faults/clear");
  }

  /** What was asked: by operation, status, persona, method, since. */
  async requests(wanted = {}) {
    return (await this.#call("GET", `/journal?${new URLSearchParams({ limit: 500, ...wanted })}`)).entries;
  }

  /** What was asked, once it was asked so often; fails when it was not in time. */
  async waitFor(wanted = {}, { count = 1, timeoutMs = 5000 } = {}) {
    let answer;
    for (let left = timeoutMs; left >= 0; left -= LONGEST_WAIT_MS) {
      const query = new URLSearchParams({ ...wanted, count, timeout_ms: Math.min(left, LONGEST_WAIT_MS) });
      answer = await this.#call("GET", `/journal/wait?${query}`);
      if (answer.met) return answer.entries;
    }
    throw new MockError(await this.#missing(wanted, `${count} or more`, answer.count));
  }

  /** Insist that an operation was called: so often, or at all. */
  async assertRequested(operation, { times, ...wanted } = {}) {
    const { length } = await this.requests({ operation, ...wanted });
    if (times === undefined ? length > 0 : length === times) return;
    throw new MockError(await this.#missing({ operation, ...wanted }, times ?? "at least one", length));
  }

  /** Forget what was asked. */
  clearJournal() {
    return this.#call("POST", "/journal/clear");
  }

  /** What was asked, as an HTTP Archive. */
  har() {
    return this.#call("GET", "/journal/har");
  }

  /** The world as it was opened and what was asked of it, for a bug report. */
  bundle() {
    return this.#call("GET", "/bundle");
  }

  /** What clients of this sandbox have met. */
  coverage() {
    return this.#call("GET", "/coverage");
  }

  /** The sandbox as one document. */
  snapshot() {
    return this.#call("GET", "/snapshot");
  }

  /** Take back every change. */
  reset() {
    return this.#call("POST", "/reset");
  }

  /** Close it; its tokens stop working. */
  close() {
    return this.#call("DELETE", "");
  }

  #call(method, place, body) {
    return this.server.call(method, this.path + place, body);
  }

  async #missing(wanted, expected, count) {
    const filter = Object.entries(wanted).map(([name, value]) => `${name}=${value}`).join(" ") || "any";
    const lines = (await this.requests()).map(
      (each) => `  ${each.number}  ${each.status}  ${each.method} ${each.path} as ${each.persona ?? "nobody"}: ${each.reason}`,
    );
    const there = lines.length ? lines.join("\n") : "  none at all";
    return `requests with ${filter}: expected ${expected}, found ${count}; there were:\n${there}`;
  }
}

function reasonIn(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return text.slice(0, 200);
  }
}
