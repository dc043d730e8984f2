import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Charge, Evaluation } from '../../../src/policy/call.js';
import { evaluate, type TraceStep } from '../../../src/policy/evaluate/evaluate.js';
import { evaluateLayers, stack } from '../../../src/policy/evaluate/layers.js';
import { isVisible } from '../../../src/policy/evaluate/resolve.js';
import { cost, growth } from '../../support/growth.js';
import { callOf, judge, outcomeOf, policyOf } from '../support.js';

const when = (path: string, op: string, value?: unknown) => ({ path, op, value });
const rule = (...conditions: object[]) => ({ conditions });
const limit = (counter: string, extra: object = {}) => ({
  counter,
  window: 'minute',
  max: 30,
  scope: 'grant',
  ...extra,
});
const ALWAYS = rule();

function refusalOf(evaluation: Evaluation) {
  if (evaluation.kind !== 'refused') throw new Error(`not refused: ${evaluation.kind}`);
  return evaluation.refusal;
}

/** `counter:amount` or `counter:amount@split` of every charge, or the outcome. */
function chargesOf(entry: object, args: unknown = {}, env: Record<string, string> = {}): string | string[] {
  const evaluation = evaluate(policyOf({ tools: { t: entry } }), callOf('t', args, env));
  if (evaluation.kind !== 'open') return outcomeOf(evaluation);
  return evaluation.charges.map(
    ({ limit: { counter }, amount, split }) => `${counter}:${amount}${split && `@${split}`}`,
  );
}

describe('which entry judges a tool', () => {
  const tools = {
    'get_*': ALWAYS.conditions.length === 0 && { deny_if: [ALWAYS] },
    get_invoice: {},
    'get_*_type': { require: [rule(when('args.x', 'eq', 1))] },
    '*_type': { limits: [limit('types')] },
    'a*b*c': {},
    'x.y/z': {},
    __proto__x: {},
  };

  test.each([
    ['get_invoice', 'open'],
    ['get_rate', 'DENY_IF'],
    ['get_tax_type', 'REQUIRE'],
    ['list_type', 'open'],
    ['abc', 'open'],
    ['a-b-bc', 'open'],
    ['acb', 'NOT_LISTED'],
    ['ac', 'NOT_LISTED'],
    ['x.y/z', 'open'],
    ['xzy/z', 'NOT_LISTED'],
    ['other', 'NOT_LISTED'],
    ['toString', 'NOT_LISTED'],
    ['__proto__', 'NOT_LISTED'],
    ['', 'NOT_LISTED'],
  ])('%s: %s', (tool, expected) => {
    expect(outcomeOf(evaluate(policyOf({ tools }), callOf(tool)))).toBe(expected);
  });

  test('a tool may have any name', () => {
    const policy = policyOf(
      '{"version":"1","default":"deny","tools":{"__proto__":{},"constructor":{"action":"deny"},"hasOwnProperty":{}}}',
    );
    expect(
      ['__proto__', 'constructor', 'hasOwnProperty', 'valueOf'].map((tool) =>
        outcomeOf(evaluate(policy, callOf(tool))),
      ),
    ).toEqual(['open', 'ACTION_DENY', 'open', 'NOT_LISTED']);
  });

  test('unlisted under default deny is refused, with no rule but the default', () => {
    expect(refusalOf(evaluate(policyOf({}), callOf('t')))).toMatchObject({
      code: 'NOT_LISTED',
      rule: '(default deny)',
    });
  });

  test('unlisted under default allow is open, and all_tools holds for it', () => {
    expect(outcomeOf(evaluate(policyOf({ default: 'allow' }), callOf('t')))).toBe('open');
    const policy = policyOf({ default: 'allow', all_tools: { deny_if: [ALWAYS] } });
    expect(outcomeOf(evaluate(policy, callOf('t')))).toBe('DENY_IF');
  });

  test('entries are never merged, and a pattern does not reach what has its own entry', () => {
    const policy = policyOf({ tools: { t: {}, '*': { action: 'deny' } } });
    expect(['t', 'u'].map((tool) => outcomeOf(evaluate(policy, callOf(tool))))).toEqual([
      'open',
      'ACTION_DENY',
    ]);
  });

  const twins = ['Pay', 'PAY', 'pay ', 'p\u200bay', '\uff50ay'];

  test.each(['allow', 'deny'])(
    'under default %s no other spelling of a name escapes its rules',
    (byDefault) => {
      for (const tool of twins) {
        for (const tools of [
          { pay: { action: 'deny' } },
          { pay: {}, '*': {} },
          { 'p*y': { action: 'deny' } },
          { 'p*y': { action: 'deny' }, '*': {} },
        ]) {
          expect(['NOT_LISTED', 'ACTION_DENY']).toContain(
            outcomeOf(evaluate(policyOf({ default: byDefault, tools }), callOf(tool))),
          );
        }
      }
    },
  );
});

