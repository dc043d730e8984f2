import { describe, expect, test } from 'vitest';
import {
  carriesWords,
  instructionsOf,
  withInstructions,
  withoutMembers,
  wordListOf,
  wordsFault,
} from '../../src/wire/pinned-answers.js';

test.each([
  ['initialize', true, undefined],
  ['server/discover', true, undefined],
  ['prompts/list', true, 'prompts'],
  ['resources/list', true, 'resources'],
  ['resources/templates/list', true, 'resourceTemplates'],
  ['tools/list', false, undefined],
  ['tools/call', false, undefined],
  ['toString', false, undefined],
])('whether the answer to %s carries words for the model: %s, in the list %s', (method, carries, member) => {
  expect(carriesWords(method)).toBe(carries);
  expect(wordListOf(method)?.member).toBe(member);
});

describe('why a client could find other words than we do', () => {
  const PROMPTS = wordListOf('prompts/list');
  const of = (result: unknown) => ({ jsonrpc: '2.0', id: 1, result });

  test.each([
    [of({ prompts: [] }), undefined],
    [of({}), undefined],
    [of(null), undefined],
    [{ jsonrpc: '2.0', id: 1, error: { code: 1 } }, undefined],
    [of({ prompts: {} }), 'its prompts are not a list'],
    [of([]), 'its result is not an object'],
    [of('prompts'), 'its result is not an object'],
    [of({ prompts: [], Prompts: [] }), expect.stringMatching(/^in its result .*Prompts/)],
    [of({ Prompts: [] }), expect.stringMatching(/^in its result .*Prompts/)],
    [{ ...of({}), Result: {} }, expect.stringContaining('Result')],
  ])('%j: %s', (message, fault) => {
    expect(wordsFault(message, PROMPTS)).toEqual(fault);
  });

  test('instructions are no list, and have twins too', () => {
    expect(wordsFault(of({ instructions: 'Do.' }), undefined)).toBeUndefined();
    expect(wordsFault(of({ instructions: 'Do.', Instructions: 'No.' }), undefined)).toContain('Instructions');
  });
});

describe('instructions', () => {
  const text = ' {"jsonrpc":"2.0", "result" : { "a" : 1, "instructions" : "Do.", "b": {} } , "id":1}\n';

  test('are replaced or left out in place; every other byte stays', () => {
    expect(withInstructions(text, 'Don"t.')).toBe(
      text.replace('"instructions" : "Do."', '"instructions":"Don\\"t."'),
    );
    expect(withInstructions(text, undefined)).toBe(text.replace(', "instructions" : "Do."', ''));
  });

  test.each([
    [{ result: { instructions: 'Do.' } }, 'Do.'],
    [{ result: {} }, undefined],
    [{ result: 'instructions' }, undefined],
    [{}, undefined],
    [[], undefined],
    [{ result: Object.create({ instructions: 'Do.' }) }, undefined],
  ])('of %j are %s', (message, found) => {
    expect(instructionsOf(message)).toBe(found);
  });
});

test('members that are left out of an object are those alone', () => {
  expect(withoutMembers('{"name":"a", "icons":[], "title":"b"}', ['icons', 'title'])).toBe('{"name":"a"}');
  expect(withoutMembers('{"name":"a"}', ['icons'])).toBe('{"name":"a"}');
});
