import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { casesOf, freshDecision, keepCase, runCases } from '../../src/draft/cases.js';
import { readDraft } from '../../src/draft/findings.js';
import { parseJson } from '../../src/json/exact.js';
import type { JsonObject } from '../../src/json/value.js';
import { stack } from '../../src/policy/evaluate/layers.js';

const POLICY = `{ "version": "1", "default": "deny", "tools": { "pay": {
  "require": [{ "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }, { "path": "env.REGION", "op": "eq", "value": "ar" }] }] } } }`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-cases-'));
  file = join(folder, 'afip.json');
  writeFileSync(file, POLICY);
  return () => rmSync(folder, { recursive: true, force: true });
});

const layers = () => {
  const found = readDraft(POLICY, file);
  if (found.kind === 'problems') throw new Error('unusable');
  return stack(found.policy, found.extended);
};
const call = (name: string, args: string) => ({
  name,
  tool: 'pay',
  args: parseJson(args) as JsonObject,
  env: { REGION: 'ar' },
});

test('a kept call becomes a case with every digit, which passes now and fails under a draft that decides otherwise', () => {
  const small = call('small', '{ "amount": 99.99999999999999999999, "note": "$& $1" }');
  const large = call('large', '{ "amount": 101 }');
  expect(freshDecision(layers(), small).decision).toBe('deny');
  expect(freshDecision(layers(), call('', '{ "amount": 99 }'))).toEqual({ decision: 'allow' });
  for (const one of [small, large]) keepCase(file, one, freshDecision(layers(), one));
  const [made = ''] = casesOf(file);
  expect(made).toBe(join(folder, 'cases', 'afip.json'));
  expect(readFileSync(made, 'utf8')).toContain('99.99999999999999999999');
  expect(readFileSync(made, 'utf8')).toContain('$& $1');
  expect(runCases(made).map(({ name, passed }) => [name, passed])).toEqual([
    ['small', true],
    ['large', true],
  ]);
  const text = POLICY.replace('"value": 100', '"value": 1000');
  expect(runCases(made, { file, text }).map(({ passed }) => passed)).toEqual([true, false]);
});

test('a case is added behind the others, and their comments stay', () => {
  mkdirSync(join(folder, 'cases'));
  const own = join(folder, 'cases', 'afip.json');
  writeFileSync(own, '// mine\n{\n  "policy": "../afip.json",\n  "cases": [\n    // none yet\n  ]\n}\n');
  keepCase(file, call('one', '{}'), { decision: 'deny', code: 'REQUIRE' });
  expect(readFileSync(own, 'utf8')).toMatch(/\/\/ mine[\s\S]*\/\/ none yet[\s\S]*"one"/);
  expect(runCases(own).map(({ passed }) => passed)).toEqual([true]);
});

test('the cases of a policy are those that name it; what is no case file is not written over', () => {
  mkdirSync(join(folder, 'cases'));
  const put = (name: string, content: string) => writeFileSync(join(folder, 'cases', name), content);
  put('other.json', '{ "policy": "../other.json", "cases": [] }');
  put('more.json', '{ "policy": "../afip.json", "cases": [] }');
  put('notes.txt', '');
  expect(casesOf(file)).toEqual([join(folder, 'cases', 'more.json')]);
  put('afip.json', '{ "something": "else" }');
  expect(() => keepCase(file, call('one', '{}'), { decision: 'deny' })).toThrow(/afip\.json/);
  expect(readFileSync(join(folder, 'cases', 'afip.json'), 'utf8')).toBe('{ "something": "else" }');
});

test.each(readdirSync('test/cases').filter((name) => name.endsWith('.json')))(
  'every case of %s comes out as it says',
  (name) => {
    const outcomes = runCases(join('test/cases', name));
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ passed }) => !passed)).toEqual([]);
  },
);

/** What becomes of one case of a policy with every tool allowed but those that are named. */
function caseOf(tools: object, one: object, more: object = {}) {
  const made = join(folder, 'one.json');
  const policy = { version: '1', default: 'deny', timezone: 'UTC', tools };
  const usual = { name: 'one', call: { tool: 'pay' }, expect: { decision: 'allow' } };
  writeFileSync(made, JSON.stringify({ policy, ...more, cases: [{ ...usual, ...one }] }));
  const [outcome] = runCases(made);
  if (!outcome) throw new Error('no outcome');
  return outcome;
}
const ONCE = { pay: { rate_limit: '1/hour' } };

