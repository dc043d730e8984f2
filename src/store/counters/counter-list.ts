import type { Decimal } from '../../json/decimal.js';
import { calendarEnd, calendarStart } from '../../policy/limits/calendar.js';
import type { CalendarUnit, Limit } from '../../policy/model.js';
import type { Database, Row, Value } from '../sqlite/driver.js';
import { takenFrom } from './charge-record.js';
import { type Forgotten, limitKeyOfRow } from './forgotten.js';
import type { Journal } from './pending-charges.js';
import { type Amount, asAmount, compare, minus, plus, toDecimal } from './stored-amount.js';

/** A counter as people look at it. Times in UTC milliseconds. */
export interface CounterEntry {
  readonly id: number;
  readonly name: string;
  readonly scope: Limit['scope'];
  /** Undefined for scope `machine`. */
  readonly server: string | undefined;
  readonly grant: string | undefined;
  /** The session's id for scope `session`. */
  readonly session: string | undefined;
  /** The values that split the count, as JSON, or a digest of them; empty when it is one count. */
  readonly split: string;
  readonly windowMs: number;
  readonly calendar: { readonly unit: CalendarUnit; readonly timezone: string } | undefined;
  readonly observe: boolean;
  readonly used: Decimal;
  /** As the limit that looked at it last had it. */
  readonly max: Decimal;
  /** When it falls below `max`; undefined while it is. */
  readonly freesAt: number | undefined;
  /** How far the machine's clock was set back behind what the counter has seen; 0 as a rule. */
  readonly aheadMs: number;
}

export interface CounterFilter {
  readonly id?: number | undefined;
  readonly name?: string | undefined;
  readonly server?: string | undefined;
  readonly grant?: string | undefined;
  /** Counters of this server, and those that are shared by all. */
  readonly ofServer?: string | undefined;
  readonly split?: string | undefined;
  readonly observe?: boolean | undefined;
}

/** A day of a calendar can be longer than 24 hours; a counter is not taken for empty before this much more. */
const CALENDAR_SLACK_MS = 2 * 3_600_000;

/**
 * @returns the counters that pass every part of the filter, by name; read inside the caller's transaction
 */
export function listCounters(
  db: Database,
  journal: Journal,
  filter: CounterFilter,
  now: number,
  limit?: number,
): CounterEntry[] {
  const posted = db.prepare('SELECT at, amount FROM charges WHERE counter = ? ORDER BY at, last');
  return matching(db, filter, limit).map((row) => {
    const windowMs = row.window_ms as number;
    const calendar = calendarOf(row);
    const own = journal.loose(row.id as number);
    const clock = Math.max(now, row.clock as number, ...own.map(({ at }) => at));
    const cutoff = calendar ? calendarStart(clock, calendar.unit, calendar.timezone) - 1 : clock - windowMs;
    const max = asAmount(row.max);
    let used = own.reduce((sum, { amount }) => plus(sum, amount), asAmount(row.used));
    let left = used;
    let freesAt: number | undefined;
    for (const charge of [...posted.all(row.id as number), ...own]) {
      const at = charge.at as number;
      if (at > cutoff && compare(left, max) < 0) break;
      left = minus(left, asAmount(charge.amount));
      if (at <= cutoff) used = left;
      else if (compare(left, max) < 0)
        freesAt = calendar ? calendarEnd(clock, calendar.unit, calendar.timezone) : at + windowMs;
    }
    return {
      id: row.id as number,
      name: row.name as string,
      scope: row.scope as Limit['scope'],
      server: text(row.server),
      grant: text(row.grant_name),
      session: text(row.session),
      split: row.split as string,
      windowMs,
      calendar,
      observe: row.observe === 1,
      used: toDecimal(used),
      max: toDecimal(max),
      freesAt,
      aheadMs: clock - now,
    };
  });
}

/** Some counters of many. */
export interface FullestCounters {
  /** The fullest first. */
  readonly counters: readonly CounterEntry[];
  /** How many there are. */
  readonly total: number;
}

/**
 * The fullest counters that pass every part of the filter. A limit that is split by an argument may have any number:
 * how full they are is estimated by SQLite, and only those that are returned are looked at one by one.
 */
