import { HOUR_MS, idOf, type LoggedDecision, type Outcome } from './decision-log.js';
import type { Database, Row, Value } from './sqlite/driver.js';

/** A row of the decision log with all that it refers to. Times in UTC milliseconds. */
export interface LogEntry {
  readonly auditId: string;
  readonly at: number;
  readonly tool: string;
  readonly decision: LoggedDecision;
  /** Why not allowed; undefined when it was. */
  readonly code: string | undefined;
  readonly rule: string | undefined;
  /** True when nothing was enforced: a refusal is what would have been one. */
  readonly observe: boolean;
  readonly policyHash: string | undefined;
  /** JSON: sorted top-level names, or the whole object. */
  readonly arguments: string;
  readonly requestId: string | undefined;
  readonly approval: string | undefined;
  /** Undefined until the call is settled, and for ever when the wrapper died before. */
  readonly outcome: Outcome | undefined;
  readonly latencyMs: number | undefined;
  readonly server: string;
  readonly grant: string;
  readonly session: string;
  readonly pid: number;
  readonly clientName: string | undefined;
  readonly clientVersion: string | undefined;
}

export interface LogFilter {
  /** Only what was not allowed. */
  readonly denied?: boolean | undefined;
  readonly tool?: string | undefined;
  readonly server?: string | undefined;
  /** UTC milliseconds, inclusive. */
  readonly since?: number | undefined;
  /** The newest so many, or with `afterId` the next so many; default 100. */
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
    // The first row of the hour bounds the walk; the rows themselves are compared, since clocks are set back.
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
      `SELECT d.id, d.at, d.tool, d.decision, d.code, d.rule, d.arguments, d.request, d.approval, d.outcome,
         d.latency_ms, p.hash, s.observe, s.server, s.grant_name, s.uid, s.pid, s.client_name, s.client_version
       FROM decisions d ${filter.denied ? 'INDEXED BY decisions_not_allowed' : 'NOT INDEXED'}
       LEFT JOIN sessions s ON s.id = d.session LEFT JOIN policies p ON p.id = d.policy
       ${wheres.length > 0 ? `WHERE ${wheres.join(' AND ')}` : ''}
       ORDER BY d.id ${isFollowing ? 'ASC' : 'DESC'} LIMIT ?`,
    )
    .all(...values, Math.max(0, Math.trunc(filter.limit ?? DEFAULT_LIMIT)));
  const entries = rows.map(toEntry);
  return isFollowing ? entries : entries.reverse();
}

function toEntry(row: Row): LogEntry {
  return {
    auditId: String(row.id),
    at: row.at as number,
    tool: row.tool as string,
    decision: row.decision as LoggedDecision,
    code: text(row.code),
    rule: text(row.rule),
    observe: row.observe === 1,
    policyHash: text(row.hash),
    arguments: row.arguments as string,
    requestId: text(row.request),
    approval: text(row.approval),
    outcome: text(row.outcome) as Outcome | undefined,
    latencyMs: typeof row.latency_ms === 'number' ? row.latency_ms : undefined,
    server: text(row.server) ?? '',
    grant: text(row.grant_name) ?? '',
    session: text(row.uid) ?? '',
    pid: typeof row.pid === 'number' ? row.pid : 0,
    clientName: text(row.client_name),
    clientVersion: text(row.client_version),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
