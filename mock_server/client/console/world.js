// The sandbox that the page shows, and how the page hears of what happens in it.
import { MockError, MockServer, sandboxPath } from "../client.js";

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

export { MockError, sandboxPath };

/**
 * Follow a sandbox: `on.request` gets each entry of its journal, `on.change` hears what of it is another now.
 * `EventSource` cannot send an admin token, so the stream is read by hand: a lost connection is taken up again
 * after the last event that came, and the server knows what to tell then.
 */
export function follow(sandbox, after, on) {
  const stopped = new AbortController();
  let last = after;
  (async () => {
    for (let wait = 0; !stopped.signal.aborted; await new Promise((resolve) => setTimeout(resolve, wait))) {
      try {
        const headers = { ...sandbox.server.headers, "Last-Event-ID": last };
        const answer = await fetch(`${sandbox.server.url}${sandbox.path}/journal/stream?bodies=false`, { headers, signal: stopped.signal });
        if ([401, 404].includes(answer.status)) return on.refused(answer.status);
        if (!answer.ok) throw new Error(`the journal was answered ${answer.status}`);
        on.connection(true);
        for await (const { id, event, data } of events(answer.body)) {
          if (stopped.signal.aborted) return;
          last = id;
          on[event](JSON.parse(data));
        }
        // It was ended: the sandbox is closed, or the server stops, which the next answer tells.
        wait = 100;
      } catch {
        if (stopped.signal.aborted) return;
        on.connection(false);
        wait = 1000;
      }
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
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/)));
      if (fields.data) yield fields;
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
