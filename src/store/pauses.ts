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

/** A longer note is cut in what a refused call is told, in UTF-16 units. */
const NOTE_CAP = 200;

/**
 * What a call is told that a pause refuses.
 *
 * @param who in a team, the login that made it
 * @returns undefined where nothing is known but that a person did
 */
export function pausedText(note: string | undefined, who?: string): string | undefined {
  if (note === undefined && who === undefined) return undefined;
  const what =
    who === undefined ? 'a person has stopped every call' : `${who} has stopped every call in the team`;
  const why = note === undefined ? '' : ` ("${note.slice(0, NOTE_CAP)}")`;
  return `${what}${why}, and only a person can lift that`;
}

/** Stands for all servers; no server has an empty name. */
const ALL = '';

/** Pauses, which every wrapper on the machine checks for every call. All methods run inside the caller's transaction. */
export class Pauses implements Cache {
  readonly #db: Database;
  readonly #events: Events;
  readonly #find;
  /** The server that was looked at last. */
  #known:
    | { readonly server: string; readonly pause: { readonly note: string | undefined } | undefined }
    | undefined;

  constructor(file: StateFile, events: Events) {
    this.#db = file.db;
    this.#events = events;
    file.register(this);
    this.#find = file.db.prepare(`SELECT note FROM pauses WHERE server IN ('${ALL}', ?) ORDER BY server`);
  }

  /** @returns what stops a server now, with what the person said of it */
  of(server: string): { readonly note: string | undefined } | undefined {
    if (this.#known?.server !== server) {
      const row = this.#find.get(server);
      this.#known = { server, pause: row && { note: (row.note as string | null) ?? undefined } };
    }
    return this.#known.pause;
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
