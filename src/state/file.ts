import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PolicyWrapError } from '../errors.js';
import { connect, type Database, faultOf } from './driver.js';
import { problemOf, reasonOf } from './problems.js';
import { APPLICATION_ID, MIGRATIONS } from './schema.js';

/** The database is locked by another process just now; nothing was changed, try again in a moment. */
export const BUSY: unique symbol = Symbol('busy');

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

/**
 * What was read in one generation of a file stands as long as that lasts: it ends when another process has written.
 * Whoever changes what another part of this process remembers ends it too.
 */
export interface Generation {
  current: number;
}

/** How long opening and migrating wait for others who do the same at this moment, in milliseconds. */
const OPEN_WAIT_MS = 5000;
/**
 * Whether the file is still the one that was opened is looked at again after so long, in milliseconds: not for each of
 * many calls that come within one, of which each would be no less of a race.
 */
const SAME_FOR_MS = 1;
/**
 * Of new files, in bytes. A transaction writes whole pages, twice in the end, and most change a few bytes of two: half
 * of SQLite's own size makes it a tenth cheaper, and the file no larger.
 */
const PAGE_BYTES = 2048;
/** Copies the log in the middle of a call only where `tidy` never found a quiet moment; in pages. */
const WAL_LAST_RESORT_PAGES = 8000;

/**
 * The one SQLite file (DESIGN section 8) and everything that can go wrong with it. Whoever holds one of these can
 * write in transactions; each ends committed, or leaves no trace and says why.
 */
export class StateFile {
  readonly db: Database;
  /** `:memory:` for a database that ends with this process. */
  readonly path: string;
  readonly generation: Generation = { current: 0 };
  readonly #identity: string | undefined;
  readonly #begin;
  readonly #beginRead;
  readonly #commit;
  readonly #version;
  readonly #dataVersion;
  #seen: unknown;
  #sameUntil = Number.NEGATIVE_INFINITY;
  #closed = false;

  private constructor(db: Database, path: string, identity: string | undefined) {
    this.db = db;
    this.path = path;
    this.#identity = identity;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#beginRead = db.prepare('BEGIN');
    this.#commit = db.prepare('COMMIT');
    this.#version = db.prepare('PRAGMA user_version');
    this.#dataVersion = db.prepare('PRAGMA data_version');
  }

  /**
   * Opens a file, making it and its folder where they are missing, and brings its tables up to date.
   *
   * @throws PolicyWrapError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_NEWER, or NOT_FOUND under `mustExist`; a file that
   * cannot be used is left as it is
   */
  static open(path: string, options: FileOptions = {}): StateFile {
    let db: Database | undefined;
    try {
      if (path !== ':memory:') makePrivate(path, options.mustExist ?? false);
      // Read before SQLite opens it: a file that is replaced in between is noticed at the first transaction.
      const identity = path === ':memory:' ? undefined : identityOf(path);
      db = connect(path, OPEN_WAIT_MS);
      prepareDatabase(db, path, options);
      return new StateFile(db, path, identity);
    } catch (error) {
      closeQuietly(db);
      throw problemOf(error, path);
    }
  }

  /**
   * Runs `work` in one immediate transaction.
   *
   * @param undo runs after a rollback, for what `work` remembered outside the database
   * @returns its result once that is committed, or BUSY when another process holds the lock
   * @throws PolicyWrapError for what SQLite reports; whatever is thrown, nothing was written
   */
  write<T>(work: () => T, undo: () => void = () => {}): T | typeof BUSY {
    this.#assertSame();
    try {
      this.#begin.run();
    } catch (error) {
      return this.#busyOr(error);
    }
    try {
      this.#meetOthers();
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#rollback();
      undo();
      return this.#busyOr(error);
    }
  }

  /** Runs `work`, which only reads, on one snapshot. Errors as for `write`; also STATE_UNAVAILABLE while locked. */
  read<T>(work: () => T): T {
    this.#assertSame();
    try {
      this.#beginRead.run();
      this.#meetOthers();
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#rollback();
      throw problemOf(error, this.path);
    }
  }

  /** What a person is told of a failure with this file. */
  problemOf(error: unknown): unknown {
    return problemOf(error, this.path);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.db.close();
  }

