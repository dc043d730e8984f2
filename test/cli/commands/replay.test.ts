import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recommend } from '../../../src/cli/commands/recommend.js';
import { replay } from '../../../src/cli/commands/replay.js';
import { anyCalls, Played, type PlayedCall } from '../../support/played.js';
import { output } from './output.js';
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

test('what is recommended changes nothing either, where all passed', async () => {
  await fc.assert(
    fc.asyncProperty(anyCalls, fc.constantFrom('keys', 'full'), async (list, kept) => {
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
