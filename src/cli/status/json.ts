import type { Origin } from '../../store/shared-store.js';
import { isForQueue } from '../approval-view.js';
import type { Output } from '../output/outputs.js';
import { VERSION } from '../output/version.js';
import { isoTime } from '../time.js';
import type { Snapshot } from './snapshot.js';

/** The usual database at the top, as where there is no other. */
export function statusJson(
  [usual, ...others]: readonly [Snapshot, ...Snapshot[]],
  leftAlone: readonly string[],
): Output<'status'> {
  return {
    ...asJson(usual),
    otherDatabases: others.map((other) => ({ version: VERSION, ...asJson(other) })),
    leftAlone,
  };
}

/** In a store that a team shares. */
function originOf({ who, host }: Partial<Origin>) {
  return who === undefined ? {} : { who, host };
}

/** Amounts as exact decimal text. */
function asJson({ now, path, state }: Snapshot): Omit<Output<'status'>, 'otherDatabases' | 'leftAlone'> {
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
      ...(who !== undefined && { who }),
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
        ...originOf(rest),
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
      const { id, server, grant, tool, rule, reason, askedAt, expiresAt } = approval;
      return {
        ...{ id, server, grant, tool, rule, reason },
        askedAt: isoTime(askedAt),
        expiresAt: isoTime(expiresAt),
        approve: isForQueue(approval) ? `policy-wrap approve ${id}` : null,
        ...originOf(approval),
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