describe('hidden', () => {
  test.each<[string, object, string, string]>([
    ['a name', { hide: ['t'], tools: { t: {} } }, 't', 'hidden'],
    ['another name', { hide: ['t'], tools: { u: {} } }, 'u', 'open'],
    ['a pattern', { hide: ['delete_*'], default: 'allow' }, 'delete_repo', 'hidden'],
    ['a pattern in the middle', { hide: ['*delete*'], default: 'allow' }, 'repo_delete_all', 'hidden'],
    ['all', { hide: ['*'], default: 'allow', tools: { t: {} } }, 't', 'hidden'],
    ['all but another', { hide: ['x*'], default: 'allow' }, 't', 'open'],
    ['action hide', { tools: { t: { action: 'hide' } } }, 't', 'hidden'],
    ['action hide of a pattern', { tools: { 't*': { action: 'hide' } } }, 'tool', 'hidden'],
    ['an exact name beside it', { tools: { 't*': { action: 'hide' }, tool: {} } }, 'tool', 'open'],
    ['unlisted and hidden', { hide: ['t'] }, 't', 'hidden'],
    ['another case', { hide: ['delete_repo'], default: 'allow' }, 'Delete_Repo', 'hidden'],
    ['invisible characters', { hide: ['delete_*'], default: 'allow' }, 'dele\u200bte_repo', 'hidden'],
    ['another case of action hide', { default: 'allow', tools: { t: { action: 'hide' } } }, 'T', 'hidden'],
  ])('G6: %s', (_, body, tool, expected) => {
    const policy = policyOf(body);
    expect(outcomeOf(evaluate(policy, callOf(tool)))).toBe(expected);
    expect(isVisible(policy, tool)).toBe(expected !== 'hidden');
  });

  test.each([
    ['a stronger pattern that only a twin matches', { '*a*': { action: 'hide' }, 'pay*': {} }, 'Pay'],
    ['a plain name that only a twin has', { '*a*': { action: 'hide' }, pay: {} }, 'Pay'],
    ['a twin that is hidden', { '*a*': {}, 'pay*': { action: 'hide' } }, 'Pay'],
  ])('G6: what hides a name as it is hides it beside %s', (_, tools, tool) => {
    for (const byDefault of ['allow', 'deny']) {
      const policy = policyOf({ default: byDefault, tools });
      expect(outcomeOf(evaluate(policy, callOf(tool)))).toBe('hidden');
      expect(isVisible(policy, tool)).toBe(false);
    }
  });

  test('G6: for any names, a tool is hidden where the entry for its own name is', () => {
    const name = fc.stringMatching(/^[abAB*\u200b]{1,4}$/);
    let hidden = 0;
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.constantFrom({}, { action: 'hide' }), { minKeys: 1 }),
        fc.constantFrom('allow', 'deny'),
        fc.stringMatching(/^[abAB]{1,3}$/),
        (tools, byDefault, tool) => {
          const literals = (pattern: string) => pattern.replaceAll('*', '').length;
          const matches = (pattern: string) =>
            new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'su').test(tool);
          const [own] = Object.keys(tools)
            .filter((text) => text === tool || (text.includes('*') && matches(text)))
            .sort(
              (a, b) =>
                Number(b === tool) - Number(a === tool) || literals(b) - literals(a) || (a < b ? -1 : 1),
            );
          if (own === undefined || !('action' in (tools[own] as object))) return;
          hidden++;
          const policy = policyOf({ default: byDefault, tools });
          expect(outcomeOf(evaluate(policy, callOf(tool)))).toBe('hidden');
          expect(isVisible(policy, tool)).toBe(false);
        },
      ),
      { numRuns: 2000 },
    );
    expect(hidden).toBeGreaterThan(100);
  });

  test('a lookalike of a name in a lower layer is refused by the rule of that layer', () => {
    const base = { ...policyOf({ default: 'allow', tools: { pay: {} } }), source: '/etc/base.json' };
    const evaluation = evaluateLayers(stack(policyOf({ default: 'allow' }), [base]), callOf('Pay'));
    expect(refusalOf(evaluation)).toMatchObject({ code: 'NOT_LISTED', rule: 'base.json#/tools/pay' });
    const trace: TraceStep[] = [];
    evaluateLayers(stack(policyOf({ default: 'allow' }), [base]), callOf('pay'), trace);
    expect(trace.map(({ rule }) => rule)).toContain('base.json#/tools/pay');
  });

  test('G6: listed is what is not answered as unknown, for any names', () => {
    const name = fc.stringMatching(/^[abAB*_\u200b]{1,4}$/);
    fc.assert(
      fc.property(
        fc.array(name),
        fc.dictionary(name, fc.constantFrom({}, { action: 'hide' }, { action: 'deny' })),
        fc.constantFrom('allow', 'deny'),
        name,
        (hide, tools, byDefault, tool) => {
          const policy = policyOf({ default: byDefault, hide, tools });
          expect(isVisible(policy, tool)).toBe(evaluate(policy, callOf(tool)).kind !== 'hidden');
        },
      ),
    );
  });
});

