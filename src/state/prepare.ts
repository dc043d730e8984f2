import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PolicyWrapError } from '../errors.js';
import { connect, type Database, faultOf } from './driver.js';
import { APPLICATION_ID, MIGRATIONS } from './schema.js';

export interface FileOptions {
  /**
   * `normal` (default): what a transaction wrote survives the end of every process, but the last ones may be lost
   * when the machine loses power. `full`: they survive that too, at the price of a disk flush each.
   */
  readonly synchronous?: 'normal' | 'full' | undefined;
  /** How long a transaction waits for other processes, in milliseconds; default 0, for who has other work to do. */
  readonly waitMs?: number | undefined;
  /** Refuse with NOT_FOUND instead of making a new file; for commands that only look. */
  readonly mustExist?: boolean | undefined;
}

/** How long opening and migrating wait for others who do the same at this moment, in milliseconds. */
const OPEN_WAIT_MS = 5000;
/**
 * Of new files, in bytes. A transaction writes whole pages, twice in the end, and most change a few bytes of two: half
 * of SQLite's own size makes it a tenth cheaper, and the file no larger.
 */
const PAGE_BYTES = 2048;
/** Copies the log in the middle of a call only where `tidy` never found a quiet moment; in pages. */
const WAL_LAST_RESORT_PAGES = 8000;

/**
 * Opens a connection and brings the file's tables up to date.
 *
 * @param path an existing file, or `:memory:`
 * @throws PolicyWrapError STATE_CORRUPT, STATE_NEWER, or SQLite's own errors; the connection is closed then
 */
export function connectPrepared(path: string, options: FileOptions): Database {
  const db = connect(path, OPEN_WAIT_MS);
  try {
    prepareDatabase(db, path, options);
    return db;
  } catch (error) {
    try {
      db.close();
    } catch {
      // The failure that led here is the one to tell.
    }
    throw error;
  }
}

/**
 * Makes the file before SQLite does, so that it and what SQLite puts beside it (same mode) are the owner's alone. An
 * existing file is never opened here: closing it would drop the locks that this process holds on it (POSIX).
 */
export function makePrivate(path: string, mustExist: boolean): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found) {
    if ((found.mode & 0o077) !== 0) tighten(path, found.mode);
    return;
  }
  if (mustExist) throw new PolicyWrapError('NOT_FOUND', `there is no state database at ${path} yet`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    // Another process was faster, with the same mode.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Takes the rights of others away; a file that its owner made read-only stays so, and is refused. */
function tighten(path: string, mode: number): void {
  try {
    chmodSync(path, mode & 0o700);
  } catch {
    // Some file systems know no modes; the person chose this one.
  }
}

function prepareDatabase(db: Database, path: string, options: FileOptions): void {
  // A shorter cell than its page allows is a sign of damage: noticed instead of read.
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA cell_size_check = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
  `);
  if (path !== ':memory:') useWriteAheadLog(db, path);
  if (versionOf(db, path) < MIGRATIONS.length) migrate(db, path);
  db.exec(`
    PRAGMA synchronous = ${options.synchronous === 'full' ? 'FULL' : 'NORMAL'};
    PRAGMA wal_autocheckpoint = ${WAL_LAST_RESORT_PAGES};
    PRAGMA busy_timeout = ${Math.trunc(options.waitMs ?? 0)};
  `);
}

/** Unlike other statements the switch does not wait for its lock, so it is asked for again until the others are done. */
function useWriteAheadLog(db: Database, path: string): void {
  const deadline = performance.now() + OPEN_WAIT_MS;
  for (;;) {
    try {
      if (db.pragma('journal_mode') === 'wal' || db.pragma('journal_mode = WAL') === 'wal') return;
      throw new PolicyWrapError('STATE_UNAVAILABLE', `${path} cannot keep a write-ahead log`, {
        hint: 'Keep the state database on a local disk, not on a network share (--db <file>).',
      });
    } catch (error) {
      if (faultOf(error) !== 'busy' || performance.now() > deadline) throw error;
      sleep(1 + Math.random() * 5);
    }
  }
}

/** @returns how many migrations the file has seen */
function versionOf(db: Database, path: string): number {
  const version = Number(db.pragma('user_version'));
  const application = Number(db.pragma('application_id'));
  const isEmpty = application === 0 && version === 0 && db.pragma('schema_version') === 0;
  if (application !== APPLICATION_ID && !isEmpty)
    throw new PolicyWrapError('STATE_CORRUPT', `${path} is the database of another program`, {
      hint: 'Name another file with --db <file>.',
    });
  if (version > MIGRATIONS.length) throw newer(path, version);
  return version;
}

/** The complaint about a file that a later version of this program has made its own. */
export function newer(path: string, version: number): PolicyWrapError {
  return new PolicyWrapError('STATE_NEWER', `${path} was written by a newer policy-wrap`, {
    hint: `Update policy-wrap everywhere it is configured, then restart it (the file is at version ${version}, this one knows ${MIGRATIONS.length}).`,
  });
}

function migrate(db: Database, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    // Read again: another process may have done it while this one waited for the lock.
    const version = versionOf(db, path);
    for (const step of MIGRATIONS.slice(version)) typeof step === 'string' ? db.exec(step) : step(db);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec('COMMIT');
  } catch (error) {
    try {
      db.exec('ROLLBACK');
    } catch {
      // Rolled back already.
    }
    throw error;
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
