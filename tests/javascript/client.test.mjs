// The JavaScript client, run by Node's own test runner; MOCK_URL says where a mock is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

const { MockError, MockServer } = await import(process.env.CLIENT);
const server = new MockServer(process.env.MOCK_URL);
const ACCOUNT = "/customers/my-account";
let sandbox;

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
  await assert.rejects(sandbox.advance("-P1D"), (error) => error instanceof MockError && error.status === 409);
});

test("a fault strikes so often and is cleared", async () => {
  await sandbox.fault({ kind: "status", status: 404, operation: "listMyAccountPaymentMethods" });
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

test("an unknown persona is told with those there are", () => {
  assert.throws(() => sandbox.customer("zoe"), /there are ada, ben/);
});