describe('list: callable', () => {
  test.each<[string, object, boolean]>([
    ['{}', { tools: { t: {} } }, true],
    ['unlisted under deny', {}, false],
    ['unlisted under allow', { default: 'allow' }, true],
    ['hidden', { hide: ['t'], default: 'allow' }, false],
    ['action deny', { tools: { t: { action: 'deny' } } }, false],
    ['deny_if without conditions', { tools: { t: { deny_if: [ALWAYS] } } }, false],
    ['deny_if with conditions', { tools: { t: { deny_if: [rule(when('args.a', 'eq', 1))] } } }, true],
    ['all_tools deny', { tools: { t: {} }, all_tools: { deny_if: [ALWAYS] } }, false],
    ['approval', { tools: { t: { action: 'approve' } } }, true],
    ['a limit of 0', { tools: { t: { limits: [limit('c', { max: 0 })] } } }, false],
    [
      'a limit of 0 that asks',
      { tools: { t: { limits: [limit('c', { max: 0, on_exceed: 'approve' })] } } },
      true,
    ],
    ['a limit below one charge', { tools: { t: { limits: [limit('c', { max: 4, amount: 5 })] } } }, false],
    ['a limit of one charge', { tools: { t: { limits: [limit('c', { max: 5, amount: 5 })] } } }, true],
    [
      'a limit of 0 by amount',
      { tools: { t: { limits: [limit('c', { max: 0, amount: 'args.x' })] } } },
      true,
    ],
  ])('%s: %s', (_, body, expected) => {
    expect(isVisible(policyOf({ list: 'callable', ...body }), 't')).toBe(expected);
    if (expected) expect(isVisible(policyOf(body), 't')).toBe(true);
  });

  test('by default what is refused stays listed', () => {
    expect(isVisible(policyOf({ tools: { t: { action: 'deny' } } }), 't')).toBe(true);
    expect(isVisible(policyOf({}), 't')).toBe(true);
  });
});

