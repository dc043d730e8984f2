import type { PinKind } from './pin-entry.js';
import type { Database } from './sqlite/driver.js';

/** Most of a kind pinned for a server, so that one that keeps listing new ones cannot fill the disk. */
const CAP = 10_000;
/** What a server lists within this time of the first is its first list, whole or not; in milliseconds. */
const FIRST_LIST_MS = 60_000;

/** How far a server is known, of one kind of what it lists. Times in UTC milliseconds. */
export interface PinTotal {
  readonly pinned: number;
  /** It had more than may be pinned. */
  readonly isFull: boolean;
  /** When its first list began, and when that was over. */
  readonly openedAt: number | undefined;
  readonly knownAt: number | null;
}

/** @returns whether the first list is over: what a server lists now for the first time has come late */
export function isClosed({ openedAt, knownAt }: PinTotal, now: number): boolean {
  return knownAt !== null || (openedAt !== undefined && now - openedAt > FIRST_LIST_MS);
}

export const hasRoom = ({ pinned }: PinTotal): boolean => pinned < CAP;

/** How much of each server is pinned, and since when it counts as known. */
export class PinTotals {
  readonly #read;
  readonly #write;

  constructor(db: Database) {
    this.#read = db.prepare('SELECT * FROM pin_totals WHERE server = ? AND kind = ?');
    this.#write = db.prepare('INSERT OR REPLACE INTO pin_totals VALUES (?, ?, ?, ?, ?, ?)');
  }

  of(server: string, kind: PinKind): PinTotal {
    const row = this.#read.get(server, kind);
    return {
      pinned: (row?.tools as number | undefined) ?? 0,
      isFull: row?.is_full === 1,
      openedAt: row?.opened_at as number | undefined,
      knownAt: (row?.known_at as number | null | undefined) ?? null,
    };
  }

  /**
   * Writes down what has become of `before`.
   *
   * @param isEnded a whole list of the kind ends with it
   */
  note(
    server: string,
    kind: PinKind,
    before: PinTotal,
    after: PinTotal,
    isEnded: boolean,
    now: number,
  ): void {
    // A server may list its tools once somebody has logged in: without any, its first list is still to come.
    const isKnown = isEnded && (after.pinned > 0 || kind !== 'tool');
    const knownAt = before.knownAt ?? (isKnown ? now : null);
    if (after.pinned === before.pinned && after.isFull === before.isFull && knownAt === before.knownAt)
      return;
    this.#write.run(server, kind, after.pinned, after.isFull ? 1 : 0, before.openedAt ?? now, knownAt);
  }
}
