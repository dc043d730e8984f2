import { readLogged } from '../../advice/logged-call.js';
import { compareWithLog } from '../../advice/unusual.js';
import { judgeTyped } from '../../approval/challenge.js';
import { amountsOf, boundedNumber, numbersOf } from '../../approval/numeric-arguments.js';
import { argumentsOf, challengeFor, inputSchemaOf, isForQueue, keptOf } from '../../cli/approval-view.js';
import { approveCall, bounded, countedNumber, furtherCalls, waitingCall } from '../../cli/approving.js';
import { refuse } from '../../cli/commands/reject.js';
import type { AnyStore } from '../../cli/team-store.js';
import { PolicyWrapError } from '../../errors.js';
import type { Origin, Role } from '../../store/shared-store.js';
import type { ApprovalEntry, BudgetTerms, SessionEntry } from '../../store/store.js';
import { sha256 } from '../../text/hash.js';
import type { Language, Told } from '../api-types/names.js';
import {
  ApproveBody,
  type Budget,
  type Comparison,
  type DecidedCall,
  type Further,
  RejectBody,
  type WaitingAnswer,
  type WaitingCall,
} from '../api-types/waiting.js';
import type { Page } from '../page.js';
import { get, post, type Route } from '../route.js';
import { reasonOf } from '../words/reason.js';

/** How long what was decided is shown, in milliseconds, and how much of it. */
const LATELY_MS = 24 * 3_600_000;
const MOST_LATELY = 50;
/** What a call is compared with: rows of the log, and how far back, in milliseconds. */
const MOST_COMPARED = 1000;
const COMPARED_MS = 30 * 24 * 3_600_000;

/** What waits for a person, and what they say. */
export const WAITING: readonly Route[] = [
  get('/api/waiting', ({ language }, page) => waiting(page, language)),
  post('/api/waiting/approve', ApproveBody, ({ body }, page) => approve(body, page)),
  post('/api/waiting/reject', RejectBody, async ({ body: { id, shown, reason } }, page) => {
    const io = page.collect();
    const store = await page.storeOf(id, shown === undefined ? undefined : isShown(shown));
    await refuse(id, store, reason?.trim() || undefined, io, 'page');
    page.changed('state');
    // What was granted together with it goes on, and is said so.
    return { notes: io.notes };
  }),
];

/** As the two kinds of store have it. */
type Asked = ApprovalEntry & Partial<Origin> & { readonly decidedWho?: string | undefined };

async function waiting(page: Page, language: Language): Promise<WaitingAnswer> {
  const waits = await page.ofAll(async (store, shift) => {
    const asked: readonly Asked[] = await store.approvals();
    const sessions = asked.length === 0 ? [] : await store.sessions();
    const calls: WaitingCall[] = [];
    for (const approval of asked)
      calls.push(await waitingCallOf(approval, store, { sessions, shift, page, language }));
    return calls;
  });
  const lately = await page.ofAll((store, shift) => latelyOf(store, shift, page, language));
  const budgets = await page.ofAll(async (store, shift): Promise<Budget[]> => {
    const canRevoke = may(store, page, 'approver', 'owner');
    return (await store.budgets()).map(({ id, server, tool, callsLeft, expiresAt, bound }) => ({
      ...{ id, server, tool, callsLeft, bound, canRevoke },
      expiresAt: expiresAt + shift,
    }));
  });
  return {
    now: page.now(),
    waiting: waits,
    lately: lately.sort((a, b) => decidedAt(b) - decidedAt(a)),
    budgets,
  };
}

/** Whether this login may do what needs one of these roles; on this machine there are none. */
function may(store: AnyStore, { team }: Page, ...roles: readonly Role[]): boolean {
  return !('shown' in store) || (team?.may(...roles) ?? false);
}

/** What stands around a call of a store. */
interface Around {
  readonly sessions: readonly SessionEntry[];
  /** As `Page.ofAll` gives it. */
  readonly shift: number;
  readonly language: Language;
}

function shownOf(approval: Asked, { sessions, shift, language }: Around) {
  const { id, server, grant, tool, rule, askedAt, expiresAt, session, who, host } = approval;
  const { names } = keptOf(approval);
  const by = sessions.find((each) => each.id === session);
  return {
    ...{ id, server, grant, tool, rule },
    reason: toldReason(approval, sessions, language),
    askedAt: askedAt + shift,
    expiresAt: expiresAt + shift,
    from: who === undefined ? undefined : { who, host: host ?? '' },
    client: by?.clientName === undefined ? undefined : { name: by.clientName, version: by.clientVersion },
    arguments: names ? undefined : approval.arguments,
    argumentNames: names ?? [],
  };
}

async function waitingCallOf(
  approval: Asked,
  store: AnyStore,
  around: Around & { readonly page: Page },
): Promise<WaitingCall> {
  const { page } = around;
  const shown = shownOf(approval, around);
  return {
    ...shown,
    shown: digestOf(approval),
    // What cannot be shown cannot be approved.
    canApprove: isForQueue(approval) && shown.arguments !== undefined,
    lacksRole: !may(store, page, 'approver'),
    // A wrapper's login is shown what it asked itself, and may take that back.
    canReject: may(store, page, 'approver', 'wrapper'),
    challenge: challengeFor(approval, store)?.about,
    comparison: await comparisonOf(approval, shown.client?.name, store),
    further: furtherOf(approval, store),
  };
}