describe('order', () => {
  /** Every rule refuses, each with its own text; they are taken away one by one. */
  const all = {
    hide: ['t'],
    all_tools: {
      require: [{ ...rule(when('args.no', 'exists', true)), on_deny: 'all require' }],
      deny_if: [{ ...ALWAYS, on_deny: 'all deny' }],
      limits: [limit('all', { amount: 'args.no' })],
      approve_if: [{ ...ALWAYS, on_deny: 'all approve' }],
    },
    tools: {
      t: {
        require: [{ ...rule(when('args.no', 'exists', true)), on_deny: 'own require' }],
        deny_if: [{ ...ALWAYS, on_deny: 'own deny' }],
        limits: [limit('own', { amount: 'args.no' })],
        approve_if: [{ ...ALWAYS, on_deny: 'own approve' }],
      },
    },
  };
  const STEPS: readonly [string, string, (body: typeof all) => void][] = [
    ['hidden', '', (body) => (body.hide = [])],
    ['/all_tools/require/0', 'all require', (body) => (body.all_tools.require = [])],
    ['/tools/t/require/0', 'own require', (body) => (body.tools.t.require = [])],
    ['/all_tools/deny_if/0', 'all deny', (body) => (body.all_tools.deny_if = [])],
    ['/tools/t/deny_if/0', 'own deny', (body) => (body.tools.t.deny_if = [])],
    ['/all_tools/limits/all', '', (body) => (body.all_tools.limits = [])],
    ['/tools/t/limits/own', '', (body) => (body.tools.t.limits = [])],
    ['/all_tools/approve_if/0', 'all approve', (body) => (body.all_tools.approve_if = [])],
    ['/tools/t/approve_if/0', 'own approve', (body) => (body.tools.t.approve_if = [])],
  ];

  test('is fixed: hidden, require, deny_if, limits, approve_if, each for all tools first', () => {
    const body = structuredClone(all);
    for (const [rulePointer, text, remove] of STEPS) {
      const evaluation = evaluate(policyOf(body), callOf('t'));
      if (evaluation.kind === 'hidden') expect(rulePointer).toBe('hidden');
      else {
        const refusal = evaluation.kind === 'open' ? evaluation.ask : evaluation.refusal;
        expect(refusal).toMatchObject({ rule: rulePointer });
        expect(refusal?.authorText ?? '').toBe(text);
      }
      remove(body);
    }
    expect(evaluate(policyOf(body), callOf('t'))).toEqual({ kind: 'open', charges: [], ask: undefined });
  });

  test('not listed comes before all_tools', () => {
    expect(outcomeOf(evaluate(policyOf({ ...all, hide: [], tools: {} }), callOf('t')))).toBe('NOT_LISTED');
  });

  test('the first of several rules wins', () => {
    const refusal = refusalOf(
      evaluate(
        policyOf({
          tools: { t: { deny_if: [rule(when('args.a', 'eq', 1)), rule(when('args.a', 'gt', 0)), ALWAYS] } },
        }),
        callOf('t', { a: 2 }),
      ),
    );
    expect(refusal.rule).toBe('/tools/t/deny_if/1');
  });

  test('charges stand in order, those of all tools first', () => {
    const policy = policyOf({
      all_tools: { limits: [limit('z'), limit('y')] },
      tools: { t: { limits: [limit('x'), limit('a')], rate_limit: '3/hour' } },
    });
    const evaluation = evaluate(policy, callOf('t'));
    expect(
      evaluation.kind === 'open' && evaluation.charges.map((charge: Charge) => charge.limit.counter),
    ).toEqual(['z', 'y', 'x', 'a', 't_rate']);
  });
});

describe('pointers', () => {
  test('escape names as RFC 6901 does', () => {
    const policy = policyOf({
      tools: {
        'a/b~c': { require: [ALWAYS, rule(when('args.x', 'exists'))], limits: [limit('d/e')] },
        x: { action: 'deny' },
      },
    });
    expect(refusalOf(evaluate(policy, callOf('a/b~c'))).rule).toBe('/tools/a~1b~0c/require/1');
    expect(policy.tools.get('a/b~c')?.limits[0]?.pointer).toBe('/tools/a~1b~0c/limits/d~1e');
    expect(refusalOf(evaluate(policy, callOf('x'))).rule).toBe('/tools/x/action');
  });
});

