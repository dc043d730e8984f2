import { expect, test } from 'vitest';
import { formatProblem, pointerOf } from '../../../src/policy/read/problem.js';
import { Source } from '../../../src/policy/read/source.js';

test('pointers are escaped as RFC 6901 says', () => {
  expect(pointerOf(['tools', 'a/b~c', 0, ''])).toBe('/tools/a~1b~0c/0/');
  expect(pointerOf([])).toBe('');
});

test('of a document only what it says itself is there', () => {
  const source = new Source('{"a":{"b":[1]}}');
  expect(source.has(['a', 'b', 0])).toBe(true);
  for (const path of [['toString'], ['a', 'constructor'], ['a', 'b', 'length'], ['a', 'b', 1], ['a', 0]])
    expect(source.has(path)).toBe(false);
});

test('a problem is one line: place, severity, code, what and why, the likely word, how to mend it', () => {
  const source = new Source('{\n  "a": [1, 22]\n}');
  const problem = source.problem('TYPE', ['a', 1], 'Wrong.', 'Mend it.', {
    likely: 'x',
    severity: 'warning',
  });
  expect(problem).toEqual({
    code: 'TYPE',
    severity: 'warning',
    pointer: '/a/1',
    line: 2,
    column: 12,
    message: 'Wrong.',
    hint: 'Mend it.',
    likely: 'x',
  });
  expect(formatProblem(problem, 'f')).toBe('f:2:12 warning TYPE: Wrong. Did you mean "x"? Mend it.');
  expect(source.problem('TYPE', ['a'], '', '', { spot: 'key' })).toMatchObject({ line: 2, column: 3 });
  expect(source.problem('MISSING', ['a', 5, 'b'], '', '')).toMatchObject({
    pointer: '/a/5/b',
    line: 2,
    column: 8,
  });
});
