import type { Limit } from '../policy/model.js';
import {
  type ChargeRecord,
  chargeRecordsText,
  parseChargeRecords,
  refundMark,
} from './counters/charge-record.js';
import type { PendingCharges } from './counters/pending-charges.js';
import { argumentsOf, CAPS, cut, cutOrNull } from './logged-text.js';
import { type Row, type Statement, textOf, type Value } from './sqlite/driver.js';
import type { Cache, StateFile } from './sqlite/file.js';

/** What was decided, as the log keeps it. */
export type LoggedDecision = 'allow' | 'deny' | 'hide' | 'ask';

/** A call as the log keeps it. Long texts are cut. */
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

/** `log_hours` names the first row of each hour. */
export const HOUR_MS = 3_600_000;

/** Everything that a new row is written from. */
interface NewRow {
  readonly id: number;
  /** UTC milliseconds. */
  readonly at: number;
  /** Rows of `sessions` and `policies`. */
  readonly session: number;
  readonly policy: number | null;
  readonly call: LoggedCall;
  readonly entry: Entry;
}

interface Column<T> {
  /** Where it stands: `d` is `decisions`, `s` its session, `p` its policy. */
  readonly from: string;
  readonly read: (value: unknown) => T;
  /** What a new row of `decisions` gets; absent for what is settled later or stands in another table. */
  readonly write?: (row: NewRow) => Value;
}

/**
 * Every column of the log as readers get it, in one list: rows are written, selected and read by it (`LogEntry`). A new
 * one needs a migration, a line here, and a key in each format that shows it.
 */
const COLUMNS = {
  auditId: column('d.id', String, ({ id }) => id),
  /** UTC milliseconds. */
  at: column('d.at', Number, ({ at }) => at),
  tool: column('d.tool', String, ({ call }) => cut(call.tool, CAPS.tool)),
  decision: column(
    'd.decision',
    (value) => value as LoggedDecision,
    ({ entry }) => entry.decision,
  ),
  /** Why not allowed; undefined when it was. */
  code: column('d.code', textOf, ({ entry }) => entry.code ?? null),
  rule: column('d.rule', textOf, ({ entry }) => cutOrNull(entry.rule, CAPS.rule)),
  /** JSON: sorted top-level names, or the whole object. */
  arguments: column('d.arguments', String, ({ call }) => argumentsOf(call.argumentsText)),
  requestId: column('d.request', textOf, ({ call }) => cutOrNull(call.requestId, CAPS.request)),
  approval: column('d.approval', textOf, ({ entry }) => entry.approvalId ?? null),
  /** Undefined until the call is settled, and for ever when the wrapper died before. */
  outcome: column('d.outcome', (value) => textOf(value) as Outcome | undefined),
  latencyMs: column('d.latency_ms', (value) => (typeof value === 'number' ? value : undefined)),
  policyHash: column('p.hash', textOf),
  /** True when nothing was enforced: a refusal is what would have been one. */
  observe: column('s.observe', (value) => value === 1),
  server: column('s.server', (value) => textOf(value) ?? ''),
  grant: column('s.grant_name', (value) => textOf(value) ?? ''),
  session: column('s.uid', (value) => textOf(value) ?? ''),
  pid: column('s.pid', (value) => (typeof value === 'number' ? value : 0)),
  clientName: column('s.client_name', textOf),
  clientVersion: column('s.client_version', textOf),
};

/** Written, and read by this room alone. */
const OWN_COLUMNS = [
  column('d.session', Number, ({ session }) => session),
  column('d.policy', Number, ({ policy }) => policy),
  column('d.charges', textOf, ({ entry }) =>
    entry.charges?.length ? chargeRecordsText(entry.charges) : null,
  ),
];

/** A row of the decision log with all that it refers to. */
export type LogEntry = {
  readonly [Name in keyof typeof COLUMNS]: ReturnType<(typeof COLUMNS)[Name]['read']>;
};

/** What a query of the log selects; `entryOf` reads the rows. */
export const SELECTED = Object.entries(COLUMNS)
  .map(([name, { from }]) => `${from} AS "${name}"`)
  .join(', ');

export function entryOf(row: Row): LogEntry {
  const values = Object.entries(COLUMNS).map(([name, { read }]) => [name, read(row[name])]);
  return Object.fromEntries(values) as LogEntry;
}

const WRITTEN = [...Object.values<Column<unknown>>(COLUMNS), ...OWN_COLUMNS].flatMap(({ from, write }) =>
  write ? [{ name: from.slice('d.'.length), write }] : [],
);
/** Rows of one INSERT: calls that arrive together are the bulk of the work under load. */
const TOGETHER = 8;

function insertion(rows: number): string {
  const row = `(${WRITTEN.map(() => '?').join(', ')})`;
  return `INSERT INTO decisions (${WRITTEN.map(({ name }) => name).join(', ')})
    VALUES ${Array(rows).fill(row).join(', ')}`;
}

