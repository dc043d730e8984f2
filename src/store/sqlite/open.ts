import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PolicyWrapError } from '../../errors.js';
import { connect, type Database, faultOf, onSnapshot, rollBack } from './driver.js';
import { APPLICATION_ID, MIGRATIONS } from './migrations.js';

export interface FileOptions {
  /**
   * `normal` (default): transactions survive the end of every process, but the last ones may be lost when the machine
   * loses power. `full`: they survive that too, at the price of a disk flush each.
   */
  readonly synchronous?: 'normal' | 'full' | undefined;
  /** How long a transaction waits for other processes, in milliseconds; default 0. */
  readonly waitMs?: number | undefined;
  /** How long opening and migrating wait for others who do the same at this moment, in milliseconds; default 30 s. */
  readonly openWaitMs?: number | undefined;
  /** Throw NOT_FOUND instead of making a new file; for commands that only read. */
  readonly mustExist?: boolean | undefined;
}

const OPEN_WAIT_MS = 30_000;
/** How long another process that is opening the file may take to make the log, in milliseconds. */
const LOG_WAIT_MS = 2000;
/**
 * Page size of new files. A transaction writes whole pages, and most change a few bytes of two: half of SQLite's default
 * makes it a tenth cheaper, and the file no larger.
 */
const PAGE_BYTES = 2048;
/** SQLite copies the log by itself, in the middle of a call, only if maintenance never found a quiet moment; in pages. */
const WAL_LAST_RESORT_PAGES = 8000;

/**
 * Opens a connection and brings the file's tables up to date.
 *
 * @param path an existing file, or `:memory:`
 * @throws PolicyWrapError STATE_CORRUPT, STATE_NEWER, or SQLite's own errors; the connection is closed then
 */
