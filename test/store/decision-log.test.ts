import { afterAll, describe, expect, test } from 'vitest';
import { idOf, refundsOn } from '../../src/store/decision-log.js';
import { Store } from '../../src/store/store.js';
import { clock, done, rows, tempDir } from './support.js';
import { admission, charge, INFO, limit, open, settlement } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

describe('a row of the log', () => {
  test('G1: every column comes back as it was written', () => {
    const path = temp.path();
    const time = clock();
    const store = Store.open(path, time);
    const session = store.startSession({ ...INFO, observe: true });
    store.describeClient(session, 'claude', '1.2');
    const refusal = {
      code: 'REQUIRE',
      rule: '/tools/pay/require/0',
      authorText: undefined,
      explanation: 'x',
    } as const;
    const call = { tool: 'pay', requestId: '"r-7"', argumentsText: '["amount"]', policyHash: 'b'.repeat(64) };
    const [allowed, refused] = done(
      store.admit(session, [
        admission(open(charge(limit())), call),
        admission({ kind: 'refused', refusal }, { ...call, requestId: undefined, policyHash: undefined }),
      ]),
    );
    done(store.settle([settlement(allowed?.row ?? 0, 'tool_error', 12.5)]));
    const own = { session, server: INFO.server, grant: INFO.grant, pid: INFO.pid, observe: true };
    const shared = { ...own, at: time.at, tool: 'pay', arguments: '["amount"]', approval: undefined };
    const client = { clientName: 'claude', clientVersion: '1.2' };
    expect(store.log()).toEqual([
      {
        ...{ ...shared, ...client, auditId: String(allowed?.row), decision: 'allow', code: undefined },
        ...{ rule: undefined, requestId: '"r-7"', policyHash: 'b'.repeat(64) },
        ...{ outcome: 'tool_error', latencyMs: 12.5 },
      },
      {
        ...{ ...shared, ...client, auditId: String(refused?.row), decision: 'deny', code: 'REQUIRE' },
        ...{ rule: '/tools/pay/require/0', requestId: undefined, policyHash: undefined },
        ...{ outcome: undefined, latencyMs: undefined },
      },
    ]);
    const [first] = rows(path, 'SELECT charges FROM decisions ORDER BY id');
    expect(JSON.parse(String(first?.charges))).toEqual([[expect.any(Number), time.at, 1, 0]]);
    store.close();
  });

  test('calls and refusals are counted for each tool of each server, from an instant on', () => {
    const time = clock();
    const store = Store.open(':memory:', time);
    const [a, b] = [store.startSession(INFO), store.startSession({ ...INFO, server: 'other' })];
    const call = { tool: 'pay', requestId: undefined, argumentsText: '[]', policyHash: undefined };
    const refusal = { code: 'REQUIRE', rule: '/x', authorText: undefined, explanation: 'x' } as const;
    const refused = admission({ kind: 'refused', refusal }, call);
    const at = (session: string, ...admissions: ReturnType<typeof admission>[]) =>
      done(store.admit(session, admissions));
    at(a, admission(open(), call), refused);
    time.at += 3_600_000;
    const since = time.at;
    at(a, admission(open(), call), refused, refused, admission(open(), { ...call, tool: 'list' }));
    at(b, admission(open(), call));
    expect(store.callCounts(since).sort((x, y) => x.calls - y.calls)).toEqual([
      { server: INFO.server, tool: 'list', calls: 1, refused: 0 },
      { server: 'other', tool: 'pay', calls: 1, refused: 0 },
      { server: INFO.server, tool: 'pay', calls: 3, refused: 2 },
    ]);
    expect(store.callCounts(0)).toContainEqual({ server: INFO.server, tool: 'pay', calls: 5, refused: 3 });
    expect(store.callCounts(since + 1)).toEqual([]);
    // The whole hour counts, of all servers or of one.
    const hour = Math.floor(since / 3_600_000) * 3_600_000;
    expect(store.callsByHour(since)).toEqual([{ at: hour, allowed: 3, asked: 0, refused: 2 }]);
    expect(store.callsByHour(0)).toHaveLength(2);
    expect(store.callsByHour(since, 'other')).toEqual([{ at: hour, allowed: 1, asked: 0, refused: 0 }]);
    store.close();
  });

  test('G4: of rows that are settled together each charge is given back once, and only what the outcome gives back', () => {
    const store = Store.open(':memory:', clock());
    const session = store.startSession(INFO);
    const never = charge(limit({ counter: 'never' }));
    const onError = charge(limit({ counter: 'on_error', refund: 'on_error' }), '0.5');
    const onSuccess = charge(limit({ counter: 'on_success', refund: 'on_success' }));
    const all = done(
      store.admit(
        session,
        Array.from({ length: 6 }, () => admission(open(onSuccess, never, onError))),
      ),
    );
    const [first = 0, last = 0] = [all[0]?.row, all.at(-1)?.row];
    const used = () => store.counters().map((counter) => String(counter.used));
    expect(used()).toEqual(['6', '3', '6']);
    done(store.settle([{ first, last: first, outcome: 'ok', latencyMs: 1 }]));
    expect(used()).toEqual(['6', '3', '5']);
    // The first is settled already, and stays so.
    done(store.settle([{ first, last: last - 2, outcome: 'error', latencyMs: 1 }]));
    expect(used()).toEqual(['6', '1.5', '5']);
    done(store.settle([{ first, last: last - 1, outcome: 'not_sent', latencyMs: undefined }]));
    expect(used()).toEqual(['5', '1', '4']);
    done(store.settle([{ first, last, outcome: 'cancelled', latencyMs: 1 }]));
    expect(used()).toEqual(['5', '1', '4']);
    expect(store.log().map(({ outcome }) => outcome)).toEqual([
      ...['ok', 'error', 'error', 'error', 'not_sent', 'cancelled'],
    ]);
    store.close();
  });

  test.each([
    ['ok', ['on_success']],
    ['error', ['on_error']],
    ['tool_error', ['on_error']],
    ['unanswered', []],
    ['cancelled', []],
    ['not_sent', ['never', 'on_error', 'on_success']],
  ] as const)('%s gives back %j', (outcome, refunds) => {
    const all = ['never', 'on_error', 'on_success'] as const;
    expect(all.filter(refundsOn(outcome))).toEqual(refunds);
  });
});

test.each<[string | undefined, number]>([
  ['1', 1],
  ['42', 42],
  ['007', 7],
  ['999999999999999', 999_999_999_999_999],
  ['0', 0],
  ['', 0],
  [undefined, 0],
  ['1000000000000000', 0],
  ['-1', 0],
  ['1.5', 0],
  ['1e3', 0],
  [' 1', 0],
  ['1 ', 0],
  ['x', 0],
  ['１', 0],
  ['1\u0000', 0],
])('the audit id %j names row %d, of which there is none with 0', (auditId, row) => {
  expect(idOf(auditId)).toBe(row);
});
