export class MockError extends Error {
  status?: number;
}

export interface Opening {
  scenario?: string;
  seed?: number;
  /** ISO 8601; the clock stands still there. */
  now?: string;
  overrides?: Record<string, unknown>;
  /** What `Sandbox.snapshot` gave; nothing else beside it. */
  snapshot?: Snapshot;
}

export type Snapshot = Record<string, unknown>;

export interface Customer {
  persona: string;
  id: string;
  token: string;
  /** What they are called; null where nobody knows. */
  name: string | null;
  description: string;
  /** What makes them worth choosing, in a few words each. */
  summary: string[];
  facts: Record<string, unknown>;
}

/** Everything a customer has now. */
export interface CustomerState {
  persona: string;
  token: string;
  description: string;
  now: string;
  /** What they hold, kind by kind, in the words of a scenario file. */
  holdings: Record<string, unknown>;
  preference_names: Record<string, string>;
  resources: {
    operation: string;
    status: number;
    message: string | null;
    data: Record<string, unknown> | Record<string, unknown>[] | null;
    total: number;
    marks: Record<string, "new" | "changed">;
    removed: Record<string, unknown>[];
  }[];
}

export interface Clock {
  now: string;
  running: boolean;
  opened: string;
}

/** The clock, and what became of each customer by moving it. */
export interface ClockMove extends Clock {
  changes: { persona: string; text: string }[];
}

export interface ClockChange {
  now?: string;
  advance?: string;
  running?: boolean;
  force?: boolean;
}

export type FaultKind =
  | "status" | "answer" | "latency" | "rate_limit" | "drip" | "truncated" | "malformed_json"
  | "wrong_type"
  | "EMPTY_RESPONSE" | "MALFORMED_RESPONSE_CHUNK" | "RANDOM_DATA_THEN_CLOSE" | "CONNECTION_RESET_BY_PEER";

export interface FaultRule {
  kind: FaultKind;
  operation?: string;
  status?: number;
  message?: string;
  /** The JSON of an `answer`. */
  body?: unknown;
  /** Of an `answer`, beside Content-Type. */
  headers?: Record<string, string>;
  delay_ms?: number | { uniform: [number, number] } | { lognormal: { median_ms: number; sigma: number } };
  retry_after_s?: number;
  duration_ms?: number;
  probability?: number;
  skip?: number;
  count?: number;
  /** Whether a request that comes again, with the same X-Request-Id, counts again. */
  count_by?: "attempt" | "request";
  off_contract?: boolean;
}

export interface Fault extends FaultRule {
  id: string;
  documented: boolean;
  seen: number;
  hits: number;
}

export interface Wanted {
  operation?: string;
  status?: number;
  persona?: string;
  method?: string;
  since?: number;
}

export interface JournalEntry {
  number: number;
  at: string;
  operation: string | null;
  persona: string | null;
  role: string | null;
  method: string;
  path: string;
  query: string;
  status: number;
  fault: string | null;
  rule: string | null;
  reason: string;
  /** A decision on a preference, or, of a change of the world, its text. */
  changes: { persona: string | null; preference_id?: string; opted_in?: boolean; text?: string }[];
  request: { valid: boolean; problem: string | null; headers: Record<string, string>; body: string; body_bytes: number };
  /** `valid` is null where it was not judged, and `problem` says why. */
  response: { valid: boolean | null; problem: string | null; headers: [string, string][]; body: string; body_bytes: number };
}

export interface Coverage {
  percent: number;
  met: number;
  known: number;
  operations: {
    operation: string;
    statuses: Record<string, number>;
    states: Record<string, boolean>;
    personas: string[];
  }[];
}

/** The path of a sandbox in the control API. */
export function sandboxPath(id: string): string;

export class MockServer {
  readonly url: string;
  constructor(url?: string, options?: { adminToken?: string });
  call(method: string, path: string, body?: unknown): Promise<any>;
  sandbox(opening?: Opening): Promise<Sandbox>;
  open(id: string): Promise<Sandbox>;
  coverage(): Promise<Coverage>;
}

export class Sandbox {
  readonly server: MockServer;
  readonly id: string;
  /** Requests under it live here, even without a token. */
  readonly url: string;
  scenario: string;
  customers: Customer[];
  /** Tokens that are refused, by the reason. */
  tokens: Record<"unknown" | "staff" | "expired" | "revoked", string>;
  customer(persona?: string): Customer;
  person(persona: string): Promise<CustomerState>;
  /** In the words of a scenario file; null removes. */
  change(persona: string, changes: Record<string, unknown>): Promise<CustomerState>;
  useScenario(opening: Pick<Opening, "scenario" | "seed" | "overrides">): Promise<void>;
  mint(persona: string, expiresIn?: number | string): Promise<string>;
  clock(): Promise<Clock>;
  setClock(change: ClockChange): Promise<ClockMove>;
  advance(by: string): Promise<ClockMove>;
  fault(rule: FaultRule): Promise<Fault>;
  faults(): Promise<Fault[]>;
  removeFault(id: string): Promise<void>;
  clearFaults(): Promise<void>;
  requests(wanted?: Wanted): Promise<JournalEntry[]>;
  waitFor(wanted?: Wanted, options?: { count?: number; timeoutMs?: number }): Promise<JournalEntry[]>;
  assertRequested(operation: string, wanted?: Wanted & { times?: number }): Promise<void>;
  coverage(): Promise<Coverage>;
  clearJournal(): Promise<void>;
  har(): Promise<Record<string, unknown>>;
  bundle(): Promise<Record<string, unknown>>;
  snapshot(): Promise<Snapshot>;
  reset(): Promise<void>;
  close(): Promise<void>;
}
