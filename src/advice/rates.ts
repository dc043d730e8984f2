import { Decimal } from '../json/decimal.js';

/** The windows that a rate is measured in, shortest first. */
export const WINDOWS = ['second', 'minute', 'hour', 'day'] as const;
export type WindowWord = (typeof WINDOWS)[number];
export const WINDOW_MS: Readonly<Record<WindowWord, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** How many calls stood in a window that ended with a call, itself included. */
export interface Rate {
  readonly peak: number;
  /** At most this many for 99 of 100 calls. */
  readonly p99: number;
}

/** Instants that are dropped at once; below it, an array is not worth moving. */
const SLACK = 1024;

interface Owner {
  /** When the calls were made that some window may still hold, in UTC milliseconds. */
  times: number[];
  /** The index in `times` at which each window begins. */
  heads: number[];
}

/**
 * Counts calls as sliding counters do: a call at t counts for now < t + window, and the clock never runs backwards.
 * So a limit of `peak` would have let every call pass, and one less would not. Remembers the calls of a day.
 */
export class Rates {
  readonly #owners = new Map<string, Owner>();
  /** The number of calls by how many stood in it, by window. */
  readonly #seen = WINDOWS.map(() => new Map<number, number>());
  /** The fewest calls that stood in each window when a limit refused another. */
  #fewest: readonly number[] = WINDOWS.map(() => Number.POSITIVE_INFINITY);
  #refused = 0;

  /**
   * A call that passed.
   *
   * @param owner whose counters it is charged to
   * @param at UTC milliseconds, in the order of the log
   */
  add(owner: string, at: number): void {
    const { times, heads } = this.#ownerAt(owner, at);
    times.push(Math.max(at, times.at(-1) ?? at));
    heads.forEach((head, i) => {
      const count = times.length - head;
      this.#seen[i]?.set(count, (this.#seen[i]?.get(count) ?? 0) + 1);
    });
  }

  /** A call that a limit refused. */
  refuse(owner: string, at: number): void {
    const { times, heads } = this.#ownerAt(owner, at);
    this.#fewest = heads.map((head, i) =>
      Math.min(this.#fewest[i] ?? Number.POSITIVE_INFINITY, times.length - head),
    );
    this.#refused += 1;
  }

  /** @returns whether a limit of this window's `peak` would have refused all that were refused, and no other call */
  explains(window: WindowWord): boolean {
    return this.#refused > 0 && (this.#fewest[WINDOWS.indexOf(window)] ?? 0) >= this.of(window).peak;
  }

  #ownerAt(name: string, at: number): Owner {
    let owner = this.#owners.get(name);
    if (!owner) {
      owner = { times: [], heads: WINDOWS.map(() => 0) };
      this.#owners.set(name, owner);
    }
    const { times } = owner;
    const now = Math.max(at, times.at(-1) ?? at);
    owner.heads = owner.heads.map((start, i) => {
      const cutoff = now - WINDOW_MS[WINDOWS[i] ?? 'day'];
      let head = start;
      while ((times[head] ?? Number.POSITIVE_INFINITY) <= cutoff) head += 1;
      return head;
    });
    const oldest = Math.min(...owner.heads);
    if (oldest > SLACK && oldest > times.length / 2) {
      times.splice(0, oldest);
      owner.heads = owner.heads.map((head) => head - oldest);
    }
    return owner;
  }

  of(window: WindowWord): Rate {
    const seen = [...(this.#seen[WINDOWS.indexOf(window)] ?? [])].sort(([a], [b]) => a - b);
    const calls = seen.reduce((sum, [, times]) => sum + times, 0);
    let below = 0;
    const p99 = seen.find(([, times]) => {
      below += times;
      return below * 100 >= calls * 99;
    });
    return { peak: seen.at(-1)?.[0] ?? 0, p99: p99?.[0] ?? 0 };
  }
}

/** The largest sum of amounts in any day, counted as `Rates` does, and the largest single amount. */
export class Sums {
  readonly #owners = new Map<
    string,
    { day: { at: number; amount: Decimal }[]; head: number; sum: Decimal }
  >();
  largest = Decimal.zero;
  peak = Decimal.zero;

  /** @param largest of the single amounts that make up this call's */
  add(owner: string, at: number, amount: Decimal, largest: Decimal): void {
    let charged = this.#owners.get(owner);
    if (!charged) {
      charged = { day: [], head: 0, sum: Decimal.zero };
      this.#owners.set(owner, charged);
    }
    const { day } = charged;
    const now = Math.max(at, day.at(-1)?.at ?? at);
    day.push({ at: now, amount });
    charged.sum = charged.sum.plus(amount);
    for (let old = day[charged.head]; old && old.at <= now - WINDOW_MS.day; old = day[charged.head]) {
      charged.sum = charged.sum.minus(old.amount);
      charged.head += 1;
    }
    if (charged.head > SLACK && charged.head > day.length / 2) {
      day.splice(0, charged.head);
      charged.head = 0;
    }
    if (charged.sum.compare(this.peak) > 0) this.peak = charged.sum;
    if (largest.compare(this.largest) > 0) this.largest = largest;
  }
}

/** First digits of numbers as people choose them; below ten, whole ones. */
const DIGITS = ['1', '1.2', '1.5', '2', '2.5', '3', '4', '5', '6', '8', '10'];

/** @returns the least number of few digits that is not less: 7 for 7, 15 for 13, 250 for 201 */
export function roundUp(value: Decimal): Decimal {
  if (value.sign <= 0) return Decimal.zero;
  const power = value.wholeDigits - 1;
  for (const digits of DIGITS) {
    const candidate = Decimal.from(`${digits}e${power}`);
    if (candidate.compare(value) >= 0) return candidate;
  }
  return value;
}

/** @returns a whole number of at least 1 */
export function roundUpCount(value: number): number {
  const whole = Math.max(1, Math.ceil(value));
  return whole < 10 ? whole : roundUp(Decimal.from(whole)).toNumber();
}
