import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem, nearest, pointerOf } from '../../../src/policy/read/problem.js';
import { Source } from '../../../src/policy/read/source.js';

describe('nearest', () => {
  const FIELDS = [
    'version',
    'default',
    'hide',
    'all_tools',
    'tools',
    'deny_if',
    'approve_if',
    'limits',
    'on_deny',
  ];

  test.each<[string, string | undefined]>([
    ['defualt', 'default'],
    ['Default', 'default'],
    ['hides', 'hide'],
    ['denyIf', 'deny_if'],
    ['deny-if', 'deny_if'],
    ['allTools', 'all_tools'],
    ['tool', 'tools'],
    ['message', 'on_deny'],
    ['rate_limits', 'limits'],
    ['zebra', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
    ['__proto__', undefined],
    ['constructor', undefined],
  ])('%s: %s', (word, expected) => {
    expect(nearest(word, FIELDS)).toBe(expected);
  });

  test('one letter missing, doubled or exchanged is always found', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FIELDS.filter((field) => field.length > 4)),
        fc.nat(),
        fc.constantFrom('drop', 'double', 'swap'),
        (field, at, how) => {
          const i = at % (field.length - 1);
          const [a, b] = [field[i] ?? '', field[i + 1] ?? ''];
          const middle = { drop: b, double: a + a + b, swap: b + a }[how] ?? '';
          const word = field.slice(0, i) + middle + field.slice(i + 2);
          if (word !== field) expect(nearest(word, FIELDS)).toBe(field);
        },
      ),
    );
  });
});

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
