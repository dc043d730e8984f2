import type { Database } from './driver.js';
import type { Events } from './events.js';

/** Every call is refused, of one server or of all. */
export interface PauseEntry {
  /** Undefined: of all servers. */
  readonly server: string | undefined;
  /** UTC milliseconds. */
  readonly since: number;
  readonly note: string | undefined;
}

/** How all servers are written; no server has an empty name. */
const ALL = '';

/** The brake: looked at for every call, by every wrapper on the machine. Runs inside the caller's transaction. */
export class Pauses {
  readonly #db: Database;
  readonly #events: Events;
  readonly #find;

  constructor(db: Database, events: Events) {
    this.#db = db;
    this.#events = events;
    this.#find = db.prepare(`SELECT 1 FROM pauses WHERE server IN ('${ALL}', ?)`);
  }

  isPaused(server: string): boolean {
    return this.#find.get(server) !== undefined;
  }

  /** @param server all when absent */
  pause(server: string | undefined, note: string | undefined, who: string, now: number): void {
    this.#db
      .prepare('INSERT OR IGNORE INTO pauses (server, since, note) VALUES (?, ?, ?)')
      .run(server ?? ALL, now, note ?? null);
    this.#events.write(now, who, 'pause.begun', { server, note });
  }

  /**
   * Lifts one server's pause, or, without a server, every one there is.
   *
   * @returns how many were lifted
   */
  resume(server: string | undefined, who: string, now: number): number {
    const { changes } =
      server === undefined
        ? this.#db.prepare('DELETE FROM pauses').run()
        : this.#db.prepare('DELETE FROM pauses WHERE server = ?').run(server);
    if (Number(changes) > 0) this.#events.write(now, who, 'pause.lifted', { server });
    return Number(changes);
  }

  list(): PauseEntry[] {
    return this.#db
      .prepare('SELECT * FROM pauses ORDER BY server')
      .all()
      .map((row) => ({
        server: row.server === ALL ? undefined : (row.server as string),
        since: row.since as number,
        note: (row.note as string | null) ?? undefined,
      }));
  }
}