test('a case says no more than it means: what it does not mention may be as it likes', () => {
  const { actual } = caseOf(ONCE, { earlier: [{ tool: 'pay', at: '-10m' }] });
  const retryAt = '2026-01-15T12:50:00.000Z';
  expect(actual).toEqual({ decision: 'deny', code: 'LIMIT', rule: '/tools/pay/rate_limit', retryAt });
  const passes = (expected: object) =>
    caseOf(ONCE, { earlier: [{ tool: 'pay', at: '-10m' }], expect: { decision: 'deny', ...expected } })
      .passed;
  expect(passes({})).toBe(true);
  expect(passes({ code: 'LIMIT', rule: '/tools/pay/rate_limit' })).toBe(true);
  expect(passes({ code: 'HIDDEN' })).toBe(false);
  expect(passes({ rule: '/tools/pay' })).toBe(false);
  expect(passes({ retryAt: '2026-01-15T13:50:00+01:00' })).toBe(true);
  expect(passes({ retryAt: '2026-01-15T13:50:00Z' })).toBe(false);
  expect(passes({ retryAt: null })).toBe(false);
  const never = { pay: { limits: [{ counter: 'c', window: 'hour', max: 1, amount: 2 }] } };
  expect(caseOf(never, { expect: { decision: 'deny', retryAt: null } }).passed).toBe(true);
  expect(caseOf(never, { expect: { decision: 'deny', retryAt } }).passed).toBe(false);
});

test('what was called before the case counts at its time, as often as it says, as the server answered', () => {
  const limited = { pay: { limits: [{ counter: 'c', window: 'hour', max: 2, refund: 'on_error' }] } };
  const after = (earlier: object[], more: object = {}) =>
    caseOf(limited, { earlier, ...more }).actual.decision;
  expect(after([{ tool: 'pay', at: '-1h', times: 2 }])).toBe('allow');
  expect(after([{ tool: 'pay', at: '-1s', times: 1 }])).toBe('allow');
  expect(after([{ tool: 'pay', at: '-1s', times: 2 }])).toBe('deny');
  expect(after([{ tool: 'pay', at: '-1s', times: 2, outcome: 'error' }])).toBe('allow');
  expect(after([{ tool: 'pay', at: '2026-01-15T11:30:00Z', times: 2 }])).toBe('deny');
  const at = '2026-01-15T12:30:00Z';
  expect(after([{ tool: 'pay', at: '2026-01-15T11:30:00Z', times: 2 }], { at })).toBe('allow');
  expect(after([{ tool: 'pay', at: '-59m', times: 2 }], { at })).toBe('deny');
  // On another server it passed, whatever this policy says, and takes nothing from these counters.
  expect(after([{ tool: 'pay', at: '-1s', times: 5, server: 'other' }])).toBe('allow');
  expect(() => after([{ tool: 'pay', at: 'noon' }])).toThrow('"noon" is not a time');
  expect(() => after([{ tool: 'pay', at: '-noon' }])).toThrow('"-noon" is not a time');
});

test('each decision is told in its words', () => {
  const tools = {
    free: {},
    no: { action: 'deny' },
    ask: { action: 'approve' },
    gone: { action: 'hide' },
    early: { hours: { from: '00:00', to: '06:00' } },
    first: { before: [{ tools: ['free'], within: '1h' }] },
  };
  const decided = (tool: string) => caseOf(tools, { call: { tool } }).actual;
  expect(decided('free')).toEqual({ decision: 'allow' });
  expect(decided('no')).toEqual({ decision: 'deny', code: 'ACTION_DENY', rule: '/tools/no/action' });
  expect(decided('ask')).toEqual({ decision: 'ask', code: 'APPROVAL_REQUIRED', rule: '/tools/ask/action' });
  expect(decided('gone')).toEqual({ decision: 'hide', rule: '(hidden)' });
  expect(decided('unlisted')).toMatchObject({ decision: 'deny', code: 'NOT_LISTED' });
  const retryAt = '2026-01-16T00:00:00.000Z';
  expect(decided('early')).toEqual({ decision: 'deny', code: 'HOURS', rule: '/tools/early/hours', retryAt });
  expect(decided('first')).toMatchObject({ decision: 'deny', code: 'BEFORE', retryAt: null });
});

