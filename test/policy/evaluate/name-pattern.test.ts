import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePatterns, namePattern } from '../../../src/policy/evaluate/name-pattern.js';
import { growth } from '../../support/growth.js';

test('a pattern matches as the same regular expression does', () => {
  const text = fc.stringMatching(/^[ab.*]{0,6}$/);
  const name = fc.stringMatching(/^[ab.]{0,8}$/);
  fc.assert(
    fc.property(text, name, (pattern, tool) => {
      const regex = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      expect(namePattern(pattern).matches(tool)).toBe(regex.test(tool));
    }),
    { numRuns: 3000 },
  );
});

test('what stands in a name is not read as an expression', () => {
  expect(namePattern('a+').matches('aa')).toBe(false);
  expect(namePattern('[ab]').matches('a')).toBe(false);
  expect(namePattern('a\\*').matches('a*')).toBe(false);
});

test('no pattern takes long', () => {
  const pattern = namePattern(`${'a*'.repeat(500)}b`);
  const match = (size: number) => {
    for (let i = 0; i < 20; i += 1) expect(pattern.matches('a'.repeat(size))).toBe(false);
  };
  expect(growth(match, 1000, 16)).toBeLessThan(100);
});

test('the pattern with more literal characters comes first, and equals in one order', () => {
  const order = ['get_*', '*', 'get_*_x', 'b*', 'a*', '*a', 'get_**'];
  const sorted = ['get_*_x', 'get_*', 'get_**', '*a', 'a*', 'b*', '*'];
  for (const list of [order, [...order].reverse()]) {
    expect(
      list
        .map(namePattern)
        .sort(comparePatterns)
        .map(({ text }) => text),
    ).toEqual(sorted);
  }
});