export function fullestCounters(
  db: Database,
  journal: Journal,
  filter: CounterFilter,
  now: number,
  limit: number,
): FullestCounters {
  const cases: string[] = [];
  const starts: Value[] = [];
  for (const row of db.prepare('SELECT DISTINCT unit, timezone FROM counters WHERE unit IS NOT NULL').all()) {
    const calendar = calendarOf(row);
    if (!calendar) continue;
    cases.push('WHEN unit = ? AND timezone = ? THEN ?');
    starts.push(calendar.unit, calendar.timezone, calendarStart(now, calendar.unit, calendar.timezone) - 1);
  }
  const sliding = 'max(?, clock) - window_ms';
  const cutoff = cases.length === 0 ? sliding : `CASE ${cases.join(' ')} ELSE ${sliding} END`;
  const { where, values } = whereOf(filter);
  const rows = db
    .prepare(
      `SELECT id, CAST(max AS REAL) AS max,
         (SELECT total(amount) FROM charges WHERE counter = c.id AND at > ${cutoff}) AS used
       FROM counters c ${where}`,
    )
    .all(...starts, now, ...values) as { id: number; max: number; used: number }[];
  const loose = new Map(
    journal
      .looseCounters()
      .map((id) => [id, journal.loose(id).reduce((sum, { amount }) => sum + Number(amount), 0)]),
  );
  const shares = rows.map(({ id, max, used }) => ({
    id,
    share: max > 0 ? (used + (loose.get(id) ?? 0)) / max : 1,
  }));
  shares.sort((a, b) => b.share - a.share || a.id - b.id);
  const counters = shares.slice(0, limit).flatMap(({ id }) => listCounters(db, journal, { id }, now));
  return { counters, total: rows.length };
}

/** @returns names of counters, at most `limit` */
export function counterNames(db: Database, limit: number): string[] {
  return db
    .prepare('SELECT DISTINCT name FROM counters ORDER BY name LIMIT ?')
    .all(limit)
    .map(({ name }) => name as string);
}

/**
 * Empties counters, with everything that was charged to them; a charge that is given back later finds nothing. What
 * was forgotten of their limits is forgotten for good.
 *
 * @param limit at most so many
 * @returns what they held
 */
export function resetCounters(
  db: Database,
  journal: Journal,
  filter: CounterFilter,
  now: number,
  limit?: number,
): CounterEntry[] {
  journal.post();
  const rows = matching(db, filter, limit);
  const entries = rows.flatMap(({ id }) => listCounters(db, journal, { id: id as number }, now));
  for (const row of rows) {
    db.prepare('DELETE FROM forgotten WHERE key = ?').run(limitKeyOfRow(row));
    db.prepare('DELETE FROM charges WHERE counter = ?').run(row.id as number);
    db.prepare('DELETE FROM counters WHERE id = ?').run(row.id as number);
  }
  return entries;
}

/** A clock that is behind a counter by less is not set back, in milliseconds: clocks are adjusted all the time. */
const AHEAD_MS = 1000;

/**
 * @returns how many counters hold charges of a time that has not come yet, or limits cannot tell what is used of them
 * because the clock was set back, and the latest such time
 */
export function countersAhead(db: Database, now: number): { readonly count: number; readonly until: number } {
  const row = db
    .prepare(
      `SELECT count(*) AS n, max(at) AS until FROM (SELECT clock AS at FROM counters WHERE clock > ?
         UNION ALL SELECT until FROM forgotten WHERE until > ?)`,
    )
    .get(now + AHEAD_MS, now + AHEAD_MS) as Row;
  let count = row.n as number;
  let until = (row.until as number | null) ?? now;
  // What is not posted yet stands in the rows of its decisions alone.
  const known = db.prepare('SELECT 1 FROM counters WHERE id = ? AND clock > ?');
  for (const [counter, at] of looseAhead(db, now + AHEAD_MS)) {
    if (!known.get(counter, now + AHEAD_MS)) count += 1;
    until = Math.max(until, at);
  }
  return { count, until };
}

/** @returns the latest charge after `from` that is not posted, by counter */
function looseAhead(db: Database, from: number): ReadonlyMap<number, number> {
  const latest = new Map<number, number>();
  const loose = db.prepare(
    'SELECT charges FROM decisions WHERE id > (SELECT upto FROM posted) AND charges IS NOT NULL',
  );
  for (const { charges } of loose.all())
    for (const [counter, at] of takenFrom(charges as string))
      if (at > from) latest.set(counter, Math.max(at, latest.get(counter) ?? at));
  return latest;
}

/**
 * Sets counters that are ahead of the clock back to it: what was charged in the future counts as if it were charged
 * now. At most `count` counters. What was forgotten meanwhile is forgotten for good.
 *
 * @returns what they hold now; empty when none is left
 */
