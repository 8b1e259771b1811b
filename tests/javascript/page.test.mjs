// A page of another origin in Chromium, as a front end is tested: only its token says in which
// sandbox it lives.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { MockServer } from "./my-account-mock.mjs";

const server = new MockServer(process.env.MOCK_URL);
const PAGE = `<!doctype html><title>My Account</title><h1></h1><ul></ul><p role="alert"></p>
<button>Opt in to all</button><script>
const token = location.hash.slice(1), api = ${JSON.stringify(server.url)};
const call = (path, method = "GET") =>
  fetch(api + "/customers/my-account" + path, { method, headers: { Authorization: "Bearer " + token } });
async function show() {
  const answer = await call("/marketing-preferences");
  const { data, message } = await answer.json();
  document.querySelector("[role=alert]").textContent = message ?? "";
  document.querySelector("ul").innerHTML = (data ?? []).map((each) =>
    "<li data-id=" + each.id + (each.opted_in ? " class=in" : "") + ">" + each.text).join("");
}
document.querySelector("button").onclick = async () => {
  for (const each of document.querySelectorAll("li:not(.in)")) await call("/marketing-preferences/" + each.dataset.id, "POST");
  await show();
};
call("").then((answer) => answer.json()).then(({ data }) => {
  document.querySelector("h1").textContent = data ? "Hello " + data.first_name : "Signed out";
  return show();
});
</script>`;
let browser, site, address;

before(async () => {
  site = createServer((_, answer) => answer.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(PAGE));
  await new Promise((ready) => site.listen(0, "127.0.0.1", ready));
  address = `http://127.0.0.1:${site.address().port}/`;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
});

after(async () => {
  await browser.close();
  site.close();
});

async function opened(token) {
  const page = await browser.newPage();
  await page.goto(`${address}#${token}`);
  await page.waitForFunction(() => document.querySelector("h1").textContent !== "");
  return page;
}

test("two pages in two sandboxes do not see each other", async () => {
  const [one, other] = await Promise.all([server.sandbox(), server.sandbox()]);
  const [mine, theirs] = await Promise.all([one, other].map((each) => opened(each.customer("eve").token)));
  await mine.getByRole("button").click();
  await mine.waitForFunction(() => !document.querySelector("li:not(.in)"));
  await theirs.reload();
  await theirs.waitForFunction(() => document.querySelector("li"));

  assert.equal(await mine.locator("h1").textContent(), "Hello Eve");
  assert.ok((await mine.locator("li.in").count()) > 0);
  assert.equal(await theirs.locator("li.in").count(), 0);
  await one.assertRequested("actionMyAccountMarketingPreferenceOptIn");
  await Promise.all([one.close(), other.close()]);
});

test("a page shows the error that a fault gives it", async () => {
  const sandbox = await server.sandbox();
  await sandbox.fault({ kind: "status", status: 401, operation: "listMyAccountMarketingPreferences", message: "Sign in again." });
  const page = await opened(sandbox.customer("ada").token);
  await page.waitForFunction(() => document.querySelector("[role=alert]").textContent !== "");

  assert.equal(await page.locator("[role=alert]").textContent(), "Sign in again.");
  await sandbox.close();
});

test("a page of another origin cannot use the control API", async () => {
  const page = await opened("customer-ada");
  const reached = await page.evaluate(
    (url) => fetch(`${url}/__mock__/sandboxes`).then((answer) => answer.status, () => "blocked"),
    server.url,
  );

  assert.equal(reached, "blocked");
});
