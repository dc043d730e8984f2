import { sha256 } from '../text/hash.js';
import type { Events } from './events.js';
import {
  isTooLong,
  keptDefinition,
  keptName,
  type PinEntry,
  type PinKind,
  type PinObserver,
  type PinUpdate,
  type SeenTool,
  type Standing,
  toEntry,
  UNPINNABLE,
} from './pin-entry.js';
import { hasRoom, isClosed, PinTotals } from './pin-totals.js';
import { isLive } from './sessions.js';
import type { Database, Row } from './sqlite/driver.js';

/** What a call must find of its tool: by what the session was shown, and by what it may go by. */
export interface PinTerms {
  /** Digest of what this session's server has listed last; undefined where it has not listed the tool. */
  readonly face: string | undefined;
  /** A tool that came late is refused until somebody trusts it. */
  readonly refusesNew: boolean;
  /** Where the tool differs from `trusted` (its digest): why this call may not go on, and undefined where it may. */
  readonly held?:
    | { readonly trusted: string; readonly face: string; readonly fault: string | undefined }
    | undefined;
}

/**
 * What tools, prompts, resources and instructions looked like when they were first seen. One that changes later may be
 * another under a trusted name (a "rug pull", as in CVE-2025-54136). The first list of a server is trusted as it is
 * seen; what comes later is new. Every session's server may show another face: what a session is shown is compared with
 * what is trusted, and a mark is taken back by who made it, or when that session is over.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Pins {
  readonly #db: Database;
  readonly #events: Events;
  readonly #find;
  readonly #whole;
  readonly #totals;
  readonly #remember;
  readonly #note;
  readonly #accept;
  readonly #session;

  constructor(db: Database, events: Events) {
    this.#db = db;
    this.#events = events;
    const where = 'WHERE server = ? AND kind = ? AND tool = ?';
    this.#find = db.prepare(`SELECT hash, late, changed_hash, changed_by FROM pins ${where}`);
    this.#whole = db.prepare(`SELECT * FROM pins ${where}`);
    this.#totals = new PinTotals(db);
    this.#remember = db.prepare(
      'INSERT INTO pins (server, kind, tool, hash, definition, seen_at, late) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#note = db.prepare(
      `UPDATE pins SET changed_hash = ?, changed_definition = ?, changed_at = ?, changed_by = ? ${where}`,
    );
    this.#accept = db.prepare(
      `UPDATE pins SET hash = coalesce(changed_hash, hash), definition = coalesce(changed_definition, definition),
         late = 0, changed_hash = NULL, changed_definition = NULL, changed_at = NULL, changed_by = NULL ${where}`,
    );
    this.#session = db.prepare('SELECT * FROM sessions WHERE uid = ?');
  }

  /**
   * Compares the tools of one list with the pins; changes nothing, so that hashing holds no lock. Two definitions of one
   * name cannot be pinned: nobody knows which one a client uses.
   *
   * @param by the session that lists them
   * @returns what `see` must write down
   */
  compare(server: string, tools: readonly SeenTool[], by?: string, now = 0): PinUpdate[] {
    const byName = new Map<string, SeenTool[]>();
    for (const tool of tools) {
      const key = `${tool.kind ?? 'tool'} ${tool.name}`;
      const known = byName.get(key);
      if (!known) byName.set(key, [tool]);
      else if (known.every(({ definition }) => definition !== tool.definition)) known.push(tool);
      else if (tool.unpinnable) known.unshift(tool);
    }
    const updates: PinUpdate[] = [];
    for (const seen of byName.values()) {
      const kind = seen[0]?.kind ?? 'tool';
      const name = keptName(seen[0]?.name ?? '');
      const row = this.#find.get(server, kind, name);
      const isUnpinnable = seen.length > 1 || seen.some(({ unpinnable }) => unpinnable);
      const digests = seen.map(({ definition }) => sha256(definition));
      const index = Math.max(
        0,
        digests.findLastIndex((hash) => hash !== row?.hash),
      );
      const hash = `${isUnpinnable ? UNPINNABLE : ''}${digests[index]}`;
      const shown = seen[index];
      const text = shown?.text ?? shown?.definition ?? '{}';
      if (this.#isNews(row, hash, by, now)) updates.push({ kind, name, hash, text });
    }
    return updates;
  }

  /**
   * Pins what is new and records what has changed; what is as it was first seen again is no longer changed.
   *
   * @param updates what `compare` has found, or a part of it
   * @returns those whose change, or whose late coming, was not known yet
   */
  see(server: string, updates: readonly PinUpdate[], now: number, observer?: PinObserver): PinEntry[] {
    const kinds = new Set([...updates.map(({ kind }) => kind), ...(observer?.ended ?? [])]);
    return [...kinds].flatMap((kind) =>
      this.#seeKind(
        server,
        kind,
        updates.filter((update) => update.kind === kind),
        now,
        observer,
      ),
    );
  }

  #seeKind(
    server: string,
    kind: PinKind,
    updates: readonly PinUpdate[],
    now: number,
    observer: PinObserver | undefined,
  ): PinEntry[] {
    const news: PinEntry[] = [];
    const before = this.#totals.of(server, kind);
    const isLate = isClosed(before, now);
    let total = before;
    for (const { name, hash, text } of updates) {
      const row = this.#find.get(server, kind, name);
      // Another wrapper may have written since it was compared.
      if (!this.#isNews(row, hash, observer?.by, now)) continue;
      const kept = keptDefinition(text, hash);
      const by = observer?.by ?? null;
      if (row?.hash === hash) {
        this.#note.run(null, null, null, null, server, kind, name);
        continue;
      }
      const isKnownChange = row?.changed_hash === hash;
      if (!row) {
        if (!hasRoom(total)) {
          total = { ...total, isFull: true };
          continue;
        }
        total = { ...total, pinned: total.pinned + 1 };
        const isPinned = !hash.startsWith(UNPINNABLE);
        this.#remember.run(
          ...[server, kind, name, isPinned ? hash : '', isPinned ? kept : '{}', now, isLate ? 1 : 0],
        );
        if (isPinned && !isLate) continue;
        if (isPinned) {
          this.#events.write(now, 'wrapper', 'pin.new', { server, kind, tool: name });
          news.push(toEntry(this.#whole.get(server, kind, name) as Row));
          continue;
        }
      }
      this.#note.run(hash, kept, now, by, server, kind, name);
      if (isKnownChange) continue;
      this.#events.write(now, 'wrapper', 'pin.changed', { server, kind, tool: name });
      news.push(toEntry(this.#whole.get(server, kind, name) as Row));
    }
    this.#totals.note(server, kind, before, total, observer?.ended.has(kind) ?? false, now);
    return news;
  }

  /**
   * How a listed definition stands to what is trusted.
   *
   * @param hash its digest
   */
  standing(server: string, kind: PinKind, name: string, hash: string, now: number): Standing {
    const row = this.#find.get(server, kind, keptName(name));
    if (!row) {
      const total = this.#totals.of(server, kind);
      return {
        kind: total.isFull ? 'changed' : 'same',
        trusted: undefined,
        hash: '',
        isLate: isClosed(total, now),
        isUnseen: true,
      };
    }
    const isLate = row.late === 1;
    if (row.hash === hash) return { kind: 'same', trusted: undefined, hash, isLate, isUnseen: false };
    const kept = this.#whole.get(server, kind, keptName(name))?.definition as string;
    const trusted = row.hash === '' || isTooLong(kept) ? undefined : kept;
    return { kind: 'changed', trusted, hash: String(row.hash), isLate, isUnseen: false };
  }

  /** @returns a pin; undefined where there is none */
  get(server: string, kind: PinKind, name: string): (PinEntry & { readonly hash: string }) | undefined {
    const row = this.#whole.get(server, kind, keptName(name));
    return row && { ...toEntry(row), hash: String(row.hash) };
  }

  /**
   * @returns why a call of the tool is refused: it is not what is trusted, or it is new; undefined where it may pass.
   *   A tool that found no room to be pinned counts as changed
   */
  fault(server: string, tool: string, terms: PinTerms, now: number): 'changed' | 'new' | undefined {
    const row = this.#find.get(server, 'tool', keptName(tool));
    if (!row) {
      const total = this.#totals.of(server, 'tool');
      if (total.isFull) return 'changed';
      return terms.refusesNew && isClosed(total, now) ? 'new' : undefined;
    }
    if (terms.refusesNew && row.late === 1) return 'new';
    const face = terms.face ?? row.changed_hash;
    if (face === null || face === row.hash) return undefined;
    const { held } = terms;
    const isHeld = held && held.trusted === row.hash && held.face === face && row.hash !== '';
    return isHeld && held.fault === undefined ? undefined : 'changed';
  }

  /** @returns the pins of one server or of all, by server, kind and name */
  list(server?: string): PinEntry[] {
    return this.#select('TRUE', server);
  }

  /** @returns names of tools that other servers have and this one has not, at most `limit` */
  toolsOfOthers(server: string, limit: number): Set<string> {
    const rows = this.#db
      .prepare(
        `SELECT DISTINCT tool FROM pins WHERE kind = 'tool' AND server <> ? AND tool NOT IN
           (SELECT tool FROM pins WHERE kind = 'tool' AND server = ?) LIMIT ?`,
      )
      .all(server, server, limit);
    return new Set(rows.map(({ tool }) => String(tool)));
  }

  /** @returns the changed ones, of one server or of all, by server, kind and name */
  changed(server?: string): PinEntry[] {
    return this.#select('changed_hash IS NOT NULL', server);
  }

  /** @returns the changed ones and those that came late, which is what a person may trust */
  open(server?: string): PinEntry[] {
    return this.#select('(changed_hash IS NOT NULL OR late = 1)', server);
  }

  #select(where: string, server: string | undefined): PinEntry[] {
    const rows =
      server === undefined
        ? this.#db.prepare(`SELECT * FROM pins WHERE ${where} ORDER BY server, kind, tool`).all()
        : this.#db
            .prepare(`SELECT * FROM pins WHERE ${where} AND server = ? ORDER BY kind, tool`)
            .all(server);
    return rows.map(toEntry);
  }

  /**
   * Takes the definitions that a person was shown for the right ones: all of them, or none. What cannot be pinned is
   * passed over.
   *
   * @returns what is trusted now; undefined when any of them has changed again since it was read
   */
  trust(shown: readonly PinEntry[], who: string, now: number): PinEntry[] | undefined {
    const accepted = shown.filter(({ changed, late }) => (changed ? !changed.unpinnable : late));
    const isAsShown = ({ server, kind, tool, changed, late }: PinEntry) => {
      const row = this.#find.get(server, kind, tool);
      return (
        row &&
        row.changed_hash === (changed?.hash ?? null) &&
        (changed !== undefined || row.late === (late ? 1 : 0))
      );
    };
    if (!accepted.every(isAsShown)) return undefined;
    for (const { server, kind, tool } of accepted) {
      this.#accept.run(server, kind, tool);
      this.#events.write(now, who, 'pin.trusted', { server, kind, tool });
    }
    return accepted;
  }

  #isNews(row: Row | undefined, hash: string, by: string | undefined, now: number): boolean {
    if (!row) return true;
    const isMarked = row.changed_hash !== null;
    if (row.hash === hash) return isMarked && !this.#isHeldByOther(row, by, now);
    if (row.changed_hash !== hash) return true;
    // A mark whose session is over gets a new owner, so that another face cannot take it back.
    return by !== undefined && row.changed_by !== by && !this.#isHeldByOther(row, by, now);
  }

  /** Closes the bypass by which a server shows its old face to one session to clear what another was shown. */
  #isHeldByOther(row: Row, by: string | undefined, now: number): boolean {
    const owner = row.changed_by;
    if (typeof owner !== 'string' || owner === by) return false;
    const session = this.#session.get(owner);
    return session !== undefined && isLive(session, now);
  }
}
