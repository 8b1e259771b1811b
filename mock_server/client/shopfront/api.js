// The My Account API, and every way in which it can refuse, in words for a customer.
import { HOME, forget, refreshed, session } from "./signin.js";

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Call an operation; gives the parsed body. A 401 is met once with a fresh token, a 429 by waiting as told. */
export async function call(method, path, { tries = 2 } = {}) {
  let answer;
  const token = session()?.access_token;
  try {
    answer = await fetch(HOME + path, { method, headers: { Authorization: `Bearer ${token}`, Accept: "application/json" } });
  } catch {
    throw new ApiError("We could not reach the spa. Check your connection and try again.");
  }
  if (answer.status === 401 && tries > 0) {
    if (await refreshed(token)) return call(method, path, { tries: 0 });
    forget();
    throw new ApiError("Your session is over. Please sign in again.", 401);
  }
  if (answer.status === 429 && tries > 0) {
    const seconds = Number(answer.headers.get("Retry-After") ?? 1);
    if (seconds <= 5) {
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      return call(method, path, { tries: tries - 1 });
    }
  }
  const body = await parsed(answer);
  if (answer.ok) return body;
  throw new ApiError(worded(answer.status, body), answer.status);
}

async function parsed(answer) {
  try {
    return await answer.json();
  } catch {
    if (!answer.ok) return {};
    throw new ApiError("The spa answered something that we do not understand. Please try again.");
  }
}

function worded(status, body) {
  if (status === 403) return "You may not change this one.";
  if (status === 429) return "Too many requests at the moment. Please wait a little.";
  if (status >= 500) return "The spa has a problem of its own. Please try again in a minute.";
  return typeof body.message === "string" ? body.message : "This did not work. Please try again.";
}

/** The records of a list; an answer of another shape is an error a customer can read. */
export async function list(path) {
  const body = await call("GET", path);
  if (!Array.isArray(body?.data)) throw new ApiError("The spa answered something that we do not understand. Please try again.");
  return body;
}
