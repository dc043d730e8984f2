import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { importIntercept } from '../../src/advice/intercept/import.js';
import type { Json } from '../../src/json/value.js';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { growth } from '../support/growth.js';
import { Predecessor } from './intercept-model.js';

function imported(yaml: string) {
  const result = importIntercept(yaml);
  if ('fault' in result) throw new Error(result.fault);
  const { policy, problems } = loadPolicy(result.text, 'imported');
  expect(problems).toEqual([]);
  if (!policy) throw new Error('no policy');
  const judge = (tool: string, args: { [key: string]: Json } = {}) =>
    evaluate(policy, { tool, args, env: {} });
  return { ...result, document: parse(result.text), judge };
}

const POLICY = `
version: "1"
description: Payments
default: deny
hide: [delete_account]
tools:
  create_charge:
    rules:
      - name: cap
        action: evaluate
        conditions:
          - { path: args.amount, op: lte, value: 500 }
          - { path: args.currency, op: in, value: [usd, eur] }
        on_deny: Too much
      - name: daily
        conditions:
          - { path: state.create_charge.daily_spend, op: lte, value: 10000 }
        state: { counter: daily_spend, window: day, increment_from: args.amount }
      - name: few
        rate_limit: 10/hour
  drop_table:
    rules:
      - { name: never, action: deny, on_deny: No }
  list_charges: { rules: [] }
  "*":
    rules:
      - { name: all, rate_limit: 60/minute }
`;

