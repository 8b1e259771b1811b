// Signing in with openid-client, as a server-side application in Node.js does; MOCK_URL says where.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as oidc from "openid-client";

import { MockServer, Sandbox } from "./my-account-mock.mjs";

const server = new MockServer(process.env.MOCK_URL);
const BACK = "http://localhost:5173/callback";
/** @type {Sandbox} */
let sandbox;
/** @type {oidc.Configuration} */
let provider;

before(async () => {
  sandbox = await server.sandbox({ scenario: "default" });
  provider = await oidc.discovery(new URL(sandbox.url), "shop", undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
});

after(() => sandbox.close());

/** @param {Record<string, string>} more */
async function signedIn(more = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const address = oidc.buildAuthorizationUrl(provider, {
    redirect_uri: BACK, scope: "openid profile offline_access", code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", state, nonce, login_hint: "ada", ...more,
  });
  const answer = await fetch(address, { redirect: "manual" });
  return oidc.authorizationCodeGrant(provider, new URL(answer.headers.get("location") ?? ""), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce });
}

test("a customer signs in, is known, refreshes and signs out", async () => {
  const tokens = await signedIn();
  const claims = tokens.claims();
  assert.ok(claims);
  assert.equal(claims.sub, sandbox.customer("ada").id);
  const known = await oidc.fetchUserInfo(provider, tokens.access_token, claims.sub);
  assert.equal(known.name, "Ada Whitlock");

  const again = await oidc.refreshTokenGrant(provider, tokens.refresh_token ?? "");
  const headers = { Authorization: `Bearer ${again.access_token}` };
  assert.equal((await fetch(`${server.url}/customers/my-account`, { headers })).status, 200);
  await oidc.tokenRevocation(provider, again.access_token);
  assert.equal((await fetch(`${server.url}/customers/my-account`, { headers })).status, 401);
  assert.ok(oidc.buildEndSessionUrl(provider, { post_logout_redirect_uri: BACK }).href.includes(BACK.slice(-8)));
});

test("a locked customer is denied as the protocol says", async () => {
  await assert.rejects(signedIn({ login_hint: "lena" }), { error: "access_denied" });
});
