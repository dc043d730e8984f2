import fc from 'fast-check';
import { expect } from 'vitest';
import type { Charge } from '../../src/policy/call.js';
import type { Limit } from '../../src/policy/model.js';
import type { Admitted, CounterEntry, Outcome } from '../../src/store/store.js';
import { charge, limit } from './support-shapes.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Buenos Aires has kept UTC-3 since 2009. */
const SOUTH = -3 * 3_600_000;

/** The limits that calls draw from. Two share a counter, one pair differs in its window alone. */
const LIMITS = [
  limit({ counter: 'a', max: 5 }),
  limit({ counter: 'a', max: 3, refund: 'on_error' }),
  limit({ counter: 'a', max: 7, windowMs: 3 * MINUTE }),
  limit({ counter: 'b', max: '2.5', refund: 'on_success', windowMs: 40_000 }),
  limit({ counter: 'c', max: 4, align: { kind: 'calendar', unit: 'minute', timezone: 'UTC' } }),
  limit({
    counter: 'd',
    max: 9,
    windowMs: DAY,
    refund: 'on_error',
    align: { kind: 'calendar', unit: 'day', timezone: 'America/Argentina/Buenos_Aires' },
  }),
];
/** Tenths, so that the model adds them as integers. */
const AMOUNTS = ['0', '0.1', '1', '1.4', '2.5', '3', '40'] as const;
const tenths = (amount: { toString(): string }): number => Math.round(Number(String(amount)) * 10);
const key = ({ counter, align, windowMs }: Limit): string => `${counter} ${align.kind} ${windowMs}`;

interface Noted {
  at: number;
  amount: number;
  refund: Limit['refund'];
  /** Not answered yet. */
  isOpen: boolean;
}

/** Counters as one would write them without caring for speed: all charges for ever, summed at every look. */
class Naive {
  readonly #refusalsMoveClocks: boolean;
  readonly #charges = new Map<string, Noted[]>();
  readonly #clocks = new Map<string, number>();
  /** What was dropped by a refused call must not be missed by a clock that is set back: until then nothing is known. */
  readonly #unknown = new Map<string, number>();
  /** Where refused calls may move clocks: they do so where they remove something, which this model does not know. */
  readonly #refusedAt = new Map<string, number>();

  constructor(refusalsMoveClocks: boolean) {
    this.#refusalsMoveClocks = refusalsMoveClocks;
  }

