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
  /** It is one of those for which the last third of them is kept. */
  readonly isFirstClass?: boolean | undefined;
}

const HOUR = 3_600_000;
/** What is older is forgotten, in milliseconds: no window is longer than a month. */
const KEPT = 32 * 24 * HOUR;
const ENOUGH = 'enough';
const ENOUGH_OF_ALL = 'enough of all';

/** What people were told, so that one of several wrappers tells it. All methods run inside the caller's transaction. */
export class Notices {
  readonly #find;
  readonly #write;
  readonly #lately;
  readonly #forget;

  constructor(db: Database) {
    this.#find = db.prepare('SELECT at FROM notices WHERE key = ?');
    this.#write = db.prepare('INSERT OR REPLACE INTO notices (key, at) VALUES (?, ?)');
    // A clock that was set back leaves rows of the future: those of the next hour count too, and no others.
    this.#lately = db.prepare(
      'SELECT count(*) AS n FROM notices WHERE at > ? AND at < ? AND key NOT IN (?, ?)',
    );
    this.#forget = db.prepare('DELETE FROM notices WHERE at < ?');
  }

  /** @param now UTC milliseconds */
  claim(key: string, { againAfterMs, perHour, isFirstClass = false }: ClaimTerms, now: number): Claim {
    const before = this.#find.get(key)?.at as number | undefined;
    if (before !== undefined && (againAfterMs === undefined || Math.abs(now - before) < againAfterMs))
      return { kind: 'known' };
    this.#forget.run(now - KEPT);
    const lately = Number(this.#lately.get(now - HOUR, now + HOUR, ENOUGH, ENOUGH_OF_ALL)?.n);
    // Whoever makes calls that are refused must not keep from people what waits for them.
    if (lately >= (isFirstClass ? perHour : Math.ceil((perHour * 2) / 3))) {
      const enough = isFirstClass ? ENOUGH_OF_ALL : ENOUGH;
      const said = this.#find.get(enough)?.at as number | undefined;
      const isFirst = said === undefined || Math.abs(now - said) >= HOUR;
      if (isFirst) this.#write.run(enough, now);
      return { kind: 'too_many', isFirst };
    }
    this.#write.run(key, now);
    return { kind: 'mine' };
  }
}
