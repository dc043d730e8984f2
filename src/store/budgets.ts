import { Decimal } from '../json/decimal.js';
import type { ApprovalEntry, ApprovalTerms, ApprovedCall } from './approval-entry.js';
import { randomId } from './approvals.js';
import { toDecimal } from './counters/stored-amount.js';
import type { Events } from './events.js';
import type { Database, Row } from './sqlite/driver.js';

/** What a person grants beyond the one call in question: the next calls of its tool, within bounds. */
export interface BudgetTerms {
  readonly calls: number;
  /** Milliseconds. */
  readonly forMs: number;
  /** A number of the call, by path (`args.amount_total`), that must be present; it and every amount are from 0 to `max`. */
  readonly bound?: { readonly path: string; readonly max: string } | undefined;
}

export interface BudgetEntry {
  readonly id: string;
  readonly server: string;
  readonly grant: string;
  readonly tool: string;
  readonly policyHash: string;
  readonly callsLeft: number;
  /** UTC milliseconds. */
  readonly expiresAt: number;
  readonly bound: { readonly path: string; readonly max: string } | undefined;
  readonly madeAt: number;
  readonly madeBy: string;
}

/** Calls that a person approved in advance. All methods run inside the caller's transaction. */
export class Budgets {
  readonly #db: Database;
  readonly #events: Events;
  readonly #byTool;
  readonly #removeOld;

  constructor(db: Database, events: Events) {
    this.#db = db;
    this.#events = events;
    this.#byTool = db.prepare(
      `SELECT * FROM budgets WHERE server = ? AND grant_name = ? AND tool = ? AND policy = ? AND calls_left > 0
         AND expires_at > ? ORDER BY expires_at`,
    );
    this.#removeOld = db.prepare('DELETE FROM budgets WHERE calls_left <= 0 OR expires_at <= ?');
  }

  /** Grants further calls like the one that `approval` was asked for. */
  make(approval: ApprovalEntry, { calls, forMs, bound }: BudgetTerms, by: string, now: number): BudgetEntry {
    const id = randomId();
    const { server, grant, tool, policyHash } = approval;
    // Parsed before it is stored: a bound that is no number must not let everything pass.
    const max = bound && Decimal.from(bound.max).toString();
    if (!Number.isSafeInteger(calls) || calls < 1) throw new RangeError(`a budget of ${calls} calls`);
    this.#db
      .prepare(
        `INSERT INTO budgets (id, server, grant_name, tool, policy, calls_left, expires_at, bound_path, bound_max,
           made_at, made_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        server,
        grant,
        tool,
        policyHash,
        calls,
        now + Math.trunc(forMs),
        bound?.path ?? null,
        max ?? null,
        now,
        by,
      );
    const detail = { budget: id, approval: approval.id, tool, calls, forMs, bound };
    this.#events.write(now, by, 'budget.made', detail);
    return this.list(now).find((budget) => budget.id === id) as BudgetEntry;
  }

  /** @returns a budget that this call fits in; changes nothing */
  find(
    { server, grant, tool, policyHash }: ApprovedCall,
    { numbers, amounts }: Pick<ApprovalTerms, 'numbers' | 'amounts'>,
    now: number,
  ): string | undefined {
    const rows = this.#byTool.all(server, grant, tool, policyHash, now);
    return rows.map(toEntry).find(({ bound }) => bound === undefined || isWithin(bound, numbers, amounts))
      ?.id;
  }

  /** Uses one call up. @throws Error when none is left, which rolls the caller's transaction back */
  use(id: string, now: number): void {
    const { changes } = this.#db
      .prepare(
        'UPDATE budgets SET calls_left = calls_left - 1 WHERE id = ? AND calls_left > 0 AND expires_at > ?',
      )
      .run(id, now);
    if (changes !== 1) throw new Error(`budget ${id} is used up`);
    this.#events.write(now, 'wrapper', 'budget.used', { budget: id });
  }

  /** @returns whether there was one */
  revoke(id: string, by: string, now: number): boolean {
    const { changes } = this.#db.prepare('DELETE FROM budgets WHERE id = ?').run(id);
    if (changes === 1) this.#events.write(now, by, 'budget.revoked', { budget: id });
    return changes === 1;
  }

  /** @returns budgets that can still be used, the first to expire first */
  list(now: number): BudgetEntry[] {
    return this.#db
      .prepare('SELECT * FROM budgets WHERE calls_left > 0 AND expires_at > ? ORDER BY expires_at, id')
      .all(now)
      .map(toEntry);
  }

  removeOld(now: number): void {
    this.#removeOld.run(now);
  }
}

function isWithin(
  bound: { readonly path: string; readonly max: string },
  numbers: ApprovalTerms['numbers'],
  amounts: ApprovalTerms['amounts'],
): boolean {
  const value = numbers?.get(bound.path);
  if (value === undefined || amounts === undefined) return false;
  const max = toDecimal(bound.max);
  return [value, ...amounts].map(toDecimal).every((each) => each.sign >= 0 && each.compare(max) <= 0);
}

function toEntry(row: Row): BudgetEntry {
  const { bound_path: path, bound_max: max } = row;
  return {
    id: row.id as string,
    server: row.server as string,
    grant: row.grant_name as string,
    tool: row.tool as string,
    policyHash: row.policy as string,
    callsLeft: row.calls_left as number,
    expiresAt: row.expires_at as number,
    bound: typeof path === 'string' && typeof max === 'string' ? { path, max } : undefined,
    madeAt: row.made_at as number,
    madeBy: row.made_by as string,
  };
}