describe('explanations', () => {
  const explain = (list: string, condition: object, args: unknown): string =>
    refusalOf(evaluate(policyOf({ tools: { t: { [list]: [rule(condition)] } } }), callOf('t', args)))
      .explanation;

  test.each<[string, object, unknown, string]>([
    [
      'require',
      when('args.amount', 'lte', 100),
      { amount: 500 },
      'args.amount is 500, and must be at most 100',
    ],
    ['require', when('args.amount', 'lte', 100), {}, 'args.amount is missing, and must be at most 100'],
    [
      'require',
      when('args.amount', 'lte', 100),
      { amount: '50' },
      'args.amount is "50" (text), and must be at most 100',
    ],
    [
      'require',
      when('args.amount', 'lte', 100),
      { Amount: 5 },
      'args has "Amount" where the policy reads "amount", and args.amount must be at most 100',
    ],
    ['require', when('args.t', 'in', ['a', 1]), { t: 'b' }, 'args.t is "b", and must be one of "a", 1'],
    ['require', when('args.t', 'regex', '^a'), { t: 'b' }, 'args.t is "b", and must match ^a'],
    [
      'require',
      when('args.t', 'exists', false),
      { t: [1, 2] },
      'args.t is a list of 2 elements, and must be absent',
    ],
    [
      'require',
      when('args.l[*].p', 'lte', 1),
      { l: [{ p: 1 }, { p: 2 }] },
      'args.l[1].p is 2, and must be at most 1',
    ],
    [
      'deny_if',
      when('args.amount', 'gt', 100),
      { amount: 500 },
      'args.amount is 500, which is more than 100',
    ],
    [
      'deny_if',
      when('args.amount', 'gt', 100),
      { amount: '5' },
      'args.amount is "5" (text), which may be more than 100',
    ],
    ['deny_if', when('args.t', 'eq', 'x'), { t: 'x' }, 'args.t is "x"'],
    ['deny_if', when('args.t', 'neq', 'x'), { t: 'y' }, 'args.t is "y", which is other than "x"'],
    ['deny_if', when('args.t', 'exists', false), {}, 'args.t is missing'],
    ['require', when('args.t', 'starts_with', 'a'), { t: 'b' }, 'args.t is "b", and must start with "a"'],
    ['deny_if', when('args.t', 'starts_with', 'a'), { t: 'ab' }, 'args.t is "ab", which starts with "a"'],
    ['deny_if', when('args.t', 'regex', 'a'), { t: 'ab' }, 'args.t is "ab", which matches a'],
    ['deny_if', when('args.t', 'not_in', ['a']), { t: 'b' }, 'args.t is "b", which is none of "a"'],
  ])('%s %j of %j', (list, condition, args, text) => {
    expect(explain(list, condition, args)).toBe(text);
  });

  test('name what decided of several conditions', () => {
    const policy = policyOf({
      tools: { t: { deny_if: [rule(when('args.a', 'gt', 1), when('args.b', 'contains', 'x'))] } },
    });
    expect(refusalOf(evaluate(policy, callOf('t', { a: 2, b: 'axb' }))).explanation).toBe(
      'args.a is 2, which is more than 1, and args.b is "axb", which contains "x"',
    );
  });

  test('never dump a large value or rule', () => {
    const long = 'x'.repeat(100_000);
    for (const args of [
      { a: long },
      { [`a\u200b${long}`]: 1 },
      { a: [long] },
      { a: { long } },
      `{"a":${'7'.repeat(999)}}`,
    ]) {
      for (const condition of [
        when('args.a', 'in', [1, long, long]),
        when('args.a', 'eq', long),
        when('args.a', 'eq', [1]),
      ]) {
        for (const list of ['require', 'deny_if']) {
          const evaluation = evaluate(
            policyOf({ tools: { t: { [list]: [rule(condition)] } } }),
            callOf('t', args),
          );
          if (evaluation.kind === 'refused') expect(evaluation.refusal.explanation.length).toBeLessThan(400);
        }
      }
    }
  });

  test("the author's text stands apart", () => {
    const policy = policyOf({ tools: { t: { deny_if: [{ conditions: [], on_deny: 'Ask the owner.' }] } } });
    expect(refusalOf(evaluate(policy, callOf('t')))).toEqual({
      code: 'DENY_IF',
      rule: '/tools/t/deny_if/0',
      authorText: 'Ask the owner.',
      explanation: 'the policy refuses every call',
    });
  });
});

