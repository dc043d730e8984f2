import { expect, test } from 'vitest';
import { count, shortList } from '../../src/text/count.js';
import { isFixedPath } from '../../src/text/fixed-path.js';

test('a number of things is said with the word in its number', () => {
  expect([0, 1, 2].map((n) => count(n, 'remark'))).toEqual(['no remarks', '1 remark', '2 remarks']);
  expect([1, 2].map((n) => count(n, 'entry', 'entries'))).toEqual(['1 entry', '2 entries']);
});

test('a list says how many it leaves out, and nothing where it leaves out none', () => {
  const names = ['a', 'b', 'c'];
  expect([1, 2, 3, 4].map((most) => shortList(names, most))).toEqual([
    'a and 2 more',
    'a, b and 1 more',
    'a, b, c',
    'a, b, c',
  ]);
  expect(shortList(names, 2, '; ')).toBe('a; b and 1 more');
});

test.each<[path: string, onWindows: boolean, elsewhere: boolean]>([
  ['/home/ana', false, true],
  ['C:\\x', true, false],
  ['c:/x', true, false],
  ['C:x', false, false],
  ['\\\\host\\share', true, false],
  ['\\x', false, false],
  ['home/ana', false, false],
  ['', false, false],
])('%j names one place on Windows: %s, and elsewhere: %s', (path, onWindows, elsewhere) => {
  expect(isFixedPath(path, 'win32')).toBe(onWindows);
  expect(isFixedPath(path, 'linux')).toBe(elsewhere);
});
