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
}

const DEFAULT_LIMIT = 100;

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
  if (filter.since !== undefined) {
    // The hour's first row bounds the walk; rows are compared too, since a clock may have been set back.
    where(
      `d.id >= (SELECT coalesce(min(first), ${Number.MAX_SAFE_INTEGER}) FROM log_hours WHERE hour >= ?) AND d.at >= ?`,
      Math.floor(filter.since / HOUR_MS),
      filter.since,
    );
  }
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
