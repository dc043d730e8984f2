import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../../src/json/decimal.js';
import type { Json, JsonType } from '../../src/json/value.js';
import { cut, kindOf, show } from '../../src/policy/describe-value.js';
import { aboutOperators, OPERATOR_NAMES, type Operator, operatorOf } from '../../src/policy/operators.js';

const prospect = (op: Operator, value: Json, types: readonly JsonType[], values?: readonly unknown[]) =>
  operatorOf(op).prospect(value, { types: new Set(types), values });

describe('what a condition can come to, by what is known of a value', () => {
  test.each<[Operator, Json, JsonType[], unknown[] | undefined, 'may' | 'fails' | 'unknown']>([
    ['eq', 'a', ['string'], undefined, 'may'],
    ['eq', 'a', ['string'], ['a', 'b'], 'may'],
    ['eq', 'c', ['string'], ['a', 'b'], 'fails'],
    ['eq', 1, ['string'], undefined, 'unknown'],
    ['eq', null, ['string'], undefined, 'fails'],
    ['eq', null, ['string', 'null'], undefined, 'may'],
    ['eq', ['a'], ['array'], [['b']], 'may'],
    ['neq', 'a', ['string'], undefined, 'may'],
    ['neq', 1, ['string'], undefined, 'unknown'],
    ['neq', null, ['string'], undefined, 'may'],
    ['in', ['a', 1], ['number'], undefined, 'may'],
    ['in', ['a', 1], ['boolean'], undefined, 'unknown'],
    ['in', ['c'], ['string'], ['a'], 'fails'],
    ['not_in', ['a'], ['string'], undefined, 'may'],
    ['not_in', ['a', 1], ['string'], undefined, 'unknown'],
    ['lt', 1, ['number', 'string'], undefined, 'may'],
    ['lte', 1, ['string'], undefined, 'unknown'],
    ['gt', 1, ['string'], undefined, 'unknown'],
    ['gte', 1, ['number'], undefined, 'may'],
    ['regex', 'a', ['string'], undefined, 'may'],
    ['regex', 'a', ['number'], undefined, 'unknown'],
    ['contains', 'a', ['string'], undefined, 'may'],
    ['contains', 1, ['string'], undefined, 'unknown'],
    ['contains', 1, ['array'], undefined, 'may'],
    ['starts_with', 'a', ['string'], undefined, 'may'],
    ['starts_with', 'a', ['array'], undefined, 'unknown'],
    ['exists', true, ['null'], undefined, 'may'],
  ])('%s %j where it is %j of %j: %s', (op, value, types, values, expected) => {
    expect(prospect(op, value, types, values)).toBe(expected);
  });
});

test.each<[Operator, Json, english: string, spanish: string]>([
  ['eq', 'a', 'be "a"', 'ser/es "a"'],
  ['neq', 1, 'be other than 1', 'ser/es distinto de 1'],
  ['lt', 1, 'be less than 1', 'ser/es menor que 1'],
  ['gte', 1, 'be at least 1', 'ser/es al menos 1'],
  ['in', ['a', 1], 'be one of "a", 1', 'ser/es uno de "a", 1'],
  ['in', 'a', 'be one of "a"', 'ser/es uno de "a"'],
  ['not_in', ['a'], 'be none of "a"', 'ser/es ninguno de "a"'],
  ['exists', true, 'be present', 'estar/está presente'],
  ['exists', false, 'be absent', 'estar/está ausente'],
  ['regex', '^a', 'match ^a', 'coincidir/coincide con ^a'],
  ['regex', 1, 'match 1', 'coincidir/coincide con 1'],
  ['contains', 'a', 'contain "a"', 'contener/contiene "a"'],
  ['starts_with', 'a', 'start with "a"', 'empezar/empieza con "a"'],
])('%s %j reads as "%s", in Spanish as "%s"', (op, value, english, spanish) => {
  expect(operatorOf(op).words(value)).toBe(english);
  const [infinitive, present, rest] = operatorOf(op).spanish(value, show);
  expect(`${infinitive}/${present} ${rest}`).toBe(spanish);
});

test('a value is shown in few characters', () => {
  const text = (length: number) => 'x'.repeat(length);
  expect(show(text(60))).toBe(`"${text(60)}"`);
  expect(show(text(61))).toBe(`"${text(60)}"...`);
  expect([cut(text(60)), cut(text(61))]).toEqual([text(60), `${text(60)}...`]);
  expect(
    [[], [1], [1, 2], {}, null, true, 1.5, Decimal.from('1e400')].map((each) => show(each as Json)),
  ).toEqual([
    'a list of 0 elements',
    'a list of 1 element',
    'a list of 2 elements',
    'an object',
    'null',
    'true',
    '1.5',
    '1e400',
  ]);
  expect([null, 'a', false, [], 5, {}, Decimal.from('1e400')].map(kindOf)).toEqual([
    'null',
    'the text "a"',
    'false',
    'a list',
    'the number 5',
    'an object',
    'a number that large',
  ]);
});

test('every operator says what it compares, once with those that compare the same', () => {
  const said = aboutOperators();
  for (const name of OPERATOR_NAMES) expect(said.match(new RegExp(`\\b${name}\\b[,:]`, 'g'))).toHaveLength(1);
  expect(said).toContain('lt, lte, gt, gte: numbers.');
});

test('no word of another format stands for two operators, or for one of ours', () => {
  const words = OPERATOR_NAMES.flatMap((name) => operatorOf(name).foreign);
  expect(new Set([...words, ...OPERATOR_NAMES]).size).toBe(words.length + OPERATOR_NAMES.length);
  for (const word of words) expect(word).toBe(word.toLowerCase());
});

test('an operator takes only what it can compare with, and says how to write it', () => {
  const faulty = (value: Json) => OPERATOR_NAMES.filter((name) => operatorOf(name).fault(value));
  expect(faulty('a')).toEqual(['lt', 'lte', 'gt', 'gte', 'in', 'not_in', 'exists']);
  expect(faulty(1)).toEqual(['in', 'not_in', 'exists', 'regex', 'starts_with']);
  expect(faulty(true)).toEqual(['lt', 'lte', 'gt', 'gte', 'in', 'not_in', 'regex', 'starts_with']);
  expect(faulty(['a'])).toEqual(['lt', 'lte', 'gt', 'gte', 'exists', 'regex', 'starts_with']);
  for (const name of faulty('a')) expect(operatorOf(name).fault('a')?.hint).toMatch(/^Write /);
});

test('only a missing value that must not exist is one', () => {
  const held = OPERATOR_NAMES.filter((name) => operatorOf(name).missing?.(false) === 'holds');
  expect(held).toEqual(['exists']);
  expect(operatorOf('exists').missing?.(true)).toBe('fails');
});

test('docs/policy.md has every operator in its table', () => {
  const [, table = ''] = /^\| operator \|(.*?)\n\n/ms.exec(readFileSync('docs/policy.md', 'utf8')) ?? [];
  const named = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(named.sort()).toEqual([...OPERATOR_NAMES].sort());
});
