import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { merged, patternFor, withOwnEntry } from '../../../src/advice/sentences/merge.js';
import { KNOWN_SERVERS } from '../../../src/catalog/servers.js';
import { closes, THREATS } from '../../../src/catalog/threats/threats.js';
import { coverageOf } from '../../../src/cli/threats/coverage.js';
import { toolPage } from '../../../src/cli/tool-page.js';
import { readJsonc } from '../../../src/json/relaxed.js';
import type { JsonObject } from '../../../src/json/value.js';
import { evaluate } from '../../../src/policy/evaluate/evaluate.js';
import { stack } from '../../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { policyText } from './policies.js';

const documentOf = (text: string) => readJsonc(text)?.doubles as Record<string, unknown>;
const errorsOf = (text: string) =>
  loadPolicy(text, 'p').problems.filter(({ severity }) => severity === 'error');
const withPolicy = (members: object) => JSON.stringify({ version: '1', default: 'deny', ...members });

function layersOf(text: string) {
  const loaded = loadPolicy(text, 'p');
  if (!loaded.policy) throw new Error(`${text}\n${JSON.stringify(loaded.problems)}`);
  return stack(loaded.policy);
}

/** Arguments that conditions hold and do not hold for. */
const CALLS: readonly JsonObject[] = [
  {},
  { amount_total: 5, invoice_type: 6, currency: 'ARS', note: 'a', urgent: false, items: [] },
  { amount_total: 90_000, invoice_type: 2, currency: 'EUR', note: 'xxx', urgent: true, other: null },
];

/** Whether some call of a tool gets further by one policy than by the other. */
function isLooser(after: string, before: string, tool: string): boolean {
  const closed = (text: string, args: JsonObject) => {
    const [policy] = layersOf(text).all;
    if (!policy) throw new Error('no policy');
    const evaluation = evaluate(policy, { tool, args, env: {} });
    return evaluation.kind !== 'open' ? 2 : evaluation.ask ? 1 : 0;
  };
  return CALLS.some((args) => closed(after, args) < closed(before, args));
}

