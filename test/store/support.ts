import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import type { Charge } from '../../src/policy/call.js';
import type { Parts } from '../../src/store/parts.js';
import { connect, type Row } from '../../src/store/sqlite/driver.js';
import { damageIn } from '../../src/store/sqlite/inspect.js';
import { type Admitted, BUSY, Store } from '../../src/store/store.js';
import { admission, INFO, open } from './support-shapes.js';

/** A folder of its own for each test file; removed by `afterAll(temp.remove)`. */
export function tempDir(): { path: (name?: string) => string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'policy-wrap-state-'));
  let n = 0;
  return {
    path: (name) => {
      n += 1;
      return join(dir, name ?? `${n}.db`);
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A clock that stands still until it is told. */
export function clock(start = Date.UTC(2026, 10, 22, 11, 0, 0)): { now: () => number; at: number } {
  const self = { at: start, now: () => self.at };
  return self;
}

/** @returns what is wrong with a store's file, a sentence each */
export function damage(store: Store): string[] {
  return damageIn((Reflect.get(store, 'parts') as Parts).file.db);
}

/** Admits one call and expects the database to be free. */
export function admit(store: Store, session: string, ...charges: Charge[]): Admitted {
  return done(store.admit(session, [admission(open(...charges))]))[0] as Admitted;
}

/** A wrapper's store on a new file for each test of a suite; what a test puts into `store` is closed behind it. */
export function freshStore(temp: { path: () => string }) {
  const at = { time: clock(), path: '', store: undefined as unknown as Store, session: '' };
  beforeEach(() => {
    at.time = clock();
    at.path = temp.path();
    at.store = Store.open(at.path, at.time);
    at.session = at.store.startSession(INFO);
    return () => at.store.close();
  });
  return at;
}

/** Two wrappers on one new file. @returns also what ends them, after a look at the sums */
export function twoWrappers(path: string) {
  const time = clock();
  const one = Store.open(path, time);
  const other = Store.open(path, time);
  const close = () => {
    expect(damage(other)).toEqual([]);
    one.close();
    other.close();
  };
  return { time, one, other, session: one.startSession(INFO), elsewhere: other.startSession(INFO), close };
}

/** Both ways to SQLite, with the reason why one cannot be tried here. */
export const DRIVERS = (['better-sqlite3', 'node'] as const).map((name) => {
  const before = process.env.POLICY_WRAP_SQLITE;
  process.env.POLICY_WRAP_SQLITE = name;
  try {
    connect(':memory:', 0).close();
    return { name, missing: undefined };
  } catch (error) {
    const { cause } = error as { cause?: AggregateError };
    return { name, missing: String(cause?.errors?.[0]?.message ?? error).split('\n')[0] };
  } finally {
    if (before === undefined) delete process.env.POLICY_WRAP_SQLITE;
    else process.env.POLICY_WRAP_SQLITE = before;
  }
});

/** Runs a suite over each driver that loads here; the other shows up as skipped, with the reason. */
export function eachDriver(title: string, suite: () => void): void {
  for (const { name, missing } of DRIVERS) {
    if (missing !== undefined) {
      describe.skip(`${title} on ${name} (${missing})`, suite);
      continue;
    }
    describe(`${title} on ${name}`, () => {
      const before = process.env.POLICY_WRAP_SQLITE;
      beforeAll(() => {
        process.env.POLICY_WRAP_SQLITE = name;
      });
      afterAll(() => {
        if (before === undefined) delete process.env.POLICY_WRAP_SQLITE;
        else process.env.POLICY_WRAP_SQLITE = before;
      });
      suite();
    });
  }
}

/** For tests that look into a file behind the store's back. */
export function rows(path: string, sql: string): Row[] {
  const db = connect(path, 1000);
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

export function done<T>(result: T | typeof BUSY): T {
  if (result === BUSY) throw new Error('the database is locked');
  return result;
}

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** Bundled CommonJS packages ask for `require` of Node's own modules. */
export const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Programs that are run as processes of their own, from one bundled file. */
export class Children {
  readonly #script: string;
  readonly #running = new Set<ChildProcess>();

  /**
   * @param script where to put the bundle
   * @param source what is bundled
   */
  constructor(script: string, source = 'test/store/child.ts') {
    this.#script = script;
    buildSync({
      entryPoints: [join(REPOSITORY, source)],
      bundle: true,
      banner: { js: REQUIRE },
      platform: 'node',
      format: 'esm',
      external: ['better-sqlite3'],
      outfile: script,
    });
  }

  /** Starts one that waits for `go`. */
  start(args: readonly string[], options: SpawnOptions = {}): Child {
    const child = spawn(process.execPath, [this.#script, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_PATH: join(REPOSITORY, 'node_modules') },
      ...options,
    });
    this.#running.add(child);
    const lines: string[] = [];
    const waiting: (() => void)[] = [];
    const wake = () => {
      for (const resume of waiting.splice(0)) resume();
    };
    const { stdout, stdin } = child;
    if (!stdout || !stdin) throw new Error('the child has no pipes');
    let isOver = false;
    let rest = '';
    stdout.on('data', (chunk) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      wake();
    });
    child.on('close', () => {
      isOver = true;
      this.#running.delete(child);
      wake();
    });
    return {
      pid: child.pid ?? 0,
      go: () => void stdin.write('go\n'),
      kill: (signal) => void child.kill(signal),
      next: async () => {
        while (lines.length === 0 && !isOver) await new Promise<void>((resume) => waiting.push(resume));
        const line = lines.shift();
        return line === undefined ? undefined : JSON.parse(line);
      },
      end: async () => {
        while (!isOver) await new Promise<void>((resume) => waiting.push(resume));
      },
    };
  }

  /** Ends those that still run, also after a test that failed. */
  async stop(): Promise<void> {
    await Promise.all(
      [...this.#running].map((child) => {
        const ended = new Promise((resume) => child.once('close', resume));
        child.kill('SIGKILL');
        return ended;
      }),
    );
  }
}

export interface Child {
  readonly pid: number;
  go(): void;
  kill(signal: NodeJS.Signals): void;
  /** The next line that it says, parsed; undefined when it has ended. */
  next(): Promise<unknown>;
  end(): Promise<void>;
}
