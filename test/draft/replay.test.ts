import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { whyNotText } from '../../src/advice/comparison.js';
import { readDraft } from '../../src/draft/findings.js';
import { declaredArguments } from '../../src/draft/known-tools.js';
import { Replay, recorded, replayed as run } from '../../src/draft/replay.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { Store } from '../../src/store/store.js';
import { admission, INFO } from '../store/support-shapes.js';
import { anyCalls, Played, type PlayedCall } from '../support/played.js';

const FULL = { version: '1', default: 'deny', audit: { arguments: 'full' } };
const times = (count: number, call: PlayedCall = {}): PlayedCall[] =>
  Array.from({ length: count }, () => call);

function layersOf(played: Played, draft: object) {
  const file = played.file('draft.json', { ...FULL, ...draft });
  const found = readDraft(readFileSync(file, 'utf8'), file);
  if (found.kind === 'problems') throw new Error(JSON.stringify(found.problems));
  return stack(found.policy, found.extended);
}

/** What a draft would change; each change in a line. */
async function replayed(
  played: Played,
  draft: object,
  { server = 'demo', since }: { server?: string; since?: number } = {},
) {
  const layers = layersOf(played, draft);
  const store = Store.open(played.db, { now: () => played.now });
  try {
    const declared = (tool: string) => declaredArguments(tool, server, played.db);
    const { calls, unchanged, changes, notJudged } = await run(
      recorded(store, layers, server, { since }),
      layers,
      { server, since, declared },
    );
    return {
      changes: changes.map(({ change, calls, tool, code, rule }) =>
        [change, calls, tool, code, rule].join(' '),
      ),
      result: {
        calls,
        unchanged,
        notJudged: notJudged.map(({ calls, why }) => ({ calls, why: whyNotText(why) })),
      },
    };
  } finally {
    store.close();
  }
}

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
  const { result, changes } = await replayed(played, { tools });
  expect(changes).toEqual(['newly refused 2 send AFTER /tools/send/after/0']);
  expect(result.calls).toBe(5);
  expect((await replayed(played, { tools: { '*': {} } })).changes).toEqual([]);
});

