import type { CalledDemand } from '../policy/model.js';
import type { Owner } from './counters/counter-key.js';
import { HOUR_MS } from './decision-log.js';
import { type Row, textOf } from './sqlite/driver.js';
import type { Cache, StateFile } from './sqlite/file.js';

/** A call that went to a server. */
export interface EarlierCall {
  readonly server: string;
  readonly tool: string;
  /** UTC milliseconds. */
  readonly at: number;
}

interface Seen extends EarlierCall {
  /** Row of the log; undefined for a call whose row is gone. */
  readonly row: number | undefined;
}

/** What one rule has found. */
interface Found {
  /** The newest call that it looks for; under `before`, that succeeded. */
  latest: Seen | undefined;
  /** Calls that may still succeed, by row: for `before`. */
  readonly open: Map<number, Seen>;
  /** The newest row that was read. */
  upTo: number;
}

/** Longest that a call is remembered, in milliseconds: a rule looks back no further. */
export const REMEMBERED_MS = 31 * 86_400_000;
/** Calls in flight that one rule waits for; the oldest are given up, and then have not succeeded. */
const MAX_OPEN = 1000;
/** Bytes after which the log cuts a tool's name, and ends it with an ellipsis. */
const LONGEST_NAME = 512;
/** Tools whose rows are gone, remembered one by one; beyond that the oldest are remembered as some tool of their server. */
const MAX_PAST = 10_000;

/** Whatever was forwarded: an observing wrapper lets pass what it would refuse. */
const FORWARDED = `(d.decision = 'allow' OR (s.observe = 1 AND ifnull(d.code, '') NOT IN ('MALFORMED', 'PAUSED')))`;
/** When a call counts as made: what a wrong clock said may have been set right since. */
const AT = `CASE WHEN d.id <= (SELECT upto FROM calls_clock) THEN min(d.at, (SELECT at FROM calls_clock)) ELSE d.at END`;
const CALLS = `FROM decisions d LEFT JOIN sessions s ON s.id = d.session WHERE d.id > ? AND ${FORWARDED}`;
const WHOSE = 'd.id, d.tool, s.server, s.grant_name AS grant, s.uid';

/**
 * Which calls were made before, for rules over several tools. The decision log tells: it has every call of every wrapper
 * on this machine, from the transaction that let it through, whatever policy that wrapper has. Each rule reads the rows
 * that came since it was looked at last. `past_calls` keeps the newest call of each tool from the rows that were removed.
 *
 * Nothing here opens a transaction; all methods run inside the caller's, after the log was flushed.
 */
export class CallHistory implements Cache {
  readonly #found = new Map<string, Found>();
  /** The row up to which the clock was set right when they were found. */
  #rightUpTo = 0;
  readonly #newest;
  readonly #right;
  readonly #ahead;
  readonly #setRight;
  readonly #setPastRight;
  readonly #first;
  readonly #sent;
  readonly #succeeded;
  readonly #open;
  readonly #past;
  readonly #outcome;
  readonly #keep;
  readonly #fold;
  readonly #folded;
  readonly #forget;
  readonly #count;

