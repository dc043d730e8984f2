import { Decimal } from '../../src/json/decimal.js';
import type { Charge, Evaluation } from '../../src/policy/call.js';
import type { Limit } from '../../src/policy/model.js';
import type { Admission } from '../../src/store/admission.js';
import type { Outcome, Settlement } from '../../src/store/decision-log.js';
import type { SessionInfo } from '../../src/store/sessions.js';

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
    except: [],
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

/** A call about which a person is asked; each number is another tool. */
export function approvable(number: number): Admission {
  const tool = `tool${number}`;
  const rule = `/tools/${tool}/action`;
  const ask = { code: 'APPROVAL_REQUIRED', rule, authorText: undefined, explanation: 'look at it' } as const;
  return admission(
    { kind: 'open', charges: [], ask },
    { tool, approval: { argumentsHash: tool, argumentsText: '{}', expiresMs: 600_000 } },
  );
}

/** What became of the call of one row. */
export function settlement(row: number, outcome: Outcome, latencyMs: number | undefined = 1): Settlement {
  return { first: row, last: row, outcome, latencyMs };
}
