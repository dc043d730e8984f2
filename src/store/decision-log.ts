import type { Limit } from '../policy/model.js';
import { type ChargeRecord, parseChargeRecords, refundOf } from './counters/charge-record.js';
import type { PendingCharges } from './counters/pending-charges.js';
import type { Database, Value } from './sqlite/driver.js';

/** What was decided, as the log keeps it. */
export type LoggedDecision = 'allow' | 'deny' | 'hide' | 'ask';

/** A call as the log keeps it. Texts are cut to what a log line can use. */
export interface LoggedCall {
  readonly tool: string;
  /** The JSON-RPC id as JSON text; undefined for a call without one. */
  readonly requestId: string | undefined;
  /** What the log keeps of the arguments: a JSON array of sorted top-level names, or the whole object. */
  readonly argumentsText: string;
  readonly policyHash: string | undefined;
}

/** What was decided on it. */
export interface Entry {
  readonly decision: LoggedDecision;
  readonly code?: string;
  readonly rule?: string | undefined;
  /** What the call charges; kept so that it can be given back after a restart too. */
  readonly charges?: readonly ChargeRecord[];
  /** Id of the approval or budget that let it pass or that it waits for. */
  readonly approvalId?: string | undefined;
}

/** What became of forwarded calls whose rows lie side by side. */
export interface Settlement {
  /** Rows of the log, these included. */
  readonly first: number;
  readonly last: number;
  readonly outcome: Outcome;
  readonly latencyMs: number | undefined;
}

/**
 * `ok`, `tool_error` (`isError: true`), `error` (JSON-RPC error), `unanswered` (the server ended first),
 * `cancelled` (by the client), `not_sent` (provably never reached the server: its charges are given back).
 */
export type Outcome = 'ok' | 'tool_error' | 'error' | 'unanswered' | 'cancelled' | 'not_sent';

/** `log_hours` names the first row of each hour (see schema.ts). */
export const HOUR_MS = 3_600_000;
/** So many open rows are known without a look: more than are decided before outcomes are written (see Ledger). */
const PLAIN_KEPT = 16_384;
/** Of calls that came together so many rows are one statement. */
const TOGETHER = 8;

/** Longest text of a row in bytes; the client chooses most of them. */
const CAPS = { tool: 512, rule: 2048, arguments: 65_536, names: 4096, name: 256, request: 256 };

