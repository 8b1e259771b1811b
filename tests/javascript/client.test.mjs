// The JavaScript client, run by Node's own test runner; MOCK_URL says where a mock is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { MockError, MockServer, Sandbox } from "./my-account-mock.mjs";

const server = new MockServer(process.env.MOCK_URL);
const ACCOUNT = "/customers/my-account";
/** @type {Sandbox} */
let sandbox;

/** @param {string} path */
async function get(path, token = sandbox.customer("ada").token) {
  const answer = await fetch(server.url + path, { headers: { Authorization: `Bearer ${token}` } });
  return { status: answer.status, ...(await answer.json()) };
}

before(async () => {
  sandbox = await server.sandbox({ scenario: "credit-expiring", now: "2026-03-01T09:00:00Z" });
});

after(() => sandbox.close());

test("the clock lets a credit expire", async () => {
  const { data } = await get(`${ACCOUNT}/credits`);
  const clock = await sandbox.advance("PT10S");

  assert.equal(clock.now, "2026-03-01T09:00:10Z");
  assert.equal((await get(`${ACCOUNT}/credits`)).data.length, data.length - 1);
});

test("time runs backwards only when forced", async () => {
  /** @param {unknown} error */
  const refused = (error) => error instanceof MockError && error.status === 409;
  await assert.rejects(sandbox.advance("-P1D"), refused);
  const back = await sandbox.setClock({ advance: "-PT1S", force: true });

  assert.equal((await sandbox.clock()).now, back.now);
});

test("a fault strikes so often and is cleared", async () => {
  const fault = await sandbox.fault({ kind: "status", status: 404, operation: "listMyAccountPaymentMethods" });
  assert.ok(fault.documented);
  assert.equal((await get(`${ACCOUNT}/payment-methods`)).status, 404);
  await sandbox.clearFaults();
  assert.equal((await get(`${ACCOUNT}/payment-methods`)).status, 200);
});

test("a minted token runs out", async () => {
  const token = await sandbox.mint("ada", "PT5M");
  assert.equal((await get(ACCOUNT, token)).status, 200);
  await sandbox.advance("PT5M");
  assert.equal((await get(ACCOUNT, token)).status, 401);
});

test("the journal tells what was asked, and what was not", async () => {
  const waiting = sandbox.waitFor({ operation: "listMyAccountOrders" });
  await get("/shop/my-account/orders");

  assert.equal((await waiting)[0].persona, "ada");
  await sandbox.assertRequested("listMyAccountOrders", { times: 1, status: 200 });
  await assert.rejects(sandbox.assertRequested("listMyAccountCharges"), /expected at least one, found 0.*GET/s);
});

test("a snapshot opens the same world again", async () => {
  const again = await server.sandbox({ snapshot: await sandbox.snapshot() });
  const [mine, theirs] = await Promise.all([sandbox.clock(), again.clock()]);

  assert.deepEqual(mine, theirs);
  assert.deepEqual((await get(ACCOUNT, again.customer("ada").token)).data, (await get(ACCOUNT)).data);
  await again.close();
});

test("coverage tells what was met, here and everywhere", async () => {
  await get(`${ACCOUNT}/memberships`);
  const [here, everywhere] = await Promise.all([sandbox.coverage(), server.coverage()]);
  const met = here.operations.find((each) => each.operation === "listMyAccountMemberships");

  assert.ok(met && met.statuses["200"] > 0 && met.personas.includes("ada"));
  assert.ok(everywhere.met >= here.met);
});

test("a reset takes back every change", async () => {
  const { data } = await get(`${ACCOUNT}/marketing-preferences`);
  for (const each of data) {
    const method = each.opted_in ? "DELETE" : "POST";
    const headers = { Authorization: `Bearer ${sandbox.customer("ada").token}` };
    await fetch(`${server.url}${ACCOUNT}/marketing-preferences/${each.id}`, { method, headers });
  }
  const [changed] = await sandbox.requests({ method: "POST" });
  await sandbox.reset();

  assert.ok(changed.changes.length > 0);
  assert.deepEqual((await get(`${ACCOUNT}/marketing-preferences`)).data, data);
  assert.equal((await server.call("GET", `/__mock__/sandboxes/${sandbox.id}`)).id, sandbox.id);
});

test("the world is changed while it is open, and a reset takes that back", async () => {
  const own = await server.open((await server.sandbox({ scenario: "default", now: "2026-03-01T09:00:00Z" })).id);
  const token = own.customer("eve").token;
  const credits = async () => (await get(`${ACCOUNT}/credits`, token)).data.length;

  const changed = await own.change("eve", { credits: { gift: { state: "open" } } });
  assert.deepEqual(changed.holdings.credits, { gift: { state: "open" } });
  assert.equal(await credits(), 1);
  await own.change("eve", { credits: { gift: null } });
  assert.equal(await credits(), 0);
  assert.equal((await own.person("eve")).persona, "eve");
  await own.useScenario({ scenario: "failed-payment" });
  assert.equal(own.scenario, "failed-payment");
  assert.equal((await get(ACCOUNT, token)).status, 401);
  await own.reset();
  assert.equal((await get(ACCOUNT, token)).status, 200);
  await own.close();
});

test("an answer of one's own is served, and one fault is taken back", async () => {
  const fault = await sandbox.fault({ kind: "answer", status: 200, body: { data: [] }, operation: "listMyAccountCharges" });
  assert.deepEqual((await get(`${ACCOUNT}/charges`)).data, []);
  assert.equal((await sandbox.faults()).length, 1);
  await sandbox.removeFault(fault.id);
  assert.deepEqual(await sandbox.faults(), []);
});

test("the journal goes out as an archive and as a bundle, and is forgotten", async () => {
  await get(ACCOUNT);
  assert.ok("log" in await sandbox.har() && "requests" in await sandbox.bundle());
  await sandbox.clearJournal();
  assert.deepEqual(await sandbox.requests(), []);
});

test("an unknown persona is told with those there are", () => {
  assert.throws(() => sandbox.customer("zoe"), /there are ada, ben/);
});
