import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/policy/evaluate.js';
import { importIntercept } from '../../src/policy/intercept.js';
import type { Json } from '../../src/policy/json.js';
import { loadPolicy } from '../../src/policy/load.js';

function imported(yaml: string) {
  const result = importIntercept(yaml);
  if ('fault' in result) throw new Error(result.fault);
  const { policy, problems } = loadPolicy(result.text, 'imported');
  expect(problems).toEqual([]);
  if (!policy) throw new Error('no policy');
  const judge = (tool: string, args: { [key: string]: Json } = {}) =>
    evaluate(policy, { tool, args, env: {} });
  return { document: JSON.parse(result.text), notes: result.notes, judge };
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

  test.each([
    ['no default', 'tools: {}', /there was no default, which meant allow/],
    ['an unknown key', 'default: deny\ndefualt: x', /^line 2: "defualt" is not known/],
    [
      'a counter that nothing looks at',
      'default: deny\ntools: { t: { rules: [{ state: { counter: c, window: day } }] } }',
      /never counted/,
    ],
    [
      "a condition on another rule's counter",
      'default: deny\ntools: { t: { rules: [{ conditions: [{ path: state.x.c, op: lte, value: 1 }] }] } }',
      /no counterpart/,
    ],
    [
      'a bad rate limit',
      'default: deny\ntools: { t: { rules: [{ rate_limit: 5/week }] } }',
      /rate_limit "5\/week" is not understood/,
    ],
    ['a pattern', 'default: deny\ntools: { "get_*": { rules: [] } }', /was a plain name there/],
    [
      'an unknown operator',
      'default: deny\ntools: { t: { rules: [{ conditions: [{ path: args.a, op: like, value: 1 }] }] } }',
      /not understood/,
    ],
  ])('says what could not be carried over: %s', (_, yaml, note) => {
    expect(imported(yaml).notes.join('\n')).toMatch(note);
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
});
