import { realpathSync, statSync } from 'node:fs';
import { PolicyWrapError } from '../../errors.js';
import { type Database, faultOf, type Row, rollBack } from './driver.js';
import { stateError } from './faults.js';
import { FileIdentity, identityOf } from './file-identity.js';
import { MIGRATIONS } from './migrations.js';
import { type FileOptions, foreign, makePrivate, newer, openDatabase } from './open.js';

/** Another process has the database locked; nothing was changed, try again in a moment. */
export const BUSY: unique symbol = Symbol('busy');

/**
 * What a part of the store remembers of the file's rows.
 *
 * INVARIANT: every cache over the file is registered with it (`StateFile.register`), by its own constructor.
 */
export interface Cache {
  /**
   * Rows were changed by another process, by another part of this one, or by the end of a transaction that was rolled
   * back: they must be read again.
   */
  outdated?(): void;
  /** A transaction was rolled back: what was remembered in it may never have been in the file. */
  rolledBack?(): void;
}

/** Transactions within this time of each other may share a snapshot, in milliseconds. */
const KEEP_WITHIN_MS = 5;
/** No snapshot is kept for this long after another process has written: it would soon be outdated. In milliseconds. */
const ALONE_FOR_MS = 100;

/**
 * The one SQLite file (docs/architecture.md, "The state file") and everything that can go wrong with it. Each transaction
 * ends committed, or leaves no trace and says why.
 */
export class StateFile {
  readonly db: Database;
  /** `:memory:` for a database that ends with this process. */
  readonly path: string;
  readonly #caches: Cache[] = [];
  /** Where the file lies if `path` is a link to it: SQLite keeps its log there. */
  readonly #place: string;
  /** Undefined for a database in memory. */
  readonly #identity: FileIdentity | undefined;
  readonly #begin;
  readonly #beginRead;
  readonly #commit;
  readonly #version;
  readonly #dataVersion;
  readonly #anyRow;
  #seen: unknown;
  /** A query that is not read to its end: while it is open SQLite keeps its snapshot (see `write`). */
  #kept: Iterator<Row> | undefined;
  #lastWriteAt = Number.NEGATIVE_INFINITY;
  #othersAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  private constructor(db: Database, path: string, place: string, identity: string | undefined) {
    this.db = db;
    this.path = path;
    this.#place = place;
    this.#identity =
      identity === undefined ? undefined : new FileIdentity(path, place, identity, () => this.#saveLog());
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#beginRead = db.prepare('BEGIN');
    this.#commit = db.prepare('COMMIT');
    this.#version = db.prepare('PRAGMA user_version');
    this.#dataVersion = db.prepare('PRAGMA data_version');
    this.#anyRow = db.prepare('SELECT upto FROM posted');
  }

  /**
   * Opens a file, making it and its folder where they are missing, and brings its tables up to date.
   *
   * @throws PolicyWrapError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_NEWER, or NOT_FOUND under `mustExist`; a file that
   * cannot be used is left as it is
   */
  static open(path: string, options: FileOptions = {}): StateFile {
    try {
      if (path !== ':memory:') makePrivate(path, options.mustExist ?? false);
      // Read before SQLite opens it: a file that is replaced in between is noticed at the first transaction.
      const identity = path === ':memory:' ? undefined : identityOf(path);
      const place = path === ':memory:' ? path : realpathSync(path);
      return new StateFile(openDatabase(place, options), path, place, identity);
    } catch (error) {
      throw stateError(error, path);
    }
  }

