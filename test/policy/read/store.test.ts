import { describe, expect, test } from 'vitest';
import { stack } from '../../../src/policy/evaluate/layers.js';
import { policyOf, problemsOf } from '../support.js';

const LIMIT = { counter: 'spent', window: 'day', max: 10, scope: 'team' };
const policy = (more: object) => ({ version: '1', default: 'deny', ...more });

describe('the store of a team', () => {
  test('G4: a count over a team needs its name, so that leaving the option out is no fresh count', () => {
    const places = [
      { tools: { t: { limits: [LIMIT] } } },
      { all_tools: { limits: [LIMIT] } },
      { tools: { t: { after: [{ tools: ['fetch'], within: '1h', scope: 'team' }] } } },
      { tools: { t: { before: [{ tools: ['look'], scope: 'team' }] } } },
      { resources: { 'file:///**': { limits: [LIMIT] } } },
    ];
    for (const place of places) {
      const problems = problemsOf(JSON.stringify(policy(place), undefined, 2));
      expect(problems.map(({ code }) => code)).toEqual(['CONTRADICTION']);
      expect(problems[0]?.message).toContain('names no "store"');
      // It says where.
      expect(problems[0]?.line).toBeGreaterThan(4);
      expect(problemsOf(JSON.stringify(policy({ ...place, store: 'billing' })))).toEqual([]);
    }
  });

  test('has a name that fits into an address', () => {
    for (const store of ['', '.a', 'a b', '../x', 'a&b=c', 'é', 'x'.repeat(64)])
      expect(
        problemsOf(JSON.stringify(policy({ store }))).map(({ code, pointer }) => [code, pointer]),
      ).toEqual([['NAME', '/store']]);
    for (const store of ['billing', 'Team-2.x', '0_a']) expect(policyOf(policy({ store })).store).toBe(store);
  });

  test('numbers that it could not hold are errors, and without it they are not', () => {
    const long = `0.${'1'.repeat(501)}`;
    const body = (store: string) =>
      `{ "version": "1", "default": "deny", ${store} "tools": { "t": { "limits": [
          { "counter": "c", "window": "day", "max": ${long} },
          { "counter": "d", "window": "day", "max": 1, "amount": ${long} } ] } } }`;
    expect(problemsOf(body('"store": "billing",')).map(({ code, line }) => [code, line])).toEqual([
      ['VALUE', 2],
      ['VALUE', 3],
    ]);
    expect(problemsOf(body(''))).toEqual([]);
  });

  test('every layer that names one is heard', () => {
    const named = (store?: string) => policyOf(policy(store === undefined ? {} : { store }));
    expect(stack(named()).stores).toEqual([]);
    expect(stack(named('a'), [named(), named('a')]).stores).toEqual(['a']);
    expect(stack(named('a'), [named('b')]).stores.toSorted()).toEqual(['a', 'b']);
  });
});
