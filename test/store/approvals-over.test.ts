import { afterAll, describe, expect, test } from 'vitest';
import type { Evaluation, Refusal } from '../../src/policy/call.js';
import { type Admission, type Admitted, type ApprovalTerms, Store } from '../../src/store/store.js';
import { done, eachDriver, freshStore, rows, tempDir } from './support.js';
import { admission, INFO } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const MINUTE = 60_000;
const ASK: Refusal = {
  code: 'APPROVAL_REQUIRED',
  rule: '/tools/pay/approve_if/0',
  authorText: undefined,
  explanation: 'args.amount is 123456789, which is more than 5',
};
const EVALUATION: Evaluation = { kind: 'open', charges: [], ask: ASK };

eachDriver('approvals that are over', () => {
  const fresh = freshStore(temp);
  function call(changes: Partial<ApprovalTerms> = {}, rest: Partial<Admission> = {}): Admitted {
    const approval = {
      argumentsHash: 'a'.repeat(64),
      argumentsText: '{"amount":123456789,"to":"Ana"}',
      expiresMs: 10 * MINUTE,
      ...changes,
    };
    const one = admission(EVALUATION, { tool: 'pay', argumentsText: '["amount","to"]', approval, ...rest });
    return done(fresh.store.admit(fresh.session, [one]))[0] as Admitted;
  }
  function asked(): string {
    const admitted = call();
    if (admitted.kind !== 'asked') throw new Error(`not asked but ${admitted.kind}`);
    return admitted.approval.id;
  }
  const decide = (id: string, state: 'approved' | 'rejected' | 'expired' = 'approved', more = {}) =>
    done(fresh.store.decideApproval(id, state, 'cli', more));

  describe('G10: after the clock was set back', () => {
    test('an approval that had expired does not serve again', () => {
      const id = asked();
      fresh.time.at += MINUTE;
      decide(id);
      fresh.time.at += 11 * MINUTE;
      // Any row of the log tells that it was that late.
      done(fresh.store.admit(fresh.session, [admission({ kind: 'hidden' })]));
      fresh.time.at -= 6 * MINUTE;
      expect(fresh.store.approval(id)?.state).toBe('expired');
      expect(call()).toMatchObject({ kind: 'asked', isNew: true });
      expect(fresh.store.approval(id)).toMatchObject({
        state: 'expired',
        note: expect.stringContaining('clock'),
      });
    });

    test('nor does one that was approved later than it is now, nor a budget', () => {
      const id = asked();
      decide(id, 'approved', { budget: { calls: 5, forMs: 60 * MINUTE } });
      expect(fresh.store.budgets()).toHaveLength(1);
      fresh.time.at -= 5 * MINUTE;
      expect(fresh.store.budgets()).toEqual([]);
      const admitted = call();
      expect(admitted).toMatchObject({ kind: 'asked', isNew: true });
      // What is asked from then on is decided as ever.
      const next = (admitted as { approval: { id: string } }).approval.id;
      expect(decide(next).kind).toBe('done');
      expect(call().kind).toBe('allowed');
    });

    test('nothing is decided that was asked before', () => {
      const id = asked();
      fresh.time.at -= 5 * MINUTE;
      expect(decide(id)).toMatchObject({ kind: 'not_pending', approval: { state: 'expired' } });
      expect(fresh.store.approvals()).toEqual([]);
    });

    test('what maintenance has seen counts too, and a moment is no matter', () => {
      const id = asked();
      decide(id);
      fresh.time.at -= 1500;
      expect(fresh.store.approval(id)?.state).toBe('approved');
      fresh.time.at += 9 * MINUTE;
      fresh.store.maintain(1000);
      fresh.time.at -= 8 * MINUTE;
      expect(call()).toMatchObject({ kind: 'asked', isNew: true });
    });
  });

  describe('values are dropped', () => {
    const left = () => {
      fresh.store.close();
      const [row] = rows(fresh.path, 'SELECT arguments, reason FROM approvals');
      fresh.store = Store.open(fresh.path, fresh.time);
      return row;
    };
    const NAMES = { arguments: '["amount","to"]', reason: '' };

    test('not while it waits, nor while it may serve', () => {
      const id = asked();
      expect(fresh.store.approval(id)?.arguments).toContain('123456789');
      decide(id);
      expect(fresh.store.approval(id)?.arguments).toContain('123456789');
    });

    test('once it has served', () => {
      const id = asked();
      decide(id);
      expect(call().kind).toBe('allowed');
      expect(fresh.store.approval(id)).toMatchObject({ state: 'consumed', ...NAMES });
      expect(left()).toEqual(NAMES);
    });

    test('when it is rejected; the same call is refused all the same', () => {
      const id = asked();
      expect(decide(id, 'rejected')).toMatchObject({ approval: NAMES });
      expect(left()).toEqual(NAMES);
      fresh.session = fresh.store.startSession(INFO);
      expect(call()).toMatchObject({ kind: 'refused', code: 'APPROVAL_REJECTED' });
    });

    test.each(['pending', 'approved'])('when it expires, %s', (state) => {
      const id = asked();
      if (state === 'approved') decide(id);
      fresh.time.at += 11 * MINUTE;
      expect(fresh.store.approval(id)).toMatchObject({ state: 'expired', ...NAMES });
      fresh.store.maintain(1000);
      expect(left()).toEqual(NAMES);
    });

    test('when it is withdrawn', () => {
      const id = asked();
      decide(id, 'expired');
      expect(fresh.store.approval(id)).toMatchObject(NAMES);
    });

    test('but not where the log keeps them whole as well', () => {
      const whole = '{"amount":123456789,"to":"Ana"}';
      const admitted = call({}, { argumentsText: whole });
      decide((admitted as { approval: { id: string } }).approval.id, 'rejected');
      expect(fresh.store.approvals(true)).toMatchObject([{ state: 'rejected', arguments: whole }]);
    });
  });
});
