import type { Events } from './events.js';
import type { Database } from './sqlite/driver.js';
import type { Generation } from './sqlite/file.js';

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
  readonly #generation: Generation;
  readonly #find;
  /** Of one server, as it was read in a generation of the file. */
  #known: { readonly server: string; readonly generation: number; readonly isPaused: boolean } | undefined;

  constructor(db: Database, events: Events, generation: Generation) {
    this.#db = db;
    this.#events = events;
    this.#generation = generation;
    this.#find = db.prepare(`SELECT 1 FROM pauses WHERE server IN ('${ALL}', ?)`);
  }

  isPaused(server: string): boolean {
    const generation = this.#generation.current;
    if (this.#known?.generation !== generation || this.#known.server !== server) {
      this.#known = { server, generation, isPaused: this.#find.get(server) !== undefined };
    }
    return this.#known.isPaused;
  }

  /** @param server all when absent */
  pause(server: string | undefined, note: string | undefined, who: string, now: number): void {
    this.#db
      .prepare('INSERT OR IGNORE INTO pauses (server, since, note) VALUES (?, ?, ?)')
      .run(server ?? ALL, now, note ?? null);
    this.#known = undefined;
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
    this.#known = undefined;
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
