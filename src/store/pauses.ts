import type { Events } from './events.js';
import type { Database } from './sqlite/driver.js';
import type { Cache, StateFile } from './sqlite/file.js';

/** A pause refuses every call of one server, or of all. */
export interface PauseEntry {
  /** Undefined for a pause of all servers. */
  readonly server: string | undefined;
  /** UTC milliseconds. */
  readonly since: number;
  readonly note: string | undefined;
}

/** Stands for all servers; no server has an empty name. */
const ALL = '';

/** Pauses, which every wrapper on the machine checks for every call. All methods run inside the caller's transaction. */
export class Pauses implements Cache {
  readonly #db: Database;
  readonly #events: Events;
  readonly #find;
  /** The server that was looked at last. */
  #known: { readonly server: string; readonly isPaused: boolean } | undefined;

  constructor(file: StateFile, events: Events) {
    this.#db = file.db;
    this.#events = events;
    file.register(this);
    this.#find = file.db.prepare(`SELECT 1 FROM pauses WHERE server IN ('${ALL}', ?)`);
  }

  isPaused(server: string): boolean {
    if (this.#known?.server !== server)
      this.#known = { server, isPaused: this.#find.get(server) !== undefined };
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

  rolledBack(): void {
    this.outdated();
  }

  outdated(): void {
    this.#known = undefined;
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
