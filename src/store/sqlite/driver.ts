/**
 * SQLite: the two drivers, opening and migrating the file, transactions, and what can go wrong with them.
 * Imports errors, and `counters/` for amounts and for a check of sums; nothing else knows SQL drivers.
 * Never here: what the rows mean.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PolicyWrapError } from '../../errors.js';
import { isBrought, noSqlite, type Places } from './no-sqlite.js';

/** What a column holds; integers stay within 2^53. */
export type Value = string | number | null;
export type Row = Readonly<Record<string, unknown>>;

/** @returns the text of a column, undefined where it holds none */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Runs `work`, which only reads, on one snapshot of the file. */
export function onSnapshot<T>(db: Database, work: () => T): T {
  db.exec('BEGIN');
  try {
    return work();
  } finally {
    rollBack(db);
  }
}

/** Ends a transaction without a trace, if there is one: SQLite itself has rolled back after some failures. */
export function rollBack(db: Database): void {
  try {
    db.exec('ROLLBACK');
  } catch {
    // There is no transaction any more.
  }
}

/** A prepared statement; `get`, `all` and `iterate` only for statements that return rows, `run` for the others. */
export interface Statement {
  run(...values: Value[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
  iterate(...values: Value[]): Iterable<Row>;
}

/** One connection to one SQLite file. Synchronous; every method may throw the driver's own error, see `faultOf`. */
export interface Database {
  readonly driver: DriverName;
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** @returns the first column of the pragma's first row */
  pragma(name: string): unknown;
  close(): void;
}

export type DriverName = 'better-sqlite3' | 'node';

/** What went wrong in SQLite, as far as it makes a difference to anybody. */
export type Fault = 'busy' | 'full' | 'readonly' | 'corrupt' | 'notadb' | 'cantopen' | 'io' | 'other';

/** Primary result codes (sqlite.org/rescode.html) by number, as `node:sqlite` gives them, and by name. */
const RESULT_CODES: readonly (readonly [number, string, Fault])[] = [
  [3, 'PERM', 'cantopen'],
  [5, 'BUSY', 'busy'],
  [8, 'READONLY', 'readonly'],
  [10, 'IOERR', 'io'],
  [11, 'CORRUPT', 'corrupt'],
  [13, 'FULL', 'full'],
  [14, 'CANTOPEN', 'cantopen'],
  // A race for the log's locks that SQLite gave up on: as temporary as BUSY.
  [15, 'PROTOCOL', 'busy'],
  [26, 'NOTADB', 'notadb'],
];

/** @returns what kind of SQLite failure `error` is; undefined when it did not come from SQLite */
export function faultOf(error: unknown): Fault | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number')
    return RESULT_CODES.find(([number]) => number === (errcode & 0xff))?.[2] ?? 'other';
  const name = typeof code === 'string' ? /^SQLITE_([A-Z]+)/.exec(code)?.[1] : undefined;
  if (name === undefined) return undefined;
  return RESULT_CODES.find(([, known]) => known === name)?.[2] ?? 'other';
}

/**
 * Opens a connection with the addon, or with Node's own SQLite where the addon is not there or cannot be loaded (built
 * for another Node, or never built because install scripts were blocked).
 *
 * @param file an existing file, or `:memory:`
 * @param busyMs how long to wait for other processes' locks, in milliseconds
 * @param locking whether others may have it open at the same time
 * @throws PolicyWrapError STATE_UNAVAILABLE when neither can be loaded; SQLite's own errors otherwise
 */
export function connect(file: string, busyMs: number, locking: Locking = 'NORMAL'): Database {
  const forced = process.env.POLICY_WRAP_SQLITE;
  const order = DRIVERS.filter(({ name }) => forced === undefined || forced === '' || name === forced);
  if (order.length === 0)
    throw new PolicyWrapError('USAGE', `POLICY_WRAP_SQLITE is ${JSON.stringify(forced)}`, {
      hint: `Leave it unset, or set it to ${DRIVERS.map(({ name }) => name).join(' or ')}.`,
    });
  const failures: { [name in DriverName]?: unknown } = {};
  for (const { name, load } of order) {
    let open: Opener;
    try {
      open = load();
    } catch (error) {
      failures[name] = error;
      continue;
    }
    return open(file, busyMs, locking);
  }
  throw noSqlite({ addon: failures['better-sqlite3'], builtin: failures.node }, forced, places());
}

function places(): Places {
  const { execPath: node, platform } = process;
  let root = dirname(import.meta.filename);
  while (!existsSync(join(root, 'package.json')) && root !== dirname(root)) root = dirname(root);
  try {
    return { node, platform, root, addon: dirname(dirname(requireHere.resolve('better-sqlite3'))) };
  } catch {
    return { node, platform, root, addon: undefined };
  }
}

/** `EXCLUSIVE`: nobody else may have the file open. It has to be set before anything is read from the file. */
export type Locking = 'NORMAL' | 'EXCLUSIVE';

type Opener = (file: string, busyMs: number, locking: Locking) => Database;

interface Connection {
  unsafeMode?(on: boolean): unknown;
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

const requireHere = createRequire(import.meta.filename);

const DRIVERS: readonly { readonly name: DriverName; readonly load: () => Opener }[] = [
  { name: 'better-sqlite3', load: loadAddon },
  { name: 'node', load: loadBuiltin },
];

function loadAddon(): Opener {
  const Addon = requireHere('better-sqlite3') as new (
    file: string,
    options: { timeout: number; fileMustExist: boolean; nativeBinding?: object },
  ) => Connection;
  const binding = builtBinding();
  // The module loads even where its addon does not; opening a database in memory shows it.
  if (!binding) new Addon(':memory:', { timeout: 0, fileMustExist: false }).close();
  return (file, busyMs, locking) => {
    const options = { timeout: busyMs, fileMustExist: file !== ':memory:' };
    return database(
      'better-sqlite3',
      new Addon(file, binding ? { ...options, nativeBinding: binding } : options),
      locking,
    );
  };
}

/**
 * The addon, where installing the package puts it: the package itself searches a dozen folders for it, which takes 4 ms.
 *
 * @returns undefined when it lies elsewhere
 * @throws Node's own error when it is there and cannot be loaded
 */
function builtBinding(): object | undefined {
  const folder = dirname(requireHere.resolve('better-sqlite3'));
  const file = join(folder, '..', 'build', 'Release', 'better_sqlite3.node');
  return existsSync(file) ? (requireHere(file) as object) : undefined;
}

function loadBuiltin(): Opener {
  if (!isBrought(process.versions.node)) throw new Error('node:sqlite needs Node 22.13 or later');
  const { DatabaseSync } = withoutWarning(() => requireHere('node:sqlite')) as {
    DatabaseSync: new (file: string, options: { timeout: number }) => Connection;
  };
  return (file, busyMs, locking) => {
    const connection = new DatabaseSync(file, { timeout: busyMs });
    // Older releases know no `timeout` option.
    connection.exec(`PRAGMA busy_timeout = ${busyMs}`);
    return database('node', connection, locking);
  };
}

/** Loading `node:sqlite` prints an experimental warning, which would appear in every client's log of the server. */
function withoutWarning<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Page cache of one connection, in KiB; the addon's own default is eight times as much. */
const CACHE_KIB = 2000;

function database(driver: DriverName, connection: Connection, locking: Locking): Database {
  try {
    if (locking !== 'NORMAL') connection.exec(`PRAGMA locking_mode = ${locking}`);
    connection.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  } catch (error) {
    // Left open it would keep its lock until it is collected.
    connection.close();
    throw error;
  }
  // The addon's own guard against writing while a query is open, which SQLite allows: see `StateFile.write`.
  connection.unsafeMode?.(true);
  return {
    driver,
    exec: (sql) => void connection.exec(sql),
    prepare: (sql) => connection.prepare(sql),
    pragma: (name) => Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})[0],
    close: () => connection.close(),
  };
}
