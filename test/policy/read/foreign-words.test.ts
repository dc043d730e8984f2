import { expect, test } from 'vitest';
import { OPERATOR_NAMES } from '../../../src/policy/operators.js';
import { likelyWord } from '../../../src/policy/read/foreign-words.js';

const FIELDS = ['version', 'default', 'hide', 'limits', 'on_deny', 'constructor', '__proto__'];

test.each([
  ['message', 'on_deny'],
  ['rate_limits', 'limits'],
  ['hides', 'hide'],
  ['zebra', undefined],
])('the word %s of another format is %s here', (word, expected) => {
  expect(likelyWord(word, FIELDS)).toBe(expected);
});

test.each([
  ['==', 'eq'],
  ['<>', 'neq'],
  ['<', 'lt'],
  ['<=', 'lte'],
  ['max', 'lte'],
  ['>', 'gt'],
  ['>=', 'gte'],
  ['nin', 'not_in'],
  ['=~', 'regex'],
  ['matches', 'regex'],
  ['includes', 'contains'],
  ['startsWith', 'starts_with'],
  ['prefix', 'starts_with'],
])('the operator %s of another format is %s here', (word, expected) => {
  expect(likelyWord(word, OPERATOR_NAMES)).toBe(expected);
});
