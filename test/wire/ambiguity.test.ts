import { expect, test } from 'vitest';
import { ambiguity } from '../../src/wire/ambiguity.js';

const of = (text: string) => ambiguity(text, JSON.parse(text));

test.each([
  ['{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}', 'what is inside belongs to this message in any case'],
  ['{"jsonrpc":"2.0","id":1,"result":{"id":2,"ID":3,"Result":"\ufffd"}}', 'the same'],
  [' { "jsonrpc" : "2.0" , "id" : "a" , "result" : [] } ', 'white space'],
  ['{"jsonrpc":"2.0","id":1,"other":1,"more":2,"result":{}}', 'keys that mean nothing'],
])('G2: %s is read by everybody in one way (%s)', (text) => {
  expect(of(text)).toBeUndefined();
});

test.each([
  ['{"jsonrpc":"2.0","id":1,"result":{},"id":2}', 'duplicate key "id" at the top level'],
  ['{"jsonrpc":"2.0","id":1,"x":0,"result":{},"x":{}}', 'duplicate key "x" at the top level'],
  ['{"jsonrpc":"2.0","\\u0069d":1,"id":2,"result":{}}', 'duplicate key "id" at the top level'],
  ['{"jsonrpc":"2.0","id":"a\ufffd","result":{}}', 'invalid UTF-8 in its id'],
  ['{"jsonrpc":"2.0","id":1,"re\ufffdsult":{},"result":{}}', 'invalid UTF-8 in a key'],
])('G2: %s could be read as another answer: %s', (text, reason) => {
  expect(of(text)).toBe(reason);
});

test('G2: a key that a lenient reader takes for the id', () => {
  expect(of('{"jsonrpc":"2.0","id":1,"ID":2,"result":{}}')).toContain('ID');
});

test('of several reasons the first is told, and a long key is cut', () => {
  const key = 'k'.repeat(200);
  expect(of(`{"${key}":1,"${key}":2,"\ufffd":3,"id":1,"id":2}`)).toBe(
    `duplicate key "${'k'.repeat(80)}" at the top level`,
  );
});