  /**
   * @returns what the call charges, or the instant at which it would fit, which is Infinity for never, and where it
   * depends on calls that are open
   */
  call(charges: readonly Charge[], now: number): Noted[] | number {
    const total = new Map<string, number>();
    let fitsAt = now;
    for (const { limit, amount } of charges) {
      const name = key(limit);
      total.set(name, (total.get(name) ?? 0) + tenths(amount));
      fitsAt = Math.max(fitsAt, this.#fitsAt(limit, total.get(name) as number, now));
    }
    for (const { limit } of charges) {
      const at = this.#now(limit, now);
      const ends = this.#of(limit).map((charge) => this.#endOf(limit, charge.at));
      if (fitsAt <= now || this.#refusalsMoveClocks)
        this.#clocks.set(key(limit), Math.max(this.#clocks.get(key(limit)) ?? at, at));
      else {
        const dropped = ends.filter((end) => end <= at);
        this.#unknown.set(key(limit), Math.max(this.#unknown.get(key(limit)) ?? 0, ...dropped));
      }
      this.#charges.set(
        key(limit),
        this.#of(limit).filter((charge) => this.#isLive(limit, charge, at)),
      );
    }
    if (fitsAt > now) {
      for (const { limit } of charges) this.#refusedAt.set(key(limit), this.#now(limit, now));
      return fitsAt;
    }
    return charges.map(({ limit, amount }) => {
      const noted = { at: this.#now(limit, now), amount: tenths(amount), refund: limit.refund, isOpen: true };
      if (noted.amount > 0) this.#of(limit).push(noted);
      return noted;
    });
  }

  /** Whether the clock was set back to before a refused call, which may have moved that of the counter, or not. */
  isOpen(limit: Limit, now: number): boolean {
    return this.#refusalsMoveClocks && now < (this.#refusedAt.get(key(limit)) ?? now);
  }

  giveBack(noted: readonly Noted[]): void {
    for (const charges of this.#charges.values())
      for (const one of noted) if (charges.includes(one)) charges.splice(charges.indexOf(one), 1);
  }

  used(limit: Limit, now: number): number {
    const at = this.#now(limit, now);
    return sum(this.#of(limit).filter((charge) => this.#isLive(limit, charge, at)));
  }

  #fitsAt(limit: Limit, amount: number, now: number): number {
    const late = this.#fitsBeside(this.#of(limit), limit, amount, now);
    if (limit.refund !== 'on_success' || late === now) return late;
    const failed = this.#of(limit).filter(({ isOpen }) => !isOpen);
    return this.#fitsBeside(failed, limit, amount, now) === late ? late : Number.POSITIVE_INFINITY;
  }

  #fitsBeside(charges: readonly Noted[], limit: Limit, amount: number, now: number): number {
    const max = tenths(limit.max);
    if (amount > max) return Number.POSITIVE_INFINITY;
    const at = this.#now(limit, now);
    const from = Math.max(at, this.#unknown.get(key(limit)) ?? at);
    const instants = [from, ...charges.map((charge) => this.#endOf(limit, charge.at))];
    const fits = instants
      .filter((instant) => instant >= from)
      .sort((a, b) => a - b)
      .find(
        (instant) => sum(charges.filter((charge) => this.#isLive(limit, charge, instant))) + amount <= max,
      ) as number;
    return fits === at ? now : fits;
  }

  #isLive(limit: Limit, charge: Noted, at: number): boolean {
    return at < this.#endOf(limit, charge.at);
  }

  #endOf({ align, windowMs }: Limit, at: number): number {
    if (align.kind === 'sliding') return at + windowMs;
    const [length, offset] = align.unit === 'minute' ? [MINUTE, 0] : [DAY, SOUTH];
    return (Math.floor((at + offset) / length) + 1) * length - offset;
  }

  #now(limit: Limit, now: number): number {
    return Math.max(now, this.#clocks.get(key(limit)) ?? now);
  }

  #of(limit: Limit): Noted[] {
    const charges = this.#charges.get(key(limit)) ?? [];
    this.#charges.set(key(limit), charges);
    return charges;
  }
}

function sum(charges: readonly Noted[]): number {
  return charges.reduce((total, { amount }) => total + amount, 0);
}

export type Step =
  | { kind: 'call'; charges: [number, number][] }
  | { kind: 'wait'; ms: number }
  | { kind: 'settle'; which: number; outcome: Outcome };

const calls: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('call' as const),
  charges: fc.array(fc.tuple(fc.nat({ max: LIMITS.length - 1 }), fc.nat({ max: AMOUNTS.length - 1 })), {
    minLength: 1,
    maxLength: 3,
  }),
});
const waits = (back: number): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant('wait' as const),
    ms: fc.oneof(
      fc.integer({ min: -back, max: 30_000 }),
      fc.constantFrom(1, 40_000, MINUTE, 3 * MINUTE, DAY, ...(back ? [-MINUTE, -1] : [])),
    ),
  });
const settles: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('settle' as const),
  which: fc.nat({ max: 20 }),
  outcome: fc.constantFrom<Outcome[]>('ok', 'error', 'tool_error', 'not_sent', 'cancelled', 'unanswered'),
});
export const steps = (back: number) =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: calls },
      { weight: 3, arbitrary: waits(back) },
      { weight: 2, arbitrary: settles },
    ),
    { minLength: 10, maxLength: 60 },
  );

function refunded(outcome: Outcome, refund: Limit['refund']): boolean {
  if (outcome === 'not_sent') return true;
  if (outcome === 'ok') return refund === 'on_success';
  return refund === 'on_error' && (outcome === 'error' || outcome === 'tool_error');
}