describe('what changes', () => {
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
    const { changes, result } = await replayed(played, {
      tools: {
        a: { require: [{ conditions: [{ path: 'args.amount', op: 'lt', value: 100 }] }] },
        b: { rate_limit: '4/minute', deny_if: [{ conditions: [{ path: 'env.X', op: 'eq', value: 'y' }] }] },
      },
    });
    expect(changes).toEqual([
      'newly refused 1 a REQUIRE /tools/a/require/0',
      'newly refused 1 b LIMIT /tools/b/rate_limit',
    ]);
    expect(result.notJudged).toEqual([
      { calls: 4, why: '/tools/b/deny_if/0 reads env.X, which the log does not hold' },
      { calls: 3, why: '/tools/a/require/0 reads args.amount, which the log does not hold' },
    ]);
  });

  test('a name of which the log has only the beginning', async () => {
    using played = new Played();
    played.play({ default: 'allow' }, [{ tool: 'x'.repeat(600) }]);
    const { changes, result } = await replayed(played, {});
    expect(changes).toEqual([]);
    expect(result.notJudged).toMatchObject([{ calls: 1 }]);
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

describe('since a time', () => {
  const LIMITED = { tools: { a: { rate_limit: '2/hour' } } };
  const HOUR = 3_600_000;

  test('what was charged in the longest window before it counts, and is not shown', async () => {
    using played = new Played();
    played.play({ ...FULL, tools: { a: {} } }, [
      { tool: 'a' },
      { tool: 'a', after: 1 },
      { tool: 'a', after: HOUR - 2 },
    ]);
    const since = played.now - 1000;
    const { changes, result } = await replayed(played, LIMITED, { since });
    expect(changes).toEqual(['newly refused 1 a LIMIT /tools/a/rate_limit']);
    expect(result).toMatchObject({ calls: 1, unchanged: 0 });
  });

  test('a call of that very moment is shown, one before it is not', async () => {
    using played = new Played();
    played.play({ ...FULL, tools: { a: {} } }, [
      { tool: 'a' },
      { tool: 'a', after: 1 },
      { tool: 'a', after: 1 },
    ]);
    const since = Date.UTC(2026, 10, 18, 9) + 1;
    expect((await replayed(played, { tools: { a: {} } }, { since })).result.calls).toBe(2);
  });

  test.each([
    ['a limit', { b: { rate_limit: '1/day' } }, 86_400_000],
    ['what came before', { b: { before: [{ tools: ['a'], within: '2h' }] } }, 2 * HOUR],
    ['hours', { b: { hours: { from: '00:00', to: '12:00' } } }, 0],
    ['nothing', {}, 0],
  ])('calls are read from as long before as %s looks back', async (_, tools, back) => {
    using played = new Played();
    const since = played.now + 10 * 86_400_000;
    const layers = layersOf(played, { tools });
    const asked: unknown[] = [];
    const log = (filter: unknown) => {
      asked.push(filter);
      return [];
    };
    for await (const page of recorded({ log, sessions: () => [] }, layers, 'demo', { since, mine: true }))
      expect(page).toEqual([]);
    // Rules that go by calls of other servers need those too.
    const server = back === 2 * HOUR ? undefined : 'demo';
    expect(asked).toMatchObject([{ server, since: since - back, mine: true }]);
  });
});

describe('what a draft does with a call, whatever became of it then', () => {
  async function fates(played: Played, draft: object) {
    const layers = layersOf(played, draft);
    const store = Store.open(played.db, { now: () => played.now });
    const replay = new Replay(layers, { server: 'demo', declared: () => undefined });
    try {
      for await (const page of recorded(store, layers, 'demo')) for (const each of page) replay.add(each);
      return { ...replay.fates, by: Object.fromEntries(replay.stoppedBy) };
    } finally {
      replay.close();
      store.close();
    }
  }

  test('is counted, and by the rule that stops it; what cannot be judged is not', async () => {
    using played = new Played();
    played.play({ default: 'allow', tools: { no: { action: 'deny' } } }, [
      ...times(3, { tool: 'a', after: 1 }),
      ...times(2, { tool: 'b' }),
      ...times(2, { tool: 'c', args: { n: 1 } }),
      { tool: 'no' },
      { tool: 'x'.repeat(600) },
      { tool: 'a', server: 'other' },
    ]);
    const tools = {
      a: { rate_limit: '2/minute' },
      b: { action: 'approve' },
      c: { deny_if: [{ conditions: [{ path: 'args.n', op: 'eq', value: 1 }] }] },
    };
    expect(await fates(played, { audit: undefined, tools })).toEqual({
      passed: 2,
      refused: 2,
      asked: 2,
      by: { '/tools/a/rate_limit': 1, '(default deny)': 1, '/tools/b/action': 2 },
    });
  });
});

test('a tool that had changed is refused still where the draft looks at changes, and not elsewhere', async () => {
  const refusal = { code: 'CHANGED', rule: '/pin', authorText: undefined, explanation: '' } as const;
  using played = new Played();
  const session = played.store.startSession({ ...INFO, server: 'demo' });
  played.store.admit(session, [admission({ kind: 'refused', refusal }, { tool: 'a', argumentsText: '{}' })]);
  expect((await replayed(played, { tools: { a: {} } })).changes).toEqual([
    expect.stringMatching(/^newly allowed 1 a CHANGED/),
  ]);
  for (const pin of ['hold', 'deny'])
    expect(await replayed(played, { pin, tools: { a: {} } })).toMatchObject({
      changes: [],
      result: { unchanged: 1 },
    });
  expect((await replayed(played, { pin: 'warn', tools: { a: {} } })).changes).toHaveLength(1);
});

test('arguments that the schema of the time does not have are refused by a draft that wants them declared', async () => {
  using played = new Played();
  const inputSchema = { type: 'object', properties: { n: { type: 'number' } } };
  const definition = JSON.stringify({ name: 'a', inputSchema });
  played.store.seeTools('demo', [{ name: 'a', definition }], { by: 'x', ended: new Set(['tool' as const]) });
  played.play({ ...FULL, default: 'allow' }, [
    { tool: 'a', args: { n: 1 } },
    { tool: 'a', args: { m: 1 } },
    { tool: 'b', args: { m: 1 } },
  ]);
  const declaring = { default: 'allow', all_tools: { arguments: 'declared' } };
  expect((await replayed(played, declaring)).changes).toEqual([
    'newly refused 1 a ARGUMENTS /all_tools/arguments',
  ]);
  expect((await replayed(played, { default: 'allow' })).changes).toEqual([]);
});

test('of another server counts what passed there, and under --observe what would not have', async () => {
  using played = new Played();
  const web = { server: 'web', tool: 'read' };
  const denying = { ...FULL, tools: {} };
  const send = { tools: { send: { after: [{ tools: ['web/read'], within: '1m' }] } } };
  const refused = 'newly refused 1 send AFTER /tools/send/after/0';
  played.play(denying, [web]);
  played.play({ ...FULL, tools: { send: {} } }, [{ tool: 'send' }]);
  expect((await replayed(played, send)).changes).toEqual([]);
  played.play(denying, [{ ...web, observe: true }]);
  played.play({ ...FULL, tools: { send: {} } }, [{ tool: 'send' }]);
  expect((await replayed(played, send)).changes).toEqual([refused]);
});

test('an observing wrapper counts apart, and what passed there is known to the others', async () => {
  using played = new Played();
  const limits = [{ counter: 'c', window: 'minute', max: 1 }];
  played.play({ ...FULL, default: 'allow' }, [
    { tool: 'a', observe: true },
    { tool: 'a', observe: true },
    { tool: 'a' },
    { tool: 'send' },
    { tool: 'other', observe: true },
    { tool: 'late' },
    { tool: 'x' },
    { tool: 'y', observe: true },
    { tool: 'no', observe: true },
    { tool: 'z' },
    { tool: 'no' },
    { tool: 'u', observe: true },
  ]);
  const { changes } = await replayed(played, {
    default: 'allow',
    tools: {
      a: { limits },
      send: { after: [{ tools: ['a'], within: '1m' }] },
      late: { after: [{ tools: ['other'], within: '1m' }] },
      // What passed elsewhere is known here; and what is refused under --observe, which passes all the same.
      y: { after: [{ tools: ['x'], within: '1m' }] },
      no: { action: 'deny' },
      z: { after: [{ tools: ['no'], within: '1m' }] },
      u: { after: [{ tools: ['late'], within: '1m' }] },
    },
  });
  expect(changes).toEqual([
    'newly refused 2 no ACTION_DENY /tools/no/action',
    'newly refused 1 a LIMIT /tools/a/limits/c',
    'newly refused 1 send AFTER /tools/send/after/0',
    'newly refused 1 late AFTER /tools/late/after/0',
    'newly refused 1 y AFTER /tools/y/after/0',
    'newly refused 1 z AFTER /tools/z/after/0',
  ]);
});

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
      fc.asyncProperty(anyCalls, async (list) => {
        using played = new Played();
        for (const one of played.play(policy, list)) seen.add(one.kind);
        const { result, changes } = await replayed(played, policy);
        expect(changes).toEqual([]);
        expect(result.notJudged).toEqual([]);
        expect(result.unchanged).toBe(result.calls);
        expect(result.calls).toBeGreaterThanOrEqual(list.length);
      }),
      { numRuns: 30 },
    );
    expect([...seen].sort()).toEqual(['allowed', 'asked', 'exceeded', 'refused', 'unmet']);
  },
);
