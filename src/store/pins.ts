import { sha256 } from '../text/hash.js';
import type { Events } from './events.js';
import type { Database, Row } from './sqlite/driver.js';

/** A tool as its server described it, to be compared with what was first seen. */
export interface SeenTool {
  readonly name: string;
  /** What a model and a policy go by, as canonical JSON: description, schemas, annotations. */
  readonly definition: string;
  /** Two parsers may read the definition differently: it equals no pin, and is never pinned. */
  readonly unpinnable?: true | undefined;
}

/** A tool to write down: it is new, has changed, or is as it was first seen again. */
export interface PinUpdate {
  readonly name: string;
  readonly definition: string;
  /** Digest of the definition; with UNPINNABLE in front it equals no pin. */
  readonly hash: string;
}

/** A remembered definition, and the one that differs from it. Times in UTC milliseconds. */
export interface PinEntry {
  readonly server: string;
  readonly tool: string;
  /** `{}` when none could be pinned. */
  readonly definition: string;
  readonly seenAt: number;
  /** Undefined while the definition is the one that was first seen. */
  readonly changed:
    | {
        readonly definition: string;
        /** Digest of the whole definition, which may be too long to be kept. */
        readonly hash: string;
        readonly at: number;
        /** It cannot be trusted: it has keys that differ only in case, or its list had two definitions of the name. */
        readonly unpinnable: boolean;
      }
    | undefined;
}

/** Most tools pinned for a server, so that one that keeps listing new tools cannot fill the disk. */
const TOOLS_CAP = 10_000;
/** A longer definition cannot be shown: only its digest is kept; in characters. */
const DEFINITION_CAP = 65_536;
/** A longer name is kept by its beginning and its digest; in characters. */
const NAME_CAP = 512;
/** No digest begins with it. */
const UNPINNABLE = '!';

