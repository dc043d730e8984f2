import type { Database } from './sqlite/driver.js';

/** Whether a wrapper is to tell something that all of them may have seen. */
export type Claim =
  | { readonly kind: 'mine' }
  /** Another wrapper, or an earlier run, has told it. */
  | { readonly kind: 'known' }
  /** As much was told within an hour as the person wants. `isFirst`: nobody has said so in this hour. */
  | { readonly kind: 'too_many'; readonly isFirst: boolean };

export interface ClaimTerms {
  /** It may be told again after this time, in milliseconds; never where it is undefined. */
  readonly againAfterMs: number | undefined;
  /** Most messages in an hour. */
  readonly perHour: number;
}

const HOUR = 3_600_000;
/** What is older is forgotten, in milliseconds: no window is longer than a month. */
const KEPT = 32 * 24 * HOUR;
const ENOUGH = 'enough';

/** What people were told, so that one of several wrappers tells it. All methods run inside the caller's transaction. */
export class Notices {
  readonly #find;
  readonly #write;
  readonly #lately;
  readonly #forget;

  constructor(db: Database) {
    this.#find = db.prepare('SELECT at FROM notices WHERE key = ?');
    this.#write = db.prepare('INSERT OR REPLACE INTO notices (key, at) VALUES (?, ?)');
    // A clock that was set back leaves rows of the future: they count too.
    this.#lately = db.prepare('SELECT count(*) AS n FROM notices WHERE at > ? AND key <> ?');
    this.#forget = db.prepare('DELETE FROM notices WHERE at < ?');
  }

  /** @param now UTC milliseconds */
  claim(key: string, { againAfterMs, perHour }: ClaimTerms, now: number): Claim {
    const before = this.#find.get(key)?.at as number | undefined;
    if (before !== undefined && (againAfterMs === undefined || Math.abs(now - before) < againAfterMs))
      return { kind: 'known' };
    this.#forget.run(now - KEPT);
    if (Number(this.#lately.get(now - HOUR, ENOUGH)?.n) >= perHour) {
      const said = this.#find.get(ENOUGH)?.at as number | undefined;
      const isFirst = said === undefined || Math.abs(now - said) >= HOUR;
      if (isFirst) this.#write.run(ENOUGH, now);
      return { kind: 'too_many', isFirst };
    }
    this.#write.run(key, now);
    return { kind: 'mine' };
  }
}
