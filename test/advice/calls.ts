import type { LoggedCall } from '../../src/advice/logged-call.js';

/** A call that passed, as the log tells of it. */
export const call = (changes: Partial<LoggedCall> = {}): LoggedCall => ({
  auditId: '1',
  at: 0,
  tool: 't',
  isNameWhole: true,
  disposition: 'passed',
  code: undefined,
  rule: undefined,
  kept: { kind: 'nothing' },
  consented: false,
  owner: 'default',
  failed: false,
  ...changes,
});
