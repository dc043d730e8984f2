import { EXIT, PolicyWrapError } from '../../errors.js';
import { plainId } from '../../store/approval-entry.js';
import type { ApprovalEntry, Store } from '../../store/store.js';
import { printable } from '../../text/escape.js';
import { stateOf } from '../approval-view.js';
import { openStateWith, type StateOptions, written } from '../open-state.js';
import { type AnyStore, openTeam, type StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';

export interface RejectOptions extends StateOptions, StoreOptions {
  readonly reason?: string | undefined;
}

/**
 * Refuses a waiting call, or takes back an approval that was not used yet, or what was approved in advance. Asks nothing: it only ever stops something.
 *
 * @param id of an approval or of a budget
 * @throws PolicyWrapError NOT_FOUND, REFUSED, STATE_UNAVAILABLE
 */
export async function reject(id: string, options: RejectOptions, io: Terminal): Promise<number> {
  const store = (await openTeam(options, io)) ?? openStateWith(options, io, (each) => hasWaiting(id, each));
  try {
    await refuse(id, store, options.reason, io, 'cli');
    return EXIT.done;
  } finally {
    await store.close();
  }
}

/** @param id of an approval or of a budget */
export function hasWaiting(id: string, store: Store): boolean {
  return store.approval(id) !== undefined || store.budgets().some((one) => one.id === plainId(id));
}

/** As `reject`, in a store that is open. @param who where it was said: `cli`, `page` */
export async function refuse(
  id: string,
  store: AnyStore,
  reason: string | undefined,
  io: Terminal,
  who: string,
): Promise<void> {
  const wasApproved = (await store.approval(id))?.state === 'approved';
  const decided = written(await store.decideApproval(id, 'rejected', who, { note: reason }));
  switch (decided.kind) {
    case 'done':
      await io.out.write(
        wasApproved
          ? `Taken back: the approval was not used, and ${printable(decided.approval.tool)} is refused with these arguments.\n`
          : `Rejected: ${printable(decided.approval.tool)} stays refused with these arguments.\n`,
      );
      await tellBudgets(decided.approval, store, io);
      return;
    case 'not_here':
    case 'not_pending':
      throw new PolicyWrapError(
        'REFUSED',
        decided.approval.state === 'consumed'
          ? `approval ${decided.approval.id} was used already: the call went through`
          : `approval ${decided.approval.id} is no longer waiting: ${stateOf(decided.approval)}`,
      );
    case 'unknown': {
      const budget = plainId(id);
      if (!written(await store.revokeBudget(budget, who))) {
        throw new PolicyWrapError(
          'NOT_FOUND',
          `there is neither an approval nor a budget ${printable(id, 40)}`,
          { hint: 'policy-wrap status lists both.' },
        );
      }
      await io.out.write(`Revoked: calls under budget ${budget} are asked about again.\n`);
    }
  }
}

/** What was approved in advance goes on without the approval that it was given with. */
async function tellBudgets(
  { server, grant, tool }: ApprovalEntry,
  store: AnyStore,
  io: Terminal,
): Promise<void> {
  for (const budget of await store.budgets()) {
    if (budget.server !== server || budget.grant !== grant || budget.tool !== tool) continue;
    await io.err.write(
      `Still approved in advance: the next ${budget.callsLeft} of ${printable(tool)}. Take it back: policy-wrap reject ${budget.id}\n`,
    );
  }
}