describe('amounts', () => {
  const of = (amount: unknown) => ({ limits: [limit('c', { amount })] });

  test.each<[string, unknown, unknown, string | string[]]>([
    ['default', undefined, {}, ['c:1']],
    ['a number', 2.5, {}, ['c:2.5']],
    ['zero', 0, {}, ['c:0']],
    ['a value', 'args.total', { total: 99.9 }, ['c:99.9']],
    [
      'a value with more digits than most programs keep',
      'args.total',
      '{"total":9007199254740993.01}',
      'AMOUNT',
    ],
    ['a value of 16 digits', 'args.total', '{"total":9007199254740992}', ['c:9007199254740992']],
    ['minus zero', 'args.total', '{"total":-0}', ['c:0']],
    ['a nested value', 'args.a.b', { a: { b: 3 } }, ['c:3']],
    ['a missing value', 'args.total', {}, 'AMOUNT'],
    ['a negative value', 'args.total', { total: -0.01 }, 'AMOUNT'],
    ['a number as text', 'args.total', { total: '5' }, 'AMOUNT'],
    ['null', 'args.total', { total: null }, 'AMOUNT'],
    ['a list', 'args.total', { total: [5] }, 'AMOUNT'],
    ['an object', 'args.total', { total: {} }, 'AMOUNT'],
    ['true', 'args.total', { total: true }, 'AMOUNT'],
    ['a twin only', 'args.total', { Total: 5 }, 'AMOUNT'],
    ['a twin beside', 'args.total', { total: 1, TOTAL: 5000 }, 'AMOUNT'],
    ['no object', 'args.a.b', { a: [{ b: 3 }] }, 'AMOUNT'],
    ['a huge value', 'args.total', '{"total":1e300}', 'AMOUNT'],
    ['a tiny value', 'args.total', '{"total":1e-300}', 'AMOUNT'],
    ['a sum', { sum: 'args.i[*].t' }, { i: [{ t: 0.1 }, { t: 0.2 }] }, ['c:0.3']],
    ['a sum of none', { sum: 'args.i[*].t' }, { i: [] }, ['c:0']],
    ['a sum of a list', { sum: 'args.i[*]' }, { i: [1, 2, 3] }, ['c:6']],
    ['a sum of one value', { sum: 'args.t' }, { t: 4 }, ['c:4']],
    ['a sum with a hole', { sum: 'args.i[*].t' }, { i: [{ t: 1 }, {}] }, 'AMOUNT'],
    ['a sum with a negative', { sum: 'args.i[*].t' }, { i: [{ t: 100 }, { t: -99 }] }, 'AMOUNT'],
    ['a sum with text', { sum: 'args.i[*].t' }, { i: [{ t: '1' }] }, 'AMOUNT'],
    ['a sum with a twin', { sum: 'args.i[*].t' }, { i: [{ t: 1, T: 1 }] }, 'AMOUNT'],
    ['a sum of no list', { sum: 'args.i[*].t' }, { i: { t: 1 } }, 'AMOUNT'],
    ['a sum of nothing', { sum: 'args.i[*].t' }, {}, 'AMOUNT'],
    ['a count', { count: 'args.i' }, { i: [1, 'a', null] }, ['c:3']],
    ['a count of elements', { count: 'args.i[*]' }, { i: [1, 2] }, ['c:2']],
    ['a count of none', { count: 'args.i' }, { i: [] }, ['c:0']],
    ['a count over lists', { count: 'args.i[*].l' }, { i: [{ l: [1] }, { l: [1, 2] }] }, ['c:3']],
    ['a count of an object', { count: 'args.i' }, { i: { length: 1 } }, 'AMOUNT'],
    ['a count of text', { count: 'args.i' }, { i: 'abc' }, 'AMOUNT'],
    ['a count of nothing', { count: 'args.i' }, {}, 'AMOUNT'],
    ['a count of null', { count: 'args.i' }, { i: null }, 'AMOUNT'],
  ])('%s', (_, amount, args, expected) => {
    expect(chargesOf(of(amount), args)).toEqual(expected);
  });

  test("say what was wrong, at the limit, without the author's text for an exceeded one", () => {
    const policy = policyOf({
      tools: { t: { limits: [limit('c', { amount: 'args.total', on_deny: 'All spent.' })] } },
    });
    expect(refusalOf(evaluate(policy, callOf('t', { total: -5 })))).toEqual({
      code: 'AMOUNT',
      rule: '/tools/t/limits/c',
      authorText: undefined,
      explanation: 'args.total is -5, and must not be negative',
    });
  });

  test('a hundred thousand extreme numbers are refused or added like any others', () => {
    const numbers = (text: string, count = 100_000) => `{"i":[${Array(count).fill(text).join(',')}]}`;
    expect(chargesOf(of({ sum: 'args.i[*]' }), numbers('1e-9999'))).toBe('AMOUNT');
    expect(chargesOf(of({ sum: 'args.i[*]' }), numbers('1e39'))).toEqual(['c:1e44']);
    expect(chargesOf(of({ sum: 'args.i[*]' }), numbers('1e-39'))).toEqual([`c:0.${'0'.repeat(33)}1`]);
    const policy = policyOf({ tools: { t: of({ sum: 'args.i[*]' }) } });
    const taken = (text: string) => {
      const call = callOf('t', numbers(text, 10_000));
      return cost(() => evaluate(policy, call));
    };
    const usual = taken('1234567890.25');
    for (const text of ['1e-9999', '1e39', '1e-39']) expect(taken(text)).toBeLessThan(20 * usual);
  });

  test('G9: elements are looked at one after the other: the first that cannot be charged ends it', () => {
    const policy = policyOf({ tools: { t: of({ sum: 'args.i[*]' }) } });
    let last = -1;
    const elements = new Proxy([1, 'x', ...Array(1000).fill(1)], {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) last = Math.max(last, Number(key));
        return Reflect.get(target, key, receiver);
      },
    });
    expect(outcomeOf(evaluate(policy, { ...callOf('t'), args: { i: elements } }))).toBe('AMOUNT');
    expect(last).toBe(1);
  });

  test('G9: a sum takes time that grows with its elements', () => {
    const policy = policyOf({ tools: { t: of({ sum: 'args.i[*]' }) } });
    const call = (size: number) => callOf('t', `{"i":[${Array(size).fill('1').join(',')}]}`);
    const calls = new Map([30_000, 480_000].map((size) => [size, call(size)]));
    const add = (size: number) => {
      expect(evaluate(policy, calls.get(size) as ReturnType<typeof call>)).toMatchObject({ kind: 'open' });
    };
    expect(growth(add, 30_000, 16)).toBeLessThan(100);
  });
});

