import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../../src/store/postgres/connection.js';
import type { StoreAddress } from '../../src/store/shared-store.js';

const PLACES = [
  // Another version than the newest that is installed: `POSTGRES_BIN=/path/to/bin`.
  ...(process.env.POSTGRES_BIN ? [process.env.POSTGRES_BIN] : []),
  ...versionsIn('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`),
  ...['/opt/homebrew/bin', '/usr/local/bin', '/usr/local/pgsql/bin', '/usr/bin'],
];
/** Where PostgreSQL's programs are; undefined where it is not installed. */
export const PROGRAMS = PLACES.find(
  (place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')),
);
/** An account without rights: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

function versionsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : [];
}

/**
 * The command that runs a program of PostgreSQL: as an ordinary account, directly and not by way of a program that
 * would stand between us and its signals; ended with us where the system can do that. Where /dev/null is root's alone,
 * initdb may open it all the same.
 */
function command(program: string, args: readonly string[]): [string, string[]] {
  const path = join(PROGRAMS as string, program);
  if (process.platform !== 'linux') return [path, [...args]];
  const rights =
    statSync('/dev/null').mode & 0o006 ? [] : ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const account = isRoot ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...rights] : [];
  return ['setpriv', [...account, '--pdeathsig=QUIT', path, ...args]];
}

const ENV = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

export interface ClusterOptions {
  /** Lines of postgresql.conf; what is left out has PostgreSQL's own default, but `fsync` is off. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** A folder with a copy of another server's data. */
  readonly folder?: string;
  /** The copy follows that server. */
  readonly isStandby?: boolean;
  /** An empty folder to take, where it has to be on a disk of its own. */
  readonly room?: string;
}

/** Puts the data of a new server into a folder: made once for all files of a run, and copied, which takes a quarter. */
function fill(place: string): void {
  const { SUITE_FOLDER } = process.env;
  if (SUITE_FOLDER === undefined) {
    makeData(place);
    return;
  }
  const made = join(SUITE_FOLDER, 'new-server');
  if (!existsSync(made)) {
    const own = Cluster.newFolder();
    makeData(own);
    try {
      renameSync(join(own, 'data'), made);
    } catch (error) {
      // Another file was quicker.
      if (!existsSync(made)) throw error;
    }
    rmSync(own, { recursive: true, force: true });
  }
  const copied = spawnSync('cp', ['-a', made, join(place, 'data')], { encoding: 'utf8' });
  if (copied.status !== 0) throw new Error(`cp: ${copied.error ?? copied.stderr}`);
}

function makeData(place: string): void {
  const [program, args] = command('initdb', [
    ...['-D', join(place, 'data'), '-U', 'admin', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'],
  ]);
  const made = spawnSync(program, args, { encoding: 'utf8', env: ENV, cwd: place });
  if (made.status !== 0) throw new Error(`initdb: ${made.error ?? made.stderr}`);
}

/** A PostgreSQL server of a test's own: `await using cluster = await Cluster.start()`. */
export class Cluster {
  readonly folder: string;
  readonly port: number;
  readonly #settings: Readonly<Record<string, string | number>>;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(folder: string, port: number, settings: Readonly<Record<string, string | number>>) {
    this.folder = folder;
    this.port = port;
    this.#settings = settings;
  }

  static async start({ settings = {}, folder, isStandby, room }: ClusterOptions = {}): Promise<Cluster> {
    const place = folder ?? room ?? Cluster.newFolder();
    const cluster = new Cluster(place, await freePort(), { fsync: 'off', ...settings });
    if (folder === undefined) fill(place);
    if (isStandby) {
      const mark = join(place, 'data', 'standby.signal');
      writeFileSync(mark, '');
      if (isRoot) chownSync(mark, NOBODY, NOBODY);
    }
    await cluster.run();
    return cluster;
  }

  /** A folder that the server's account may write to. */
  static newFolder(inside = tmpdir()): string {
    const folder = mkdtempSync(join(inside, 'policy-wrap-pg-'));
    if (isRoot) chownSync(folder, NOBODY, NOBODY);
    return folder;
  }

  /** Starts the server, again after it was ended. */
  async run(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: this.port,
      unix_socket_directories: this.folder,
      max_connections: 80,
      shared_buffers: '32MB',
      log_min_messages: 'fatal',
      ...this.#settings,
    };
    const [program, args] = command('postgres', [
      ...['-D', join(this.folder, 'data')],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: ENV, cwd: this.folder });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text) => (this.#log = `${this.#log}${text}`.slice(-20_000)));
    while (!(await this.isReady())) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`postgres ended: ${this.#log}`);
      await sleep(30);
    }
  }

  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#process?.pid as number;
  }

  async isReady(): Promise<boolean> {
    try {
      await this.sql('SELECT 1', 'postgres');
      return true;
    } catch {
      return false;
    }
  }

  /** Runs statements as the server's administrator. @returns the rows of the last that gives any */
  async sql(text: string, database = 'app', user = 'admin'): Promise<Record<string, unknown>[]> {
    const connection = new Connection({
      address: { ...this.address('x', user), database },
      password: async () => undefined,
      timeoutMs: 60_000,
    });
    try {
      const results = await connection.run(text);
      return [...(results.findLast((rows) => rows.length > 0) ?? [])];
    } finally {
      await connection.close();
    }
  }

  /** Makes the database `app` and logins. */
  async prepare(...logins: readonly string[]): Promise<void> {
    await this.sql('CREATE DATABASE app', 'postgres');
    for (const login of logins) await this.sql(`CREATE ROLE ${login} LOGIN`);
  }

  address(team: string, user: string): StoreAddress {
    return { host: '127.0.0.1', port: this.port, user, database: 'app', team, tls: 'off' };
  }

  /** Ends the server at once, with all its processes and without a word to anybody. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    const children = childrenOf(child.pid);
    child.kill('SIGKILL');
    for (const pid of children) kill(pid, 'SIGKILL');
    await ended;
    while (children.some(isThere)) await sleep(10);
  }

  /** Stops every process of the server where it stands, or lets all go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of [this.pid, ...childrenOf(this.pid)]) kill(pid, name);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.signal('SIGCONT');
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGINT');
    await Promise.race([ended, sleep(5000, undefined, { ref: false }).then(() => this.kill())]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A random word for teams, so that tests of one file can share a server. */
export function someTeam(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

/** Runs one of PostgreSQL's programs to its end. */
export function runProgram(program: string, args: readonly string[], cwd: string): void {
  const [path, all] = command(program, args);
  const { status, stderr, error } = spawnSync(path, all, { encoding: 'utf8', env: ENV, cwd });
  if (status !== 0) throw new Error(`${program}: ${error ?? stderr}`);
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const all = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return all.flatMap(([child, parent]) => (parent === pid && child ? [child] : []));
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that its parent has not buried yet is there for signals, and does nothing any more.
    return spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()[0] !== 'Z';
  } catch {
    return false;
  }
}
