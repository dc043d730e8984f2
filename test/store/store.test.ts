import { afterAll, expect, test } from 'vitest';
import { connect } from '../../src/store/sqlite/driver.js';
import { Store } from '../../src/store/store.js';
import { admit, done, eachDriver, freshStore, rows, tempDir } from './support.js';
import { admission, charge, INFO, limit, open, settlement } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const DENY_IF = {
  code: 'DENY_IF',
  rule: '/tools/a/deny_if/0',
  authorText: undefined,
  explanation: '',
} as const;

eachDriver('store', () => {
  const fresh = freshStore(temp);

  test('G1: calls that come together are decided in order and every one has its row', () => {
    const one = charge(limit({ max: 1 }));
    const admitted = done(
      fresh.store.admit(fresh.session, [
        admission(open(one), { requestId: '1' }),
        admission(open(one), { requestId: '2' }),
        admission({ kind: 'hidden' }, { requestId: '3' }),
        admission({ kind: 'refused', refusal: DENY_IF }, { requestId: '"x"', policyHash: undefined }),
        admission(open(), { requestId: undefined, argumentsText: '{"a":1}' }),
      ]),
    );
    expect(admitted.map(({ kind }) => kind)).toEqual([
      'allowed',
      'exceeded',
      'refused',
      'refused',
      'allowed',
    ]);
    const log = fresh.store.log();
    expect(log.map(({ auditId }) => auditId)).toEqual(admitted.map(({ row }) => String(row)));
    expect(log).toMatchObject([
      {
        decision: 'allow',
        requestId: '1',
        code: undefined,
        server: 'mcp-afip',
        grant: 'default',
        observe: false,
      },
      {
        decision: 'deny',
        requestId: '2',
        code: 'LIMIT',
        rule: '/tools/track_logout/limits/track_logout_rate',
      },
      { decision: 'hide', requestId: '3', rule: '(hidden)' },
      {
        decision: 'deny',
        requestId: '"x"',
        code: 'DENY_IF',
        rule: '/tools/a/deny_if/0',
        policyHash: undefined,
      },
      { decision: 'allow', requestId: undefined, arguments: '{"a":1}', policyHash: INFO.policyHash },
    ]);
    expect(log.every(({ at, pid, outcome }) => at === fresh.time.at && pid === process.pid && !outcome)).toBe(
      true,
    );
  });

  test('G1: a call whose row cannot be written is not allowed, and nothing of it is kept', () => {
    const db = connect(fresh.path, 1000);
    db.exec(`CREATE TRIGGER full BEFORE INSERT ON decisions BEGIN SELECT RAISE(ABORT, 'no row'); END`);
    const one = charge(limit({ max: 1 }));
    expect(() => admit(fresh.store, fresh.session, one)).toThrow('no row');
    expect(fresh.store.counters()).toEqual([]);
    db.exec('DROP TRIGGER full');
    db.close();
    expect(admit(fresh.store, fresh.session, one).kind).toBe('allowed');
    expect(fresh.store.log()).toHaveLength(1);
  });

  test('G1: every answer names a row that other processes can read at that moment', () => {
    const other = Store.open(fresh.path, fresh.time);
    for (const evaluation of [
      open(charge(limit({ max: 1 }))),
      open(charge(limit({ max: 1 }))),
      { kind: 'hidden' } as const,
    ]) {
      const [admitted] = done(fresh.store.admit(fresh.session, [admission(evaluation)]));
      expect(other.log({ limit: 1 }).map(({ auditId }) => auditId)).toEqual([String(admitted?.row)]);
    }
    other.close();
  });

  test('a row is settled once, with outcome and latency', () => {
    const [first, second] = done(fresh.store.admit(fresh.session, [admission(open()), admission(open())]));
    done(
      fresh.store.settle([settlement(first?.row ?? 0, 'ok', 12.5), settlement(first?.row ?? 0, 'error', 99)]),
    );
    expect(fresh.store.log()).toMatchObject([
      { outcome: 'ok', latencyMs: 12.5 },
      { auditId: String(second?.row), outcome: undefined, latencyMs: undefined },
    ]);
  });

  test.each(['ok', 'error', 'not_sent', 'cancelled'] as const)(
    'calls that end together as %s are settled as each of them would be',
    (outcome) => {
      const kept = open(charge(limit({ counter: 'kept', max: 100 })));
      const back = open(charge(limit({ counter: 'back', max: 100, refund: 'on_error' })));
      const refused = open(charge(limit({ max: 1 }), '2'));
      const end = (together: boolean) => {
        const store = Store.open(temp.path(), fresh.time);
        const session = store.startSession(INFO);
        const all = [kept, kept, back, kept, refused, kept, open(), open(), back, back, kept];
        const made = done(
          store.admit(
            session,
            all.map((each) => admission(each)),
          ),
        );
        const [first, second] = [made[0]?.row ?? 0, made[1]?.row ?? 0];
        const last = made.at(-1)?.row ?? 0;
        // One of them is settled already.
        done(store.settle([settlement(second, 'tool_error', 7)]));
        const each = made.map(({ row }) => settlement(row, outcome, 3));
        done(store.settle(together ? [{ first, last, outcome, latencyMs: 3 }] : each));
        const log = store.log().map(({ at, outcome, latencyMs }) => ({ at, outcome, latencyMs }));
        const counters = store.counters().map(({ name, used }) => `${name} ${used}`);
        store.close();
        return { log, counters };
      };
      const together = end(true);
      expect(together).toEqual(end(false));
      expect(together.counters).toEqual(
        {
          ok: ['back 3', 'kept 5'],
          error: ['back 0', 'kept 5'],
          not_sent: ['back 0', 'kept 1'],
          cancelled: ['back 3', 'kept 5'],
        }[outcome],
      );
      expect(together.log.map((row) => row.outcome)).toContain('tool_error');
    },
  );

  test('the log names the client, also one that says who it is only later', () => {
    admit(fresh.store, fresh.session);
    fresh.store.describeClient(fresh.session, 'claude-ai', '0.1.0');
    admit(fresh.store, fresh.session);
    expect(fresh.store.log()).toMatchObject([
      { clientName: 'claude-ai', clientVersion: '0.1.0' },
      { clientName: 'claude-ai', session: fresh.session },
    ]);
  });

  test.each([
    [{}, [1, 2, 3, 4, 5, 6]],
    [{ limit: 2 }, [5, 6]],
    [{ denied: true }, [2, 4, 6]],
    [{ denied: true, limit: 1 }, [6]],
    [{ tool: 'two' }, [2, 5]],
    [{ server: 'mcp-other' }, [4, 5, 6]],
    [{ server: 'nobody' }, []],
    [{ since: 3 * 3_600_000 }, [3, 4, 5, 6]],
    [{ since: 3 * 3_600_000 + 1 }, [4, 5, 6]],
    [{ since: 9 * 3_600_000 }, []],
    [{ afterId: '3', limit: 2 }, [4, 5]],
    [{ afterId: '6' }, []],
    [{ denied: true, server: 'mcp-other', tool: 'one' }, [4]],
  ] as const)('log %j', (filter, expected) => {
    const other = fresh.store.startSession({ ...INFO, server: 'mcp-other' });
    const start = fresh.time.at - (fresh.time.at % 3_600_000);
    for (let i = 1; i <= 6; i += 1) {
      fresh.time.at = start + i * 3_600_000;
      const tool = ['one', 'two', 'three'][(i - 1) % 3] as string;
      const evaluation = i % 2 ? open() : ({ kind: 'refused', refusal: DENY_IF } as const);
      done(fresh.store.admit(i > 3 ? other : fresh.session, [admission(evaluation, { tool })]));
    }
    const absolute = 'since' in filter ? { ...filter, since: start + filter.since } : filter;
    expect(fresh.store.log(absolute).map(({ auditId }) => Number(auditId))).toEqual(expected);
  });

  test('since finds every row of its time, whatever the clock did between', () => {
    const start = fresh.time.at;
    const hours = [0, 5, 2, 7, 1, 5];
    for (const hour of hours) {
      fresh.time.at = start + hour * 3_600_000;
      admit(fresh.store, fresh.session);
    }
    for (const since of [0, 1, 2, 3, 5, 6, 7])
      expect(
        fresh.store.log({ since: start + since * 3_600_000 }).map(({ at }) => (at - start) / 3_600_000),
      ).toEqual(hours.filter((hour) => hour >= since));
  });

  test('texts that a client makes long are cut, and do not stop the log', () => {
    const long = 'x'.repeat(200_000);
    done(
      fresh.store.admit(fresh.session, [
        admission(open(), { tool: long, requestId: long, argumentsText: long }),
      ]),
    );
    const [row] = fresh.store.log();
    expect(row?.tool).toHaveLength(513);
    expect(row?.requestId).toHaveLength(257);
    expect(row?.arguments).toHaveLength(65_537);
  });

  test.each(['__proto__', 'constructor', "'; DROP TABLE decisions; --", '\u0000', '\ud800', 'é', ''])(
    'a tool called %j is logged',
    (tool) => {
      done(fresh.store.admit(fresh.session, [admission(open(), { tool })]));
      expect(fresh.store.log({ tool })).toHaveLength(1);
      expect(fresh.store.log()).toHaveLength(1);
    },
  );

  test('observing: charges go to counters of their own', () => {
    const watching = fresh.store.startSession({ ...INFO, observe: true });
    const one = charge(limit({ max: 1 }));
    expect(admit(fresh.store, watching, one).kind).toBe('allowed');
    expect(admit(fresh.store, watching, one).kind).toBe('exceeded');
    expect(admit(fresh.store, fresh.session, one).kind).toBe('allowed');
    expect(fresh.store.log().map(({ observe, decision }) => [observe, decision])).toEqual([
      [true, 'allow'],
      [true, 'deny'],
      [false, 'allow'],
    ]);
    expect(fresh.store.counters({ observe: true })).toHaveLength(1);
  });

  test('a database in memory does all of it and leaves no file', () => {
    const memory = Store.open(':memory:', fresh.time);
    const own = memory.startSession(INFO);
    const one = charge(limit({ max: 1 }));
    expect(admit(memory, own, one).kind).toBe('allowed');
    expect(admit(memory, own, one).kind).toBe('exceeded');
    fresh.time.at += 60_000;
    expect(admit(memory, own, one).kind).toBe('allowed');
    expect(memory.maintain(60_000)).toBe(true);
    memory.close();
  });

  test('the file holds names of arguments alone unless it is given more', () => {
    admit(fresh.store, fresh.session, charge(limit()));
    const [row] = rows(fresh.path, 'SELECT * FROM decisions');
    expect(row).toMatchObject({ arguments: '["point_of_sale"]' });
  });

  test('calls that a team has not heard of are told once they are over, oldest first, and no more once it has', () => {
    const start = fresh.time.at;
    const call = (unsentTo: string, session = fresh.session) =>
      done(fresh.store.admit(session, [admission(open(), { unsentTo })]))[0]?.row ?? 0;
    const other = fresh.store.startSession({ ...INFO, server: 'other' });
    const own = [call('team'), call('team'), call('team')] as const;
    const elsewhere = call('another team');
    const others = call('team', other);
    done(
      fresh.store.admit(fresh.session, [
        admission({ kind: 'refused', refusal: DENY_IF }, { unsentTo: 'team' }),
        admission(open()),
      ]),
    );
    const unsent = (store = 'team', limit = 9) =>
      fresh.store.unsent(store, INFO.server, limit).map(({ auditId }) => Number(auditId));
    expect(unsent()).toEqual([]);
    for (const row of [own[2], own[1], elsewhere, others]) done(fresh.store.settle([settlement(row, 'ok')]));
    expect(unsent()).toEqual([own[1], own[2]]);
    expect(unsent('team', 1)).toEqual([own[1]]);
    expect(unsent('another team')).toEqual([elsewhere]);
    // One without an outcome is told after ten minutes: its wrapper was killed.
    fresh.time.at = start + 600_000;
    expect(unsent()).toEqual([own[1], own[2]]);
    fresh.time.at = start + 600_001;
    expect(unsent()).toEqual([...own]);
    done(fresh.store.sent([String(own[0]), String(own[2])]));
    expect(unsent()).toEqual([own[1]]);
    expect(fresh.store.unsent('team', 'other', 9)).toMatchObject([
      { auditId: String(others), outcome: 'ok' },
    ]);
  });

  test('events are read like the log: the newest, since an instant, or after one; and some are written once', () => {
    const start = fresh.time.at;
    const { store } = fresh;
    done(store.toolSuspicious('a', 'pay', ['hidden']));
    fresh.time.at = start + 10;
    done(store.toolSuspicious('a', 'pay', ['hidden']));
    done(store.toolSuspicious('a', 'pay', ['hidden', 'invisible']));
    done(
      store.toolsLeftOut('a', [
        { name: 'pay', reason: 'twins' },
        { name: 'send', reason: 'twins' },
      ]),
    );
    done(store.noticeLost({ channel: 'ntfy' }));
    const kinds = (filter?: Parameters<Store['events']>[0]) => store.events(filter).map(({ kind }) => kind);
    const all = ['tool.suspicious', 'tool.suspicious', 'tool.left_out', 'tool.left_out', 'notice.lost'];
    expect(kinds()).toEqual(all);
    expect(store.events().map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5']);
    expect(kinds({ since: start + 10 })).toEqual(all.slice(1));
    expect(kinds({ since: start + 11 })).toEqual([]);
    expect(kinds({ limit: 2 })).toEqual(all.slice(-2));
    expect(kinds({ limit: -1 })).toEqual([]);
    expect(kinds({ afterId: '2' })).toEqual(all.slice(2));
    expect(kinds({ afterId: '2', limit: 1 })).toEqual(['tool.left_out']);
    expect(store.events({ limit: 1 })).toEqual([
      { id: '5', at: start + 10, who: 'wrapper', kind: 'notice.lost', detail: { channel: 'ntfy' } },
    ]);
  });

  test('a wrapper whose policy changed says which it uses now, or why it did not take it', () => {
    const now = (policy: Parameters<Store['describePolicy']>[1]) => {
      done(fresh.store.describePolicy(fresh.session, policy));
      const [{ policyHash, policySource, policyProblem } = {}] = fresh.store.sessions();
      return { hash: policyHash, source: policySource, problem: policyProblem };
    };
    for (const policy of [
      { hash: 'b'.repeat(64), source: '/x.json', problem: undefined },
      { hash: 'b'.repeat(64), source: '/x.json', problem: 'no JSON' },
      { hash: undefined, source: undefined, problem: undefined },
    ])
      expect(now(policy)).toEqual(policy);
  });
});