function column<T>(from: string, read: Column<T>['read'], write?: Column<T>['write']): Column<T> {
  return write ? { from, read, write } : { from, read };
}

/**
 * The decision log: a row for every decision, written in the transaction of its charges, settled when the server has
 * answered. Append-only but for the settling and for the removal of the oldest rows.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class DecisionLog implements Cache {
  readonly #pending: PendingCharges;
  readonly #policies = new Map<string, number>();
  #hour = Number.NaN;
  /** Values of rows that are still to be inserted. */
  #values: Value[] = [];
  readonly #insert;
  readonly #insertTogether;
  /** Open rows with charges that an outcome gives back; without the outcomes that give nothing back. */
  readonly #refundable = new Map<Outcome, Statement>();
  readonly #settle;
  readonly #mark;
  readonly #addPolicy: Statement;
  readonly #findPolicy: Statement;

  constructor(file: StateFile, pending: PendingCharges) {
    const { db } = file;
    this.#pending = pending;
    file.register(this);
    this.#insert = db.prepare(insertion(1));
    this.#insertTogether = db.prepare(insertion(TOGETHER));
    for (const [outcome, refunds] of Object.entries(REFUNDS))
      if (refunds.length > 0)
        this.#refundable.set(
          outcome as Outcome,
          db.prepare(
            `SELECT id, charges FROM decisions WHERE id BETWEEN ? AND ? AND outcome IS NULL
               AND charges GLOB '*,[${refunds.map(refundMark).join('')}]]*'`,
          ),
        );
    this.#settle = db.prepare(
      'UPDATE decisions SET outcome = ?, latency_ms = ? WHERE id BETWEEN ? AND ? AND outcome IS NULL',
    );
    this.#mark = db.prepare('INSERT OR IGNORE INTO log_hours (hour, first) VALUES (?, ?)');
    this.#addPolicy = db.prepare('INSERT OR IGNORE INTO policies (hash) VALUES (?)');
    this.#findPolicy = db.prepare('SELECT id FROM policies WHERE hash = ?');
  }

  /**
   * Adds the row of a decision, which is in the file after `flush`.
   *
   * @param session row of the session
   * @param now UTC milliseconds
   * @returns the row's id
   */
  add(session: number, call: LoggedCall, entry: Entry, now: number): number {
    const id = this.#pending.nextDecision;
    const policy = call.policyHash === undefined ? null : this.#policy(call.policyHash);
    const row: NewRow = { id, at: now, session, policy, call, entry };
    for (const { write } of WRITTEN) this.#values.push(write(row));
    if (this.#values.length === TOGETHER * WRITTEN.length) {
      this.#insertTogether.run(...this.#values);
      this.#values = [];
    }
    this.#pending.add(id, entry.charges ?? []);
    const hour = Math.floor(now / HOUR_MS);
    if (hour !== this.#hour) {
      this.#mark.run(hour, id);
      this.#hour = hour;
    }
    return id;
  }

  /** Inserts what was added. */
  flush(): void {
    for (let i = 0; i < this.#values.length; i += WRITTEN.length)
      this.#insert.run(...this.#values.slice(i, i + WRITTEN.length));
    this.#values = [];
  }

  /**
   * Writes what became of calls, once: rows that are settled already stay as they are.
   *
   * @returns the charges of the rows that were settled now and have any that the outcome gives back
   */
  settle({
    first,
    last,
    outcome,
    latencyMs,
  }: Settlement): (readonly [row: number, readonly ChargeRecord[]])[] {
    const open = this.#refundable.get(outcome)?.all(first, last) ?? [];
    this.#settle.run(outcome, latencyMs ?? null, first, last);
    return open.map(({ id, charges }) => [id as number, parseChargeRecords(charges)]);
  }

  rolledBack(): void {
    this.#values = [];
    this.#policies.clear();
    this.#hour = Number.NaN;
  }

  #policy(hash: string): number {
    let id = this.#policies.get(hash);
    if (id === undefined) {
      this.#addPolicy.run(hash);
      id = this.#findPolicy.get(hash)?.id as number;
      this.#policies.set(hash, id);
    }
    return id;
  }
}

/** Which settings of `refund` give a charge back, by outcome (docs/policy.md, "Limits"). */
const REFUNDS: Readonly<Record<Outcome, readonly Limit['refund'][]>> = {
  not_sent: ['never', 'on_error', 'on_success'],
  ok: ['on_success'],
  error: ['on_error'],
  tool_error: ['on_error'],
  unanswered: [],
  cancelled: [],
};

/** @returns which charges an outcome gives back */
export function refundsOn(outcome: Outcome): (refund: Limit['refund']) => boolean {
  return (refund) => REFUNDS[outcome].includes(refund);
}

/** @returns the row that an audit id names; 0, which no row has, for text that is none of ours */
export function idOf(auditId: string | undefined): number {
  return auditId !== undefined && /^[0-9]{1,15}$/.test(auditId) ? Number(auditId) : 0;
}
