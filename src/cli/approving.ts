import { amountsOf, boundedNumber, numbersOf } from '../approval/numeric-arguments.js';
import { readPolicy } from '../config/policy-files.js';
import { readPreset } from '../config/shipped-policies.js';
import { PolicyWrapError } from '../errors.js';
import { Decimal } from '../json/decimal.js';
import { stack } from '../policy/evaluate/layers.js';
import type { Origin } from '../store/shared-store.js';
import type { ApprovalEntry, BudgetEntry, BudgetTerms, SessionEntry } from '../store/store.js';
import { parseDuration } from '../text/duration.js';
import { printable } from '../text/escape.js';
import { argumentsOf, inputSchemaOf, isForQueue, notHere, stateOf } from './approval-view.js';
import { written } from './open-state.js';
import type { AnyStore } from './team-store.js';

/** Said of a call whose policy cannot be known. */
export const UNKNOWN_POLICY = 'No wrapper of it runs: it passes once if the policy is still the same.';
const ASK_AGAIN = 'Have the call made again; you will be asked again.';
const DEFAULT_FOR = '30m';
/** What is granted in advance stays within what a person can oversee. */
const MOST_CALLS = 1000;
const LONGEST_MS = 24 * 3_600_000;

/**
 * A call that waits and may be approved outside of the client.
 *
 * @param id as a person types it
 * @returns it, and whether it is known that the policy which asked still decides
 * @throws PolicyWrapError NOT_FOUND, REFUSED
 */
export async function waitingCall(
  id: string,
  store: AnyStore,
): Promise<{ readonly approval: ApprovalEntry; readonly askedBy: AskedBy }> {
  const approval = await store.approval(id);
  if (!approval) {
    throw new PolicyWrapError('NOT_FOUND', `there is no approval ${printable(id, 40)}`, {
      hint: 'policy-wrap approvals lists what waits.',
    });
  }
  assertPending(approval);
  if (!isForQueue(approval)) throw notHere(approval);
  const askedBy = askers(await store.sessions())(approval);
  if (askedBy === 'another policy')
    throw new PolicyWrapError(
      'REFUSED',
      `approval ${approval.id} was asked for under an earlier policy of ${printable(approval.server, 200)}, and would let nothing through`,
      { hint: ASK_AGAIN },
    );
  return { approval, askedBy };
}

/** Whether the policy that asked about a call is the one that decides when it is made again; unknown where none runs and it cannot be read. */
export type AskedBy = 'this policy' | 'another policy' | 'unknown';

/**
 * An approval belongs to the policy that asked: where every wrapper of its server that runs decides by another one, or
 * none runs and the file says something else by now, the call is asked about anew, and a yes to this one is wasted.
 *
 * @param sessions of the store that has the approvals
 * @returns what tells that of each; a policy is read once for all of them
 */
export function askers(
  sessions: readonly (SessionEntry & Partial<Origin>)[],
): (approval: ApprovalEntry) => AskedBy {
  const hashes = new Map<string, string | undefined>();
  const hashOf = (source: string): string | undefined => {
    if (!hashes.has(source)) hashes.set(source, hashNow(source));
    return hashes.get(source);
  };
  return ({ server, grant, policyHash, session }) => {
    const running = sessions.filter(
      (each) => each.live && each.server === server && each.grant === grant && each.policyHash !== undefined,
    );
    if (running.length > 0)
      return running.some((each) => each.policyHash === policyHash) ? 'this policy' : 'another policy';
    const asking = sessions.find(({ id }) => id === session);
    // A path of another machine of the team says nothing here.
    const isHere = asking?.policySource !== undefined && asking.host === undefined;
    const hash = isHere ? hashOf(asking.policySource) : undefined;
    if (hash === undefined) return 'unknown';
    return hash === policyHash ? 'this policy' : 'another policy';
  };
}

/** The hash of a policy as it can be read now, with what it extends; undefined where it cannot. @param source as a session names it */
function hashNow(source: string): string | undefined {
  const [, name] = /^preset (.+)$/.exec(source) ?? [];
  try {
    const found = name === undefined ? readPolicy(source) : readPreset(name);
    return found.kind === 'policy' ? stack(found.policy, found.extended).hash : undefined;
  } catch (error) {
    if (PolicyWrapError.is(error)) return undefined;
    throw error;
  }
}

/**
 * Records a person's yes. They have seen the call, and have typed what a severe one takes.
 *
 * @param who where it was said: `cli`, `page`
 * @throws PolicyWrapError REFUSED when it no longer waits, NOT_FOUND, STATE_UNAVAILABLE
 */
export async function approveCall(
  approval: ApprovalEntry,
  store: AnyStore,
  who: string,
  budget: BudgetTerms | undefined,
): Promise<ApprovalEntry> {
  const decided = written(await store.decideApproval(approval.id, 'approved', who, { budget }));
  if (decided.kind === 'done') return decided.approval;
  if (decided.kind === 'not_here') throw notHere(approval);
  assertPending(decided.kind === 'not_pending' ? decided.approval : approval);
  throw new PolicyWrapError('NOT_FOUND', `approval ${approval.id} is gone`);
}

