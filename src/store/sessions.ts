import { readFileSync } from 'node:fs';
import { crypto } from '../text/hash.js';
import type { Owner } from './counters/counter-key.js';
import { type Database, type Row, textOf } from './sqlite/driver.js';
import type { Cache, StateFile } from './sqlite/file.js';

/** A wrapper process, as it registers itself. */
export interface SessionInfo {
  readonly server: string;
  readonly grant: string;
  readonly pid: number;
  readonly policyHash: string | undefined;
  readonly policySource: string | undefined;
  /** `--observe`: charges go to counters of their own and nothing is refused. */
  readonly observe: boolean;
}

/** The policy that a wrapper uses after its file changed. */
export interface PolicyState {
  readonly hash: string | undefined;
  readonly source: string | undefined;
  /** Why the changed file was not taken. */
  readonly problem: string | undefined;
}

/** A wrapper process as others see it. Times in UTC milliseconds. */
export interface SessionEntry {
  readonly id: string;
  readonly server: string;
  readonly grant: string;
  readonly pid: number;
  readonly observe: boolean;
  readonly policyHash: string | undefined;
  readonly policySource: string | undefined;
  /** Why a changed policy file was not taken, while the wrapper keeps the last good one. */
  readonly policyProblem: string | undefined;
  readonly clientName: string | undefined;
  readonly clientVersion: string | undefined;
  readonly startedAt: number;
  /** When it last wrote; at least every 30 seconds while it lives. */
  readonly seenAt: number;
  readonly endedAt: number | undefined;
  readonly live: boolean;
}

/** A session of this process. Its row is written in the first transaction that finds the database free. */
export interface Session {
  readonly owner: Owner;
  readonly info: SessionInfo;
  readonly startedAt: number;
  client: { readonly name: string; readonly version: string } | undefined;
  row: number | undefined;
  /** When the row was last written, and whether it names the client. */
  seenAt: number;
  clientWritten: boolean;
}

const HEARTBEAT_MS = 30_000;
/** Where a process's start time cannot be read, a wrapper that has been silent for this long is taken for dead. */
const SILENT_MS = 10 * 60_000;
const CLIENT_CAP = 200;

/**
 * Who is and was running. Nothing here opens a transaction; all methods but `start` run inside the caller's.
 */
export class Sessions implements Cache {
  readonly #db: Database;
  readonly #own = new Map<string, Session>();
  readonly #find;
  readonly #beat;