/** A store on which a test says what time it is: that of this machine, or that of a team. */
export interface Subject {
  readonly at: number;
  moveTo(at: number): Promise<void> | void;
  /** Whether a call would pass; nothing is charged. */
  peek(charges: readonly Charge[]): Promise<boolean> | boolean;
  admit(charges: readonly Charge[]): Promise<Admitted> | Admitted;
  settle(row: number, outcome: Outcome): Promise<void> | void;
  counters(): Promise<CounterEntry[]> | CounterEntry[];
}

/**
 * Plays a program on a store and on the model.
 *
 * @param refusalsMoveClocks a counter's clock goes on with refused calls too: what they drop is then over for good
 */
export async function play(
  store: Subject,
  program: readonly Step[],
  refusalsMoveClocks = false,
): Promise<void> {
  const naive = new Naive(refusalsMoveClocks);
  const open: { row: number; noted: Noted[] }[] = [];
  for (const step of program) {
    switch (step.kind) {
      case 'wait':
        await store.moveTo(store.at + step.ms);
        break;
      case 'settle': {
        const [call] = open.splice(step.which % Math.max(1, open.length), 1);
        if (!call) break;
        await store.settle(call.row, step.outcome);
        for (const noted of call.noted) noted.isOpen = false;
        naive.giveBack(call.noted.filter(({ refund }) => refunded(step.outcome, refund)));
        break;
      }
      case 'call': {
        const charges = step.charges.map(([l, a]) => charge(LIMITS[l] as Limit, AMOUNTS[a] as string));
        const peeked = await store.peek(charges);
        const admitted = await store.admit(charges);
        const isOpen = charges.some((each) => naive.isOpen(each.limit, store.at));
        const expected = naive.call(charges, store.at);
        expect(peeked).toBe(admitted.kind === 'allowed');
        // What comes after cannot be compared any more.
        if (isOpen && (admitted.kind !== 'allowed' || typeof expected === 'number')) return;
        if (typeof expected !== 'number') {
          expect(admitted.kind).toBe('allowed');
          open.push({ row: admitted.row, noted: expected });
          break;
        }
        if (admitted.kind !== 'exceeded')
          throw new Error(`the model refuses, the store has ${admitted.kind}`);
        const { retryAt } = admitted.exceeded;
        expect(retryAt ?? Number.POSITIVE_INFINITY).toBe(expected);
        if (retryAt === undefined) break;
        const { at } = store;
        await store.moveTo(retryAt - 1);
        expect(await store.peek(charges)).toBe(false);
        await store.moveTo(retryAt);
        expect(await store.peek(charges)).toBe(true);
        await store.moveTo(at);
        break;
      }
    }
  }
  for (const { name, windowMs, calendar, used } of await store.counters()) {
    const one = LIMITS.find(
      ({ counter, windowMs: ms, align }) =>
        counter === name && ms === windowMs && (align.kind === 'calendar') === (calendar !== undefined),
    ) as Limit;
    if (naive.isOpen(one, store.at)) expect(tenths(used)).toBeGreaterThanOrEqual(naive.used(one, store.at));
    else expect(tenths(used)).toBe(naive.used(one, store.at));
  }
}

export const gaps = fc.array(
  fc.tuple(fc.constantFrom(0, 1, 999, 1000, 1001, 20_000), fc.integer({ min: 1, max: 4 })),
  { minLength: 20, maxLength: 120 },
);

/** Charges by turns, and adds up what passed in every interval as long as the window. */
export async function crowd(store: Subject, program: readonly (readonly [number, number])[]): Promise<void> {
  const rate = limit({ max: 10, windowMs: 10_000 });
  const passed: { at: number; amount: number }[] = [];
  for (const [gap, amount] of program) {
    await store.moveTo(store.at + gap);
    if ((await store.admit([charge(rate, amount)])).kind === 'allowed') passed.push({ at: store.at, amount });
  }
  for (const { at: start } of passed) {
    const within = passed.filter(({ at }) => at >= start && at < start + 10_000);
    expect(within.reduce((total, { amount }) => total + amount, 0)).toBeLessThanOrEqual(10);
  }
}
