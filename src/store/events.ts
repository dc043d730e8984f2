import type { Database, Value } from './sqlite/driver.js';

/** Something other than a call: a counter reset, an approval asked for or decided. */
export interface EventEntry {
  readonly id: string;
  /** UTC milliseconds. */
  readonly at: number;
  /** `cli`, `client`, or `wrapper` for what no person did. */
  readonly who: string;
  readonly kind: EventKind;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type EventKind =
  | 'counter.reset'
  | 'clock.reset'
  | 'approval.asked'
  | 'approval.approved'
  | 'approval.rejected'
  | 'approval.consumed'
  | 'approval.expired'
  | 'budget.made'
  | 'budget.used'
  | 'budget.revoked'
  | 'pin.changed'
  | 'pin.new'
  | 'pin.trusted'
  | 'tool.left_out'
  | 'tool.suspicious'
  | 'limit.filling'
  | 'notice.lost'
  | 'pause.begun'
  | 'pause.lifted';

export interface EventFilter {
  /** UTC milliseconds, inclusive. */
  readonly since?: number | undefined;
  /** Most events, the newest; default 100. */
  readonly limit?: number | undefined;
  readonly afterId?: string | undefined;
  /** As for the log. */
  readonly follows?: boolean | undefined;
}

/** The events, which `log` shows beside the decisions. All methods run inside the caller's transaction. */
export class Events {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  write(at: number, who: string, kind: EventKind, detail: Readonly<Record<string, unknown>>): void {
    this.#db
      .prepare('INSERT INTO events (at, who, kind, detail) VALUES (?, ?, ?, ?)')
      .run(at, who, kind, JSON.stringify(detail));
  }

  /** As `write`, where nothing like it stands there. */
  writeOnce(at: number, who: string, kind: EventKind, detail: Readonly<Record<string, unknown>>): void {
    const known = this.#db
      .prepare('SELECT 1 FROM events WHERE kind = ? AND detail = ? LIMIT 1')
      .get(kind, JSON.stringify(detail));
    if (!known) this.write(at, who, kind, detail);
  }

  /** @returns oldest first */
  read({ since, limit = 100, afterId }: EventFilter): EventEntry[] {
    const values: Value[] = [since ?? Number.MIN_SAFE_INTEGER, Number(afterId ?? 0), Math.max(0, limit)];
    const order = afterId === undefined ? 'DESC' : 'ASC';
    const rows = this.#db
      .prepare(`SELECT * FROM events WHERE at >= ? AND id > ? ORDER BY id ${order} LIMIT ?`)
      .all(...values)
      .map((row) => ({
        id: String(row.id),
        at: row.at as number,
        who: row.who as string,
        kind: row.kind as EventKind,
        detail: JSON.parse(row.detail as string) as Record<string, unknown>,
      }));
    return afterId === undefined ? rows.reverse() : rows;
  }
}
