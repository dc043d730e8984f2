import type { Decimal } from '../../json/decimal.js';
import { calendarEnd, calendarStart } from '../../policy/limits/calendar.js';
import type { CalendarUnit, Limit } from '../../policy/model.js';
import { type Database, type Row, textOf, type Value } from '../sqlite/driver.js';
import { parseChargeRecords } from './charge-record.js';
import type { ChargeGroup, PendingCharges } from './pending-charges.js';
import { asAmount, compare, minus, plus, type StoredAmount, toDecimal } from './stored-amount.js';

/** A counter as it is shown to people. Times in UTC milliseconds. */
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
  /** The `max` of the limit that used it last. */
  readonly max: Decimal;
  /** When it falls below `max`; undefined while it is below. */
  readonly freesAt: number | undefined;
  /** How far the machine's clock is behind the counter's, because it was set back; usually 0. */
  readonly aheadMs: number;
}

export interface CounterFilter {
  readonly id?: number | undefined;
  readonly name?: string | undefined;
  readonly server?: string | undefined;
  readonly grant?: string | undefined;
  /** Counters of this server, and those shared by all servers. */
  readonly ofServer?: string | undefined;
  readonly split?: string | undefined;
  readonly observe?: boolean | undefined;
}

/**
 * @returns the counters that pass every part of the filter, by name; read inside the caller's transaction
 */
export function listCounters(
  db: Database,
  pending: PendingCharges,
  filter: CounterFilter,
  now: number,
): CounterEntry[] {
  const compacted = db.prepare('SELECT at, amount FROM charges WHERE counter = ? ORDER BY at, last');
  return matching(db, filter).map((row) => {
    const windowMs = row.window_ms as number;
    const calendar = calendarOf(row);
    const own = pending.of(row.id as number);
    const { clock, cutoff } = instantsOf(row, own, now);
    const max = asAmount(row.max);
    let used = own.reduce((sum, { amount }) => plus(sum, amount), asAmount(row.used));
    let left = used;
    let freesAt: number | undefined;
    for (const charge of [...compacted.all(row.id as number), ...own]) {
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
      server: textOf(row.server),
      grant: textOf(row.grant_name),
      session: textOf(row.session),
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

/**
 * @param own the counter's pending charges
 * @returns now by the counter's own clock, and the instant up to which charges no longer count; UTC milliseconds
 */
export function instantsOf(
  row: Row,
  own: readonly ChargeGroup[],
  now: number,
): { readonly clock: number; readonly cutoff: number } {
  const clock = Math.max(now, row.clock as number, ...own.map(({ at }) => at));
  const calendar = calendarOf(row);
  const cutoff = calendar
    ? calendarStart(clock, calendar.unit, calendar.timezone) - 1
    : clock - (row.window_ms as number);
  return { clock, cutoff };
}

export interface FullestCounters {
  /** The fullest first. */
  readonly counters: readonly CounterEntry[];
  /** How many counters pass the filter. */
  readonly total: number;
}

/**
 * The fullest counters that pass every part of the filter. A split limit may have any number, so SQLite estimates how
 * full they are, and only those that are returned are read exactly.
 */
export function fullestCounters(
  db: Database,
  pending: PendingCharges,
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
  const pendingSums = new Map(
    pending.counters().map((id) => [id, pending.of(id).reduce((sum, { amount }) => sum + Number(amount), 0)]),
  );
  const shares = rows.map(({ id, max, used }) => ({
    id,
    share: max > 0 ? (used + (pendingSums.get(id) ?? 0)) / max : 1,
  }));
  shares.sort((a, b) => b.share - a.share || a.id - b.id);
  const counters = shares.slice(0, limit).flatMap(({ id }) => listCounters(db, pending, { id }, now));
  return { counters, total: rows.length };
}

/** @returns names of counters, at most `limit` */
export function counterNames(db: Database, limit: number): string[] {
  return db
    .prepare('SELECT DISTINCT name FROM counters ORDER BY name LIMIT ?')
    .all(limit)
    .map(({ name }) => name as string);
}

/** A smaller difference is an ordinary adjustment of the clock; in milliseconds. */
export const AHEAD_MS = 1000;

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
  for (const [counter, at] of pendingAhead(db, now + AHEAD_MS)) {
    if (!known.get(counter, now + AHEAD_MS)) count += 1;
    until = Math.max(until, at);
  }
  return { count, until };
}

/** @returns the latest pending charge after `from`, by counter */
function pendingAhead(db: Database, from: number): ReadonlyMap<number, number> {
  const latest = new Map<number, number>();
  const pending = db.prepare(
    'SELECT charges FROM decisions WHERE id > (SELECT upto FROM posted) AND charges IS NOT NULL',
  );
  for (const { charges } of pending.all())
    for (const [counter, at] of parseChargeRecords(charges))
      if (at > from) latest.set(counter, Math.max(at, latest.get(counter) ?? at));
  return latest;
}

/** @returns one sentence for each counter whose sum is not that of its compacted charges */
export function checkCounters(db: Database): string[] {
  const wrong: string[] = [];
  for (const row of db.prepare('SELECT id, name, used FROM counters').all()) {
    let sum: StoredAmount = 0;
    for (const { amount } of db
      .prepare('SELECT amount FROM charges WHERE counter = ?')
      .iterate(row.id as number))
      sum = plus(sum, asAmount(amount));
    if (compare(sum, asAmount(row.used)) !== 0)
      wrong.push(`counter ${row.name} (${row.id}) says ${row.used}, its charges add up to ${sum}`);
  }
  return wrong;
}

export function matching(db: Database, filter: CounterFilter, limit = -1): Row[] {
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

export function calendarOf({ unit, timezone }: Row): CounterEntry['calendar'] {
  if (typeof unit !== 'string' || typeof timezone !== 'string') return undefined;
  return { unit: unit as CalendarUnit, timezone };
}