/** The same for two approvals alone where a person is shown the same call (G10): ids are short, and databases may be several. */
function digestOf(approval: ApprovalEntry & Partial<Origin>): string {
  const { id, server, grant, tool, arguments: args, rule, reason, askedAt, who, host } = approval;
  return sha256(JSON.stringify([id, server, grant, tool, args, rule, reason, askedAt, who, host]));
}

/** Whether an approval is the call that was shown, and can be: what cannot be shown cannot be approved. */
const isShown = (digest: string) => (approval: ApprovalEntry) =>
  digestOf(approval) === digest && !keptOf(approval).names;

/** Why it was asked does not change while it waits; the policy may. */
const reasons = new Map<string, Told>();
const MOST_REASONS = 1000;

function toldReason(approval: Asked, sessions: readonly SessionEntry[], language: Language): Told {
  const key = `${digestOf(approval)} ${language}`;
  const told = reasons.get(key) ?? reasonOf(approval, sessions, language);
  if (reasons.size >= MOST_REASONS) reasons.clear();
  reasons.set(key, told);
  return told;
}

/** What a call is like does not change while it waits, and the log may be long. */
const compared = new WeakMap<AnyStore, Map<string, Comparison>>();

async function comparisonOf(
  approval: ApprovalEntry,
  client: string | undefined,
  store: AnyStore,
): Promise<Comparison> {
  const known = compared.get(store) ?? new Map<string, Comparison>();
  compared.set(store, known);
  const key = `${approval.id} ${client}`;
  const before = known.get(key);
  if (before) return before;
  const { server, tool, askedAt } = approval;
  const rows = await store.log({ server, tool, since: askedAt - COMPARED_MS, limit: MOST_COMPARED });
  const earlier = rows
    .filter(({ at }) => at <= askedAt)
    .map((row) => ({ call: readLogged(row), client: row.clientName }));
  const comparison = compareWithLog({ args: argumentsOf(approval), client, at: askedAt }, earlier);
  known.set(key, comparison);
  return comparison;
}

function furtherOf(approval: ApprovalEntry, store: AnyStore): Further {
  const args = argumentsOf(approval);
  const amounts = amountsOf(args);
  if (amounts === undefined) return { kind: 'unclear' };
  const numbers = [...numbersOf(args)].map(([path, value]) => ({ path, value }));
  if (numbers.length === 0) return amounts.length === 0 ? { kind: 'unbounded' } : { kind: 'unclear' };
  const paths = numbers.map(({ path }) => path);
  const path = countedNumber(approval, paths) ?? boundedNumber(args, inputSchemaOf(approval, store));
  return { kind: 'bounded', path, isMoney: amounts.length > 0, numbers };
}

async function latelyOf(
  store: AnyStore,
  shift: number,
  page: Page,
  language: Language,
): Promise<DecidedCall[]> {
  const all: readonly Asked[] = await store.approvals(true);
  const entries = all
    .filter(
      ({ state, decidedAt: at, askedAt }) =>
        state !== 'pending' && Math.max(at ?? 0, askedAt) + shift > page.now() - LATELY_MS,
    )
    .slice(-MOST_LATELY);
  const sessions = entries.length === 0 ? [] : await store.sessions();
  return entries.map((entry) => ({
    ...shownOf(entry, { sessions, shift, language }),
    state: entry.state as DecidedCall['state'],
    decidedAt: entry.decidedAt === undefined ? undefined : entry.decidedAt + shift,
    decidedBy: entry.decidedBy,
    decidedWho: entry.decidedWho,
    canTakeBack: may(store, page, 'approver', 'wrapper'),
    note: entry.note,
  }));
}

const decidedAt = ({ decidedAt: at, askedAt }: DecidedCall): number => at ?? askedAt;

/** @throws PolicyWrapError as `approve` on the command line, and USAGE for what was typed */
async function approve(
  { id, shown, typed, locale, further }: ApproveBody,
  page: Page,
): Promise<{ readonly expiresAt: number }> {
  const store = await page.storeOf(id, isShown(shown));
  const { approval } = await waitingCall(id, store);
  if (!isShown(shown)(approval))
    throw new PolicyWrapError('REFUSED', `approval ${approval.id} is not the call that was shown`, {
      hint: 'Look at what waits now.',
    });
  const challenge = challengeFor(approval, store);
  if (challenge) {
    const judged = judgeTyped(challenge, typed ?? '', localeIn(locale));
    if (judged.kind !== 'met') throw new PolicyWrapError('USAGE', judged.text);
  }
  const budget = further && budgetOf(approval, further, store);
  const { expiresAt } = await approveCall(approval, store, 'page', budget);
  page.changed('state');
  return { expiresAt: expiresAt + page.shiftOf(store) };
}

/** @throws PolicyWrapError USAGE, also where the call has money that nothing would bound */
function budgetOf(
  approval: ApprovalEntry,
  { calls, for: length, max, path }: NonNullable<ApproveBody['further']>,
  store: AnyStore,
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