  constructor(file: StateFile) {
    const { db } = file;
    file.register(this);
    this.#newest = db.prepare('SELECT max(id) AS id FROM decisions');
    this.#right = db.prepare('SELECT upto FROM calls_clock');
    this.#ahead = db.prepare(
      `SELECT count(*) AS count, max(at) AS until FROM decisions WHERE at > ? AND id > (SELECT upto FROM calls_clock)
         AND id >= (SELECT min(first) FROM log_hours WHERE hour >= ?)`,
    );
    this.#setRight = db.prepare('UPDATE calls_clock SET upto = ?, at = ?');
    this.#setPastRight = db.prepare(
      'UPDATE past_calls SET at = min(at, ?), ok_at = min(ok_at, ?) WHERE at > ?',
    );
    this.#first = db.prepare('SELECT min(first) AS first FROM log_hours WHERE hour >= ?');
    // One row for each tool of a session, and not one for each call: a log may have a million.
    const newest = `SELECT max(${AT}) AS at, ${WHOSE} ${CALLS}`;
    this.#sent = db.prepare(`${newest} AND d.outcome IS NOT 'not_sent' GROUP BY d.session, d.tool`);
    this.#succeeded = db.prepare(`${newest} AND d.outcome = 'ok' GROUP BY d.session, d.tool`);
    this.#open = db.prepare(
      `SELECT ${AT} AS at, ${WHOSE} ${CALLS} AND d.outcome IS NULL ORDER BY d.id DESC LIMIT ${MAX_OPEN}`,
    );
    this.#past = db.prepare(
      'SELECT NULL AS id, server, grant_name AS grant, session AS uid, tool, at, ok_at FROM past_calls WHERE at > ?',
    );
    this.#outcome = db.prepare('SELECT outcome FROM decisions WHERE id = ?');
    this.#keep = db.prepare(
      `INSERT INTO past_calls (server, grant_name, session, tool, at, ok_at)
       SELECT s.server, s.grant_name, s.uid, d.tool, max(${AT}), max(CASE WHEN d.outcome = 'ok' THEN ${AT} END)
       FROM decisions d JOIN sessions s ON s.id = d.session
       WHERE d.id <= ? AND d.at > ? AND d.outcome IS NOT 'not_sent' AND ${FORWARDED}
       GROUP BY d.session, d.tool
       ON CONFLICT (server, grant_name, session, tool) DO UPDATE SET at = max(at, excluded.at),
         ok_at = max(coalesce(ok_at, excluded.ok_at), coalesce(excluded.ok_at, ok_at))`,
    );
    this.#count = db.prepare('SELECT count(*) AS n FROM past_calls');
    const oldest = `SELECT rowid FROM past_calls WHERE tool <> '' ORDER BY at, rowid LIMIT ?`;
    this.#fold = db.prepare(
      `INSERT INTO past_calls (server, grant_name, session, tool, at)
       SELECT server, grant_name, session, '', max(at) FROM past_calls WHERE rowid IN (${oldest})
       GROUP BY server, grant_name, session
       ON CONFLICT (server, grant_name, session, tool) DO UPDATE SET at = max(at, excluded.at)`,
    );
    this.#folded = db.prepare(`DELETE FROM past_calls WHERE rowid IN (${oldest})`);
    this.#forget = db.prepare('DELETE FROM past_calls WHERE at < ?');
  }

  /**
   * @param now UTC milliseconds
   * @returns the newest call that an `after` looks for, within its time: in flight, answered or failed, since what the
   *   server says in an error was read too; undefined when there is none
   */
  latest(owner: Owner, demand: CalledDemand, now: number): EarlierCall | undefined {
    const since = now - demand.withinMs;
    const key = keyOf(owner, demand);
    for (;;) {
      const found = this.#read(key, owner, demand, now);
      const { latest } = found;
      if (!latest || latest.at <= since) return undefined;
      const outcome = latest.row === undefined ? undefined : this.#outcome.get(latest.row)?.outcome;
      if (outcome !== 'not_sent') return latest;
      // It never reached its server: read anew, since an earlier call may count.
      this.#found.delete(key);
    }
  }

  /** @returns the newest call that a `before` looks for and that succeeded within its time; undefined when there is none */
  succeeded(owner: Owner, demand: CalledDemand, now: number): EarlierCall | undefined {
    const since = now - demand.withinMs;
    const found = this.#read(keyOf(owner, demand), owner, demand, now);
    if (found.latest && found.latest.at > since) return found.latest;
    for (const [row, call] of found.open) {
      const answered = this.#outcome.get(row);
      if (answered && answered.outcome === null && call.at > since) continue;
      found.open.delete(row);
      if (answered?.outcome === 'ok' && call.at > (found.latest?.at ?? since)) found.latest = call;
    }
    return found.latest && found.latest.at > since ? found.latest : undefined;
  }

  /**
   * Keeps what rules look for of rows that are about to be removed.
   *
   * @param upTo the last row
   * @param before UTC milliseconds: rules look back no further
   */
  keep(upTo: number, before: number): void {
    this.#keep.run(upTo, before);
  }

  /** Removes what no rule looks back to, and bounds the rest. @param before UTC milliseconds */
  tidy(before: number): void {
    this.#forget.run(before);
    const surplus = (this.#count.get()?.n as number) - MAX_PAST;
    if (surplus <= 0) return;
    this.#fold.run(surplus);
    this.#folded.run(surplus);
  }

  /** How many calls bear a time that has not come yet, and the latest such time, UTC milliseconds. */
  ahead(now: number): { readonly count: number; readonly until: number } {
    const { count, until } = this.#ahead.get(now, Math.floor(now / HOUR_MS)) ?? {};
    return { count: (count as number | null) ?? 0, until: (until as number | null) ?? now };
  }

  /** Lets calls that bear a time which has not come yet count as made now. */
  setRight(now: number): void {
    this.#setRight.run((this.#newest.get()?.id as number | null) ?? 0, now);
    this.#setPastRight.run(now, now, now);
  }

  rolledBack(): void {
    this.#found.clear();
  }

  #read(key: string, owner: Owner, demand: CalledDemand, now: number): Found {
    const newest = (this.#newest.get()?.id as number | null) ?? 0;
    const rightUpTo = this.#right.get()?.upto as number;
    if (rightUpTo !== this.#rightUpTo) this.#found.clear();
    this.#rightUpTo = rightUpTo;
    const isSought = (row: Row) => inScope(owner, demand, row) && isNamed(demand, row);
    let found = this.#found.get(key);
    if (!found) {
      const since = now - demand.withinMs;
      const first = this.#first.get(Math.floor(since / HOUR_MS))?.first;
      found = { latest: undefined, open: new Map(), upTo: typeof first === 'number' ? first - 1 : newest };
      this.#found.set(key, found);
      for (const row of this.#past.all(since)) {
        const at = (demand.kind === 'after' ? row.at : row.ok_at) as number | null;
        if (at !== null && isSought(row)) newer(found, { ...seenOf(row), at });
      }
    }
    if (newest <= found.upTo) return found;
    const { upTo } = found;
    found.upTo = newest;
    const answered = demand.kind === 'after' ? this.#sent : this.#succeeded;
    for (const row of answered.all(upTo)) if (isSought(row)) newer(found, seenOf(row));
    if (demand.kind === 'after') return found;
    for (const row of this.#open.all(upTo)) if (isSought(row)) found.open.set(row.id as number, seenOf(row));
    for (const oldest of [...found.open.keys()].sort((a, b) => a - b)) {
      if (found.open.size <= MAX_OPEN) break;
      found.open.delete(oldest);
    }
    return found;
  }
}

function newer(found: Found, seen: Seen): void {
  if (seen.at > (found.latest?.at ?? Number.NEGATIVE_INFINITY)) found.latest = seen;
}

function seenOf({ id, server, tool, at }: Row): Seen {
  return {
    row: typeof id === 'number' ? id : undefined,
    server: textOf(server) ?? '',
    tool: String(tool),
    at: at as number,
  };
}

function keyOf({ server, grant, session }: Owner, demand: CalledDemand): string {
  const { kind, scope, tools, withinMs, except } = demand;
  const whose = { machine: [], team: [], grant: [server, grant], session: [session] }[scope];
  return JSON.stringify([kind, scope, ...whose, withinMs, tools.map(({ text }) => text), except]);
}

function inScope(owner: Owner, { scope }: CalledDemand, { server, grant, uid }: Row): boolean {
  if (scope === 'machine' || scope === 'team') return true;
  return scope === 'session' ? uid === owner.session : server === owner.server && grant === owner.grant;
}

/** What cannot be told any more, because it was cut or folded, is a call that was sought for `after`, and not for `before`. */
function isNamed({ kind, tools, except }: CalledDemand, { server, tool }: Row): boolean {
  const name = String(tool);
  if (except && server === except.server && name === except.tool) return false;
  const isWhole = name !== '' && !(name.endsWith('…') && Buffer.byteLength(name) >= LONGEST_NAME);
  if (!isWhole || typeof server !== 'string') return kind === 'after';
  return tools.some((one) => one.matches(server, name));
}
