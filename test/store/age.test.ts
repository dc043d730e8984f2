import { afterAll, expect, test } from 'vitest';
import { Age } from '../../src/store/age.js';
import { connect, type Database } from '../../src/store/sqlite/driver.js';
import { Store } from '../../src/store/store.js';
import { eachDriver, tempDir } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Begins an hour. */
const NOW = Date.UTC(2026, 10, 22, 11);

eachDriver('the age of rows', () => {
  /** A file in which something was written in the hours that began so many days ago. */
  function usedOn(...daysAgo: number[]): Database {
    const path = temp.path();
    Store.open(path).close();
    const db = connect(path, 1000);
    const insert = db.prepare('INSERT INTO log_hours (hour, first) VALUES (?, ?)');
    for (const [i, days] of daysAgo.toSorted((a, b) => b - a).entries())
      insert.run((NOW - days * DAY) / HOUR, i + 1);
    return db;
  }
  const daily = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  /** How many days before now the rows are that are just not too old. */
  const reach = (db: Database, ageDays: number) => {
    const days = (NOW - new Age(db).before(NOW, ageDays * DAY)) / DAY;
    db.close();
    return days;
  };

  test('a file in daily use: the clock alone tells', () => {
    expect(reach(usedOn(...daily(0, 40)), 30)).toBe(30);
  });

  test('a gap counts for a month at most: what is beyond it is kept for as much longer', () => {
    // From the end of the hour 110 days ago to the hour 10 days ago: 100 days less an hour.
    expect(reach(usedOn(...daily(0, 10), ...daily(110, 150)), 90)).toBe(90 + 100 - 1 / 24 - 30);
  });

  test('a gap of more than 400 days is a wrong clock, and counts for nothing', () => {
    const beyond = (gap: number) => reach(usedOn(...daily(0, 10), ...daily(10 + gap, 20 + gap)), 90);
    expect(beyond(400)).toBe(90 + 400 - 1 / 24 - 30);
    expect(beyond(401)).toBe(90 + 401 - 1 / 24);
  });

  test('a gap that lies before the age asked for makes no difference', () => {
    expect(reach(usedOn(...daily(0, 31), ...daily(300, 320)), 30)).toBe(30);
  });

  test('the age asked for is one of use: behind one gap another may count', () => {
    const db = usedOn(...daily(0, 10), ...daily(110, 125), ...daily(300, 400));
    expect(reach(db, 90)).toBe(90 + 100 + 175 - 2 / 24 - 60);
  });

  test('up to now is a gap too', () => {
    expect(reach(usedOn(200), 90)).toBe(90 + 200 - 1 / 24 - 30);
  });

  test('what was found is kept for a minute, and for one age only', () => {
    const db = usedOn(...daily(0, 10));
    const age = new Age(db);
    expect(age.before(NOW, 90 * DAY)).toBe(NOW - 90 * DAY);
    db.exec('DELETE FROM log_hours');
    db.prepare('INSERT INTO log_hours (hour, first) VALUES (?, 1)').run((NOW - 200 * DAY) / HOUR);
    const skipped = 170 * DAY - HOUR;
    expect(age.before(NOW + 59_999, 90 * DAY)).toBe(NOW + 59_999 - 90 * DAY);
    expect(age.before(NOW, 91 * DAY)).toBe(NOW - 91 * DAY - skipped);
    expect(age.before(NOW + 60_000, 91 * DAY)).toBe(NOW + 60_000 - 91 * DAY - skipped - 60_000);
    db.close();
  });

  test('the first decision of an hour, of those up to now', () => {
    const db = usedOn(1, 2, 3);
    const age = new Age(db);
    expect(age.firstAfter(NOW - 2 * DAY, NOW)).toBe(2);
    expect(age.firstAfter(NOW - 2 * DAY + HOUR, NOW)).toBe(3);
    expect(age.firstAfter(NOW, NOW)).toBe(0);
    expect(age.firstAfter(NOW - 5 * DAY, NOW - 3 * DAY)).toBe(1);
    db.close();
  });
});
