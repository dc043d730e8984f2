import { namesOf } from '../../cli/log-json.js';
import { COUNTERS_SHOWN } from '../../cli/status/snapshot.js';
import { Decimal } from '../../json/decimal.js';
import type { CounterEntry, LogEntry, Store } from '../../store/store.js';
import type { Counter, Decision, Hour, HoursAnswer, LiveAnswer, LiveServer } from '../api-types/live.js';
import type { Page } from '../page.js';
import { get, type Route } from '../route.js';

const HOUR_MS = 3_600_000;
/** Hours that are plotted, the one that runs included. */
const HOURS = 24;
/** Decisions that are shown; `log` has them all. */
const MOST_DECISIONS = 100;

/** What happens now. */
export const LIVE: readonly Route[] = [
  get('/api/live', ({ query }, page) => live(query.get('server') ?? undefined, query.has('denied'), page)),
  get('/api/hours', ({ query }, page) => hours(query.get('server') ?? undefined, page)),
];

function live(server: string | undefined, denied: boolean, page: Page): LiveAnswer {
  const stores = page.stores().map(({ store }) => store);
  const counters = stores.map((store) => store.fullestCounters({ ofServer: server }, COUNTERS_SHOWN));
  return {
    now: page.now(),
    decisions: stores
      .flatMap((store) => store.log({ server, denied: denied || undefined, limit: MOST_DECISIONS }))
      .map(decisionOf)
      .sort((a, b) => b.at - a.at || Number(b.id) - Number(a.id))
      .slice(0, MOST_DECISIONS),
    counters: counters
      .flatMap(({ counters: fullest }) => fullest.map(counterOf))
      .sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1)),
    countersTotal: counters.reduce((sum, { total }) => sum + total, 0),
    servers: serversOf(stores),
  };
}

function decisionOf(entry: LogEntry): Decision {
  const { auditId, at, server, tool, decision, code, rule, observe, outcome, latencyMs, clientName } = entry;
  return {
    ...{ id: auditId, at, server, tool, decision, code, rule, observe, outcome, latencyMs },
    client: clientName,
    argumentNames: namesOf(entry.arguments),
    arguments: entry.arguments.startsWith('{') ? entry.arguments : undefined,
  };
}

function counterOf(entry: CounterEntry): Counter {
  const { id, name, server, grant, split, windowMs, calendar, observe, used, max, freesAt } = entry;
  const share = max.sign > 0 ? used.toNumber() / max.toNumber() : 1;
  return {
    ...{ id, name, server, grant, split, windowMs, observe, freesAt },
    calendar: calendar?.unit,
    used: used.toString(),
    max: max.toString(),
    share: Math.min(1, Math.max(0, used.compare(Decimal.zero) === 0 ? 0 : share)),
  };
}

function serversOf(stores: readonly Store[]): LiveServer[] {
  const servers = new Map<string, LiveServer>();
  for (const store of stores) {
    const pauses = store.pauses();
    for (const { server, live: isLive, clientName, policyProblem } of store.sessions()) {
      const known = servers.get(server);
      const clients = isLive && clientName !== undefined ? [clientName] : [];
      servers.set(server, {
        server,
        running: (known?.running ?? 0) + Number(isLive),
        clients: [...new Set([...(known?.clients ?? []), ...clients])],
        pausedSince: pauses.find((pause) => pause.server === server)?.since ?? known?.pausedSince,
        policyProblem: known?.policyProblem ?? (isLive ? policyProblem : undefined),
      });
    }
  }
  return [...servers.values()].sort((a, b) => b.running - a.running || (a.server < b.server ? -1 : 1));
}

/** Hours that are over do not change; the log of a day may be long. By server. */
const over = new WeakMap<Store, Map<string, readonly Hour[]>>();

function hours(server: string | undefined, page: Page): HoursAnswer {
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