describe("the predecessor's policies", () => {
  test('rules, conditions, counters, rate limits, hide and default are carried over', () => {
    const { document, notes, judge } = imported(POLICY);
    expect(notes).toEqual([]);
    expect(document).toMatchObject({ version: '1', default: 'deny', hide: ['delete_account'] });
    expect(judge('delete_account')).toEqual({ kind: 'hidden' });
    expect(judge('other')).toMatchObject({ refusal: { code: 'NOT_LISTED' } });
    expect(judge('drop_table')).toMatchObject({ refusal: { code: 'DENY_IF', authorText: 'No' } });
    expect(judge('create_charge', { amount: 501, currency: 'usd' })).toMatchObject({
      refusal: { authorText: 'Too much' },
    });
    expect(judge('create_charge', { currency: 'usd' })).toMatchObject({ refusal: { code: 'REQUIRE' } });
    const open = judge('create_charge', { amount: 500, currency: 'usd' });
    expect(
      open.kind === 'open' &&
        open.charges.map(({ limit, amount }) => [limit.counter, String(amount), String(limit.max)]),
    ).toEqual([
      ['all_tools.rate_minute', '1', '60'],
      ['create_charge.daily_spend', '500', '10000'],
      ['create_charge.rate_hour', '1', '10'],
    ]);
    expect(document.tools.create_charge.limits[0]).toMatchObject({
      align: 'calendar',
      window: 'day',
      amount: 'args.amount',
    });
    expect(judge('list_charges')).toMatchObject({ kind: 'open' });
  });

  test('lt N is N - 1', () => {
    const { document } = imported(`
default: allow
tools: { t: { rules: [{ conditions: [{ path: state.t.c, op: lt, value: 5 }], state: { counter: c, window: hour } }] } }`);
    expect(document.tools.t.limits).toEqual([
      { counter: 't.c', window: 'hour', max: 4, scope: 'grant', align: 'calendar' },
    ]);
  });

  test('without a default everything was allowed there, and is here', () => {
    const { document, notes, isComplete } = imported('version: "1"\ntools: {}');
    expect([document.default, isComplete]).toEqual(['allow', true]);
    expect(notes.join()).toMatch(/there was no default, which meant allow/);
  });

  const rule = (text: string) => `default: allow\ntools:\n  pay:\n    rules:\n      - ${text}\n`;

  test('an approval is asked for where its conditions hold, never the other way round', () => {
    const { document, judge, isComplete } = imported(
      rule(
        '{ name: big, action: require_approval, conditions: [{ path: args.amount, op: gt, value: 100 }], on_deny: Big, approval_timeout: 30m }',
      ),
    );
    expect(document.approvals).toEqual({ expires: '1800000ms' });
    expect(judge('pay', { amount: 100 })).toMatchObject({ kind: 'open', ask: undefined });
    expect(judge('pay', { amount: 101 })).toMatchObject({ kind: 'open', ask: { authorText: 'Big' } });
    // It cannot be determined, so a person is asked.
    expect(judge('pay', { amount: '101' })).toMatchObject({ kind: 'open', ask: {} });
    expect(isComplete).toBe(true);
  });

  test('an approval without conditions is asked for every call; of several times the shortest holds', () => {
    const { document, judge } = imported(`default: deny
tools:
  pay: { rules: [{ action: require_approval, approval_timeout: 1h30m }] }
  drop: { rules: [{ action: require_approval, approval_timeout: 20s }] }`);
    expect(document.tools.pay).toEqual({ action: 'approve' });
    expect(document.approvals).toEqual({ expires: '20000ms', wait: '20000ms' });
    expect(judge('pay')).toMatchObject({ kind: 'open', ask: { code: 'APPROVAL_REQUIRED' } });
  });

  test('a window of idempotency and both forms of rate limits are limits', () => {
    const { document, isComplete } = imported(`default: deny
tools:
  pay:
    rules:
      - idempotency_window: 5m
      - rate_limit: { max: 10, window: 60 }
      - rate_limit: 5/hour
      - rate_limit: 6/hour
  "*": { rules: [{ idempotency_window: 1h }] }`);
    expect(document.tools.pay.limits).toEqual([
      { counter: 'pay.twice', window: '300000ms', max: 1, scope: 'grant', per: 'args' },
      { counter: 'pay.rate_60', window: 60, max: 10, scope: 'grant' },
      { counter: 'pay.rate_hour', window: 'hour', max: 5, scope: 'grant', align: 'calendar' },
      { counter: 'pay.rate_hour_2', window: 'hour', max: 6, scope: 'grant', align: 'calendar' },
    ]);
    expect(document.all_tools.limits[0]).toMatchObject({ per: ['tool.name', 'args'] });
    expect(isComplete).toBe(true);
  });

  test('rules of tools without a policy around them are read; the rest is refused', () => {
    const { judge, notes } = imported('pay:\n  rules:\n    - rate_limit: 10/day\nread: { rules: [] }');
    expect(judge('pay')).toMatchObject({ kind: 'open', charges: [{ limit: { counter: 'pay.rate_day' } }] });
    expect(judge('read')).toMatchObject({ kind: 'open' });
    expect(judge('other')).toMatchObject({ refusal: { code: 'NOT_LISTED' } });
    expect(notes.join()).toMatch(/rules without the rest of a policy/);
  });

  test.each([
    ['a price', 'spend: { per_call: 0.5, daily: 50 }', /line 5: "spend" asks the server for the price/],
    ['a check of arguments', 'validate: { amount: number }', /"validate" has no counterpart/],
    ['another word for deny', 'action: block', /the action "block" is not known/],
    ['deny in another case', 'action: Deny', /the action "Deny" is not known/],
    ['a misspelt action', 'acton: deny', /"acton" of a rule is not known/],
    ['a misspelt limit', 'rate_limt: 5/hour', /"rate_limt"/],
    ['a window that is none', 'rate_limit: 5/week', /rate_limit "5\/week" is not understood/],
    ['a rate limit of another shape', 'rate_limit: { count: 5, per: hour }', /"count" of rate_limit/],
    ['a list as a limit', 'rate_limit: [5, hour]', /is not text/],
    ['an unknown operator', 'conditions: [{ path: args.a, op: like, value: 1 }]', /operator "like"/],
    ['a misspelt condition', 'conditions: [{ path: args.a, op: eq, valeu: 1 }]', /"valeu"/],
    ['a condition on nothing', 'conditions: [{ path: user.name, op: eq, value: a }]', /path "user.name"/],
    ['a pattern that cannot be used', "conditions: [{ path: args.a, op: regex, value: '(?=a)' }]", /pattern/],
    ['a list to be equal to', 'conditions: [{ path: args.a, op: neq, value: [a] }]', /compared with list/],
    ['a counter without a limit', 'state: { counter: c, window: day }', /own counter/],
    [
      "a condition on another rule's counter",
      'conditions: [{ path: state.x.c, op: lte, value: 1 }]',
      /own counter/,
    ],
    [
      'a counter that is compared otherwise',
      '{ conditions: [{ path: state.pay.c, op: gt, value: 1 }], state: { counter: c, window: day } }',
      /compared by "gt"/,
    ],
    ['no time', '{ action: require_approval, approval_timeout: soon }', /"approval_timeout" is not a length/],
    ['no window', 'idempotency_window: 5 minutes', /"idempotency_window" is not a length/],
    ['nothing', 'name: nothing', /says nothing/],
    [
      'conditions of a denial',
      '{ action: deny, conditions: [{ path: args.a, op: eq, value: 1 }] }',
      /denies/,
    ],
    [
      'a number of two readings',
      'conditions: [{ path: args.a, op: lte, value: 1_000 }]',
      /compared with no number/,
    ],
    [
      'a date',
      'conditions: [{ path: args.a, op: eq, value: 2026-01-01 }]',
      /readers of YAML take for different/,
    ],
    ['a tag', 'conditions: [{ path: args.a, op: eq, value: !!binary aGk= }]', /the tag/],
  ])('what has no counterpart refuses, with a note and a comment: %s', (_, text, why) => {
    const { judge, notes, text: written, isComplete } = imported(rule(text));
    expect(notes.join('\n')).toMatch(why);
    expect(
      written
        .split('\n')
        .filter((line) => /^ *\/\/ line \d/.test(line))
        .join(),
    ).toMatch(why);
    expect(judge('pay', { a: 1, amount: 1 })).toMatchObject({ refusal: { code: 'DENY_IF' } });
    expect(judge('other')).toMatchObject({ kind: 'open' });
    expect(isComplete).toBe(false);
  });

  test.each([
    [
      'an unknown key',
      'default: deny\ndefualt: x',
      /^line 2: "defualt" is not known here: every call is refused/,
    ],
    ['a default in another case', 'default: Deny\ntools: { pay: }', /"default" is "Deny"/],
    ['another version', 'version: 2\ntools: {}', /version "2"/],
    ['tools that are a list', 'tools: [pay]', /"tools" is not a mapping/],
    ['a name that is none', 'hide: [[pay]]', /is not text/],
    ['what it says of approvals', 'approvals: { quorum: 2 }', /"quorum" of approvals/],
    [
      'a tool at the top of a policy',
      'default: allow\npay: { rules: [{ action: deny }] }',
      /"pay" is not known/,
    ],
    ['a merged mapping', 'tools: {}\n<<: { default: deny }', /"<<" is not known/],
  ])('what is not understood of the policy refuses every call: %s', (_, yaml, why) => {
    const { judge, notes, isComplete } = imported(yaml);
    expect(notes.join('\n')).toMatch(why);
    expect(judge('pay')).toMatchObject({ kind: 'refused' });
    expect(isComplete).toBe(false);
  });

  test('names are taken as they are written, and those with a star refuse', () => {
    const { document, judge, notes } = imported(
      'default: allow\nhide: [123, 1e3]\ntools: { 12: { rules: [{ action: deny }] }, "get_*": { rules: [] } }',
    );
    expect(document.hide).toEqual(['123', '1e3']);
    expect(judge('12')).toMatchObject({ kind: 'refused' });
    expect(judge('get_x')).toMatchObject({ kind: 'refused' });
    expect(notes.join('\n')).toMatch(/was a plain name there/);
  });

  test.each([
    ['broken YAML', 'a: [1'],
    ['a list', '- a'],
    ['nothing', ''],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`)
        .join('\n')}`,
    ],
  ])('gives up on %s with a reason', (_, yaml) => {
    expect(() => imported(yaml)).toThrow();
  });

  const many = (size: number, each: (i: number) => string, between: string) =>
    Array.from({ length: size }, (_, i) => each(i)).join(between);
  test.each<[string, (size: number) => string]>([
    ['tools', (size) => `default: deny\ntools:\n${many(size, (i) => `  tool_${i}: {}`, '\n')}`],
    ['hidden names', (size) => `default: deny\nhide: [${many(size, (i) => `t${i}`, ',')}]`],
    ['unknown keys', (size) => many(size, (i) => `key_${i}: 1`, '\n')],
    [
      'aliases',
      (size) =>
        `default: deny\ntools:\n  first: &rules { rules: [{ action: deny }] }\n${many(size, (i) => `  tool_${i}: *rules`, '\n')}`,
    ],
  ])('thousands of %s are read in time that grows with the file', (_, yaml) => {
    expect(growth((size) => importIntercept(yaml(size)), 1000, 16)).toBeLessThan(64);
  });

  test('thousands of tools, hidden names, unknown keys and aliases are all there', () => {
    const tools = `tools:\n  first: &rules { rules: [{ action: deny }] }\n${many(2000, (i) => `  tool_${i}: *rules`, '\n')}`;
    const hide = `hide: [${many(2000, (i) => `t${i}`, ',')}]`;
    const { document, judge } = imported(`default: allow\n${hide}\n${tools}`);
    expect(Object.keys(document.tools)).toHaveLength(2001);
    expect(document.hide).toHaveLength(2000);
    expect(judge('tool_1999')).toMatchObject({ kind: 'refused' });
    expect(imported(many(2000, (i) => `key_${i}: 1`, '\n')).notes).toHaveLength(2001);
  });

  test.each([
    ['more than 1 MiB', `a: "${'x'.repeat(1024 * 1024)}"`, /longer than 1 MiB/],
    ['a deep nest', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, /nests/],
    ['a key twice', 'default: deny\ndefault: allow', /"default" stands twice/],
    ['an alias of itself', 'a: &a [*a]', /names nothing/],
  ])('says why it does not read %s', (_, yaml, why) => {
    const result = importIntercept(yaml);
    expect('fault' in result && result.fault).toMatch(why);
  });
});

