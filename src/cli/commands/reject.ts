import { EXIT, PolicyWrapError } from '../../errors.js';
import type { ApprovalEntry } from '../../store/store.js';
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
  return refuse(id, options, io, 'cli');
}

/** As `reject`. @param who where it was said: `cli`, `page` */
export async function refuse(id: string, options: RejectOptions, io: Terminal, who: string): Promise<number> {
  const budget = id.toLowerCase().replace(/[^a-z0-9]/g, '');
  const store =
    (await openTeam(options, io)) ??
    openStateWith(
      options,
      io,
      (each) => each.approval(id) !== undefined || each.budgets().some((one) => one.id === budget),
    );
  try {
    const wasApproved = (await store.approval(id))?.state === 'approved';
    const decided = written(await store.decideApproval(id, 'rejected', who, { note: options.reason }));
    switch (decided.kind) {
      case 'done':
        await io.out.write(
          wasApproved
            ? `Taken back: the approval was not used, and ${printable(decided.approval.tool)} is refused with these arguments.\n`
            : `Rejected: ${printable(decided.approval.tool)} stays refused with these arguments.\n`,
        );
        await tellBudgets(decided.approval, store, io);
        return EXIT.done;
      case 'not_here':
      case 'not_pending':
        throw new PolicyWrapError(
          'REFUSED',
          decided.approval.state === 'consumed'
            ? `approval ${decided.approval.id} was used already: the call went through`
            : `approval ${decided.approval.id} is no longer waiting: ${stateOf(decided.approval)}`,
        );
      case 'unknown': {
        if (!written(await store.revokeBudget(budget, who))) {
          throw new PolicyWrapError(
            'NOT_FOUND',
            `there is neither an approval nor a budget ${printable(id, 40)}`,
            {
              hint: 'policy-wrap status lists both.',
            },
          );
        }
        await io.out.write(`Revoked: calls under budget ${budget} are asked about again.\n`);
        return EXIT.done;
      }
    }
  } finally {
    await store.close();
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
