import { describe, expect, test } from 'vitest';
import { BUSY, type Claim, Store } from '../../src/store/store.js';

const NOON = Date.UTC(2026, 10, 26, 12, 0, 0);
const ONCE = { againAfterMs: undefined, perHour: 3, isFirstClass: true };

function claiming(
  store: Store,
): (
  key: string,
  terms?: { againAfterMs: number | undefined; perHour: number; isFirstClass?: boolean },
) => Claim {
  return (key, terms = ONCE) => {
    const claim = store.claimNotice(key, terms);
    if (claim === BUSY) throw new Error('busy');
    return claim;
  };
}

describe('who tells people something', () => {
  test('the first that asks, for ever or until the time is over', () => {
    let now = NOON;
    const store = Store.open(':memory:', { now: () => now });
    const claim = claiming(store);
    const again = { againAfterMs: 60_000, perHour: 10 };
    expect(claim('a')).toEqual({ kind: 'mine' });
    expect(claim('a')).toEqual({ kind: 'known' });
    expect(claim('b', again)).toEqual({ kind: 'mine' });
    now += 59_999;
    expect(claim('b', again)).toEqual({ kind: 'known' });
    now += 1;
    expect(claim('b', again)).toEqual({ kind: 'mine' });
    now += 7 * 86_400_000;
    expect(claim('a')).toEqual({ kind: 'known' });
    store.close();
  });

  test('no more than so much in an hour, said once', () => {
    let now = NOON;
    const store = Store.open(':memory:', { now: () => now });
    const claim = claiming(store);
    for (const key of ['a', 'b', 'c']) expect(claim(key)).toEqual({ kind: 'mine' });
    expect(claim('d')).toEqual({ kind: 'too_many', isFirst: true });
    expect(claim('e')).toEqual({ kind: 'too_many', isFirst: false });
    now += 3_600_000;
    // What was not told then is told now.
    expect(claim('d')).toEqual({ kind: 'mine' });
    store.close();
  });

  test('a clock that was set back neither silences for ever nor tells twice', () => {
    let now = NOON;
    const store = Store.open(':memory:', { now: () => now });
    const claim = claiming(store);
    const again = { againAfterMs: 60_000, perHour: 10 };
    expect(claim('b', again)).toEqual({ kind: 'mine' });
    now -= 30_000;
    expect(claim('b', again)).toEqual({ kind: 'known' });
    now -= 86_400_000;
    expect(claim('b', again)).toEqual({ kind: 'mine' });
    store.close();
  });

  test('a clock that was years ahead for a moment silences nobody', () => {
    let now = NOON + 4 * 365 * 86_400_000;
    const store = Store.open(':memory:', { now: () => now });
    const claim = claiming(store);
    for (const key of ['a', 'b', 'c']) expect(claim(key)).toEqual({ kind: 'mine' });
    expect(claim('d')).toEqual({ kind: 'too_many', isFirst: true });
    now = NOON;
    expect(claim('d')).toEqual({ kind: 'mine' });
    store.close();
  });

  test('whoever makes calls that are refused keeps nobody from hearing of what waits', () => {
    const store = Store.open(':memory:', { now: () => NOON });
    const claim = claiming(store);
    const all = { againAfterMs: undefined, perHour: 30 };
    const told = Array.from({ length: 100 }, (_, i) => claim(`limit ${i}`, all).kind);
    expect(told.filter((kind) => kind === 'mine')).toHaveLength(20);
    const first = { ...all, isFirstClass: true };
    const waits = Array.from({ length: 12 }, (_, i) => claim(`approval ${i}`, first));
    expect(waits.filter(({ kind }) => kind === 'mine')).toHaveLength(10);
    expect(waits.slice(10)).toEqual([
      { kind: 'too_many', isFirst: true },
      { kind: 'too_many', isFirst: false },
    ]);
    store.close();
  });
});