describe('whatever the predecessor would have refused or asked about is refused or asked about', () => {
  const scalar = fc.constantFrom<unknown>(
    5,
    '5',
    0,
    -1,
    0.5,
    '0.5',
    1_000_000,
    '1e+06',
    '1000000',
    'a',
    'A',
    'ab',
    true,
    'true',
  );
  const odd = fc.constantFrom<unknown>(null, [], ['a'], [5], {}, { b: 5 }, '', '<nil>', '[a]', 'map[]');
  const argument = fc.oneof({ weight: 4, arbitrary: scalar }, odd);
  const args = fc.dictionary(fc.constantFrom('a', 'n', 'items[*]', 'A'), argument, { maxKeys: 3 });
  const path = fc.constantFrom('args.a', 'args.n', 'args.a.b', 'args.items[*]');
  const condition = fc.oneof(
    fc.record({ path, op: fc.constantFrom('eq', 'neq', 'contains'), value: scalar }),
    fc.record({ path, op: fc.constantFrom('in', 'not_in'), value: fc.array(scalar, { maxLength: 3 }) }),
    fc.record({
      path,
      op: fc.constantFrom('lt', 'lte', 'gt', 'gte'),
      value: fc.constantFrom(0, 5, 0.5, 1_000_000),
    }),
    fc.record({ path, op: fc.constant('regex'), value: fc.constantFrom('^a', '5', '[A-Z]') }),
    fc.record({ path, op: fc.constant('exists'), value: fc.boolean() }),
  );
  const rule = (scope: string) =>
    fc.oneof(
      fc.record(
        {
          name: fc.constant('r'),
          action: fc.constantFrom('evaluate', 'require_approval'),
          conditions: fc.array(condition, { minLength: 1, maxLength: 2 }),
          on_deny: fc.constant('no'),
        },
        { requiredKeys: ['conditions'] },
      ),
      fc.record({ action: fc.constantFrom('deny', 'require_approval') }),
      fc.record({ rate_limit: fc.constantFrom('1/minute', '2/day') }),
      fc.record({
        rate_limit: fc.record({ max: fc.constantFrom(1, 2), window: fc.constantFrom('hour', 90) }),
      }),
      fc.record({ idempotency_window: fc.constantFrom('5m', '1h30m') }),
      fc
        .record({
          op: fc.constantFrom('lt', 'lte'),
          value: fc.constantFrom(0, 1, 5, 10.5),
          more: fc.constantFrom({}, { increment: 2 }, { increment: 0 }, { increment_from: 'args.n' }),
        })
        .map(({ op, value, more }) => ({
          conditions: [{ path: `state.${scope}.c`, op, value }],
          state: { counter: 'c', window: 'day', ...more },
        })),
    );
  const tool = (scope: string) => fc.record({ rules: fc.array(rule(scope), { maxLength: 3 }) });
  const document = fc.record(
    {
      version: fc.constant('1'),
      default: fc.constantFrom('allow', 'allow', 'deny'),
      hide: fc.subarray(['hidden', 'other']),
      tools: fc.record({ pay: tool('pay'), '*': tool('_global') }, { requiredKeys: [] }),
    },
    { requiredKeys: ['version', 'tools'] },
  );
  const calls = fc.array(fc.tuple(fc.constantFrom('pay', 'pay', 'other', 'hidden'), args), {
    minLength: 1,
    maxLength: 6,
  });

  /** Judges the calls by both, one after the other; what either refuses is counted by neither. */
  function compare(written: unknown, yaml: string, all: [string, Record<string, Json>][]): void {
    const result = importIntercept(yaml);
    if ('fault' in result) return;
    const { policy, problems } = loadPolicy(result.text, 'imported');
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (!policy) throw new Error('no policy');
    const predecessor = new Predecessor(written);
    const used = new Map<string, number>();
    for (const [name, call] of all) {
      const evaluation = evaluate(policy, { tool: name, args: call, env: {} });
      const charges = evaluation.kind === 'open' ? evaluation.charges : [];
      const passes =
        evaluation.kind === 'open' &&
        !evaluation.ask &&
        charges.every(
          ({ limit, split, amount }) =>
            (used.get(limit.counter + split) ?? 0) + amount.toNumber() <= limit.max.toNumber(),
        );
      if (passes && predecessor.refuses(name, call))
        throw new Error(`${name} ${JSON.stringify(call)} passes:\n${yaml}\n${result.text}`);
      if (!passes) continue;
      predecessor.commit(name, call);
      for (const { limit, split, amount } of charges)
        used.set(limit.counter + split, (used.get(limit.counter + split) ?? 0) + amount.toNumber());
    }
  }

  test('for policies that it understood', () => {
    fc.assert(
      fc.property(document, calls, (written, all) => {
        compare(written, stringify(written), all as [string, Record<string, Json>][]);
      }),
      { numRuns: 800 },
    );
  });

  test('and is not simply all of it: what it understood and let pass passes, but for what only we cannot tell', () => {
    let passed = 0;
    fc.assert(
      fc.property(document, calls, (written, all) => {
        const result = importIntercept(stringify(written));
        if ('fault' in result) throw new Error(result.fault);
        const { policy } = loadPolicy(result.text, 'imported');
        for (const [name, call] of all as [string, Record<string, Json>][]) {
          const evaluation = policy && evaluate(policy, { tool: name, args: call, env: {} });
          if (evaluation?.kind === 'open' && !evaluation.ask) passed += 1;
        }
      }),
      { numRuns: 300, seed: 1 },
    );
    expect(passed).toBeGreaterThan(100);
  });

  test('for policies with a key or a value of which it knew nothing', () => {
    const misspelt = fc.tuple(
      fc.nat(),
      fc.nat(),
      fc.constantFrom('drop', 'double', 'case', 'odd value'),
      odd,
    );
    fc.assert(
      fc.property(document, calls, misspelt, (written, all, [place, at, how, value]) => {
        const wrong = structuredClone(written) as unknown;
        const places = placesOf(wrong);
        const chosen = places[place % Math.max(1, places.length)];
        if (!chosen) return;
        const [object, key] = chosen;
        if (how === 'odd value') object[key] = value;
        else {
          const i = at % key.length;
          const letter = key[i] ?? '';
          const spelt =
            how === 'drop'
              ? key.slice(0, i) + key.slice(i + 1)
              : how === 'double'
                ? key.slice(0, i) + letter + key.slice(i)
                : key.slice(0, i) + letter.toUpperCase() + key.slice(i + 1);
          if (spelt === '' || spelt in object) return;
          object[spelt] = object[key];
          delete object[key];
        }
        compare(wrong, stringify(wrong), all as [string, Record<string, Json>][]);
      }),
      { numRuns: 1000 },
    );
  });

  function placesOf(value: unknown): [Record<string, unknown>, string][] {
    if (typeof value !== 'object' || value === null) return [];
    if (Array.isArray(value)) return value.flatMap(placesOf);
    const object = value as Record<string, unknown>;
    return Object.keys(object).flatMap((key) => [
      [object, key] as [typeof object, string],
      ...placesOf(object[key]),
    ]);
  }
});