export function openDatabase(path: string, options: FileOptions): Database {
  const waitMs = options.openWaitMs ?? OPEN_WAIT_MS;
  assertLogIsThere(path, waitMs);
  const db = connect(path, waitMs);
  try {
    setUp(db, path, options);
    return db;
  } catch (error) {
    try {
      db.close();
    } catch {
      // The first failure is the one to report.
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
  if (mustExist)
    throw new PolicyWrapError('NOT_FOUND', `there is no state database at ${path} yet`, {
      hint: 'The first wrapped server makes it; policy-wrap clients shows what can be wrapped.',
    });
  makeFolder(dirname(path));
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    // Another process was faster, with the same mode.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** One at a time: Node's own `recursive` never ends where a folder such as /proc takes none and says ENOENT. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Refuses a file whose write-ahead log was deleted under processes that have it open: what they wrote is only in the
 * deleted log, and whoever makes a new one would grant it all again (G4). A log that another program has put in its
 * place is noticed by those processes, not here.
 *
 * @throws PolicyWrapError STATE_UNAVAILABLE
 */
export function assertLogIsThere(path: string, waitMs: number): void {
  // On Windows a file that is open cannot be deleted.
  if (path === ':memory:' || process.platform === 'win32') return;
  const deadline = performance.now() + Math.min(waitMs, LOG_WAIT_MS);
  for (;;) {
    const isNew = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
    if (isNew || LOG_SUFFIXES.every((suffix) => existsSync(path + suffix))) return;
    const busy = whyHeld(path);
    if (!busy) return;
    // Another process that is opening the file makes the log in a moment.
    if (performance.now() >= deadline) throw lostLog(path, busy);
    sleep(2 + Math.random() * 20);
  }
}

/**
 * Looks into a file without making, migrating or changing anything of it.
 *
 * @param waitMs how long to wait for other processes' locks
 * @returns undefined where there is no file
 * @throws PolicyWrapError STATE_UNAVAILABLE, or SQLite's own errors
 */
export function lookInto<T>(path: string, waitMs: number, look: (db: Database) => T): T | undefined {
  if (!statSync(path, { throwIfNoEntry: false })) return undefined;
  // SQLite keeps the log beside the file that a link leads to.
  const place = realpathSync(path);
  assertLogIsThere(place, waitMs);
  const db = connect(place, waitMs);
  try {
    return look(db);
  } finally {
    try {
      db.close();
    } catch {
      // What was read holds all the same, and the first failure is the one to report.
    }
  }
}

/** What SQLite puts beside a database: the write-ahead log and its index. */
export const LOG_SUFFIXES = ['-wal', '-shm'] as const;

/** The error for a write-ahead log that is no longer the one in use. */
export function lostLog(path: string, cause?: unknown): PolicyWrapError {
  return new PolicyWrapError(
    'STATE_UNAVAILABLE',
    `the write-ahead log of ${path} (-wal, -shm) was deleted or replaced while in use`,
    {
      hint: 'Calls are refused until every wrapper has let go of it, half a minute as a rule; if it stays so, restart the MCP servers in your clients. Never delete these files.',
      cause,
    },
  );
}

/** @returns undefined when no process has the file open, which shows in a lock that all of them hold */
function whyHeld(path: string): unknown {
  let db: Database | undefined;
  try {
    db = connect(path, 0, 'EXCLUSIVE');
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return undefined;
  } catch (error) {
    // Opening reports whatever else is wrong.
    return faultOf(error) === 'busy' ? error : undefined;
  } finally {
    db?.close();
  }
}

/** Removes other users' rights; a file that its owner made read-only stays so, and is refused later. */
function tighten(path: string, mode: number): void {
  try {
    chmodSync(path, mode & 0o700);
  } catch {
    // Some file systems have no modes, and the person chose this one.
  }
}

function setUp(db: Database, path: string, options: FileOptions): void {
  // `cell_size_check`: some damage is then noticed instead of read.
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA cell_size_check = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
  `);
  if (path !== ':memory:') useWriteAheadLog(db, path, options.openWaitMs ?? OPEN_WAIT_MS);
  if (versionNow(db, path) < MIGRATIONS.length) {
    migrate(db, path);
    // Without this the file stays empty while everything is in the log, and `assertLogIsThere` would take it for new.
    if (path !== ':memory:') db.pragma('wal_checkpoint(PASSIVE)');
  }
  db.exec(`
    PRAGMA synchronous = ${options.synchronous === 'full' ? 'FULL' : 'NORMAL'};
    PRAGMA wal_autocheckpoint = ${WAL_LAST_RESORT_PAGES};
    PRAGMA busy_timeout = ${Math.trunc(options.waitMs ?? 0)};
  `);
}

/** Unlike other statements this switch does not wait for its lock, so it is retried until the others are done. */
function useWriteAheadLog(db: Database, path: string, waitMs: number): void {
  const deadline = performance.now() + waitMs;
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

/**
 * @returns how many migrations the file has seen
 * @throws PolicyWrapError STATE_CORRUPT for another program's database, STATE_NEWER
 */
export function versionNow(db: Database, path: string): number {
  // What is read one by one, while another process makes the tables, looks like another program's database.
  return onSnapshot(db, () => versionOf(db, path));
}

function versionOf(db: Database, path: string): number {
  const version = Number(db.pragma('user_version'));
  const application = Number(db.pragma('application_id'));
  const isEmpty = application === 0 && version === 0 && db.pragma('schema_version') === 0;
  // Every file of ours has seen a migration: one at version 0 that is not empty was written by another program.
  if (!isEmpty && (application !== APPLICATION_ID || version < 1)) throw foreign(path);
  if (version > MIGRATIONS.length) throw newer(path, version);
  return version;
}

/** The error for a file that is no state database, or no longer one. */
export function foreign(path: string): PolicyWrapError {
  return new PolicyWrapError('STATE_CORRUPT', `${path} is the database of another program`, {
    hint: 'Name another file with --db <file>.',
  });
}

/** The error for a file that a later version of this program has migrated. */
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
    rollBack(db);
    throw error;
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