/**
 * The decision log: a row for every decision, written in the transaction of its charges, settled when the server has
 * answered. Append-only but for the settling and for the removal of the oldest rows.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class DecisionLog {
  readonly #db: Database;
  readonly #pending: PendingCharges;
  /** Plain rows that are still to be inserted, one behind the other, and how many there are. */
  readonly #plainValues: Value[] = Array(TOGETHER * PLAIN_COLUMNS.length).fill(null);
  #plainRows = 0;
  readonly #policies = new Map<string, number>();
  #hour = Number.NaN;
  /** Rows of this process that are still open and of which an answer gives nothing back, each in the place of its id. */
  readonly #plain = new Float64Array(PLAIN_KEPT).fill(Number.NaN);
  readonly #insert;
  readonly #insertPlain;
  readonly #insertPlainTogether;
  readonly #charges;
  readonly #settle;
  readonly #settleRun;
  readonly #mark;

  constructor(db: Database, pending: PendingCharges) {
    this.#db = db;
    this.#pending = pending;
    this.#insert = db.prepare(insertion(COLUMNS, 1));
    this.#insertPlain = db.prepare(insertion(PLAIN_COLUMNS, 1));
    this.#insertPlainTogether = db.prepare(insertion(PLAIN_COLUMNS, TOGETHER));
    this.#charges = db.prepare('SELECT charges FROM decisions WHERE id = ?');
    this.#settle = db.prepare(
      'UPDATE decisions SET outcome = ?, latency_ms = ? WHERE id = ? AND outcome IS NULL',
    );
    this.#settleRun = db.prepare(
      'UPDATE decisions SET outcome = ?, latency_ms = ? WHERE id BETWEEN ? AND ? AND outcome IS NULL',
    );
    this.#mark = db.prepare('INSERT OR IGNORE INTO log_hours (hour, first) VALUES (?, ?)');
  }

  /**
   * Decides on the row of a decision; `write` must follow.
   *
   * @param session row of the session
   * @param now UTC milliseconds
   * @returns the row's id
   */
  add(session: number, call: LoggedCall, entry: Entry, now: number): number {
    const { tool, argumentsText, requestId, policyHash } = call;
    const { decision, code, rule, charges: taken, approvalId } = entry;
    const charges = taken !== undefined && taken.length > 0 ? taken : undefined;
    const id = this.#pending.next;
    const isPlain = decision === 'allow' && approvalId === undefined;
    // Always the same list: one for each row would cost as much as inserting it.
    const values = isPlain ? this.#plainValues : [];
    let next = isPlain ? this.#plainRows++ * PLAIN_COLUMNS.length : 0;
    values[next++] = id;
    values[next++] = now;
    values[next++] = session;
    values[next++] = cut(tool, CAPS.tool);
    values[next++] = policyHash === undefined ? null : this.#policy(policyHash);
    values[next++] = argumentsOf(argumentsText);
    values[next++] = requestId === undefined ? null : cut(requestId, CAPS.request);
    values[next++] = charges === undefined ? null : textOf(charges);
    if (!isPlain) {
      const text = rule === undefined ? null : cut(rule, CAPS.rule);
      this.#insert.run(...values, decision, code ?? null, text, approvalId ?? null);
    } else if (this.#plainRows === TOGETHER) {
      this.#insertPlainTogether.run(...values);
      this.#plainRows = 0;
    }
    this.#pending.add(id, charges);
    if (decision === 'allow' && (charges?.every(isKept) ?? true)) this.#plain[id % PLAIN_KEPT] = id;
    const hour = Math.floor(now / HOUR_MS);
    if (hour !== this.#hour) {
      this.#mark.run(hour, id);
      this.#hour = hour;
    }
    return id;
  }

  /** Writes what was added and is not written yet. */
  write(): void {
    this.flush();
    this.#pending.compactWhenMany();
  }

  /** As `write`, in the middle of calls that came together: for who looks at rows before all are decided. */
  flush(): void {
    const size = PLAIN_COLUMNS.length;
    for (let row = 0; row < this.#plainRows; row += 1)
      this.#insertPlain.run(...this.#plainValues.slice(row * size, (row + 1) * size));
    this.#plainRows = 0;
  }

  /**
   * Writes what became of a call, once: a second settlement of the same row changes nothing.
   *
   * @returns what the call had charged, as far as any of it may be given back
   */
  settle(decision: number, outcome: Outcome, latencyMs: number | undefined): readonly ChargeRecord[] {
    this.#forgetPlain(decision);
    if (this.#settle.run(outcome, latencyMs ?? null, decision).changes === 0) return [];
    const charges = this.#charges.get(decision)?.charges ?? null;
    return charges === null ? [] : parseChargeRecords(charges);
  }

  /**
   * Writes what became of calls, in one statement as far as it gives nothing back.
   *
   * @param first as in the settlement, or behind those that are written already
   * @returns the row from which on none was written; `first` when that needs a look of its own
   */
  settleRun(first: number, { last, outcome, latencyMs }: Settlement): number {
    let end = first;
    while (outcome !== 'not_sent' && end <= last && this.#forgetPlain(end)) end += 1;
    if (end > first) this.#settleRun.run(outcome, latencyMs ?? null, first, end - 1);
    return end;
  }

  /** Must follow every transaction that was rolled back. */
  forget(): void {
    this.#plainRows = 0;
    this.#policies.clear();
    this.#plain.fill(Number.NaN);
    this.#hour = Number.NaN;
  }

  /** @returns whether the row was known to be open and plain; of others that are, a look at the row tells */
  #forgetPlain(id: number): boolean {
    if (this.#plain[id % PLAIN_KEPT] !== id) return false;
    this.#plain[id % PLAIN_KEPT] = Number.NaN;
    return true;
  }

  #policy(hash: string): number {
    let id = this.#policies.get(hash);
    if (id === undefined) {
      this.#db.prepare('INSERT OR IGNORE INTO policies (hash) VALUES (?)').run(hash);
      id = this.#db.prepare('SELECT id FROM policies WHERE hash = ?').get(hash)?.id as number;
      this.#policies.set(hash, id);
    }
    return id;
  }
}

/** Which charges an outcome gives back (DESIGN section 5, `refund`). */
export function refundsOn(outcome: Outcome): (refund: Limit['refund']) => boolean {
  switch (outcome) {
    case 'not_sent':
      return () => true;
    case 'ok':
      return (refund) => refund === 'on_success';
    case 'error':
    case 'tool_error':
      return (refund) => refund === 'on_error';
    case 'unanswered':
    case 'cancelled':
      return () => false;
  }
}

const LONGEST_ID = 15;
const ZERO = 0x30;

/** @returns the row that an audit id names; 0, which no row has, for text that is none of ours */
export function idOf(auditId: string | undefined): number {
  if (auditId === undefined || auditId.length > LONGEST_ID) return 0;
  let id = 0;
  for (let i = 0; i < auditId.length; i += 1) {
    const digit = auditId.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return 0;
    id = id * 10 + digit;
  }
  return id;
}

/** What is bound to insert a row; `outcome` and `latency_ms` come later. */
const PLAIN_COLUMNS = ['id', 'at', 'session', 'tool', 'policy', 'arguments', 'request', 'charges'];
const COLUMNS = [...PLAIN_COLUMNS, 'decision', 'code', 'rule', 'approval'];

/** Of a row of PLAIN_COLUMNS, which is most, the rest is told by what it is: an allowed call. */
function insertion(columns: readonly string[], rows: number): string {
  const plain = columns === PLAIN_COLUMNS;
  const row = `(${columns.map(() => '?').join(', ')}${plain ? ", 'allow'" : ''})`;
  return `INSERT INTO decisions (${columns.join(', ')}${plain ? ', decision' : ''})
    VALUES ${Array(rows).fill(row).join(', ')}`;
}

/** The last charge that was made text of, and the text: calls that came together tend to charge the same. */
let lastCharge: ChargeRecord | undefined;
let lastText = '';

/** As JSON, for which the engine's own writer takes its time: an amount in text is digits, which need no escape. */
function textOf(charges: readonly ChargeRecord[]): string {
  const [only] = charges;
  return `[${charges.length === 1 && only ? textOfOne(only) : charges.map(textOfOne).join()}]`;
}

function textOfOne(charge: ChargeRecord): string {
  const [counter, at, amount, refund] = charge;
  const last = lastCharge;
  const isSame = last?.[1] === at && last[0] === counter && last[2] === amount && last[3] === refund;
  if (isSame) return lastText;
  lastCharge = charge;
  lastText = `[${counter},${at},${typeof amount === 'number' ? amount : `"${amount}"`},${refund}]`;
  return lastText;
}

/** Whether no answer gives the charge back. */
function isKept(charge: ChargeRecord): boolean {
  return refundOf(charge) === 'never';
}

/** Arguments as a row may hold them: of too many bytes the names, of too many names the first. */
export function argumentsOf(text: string): string {
  const isList = text.startsWith('[');
  if (isWithin(text, isList ? CAPS.names : CAPS.arguments)) return text;
  let names: unknown;
  try {
    const value: unknown = JSON.parse(text);
    names = isList ? value : Object.keys(value as object).sort();
  } catch {
    return cut(text, CAPS.arguments);
  }
  const kept: string[] = [];
  let room = CAPS.names - 16;
  for (const name of Array.isArray(names) ? names : []) {
    const shown = cut(String(name), CAPS.name);
    room -= Buffer.byteLength(JSON.stringify(shown)) + 1;
    if (room < 0) {
      kept.push('…');
      break;
    }
    kept.push(shown);
  }
  return JSON.stringify(kept);
}

function cut(value: string, cap: number): string {
  if (isWithin(value, cap)) return value;
  // A character that is cut in the middle goes.
  return `${Buffer.from(value.slice(0, cap))
    .toString('utf8', 0, cap)
    .replace(/\ufffd+$/, '')}…`;
}

/** A character takes three bytes at most. */
function isWithin(value: string, cap: number): boolean {
  return value.length * 3 <= cap || Buffer.byteLength(value) <= cap;
}
