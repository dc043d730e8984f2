import { readLogged } from '../../advice/logged-call.js';
import { compareWithLog } from '../../advice/unusual.js';
import { judgeTyped } from '../../approval/challenge.js';
import { amountsOf, boundedNumber, numbersOf } from '../../approval/numeric-arguments.js';
import { argumentsOf, challengeFor, inputSchemaOf, isForQueue, keptOf } from '../../cli/approval-view.js';
import { approveCall, bounded, countedNumber, furtherCalls, waitingCall } from '../../cli/approving.js';
import { refuse } from '../../cli/commands/reject.js';
import { PolicyWrapError } from '../../errors.js';
import type { ApprovalEntry, BudgetTerms, SessionEntry, Store } from '../../store/store.js';
import {
  ApproveBody,
  type Comparison,
  type DecidedCall,
  type Further,
  RejectBody,
  type WaitingAnswer,
  type WaitingCall,
} from '../api-types/waiting.js';
import type { Page } from '../page.js';
import { get, post, type Route } from '../route.js';

/** How long what was decided is shown, in milliseconds, and how much of it. */
const LATELY_MS = 24 * 3_600_000;
const MOST_LATELY = 50;
/** What a call is compared with: rows of the log, and how far back, in milliseconds. */
const MOST_COMPARED = 1000;
const COMPARED_MS = 30 * 24 * 3_600_000;

/** What waits for a person, and what they say. */
export const WAITING: readonly Route[] = [
  get('/api/waiting', (_asked, page) => waiting(page)),
  post('/api/waiting/approve', ApproveBody, ({ body }, page) => approve(body, page)),
  post('/api/waiting/reject', RejectBody, async ({ body: { id, reason } }, page) => {
    const io = page.collect();
    await refuse(id, { ...page.options, reason: reason?.trim() || undefined }, io, 'page');
    page.changed('state');
    // What was granted together with it goes on, and is said so.
    return { notes: io.notes };
  }),
];

function waiting(page: Page): WaitingAnswer {
  const now = page.now();
  const stores = page.stores().map(({ store }) => store);
  return {
    now,
    waiting: stores.flatMap((store) => {
      const waits = store.approvals();
      const sessions = waits.length === 0 ? [] : store.sessions();
      return waits.map((approval) => waitingCallOf(approval, store, sessions));
    }),
    lately: stores.flatMap((store) => latelyOf(store, now)).sort((a, b) => decidedAt(b) - decidedAt(a)),
    budgets: stores.flatMap((store) =>
      store.budgets().map(({ id, server, tool, callsLeft, expiresAt, bound }) => ({
        ...{ id, server, tool, callsLeft, expiresAt, bound },
      })),
    ),
  };
}

function shownOf(approval: ApprovalEntry, sessions: readonly SessionEntry[]) {
  const { id, server, grant, tool, rule, reason, askedAt, expiresAt, session } = approval;
  const { names } = keptOf(approval);
  const by = sessions.find((each) => each.id === session);
  return {
    ...{ id, server, grant, tool, rule, reason, askedAt, expiresAt },
    client: by?.clientName === undefined ? undefined : { name: by.clientName, version: by.clientVersion },
    arguments: names ? undefined : approval.arguments,
    argumentNames: names ?? [],
  };
}

function waitingCallOf(
  approval: ApprovalEntry,
  store: Store,
  sessions: readonly SessionEntry[],
): WaitingCall {
  const shown = shownOf(approval, sessions);
  return {
    ...shown,
    canApprove: isForQueue(approval),
    challenge: challengeFor(approval, store)?.label,
    comparison: comparisonOf(approval, shown.client?.name, store),
    further: furtherOf(approval, store),
  };
}

/** What a call is like does not change while it waits, and the log may be long. */
const compared = new WeakMap<Store, Map<string, Comparison>>();

function comparisonOf(approval: ApprovalEntry, client: string | undefined, store: Store): Comparison {
  const known = compared.get(store) ?? new Map<string, Comparison>();
  compared.set(store, known);
  const key = `${approval.id} ${client}`;
  const before = known.get(key);
  if (before) return before;
  const { server, tool, askedAt } = approval;
  const rows = store.log({ server, tool, since: askedAt - COMPARED_MS, limit: MOST_COMPARED });
  const earlier = rows
    .filter(({ at }) => at <= askedAt)
    .map((row) => ({ call: readLogged(row), client: row.clientName }));
  const comparison = compareWithLog({ args: argumentsOf(approval), client, at: askedAt }, earlier);
  known.set(key, comparison);
  return comparison;
}

function furtherOf(approval: ApprovalEntry, store: Store): Further {
  const args = argumentsOf(approval);
  const amounts = amountsOf(args);
  if (amounts === undefined) return { kind: 'unclear' };
  const numbers = [...numbersOf(args)].map(([path, value]) => ({ path, value }));
  if (numbers.length === 0) return amounts.length === 0 ? { kind: 'unbounded' } : { kind: 'unclear' };
  const paths = numbers.map(({ path }) => path);
  const path = countedNumber(approval, paths) ?? boundedNumber(args, inputSchemaOf(approval, store));
  return { kind: 'bounded', path, isMoney: amounts.length > 0, numbers };
}

function latelyOf(store: Store, now: number): DecidedCall[] {
  const entries = store
    .approvals(true)
    .filter(
      (entry) => entry.state !== 'pending' && Math.max(entry.decidedAt ?? 0, entry.askedAt) > now - LATELY_MS,
    )
    .slice(-MOST_LATELY);
  const sessions = entries.length === 0 ? [] : store.sessions();
  return entries.map((entry) => ({
    ...shownOf(entry, sessions),
    state: entry.state as DecidedCall['state'],
    decidedAt: entry.decidedAt,
    decidedBy: entry.decidedBy,
    note: entry.note,
  }));
}

const decidedAt = ({ decidedAt: at, askedAt }: DecidedCall): number => at ?? askedAt;

/** @throws PolicyWrapError as `approve` on the command line, and USAGE for what was typed */
async function approve(
  { id, typed, locale, further }: ApproveBody,
  page: Page,
): Promise<{ readonly expiresAt: number }> {
  const store = page.storeWith((each) => each.approval(id) !== undefined);
  const approval = await waitingCall(id, store);
  const challenge = challengeFor(approval, store);
  if (challenge) {
    const judged = judgeTyped(challenge, typed ?? '', localeIn(locale));
    if (judged.kind !== 'met') throw new PolicyWrapError('USAGE', judged.text);
  }
  const budget = further && budgetOf(approval, further, store);
  const { expiresAt } = await approveCall(approval, store, 'page', budget);
  page.changed('state');
  return { expiresAt };
}

/** @throws PolicyWrapError USAGE, also where the call has money that nothing would bound */
function budgetOf(
  approval: ApprovalEntry,
  { calls, for: length, max, path }: NonNullable<ApproveBody['further']>,
  store: Store,
): BudgetTerms | undefined {
  const terms = furtherCalls({ also: calls, for: length, maxAmount: max, amount: path });
  if (max === undefined && amountsOf(argumentsOf(approval))?.length !== 0)
    throw new PolicyWrapError('USAGE', 'further calls with money need a bound for their amounts');
  return terms && bounded(terms, approval, store);
}

function localeIn(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : Intl.getCanonicalLocales(text)[0];
  } catch {
    return undefined;
  }
}