describe.each(KNOWN_SERVERS)('what counters the patterns that $command opens', ({ command, tools }) => {
  const here = [{ server: command, tools }];
  // A policy that lets everything pass that it lists, as a person who begins would have it.
  const open = withPolicy({
    default: 'allow',
    tools: Object.fromEntries(tools.map(({ name }) => [name, {}])),
  });
  const threats = THREATS.filter(
    ({ sight, openings }) => (sight === 'calls' || sight === 'pin') && openings(here).length > 0,
  );

  test.each(threats)('$id: its rule, put into a policy, makes it countered', (threat) => {
    const openings = threat.openings(here);
    const part = closes(openings)[command] as JsonObject | undefined;
    const after = merged(open, part ?? {});
    expect(errorsOf(after)).toEqual([]);
    const [row] = coverageOf([{ server: command, tools, policy: layersOf(after) }], [threat]);
    expect(row?.state).toBe('countered');
    expect(merged(after, part ?? {})).toBe(after);
  });

  test('what it puts in lets nothing through that was refused, also of tools beside it', () => {
    const parts = threats.map((threat) => closes(threat.openings(here))[command] as JsonObject);
    const names = fc.shuffledSubarray(
      tools.map(({ name }) => name),
      { minLength: 2, maxLength: 2 },
    );
    fc.assert(
      fc.property(policyText, names, fc.constantFrom(...parts), (text, [one, other], part) => {
        const before = text.replaceAll('"t"', JSON.stringify(one)).replace('"other"', JSON.stringify(other));
        fc.pre(errorsOf(before).length === 0);
        const after = merged(before, part);
        expect(errorsOf(after)).toEqual([]);
        const loosened = tools.filter(({ name }) => isLooser(after, before, name));
        expect(loosened.map(({ name }) => name)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('the recommended rule of each tool can be used beside whatever its entry says', () => {
    fc.assert(
      fc.property(policyText, fc.constantFrom(...tools), (text, tool) => {
        fc.pre(errorsOf(text).length === 0);
        const before = text.replaceAll('"t"', JSON.stringify(tool.name));
        const { rule } = toolPage({ server: command, tools }, tool, '');
        const after = merged(before, { tools: { [tool.name]: rule as JsonObject } });
        expect(errorsOf(after)).toEqual([]);
        expect(merged(after, { tools: { [tool.name]: rule as JsonObject } })).toBe(after);
      }),
      { numRuns: 60 },
    );
  });
});

describe('two entries in one', () => {
  const entry = (had: object, next: object) => {
    const text = withPolicy({ tools: { t: had } });
    const after = merged(text, { tools: { t: next as JsonObject } });
    expect(errorsOf(after)).toEqual([]);
    return (documentOf(after).tools as Record<string, object>).t;
  };
  const when = (path: string, value: number) => ({ conditions: [{ path, op: 'gt', value }] });
  const limit = { counter: 'c', window: 'day', max: 5 };

  test('lists get what they lack, each rule once', () => {
    expect(
      entry({ deny_if: [when('args.a', 1)] }, { deny_if: [when('args.a', 1), when('args.b', 2)] }),
    ).toEqual({
      deny_if: [when('args.a', 1), when('args.b', 2)],
    });
  });

  test('the stricter action holds', () => {
    expect(entry({ action: 'deny' }, { action: 'approve', rate_limit: '5/minute' })).toEqual({
      action: 'deny',
    });
    expect(entry({ action: 'allow' }, { action: 'approve', reason: 'r' })).toEqual({
      action: 'approve',
      reason: 'r',
    });
    expect(entry({ approve_if: [when('args.a', 1)], limits: [limit] }, { action: 'approve' })).toEqual({
      limits: [limit],
      action: 'approve',
    });
    expect(entry({ action: 'approve' }, { approve_if: [when('args.a', 1)] })).toEqual({ action: 'approve' });
    expect(entry({ limits: [limit] }, { action: 'deny', reason: 'no' })).toEqual({
      limits: [limit],
      deny_if: [{ conditions: [], on_deny: 'no' }],
    });
  });

  test('a limit never shares a counter that is there', () => {
    expect(entry({ limits: [limit] }, { limits: [{ ...limit, max: 2 }] })).toEqual({
      limits: [limit, { ...limit, max: 2, counter: 'c_2' }],
    });
  });

  test('a rate stands beside what is looser, and not beside what is as strict', () => {
    expect(entry({}, { rate_limit: '30/minute' })).toEqual({ rate_limit: '30/minute' });
    expect(entry({ rate_limit: '10/minute' }, { rate_limit: '30/minute' })).toEqual({
      rate_limit: '10/minute',
    });
    expect(entry({ rate_limit: '90/minute' }, { rate_limit: '30/minute' })).toEqual({
      rate_limit: '90/minute',
      limits: [{ counter: 't_rate_2', window: 'minute', max: 30 }],
    });
    const seed = { counter: 't_rate', window: 'minute', max: 30, scope: 'grant' };
    expect(entry({ limits: [seed] }, { rate_limit: '30/minute' })).toEqual({ limits: [seed] });
    expect(entry({ limits: [{ ...seed, refund: 'on_success' }] }, { rate_limit: '30/minute' })).toEqual({
      limits: [
        { ...seed, refund: 'on_success' },
        { counter: 't_rate_2', window: 'minute', max: 30 },
      ],
    });
  });
});

test('the strictest pin holds, and names are hidden once', () => {
  const after = (had: object, part: JsonObject) => documentOf(merged(withPolicy(had), part));
  expect(after({ pin: 'deny' }, { pin: 'hold' }).pin).toBe('deny');
  expect(after({ pin: 'warn' }, { pin: 'hold' }).pin).toBe('hold');
  expect(after({}, { pin: 'hold' }).pin).toBe('hold');
  expect(after({ hide: ['a'] }, { hide: ['a', 'b'] }).hide).toEqual(['a', 'b']);
});

test('a tool that a pattern judges keeps its rules when it gets an entry of its own', () => {
  const text = withPolicy({ tools: { '*': {}, 'create_*': { rate_limit: '5/minute' }, c: {} } });
  expect(patternFor(text, 'create_invoice')).toBe('create_*');
  expect(patternFor(text, 'x')).toBe('*');
  expect(patternFor(text, 'c')).toBeUndefined();
  const own = documentOf(withOwnEntry(text, 'create_invoice')).tools as Record<string, unknown>;
  // In the pattern's count: it would have five calls more a minute otherwise.
  expect(own.create_invoice).toEqual({
    limits: [{ counter: 'create_*_rate', window: 'minute', max: 5 }],
  });
  expect(withOwnEntry(text, 'c')).toBe(text);
  expect(documentOf(withOwnEntry(withPolicy({}), 'new')).tools).toEqual({ new: {} });
});

test('a part about several tools opens none of those that nothing was said of', () => {
  const part = { tools: { a: { rate_limit: '5/minute' }, b: { action: 'approve' }, c: { action: 'hide' } } };
  const after = (members: object) => documentOf(merged(withPolicy(members), part));
  expect(after({ tools: { a: {} } })).toMatchObject({
    tools: { a: { rate_limit: '5/minute' } },
    hide: ['c'],
  });
  expect(after({ tools: { a: {} } }).tools).not.toHaveProperty('b');
  expect(Object.keys(after({ default: 'allow' }).tools as object)).toEqual(['a', 'b', 'c']);
  expect(after({ tools: { '*': {} } }).tools).toMatchObject({ b: { action: 'approve' } });
});