  /**
   * Copies the write-ahead log into the database, as far as that waits for nobody.
   *
   * @param copyBytes from this size of the log on
   * @param cutBytes from this size on it is also cut off, where no one else reads it
   */
  checkpoint(copyBytes: number, cutBytes: number): void {
    if (this.path === ':memory:') return;
    const size = statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (size < copyBytes) return;
    try {
      this.db.pragma(`wal_checkpoint(${size < cutBytes ? 'PASSIVE' : 'TRUNCATE'})`);
    } catch (error) {
      this.#busyOr(error);
    }
  }

  #busyOr(error: unknown): typeof BUSY {
    if (faultOf(error) === 'busy') return BUSY;
    throw problemOf(error, this.path);
  }

  /** Inside a transaction: ends the generation if another connection has written since the last (sqlite.org/pragma). */
  #meetOthers(): void {
    const seen = this.#dataVersion.get()?.data_version;
    if (seen === this.#seen) return;
    this.generation.current += 1;
    // A newer wrapper, started meanwhile, may have given the tables a meaning that this one does not know.
    const version = this.#version.get()?.user_version as number;
    if (version !== MIGRATIONS.length) throw newer(this.path, version);
    this.#seen = seen;
  }

  #rollback(): void {
    try {
      this.db.exec('ROLLBACK');
    } catch {
      // SQLite itself has rolled back after some failures; then there is no transaction to end.
    }
  }

  /**
   * A deleted or replaced file still takes writes through the open handle, and another wrapper would meanwhile grant
   * the same calls again from a new one (G4).
   */
  #assertSame(): void {
    if (this.#closed)
      throw new PolicyWrapError('STATE_UNAVAILABLE', `the state database ${this.path} is closed`);
    if (this.#identity === undefined) return;
    const now = performance.now();
    if (now < this.#sameUntil) return;
    if (identityOf(this.path) === this.#identity) {
      this.#sameUntil = now + SAME_FOR_MS;
      return;
    }
    throw new PolicyWrapError(
      'STATE_UNAVAILABLE',
      `the state database ${this.path} was deleted or replaced while in use`,
      { hint: 'Restart this MCP server in your client; its counts begin anew unless you put the file back.' },
    );
  }
}

/**
 * Puts a database that cannot be used, or is no longer wanted, aside under a name with the time in it, together with
 * its log. Nothing is deleted; wrappers that have it open refuse every call from then on.
 *
 * @param now UTC milliseconds
 * @returns the new path
 * @throws PolicyWrapError NOT_FOUND, or STATE_UNAVAILABLE when it cannot be renamed
 */
export function setAside(path: string, now: number): string {
  if (!existsSync(path)) throw new PolicyWrapError('NOT_FOUND', `there is no state database at ${path}`);
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-');
  let aside = `${path}.${stamp}`;
  for (let n = 2; existsSync(aside); n += 1) aside = `${path}.${stamp}-${n}`;
  try {
    renameSync(path, aside);
    // SQLite finds the log of a database by its name; left behind, it would be replayed into the next one.
    for (const suffix of ['-wal', '-shm'])
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  } catch (error) {
    throw new PolicyWrapError('STATE_UNAVAILABLE', `cannot set ${path} aside: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return aside;
}

/**
 * Makes the file before SQLite does, so that it and what SQLite puts beside it (same mode) are the owner's alone. An
 * existing file is never opened here: closing it would drop the locks that this process holds on it (POSIX).
 */
function makePrivate(path: string, mustExist: boolean): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found) {
    if ((found.mode & 0o077) !== 0) tighten(path);
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

function tighten(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch {
    // Some file systems know no modes; the person chose this one.
  }
}

function prepareDatabase(db: Database, path: string, options: FileOptions): void {
  // A shorter cell than its page allows is a sign of damage: noticed instead of read.
  db.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  db.exec('PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF');
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

function newer(path: string, version: number): PolicyWrapError {
  return new PolicyWrapError('STATE_NEWER', `${path} was written by a newer policy-wrap`, {
    hint: `Update policy-wrap everywhere it is configured, then restart it (the file is at version ${version}, this one knows ${MIGRATIONS.length}).`,
  });
}

function migrate(db: Database, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    // Read again: another process may have done it while this one waited for the lock.
    const version = versionOf(db, path);
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
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

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

function closeQuietly(db: Database | undefined): void {
  try {
    db?.close();
  } catch {
    // The failure that led here is the one to tell.
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