  /**
   * Runs `work` in one immediate transaction. After a rollback every cache forgets what it remembered.
   *
   * @param keeps the next transaction is likely to follow at once: if earlier ones did, the snapshot is kept for it,
   * which halves the locks that it takes. SQLite itself refuses to write from a snapshot that is not the latest
   * (SQLITE_BUSY_SNAPSHOT), and then a new one is taken. Call `rest` when no more transactions come: until then SQLite
   * cannot start the log over.
   * @returns its result once that is committed, or BUSY when another process holds the lock
   * @throws PolicyWrapError for what SQLite reports; whatever is thrown, nothing was written
   */
  write<T>(work: () => T, keeps = false): T | typeof BUSY {
    const now = performance.now();
    this.#assertSame(now);
    if (!keeps) this.rest();
    let isLatest: boolean;
    try {
      isLatest = this.#beginFromKept();
      if (!isLatest) this.#begin.run();
    } catch (error) {
      return this.#busyOr(error);
    }
    try {
      if (!isLatest) this.#meetOthers(now);
      const result = work();
      if (keeps) this.#keep(now);
      this.#commit.run();
      this.#lastWriteAt = now;
      return result;
    } catch (error) {
      this.#rollback();
      this.outdate();
      for (const cache of this.#caches) cache.rolledBack?.();
      return this.#busyOr(error);
    }
  }

  /** From now on `cache` is told when what it remembers no longer stands. */
  register(cache: Cache): void {
    this.#caches.push(cache);
  }

  /** Tells every cache to read its rows again; another process's changes are noticed without this. */
  outdate(): void {
    for (const cache of this.#caches) cache.outdated?.();
  }

  /** Releases the snapshot that was kept for the next transaction. */
  rest(): void {
    this.#kept?.return?.();
    this.#kept = undefined;
  }

  /** Runs `work`, which only reads, on one snapshot. Errors as for `write`; also STATE_UNAVAILABLE while locked. */
  read<T>(work: () => T): T {
    const now = performance.now();
    this.#assertSame(now);
    this.rest();
    try {
      this.#beginRead.run();
      this.#meetOthers(now);
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#rollback();
      throw stateError(error, this.path);
    }
  }

  /**
   * The write-ahead log was deleted or replaced while in use: this object can only be closed, and the file opened again
   * once every process has closed it.
   */
  get isLost(): boolean {
    return this.#identity?.isLogLost ?? false;
  }

  /** Differs once another connection has written; undefined where the file can no longer be used and must be opened again. */
  get version(): number | undefined {
    try {
      this.#assertSame(performance.now());
      return this.#dataVersion.get()?.data_version as number;
    } catch {
      return undefined;
    }
  }

  /** What a person is told of a failure with this file. */
  errorOf(error: unknown): unknown {
    return stateError(error, this.path);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.rest();
    this.db.close();
  }

  /**
   * Copies the write-ahead log into the database, as far as possible without waiting for others.
   *
   * @param copyBytes size of the log from which it is copied
   * @param cutBytes size from which it is also truncated, if nobody else reads it
   */
  checkpoint(copyBytes: number, cutBytes: number): void {
    if (this.path === ':memory:') return;
    this.rest();
    const size = statSync(`${this.#place}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (size < copyBytes) return;
    try {
      this.db.pragma(`wal_checkpoint(${size < cutBytes ? 'PASSIVE' : 'TRUNCATE'})`);
    } catch (error) {
      this.#busyOr(error);
    }
  }

  #busyOr(error: unknown): typeof BUSY {
    if (faultOf(error) === 'busy') return BUSY;
    throw stateError(error, this.path);
  }

  /** Inside a transaction: outdates every cache if another connection has written since the last (sqlite.org/pragma). */
  #meetOthers(now: number): void {
    const seen = this.#dataVersion.get()?.data_version;
    if (seen === this.#seen) return;
    if (this.#seen !== undefined) this.#othersAt = now;
    this.outdate();
    // A newer wrapper may have been started meanwhile, and have given the tables a meaning that this one does not know.
    const version = this.#version.get()?.user_version as number;
    if (version > MIGRATIONS.length) throw newer(this.path, version);
    if (version < MIGRATIONS.length) throw foreign(this.path);
    this.#seen = seen;
  }

  /** @returns whether a transaction was begun on the kept snapshot, because nobody has written since */
  #beginFromKept(): boolean {
    if (!this.#kept) return false;
    try {
      this.#begin.run();
      return true;
    } catch (error) {
      if (faultOf(error) !== 'busy') throw error;
      this.rest();
      return false;
    }
  }

  /** Inside a transaction: keeps its snapshot beyond its end. */
  #keep(now: number): void {
    const isQuick = now - this.#lastWriteAt < KEEP_WITHIN_MS && now - this.#othersAt > ALONE_FOR_MS;
    if (this.#kept || !isQuick || this.path === ':memory:') return;
    this.#kept = this.#anyRow.iterate()[Symbol.iterator]();
    this.#kept.next();
  }

  #rollback(): void {
    this.rest();
    rollBack(this.db);
  }

  #assertSame(now: number): void {
    if (this.#closed)
      throw new PolicyWrapError('STATE_UNAVAILABLE', `the state database ${this.path} is closed`);
    this.#identity?.assertSame(now);
  }

  #saveLog(): void {
    this.rest();
    try {
      this.db.pragma('wal_checkpoint(PASSIVE)');
    } catch {
      // Closing tries again.
    }
  }
}
