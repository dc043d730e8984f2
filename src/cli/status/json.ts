import * as z from 'zod';
import { isForQueue } from '../approval-view.js';
import { type Printed, VERSION } from '../json-output.js';
import * as parts from '../output-parts.js';
import { isoTime } from '../time.js';
import type { Snapshot } from './snapshot.js';

const STATE = z.object({
  now: parts.time('of this look'),
  database: z.object({ path: parts.text("the file, or the address of a team's store"), exists: z.boolean() }),
  historyLost: parts.text("what a team's store lost of its history").optional(),
  pauses: z.array(
    z.object({
      server: parts.server.nullable().describe('null: all of them'),
      since: parts.time('begun'),
      note: z.string().nullable(),
      who: parts.origin.who,
      here: z.literal(true).optional().describe('of this machine alone'),
    }),
  ),
  changedTools: z
    .array(z.object({ server: parts.server, kind: z.string(), tool: parts.tool }))
    .describe('that are not what was trusted'),
  wrappers: z
    .array(
      z.object({
        session: z.string(),
        server: parts.server,
        grant: parts.grant,
        pid: z.number().int(),
        observe: z.boolean().describe('refuses nothing'),
        client: parts.client.nullable(),
        startedAt: parts.time('started'),
        seenAt: parts.time('last seen'),
        policy: z.object({ hash: z.string(), source: z.string().nullable() }).nullable(),
        policyProblem: z.string().nullable().describe('why the policy on the disk is not the one that holds'),
        ...parts.origin,
      }),
    )
    .describe('that run now'),
  servers: z.array(
    z.object({
      server: parts.server,
      running: parts.count('wrappers'),
      lastSnapshotAt: parts.time('last seen'),
    }),
  ),
  counters: z
    .array(
      z.object({
        name: z.string(),
        scope: z.string(),
        server: parts.server.nullable(),
        grant: parts.grant.nullable(),
        session: z.string().nullable(),
        split: z.string().nullable().describe('the values of "per"'),
        windowMs: parts.count('length of the window in milliseconds'),
        calendar: z.object({ unit: z.string(), timezone: z.string() }).nullable(),
        observe: z.boolean(),
        used: parts.decimal('what is used'),
        max: parts.decimal('what is allowed'),
        freesAt: parts.time('when something of it is free again').nullable(),
        aheadMs: z.number().describe("how far its clock is ahead of this machine's"),
      }),
    )
    .describe('the fullest, at most 200'),
  approvals: z
    .array(
      z.object({
        ...parts.asked,
        askedAt: parts.time('asked'),
        expiresAt: parts.time('expires').nullable(),
        approve: z.string().nullable().describe('the command; null where the client alone can answer'),
        ...parts.origin,
      }),
    )
    .describe('that wait'),
  countersTotal: parts.count('of all counters'),
  moreCounters: parts.count('of those that are not listed'),
  clockWas: parts.time('to which the clock had been set ahead').nullable(),
  budgets: z.array(
    z.object({
      id: z.string(),
      server: parts.server,
      grant: parts.grant,
      tool: parts.tool,
      callsLeft: parts.count('calls that still pass'),
      bound: z.unknown().describe('how large each amount may be; null: any'),
      madeBy: z.string(),
      madeAt: parts.time('made'),
      expiresAt: parts.time('expires').nullable(),
    }),
  ),
});

/** What `status --json` prints. */
export const OUTPUT = parts.result({
  ...STATE.shape,
  otherDatabases: z.array(parts.result(STATE.shape)).describe('that entries of clients or usual places name'),
  leftAlone: z.array(z.string()).describe('databases that were not opened, and why'),
});

/** The usual database at the top, as where there is no other. */
export function statusJson(
  [usual, ...others]: readonly [Snapshot, ...Snapshot[]],
  leftAlone: readonly string[],
): Printed<typeof OUTPUT> {
  return {
    ...asJson(usual),
    otherDatabases: others.map((other) => ({ version: VERSION, ...asJson(other) })),
    leftAlone,
  };
}

/** Amounts as exact decimal text. */
function asJson({ now, path, state }: Snapshot): Printed<typeof STATE> {
  const base = { now: isoTime(now), database: { path, exists: state !== undefined } };
  const {
    sessions = [],
    counters = [],
    countersTotal = 0,
    ahead,
    approvals = [],
    budgets = [],
    pauses = [],
    changed = [],
  } = state ?? {};
  return {
    ...base,
    ...(state?.loss !== undefined && { historyLost: state.loss }),
    pauses: pauses.map(({ server, since, note, who, isHere }) => ({
      server: server ?? null,
      since: isoTime(since),
      note: note ?? null,
      who,
      ...(isHere && { here: true }),
    })),
    changedTools: changed.map(({ server, kind, tool }) => ({ server, kind, tool })),
    wrappers: sessions
      .filter(({ live }) => live)
      .map(({ id, server, grant, pid, observe, policyHash, policySource, ...rest }) => ({
        session: id,
        ...{ server, grant, pid, observe },
        client:
          rest.clientName === undefined
            ? null
            : { name: rest.clientName, version: rest.clientVersion ?? null },
        startedAt: isoTime(rest.startedAt),
        seenAt: isoTime(rest.seenAt),
        policy: policyHash === undefined ? null : { hash: policyHash, source: policySource ?? null },
        policyProblem: rest.policyProblem ?? null,
        who: rest.who,
        host: rest.host,
      })),
    servers: [...new Set(sessions.map(({ server }) => server))].map((server) => {
      const own = sessions.filter((session) => session.server === server);
      return {
        server,
        running: own.filter(({ live }) => live).length,
        lastSnapshotAt: isoTime(Math.max(...own.map(({ seenAt }) => seenAt))),
      };
    }),
    counters: counters.map(
      ({ name, scope, server, grant, session, split, windowMs, calendar, observe, ...rest }) => ({
        name,
        scope,
        server: server ?? null,
        grant: grant ?? null,
        session: session ?? null,
        split: split === '' ? null : split,
        windowMs,
        calendar: calendar ?? null,
        observe,
        used: String(rest.used),
        max: String(rest.max),
        freesAt: isoTime(rest.freesAt),
        aheadMs: rest.aheadMs,
      }),
    ),
    approvals: approvals.map((approval) => {
      const { id, server, grant, tool, rule, reason, askedAt, expiresAt, who, host } = approval;
      return {
        ...{ id, server, grant, tool, rule, reason },
        askedAt: isoTime(askedAt),
        expiresAt: isoTime(expiresAt),
        approve: isForQueue(approval) ? `policy-wrap approve ${id}` : null,
        ...{ who, host },
      };
    }),
    countersTotal,
    moreCounters: countersTotal - counters.length,
    clockWas: ahead && ahead.count > 0 ? isoTime(ahead.until) : null,
    budgets: budgets.map(({ id, server, grant, tool, callsLeft, bound, madeBy, madeAt, expiresAt }) => ({
      ...{ id, server, grant, tool, callsLeft, bound: bound ?? null, madeBy },
      madeAt: isoTime(madeAt),
      expiresAt: isoTime(expiresAt),
    })),
  };
}
