import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameHint, nearest } from '../../src/text/suggest.js';

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

test.each<[word: string, candidates: string[], expected: string | undefined]>([
  // A third of the letters may differ, and one of a short word.
  ['ab', ['ac'], 'ac'],
  ['ab', ['cd'], undefined],
  ['abcde', ['abcdx'], 'abcdx'],
  ['abcde', ['abcxx'], undefined],
  ['abcdef', ['xxcdef'], 'xxcdef'],
  ['abcdef', ['abcdxx'], 'abcdxx'],
  ['abcdef', ['abxxef'], 'abxxef'],
  ['abcdef', ['xxxdef'], undefined],
  ['abcdef', ['abcxxx'], undefined],
  ['abcdef', ['abcdefgh'], 'abcdefgh'],
  ['abcdef', ['ghabcdef'], 'ghabcdef'],
  ['abcdef', ['abcdefghi'], undefined],
  ['abcdef', ['cdef'], 'cdef'],
  ['abcdef', ['abcd'], 'abcd'],
  ['abcdef', ['def'], undefined],
  ['abcdef', ['badcef'], 'badcef'],
  ['abcdef', ['badcfe'], undefined],
  // The nearest, and of equals the first.
  ['abcdef', ['abcdxx', 'abcdex', 'abcdey'], 'abcdex'],
  // Never the word itself.
  ['tools', ['tools', 'tool'], 'tool'],
  ['a', ['a'], undefined],
  ['x'.repeat(64), ['x'.repeat(63)], 'x'.repeat(63)],
  ['x'.repeat(65), ['x'.repeat(64)], undefined],
  ['x'.repeat(63), ['x'.repeat(64)], 'x'.repeat(64)],
  ['x'.repeat(64), ['x'.repeat(65)], undefined],
])('%s among %j: %s', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});

describe('nameHint', () => {
  test.each<[string, string[], string | undefined]>([
    ['afpi', ['afip', 'legiti'], 'Did you mean "afip"?'],
    ['Claude Desktop', ['claude-desktop', 'claude-code'], 'Did you mean "claude-desktop"?'],
    ['zebra', ['afip', 'afip', 'legiti'], 'There are: afip, legiti.'],
    ['zebra', [], undefined],
    ['bell', ['bell\u0007'], 'Did you mean "bell\\u{7}"?'],
    ['zebra', [...'abcdefghijkl'], 'There are: a, b, c, d, e, f, g, h, i, j, k, l.'],
    [
      'zebra',
      Array.from({ length: 15 }, (_, i) => `tool${i}`),
      'There are: tool0, tool1, tool2, tool3, tool4, tool5, tool6, tool7, tool8, tool9, tool10, tool11, and 3 more.',
    ],
  ])('%s among %j', (word, known, hint) => {
    expect(nameHint(word, known)).toBe(hint);
  });
});