describe('per', () => {
  const splitOf = (per: unknown, args: unknown, env: Record<string, string> = {}): string => {
    const charges = chargesOf({ limits: [limit('c', { per })] }, args, env);
    return typeof charges === 'string' ? charges : (charges[0] ?? '').replace(/^c:1@?/, '');
  };

  test.each<[string, unknown, unknown, string]>([
    ['nothing', undefined, { a: 1 }, ''],
    ['an empty list', [], { a: 1 }, ''],
    ['a number', 'args.a', { a: 3 }, '[3]'],
    ['1, 1.0 and 1e0 alike', 'args.a', '{"a":1.0}', '[1]'],
    ['text that is a number', 'args.a', { a: ' 003 ' }, '[3]'],
    ['other text', 'args.a', { a: 'x3' }, '["x3"]'],
    ['text with invisible characters', 'args.a', { a: ' x\u200b3' }, '["x3"]'],
    ['a list of one', 'args.a', { a: [['3']] }, '[3]'],
    ['a list', 'args.a', { a: [1, 2] }, '[[1,2]]'],
    ['null', 'args.a', { a: null }, '[null]'],
    ['missing', 'args.a', {}, '[null]'],
    ['several', ['args.a', 'args.b'], { b: 'y', a: 'x' }, '["x","y"]'],
    ['all arguments, in any order', 'args', '{"b":[2],"a":"1","n":null}', '[{"a":1,"b":2}]'],
    ['each element', 'args.l[*].id', { l: [{ id: 1 }, { id: '2' }, {}] }, '[[1,2,null]]'],
    ['the name of the tool', 'tool.name', {}, '["t"]'],
    ['a twin', 'args.a', { A: 1 }, 'AMOUNT'],
    ['a twin beside', 'args.a', { a: 1, A: 2 }, 'AMOUNT'],
    ['no object', 'args.a.b', { a: 'x' }, 'AMOUNT'],
    ['no list', 'args.a[*]', { a: 'x' }, 'AMOUNT'],
  ])('%s', (_, per, args, expected) => {
    expect(splitOf(per, args)).toBe(expected);
  });

  test('the environment of the server splits by its hash: its values are kept nowhere', () => {
    const splits = ['20123456786', '20123456787'].map((cuit) =>
      splitOf('env.AFIP_CUIT', {}, { AFIP_CUIT: cuit }),
    );
    expect(splits[0]).toMatch(/^\["sha256:[0-9a-f]{64}"\]$/);
    expect(splits[1]).not.toBe(splits[0]);
    expect(splitOf('env.AFIP_CUIT', {})).toBe('[null]');
  });

  test('long values are kept as their hash, different ones apart', () => {
    const [a, b] = ['a', 'b'].map((end) => splitOf('args.x', { x: 'x'.repeat(10_000) + end }));
    expect(a).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(a).not.toBe(b);
  });

  test('arguments that nest beyond all use are refused, not followed', () => {
    expect(splitOf('args', `{"a":${'['.repeat(300)}1,2${']'.repeat(300)}}`)).toBe('AMOUNT');
  });
});

describe('approvals', () => {
  test.each<[unknown, string]>([
    [{ amount: 50 }, 'open'],
    [{ amount: 500 }, 'ask'],
    [{ amount: '50' }, 'ask'],
    [{ Amount: 50 }, 'ask'],
    [{}, 'open'],
  ])('approve_if of %j: %s', (args, expected) => {
    expect(judge({ approve_if: [rule(when('args.amount', 'gte', 100))] }, args)).toBe(expected);
  });

  test('name their rule, and the charges of the call', () => {
    const policy = policyOf({ tools: { t: { action: 'approve', reason: 'Money.', limits: [limit('c')] } } });
    expect(evaluate(policy, callOf('t'))).toMatchObject({
      kind: 'open',
      charges: [{ limit: { counter: 'c' } }],
      ask: {
        code: 'APPROVAL_REQUIRED',
        rule: '/tools/t/action',
        authorText: 'Money.',
        explanation: 'the policy asks a person for every call',
      },
    });
  });
});

