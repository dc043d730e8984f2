import { EXIT } from '../errors.js';
import { table, wrapped } from './table.js';
import type { Output } from './terminal.js';

/** What each exit code of a command says. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  failed: 'failed',
  usage: 'wrong usage',
  policyInvalid: 'the policy is invalid',
  denied:
    'a test case failed, `explain` says denied, `replay --check` found a change, or `threats --check` an open pattern',
  needsApproval: '`explain` says that a person must approve',
  notStarted: 'the server could not be started',
};

/** What a running wrapper ends with. */
const WRAPPER_EXIT =
  "A running wrapper passes on the server's own exit code, 128 plus the number of the signal that ended it, or 127 when it could not be started; 1 when its answers could not be written any more.";

/** A line a code, as `policy-wrap help exit-codes` shows them. */
export function exitCodesText(out: Pick<Output, 'columns' | 'hasColor'>): string {
  const keys = Object.keys(EXIT) as (keyof typeof EXIT)[];
  const rows = keys.map((key) => [String(EXIT[key]), EXIT_MEANINGS[key]]);
  const lines = Number.isFinite(out.columns) ? wrapped(WRAPPER_EXIT, out.columns) : [WRAPPER_EXIT];
  return `${table(out, rows, { columns: ['whole', 'prose'] })}\n${lines.join('\n')}\n`;
}
