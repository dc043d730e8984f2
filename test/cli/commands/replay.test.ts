import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recommend } from '../../../src/cli/commands/recommend.js';
import { replay } from '../../../src/cli/commands/replay.js';
import { output, Played, type PlayedCall } from './played.js';
import { FakeTerminal } from './support.js';

const FULL = { version: '1', default: 'deny', audit: { arguments: 'full' } };
const times = (count: number, call: PlayedCall = {}): PlayedCall[] =>
  Array.from({ length: count }, () => call);

async function replayed(played: Played, draft: string | object, options: object = {}) {
  const file = played.file('draft.json', typeof draft === 'string' ? draft : { ...FULL, ...draft });
  const { code, text } = await output((io) => replay(file, { db: played.db, json: true, ...options }, io));
  const result = JSON.parse(text);
  const changes = result.changes.map(
    (one: { change: string; tool: string; code: string; rule: string; calls: number }) =>
      [one.change, one.calls, one.tool, one.code, one.rule].join(' '),
  );
  return { code, result, changes };
}

const call = fc.record({
  after: fc.oneof(fc.constantFrom(0, 1, 999, 60_000), fc.integer({ min: 0, max: 4000 })),
  tool: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'),
  args: fc.record(
    { amount: fc.constantFrom<unknown>(1, 2, 2.5, 2, 1, 40, '3'), point: fc.constantFrom(1, '1', 2) },
    { requiredKeys: ['amount'] },
  ),
  outcome: fc.constantFrom('ok', 'ok', 'error', 'tool_error', 'unanswered', 'not_sent', undefined),
  latencyMs: fc.constantFrom(0, 10, 2500),
  grant: fc.constantFrom('default', 'default', 'default', 'other'),
  observe: fc.constantFrom(false, false, false, true),
  allow: fc.boolean(),
  session: fc.constantFrom(1, 2),
});
const calls = fc.array(call, { minLength: 40, maxLength: 120 });

/** Every kind of rule that looks at the past, and some that do not. */
const RICH = {
  ...FULL,
  hide: ['d'],
  all_tools: { limits: [{ counter: 'all', window: 'minute', max: 60 }] },
  tools: {
    a: { limits: [{ counter: 'a', window: 10, max: 2, refund: 'on_error' }] },
    b: { limits: [{ counter: 'b', window: 'minute', max: 5, amount: 'args.amount', per: 'args.point' }] },
    c: { approve_if: [{ conditions: [{ path: 'args.point', op: 'eq', value: 2 }] }], rate_limit: '3/minute' },
    e: { limits: [{ counter: 'e', window: '5m', max: 3, refund: 'on_success' }] },
    f: { limits: [{ counter: 'f', window: 'hour', max: 4, align: 'calendar' }] },
    g: { limits: [{ counter: 'g', window: 'minute', max: 1, on_exceed: 'approve' }] },
    h: {
      deny_if: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 2 }] }],
      limits: [{ counter: 'h', window: 'hour', max: 3, scope: 'session' }],
    },
    i: { after: [{ tools: ['a', 'f'], within: 5 }] },
    j: { before: [{ tools: ['b'], within: '20s', scope: 'session' }] },
    k: { hours: { from: '00:00', to: '12:01' } },
    // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
    l: { after: [{ tools: ['e'], within: 10, scope: 'grant', then: 'approve' }] },
  },
};

/** The same without what goes by outcomes, which are then not looked at. */
const PLAIN = {
  ...RICH,
  tools: {
    ...RICH.tools,
    a: { limits: [{ counter: 'a', window: 10, max: 2 }] },
    e: { limits: [{ counter: 'e', window: '5m', max: 3 }] },
    j: {},
  },
};

test.each([
  ['refunds and approvals included', RICH],
  ['where none goes by an outcome', PLAIN],
])(
  'the policy of the time changes nothing: every decision comes out as it did, %s',
  async (_what, policy) => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(calls, async (list) => {
        using played = new Played();
        for (const one of played.play(policy, list)) seen.add(one.kind);
        const { code, result, changes } = await replayed(played, policy, { check: true });
        expect(changes).toEqual([]);
        expect(result.notJudged).toEqual([]);
        expect(code).toBe(0);
        expect(result.unchanged).toBe(result.calls);
        expect(result.calls).toBeGreaterThanOrEqual(list.length);
      }),
      { numRuns: 30 },
    );
    expect([...seen].sort()).toEqual(['allowed', 'asked', 'exceeded', 'refused', 'unmet']);
  },
);

