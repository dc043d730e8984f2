import { afterAll, describe, expect, test } from 'vitest';
import { inspect } from '../../src/store/sqlite/inspect.js';
import { Store } from '../../src/store/store.js';
import { breakersContract } from './contract/breakers.js';
import { localGround } from './contract/ground.js';
import { admit, clock, damage, done, eachDriver, tempDir } from './support.js';
import { charge, INFO, limit } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const SECOND = 1000;

/** A machine's clock is set forward and back. */
eachDriver('a clock that jumps', () => {
  function start() {
    const path = temp.path();
    const time = clock();
    const store = Store.open(path, { now: time.now });
    return { path, time, store, session: store.startSession(INFO), begin: time.at };
  }
  const three = (changes = {}) => charge(limit({ windowMs: 10 * SECOND, max: 3, ...changes }));

  describe('G4: forward and back again while nothing is called, and old rows are removed meanwhile', () => {
    test('no fresh count for any value that splits it, nor in a calendar window, nor after a restart', () => {
      const { path, time, store, session, begin } = start();
      const split = limit({ windowMs: 10 * SECOND, max: 1, counter: 'split' });
      const align = { kind: 'calendar', unit: 'minute', timezone: 'UTC' } as const;
      const minute = charge(limit({ windowMs: 60 * SECOND, max: 1, counter: 'minute', align }));
      expect(admit(store, session, charge(split, 1, '"a"')).kind).toBe('allowed');
      expect(admit(store, session, charge(split, 1, '"b"')).kind).toBe('allowed');
      expect(admit(store, session, minute).kind).toBe('allowed');
      time.at = begin + 86_400 * SECOND;
      expect(store.maintain(1000)).toBe(true);
      expect(store.counters()).toEqual([]);
      store.close();
      time.at = begin + SECOND;
      const again = Store.open(path, { now: time.now });
      const next = again.startSession(INFO);
      expect(admit(again, next, charge(split, 1, '"b"')).kind).toBe('exceeded');
      expect(admit(again, next, minute)).toMatchObject({ exceeded: { retryAt: begin + 60 * SECOND } });
      // Another limit has nothing to do with it.
      expect(admit(again, next, three()).kind).toBe('allowed');
      again.close();
    });

    test('a refused call at the wrong time brings no fresh count either', () => {
      const { time, store, session, begin } = start();
      const rate = three();
      for (let i = 0; i < 3; i += 1) admit(store, session, rate);
      time.at = begin + 13 * SECOND;
      const never = charge(limit({ counter: 'never', max: 0 }));
      expect(admit(store, session, rate, never).kind).toBe('exceeded');
      time.at = begin + SECOND;
      expect(admit(store, session, rate)).toMatchObject({ exceeded: { retryAt: begin + 10 * SECOND } });
      time.at = begin + 10 * SECOND;
      expect(admit(store, session, rate).kind).toBe('allowed');
      store.close();
    });
  });

  test('a counter that was charged in the far future says so, and is mended with what it holds', () => {
    const { time, store, session, begin } = start();
    const rate = three();
    const future = Date.UTC(2099, 0, 1);
    time.at = future;
    expect(admit(store, session, rate).kind).toBe('allowed');
    time.at = begin;
    for (let i = 0; i < 2; i += 1) expect(admit(store, session, rate).kind).toBe('allowed');
    expect(admit(store, session, rate)).toMatchObject({ exceeded: { clockWas: future } });
    expect(store.counters()).toMatchObject([{ aheadMs: future - begin }]);

    expect(done(store.resetClock('cli', 100))).toMatchObject([{ name: rate.limit.counter }]);
    expect(done(store.resetClock('cli', 100))).toEqual([]);
    expect(damage(store)).toEqual([]);
    // All three count on, from now.
    expect(admit(store, session, rate)).toMatchObject({
      exceeded: { retryAt: begin + 10 * SECOND, clockWas: undefined },
    });
    time.at = begin + 10 * SECOND;
    expect(admit(store, session, rate).kind).toBe('allowed');
    store.close();
  });

  test('a visit to the far future between two rounds of maintenance costs no counter', () => {
    const { time, store, session, begin } = start();
    const split = limit({ windowMs: 86_400 * SECOND, max: 1 });
    expect(admit(store, session, charge(split, 1, '"a"')).kind).toBe('allowed');
    store.maintain(1000);
    time.at = Date.UTC(2099, 0, 1);
    for (let i = 0; i < 10; i += 1) store.maintain(1000);
    time.at = begin + SECOND;
    store.maintain(1000);
    expect(admit(store, session, charge(split, 1, '"a"')).kind).toBe('exceeded');
    // Others are not held up: nothing was forgotten.
    expect(admit(store, session, charge(split, 1, '"b"')).kind).toBe('allowed');
    store.close();
  });

  test('what was forgotten in the far future is mended too', () => {
    const { time, store, session, begin } = start();
    const rate = three();
    time.at = Date.UTC(2099, 0, 1);
    admit(store, session, rate);
    time.at = Date.UTC(2099, 0, 2);
    expect(store.maintain(1000)).toBe(true);
    time.at = begin;
    expect(admit(store, session, rate)).toMatchObject({
      exceeded: { clockWas: Date.UTC(2099, 0, 1, 0, 0, 10) },
    });
    expect(store.countersAhead().count).toBe(1);
    done(store.resetClock('cli', 100));
    expect(store.countersAhead().count).toBe(0);
    expect(admit(store, session, rate).kind).toBe('allowed');
    store.close();
  });

  test('counters that were charged in the future are told of before their limit refuses, by every look', () => {
    const { path, time, store, session, begin } = start();
    const rate = three({ max: 1000 });
    for (let i = 0; i < 5; i += 1) admit(store, session, rate);
    time.at = Date.UTC(2099, 0, 1);
    admit(store, session, rate);
    time.at = begin + SECOND;
    admit(store, session, rate);
    const ahead = { count: 1, until: Date.UTC(2099, 0, 1) };
    expect(store.countersAhead()).toEqual(ahead);
    expect(inspect(path, time.at)?.countersAhead).toEqual(ahead);
    done(store.resetClock('cli', 100));
    expect(store.countersAhead().count).toBe(0);
    expect(inspect(path, time.at)?.countersAhead.count).toBe(0);
    store.close();
  });

  test('a clock that is adjusted by a moment is not spoken of', () => {
    const { time, store, session } = start();
    const rate = three({ max: 1 });
    admit(store, session, rate);
    time.at -= 900;
    expect(admit(store, session, rate)).toMatchObject({ exceeded: { clockWas: undefined } });
    store.close();
  });
});

eachDriver('calls in flight, and a person’s brake', () => {
  breakersContract(localGround(temp));
});

eachDriver('a breaker, which counts failures', () => {
  test('G5: the calls of a wrapper that has died are failures', () => {
    const time = clock();
    const store = Store.open(temp.path(), { now: time.now });
    const breaker = charge(
      limit({ counter: 'failures', windowMs: 600 * SECOND, max: 1, refund: 'on_success' }),
    );
    const begin = time.at;
    const dead = store.startSession({ ...INFO, pid: 2 ** 22 + 1 });
    expect(admit(store, dead, breaker).kind).toBe('allowed');
    const session = store.startSession(INFO);
    expect(admit(store, session, breaker)).toMatchObject({
      exceeded: { retryAt: begin + 600 * SECOND, inFlight: undefined },
    });
    store.close();
  });
});
