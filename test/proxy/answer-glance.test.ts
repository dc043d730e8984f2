import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Glance, glanceAnswer } from '../../src/proxy/answer-glance.js';
import { Line, LineSplitter } from '../../src/proxy/lines.js';
import { isId } from '../../src/proxy/message.js';
import { json } from './json-texts.js';

/** What reading it in full says of a line; undefined when it is no answer with a proper id. */
function inFull(text: string): Glance | undefined {
  try {
    const { jsonrpc, id, method, result, error } = JSON.parse(text);
    if (jsonrpc !== '2.0' || !isId(id) || method !== undefined) return undefined;
    if (error !== undefined) return { id, outcome: 'error' };
    if (result === undefined) return undefined;
    return { id, outcome: result?.isError === true && !Array.isArray(result) ? 'tool_error' : 'ok' };
  } catch {
    return undefined;
  }
}

const of = (text: string) => glanceAnswer(Line.of(Buffer.from(`${text}\n`)));

/** The same with a member of four kilobytes in front, of the one kind of text or the other. */
const padded = (text: string, pad = 'All is \\"well\\", \\u00e9, ü.\\n ') =>
  text.replace(/^\{/, `{"pad":"${pad.repeat(200)}",`);

test.each<[string, Glance]>([
  ['{"jsonrpc":"2.0","id":7,"result":{"content":[]}}', { id: 7, outcome: 'ok' }],
  ['{"result":{},"id":"a b","jsonrpc":"2.0"}', { id: 'a b', outcome: 'ok' }],
  ['{ "jsonrpc" : "2.0" , "id" : 0 , "result" : { } }\r', { id: 0, outcome: 'ok' }],
  ['{"jsonrpc":"2.0","id":"ü👍","result":null}', { id: 'ü👍', outcome: 'ok' }],
  ['{"jsonrpc":"2.0","id":1,"result":[{"isError":true}]}', { id: 1, outcome: 'ok' }],
  ['{"jsonrpc":"2.0","id":1,"result":{"a":{"isError":true}}}', { id: 1, outcome: 'ok' }],
  ['{"jsonrpc":"2.0","id":1,"result":{"isError":"true"}}', { id: 1, outcome: 'ok' }],
  ['{"jsonrpc":"2.0","id":1,"result":{"isError":false}}', { id: 1, outcome: 'ok' }],
  ['{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError": true}}', { id: 1, outcome: 'tool_error' }],
  ['{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"\\u00e9\\n"}}', { id: 1, outcome: 'error' }],
  ['{"jsonrpc":"2.0","id":1,"error":null}', { id: 1, outcome: 'error' }],
  ['{"jsonrpc":"2.0","id":1,"result":{},"_meta":[1,-2.5e+3,{"x":[[]]}]}', { id: 1, outcome: 'ok' }],
])('an answer is understood without being read: %s', (text, expected) => {
  expect(of(text)).toEqual(expected);
  expect(inFull(text)).toEqual(expected);
  expect(of(padded(text))).toEqual(expected);
  expect(of(padded(text, 'x'.repeat(25)))).toEqual(expected);
});

test.each([
  ['a request', '{"jsonrpc":"2.0","id":1,"method":"x"}'],
  ['both at once', '{"jsonrpc":"2.0","id":1,"method":"x","result":{}}'],
  ['neither', '{"jsonrpc":"2.0","id":1}'],
  ['no version', '{"id":1,"result":{}}'],
  ['another version', '{"jsonrpc":"2.1","id":1,"result":{}}'],
  ['no id', '{"jsonrpc":"2.0","result":{}}'],
  ['id null', '{"jsonrpc":"2.0","id":null,"result":{}}'],
  ['an id with an escape', '{"jsonrpc":"2.0","id":"\\u0061","result":{}}'],
  ['an id that is negative', '{"jsonrpc":"2.0","id":-1,"result":{}}'],
  ['an id with a point', '{"jsonrpc":"2.0","id":1.0,"result":{}}'],
  ['an id with an exponent', '{"jsonrpc":"2.0","id":1e3,"result":{}}'],
  ['an id beyond 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"result":{}}'],
  ['an id of a kilobyte', `{"jsonrpc":"2.0","id":"${'x'.repeat(1001)}","result":{}}`],
  ['an id twice', '{"jsonrpc":"2.0","id":1,"id":2,"result":{}}'],
  ['the version twice', '{"jsonrpc":"2.0","jsonrpc":"1.0","id":2,"result":{}}'],
  ['a result twice', '{"jsonrpc":"2.0","id":1,"result":{},"result":{}}'],
  ['a result and an error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}'],
  ['a result in an escaped spelling', '{"jsonrpc":"2.0","id":1,"result":{},"\\u0072esult":{}}'],
  ['isError twice', '{"jsonrpc":"2.0","id":1,"result":{"isError":true,"isError":false}}'],
  ['isError in an escaped spelling', '{"jsonrpc":"2.0","id":1,"result":{"is\\u0045rror":true}}'],
  ['depth', `{"jsonrpc":"2.0","id":1,"result":${'['.repeat(32)}${']'.repeat(32)}}`],
  ['a blank before it', ' {"jsonrpc":"2.0","id":1,"result":{}}'],
  ['text', 'Server started'],
  ['a list', '[{"jsonrpc":"2.0","id":1,"result":{}}]'],
])('what is odd has to be read in full: %s', (_, text) => {
  expect(of(text)).toBeUndefined();
  expect(of(padded(text))).toBeUndefined();
});

test.each([
  '{"jsonrpc":"2.0","id":1,"result":{}',
  '{"jsonrpc":"2.0","id":1,"result":{}}}',
  '{"jsonrpc":"2.0","id":1,"result":{}} {}',
  '{"jsonrpc":"2.0","id":1,"result":{},}',
  '{"jsonrpc":"2.0","id":1,,"result":{}}',
  '{"jsonrpc":"2.0","id":01,"result":{}}',
  '{"jsonrpc":"2.0","id":1,"result":{"a":}}',
  '{"jsonrpc":"2.0","id":1,"result":{"a" 1}}',
  '{"jsonrpc":"2.0","id":1,"result":{"a":1 "b":2}}',
  '{"jsonrpc":"2.0","id":1,"result":[1,]}',
  '{"jsonrpc":"2.0","id":1,"result":[1}}',
  '{"jsonrpc":"2.0","id":1,"result":{"a":1]}',
  '{"jsonrpc":"2.0","id":1,"result":tru}',
  '{"jsonrpc":"2.0","id":1,"result":undefined}',
  '{"jsonrpc":"2.0","id":1,"result":"\\x"}',
  '{"jsonrpc":"2.0","id":1,"result":"\\u12g4"}',
  '{"jsonrpc":"2.0","id":1,"result":"\t"}',
  '{"jsonrpc":"2.0","id":1,"result":"open}',
  '{"jsonrpc":"2.0","id":1,"result":-}',
  '{"jsonrpc":"2.0","id":1,"result":1.}',
  '{"jsonrpc":"2.0","id":1,"result":+1}',
  "{'jsonrpc':'2.0','id':1,'result':{}}",
  '{"jsonrpc":"2.0","id":1,"result":{}}\u00a0',
])('G8: what is no JSON is never taken for an answer: %s', (text) => {
  expect(of(text)).toBeUndefined();
  expect(of(padded(text))).toBeUndefined();
  expect(inFull(text)).toBeUndefined();
});

test('lines that lie side by side in one chunk are not read into each other', () => {
  const lines = [
    '{"jsonrpc":"2.0","id":1,"result":',
    '{}}',
    '{"jsonrpc":"2.0","id":2,"result":{}}',
    '{',
    '}',
  ];
  const split = new LineSplitter(1000).push(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  expect(split.map((line) => glanceAnswer(line as Line))).toEqual([
    undefined,
    undefined,
    { id: 2, outcome: 'ok' },
    undefined,
    undefined,
  ]);
});

test('a short line that came in several chunks has to be read in full', () => {
  const splitter = new LineSplitter(1000);
  const text = '{"jsonrpc":"2.0","id":1,"result":{}}\n';
  for (let cut = 1; cut < text.length; cut++) {
    expect(splitter.push(Buffer.from(text.slice(0, cut)))).toEqual([]);
    const [line] = splitter.push(Buffer.from(text.slice(cut)));
    expect(glanceAnswer(line as Line)).toBeUndefined();
  }
});

test('a long one is understood, wherever it was cut', () => {
  const text = `${padded('{"jsonrpc":"2.0","id":1,"result":{"isError":true}}')}\n`;
  for (const cut of [1, 12, 700, text.length - 30, text.length - 1]) {
    const splitter = new LineSplitter(100_000);
    splitter.push(Buffer.from(text.slice(0, cut)));
    const [line] = splitter.push(Buffer.from(text.slice(cut)));
    expect(glanceAnswer(line as Line)).toEqual({ id: 1, outcome: 'tool_error' });
  }
});

const member = fc.oneof(
  fc.constantFrom('"jsonrpc":"2.0"', '"id":1', '"id":"a"', '"id":12345', '"result":{}', '"error":{}'),
  fc.constantFrom('"result":{"isError":true}', '"result":{"isError":false}', '"method":"m"', '"params":{}'),
  fc.tuple(fc.constantFrom('"result"', '"id"', '"x"', '"error"'), json).map((pair) => pair.join(':')),
);
const plain = fc.tuple(fc.constantFrom('"result"', '"result"', '"error"'), json).chain(([key, value]) => {
  const all = ['"jsonrpc":"2.0"', '"id":3', `${key}:${value}`];
  return fc.shuffledSubarray(all, { minLength: all.length });
});
const odd = fc.array(member, { maxLength: 5 });
/** Answers, and what is nearly one: a character put in, left out or exchanged. */
const nearly = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: odd }),
    fc.option(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'"{}[],:\\0- \u0001')), { freq: 1 }),
  )
  .map(([members, change]) => {
    const text = `{${members.join(',')}}`;
    if (!change) return text;
    const at = change[0] % text.length;
    return text.slice(0, at) + (change[1] > 0 ? change[2] : '') + text.slice(change[1] === 2 ? at : at + 1);
  });

test('a glance says what reading in full says, or nothing', () => {
  const seen = { understood: 0, left: 0 };
  fc.assert(
    fc.property(nearly, (text) => {
      const found = of(text);
      expect(of(padded(text))).toEqual(text.startsWith('{') ? found : undefined);
      seen[found ? 'understood' : 'left'] += 1;
      if (found) expect(found).toEqual(inFull(text));
    }),
    { numRuns: 5000 },
  );
  expect(Math.min(seen.understood, seen.left)).toBeGreaterThan(500);
});
