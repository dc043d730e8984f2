import { sha256 } from '../crypto.js';
import type { Database, Row } from './driver.js';
import type { Events } from './events.js';

/** A tool as its server described it, for telling whether the description is still the same. */
export interface SeenTool {
  readonly name: string;
  /** What a model and a policy go by, as canonical JSON: description, schemas, annotations. */
  readonly definition: string;
  /** The definition can be read in two ways, or is one of two: it equals none, and counts as changed. */
  readonly unpinnable?: boolean;
}

/** A remembered definition, and the one that differs from it. Times in UTC milliseconds. */
export interface PinEntry {
  readonly server: string;
  readonly tool: string;
  readonly definition: string;
  readonly seenAt: number;
  /** Undefined while the server says what it always said. */
  readonly changed: { readonly definition: string; readonly at: number } | undefined;
}

/** Definitions of so many tools are kept for a server; one that lists ever new tools does not fill the disk. */
const TOOLS_CAP = 10_000;

/**
 * What tools looked like when they were first seen. A tool that changes afterwards may be another tool under a trusted
 * name (handbook, attack 25). A tool with a new name is a new tool, which `default: "deny"` refuses.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Pins {
  readonly #db: Database;
  readonly #events: Events;
  readonly #find;
  readonly #isChanged;

  constructor(db: Database, events: Events) {
    this.#db = db;
    this.#events = events;
    this.#find = db.prepare('SELECT hash, changed_hash FROM pins WHERE server = ? AND tool = ?');
    this.#isChanged = db.prepare(
      'SELECT 1 FROM pins WHERE server = ? AND tool = ? AND changed_hash IS NOT NULL',
    );
  }

  /**
   * Remembers new tools and notes changed ones; a tool that is as it was again is no longer changed.
   *
   * @returns the tools whose change was not known yet
   */
  see(server: string, tools: readonly SeenTool[], now: number): PinEntry[] {
    const changed: string[] = [];
    for (const { name, definition } of tools) {
      const hash = digest(definition);
      const row = this.#find.get(server, name);
      if (!row) this.#remember(server, name, hash, definition, now);
      else if (row.hash === hash) {
        if (row.changed_hash !== null) this.#note(server, name, null, null, null);
      } else if (row.changed_hash !== hash) {
        this.#note(server, name, hash, definition, now);
        this.#events.write(now, 'wrapper', 'pin.changed', { server, tool: name });
        changed.push(name);
      }
    }
    return changed.flatMap((name) => this.list(server).filter(({ tool }) => tool === name));
  }

  isChanged(server: string, tool: string): boolean {
    return this.#isChanged.get(server, tool) !== undefined;
  }

  /** @returns what is remembered, of one server or of all, by server and name */
  list(server?: string): PinEntry[] {
    const rows =
      server === undefined
        ? this.#db.prepare('SELECT * FROM pins ORDER BY server, tool').all()
        : this.#db.prepare('SELECT * FROM pins WHERE server = ? ORDER BY tool').all(server);
    return rows.map(toEntry);
  }

  /**
   * Takes changed definitions for the right ones.
   *
   * @param tool all of the server's when absent
   * @returns which
   */
  trust(server: string, tool: string | undefined, who: string, now: number): PinEntry[] {
    const changed = this.list(server).filter(
      (pin) => pin.changed && (tool === undefined || pin.tool === tool),
    );
    for (const pin of changed) {
      this.#db
        .prepare(
          `UPDATE pins SET hash = changed_hash, definition = changed_definition, changed_hash = NULL,
             changed_definition = NULL, changed_at = NULL WHERE server = ? AND tool = ?`,
        )
        .run(server, pin.tool);
      this.#events.write(now, who, 'pin.trusted', { server, tool: pin.tool });
    }
    return changed;
  }

  #remember(server: string, tool: string, hash: string, definition: string, now: number): void {
    const { n } = this.#db.prepare('SELECT count(*) AS n FROM pins WHERE server = ?').get(server) as {
      n: number;
    };
    if (n >= TOOLS_CAP) return;
    this.#db
      .prepare('INSERT INTO pins (server, tool, hash, definition, seen_at) VALUES (?, ?, ?, ?, ?)')
      .run(server, tool, hash, definition, now);
  }

  #note(
    server: string,
    tool: string,
    hash: string | null,
    definition: string | null,
    now: number | null,
  ): void {
    this.#db
      .prepare(
        'UPDATE pins SET changed_hash = ?, changed_definition = ?, changed_at = ? WHERE server = ? AND tool = ?',
      )
      .run(hash, definition, now, server, tool);
  }
}

function toEntry(row: Row): PinEntry {
  const changed = row.changed_definition as string | null;
  return {
    server: row.server as string,
    tool: row.tool as string,
    definition: row.definition as string,
    seenAt: row.seen_at as number,
    changed: changed === null ? undefined : { definition: changed, at: row.changed_at as number },
  };
}

function digest(definition: string): string {
  return sha256(definition);
}
