import * as z from 'zod';
import { judgeTyped } from '../../approval/challenge.js';
import { localeOf } from '../../approval/typed-number.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import type { TeamStanding } from '../../policy/remedy.js';
import type { Origin } from '../../store/shared-store.js';
import type { ApprovalEntry } from '../../store/store.js';
import { printable, printableJson } from '../../text/escape.js';
import {
  challengeFor,
  describeApproval,
  isForQueue,
  isSevereCall,
  keptOf,
  mayApprove,
  stateOf,
} from '../approval-view.js';
import { type AskedBy, askers, UNKNOWN_POLICY } from '../approving.js';
import { type Printed, versioned, withMember } from '../json-output.js';
import { inTeam } from '../named-stores.js';
import { openState, openStates, type StateOptions, written } from '../open-state.js';
import * as parts from '../output-parts.js';
import { assertPerson } from '../person.js';
import { standingIn } from '../remedies.js';
import { type AnyStore, nowOf, openTeam, type StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';
import { isoTime } from '../time.js';

export interface ApprovalsOptions extends StateOptions, StoreOptions {
  readonly mine?: boolean | undefined;
  readonly all?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly watch?: boolean | undefined;
}

const APPROVAL = z.object({
  ...parts.asked,
  state: z.enum(['pending', 'approved', 'rejected', 'consumed', 'expired']),
  policy: parts.text('hash of the policy that asks'),
  severe: z.boolean().describe('it costs money or destroys: a value of it has to be typed'),
  channels: z.array(z.string()).describe('where it may be answered'),
  askedAt: parts.time('asked'),
  expiresAt: parts.time('expires'),
  decidedAt: parts.time('decided').nullable(),
  decidedBy: z.string().nullable(),
  note: z.string().nullable(),
  ...parts.origin,
  argumentNames: z.array(z.string()).optional().describe('where the values are no longer kept'),
  arguments: parts.members.nullable().describe('with every digit'),
});

/** What `approvals --json` prints. */
export const OUTPUT = parts.result({ approvals: z.array(APPROVAL) });

const WATCH_MS = 500;

/** Lists what waits for a person, or with `watch` asks about one after the other until Ctrl-C. */
export async function approvals(options: ApprovalsOptions, io: Terminal): Promise<number> {
  if (options.watch) return watch(options, io);
  const { stores, leftAlone } = await openStores(options, io);
  const entries: (ApprovalEntry & Partial<Origin>)[] = [];
  const by = new Map<string, AskedBy>();
  let now = io.now();
  let team: TeamStanding | undefined;
  try {
    for (const store of stores) {
      team = await standingIn(store, options, io.env);
      const found = await store.approvals(options.all, { mine: options.mine });
      entries.push(...found);
      const pending = found.filter(({ state }) => state === 'pending');
      const askedBy = askers(pending.length === 0 ? [] : await store.sessions());
      for (const each of pending) by.set(each.id, askedBy(each));
      now = nowOf(store, io);
    }
  } finally {
    for (const store of stores) await store.close();
  }
  for (const line of leftAlone) await io.err.write(`Left alone: ${line}\n`);
  if (options.json) {
    await io.out.write(`${withMember(versioned({}), 'approvals', `[${entries.map(asJson).join(',')}]`)}\n`);
    return EXIT.done;
  }
  if (entries.length === 0) await io.out.write('Nothing waits for a person.\n');
  for (const approval of entries) {
    const asked = by.get(approval.id);
    await io.out.write(
      `${describeApproval(approval, io.out, now)}${asked === 'another policy' ? OVERTAKEN : advice(approval, team)}${
        asked === 'unknown' ? `  ${UNKNOWN_POLICY}\n` : ''
      }\n`,
    );
  }
  return EXIT.done;
}

const OVERTAKEN = '  Its server has another policy since: have the call made again.\n';

function advice(approval: ApprovalEntry, team: TeamStanding | undefined): string {
  const { id, state } = approval;
  if (state !== 'pending') return '';
  const words = ['approve', 'reject'].filter((word) => word === 'reject' || mayApprove(approval, team));
  return `  ${words.map((word) => inTeam(`policy-wrap ${word} ${id}`, team)).join('    ')}\n`;
}

type Listed = Printed<typeof OUTPUT>['approvals'][number];

/** The arguments are copied as text, so that no digit is lost. */
function asJson(approval: ApprovalEntry & Partial<Origin>): string {
  const { id, server, grant, tool, rule, reason, state, policyHash, channels } = approval;
  const { names } = keptOf(approval);
  const shown: Omit<Listed, 'arguments'> & Partial<Listed> = {
    ...{ id, server, grant, tool, rule, reason, state, policy: policyHash },
    severe: isSevereCall(approval),
    channels,
    askedAt: isoTime(approval.askedAt),
    expiresAt: isoTime(approval.expiresAt),
    decidedAt: isoTime(approval.decidedAt),
    decidedBy: approval.decidedBy ?? null,
    note: approval.note ?? null,
    ...(approval.who !== undefined && { who: approval.who, host: approval.host }),
    ...(names && { argumentNames: names, arguments: null }),
  };
  const text = printableJson(shown);
  return names ? text : withMember(text, 'arguments', approval.arguments);
}

async function watch(options: ApprovalsOptions, io: Terminal): Promise<number> {
  if (options.json)
    throw new PolicyWrapError('USAGE', '--watch asks a person and --json does not: choose one');
  assertPerson('approvals --watch', io);
  const { stores, leftAlone } = await openStores(options, io);
  for (const store of stores) if ('shown' in store) await store.needRole('approver');
  // Says why there is nothing to watch.
  if (stores.length === 0) openState(options, io).close();
  const waiting = async () => {
    const all: { readonly store: AnyStore; readonly approval: ApprovalEntry }[] = [];
    for (const store of stores) {
      const asked = (await store.approvals()).filter(isForQueue);
      const askedBy = askers(asked.length === 0 ? [] : await store.sessions());
      for (const approval of asked) if (askedBy(approval) !== 'another policy') all.push({ store, approval });
    }
    return all;
  };
  try {
    for (const line of leftAlone) await io.err.write(`Left alone: ${line}\n`);
    const skipped = new Set<string>();
    await io.err.write('Waiting for calls that need a person; end with Ctrl-C.\n');
    do {
      for (const { store, approval } of await waiting()) {
        if (skipped.has(approval.id)) continue;
        const answer = await put(approval, store, io);
        if (answer === undefined) return EXIT.done;
        if (answer === 'skip') skipped.add(approval.id);
        else await io.out.write(`${await decide(store, approval.id, answer)}\n`);
        // Others may have been decided or have expired meanwhile.
        break;
      }
    } while (
      (await waiting()).some(({ approval }) => !skipped.has(approval.id)) ||
      (await io.pause(WATCH_MS))
    );
    return EXIT.done;
  } finally {
    for (const store of stores) await store.close();
  }
}

/** The store of a team where one is named, else every database of this machine. */
async function openStores(
  options: ApprovalsOptions,
  io: Terminal,
): Promise<{ readonly stores: readonly AnyStore[]; readonly leftAlone: readonly string[] }> {
  const team = await openTeam(options, io);
  if (team) return { stores: [team], leftAlone: [] };
  const { states, leftAlone } = openStates(options, io);
  return { stores: states.map(({ store }) => store), leftAlone };
}

/** @returns what the person said; undefined when they want no more */
async function put(
  approval: ApprovalEntry,
  store: AnyStore,
  io: Terminal,
): Promise<'approved' | 'rejected' | 'skip' | undefined> {
  const challenge = challengeFor(approval, store);
  const approving = challenge ? `type ${printable(challenge.label, 80)} to approve` : '[a]pprove';
  await io.err.write(`\n${describeApproval(approval, io.err, nowOf(store, io))}`);
  for (;;) {
    const typed = await io.ask(`${approving}, [r]eject, [s]kip: `);
    if (typed === undefined) return undefined;
    if (/^\s*r(eject)?\s*$/i.test(typed)) return 'rejected';
    if (/^\s*s(kip)?\s*$/i.test(typed)) return 'skip';
    const judged = challenge && judgeTyped(challenge, typed, localeOf(io.env));
    if (judged ? judged.kind === 'met' : /^\s*a(pprove)?\s*$/i.test(typed)) return 'approved';
    await io.err.write(
      judged?.kind === 'other' ? `${printable(judged.text, 400)}\n` : 'Please type a, r or s.\n',
    );
  }
}

async function decide(store: AnyStore, id: string, answer: 'approved' | 'rejected'): Promise<string> {
  const decided = written(await store.decideApproval(id, answer, 'cli'));
  switch (decided.kind) {
    case 'done':
      return `${id} ${answer}`;
    case 'not_here':
    case 'not_pending':
      return `${id} was no longer waiting: ${stateOf(decided.approval)}`;
    case 'unknown':
      return `${id} is gone`;
  }
}
