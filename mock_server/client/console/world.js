// The sandbox that the page shows, and how the page hears of what happens in it.
import { MockError, MockServer } from "../client.js";

/** Where the mock is, whatever path a proxy serves it under. */
export const HOME = new URL("../..", import.meta.url).href.replace(/\/$/, "");
const TOKEN = "my-account-mock/admin-token";

/** The control API, with the admin token of this tab where the server wants one. */
export function server() {
  return new MockServer(HOME, { adminToken: sessionStorage.getItem(TOKEN) ?? undefined });
}

export function useAdminToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

export { MockError };

/**
 * Follow the journal of a sandbox. `EventSource` cannot send an admin token, so the stream is read by hand:
 * a lost connection is taken up again after the last number that came, so nothing is shown twice.
 */
export function follow(sandbox, since, received, connectionChanged) {
  const stopped = new AbortController();
  let last = since;
  (async () => {
    while (!stopped.signal.aborted) {
      try {
        const answer = await fetch(`${sandbox.path}/journal/stream?since=${last}`, { headers: sandbox.server.headers, signal: stopped.signal });
        if (!answer.ok) throw new Error(`the journal was answered ${answer.status}`);
        connectionChanged(true);
        for await (const event of events(answer.body)) {
          if (event.number <= last) continue;
          last = event.number;
          received(event);
        }
      } catch {
        // `connectionChanged` tells it below; the next round tries again.
      }
      if (stopped.signal.aborted) return;
      connectionChanged(false);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  })();
  return () => stopped.abort();
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (data) yield JSON.parse(data);
    }
  }
}

/** The document of the My Account API: operations, and rules by id. */
export async function contract() {
  const tree = await (await fetch(`${HOME}/__mock__/contract.json`)).json();
  const operations = [];
  const rules = new Map((tree["x-rules"] ?? []).map((rule) => [rule.id, rule]));
  for (const [path, item] of Object.entries(tree.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!operation.operationId) continue;
      const own = operation["x-rules"] ?? [];
      for (const rule of own) rules.set(rule.id, rule);
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((each) => resolved(tree, each));
      operations.push({ ...operation, id: operation.operationId, method: method.toUpperCase(), path, parameters, rules: own });
    }
  }
  return { tree, operations, rules };
}

export function resolved(tree, node) {
  if (!node?.$ref) return node;
  return resolved(tree, node.$ref.slice(2).split("/").reduce((at, part) => at[part], tree));
}