  constructor(file: StateFile) {
    const { db } = file;
    this.#db = db;
    file.register(this);
    this.#find = db.prepare('SELECT id FROM sessions WHERE uid = ?');
    this.#beat = db.prepare(
      // `ended_at`: a wrapper that others took for dead, asleep perhaps, is back.
      `UPDATE sessions SET seen_at = ?, client_name = coalesce(?, client_name),
         client_version = coalesce(?, client_version), ended_at = NULL WHERE id = ?`,
    );
  }

  start(info: SessionInfo, now: number, id = crypto().randomUUID() as string): Session {
    const owner = { server: info.server, grant: info.grant, session: id, observe: info.observe };
    const session: Session = {
      owner,
      info,
      startedAt: now,
      client: undefined,
      row: undefined,
      seenAt: now,
      clientWritten: true,
    };
    this.#own.set(id, session);
    return session;
  }

  get(id: string): Session {
    const session = this.#own.get(id);
    if (!session) throw new Error(`no session ${id} was started here`);
    return session;
  }

  own(): Iterable<Session> {
    return this.#own.values();
  }

  describe(session: Session, name: string, version: string): void {
    session.client = { name: name.slice(0, CLIENT_CAP), version: version.slice(0, CLIENT_CAP) };
    session.clientWritten = false;
  }

  /** Writes what is due: the row itself, the client's name, or a heartbeat. @returns the row */
  touch(session: Session, now: number): number {
    const { client, row } = session;
    const isDue = !session.clientWritten || Math.abs(now - session.seenAt) >= HEARTBEAT_MS;
    if (row !== undefined && !isDue) return row;
    // A session that goes on after its database was closed has a row already.
    const known = row ?? (this.#find.get(session.owner.session)?.id as number | undefined);
    const isThere =
      known !== undefined &&
      this.#beat.run(now, client?.name ?? null, client?.version ?? null, known).changes !== 0;
    session.row = isThere ? known : this.#insert(session, now);
    session.seenAt = now;
    session.clientWritten = true;
    return session.row;
  }

  /** Records which policy a session uses since its file changed, or why the changed file was not taken. */
  setPolicy(session: Session, { hash, source, problem }: PolicyState, now: number): void {
    const row = this.touch(session, now);
    this.#db
      .prepare('UPDATE sessions SET policy = ?, policy_source = ?, policy_problem = ? WHERE id = ?')
      .run(hash ?? null, source ?? null, problem ?? null, row);
  }

  end(session: Session, now: number): void {
    const row = this.touch(session, now);
    this.#db.prepare('UPDATE sessions SET ended_at = ?, seen_at = ? WHERE id = ?').run(now, now, row);
  }

  drop(id: string): void {
    this.#own.delete(id);
  }

  /** The row, or what was written to it last, may not be there: `touch` looks again. */
  rolledBack(): void {
    for (const session of this.#own.values()) session.row = undefined;
  }

  /**
   * Marks dead sessions as ended, and removes at most `count` ended ones that wrote nothing since `before`.
   */
  removeOld(now: number, before: number, count: number): void {
    const open = this.#db.prepare('SELECT * FROM sessions WHERE ended_at IS NULL').all();
    for (const row of open)
      if (!isLive(row, now))
        this.#db.prepare('UPDATE sessions SET ended_at = seen_at WHERE id = ?').run(row.id as number);
    this.#db
      .prepare(
        `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
           WHERE ended_at IS NOT NULL AND seen_at < ? ORDER BY id LIMIT ?)`,
      )
      .run(before - 2 * HEARTBEAT_MS, count);
  }

  #insert({ owner, info, client, startedAt }: Session, now: number): number {
    const { lastInsertRowid } = this.#db
      .prepare(
        `INSERT INTO sessions (uid, server, grant_name, pid, process_start, observe, policy, policy_source,
           client_name, client_version, started_at, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        owner.session,
        info.server,
        info.grant,
        info.pid,
        processStart(info.pid) ?? null,
        info.observe ? 1 : 0,
        info.policyHash ?? null,
        info.policySource ?? null,
        client?.name ?? null,
        client?.version ?? null,
        startedAt,
        now,
      );
    return Number(lastInsertRowid);
  }
}

/** @returns every session that is known, the latest first */
export function listSessions(db: Database, now: number): SessionEntry[] {
  return db
    .prepare('SELECT * FROM sessions ORDER BY id DESC')
    .all()
    .map((row) => ({
      id: row.uid as string,
      server: row.server as string,
      grant: row.grant_name as string,
      pid: row.pid as number,
      observe: row.observe === 1,
      policyHash: textOf(row.policy),
      policySource: textOf(row.policy_source),
      policyProblem: textOf(row.policy_problem),
      clientName: textOf(row.client_name),
      clientVersion: textOf(row.client_version),
      startedAt: row.started_at as number,
      seenAt: row.seen_at as number,
      endedAt: typeof row.ended_at === 'number' ? row.ended_at : undefined,
      live: isLive(row, now),
    }));
}

/** Whether the process of a row of `sessions` still runs, and is not another one with the same process id. */
export function isLive(row: Row, now: number): boolean {
  if (row.ended_at !== null) return false;
  const pid = row.pid as number;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const started = processStart(pid);
  if (started !== undefined && row.process_start !== null) return started === row.process_start;
  return now - (row.seen_at as number) < SILENT_MS;
}

/** When a process was started, for comparison only; undefined where /proc is missing. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets and may hold spaces; the start is the 22nd (proc(5)).
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
