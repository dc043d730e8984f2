import type { Limit } from '../../policy/model.js';
import type { Row } from '../sqlite/driver.js';
import type { Cache, StateFile } from '../sqlite/file.js';
import type { Owner } from './counter-key.js';

/**
 * Until when removed charges would have counted. Expired charges are removed; should the clock be set back afterwards,
 * they would count again, but nobody knows what they were. Until then nothing may be charged to their limit (G4). While
 * the clock goes forward none of this matters.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Forgotten implements Cache {
  readonly #latest;
  readonly #find;
  readonly #note;
  /** The latest of all; undefined until it is read, null when there is none. */
  #until: number | null | undefined;

  constructor(file: StateFile) {
    const { db } = file;
    file.register(this);
    this.#latest = db.prepare('SELECT max(until) AS until FROM forgotten');
    this.#find = db.prepare('SELECT until FROM forgotten WHERE key = ?');
    this.#note = db.prepare(
      `INSERT INTO forgotten (key, until) VALUES (?, ?)
       ON CONFLICT (key) DO UPDATE SET until = max(until, excluded.until)`,
    );
  }

  /** @returns UTC milliseconds after `now`; undefined when no removed charge of the limit would still count */
  until(owner: Owner, limit: Limit, now: number): number | undefined {
    if (this.#until === undefined) this.#until = (this.#latest.get() as Row).until as number | null;
    if (this.#until === null || this.#until <= now) return undefined;
    const until = this.#find.get(limitKeyOf(owner, limit))?.until as number | undefined;
    return until !== undefined && until > now ? until : undefined;
  }

  /** @param until UTC milliseconds from which none of the removed charges would count */
  note(key: string, until: number): void {
    this.#note.run(key, until);
    this.outdated();
  }

  outdated(): void {
    this.#until = undefined;
  }
}

/** The text that names one limit without its split: one row for a limit, not one for each value. */
export function limitKeyOf(owner: Owner, { scope, counter, windowMs, align }: Limit): string {
  const isMachine = scope === 'machine' || scope === 'team';
  const window = align.kind === 'sliding' ? windowMs : `${align.unit} ${align.timezone}`;
  return key(
    scope,
    isMachine ? null : owner.server,
    isMachine ? null : owner.grant,
    counter,
    window,
    owner.observe,
  );
}

/** The same for a row of `counters`. */
export function limitKeyOfRow(row: Row): string {
  const { scope, server, grant_name: grant, name, unit, timezone, window_ms: windowMs, observe } = row;
  const window = unit === null ? (windowMs as number) : `${unit} ${timezone}`;
  return key(scope, server, grant, name, window, observe === 1);
}

function key(
  scope: unknown,
  server: unknown,
  grant: unknown,
  name: unknown,
  window: number | string,
  observe: boolean,
): string {
  return JSON.stringify([scope, server, grant, name, window, observe ? 1 : 0]);
}
