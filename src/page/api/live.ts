import { emptyCounters } from '../../cli/commands/reset.js';
import { namesOf } from '../../cli/log-json.js';
import { COUNTERS_SHOWN } from '../../cli/status/snapshot.js';
import type { AnyStore } from '../../cli/team-store.js';
import { PolicyWrapError } from '../../errors.js';
import { Decimal } from '../../json/decimal.js';
import type { Origin } from '../../store/shared-store.js';
import type { CounterEntry, LogEntry, SessionEntry, Store } from '../../store/store.js';
import { sha256 } from '../../text/hash.js';
import {
  type Counter,
  type Decision,
  type Emptied,
  EmptyBody,
  type Hour,
  type HoursAnswer,
  type LiveAnswer,
  type LiveServer,
} from '../api-types/live.js';
import type { Page } from '../page.js';
import { get, post, type Route } from '../route.js';

const HOUR_MS = 3_600_000;
/** Hours that are plotted, the one that runs included. */
const HOURS = 24;
/** Decisions that are shown; `log` has them all. */
const MOST_DECISIONS = 100;

/** What happens now. */
export const LIVE: readonly Route[] = [
  get('/api/live', ({ query }, page) => live(query.get('server') ?? undefined, query.has('denied'), page)),
  get('/api/hours', ({ query }, page) => hours(query.get('server') ?? undefined, page)),
  post('/api/counters/empty', EmptyBody, ({ body }, page) => empty(body, page)),
];

async function live(server: string | undefined, denied: boolean, page: Page): Promise<LiveAnswer> {
  const counters = await page.ofAll(async (store, shift) => {
    const fullest = await store.fullestCounters({ ofServer: server }, COUNTERS_SHOWN);
    const team = 'shown' in store ? store.team : undefined;
    return [{ ...fullest, team, where: whereOf(store, page), shift }];
  });
  const decisions = await page.ofAll(async (store, shift) => {
    const rows: readonly (LogEntry & Partial<Origin>)[] = await store.log({
      ...{ server, denied: denied || undefined, limit: MOST_DECISIONS },
    });
    return rows.map((row) => decisionOf(row, shift));
  });
  return {
    now: page.now(),
    decisions: decisions.sort((a, b) => b.at - a.at || Number(b.id) - Number(a.id)).slice(0, MOST_DECISIONS),
    counters: counters
      .flatMap(({ counters: fullest, ...of }) => fullest.map((entry) => counterOf(entry, of)))
      .sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1)),
    countersTotal: counters.reduce((sum, { total }) => sum + total, 0),
    servers: await serversOf(page),
  };
}

function decisionOf(entry: LogEntry & Partial<Origin>, shift: number): Decision {
  const { auditId, at, server, tool, decision, code, rule, observe, outcome, latencyMs, clientName } = entry;
  const { who, host } = entry;
  return {
    ...{ id: auditId, server, tool, decision, code, rule, observe, outcome, latencyMs },
    at: at + shift,
    from: who === undefined ? undefined : { who, host: host ?? '' },
    client: clientName,
    argumentNames: namesOf(entry.arguments),
    arguments: entry.arguments.startsWith('{') ? entry.arguments : undefined,
  };
}

interface Whose {
  readonly team: string | undefined;
  readonly where: string | undefined;
  readonly shift: number;
}

function counterOf(entry: CounterEntry, { team, where, shift }: Whose): Counter {
  const { id, name, server, grant, split, windowMs, calendar, observe, used, max, freesAt } = entry;
  const share = max.sign > 0 ? used.toNumber() / max.toNumber() : 1;
  return {
    ...{ id, team, name, server, grant, split, windowMs, observe },
    shown: digestOf(entry, where),
    freesAt: freesAt === undefined ? undefined : freesAt + shift,
    calendar: calendar?.unit,
    used: used.toString(),
    max: max.toString(),
    share: Math.min(1, Math.max(0, used.compare(Decimal.zero) === 0 ? 0 : share)),
  };
}

/** Tells a store from every other that the page looks at. */
const whereOf = (store: AnyStore, page: Page): string | undefined =>
  'shown' in store ? store.shown : page.pathOf(store);

/** The same for one counter alone, however much it holds. */
function digestOf(entry: CounterEntry, where: string | undefined): string {
  const { id, name, scope, server, grant, session, split, windowMs, calendar, observe } = entry;
  const parts = [where, id, name, scope, server, grant, session, split, windowMs, calendar, observe];
  return sha256(JSON.stringify(parts));
}

