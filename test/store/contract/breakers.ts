import { describe, expect, test } from 'vitest';
import type { Admitted } from '../../../src/store/store.js';
import { admission, charge, INFO, limit, open, settlement } from '../support-shapes.js';
import { admit, type Ground, wait } from './ground.js';

const SECOND = 1000;

/** What depends on calls in flight, and on a person's brake: wherever calls are decided. */
export function breakersContract(ground: Ground): void {
  const breaker = (amount = 1, max = 3) =>
    charge(limit({ counter: 'failures', windowMs: 600 * SECOND, max, refund: 'on_success' }), amount);
  const call = (amount = 1, max = 3) => admit(ground, ground.own, breaker(amount, max));
  const settle = async (of: Admitted | undefined, outcome: 'ok' | 'error') =>
    await ground.settle([settlement(of?.row ?? 0, outcome)]);

  describe('a breaker, which counts failures', () => {
    test('G5: what is refused for calls in flight says so, and names no instant', async () => {
      const begin = ground.at;
      const calls: Admitted[] = [];
      for (let i = 0; i < 5; i += 1) calls.push(await call());
      expect(calls.map(({ kind }) => kind)).toEqual([
        ...['allowed', 'allowed', 'allowed', 'exceeded', 'exceeded'],
      ]);
      expect(calls[3]).toMatchObject({ exceeded: { retryAt: undefined } });
      expect(String((calls[3] as { exceeded: { inFlight: unknown } }).exceeded.inFlight)).toBe('3');
      await settle(calls[0], 'error');
      expect(await call()).toMatchObject({ kind: 'exceeded', exceeded: { retryAt: undefined } });
      await settle(calls[1], 'ok');
      // G4: a failure, a call in flight and this one are three.
      const sixth = await call();
      expect(sixth.kind).toBe('allowed');
      await wait(ground, SECOND);
      await settle(calls[2], 'error');
      await settle(sixth, 'error');
      // Failures alone: the instant is exact again.
      expect(await call()).toMatchObject({
        exceeded: { retryAt: begin + 600 * SECOND, inFlight: undefined },
      });
      await ground.moveTo(begin + 600 * SECOND - 1);
      expect((await call()).kind).toBe('exceeded');
      await wait(ground, 1);
      expect((await call()).kind).toBe('allowed');
    });

    test('G5: so too where they came together', async () => {
      const five = await ground.admit(ground.own, Array(5).fill(admission(open(breaker()))));
      expect(five.map(({ kind }) => kind)).toEqual([
        ...['allowed', 'allowed', 'allowed', 'exceeded', 'exceeded'],
      ]);
      for (const one of five.slice(3))
        expect(one).toMatchObject({ exceeded: { retryAt: undefined, inFlight: expect.anything() } });
    });

    test('G5: an instant is named where calls in flight make no difference to it, and for what can never pass', async () => {
      const begin = ground.at;
      await settle(await call(2), 'error');
      await wait(ground, SECOND);
      await call();
      // Two must be free beside the one in flight: the failure of two has to expire either way.
      expect(await call(2)).toMatchObject({
        exceeded: { retryAt: begin + 600 * SECOND, inFlight: undefined },
      });
      expect(await call(4)).toMatchObject({ exceeded: { retryAt: undefined, inFlight: undefined } });
    });

    test('G5: with another limit that is full too no instant is named, unless that can never be met', async () => {
      await call(1, 1);
      const full = charge(limit({ counter: 'full', max: 1 }));
      await admit(ground, ground.own, full);
      expect(await admit(ground, ground.own, full, breaker(1, 1))).toMatchObject({
        exceeded: { charge: full, retryAt: undefined, inFlight: expect.anything() },
      });
      const never = charge(limit({ counter: 'never', max: 0 }));
      expect(await admit(ground, ground.own, never, breaker(1, 1))).toMatchObject({
        exceeded: { retryAt: undefined, inFlight: undefined },
      });
    });

    test('what was answered well makes room for the next call, also of another wrapper', async () => {
      const other = await ground.session();
      const first = await call(1, 1);
      expect((await admit(ground, other, breaker(1, 1))).kind).toBe('exceeded');
      await settle(first, 'ok');
      expect((await admit(ground, other, breaker(1, 1))).kind).toBe('allowed');
    });
  });

  describe('a pause', () => {
    test('holds from the next call on, says what was said of it, and so does its end', async () => {
      expect((await admit(ground, ground.own)).kind).toBe('allowed');
      await ground.pause(undefined, 'odd invoices');
      const refused = await admit(ground, ground.own);
      expect(refused).toMatchObject({ kind: 'refused', code: 'PAUSED' });
      expect(refused).toMatchObject({
        why: expect.stringMatching(/has stopped every call.* \("odd invoices"\)/),
      });
      expect(await ground.pauses()).toMatchObject([
        { server: undefined, since: ground.at, note: 'odd invoices' },
      ]);
      expect(await ground.resume(undefined)).toBe(1);
      expect(await ground.resume(undefined)).toBe(0);
      expect((await admit(ground, ground.own)).kind).toBe('allowed');
    });

    test('of one server stops no other, and only a pause that was there is lifted', async () => {
      const second = await ground.session({ server: 'mcp-other' });
      await ground.pause(INFO.server, undefined);
      for (let i = 0; i < 2; i += 1) {
        expect(await admit(ground, ground.own)).toMatchObject({ kind: 'refused', code: 'PAUSED' });
        expect((await admit(ground, second)).kind).toBe('allowed');
      }
      expect(await ground.resume('mcp-other')).toBe(0);
      expect(await ground.resume(INFO.server)).toBe(1);
      expect((await ground.events()).map(({ kind }) => kind)).toEqual(['pause.begun', 'pause.lifted']);
    });

    test('G5: comes before every rule of a listed tool, charges nothing, and stops those that only observe', async () => {
      const rate = charge(limit({ max: 1 }));
      const watching = await ground.session({ observe: true });
      await ground.pause(undefined, undefined);
      for (const session of [ground.own, watching])
        expect(await admit(ground, session, rate)).toMatchObject({ kind: 'refused', code: 'PAUSED' });
      await ground.resume(undefined);
      expect((await admit(ground, ground.own, rate)).kind).toBe('allowed');
    });
  });
}
