import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { Decimal } from '../../src/policy/decimal.js';
import type { Charge, Evaluation } from '../../src/policy/decision.js';
import type { Limit } from '../../src/policy/policy.js';
import { connect, type Row } from '../../src/state/driver.js';
import { type Admission, type Admitted, BUSY, type SessionInfo, type Store } from '../../src/state/store.js';

/** A folder of its own for each test file; removed by `afterAll(temp.remove)`. */
export function tempDir(): { path: (name?: string) => string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'policy-wrap-state-'));
  let n = 0;
  return {
    path: (name) => {
      n += 1;
      return join(dir, name ?? `${n}.db`);
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A clock that stands still until it is told. */
export function clock(start = Date.UTC(2026, 10, 22, 11, 0, 0)): { now: () => number; at: number } {
  const self = { at: start, now: () => self.at };
  return self;
}

export const INFO: SessionInfo = {
  server: 'mcp-afip',
  grant: 'default',
  pid: process.pid,
  policyHash: 'a'.repeat(64),
  policySource: '/home/ana/.config/policy-wrap/mcp-afip.json',
  observe: false,
};

export function limit(changes: Partial<Omit<Limit, 'max'>> & { max?: number | string } = {}): Limit {
  const { max = 30, counter = 'track_logout_rate', ...rest } = changes;
  return {
    counter,
    windowMs: 60_000,
    windowText: 'minute',
    align: { kind: 'sliding' },
    scope: 'grant',
    amount: { kind: 'fixed', value: Decimal.one },
    per: [],
    refund: 'never',
    onExceed: 'deny',
    onDeny: undefined,
    pointer: `/tools/track_logout/limits/${counter}`,
    ...rest,
    max: Decimal.from(max),
  };
}

export function charge(of: Limit, amount: number | string = 1, split = ''): Charge {
  return { limit: of, amount: Decimal.from(amount), split };
}

export function open(...charges: Charge[]): Evaluation {
  return { kind: 'open', charges, ask: undefined };
}

export function admission(evaluation: Evaluation, changes: Partial<Admission> = {}): Admission {
  return {
    tool: 'track_logout',
    requestId: '1',
    argumentsText: '["point_of_sale"]',
    policyHash: INFO.policyHash,
    evaluation,
    ...changes,
  };
}

/** Admits one call and expects the database to be free. */
export function admit(store: Store, session: string, ...charges: Charge[]): Admitted {
  return done(store.admit(session, [admission(open(...charges))]))[0] as Admitted;
}

/** Both ways to SQLite, with the reason why one cannot be tried here. */
export const DRIVERS = (['better-sqlite3', 'node'] as const).map((name) => {
  const before = process.env.POLICY_WRAP_SQLITE;
  process.env.POLICY_WRAP_SQLITE = name;
  try {
    connect(':memory:', 0).close();
    return { name, missing: undefined };
  } catch (error) {
    const { cause } = error as { cause?: AggregateError };
    return { name, missing: String(cause?.errors?.[0]?.message ?? error).split('\n')[0] };
  } finally {
    if (before === undefined) delete process.env.POLICY_WRAP_SQLITE;
    else process.env.POLICY_WRAP_SQLITE = before;
  }
});

/** Runs a suite over each driver that loads here; the other shows up as skipped, with the reason. */
export function eachDriver(title: string, suite: () => void): void {
  for (const { name, missing } of DRIVERS) {
    if (missing !== undefined) {
      describe.skip(`${title} on ${name} (${missing})`, suite);
      continue;
    }
    describe(`${title} on ${name}`, () => {
      const before = process.env.POLICY_WRAP_SQLITE;
      beforeAll(() => {
        process.env.POLICY_WRAP_SQLITE = name;
      });
      afterAll(() => {
        if (before === undefined) delete process.env.POLICY_WRAP_SQLITE;
        else process.env.POLICY_WRAP_SQLITE = before;
      });
      suite();
    });
  }
}

/** For tests that look into a file behind the store's back. */
export function rows(path: string, sql: string): Row[] {
  const db = connect(path, 1000);
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

export function done<T>(result: T | typeof BUSY): T {
  if (result === BUSY) throw new Error('the database is locked');
  return result;
}
