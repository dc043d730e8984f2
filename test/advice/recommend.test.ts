import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { lintPolicy } from '../../src/advice/lint.js';
import { type LoggedRow, readLogged } from '../../src/advice/logged-call.js';
import { recommend } from '../../src/advice/recommend.js';
import { recommendationText } from '../../src/advice/recommendation-file.js';
import { Usage } from '../../src/advice/usage.js';
import { loadPolicy } from '../../src/policy/read/load.js';

const START = Date.UTC(2026, 10, 18, 9);
const MINUTE = 60_000;
const DAY = 86_400_000;

const row = (changes: Partial<LoggedRow>): LoggedRow => ({
  auditId: '1',
  at: START,
  tool: 'create_invoice',
  decision: 'allow',
  code: undefined,
  rule: undefined,
  observe: false,
  arguments: '["amount_total"]',
  approval: undefined,
  outcome: 'ok',
  grant: 'default',
  ...changes,
});

/** `count` rows, `every` milliseconds apart. */
const rows = (count: number, every: number, changes: Partial<LoggedRow> = {}): LoggedRow[] =>
  Array.from({ length: count }, (_, i) => row({ ...changes, at: (changes.at ?? START) + i * every }));

function textOf(log: readonly LoggedRow[]): string {
  const usage = new Usage((name) => name.includes('amount'));
  for (const one of log) usage.add(readLogged(one));
  const { calls, passed, period } = usage;
  return recommendationText(
    recommend(usage),
    { server: 'demo', calls, passed, ...period, notes: [] },
    (tool) => `class of ${tool}`,
  );
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into the document
const policyOf = (log: readonly LoggedRow[]): any => parse(textOf(log), [], { allowTrailingComma: false });
const limitsOf = (log: readonly LoggedRow[], tool = 'create_invoice') =>
  policyOf(log).tools[tool].limits.map((limit: { window: string; max: number }) => [limit.window, limit.max]);

const nasty = fc.oneof(
  fc.constantFrom(
    '*/',
    '// x',
    '"',
    '\\',
    '\n"tools": {}',
    '\r',
    '\u2028',
    '\u202e',
    '\ud800',
    '\u0000',
    '__proto__',
    'constructor',
    '*',
    'a*',
    '',
    'version',
    'T',
    't',
    'a_amount',
    'a',
    'x'.repeat(512),
    `${'x'.repeat(512)}…`,
    '\u0085}',
    '🧾',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const argumentsText = fc.oneof(
  fc.array(nasty, { maxLength: 3 }).map((names) => JSON.stringify(names)),
  fc
    .dictionary(
      fc.oneof(
        fc.constantFrom('amount', 'Amount', 'amount_total', 'amount"]', 'amount.x', '__proto__'),
        nasty,
      ),
      fc.oneof(
        fc.constantFrom<unknown>(
          0,
          -1,
          0.1,
          1e300,
          1e-300,
          '5',
          null,
          [],
          [{ amount: 3 }],
          [{ amount: -3 }],
          { amount: 7 },
        ),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ),
      { maxKeys: 3 },
    )
    .map((args) => JSON.stringify(args)),
  fc.constantFrom('["…"]', '{"cut', '', '{"amount":12345678901234567890.123}', '{"amount":1e400}'),
);
const anyRow = fc
  .record({
    tool: nasty,
    decision: fc.constantFrom<LoggedRow['decision']>('allow', 'allow', 'allow', 'deny', 'hide', 'ask'),
    code: fc.constantFrom(undefined, 'LIMIT', 'NO_POLICY', 'DENY_IF', 'APPROVAL_REQUIRED', 'MALFORMED'),
    rule: fc.option(nasty, { nil: undefined }),
    observe: fc.boolean(),
    arguments: argumentsText,
    approval: fc.option(fc.constant('A'), { nil: undefined }),
    grant: nasty,
    at: fc.integer({ min: START, max: START + 20 * DAY }),
  })
  .map((changes) => row(changes));

test('any log gives a policy without a problem, that lists what passed and nothing else', () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 25 }), (log) => {
      const text = textOf(log);
      const loaded = loadPolicy(text, 'recommended');
      expect(loaded.problems).toEqual([]);
      const hardlyMeant = loaded.policy ? lintPolicy(loaded).map(({ code }) => code) : [];
      expect(hardlyMeant).toEqual(loaded.policy?.tools.size === 0 ? ['NOTHING_CALLABLE'] : []);
      const listed = [...(loaded.policy?.tools.keys() ?? [])].sort();
      const whole = (tool: string) => tool !== '' && !tool.includes('*') && tool.length <= 512;
      const passed = log.filter((one) => readLogged(one).disposition === 'passed').map(({ tool }) => tool);
      expect(listed).toEqual([...new Set(passed.filter(whole))].sort());
      expect(loaded.policy).toMatchObject({ default: 'deny', patterns: [], hide: [] });
      // Nothing in it can be seen otherwise than it is read.
      expect(text).not.toMatch(/[^\n\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 400 },
  );
});

describe('rates', () => {
  test('half again what 99 of 100 calls saw, and at least a tenth above the highest', () => {
    // A burst of 40 among 10,000 calls of one every four minutes.
    const log = [...rows(10_000, 4 * MINUTE), ...rows(40, 1, { at: START + 10_000 * 4 * MINUTE })];
    expect(limitsOf(log)).toEqual([
      ['minute', 50],
      ['hour', 60],
      ['day', 600],
    ]);
  });

  test('only windows that were observed twice, but always the minute', () => {
    expect(limitsOf(rows(6, 10))).toEqual([['minute', 9]]);
    expect(limitsOf(rows(60, 3 * MINUTE))).toEqual([
      ['minute', 2],
      ['hour', 30],
    ]);
  });

  test('no limit that another keeps anyway', () => {
    // Twice a day: a minute holds no more than the hour may.
    expect(limitsOf(rows(20, DAY / 2))).toEqual([
      ['hour', 2],
      ['day', 3],
    ]);
    // Steadily one a second: 100 a minute is no more than 6,000 an hour.
    expect(limitsOf(rows(8000, 1000))).toEqual([
      ['second', 2],
      ['minute', 100],
    ]);
  });

  test('seconds where a minute holds many', () => {
    expect(limitsOf(rows(100, 250))).toEqual([
      ['second', 6],
      ['minute', 150],
    ]);
  });

  test('the evidence stands above each line', () => {
    expect(textOf(rows(312, 18 * MINUTE))).toContain(
      `        // 312 calls in 4 days, at most 4 in any hour
        { "counter": "create_invoice_per_hour", "window": "hour", "max": 6, "scope": "grant" },
        // 312 calls in 4 days, at most 80 in any day
        { "counter": "create_invoice_per_day", "window": "day", "max": 120, "scope": "grant" }`,
    );
  });

  test('grants count apart', () => {
    const log = rows(6, 10).flatMap((one, i) => [one, { ...one, grant: `g${i % 2}` }]);
    expect(limitsOf(log)).toEqual([['minute', 9]]);
  });

  test('two limits never share a counter', () => {
    const log = [
      row({ tool: 'a', arguments: '{"amount":5}' }),
      ...rows(3, DAY, { tool: 'a_amount', arguments: '[]' }),
    ];
    expect(loadPolicy(textOf(log), 'x').problems).toEqual([]);
    const names = Object.values(policyOf(log).tools).flatMap((tool) =>
      (tool as { limits: { counter: string }[] }).limits.map(({ counter }) => counter),
    );
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('amounts', () => {
  const amounts = (...texts: string[]) => texts.map((text, i) => row({ at: START + i, arguments: text }));

  test('the largest and the sum of a day, exactly, with a fifth on top', () => {
    expect(policyOf(amounts('{"amount":0.1}', '{"amount":0.2}')).tools.create_invoice).toMatchObject({
      require: [{ conditions: [{ path: 'args.amount', op: 'lte', value: 0.25 }] }],
      limits: [{ window: 'minute' }, { window: 'day', max: 0.4, amount: 'args.amount' }],
    });
  });

  test('inside lists and objects', () => {
    const log = amounts('{"order":{"amount":7},"lines":[{"amount":10},{"amount":20}]}');
    const { require, limits } = policyOf(log).tools.create_invoice;
    expect(
      require.map((one: { conditions: { path: string; value: number }[] }) => one.conditions[0]),
    ).toEqual([
      { path: 'args.order.amount', op: 'lte', value: 10 },
      { path: 'args.lines[*].amount', op: 'lte', value: 25 },
    ]);
    expect(limits.slice(1)).toMatchObject([
      { amount: 'args.order.amount' },
      { amount: { sum: 'args.lines[*].amount' }, max: 40 },
    ]);
  });

  test.each([
    ['missing', '{"amount":5}', '{}'],
    ['missing before', '{}', '{"amount":5}'],
    ['negative', '{"amount":5}', '{"amount":-5}'],
    ['text', '{"amount":5}', '{"amount":"5"}'],
    ['a list without elements', '{"lines":[{"amount":5}]}', '{"lines":[]}'],
    ['missing where names alone were kept', '{"amount":5}', '["other"]'],
    ['unclear', '{"amount":5}', '{"amount":5,"Amount":6}'],
  ])('none where a call would be refused for it: %s', (_, ...texts) => {
    const log = amounts(...texts);
    const { require, limits } = policyOf(log).tools.create_invoice;
    expect(require).toBeUndefined();
    expect(limits).toHaveLength(1);
    expect(textOf(log)).toMatch(/\/\/ no limit on args\.\S+: a call was without it/);
  });

  test('calls of which the names alone were kept are said', () => {
    expect(textOf(amounts('{"amount":5}', '["amount"]'))).toContain(
      '// at most 5 in 1 call; the log kept no values of 1 more',
    );
  });
});

describe('what did not pass', () => {
  const refused = (changes: Partial<LoggedRow>) =>
    row({ decision: 'deny', code: 'LIMIT', rule: '/x', ...changes });

  test('is not listed for it, and said in a comment', () => {
    const log = [row({ tool: 'a' }), refused({ tool: 'b' }), refused({ tool: 'b', observe: true })];
    expect(Object.keys(policyOf(log).tools)).toEqual(['a']);
    expect(textOf(log)).toContain('//   b: 2 calls refused by /x');
  });

  test('takes the headroom away, in the window that explains it', () => {
    const log = [...rows(30, 10), ...Array.from({ length: 5 }, () => refused({ at: START + 400 }))];
    expect(limitsOf(log)).toEqual([['minute', 30]]);
    expect(textOf(log)).toContain('// 5 calls refused by /x: what passed and no more');
  });

  test('a day that was not observed is there when only it explains a refusal', () => {
    const log = [...rows(3, 90 * MINUTE), refused({ at: START + 300 * MINUTE })];
    expect(limitsOf(log)).toEqual([
      ['hour', 1],
      ['day', 3],
    ]);
  });

  test('before the tool was listed it says nothing of how it is used', () => {
    const log = [refused({ code: 'NOT_LISTED', rule: '(default deny)' }), ...rows(6, 10)];
    expect(limitsOf(log)).toEqual([['minute', 9]]);
  });

  test('a tool for which a person was asked each time is asked about again', () => {
    const log = [row({ decision: 'ask', code: 'APPROVAL_REQUIRED', rule: '/a' }), row({ approval: 'A' })];
    expect(policyOf(log).tools.create_invoice).toMatchObject({ action: 'approve' });
    expect(policyOf([...log, row({ at: START + 1 })]).tools.create_invoice.action).toBeUndefined();
  });

  test.each(['read_*', '', `${'x'.repeat(512)}…`])(
    'a name that cannot be listed alone is not: %j',
    (tool) => {
      expect(policyOf([row({ tool })]).tools).toEqual({});
    },
  );
});

test('more tools than fit are left out, those least used', () => {
  const log = Array.from({ length: 6000 }, (_, i) =>
    row({ tool: `${i}`.padEnd(512, '\u0001'), arguments: '{"amount":1}' }),
  );
  const text = textOf([...log, ...rows(2, 1, { tool: 'often' })]);
  const loaded = loadPolicy(text, 'x');
  expect(loaded.problems).toEqual([]);
  expect(loaded.policy?.tools.size).toBe(500);
});
