import { judgeTyped } from '../../approval/challenge.js';
import { amountsOf, boundedNumber, numbersOf } from '../../approval/numeric-arguments.js';
import { localeOf } from '../../approval/typed-number.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { Decimal } from '../../json/decimal.js';
import type { ApprovalEntry, BudgetTerms, Store } from '../../store/store.js';
import { count } from '../../text/count.js';
import { parseDuration, span } from '../../text/duration.js';
import { printable } from '../../text/escape.js';
import {
  argumentsOf,
  challengeFor,
  describeApproval,
  inputSchemaOf,
  isForQueue,
  notHere,
  stateOf,
} from '../approval-view.js';
import { openStateWith, type StateOptions, written } from '../open-state.js';
import { assertPerson, confirm } from '../person.js';
import type { Terminal } from '../terminal.js';
import { clockTime } from '../time.js';

export interface ApproveOptions extends StateOptions {
  readonly yes?: boolean | undefined;
  /** `next 10`. */
  readonly also?: string | undefined;
  readonly for?: string | undefined;
  readonly maxAmount?: string | undefined;
  /** Path of the number that `maxAmount` is for, where it cannot be determined. */
  readonly amount?: string | undefined;
}

const DEFAULT_FOR = '30m';
/** What is granted in advance stays within what a person can oversee. */
const MOST_CALLS = 1000;
const LONGEST_MS = 24 * 3_600_000;

/**
 * Lets one waiting call through, once, after a person at a terminal looked at it; with `also` further ones.
 *
 * @throws PolicyWrapError USAGE, NOT_FOUND, REFUSED, STATE_UNAVAILABLE
 */
export async function approve(id: string, options: ApproveOptions, io: Terminal): Promise<number> {
  assertPerson('approve', io);
  const further = furtherCalls(options);
  const store = openStateWith(options, io, (each) => each.approval(id) !== undefined);
  try {
    const approval = store.approval(id);
    if (!approval) {
      throw new PolicyWrapError('NOT_FOUND', `there is no approval ${printable(id, 40)}`, {
        hint: 'policy-wrap approvals lists what waits.',
      });
    }
    assertPending(approval);
    if (!isForQueue(approval)) throw notHere(approval);
    const budget = further && bounded(further, approval, store);
    await io.err.write(describeApproval(approval, io.err, io.now()));
    if (budget) await io.err.write(`  also      ${budgetText(budget, approval)}\n`);
    if (!(await isMeant(approval, store, options, io))) return EXIT.failed;

    const decided = written(store.decideApproval(approval.id, 'approved', 'cli', { budget }));
    if (decided.kind !== 'done') {
      if (decided.kind === 'not_here') throw notHere(approval);
      assertPending(decided.kind === 'not_pending' ? decided.approval : approval);
      throw new PolicyWrapError('NOT_FOUND', `approval ${approval.id} is gone`);
    }
    const { expiresAt } = decided.approval;
    const until = `until ${clockTime(expiresAt, io.now())} (${span(expiresAt - io.now())})`;
    await io.out.write(
      `Approved: ${printable(approval.tool)} passes once with exactly these arguments, ${until}. Have the call made again.\n`,
    );
    if (budget) {
      const made = store
        .budgets()
        .filter(({ tool, server }) => tool === approval.tool && server === approval.server);
      const latest = made.reduce((a, b) => (b.madeAt > a.madeAt ? b : a), made[0] as (typeof made)[0]);
      await io.out.write(`Also ${budgetText(budget, approval)}. Revoke: policy-wrap reject ${latest.id}\n`);
    }
    return EXIT.done;
  } finally {
    store.close();
  }
}

function assertPending(approval: ApprovalEntry): void {
  if (approval.state === 'pending') return;
  const again =
    approval.state === 'expired' ? 'Have the call made again; you will be asked again.' : undefined;
  throw new PolicyWrapError('REFUSED', `approval ${approval.id} is no longer waiting: ${stateOf(approval)}`, {
    ...(again !== undefined && { hint: again }),
  });
}

/** A severe call takes a value typed by a person; `--yes` has no say in it. */
async function isMeant(
  approval: ApprovalEntry,
  store: Store,
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

interface Further {
  readonly calls: number;
  readonly forMs: number;
  readonly max: string | undefined;
  /** As it was typed: `args.amount_total`, or without `args.` */
  readonly amount: string | undefined;
}

function furtherCalls({ also, for: length, maxAmount, amount }: ApproveOptions): Further | undefined {
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

function bounded({ calls, forMs, max, amount }: Further, approval: ApprovalEntry, store: Store): BudgetTerms {
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
function countedNumber({ lookedAt }: ApprovalEntry, paths: readonly string[]): string | undefined {
  const counted = lookedAt?.amounts.map((steps) => ['args', ...steps].join('.')) ?? [];
  return counted.find((path) => paths.includes(path));
}

function budgetText({ calls, forMs, bound }: BudgetTerms, { tool }: ApprovalEntry): string {
  const which = bound
    ? `with ${printable(bound.path)} and every other amount from 0 to ${bound.max}, whatever else they say`
    : 'with any arguments';
  return `the next ${count(calls, 'call')} of ${printable(tool)} for ${span(forMs)}, ${which}`;
}