export function setBackCounters(db: Database, journal: Journal, now: number, count: number): CounterEntry[] {
  journal.post();
  const ids = db
    .prepare('SELECT id FROM counters WHERE clock > ? ORDER BY id LIMIT ?')
    .all(now + AHEAD_MS, count)
    .map(({ id }) => id as number);
  for (const id of ids) {
    db.prepare('UPDATE charges SET at = ? WHERE counter = ? AND at > ?').run(now, id, now);
    db.prepare('UPDATE counters SET clock = ? WHERE id = ?').run(now, id);
  }
  if (ids.length < count) db.prepare('DELETE FROM forgotten WHERE until > ?').run(now);
  return ids.flatMap((id) => listCounters(db, journal, { id }, now));
}

/**
 * Removes counters whose every charge has expired. One step looks at `count` counters and removes at most as many
 * charges; a counter that is in use keeps itself short. Everything must be posted.
 *
 * @param after id to go on behind
 * @returns where the next step goes on; undefined when all have been looked at
 */
export function tidyCounters(
  db: Database,
  forgotten: Forgotten,
  now: number,
  after: number,
  count: number,
): number | undefined {
  const rows = db.prepare('SELECT * FROM counters WHERE id > ? ORDER BY id LIMIT ?').all(after, count);
  let room = count;
  for (const row of rows) {
    const id = row.id as number;
    const slack = row.unit === null ? 0 : CALENDAR_SLACK_MS;
    if ((row.clock as number) + (row.window_ms as number) + slack > now) continue;
    const charges = db
      .prepare('SELECT at, last, amount FROM charges WHERE counter = ? ORDER BY at LIMIT ?')
      .all(id, room);
    let used = asAmount(row.used);
    for (const { at, last, amount } of charges) {
      const key = [id, at as number, last as number] as const;
      db.prepare('DELETE FROM charges WHERE counter = ? AND at = ? AND last = ?').run(...key);
      used = minus(used, asAmount(amount));
    }
    room -= charges.length;
    const newest = charges.at(-1)?.at as number | undefined;
    // The machine's clock may be wrong just now, and be set back.
    if (newest !== undefined) forgotten.note(limitKeyOfRow(row), endOf(row, newest));
    if (room <= 0) {
      db.prepare('UPDATE counters SET used = ? WHERE id = ?').run(used, id);
      return id - 1;
    }
    db.prepare('DELETE FROM counters WHERE id = ?').run(id);
  }
  return rows.length < count ? undefined : (rows.at(-1)?.id as number);
}

/** @returns one sentence for each counter whose sum is not that of the charges that were posted to it */
export function checkCounters(db: Database): string[] {
  const wrong: string[] = [];
  for (const row of db.prepare('SELECT id, name, used FROM counters').all()) {
    let sum: Amount = 0;
    for (const { amount } of db
      .prepare('SELECT amount FROM charges WHERE counter = ?')
      .iterate(row.id as number))
      sum = plus(sum, asAmount(amount));
    if (compare(sum, asAmount(row.used)) !== 0)
      wrong.push(`counter ${row.name} (${row.id}) says ${row.used}, its charges add up to ${sum}`);
  }
  return wrong;
}

/** From when on a charge of that time counts no more. */
function endOf(row: Row, at: number): number {
  const calendar = calendarOf(row);
  return calendar ? calendarEnd(at, calendar.unit, calendar.timezone) : at + (row.window_ms as number);
}

function matching(db: Database, filter: CounterFilter, limit = -1): Row[] {
  const { where, values } = whereOf(filter);
  return db.prepare(`SELECT * FROM counters ${where} ORDER BY name, id LIMIT ?`).all(...values, limit);
}

function whereOf(filter: CounterFilter): { readonly where: string; readonly values: Value[] } {
  const wheres: string[] = [];
  const values: Value[] = [];
  const columns = { id: 'id', name: 'name', server: 'server', grant: 'grant_name', split: 'split' } as const;
  for (const [key, column] of Object.entries(columns)) {
    const value = filter[key as keyof typeof columns];
    if (value === undefined) continue;
    wheres.push(`${column} = ?`);
    values.push(value);
  }
  if (filter.ofServer !== undefined) {
    wheres.push('(server = ? OR server IS NULL)');
    values.push(filter.ofServer);
  }
  if (filter.observe !== undefined) wheres.push(`observe = ${filter.observe ? 1 : 0}`);
  return { where: wheres.length > 0 ? `WHERE ${wheres.join(' AND ')}` : '', values };
}

function calendarOf({ unit, timezone }: Row): CounterEntry['calendar'] {
  if (typeof unit !== 'string' || typeof timezone !== 'string') return undefined;
  return { unit: unit as CalendarUnit, timezone };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
