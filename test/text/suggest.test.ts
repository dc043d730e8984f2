import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/text/suggest.js';

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

  const SYNONYMS = new Map([['on_deny', ['remark']]]);

  test.each<[string, string | undefined]>([
    ['defualt', 'default'],
    ['Default', 'default'],
    ['hides', 'hide'],
    ['denyIf', 'deny_if'],
    ['deny-if', 'deny_if'],
    ['allTools', 'all_tools'],
    ['tool', 'tools'],
    ['Remark', 'on_deny'],
    ['zebra', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
    ['__proto__', undefined],
    ['constructor', undefined],
  ])('%s: %s', (word, expected) => {
    expect(nearest(word, FIELDS, SYNONYMS)).toBe(expected);
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
