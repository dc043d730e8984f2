import { messageOf } from '../../errors.js';
import { checkCounters, countersAhead } from '../counters/counter-list.js';
import { type PinKind, pinName } from '../pin-entry.js';
import { listSessions, type SessionEntry } from '../sessions.js';
import { type Database, type DriverName, faultOf, onSnapshot, rollBack } from './driver.js';
import { stateError } from './faults.js';
import { APPLICATION_ID, MIGRATIONS } from './migrations.js';
import { lookInto } from './open.js';

/** How long other processes' locks are waited for, in milliseconds. */
const WAIT_MS = 2000;

/** What was found in a state database. */
export interface Inspection {
  readonly driver: DriverName;
  /** False for a database of another program, of which nothing else is read. */
  readonly ours: boolean;
  readonly journalMode: string;
  /** How many migrations it has seen, and how many this policy-wrap knows. */
  readonly version: number;
  readonly knownVersion: number;
  /** What is wrong with its content, a sentence each. */
  readonly damage: readonly string[];
  /** UTC milliseconds of the newest row of the decision log. */
  readonly newestAt: number | undefined;
  /** How many counters were charged at a time that has not come yet, and the latest such time, UTC milliseconds. */
  readonly countersAhead: { readonly count: number; readonly until: number };
  readonly sessions: readonly SessionEntry[];
  /** Tools whose definition is not the one that was first seen. */
  readonly changedTools: readonly { readonly server: string; readonly tool: string }[];
}

/**
 * Looks at a state database and leaves it as it is: unlike `Store.open` it makes no file, migrates nothing and changes
 * no mode. SQLite itself takes in a write-ahead log that a killed wrapper left behind, as at every opening. A
 * transaction that is rolled back shows whether the file can be written.
 *
 * @param now UTC milliseconds
 * @returns undefined when there is no file
 * @throws PolicyWrapError STATE_UNAVAILABLE, STATE_CORRUPT
 */
export function inspect(path: string, now: number): Inspection | undefined {
  try {
    return lookInto(path, WAIT_MS, (db) => {
      const inspection = onSnapshot(db, () => inspectDatabase(db, now));
      if (inspection.ours) tryToWrite(db, inspection.version);
      return inspection;
    });
  } catch (error) {
    throw stateError(error, path);
  }
}

/**
 * The servers of which a state database has counters, or knows a session; looks as `inspect` does, at little of the file.
 *
 * @returns none for a database that is not there, is another program's, or cannot be read
 */
export function serversIn(path: string): ReadonlySet<string> {
  try {
    const rows = lookInto(path, WAIT_MS, (db) => {
      if (db.pragma('application_id') !== APPLICATION_ID) return [];
      return onSnapshot(db, () =>
        db.prepare('SELECT server FROM sessions UNION SELECT server FROM counters').all(),
      );
    });
    return new Set(rows?.flatMap(({ server }) => (typeof server === 'string' ? [server] : [])));
  } catch {
    // What is wrong with it is told where it matters; here it only has nothing to say.
    return new Set();
  }
}

/** A read-only file still gives the lock, so something must be written, and is rolled back. */
function tryToWrite(db: Database, version: number): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec(`PRAGMA user_version = ${version}`);
  } finally {
    rollBack(db);
  }
}

function inspectDatabase(db: Database, now: number): Inspection {
  const version = Number(db.pragma('user_version'));
  const isEmpty = db.pragma('schema_version') === 0;
  const ours = isEmpty || db.pragma('application_id') === APPLICATION_ID;
  const found = {
    driver: db.driver,
    ours,
    journalMode: String(db.pragma('journal_mode')),
    version,
    knownVersion: MIGRATIONS.length,
  };
  // Tables of another version may mean something else.
  if (!ours || version !== MIGRATIONS.length)
    return {
      ...found,
      damage: ours ? damageOf(db) : [],
      newestAt: undefined,
      countersAhead: { count: 0, until: now },
      sessions: [],
      changedTools: [],
    };
  const newest = db.prepare('SELECT at FROM decisions ORDER BY id DESC LIMIT 1').get()?.at;
  return {
    ...found,
    damage: damageIn(db),
    newestAt: typeof newest === 'number' ? newest : undefined,
    countersAhead: countersAhead(db, now),
    sessions: listSessions(db, now),
    changedTools: db
      .prepare(
        'SELECT server, kind, tool FROM pins WHERE changed_hash IS NOT NULL ORDER BY server, kind, tool',
      )
      .all()
      .map(({ server, kind, tool }) => ({
        server: String(server),
        tool: pinName({ kind: kind as PinKind, tool: String(tool) }),
      })),
  };
}

/** Reads the whole file; takes a second for a million rows. @returns what is wrong with it, a sentence each */
export function damageIn(db: Database): string[] {
  return [...damageOf(db), ...checkCounters(db)];
}

function damageOf(db: Database): string[] {
  try {
    const rows = db.prepare('PRAGMA quick_check').all();
    return rows.map((row) => String(Object.values(row)[0])).filter((line) => line !== 'ok');
  } catch (error) {
    if (faultOf(error) !== 'corrupt') throw error;
    return [messageOf(error)];
  }
}
