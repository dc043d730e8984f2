import { judgeTyped } from '../../approval/challenge.js';
import { localeOf } from '../../approval/typed-number.js';
import { EXIT } from '../../errors.js';
import type { ApprovalEntry, BudgetTerms } from '../../store/store.js';
import { count } from '../../text/count.js';
import { span } from '../../text/duration.js';
import { printable } from '../../text/escape.js';
import { challengeFor, describeApproval } from '../approval-view.js';
import {
  approveCall,
  bounded,
  type FurtherTyped,
  furtherCalls,
  latestBudget,
  UNKNOWN_POLICY,
  waitingCall,
} from '../approving.js';
import { openStateWith, type StateOptions } from '../open-state.js';
import { assertPerson, confirm } from '../person.js';
import { type AnyStore, nowOf, openTeam, type StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';
import { clockTime } from '../time.js';

export interface ApproveOptions extends StateOptions, StoreOptions, FurtherTyped {
  readonly yes?: boolean | undefined;
}

/**
 * Lets one waiting call through, once, after a person at a terminal looked at it; with `also` further ones.
 *
 * @throws PolicyWrapError USAGE, NOT_FOUND, REFUSED, STATE_UNAVAILABLE
 */
export async function approve(id: string, options: ApproveOptions, io: Terminal): Promise<number> {
  assertPerson('approve', io);
  const further = furtherCalls(options);
  const team = await openTeam(options, io);
  const store = team ?? openStateWith(options, io, (each) => each.approval(id) !== undefined);
  try {
    await team?.needRole('approver');
    const { approval, askedBy } = await waitingCall(id, store);
    const budget = further && bounded(further, approval, store);
    await io.err.write(describeApproval(approval, io.err, nowOf(store, io)));
    if (askedBy === 'unknown') await io.err.write(`  ${UNKNOWN_POLICY}\n`);
    if (budget) await io.err.write(`  also      ${budgetText(budget, approval)}\n`);
    if (!(await isMeant(approval, store, options, io))) return EXIT.failed;

    const { expiresAt } = await approveCall(approval, store, 'cli', budget);
    const now = nowOf(store, io);
    const until = `until ${clockTime(expiresAt, now)} (${span(expiresAt - now)})`;
    await io.out.write(
      `Approved: ${printable(approval.tool)} passes once with exactly these arguments, ${until}. Have the call made again.\n`,
    );
    if (budget) {
      const made = await latestBudget(approval, store);
      await io.out.write(`Also ${budgetText(budget, approval)}. Revoke: policy-wrap reject ${made?.id}\n`);
    }
    return EXIT.done;
  } finally {
    await store.close();
  }
}

/** A severe call takes a value typed by a person; `--yes` has no say in it. */
async function isMeant(
  approval: ApprovalEntry,
  store: AnyStore,
  options: ApproveOptions,
  io: Terminal,
): Promise<boolean> {
  const challenge = challengeFor(approval, store);
  if (!challenge) return confirm('Approve this call?', options, io);
  const typed = await io.ask(`To approve it, type ${printable(challenge.label, 80)}: `);
  const judged = typed === undefined ? undefined : judgeTyped(challenge, typed, localeOf(io.env));
  if (judged?.kind === 'met') return true;
  await io.err.write(
    `${judged === undefined ? '' : `${printable(judged.text, 400)} `}Nothing was approved.\n`,
  );
  return false;
}

function budgetText({ calls, forMs, bound }: BudgetTerms, { tool }: ApprovalEntry): string {
  const which = bound
    ? `with ${printable(bound.path)} and every other amount from 0 to ${bound.max}, whatever else they say`
    : 'with any arguments';
  return `the next ${count(calls, 'call')} of ${printable(tool)} for ${span(forMs)}, ${which}`;
}