describe('evaluate', () => {
  const body = {
    all_tools: { limits: [limit('all')] },
    tools: {
      t: {
        require: [rule(when('args.a', 'lte', 10))],
        deny_if: [rule(when('args.b', 'eq', 'x'))],
        approve_if: [rule(when('args.a', 'gt', 5))],
        limits: [limit('own', { amount: 'args.a' })],
      },
    },
  };

  test('traces what it looked at, and decides the same with and without', () => {
    const policy = policyOf(body);
    const trace: TraceStep[] = [];
    evaluate(policy, callOf('t', { a: 6 }), trace);
    expect(trace.map(({ look, rule: pointer, result }) => `${look} ${pointer} ${result}`)).toEqual([
      'entry /tools/t passes',
      'require /tools/t/require/0 passes',
      'deny_if /tools/t/deny_if/0 passes',
      'limit /all_tools/limits/all passes',
      'limit /tools/t/limits/own passes',
      'approve_if /tools/t/approve_if/0 asks',
    ]);
    const args = fc.record(
      { a: fc.oneof(fc.integer({ min: -5, max: 15 }), fc.string()), b: fc.constantFrom('x', 'y', 1) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(args, fc.constantFrom('t', 'u'), (given, tool) => {
        const steps: TraceStep[] = [];
        const plain = evaluate(policy, callOf(tool, given));
        expect(evaluate(policy, callOf(tool, given), steps)).toEqual(plain);
        expect(steps.at(-1)?.result === 'stops').toBe(plain.kind !== 'open');
        expect(steps.slice(0, -1).some((step) => step.result !== 'passes')).toBe(false);
      }),
    );
  });

  test('what comes out the same for every call is only kept where no check looks at the call', () => {
    const checks = fc.record(
      {
        require: fc.constant([rule(when('args.a', 'lte', 10))]),
        deny_if: fc.constantFrom([rule(when('args.b', 'eq', 'x'))], [ALWAYS]),
        approve_if: fc.constant([rule(when('args.a', 'gt', 5))]),
        limits: fc.constantFrom<object[]>(
          [limit('fixed'), limit('three', { amount: 3 })],
          [limit('summed', { amount: 'args.a' })],
          [limit('split', { per: 'args.b' })],
          [limit('of_env', { per: 'env.WHO' })],
        ),
      },
      { requiredKeys: [] },
    );
    const calls = fc.array(fc.record({ a: fc.integer({ min: 0, max: 15 }), b: fc.constantFrom('x', 'y') }), {
      minLength: 2,
      maxLength: 4,
    });
    fc.assert(
      fc.property(checks, checks, calls, (all, own, given) => {
        const named = { ...all, ...('limits' in all && { limits: [limit('shared')] }) };
        const policy = policyOf({ default: 'allow', all_tools: named, tools: { t: own } });
        for (const args of given)
          for (const tool of ['t', 'u']) {
            const call = callOf(tool, args, { WHO: args.b });
            expect(evaluate(policy, call)).toEqual(evaluate(policy, call, []));
          }
      }),
    );
  });

  test('does not change the call', () => {
    const call = callOf('t', { a: 6, b: { c: [1] } });
    const before = JSON.stringify(call);
    evaluate(policyOf({ tools: { t: { ...body.tools.t, limits: [limit('own', { per: 'args' })] } } }), call);
    expect(JSON.stringify(call)).toBe(before);
  });

  test('takes no longer for a thousand entries than for one', () => {
    const tools = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`tool_${i}`, body.tools.t]));
    const renamed = Object.fromEntries(
      Object.entries(tools).map(([name, entry]) => [
        name,
        { ...entry, limits: [limit(`own_${name}`, { amount: 'args.a' })] },
      ]),
    );
    const one = policyOf({ tools: { tool_999: renamed.tool_999 } });
    const many = policyOf({ tools: renamed, hide: Object.keys(tools).map((name) => `no_${name}`) });
    const call = callOf('tool_999', { a: 3 });
    const time = (policy: ReturnType<typeof policyOf>): number => {
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 20; round += 1) {
        const start = performance.now();
        for (let i = 0; i < 500; i += 1) evaluate(policy, call);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    time(one);
    // A search through the entries would be hundreds of times slower.
    expect(time(many)).toBeLessThan(time(one) * 5 + 1);
  });
});
