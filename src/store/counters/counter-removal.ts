import { calendarEnd } from '../../policy/limits/calendar.js';
import type { Database, Row } from '../sqlite/driver.js';
import {
  AHEAD_MS,
  type CounterEntry,
  type CounterFilter,
  calendarOf,
  listCounters,
  matching,
} from './counter-list.js';
import { type Forgotten, limitKeyOfRow } from './forgotten.js';
import type { PendingCharges } from './pending-charges.js';
import { asAmount, minus } from './stored-amount.js';

/** Calendar days can be longer than 24 hours: a calendar counter is kept for this much longer. */
const CALENDAR_SLACK_MS = 2 * 3_600_000;

/**
 * Removes counters with all their charges; a charge that is given back later finds nothing. Their limits' rows in
 * `forgotten` are removed too.
 *
 * @param limit most counters to remove
 * @returns what they held
 */
export function resetCounters(
  db: Database,
  pending: PendingCharges,
  filter: CounterFilter,
  now: number,
  limit?: number,
): CounterEntry[] {
  pending.compact();
  const rows = matching(db, filter, limit);
  const entries = rows.flatMap(({ id }) => listCounters(db, pending, { id: id as number }, now));
  for (const row of rows) {
    db.prepare('DELETE FROM forgotten WHERE key = ?').run(limitKeyOfRow(row));
    db.prepare('DELETE FROM charges WHERE counter = ?').run(row.id as number);
    db.prepare('DELETE FROM counters WHERE id = ?').run(row.id as number);
  }
  return entries;
}

/**
 * Sets at most `count` counters that are ahead of the clock back to it: what was charged in the future counts as if it
 * were charged now. Rows of `forgotten` that lie in the future are removed with the last of them.
 *
 * @returns what they hold now; empty when none is left
 */
export function setBackCounters(
  db: Database,
  pending: PendingCharges,
  now: number,
  count: number,
): CounterEntry[] {
  pending.compact();
  const ids = db
    .prepare('SELECT id FROM counters WHERE clock > ? ORDER BY id LIMIT ?')
    .all(now + AHEAD_MS, count)
    .map(({ id }) => id as number);
  for (const id of ids) {
    db.prepare('UPDATE charges SET at = ? WHERE counter = ? AND at > ?').run(now, id, now);
    db.prepare('UPDATE counters SET clock = ? WHERE id = ?').run(now, id);
  }
  if (ids.length < count) db.prepare('DELETE FROM forgotten WHERE until > ?').run(now);
  return ids.flatMap((id) => listCounters(db, pending, { id }, now));
}

/**
 * Removes counters whose charges have all expired. One step looks at `count` counters and removes at most `count`
 * charges. Pending charges must be compacted before.
 *
 * @param after the counter's id after which to continue
 * @returns where the next step continues; undefined when all counters were looked at
 */
export function removeExpiredCounters(
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
    // The machine's clock may be wrong now, and be set back later.
    if (newest !== undefined) forgotten.note(limitKeyOfRow(row), endOf(row, newest));
    if (room <= 0) {
      db.prepare('UPDATE counters SET used = ? WHERE id = ?').run(used, id);
      return id - 1;
    }
    db.prepare('DELETE FROM counters WHERE id = ?').run(id);
  }
  return rows.length < count ? undefined : (rows.at(-1)?.id as number);
}

/** When a charge made at `at` expires, UTC milliseconds. */
function endOf(row: Row, at: number): number {
  const calendar = calendarOf(row);
  return calendar ? calendarEnd(at, calendar.unit, calendar.timezone) : at + (row.window_ms as number);
}