/** What was granted last for the tool of a call. */
export async function latestBudget(
  { tool, server }: ApprovalEntry,
  store: AnyStore,
): Promise<BudgetEntry | undefined> {
  return (await store.budgets())
    .filter((each) => each.tool === tool && each.server === server)
    .sort((a, b) => b.madeAt - a.madeAt)[0];
}

function assertPending(approval: ApprovalEntry): void {
  if (approval.state === 'pending') return;
  throw new PolicyWrapError('REFUSED', `approval ${approval.id} is no longer waiting: ${stateOf(approval)}`, {
    hint: approval.state === 'expired' ? ASK_AGAIN : undefined,
  });
}

/** What is typed about further calls. */
export interface FurtherTyped {
  /** `next 10`. */
  readonly also?: string | undefined;
  readonly for?: string | undefined;
  readonly maxAmount?: string | undefined;
  /** Path of the number that `maxAmount` is for, where it cannot be determined. */
  readonly amount?: string | undefined;
}

export interface Further {
  readonly calls: number;
  readonly forMs: number;
  readonly max: string | undefined;
  /** As it was typed: `args.amount_total`, or without `args.` */
  readonly amount: string | undefined;
}

/** @returns undefined where no further calls are meant. @throws PolicyWrapError USAGE */
export function furtherCalls({ also, for: length, maxAmount, amount }: FurtherTyped): Further | undefined {
  if (amount !== undefined && maxAmount === undefined)
    throw new PolicyWrapError('USAGE', '--amount says which number --max-amount is for: name both');
  if (also === undefined) {
    if (length === undefined && maxAmount === undefined) return undefined;
    throw new PolicyWrapError('USAGE', '--for and --max-amount say how far --also goes', {
      hint: 'policy-wrap approve <id> --also "next 10" --for 30m --max-amount 200000',
    });
  }
  const calls = Number(/^(?:next\s+)?(\d{1,6})$/i.exec(also.trim())?.[1]);
  if (!(calls >= 1 && calls <= MOST_CALLS))
    throw new PolicyWrapError('USAGE', `--also ${also}: write "next 10"; at most ${MOST_CALLS} calls`);
  const forMs = parseDuration(length ?? DEFAULT_FOR);
  if (forMs === undefined || forMs < 1000 || forMs > LONGEST_MS)
    throw new PolicyWrapError('USAGE', `--for ${length}: write 90s, 30m or 2h; at most 24h`);
  return { calls, forMs, max: maxAmount === undefined ? undefined : amountOf(maxAmount), amount };
}

function amountOf(text: string): string {
  try {
    const amount = Decimal.from(text.trim());
    if (amount.sign >= 0) return amount.toString();
  } catch {
    // Falls through to the one complaint.
  }
  throw new PolicyWrapError(
    'USAGE',
    `--max-amount ${text}: write a number without separators, such as 200000 or 99.50`,
  );
}

/** @returns what is granted beyond the call itself. @throws PolicyWrapError USAGE for a bound that the call has no number for */
export function bounded(
  { calls, forMs, max, amount }: Further,
  approval: ApprovalEntry,
  store: AnyStore,
): BudgetTerms {
  if (max === undefined) return { calls, forMs };
  const args = argumentsOf(approval);
  const paths = [...numbersOf(args).keys()];
  const path =
    amount === undefined
      ? (countedNumber(approval, paths) ?? boundedNumber(args, inputSchemaOf(approval, store)))
      : paths.find((each) => each === amount || each === `args.${amount}`);
  const tool = printable(approval.tool, 200);
  if (path === undefined) {
    const shown = paths.slice(0, 10).map((each) => printable(each, 80));
    throw new PolicyWrapError(
      'USAGE',
      paths.length === 0
        ? `--max-amount: ${tool} was called without a number to bound`
        : `--max-amount: which number of ${tool} is meant?`,
      {
        hint:
          paths.length === 0
            ? 'Only numbers that are outside of lists and that servers do not round can be bounded.'
            : `Say --amount with one of ${shown.join(', ')}.`,
      },
    );
  }
  if (amountsOf(args) === undefined) {
    throw new PolicyWrapError('USAGE', `--max-amount: an amount of ${tool} cannot be read for certain`, {
      hint: 'It is text, or has more digits than servers keep. Approve such calls one by one.',
    });
  }
  return { calls, forMs, bound: { path, max } };
}

/** The number that a limit of the policy adds up. */
export function countedNumber({ lookedAt }: ApprovalEntry, paths: readonly string[]): string | undefined {
  const counted = lookedAt?.amounts.map((steps) => ['args', ...steps].join('.')) ?? [];
  return counted.find((path) => paths.includes(path));
}
