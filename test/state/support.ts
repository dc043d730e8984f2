import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decimal } from '../../src/policy/decimal.js';
import type { Charge, Evaluation } from '../../src/policy/decision.js';
import type { Limit } from '../../src/policy/policy.js';
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
  const admitted = store.admit(session, [admission(open(...charges))]);
  if (admitted === BUSY) throw new Error('the database is locked');
  return admitted[0] as Admitted;
}
