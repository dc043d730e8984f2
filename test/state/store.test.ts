import { afterAll, describe, expect, test } from 'vitest';
import { BUSY, Store } from '../../src/state/store.js';
import { admission, admit, charge, clock, INFO, limit, open, tempDir } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

describe('admit', () => {
  test('G4: thirty calls pass, the thirty-first is refused, and a restart gives no fresh thirty', () => {
    const path = temp.path();
    const time = clock();
    const start = time.at;
    const rate = charge(limit({ max: 30 }));
    const first = Store.open(path, time);
    const session = first.startSession(INFO);
    for (let i = 0; i < 30; i += 1) {
      time.at = start + i * 1000;
      expect(admit(first, session, rate).kind).toBe('allowed');
    }
    first.close();

    const second = Store.open(path, time);
    const again = second.startSession(INFO);
    const refused = admit(second, again, rate);
    expect(refused).toMatchObject({ kind: 'exceeded', exceeded: { retryAt: start + 60_000 } });
    expect(refused.kind === 'exceeded' && refused.exceeded.used.toString()).toBe('30');
    time.at = start + 59_999;
    expect(admit(second, again, rate).kind).toBe('exceeded');
    time.at = start + 60_000;
    expect(admit(second, again, rate).kind).toBe('allowed');
    expect(admit(second, again, rate)).toMatchObject({ exceeded: { retryAt: start + 61_000 } });
    second.close();
  });

  test('G1: a chunk of calls is decided in order and every one has its row', () => {
    const store = Store.open(temp.path());
    const session = store.startSession(INFO);
    const one = charge(limit({ max: 1 }));
    const admitted = store.admit(session, [
      admission(open(one), { requestId: '1' }),
      admission(open(one), { requestId: '2' }),
      admission({ kind: 'hidden' }, { requestId: '3' }),
      admission(
        {
          kind: 'refused',
          refusal: { code: 'DENY_IF', rule: '/tools/a/deny_if/0', authorText: undefined, explanation: '' },
        },
        { requestId: '"x"' },
      ),
    ]);
    if (admitted === BUSY) throw new Error('locked');
    expect(admitted.map(({ kind }) => kind)).toEqual(['allowed', 'exceeded', 'refused', 'refused']);
    const rows = store.log();
    expect(rows.map(({ auditId }) => auditId)).toEqual(admitted.map(({ auditId }) => auditId));
    expect(rows).toMatchObject([
      { decision: 'allow', requestId: '1', code: undefined, server: 'mcp-afip', grant: 'default' },
      {
        decision: 'deny',
        requestId: '2',
        code: 'LIMIT',
        rule: '/tools/track_logout/limits/track_logout_rate',
      },
      { decision: 'hide', requestId: '3', rule: '(hidden)' },
      { decision: 'deny', requestId: '"x"', code: 'DENY_IF', policyHash: INFO.policyHash },
    ]);
    store.close();
  });
});