/**
 * What tools looked like when they were first seen. A tool that changes later may be another tool under a trusted name
 * (a "rug pull", as in CVE-2025-54136). A tool with a new name
 * is a new tool, which `default: "deny"` refuses.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Pins {
  readonly #db: Database;
  readonly #events: Events;
  readonly #find;
  readonly #whole;
  readonly #total;
  readonly #remember;
  readonly #note;
  readonly #accept;

  constructor(db: Database, events: Events) {
    this.#db = db;
    this.#events = events;
    this.#find = db.prepare('SELECT hash, changed_hash FROM pins WHERE server = ? AND tool = ?');
    this.#whole = db.prepare('SELECT * FROM pins WHERE server = ? AND tool = ?');
    this.#total = db.prepare('SELECT tools, is_full FROM pin_totals WHERE server = ?');
    this.#remember = db.prepare(
      'INSERT INTO pins (server, tool, hash, definition, seen_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#note = db.prepare(
      'UPDATE pins SET changed_hash = ?, changed_definition = ?, changed_at = ? WHERE server = ? AND tool = ?',
    );
    this.#accept = db.prepare(
      `UPDATE pins SET hash = changed_hash, definition = changed_definition, changed_hash = NULL,
         changed_definition = NULL, changed_at = NULL WHERE server = ? AND tool = ?`,
    );
  }

  /**
   * Compares the tools of one list with the pins; changes nothing, so that hashing holds no lock. Two definitions of one
   * name cannot be pinned: nobody knows which one a client uses.
   *
   * @returns the tools that `see` must write down
   */
  compare(server: string, tools: readonly SeenTool[]): PinUpdate[] {
    const byName = new Map<string, SeenTool[]>();
    for (const tool of tools) {
      const known = byName.get(tool.name);
      if (!known) byName.set(tool.name, [tool]);
      else if (known.every(({ definition }) => definition !== tool.definition)) known.push(tool);
      else if (tool.unpinnable) known.unshift(tool);
    }
    const updates: PinUpdate[] = [];
    for (const [fullName, seen] of byName) {
      const name = nameOf(fullName);
      const row = this.#find.get(server, name);
      const isUnpinnable = seen.length > 1 || seen.some(({ unpinnable }) => unpinnable);
      const digests = seen.map(({ definition }) => sha256(definition));
      const index = Math.max(
        0,
        digests.findLastIndex((hash) => hash !== row?.hash),
      );
      const hash = `${isUnpinnable ? UNPINNABLE : ''}${digests[index]}`;
      if (isNews(row, hash)) updates.push({ name, hash, definition: seen[index]?.definition ?? '{}' });
    }
    return updates;
  }

  /**
   * Pins new tools and records changed ones; a tool that is as it was first seen again is no longer changed.
   *
   * @param updates what `compare` has found, or a part of it
   * @returns the tools whose change was not known yet
   */
  see(server: string, updates: readonly PinUpdate[], now: number): PinEntry[] {
    const changed: PinEntry[] = [];
    const { tools: known = 0, is_full: wasFull = 0 } = (this.#total.get(server) ?? {}) as Row & {
      tools?: number;
      is_full?: number;
    };
    let tools = known;
    let isFull = wasFull === 1;
    for (const { name, hash, definition } of updates) {
      const row = this.#find.get(server, name);
      // Another wrapper may have written since it was compared.
      if (!isNews(row, hash)) continue;
      const text = shown(definition, hash);
      if (row?.hash === hash) {
        this.#note.run(null, null, null, server, name);
        continue;
      }
      if (!row) {
        if (tools >= TOOLS_CAP) {
          isFull = true;
          continue;
        }
        tools += 1;
        const isPinned = !hash.startsWith(UNPINNABLE);
        this.#remember.run(server, name, isPinned ? hash : '', isPinned ? text : '{}', now);
        if (isPinned) continue;
      }
      this.#note.run(hash, text, now, server, name);
      this.#events.write(now, 'wrapper', 'pin.changed', { server, tool: name });
      changed.push(toEntry(this.#whole.get(server, name) as Row));
    }
    if (tools !== known || isFull !== (wasFull === 1))
      this.#db
        .prepare('INSERT OR REPLACE INTO pin_totals (server, tools, is_full) VALUES (?, ?, ?)')
        .run(server, tools, isFull ? 1 : 0);
    return changed;
  }

  /** Whether a tool is not what was first seen; true as well for one that could not be pinned because of TOOLS_CAP. */
  isChanged(server: string, tool: string): boolean {
    const row = this.#find.get(server, nameOf(tool));
    return row ? row.changed_hash !== null : this.#total.get(server)?.is_full === 1;
  }

  /** @returns the pins of one server or of all, by server and name */
  list(server?: string): PinEntry[] {
    const rows =
      server === undefined
        ? this.#db.prepare('SELECT * FROM pins ORDER BY server, tool').all()
        : this.#db.prepare('SELECT * FROM pins WHERE server = ? ORDER BY tool').all(server);
    return rows.map(toEntry);
  }

  /** @returns the changed ones, of one server or of all, by server and name, at most `limit` */
  changed(server?: string, limit = -1): PinEntry[] {
    const where = 'WHERE changed_hash IS NOT NULL';
    const rows =
      server === undefined
        ? this.#db.prepare(`SELECT * FROM pins ${where} ORDER BY server, tool LIMIT ?`).all(limit)
        : this.#db
            .prepare(`SELECT * FROM pins ${where} AND server = ? ORDER BY tool LIMIT ?`)
            .all(server, limit);
    return rows.map(toEntry);
  }

  /**
   * Takes the changed definitions that a person was shown for the right ones: all of them, or none. What cannot be
   * pinned is passed over.
   *
   * @returns what is trusted now; undefined when any of them has changed again since it was read
   */
  trust(shown: readonly PinEntry[], who: string, now: number): PinEntry[] | undefined {
    const accepted = shown.filter(({ changed }) => changed?.unpinnable === false);
    const isAsShown = ({ server, tool, changed }: PinEntry) =>
      this.#find.get(server, tool)?.changed_hash === changed?.hash;
    if (!accepted.every(isAsShown)) return undefined;
    for (const { server, tool } of accepted) {
      this.#accept.run(server, tool);
      this.#events.write(now, who, 'pin.trusted', { server, tool });
    }
    return accepted;
  }
}

function isNews(row: Row | undefined, hash: string): boolean {
  if (!row) return true;
  return row.hash === hash ? row.changed_hash !== null : row.changed_hash !== hash;
}

function nameOf(name: string): string {
  return name.length > NAME_CAP ? `${name.slice(0, 100)}…#${sha256(name)}` : name;
}

function shown(definition: string, hash: string): string {
  if (definition.length <= DEFINITION_CAP) return definition;
  return JSON.stringify({ tooLong: `${definition.length} characters, sha-256 ${hash.slice(-64)}` });
}

function toEntry(row: Row): PinEntry {
  const changed = row.changed_definition as string | null;
  return {
    server: row.server as string,
    tool: row.tool as string,
    definition: row.definition as string,
    seenAt: row.seen_at as number,
    changed:
      changed === null
        ? undefined
        : {
            definition: changed,
            hash: String(row.changed_hash),
            at: row.changed_at as number,
            unpinnable: String(row.changed_hash).startsWith(UNPINNABLE),
          },
  };
}
