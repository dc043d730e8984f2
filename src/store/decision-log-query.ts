import { entryOf, HOUR_MS, idOf, type LogEntry, SELECTED } from './decision-log.js';
import type { Database, Value } from './sqlite/driver.js';

export interface LogFilter {
  /** Only what was not allowed. */
  readonly denied?: boolean | undefined;
  readonly tool?: string | undefined;
  readonly server?: string | undefined;
  /** UTC milliseconds, inclusive. */
  readonly since?: number | undefined;
  /** Most rows: the newest, or with `afterId` the next; default 100. */
  readonly limit?: number | undefined;
  /** Only rows after this one, for following the log. */
  readonly afterId?: string | undefined;
  /** Each row once, also of a team's store, where rows are written side by side: what may still get one before it waits. */
  readonly follows?: boolean | undefined;
}

const DEFAULT_LIMIT = 100;

/** The hour's first row bounds the walk; rows are compared too, since a clock may have been set back. */
const SINCE = `d.id >= (SELECT coalesce(min(first), ${Number.MAX_SAFE_INTEGER}) FROM log_hours WHERE hour >= ?) AND d.at >= ?`;

/** @returns rows that pass every part of `filter`, oldest first; read inside the caller's transaction */
export function readLog(db: Database, filter: LogFilter): LogEntry[] {
  const wheres: string[] = [];
  const values: Value[] = [];
  const where = (sql: string, ...bound: Value[]) => {
    wheres.push(sql);
    values.push(...bound);
  };
  if (filter.denied) where("d.decision <> 'allow'");
  if (filter.tool !== undefined) where('d.tool = ?', filter.tool);
  if (filter.server !== undefined)
    where('d.session IN (SELECT id FROM sessions WHERE server = ?)', filter.server);
  if (filter.since !== undefined) where(SINCE, Math.floor(filter.since / HOUR_MS), filter.since);
  const isFollowing = filter.afterId !== undefined;
  if (isFollowing) where('d.id > ?', idOf(filter.afterId));
  const rows = db
    .prepare(
      `SELECT ${SELECTED} FROM decisions d ${filter.denied ? 'INDEXED BY decisions_not_allowed' : 'NOT INDEXED'}
       LEFT JOIN sessions s ON s.id = d.session LEFT JOIN policies p ON p.id = d.policy
       ${wheres.length > 0 ? `WHERE ${wheres.join(' AND ')}` : ''}
       ORDER BY d.id ${isFollowing ? 'ASC' : 'DESC'} LIMIT ?`,
    )
    .all(...values, Math.max(0, Math.trunc(filter.limit ?? DEFAULT_LIMIT)));
  const entries = rows.map(entryOf);
  return isFollowing ? entries : entries.reverse();
}

/** How often a tool was called. */
export interface CallCount {
  readonly server: string;
  readonly tool: string;
  readonly calls: number;
  /** Those that were not let through, and those that an observing wrapper would not have let through. */
  readonly refused: number;
}

/** @param since UTC milliseconds, inclusive; read inside the caller's transaction */
export function countCalls(db: Database, since: number): CallCount[] {
  return db
    .prepare(
      `SELECT s.server AS server, d.tool AS tool, count(*) AS calls, sum(d.decision <> 'allow') AS refused
       FROM decisions d NOT INDEXED JOIN sessions s ON s.id = d.session WHERE ${SINCE} GROUP BY s.server, d.tool`,
    )
    .all(Math.floor(since / HOUR_MS), since)
    .map((row) => ({
      server: String(row.server),
      tool: String(row.tool),
      calls: Number(row.calls),
      refused: Number(row.refused),
    }));
}

/** What was decided within one hour. */
export interface HourCount {
  /** UTC milliseconds of its beginning. */
  readonly at: number;
  readonly allowed: number;
  readonly asked: number;
  readonly refused: number;
}

/**
 * @param since UTC milliseconds; the whole hour is counted
 * @param server of all servers when absent
 * @returns the hours in which anything was decided, in order; read inside the caller's transaction
 */
export function countHours(db: Database, since: number, server: string | undefined): HourCount[] {
  const hour = Math.floor(since / HOUR_MS);
  const only = 'AND d.session IN (SELECT id FROM sessions WHERE server = ?)';
  return db
    .prepare(
      `SELECT d.at / ${HOUR_MS} AS hour, sum(d.decision = 'allow') AS allowed, sum(d.decision = 'ask') AS asked,
         sum(d.decision NOT IN ('allow', 'ask')) AS refused
       FROM decisions d NOT INDEXED WHERE ${SINCE} ${server === undefined ? '' : only} GROUP BY 1 ORDER BY 1`,
    )
    .all(hour, hour * HOUR_MS, ...(server === undefined ? [] : [server]))
    .map((row) => ({
      at: Number(row.hour) * HOUR_MS,
      allowed: Number(row.allowed),
      asked: Number(row.asked),
      refused: Number(row.refused),
    }));
}