test('rules over several tools see what other servers did, and how a call of theirs ended', async () => {
  using played = new Played();
  const web = { server: 'web', tool: 'fetch_page' };
  const send = { tool: 'send' };
  const tools = { send: { after: [{ tools: ['web/fetch_*'], within: '1m' }] }, '*': {} };
  played.play({ tools: { '*': {} } }, [
    send,
    { ...web, after: 1000 },
    { ...send, after: 59_999 },
    { ...send, after: 1 },
    { ...web, after: 1000, outcome: 'not_sent' },
    { ...send, after: 1000 },
    { ...web, after: 1000, observe: true },
    { ...send, after: 1000 },
  ]);
  const { result, changes } = await replayed(played, { tools }, { server: 'demo' });
  expect(changes).toEqual(['newly refused 2 send AFTER /tools/send/after/0']);
  expect(result.calls).toBe(5);
  expect((await replayed(played, { tools: { '*': {} } }, { server: 'demo' })).changes).toEqual([]);
});

test('what is recommended changes nothing either, where all passed', async () => {
  await fc.assert(
    fc.asyncProperty(calls, fc.constantFrom('keys', 'full'), async (list, kept) => {
      using played = new Played();
      played.play({ default: 'allow', audit: { arguments: kept } }, list);
      const { text } = await output((io) => recommend({ db: played.db }, io));
      const { changes, result } = await replayed(played, text);
      expect(changes).toEqual([]);
      if (kept === 'full') expect(result.notJudged).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

describe('what changes', () => {
  test('by tool and rule, with examples', async () => {
    using played = new Played();
    played.play({ ...FULL, tools: { a: {}, b: { deny_if: [{ conditions: [] }] }, c: {} } }, [
      ...times(35, { tool: 'a', args: { n: 1 }, after: 10 }),
      ...times(2, { tool: 'b' }),
      ...times(4, { tool: 'c' }),
      { tool: 'd' },
    ]);
    const { code, result, changes } = await replayed(
      played,
      { tools: { a: { rate_limit: '30/minute' }, b: {}, c: { action: 'approve' } } },
      { check: true },
    );
    expect(code).toBe(4);
    expect(changes).toEqual([
      'newly refused 5 a LIMIT /tools/a/rate_limit',
      'newly asked 4 c APPROVAL_REQUIRED /tools/c/action',
      'newly allowed 2 b DENY_IF /tools/b/deny_if/0',
    ]);
    expect(result).toMatchObject({ version: 1, server: 'demo', calls: 42, unchanged: 31 });
    expect(result.changes[0].examples).toHaveLength(3);
    expect(result.changes[0].examples[0]).toEqual({
      auditId: '31',
      at: '2026-11-18T09:00:00.310Z',
      logged: { fate: 'passed' },
      arguments: { n: 1 },
    });
  });

  test('as text, with what a client chose made harmless', async () => {
    using played = new Played();
    played.play({ ...FULL, default: 'allow' }, times(2, { tool: 'evil\u001b[2J\n', args: { x: '\u202e' } }));
    const file = played.file('draft.json', { ...FULL, tools: {} });
    const { code, text } = await output((io) => replay(file, { db: played.db }, io));
    expect(code).toBe(0);
    expect(text.split('\n').slice(1)).toEqual([
      '  newly refused: 2 of evil\\u{1b}[2J\\u{a}  NOT_LISTED (default deny)',
      '      2026-11-18T09:00:00.000Z  #1  {"x":"\\u{202e}"}',
      '      2026-11-18T09:00:00.000Z  #2  {"x":"\\u{202e}"}',
      '  unchanged: 0',
      '',
    ]);
  });

  test('nothing is said so, and is 0 with --check', async () => {
    using played = new Played();
    played.play(FULL, [{}]);
    const file = played.file('draft.json', FULL);
    const { code, text } = await output((io) => replay(file, { db: played.db, check: true }, io));
    expect([code, text.split('\n')[1]]).toEqual([0, '  nothing changes']);
  });

  test('a call that is newly refused charges nothing, one that is newly allowed does', async () => {
    using played = new Played();
    played.play({ ...FULL, tools: { a: {} } }, [
      ...times(3, { tool: 'a', after: 1 }),
      ...times(3, { tool: 'b', after: 1 }),
    ]);
    const limits = [{ counter: 'shared', window: 'minute', max: 4 }];
    const { changes } = await replayed(played, { tools: { a: { limits }, b: { limits } } });
    expect(changes).toEqual(['newly allowed 1 b NOT_LISTED (default deny)']);
  });

  test('a question that is not asked any more is one call, with what came of it', async () => {
    using played = new Played();
    const limits = [{ counter: 'c', window: 'minute', max: 1 }];
    played.play({ ...FULL, tools: { a: { action: 'approve' } } }, [{ tool: 'a', allow: true }]);
    const { changes, result } = await replayed(played, { tools: { a: { limits } } });
    expect(changes).toEqual(['newly allowed 1 a APPROVAL_REQUIRED /tools/a/action']);
    expect(result.notJudged).toMatchObject([
      { calls: 1, why: 'the same call again, after a person was asked' },
    ]);
  });

  test('what observing wrappers would have refused is what counts, not that it passed', async () => {
    using played = new Played();
    played.play({ ...FULL, tools: { a: {} } }, [
      { tool: 'a', observe: true },
      { tool: 'b', observe: true },
    ]);
    played.play(undefined, [{ tool: 'b', observe: true }, { tool: 'b' }]);
    const { changes, result } = await replayed(played, { tools: {} });
    expect(changes).toEqual([
      'newly refused 1 a NOT_LISTED (default deny)',
      'newly refused 1 b NOT_LISTED (default deny)',
    ]);
    expect(result.unchanged).toBe(2);
  });
});

describe('what cannot be judged', () => {
  test('is counted with the rule that reads it, and is no change', async () => {
    using played = new Played();
    played.play({ default: 'allow' }, [
      ...times(3, { tool: 'a', args: { amount: 5 } }),
      { tool: 'a' },
      ...times(5, { tool: 'b', args: { x: 1 } }),
    ]);
    const { code, changes, result } = await replayed(
      played,
      {
        tools: {
          a: { require: [{ conditions: [{ path: 'args.amount', op: 'lt', value: 100 }] }] },
          b: { rate_limit: '4/minute', deny_if: [{ conditions: [{ path: 'env.X', op: 'eq', value: 'y' }] }] },
        },
      },
      { check: true },
    );
    expect(changes).toEqual([
      'newly refused 1 a REQUIRE /tools/a/require/0',
      'newly refused 1 b LIMIT /tools/b/rate_limit',
    ]);
    expect(result.notJudged).toEqual([
      { calls: 4, why: '/tools/b/deny_if/0 reads env.X, which the log does not hold' },
      { calls: 3, why: '/tools/a/require/0 reads args.amount, which the log does not hold' },
    ]);
    expect(code).toBe(4);
  });

  test('a name of which the log has only the beginning', async () => {
    using played = new Played();
    played.play({ default: 'allow' }, [{ tool: 'x'.repeat(600) }]);
    const { changes, result } = await replayed(played, {});
    expect(changes).toEqual([]);
    expect(result.notJudged).toMatchObject([{ calls: 1 }]);
  });
});

describe('since', () => {
  test('counts what was charged before, without showing it', async () => {
    using played = new Played();
    const policy = { ...FULL, tools: { a: { rate_limit: '3/hour' } } };
    played.play(policy, [...times(3, { tool: 'a' }), { tool: 'a', after: 50 * 60_000 }]);
    const since = new Date(played.now - 10_000).toISOString();
    const { changes, result } = await replayed(played, policy, { since });
    expect(changes).toEqual([]);
    expect(result).toMatchObject({ calls: 1, unchanged: 1 });
  });
});

test('layers: the draft is judged together with what it extends', async () => {
  using played = new Played();
  played.play({ default: 'allow' }, times(3, { tool: 'a' }));
  played.file('below.json', {
    ...FULL,
    default: 'allow',
    all_tools: { limits: [{ counter: 'c', window: 'day', max: 1 }] },
  });
  const { changes } = await replayed(played, { default: 'allow', extends: 'below.json' });
  expect(changes).toEqual(['newly refused 2 a LIMIT below.json#/all_tools/limits/c']);
});

test.each<[string, { draft?: object; server?: string; since?: string }, PlayedCall[], string]>([
  ['without a log', {}, [], 'NOT_FOUND'],
  ['of an unknown server', { server: 'x' }, [{}], 'NOT_FOUND'],
  ['of several servers', {}, [{}, { server: 'two' }], 'USAGE'],
  ['since no time', { since: 'yesterday' }, [{}], 'USAGE'],
  ['by an invalid draft', { draft: { tool: {} } }, [{}], 'POLICY_INVALID'],
])('refuses to replay %s', async (_, options, calls, code) => {
  using played = new Played();
  played.play(FULL, calls);
  const file = played.file('draft.json', { ...FULL, ...options.draft });
  await expect(
    replay(file, { db: played.db, ...(({ draft: _draft, ...rest }) => rest)(options) }, new FakeTerminal()),
  ).rejects.toMatchObject({ code });
});

test('of several servers one that is named', async () => {
  using played = new Played();
  played.play(FULL, [{}, {}, { server: 'two' }]);
  expect((await replayed(played, {}, { server: 'two' })).result.calls).toBe(1);
});

test('what was read is judged by the draft’s resources, though the log has names of arguments alone', async () => {
  using played = new Played();
  const read = (uri: string): PlayedCall => ({ tool: `resource:${uri}`, args: { uri } });
  const calls = [
    read('file:///a'),
    read('memo://x'),
    read('memo://y'),
    { tool: 'prompt:greet', args: { a: 1 } },
  ];
  played.play({ default: 'allow' }, calls);
  const denyIf = [{ conditions: [{ path: 'args.uri', op: 'contains', value: 'y' }] }];
  const { changes } = await replayed(played, {
    default: 'allow',
    resources: { 'memo://**': { deny_if: denyIf, rate_limit: '1/day' }, 'file:///**': { action: 'hide' } },
  });
  expect(changes.sort()).toEqual([
    'newly refused 1 resource:file:///a HIDDEN (hidden)',
    'newly refused 1 resource:memo://y DENY_IF /resources/memo:~1~1**/deny_if/0',
  ]);
});