/**
 * Empties the counter that was shown, and no other.
 *
 * @throws PolicyWrapError NOT_FOUND where it is there no longer
 */
async function empty({ id, name, shown }: EmptyBody, page: Page): Promise<Emptied> {
  for (const { store } of page.stores()) {
    const found = store
      .counters({ id, name })
      .find((entry) => digestOf(entry, whereOf(store, page)) === shown);
    if (!found) continue;
    const [held] = await emptyCounters(store, name, { id }, 'page');
    page.changed('state');
    if (held) return { used: held.used.toString(), max: held.max.toString() };
  }
  throw new PolicyWrapError('NOT_FOUND', `there is no counter ${name} as it was shown`, {
    hint: 'Nothing was emptied. Look at what is counted now.',
  });
}

/** By name; a server that the team knows is the team's, also where it runs here. */
async function serversOf(page: Page): Promise<LiveServer[]> {
  const seen = await page.ofAll(async (store, shift) => {
    const pauses = await store.pauses();
    const sessions: readonly (SessionEntry & Partial<Origin>)[] = await store.sessions();
    return sessions.map((session) => ({
      session,
      place: 'shown' in store ? ('team' as const) : ('here' as const),
      since: pauses.find(({ server }) => server === session.server)?.since,
      shift,
    }));
  });
  const servers = new Map<string, LiveServer>();
  for (const { session, place, since, shift } of seen) {
    const { server, live: isLive, clientName, policyProblem, who, host } = session;
    const known = servers.get(server);
    if (known && known.place !== place) continue;
    const clients = isLive && clientName !== undefined ? [clientName] : [];
    const isThere = known?.hosts.some((each) => each.who === who && each.host === host);
    const from = isLive && who !== undefined && !isThere ? [{ who, host: host ?? '' }] : [];
    servers.set(server, {
      server,
      place,
      hosts: [...(known?.hosts ?? []), ...from],
      running: (known?.running ?? 0) + Number(isLive),
      clients: [...new Set([...(known?.clients ?? []), ...clients])],
      pausedSince: since === undefined ? known?.pausedSince : since + shift,
      policyProblem: known?.policyProblem ?? (isLive ? policyProblem : undefined),
    });
  }
  return [...servers.values()].sort((a, b) => b.running - a.running || (a.server < b.server ? -1 : 1));
}

/** Hours that are over do not change; the log of a day may be long. By server. */
const over = new WeakMap<Store, Map<string, readonly Hour[]>>();

async function hours(server: string | undefined, page: Page): Promise<HoursAnswer> {
  const now = page.now();
  const current = Math.floor(now / HOUR_MS) * HOUR_MS;
  const first = current - (HOURS - 1) * HOUR_MS;
  const sums = new Map<number, Hour>();
  for (const { store } of page.stores())
    for (const { at, allowed, asked, refused } of hoursOf(store, server, first, current)) {
      const sum = sums.get(at);
      sums.set(at, {
        at,
        allowed: allowed + (sum?.allowed ?? 0),
        asked: asked + (sum?.asked ?? 0),
        refused: refused + (sum?.refused ?? 0),
      });
    }
  const { team } = page;
  const shift = team?.shift(now) ?? 0;
  for (const row of (await team?.since(first - shift)) ?? []) {
    if (server !== undefined && row.server !== server) continue;
    const at = Math.floor((row.at + shift) / HOUR_MS) * HOUR_MS;
    const sum = sums.get(at) ?? { at, allowed: 0, asked: 0, refused: 0 };
    const kind = row.decision === 'allow' ? 'allowed' : row.decision === 'ask' ? 'asked' : 'refused';
    sums.set(at, { ...sum, [kind]: sum[kind] + 1 });
  }
  return { now, hours: [...sums.values()].filter(({ at }) => at <= current).sort((a, b) => a.at - b.at) };
}

function hoursOf(store: Store, server: string | undefined, first: number, current: number): readonly Hour[] {
  const known = over.get(store) ?? new Map<string, readonly Hour[]>();
  over.set(store, known);
  // Only this hour's are kept: what is asked about grows with the servers, not with time.
  const key = JSON.stringify([current, server]);
  for (const old of known.keys()) if (!old.startsWith(`[${current},`)) known.delete(old);
  const before = known.get(key) ?? store.callsByHour(first, server).filter(({ at }) => at < current);
  known.set(key, before);
  return [...before, ...store.callsByHour(current, server)];
}