test('arguments are held against the schemas that a case file names', () => {
  const tools = { send: { type: 'object', properties: { to: { type: 'string' } } } };
  const declared = (args: object, tool = 'send') =>
    caseOf(
      { send: { arguments: 'declared' }, other: { arguments: 'declared' } },
      { call: { tool, args } },
      { tools },
    ).actual.code;
  expect(declared({ to: 'a' })).toBeUndefined();
  expect(declared({ bcc: 'a' })).toBe('ARGUMENTS');
  const kept = {
    name: 'x',
    tool: 'pay',
    env: { REGION: 'ar' },
    args: parseJson('{ "amount": 1 }') as JsonObject,
  };
  const declaring = readDraft(POLICY.replace('"require"', '"arguments": "declared", "require"'), file);
  if (declaring.kind === 'problems') throw new Error('unusable');
  const policy = stack(declaring.policy, declaring.extended);
  const decide = (inputSchema: unknown) => freshDecision(policy, { ...kept, inputSchema }).code;
  expect(decide({ type: 'object', properties: { amount: { type: 'number' } } })).toBeUndefined();
  expect(decide({ type: 'object', properties: { sum: { type: 'number' } } })).toBe('ARGUMENTS');
});

test('a call is kept with its environment and the schema that a rule looks at, and without where there is none', () => {
  const schema = { type: 'object', properties: {} };
  // The folder may be there, with cases of other policies.
  mkdirSync(join(folder, 'cases'));
  keepCase(
    file,
    { ...call('with', '{}'), inputSchema: schema },
    { decision: 'deny', code: 'REQUIRE', rule: '/r' },
  );
  const path = keepCase(file, { ...call('without', '{}'), env: {} }, { decision: 'deny' });
  const kept = JSON.parse(readFileSync(path, 'utf8'));
  expect(kept).toEqual({
    policy: '../afip.json',
    tools: { pay: schema },
    cases: [
      {
        name: 'with',
        env: { REGION: 'ar' },
        call: { tool: 'pay', args: {} },
        expect: { decision: 'deny', code: 'REQUIRE', rule: '/r' },
      },
      { name: 'without', call: { tool: 'pay', args: {} }, expect: { decision: 'deny' } },
    ],
  });
});

test('what cannot be run is an error, with the file and the place', () => {
  const put = (content: string) => {
    const made = join(folder, 'bad.json');
    writeFileSync(made, content);
    return () => runCases(made);
  };
  expect(() => runCases(join(folder, 'none.json'))).toThrow(/none\.json could not be read/);
  expect(put('{ "policy": ')).toThrow(/bad\.json/);
  expect(put('{ "policy": "../afip.json", "casess": [] }')).toThrow(/casess/);
  expect(put('{ "policy": "gone.json", "cases": [] }')).toThrow(/gone\.json/);
  expect(put('{ "policy": { "version": "2" }, "cases": [] }')).toThrow(/bad\.json/);
});

test('of several case files those are found that are about the policy, and its own though it cannot be read', () => {
  expect(casesOf(file)).toEqual([]);
  mkdirSync(join(folder, 'cases'));
  const put = (name: string, content: string) => writeFileSync(join(folder, 'cases', name), content);
  put('b.json', '{ "policy": "../afip.json" }');
  put('a.json', `{ "policy": ${JSON.stringify(file)} }`);
  put('c.json', '{ "policy": { "version": "1" } }');
  put('d.json', 'x');
  expect(casesOf(file)).toEqual(['a.json', 'b.json'].map((name) => join(folder, 'cases', name)));
  // A folder in the place of a file cannot be read.
  for (const name of ['afip.json', 'e.json']) mkdirSync(join(folder, 'cases', name));
  expect(casesOf(file)).toEqual(['a.json', 'afip.json', 'b.json'].map((name) => join(folder, 'cases', name)));
});
