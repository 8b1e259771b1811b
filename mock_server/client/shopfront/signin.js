// Signing in by OAuth 2 authorization code with PKCE, as in production: only the issuer differs there.
const CLIENT = "shopfront";
const HERE = location.origin + location.pathname;
/** Where the API and its sign-in are: wherever this file came from, also below a path of a proxy. */
export const HOME = new URL("../..", import.meta.url).href.replace(/\/$/, "");
const KEPT = "shopfront/session";
const PENDING = "shopfront/pending";

let configuration;

async function discovered() {
  configuration ??= fetch(`${HOME}/.well-known/openid-configuration`).then((answer) => answer.json());
  return configuration;
}

function random() {
  return encoded(crypto.getRandomValues(new Uint8Array(32)));
}

function encoded(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Send the browser to the sign-in page. `?sandbox=ID` and `?login_hint=ada` of this page are passed on. */
export async function signIn() {
  const { authorization_endpoint: endpoint } = await discovered();
  const [state, nonce, verifier] = [random(), random(), random()];
  const challenge = encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
  sessionStorage.setItem(PENDING, JSON.stringify({ state, nonce, verifier, hash: location.hash }));
  const parameters = new URLSearchParams(location.search);
  const query = new URLSearchParams({ client_id: CLIENT, response_type: "code", scope: "openid profile email offline_access", redirect_uri: HERE, state, nonce, code_challenge: challenge, code_challenge_method: "S256" });
  if (parameters.has("sandbox")) query.set("acr_values", `sandbox:${parameters.get("sandbox")}`);
  if (parameters.has("login_hint")) query.set("login_hint", parameters.get("login_hint"));
  location.assign(`${endpoint}?${query}`);
}

/** Finish a sign-in that came back to this page; whether there was one. */
export async function signedInNow() {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("state")) return false;
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", HERE + (pending?.hash ?? ""));
  if (!pending || answer.get("state") !== pending.state) throw new Error("This sign-in was not begun here. Please sign in again.");
  if (answer.has("error")) throw new Error(`Signing in did not work: ${answer.get("error_description") ?? answer.get("error")}.`);
  keep(await tokens({ grant_type: "authorization_code", code: answer.get("code"), redirect_uri: HERE, code_verifier: pending.verifier }));
  return true;
}

async function tokens(form) {
  const { token_endpoint: endpoint } = await discovered();
  const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams({ client_id: CLIENT, ...form }) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`Signing in did not work: ${body.error_description ?? body.error}.`);
  return body;
}

function keep(session) {
  sessionStorage.setItem(KEPT, JSON.stringify(session));
}

export function session() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
}

let refreshing;

/**
 * A new access token for the refresh token; whether there is one. Calls that were refused together
 * share it: a refresh token is good once.
 */
export function refreshed(refusedToken) {
  if (session() && session().access_token !== refusedToken) return Promise.resolve(true);
  refreshing ??= refresh().finally(() => { refreshing = undefined; });
  return refreshing;
}

async function refresh() {
  const old = session();
  if (!old?.refresh_token) return false;
  try {
    keep({ ...old, ...await tokens({ grant_type: "refresh_token", refresh_token: old.refresh_token }) });
    return true;
  } catch {
    return false;
  }
}

export async function signOut() {
  const { end_session_endpoint: endpoint, revocation_endpoint: revocation } = await discovered();
  const old = session();
  sessionStorage.removeItem(KEPT);
  if (!old) return;
  await fetch(revocation, { method: "POST", body: new URLSearchParams({ client_id: CLIENT, token: old.refresh_token ?? old.access_token }) }).catch(() => {});
  location.assign(`${endpoint}?${new URLSearchParams({ client_id: CLIENT, id_token_hint: old.id_token, post_logout_redirect_uri: HERE })}`);
}

export function forget() {
  sessionStorage.removeItem(KEPT);
}
