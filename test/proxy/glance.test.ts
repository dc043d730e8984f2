import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Glance, glanceAnswer, glanceCall } from '../../src/proxy/glance.js';
import { Line, LineSplitter } from '../../src/proxy/lines.js';
import { classify, isId, type ToolCall } from '../../src/proxy/message.js';
import { scan } from '../../src/proxy/scan.js';

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

const { json } = fc.letrec<{ json: string }>((tie) => {
  const name = fc.constantFrom(
    '"id"',
    '"result"',
    '"isError"',
    '"a"',
    '"\\u0061"',
    '"__proto__"',
    '""',
    '"ü"',
  );
  const space = fc.constantFrom('', '', '', ' ', '\t', '\r');
  const all = fc.array(fc.tuple(name, tie('json'), space), { maxLength: 3 });
  return {
    json: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        '1',
        '-0',
        '1.5e3',
        '0.5',
        'null',
        'true',
        'false',
        '""',
        '"a\\n\\"b"',
        '"👍"',
        '[]',
        '{ }',
      ),
      fc.array(tie('json'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
      all.map(
        (members) => `{${members.map(([key, value, s]) => `${s}${key}${s}:${s}${value}${s}`).join(',')}}`,
      ),
    ),
  };
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

/** What the gate is told of a call that was read in full; undefined for anything else, and for what is refused. */
function callInFull(text: string | Buffer) {
  const message = classify(scan(Buffer.from(text)));
  return message.kind === 'call' ? told(message) : undefined;
}

function told({ kind, id, name, args, era, task }: ToolCall) {
  return { kind, id, name, names: args.names.toSorted(), values: args.values, era, task };
}

function callAtAGlance(text: string) {
  const call = glanceCall(Line.of(Buffer.from(`${text}\n`)));
  return call && told(call);
}

const callOf = (params: string, envelope = '"jsonrpc":"2.0","id":1,"method":"tools/call"') =>
  `{${envelope},"params":${params}}`;

test.each([
  callOf('{"name":"echo","arguments":{}}'),
  callOf('{"name":"echo","arguments":{ }}'),
  callOf('{"arguments":{"a":1,"b":"x","c":true,"d":null,"e":-0.5},"name":"echo"}'),
  callOf('{"name":"ü👍","arguments":{"ü":"\\ud83d\\n\\"","👍":"é"}}'),
  callOf('{"name":"","arguments":{"":""}}'),
  callOf(
    '{"name":"n","arguments":{"__proto__":{"constructor":1},"toString":[1,[2,{}],{"a":{"a":{"a":1}}}]}}',
  ),
  callOf('{"name":"n","arguments":{"a":[{"b":1,"c":2},{"b":1,"c":2}],"b":{"a":1,"b":{"a":1}}}}'),
  callOf('{"name":"n","arguments":{"a":{"b":{"x":1,"y":2},"x":{"y":1},"y":[{"x":1},{"x":1}]}}}'),
  callOf('{"name":"n","arguments":{"2":1,"10":2,"1":3}}'),
  callOf('{"name":"n","arguments":{"n":123456789012345,"o":-12345678901234}}'),
  callOf('{"name":"n","arguments":{},"_meta":{"progressToken":7,"x/y":{"z":[]}}}'),
  callOf('{"name":"n","arguments":{},"_meta":{}}'),
  callOf('{"name":"n","arguments":{}}', '"method":"tools/call","jsonrpc":"2.0","id":"a b"'),
  '{"method":"tools/call","params":{"name":"n","arguments":{}},"jsonrpc":"2.0","id":0}',
  ' { "jsonrpc" : "2.0" ,\t"id" : 3 , "method" : "tools/call" , "params" : { "name" : "n" , "arguments" : { "a" : [ 1 , 2 ] } } } \r'.trimStart(),
])('a call is understood where it lies: %s', (text) => {
  const expected = callInFull(text);
  expect(expected).toBeDefined();
  expect(callAtAGlance(text)).toEqual(expected);
});

const ID = '"id":1';
const METHOD = '"method":"tools/call"';
const NAMED = '"name":"n"';
test.each([
  ['another request', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'],
  ['a notification', `{"jsonrpc":"2.0",${METHOD},"params":{${NAMED},"arguments":{}}}`],
  ['no method', callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0",${ID}`)],
  ['params that end as a list', callOf(`{${NAMED},"arguments":{}]`)],
  ['params that end with the line', callOf(`{${NAMED},"arguments":{}`).slice(0, -1)],
  ['arguments that end as a list', callOf(`{${NAMED},"arguments":{"a":1]}`)],
  ['arguments that do not end', callOf(`{${NAMED},"arguments":{"a":1 }`)],
  ['no params', `{"jsonrpc":"2.0",${ID},${METHOD}}`],
  ['no version', callOf(`{${NAMED},"arguments":{}}`, `${ID},${METHOD}`)],
  ['another version', callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.00",${ID},${METHOD}`)],
  [
    'the method in another case',
    callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0",${ID},"method":"Tools/Call"`),
  ],
  [
    'the method with an escape',
    callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0",${ID},"method":"tools\\/call"`),
  ],
  [
    'the method with more behind it',
    callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0",${ID},"method":"tools/call/"`),
  ],
  ['the method twice', callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0",${ID},${METHOD},${METHOD}`)],
  ['the id twice', callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0",${ID},${ID},${METHOD}`)],
  [
    'the version twice',
    callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0","jsonrpc":"2.0",${ID},${METHOD}`),
  ],
  ['params twice', callOf(`{${NAMED},"arguments":{}},"params":{${NAMED},"arguments":{}}`)],
  ['params in an escaped spelling', callOf(`{${NAMED},"arguments":{}},"p\\u0061rams":{}`)],
  ['params in another case', callOf(`{${NAMED},"arguments":{}},"Params":{}`)],
  ['an unknown member', callOf(`{${NAMED},"arguments":{}},"x":1`)],
  ['a result too', callOf(`{${NAMED},"arguments":{}},"result":{}`)],
  ['params that are a list', callOf(`["n"]`)],
  ['no name', callOf('{"arguments":{}}')],
  ['a name that is no text', callOf('{"name":1,"arguments":{}}')],
  ['a name with an escape', callOf('{"name":"\\u006e","arguments":{}}')],
  ['the name twice', callOf(`{${NAMED},${NAMED},"arguments":{}}`)],
  ['the name in another case', callOf(`{${NAMED},"NAME":"m","arguments":{}}`)],
  ['the name in full width', callOf(`{${NAMED},"ｎame":"m","arguments":{}}`)],
  ['no arguments', callOf(`{${NAMED}}`)],
  ['arguments that are null', callOf(`{${NAMED},"arguments":null}`)],
  ['arguments that are a list', callOf(`{${NAMED},"arguments":[]}`)],
  ['arguments twice', callOf(`{${NAMED},"arguments":{},"arguments":{}}`)],
  ['a task', callOf(`{${NAMED},"arguments":{},"task":{}}`)],
  ['a request that goes on', callOf(`{${NAMED},"arguments":{},"requestState":"x"}`)],
  [
    'another era',
    callOf(`{${NAMED},"arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}`),
  ],
  ['_meta twice', callOf(`{${NAMED},"arguments":{},"_meta":{},"_meta":{}}`)],
  ['_meta that is no object', callOf(`{${NAMED},"arguments":{},"_meta":null}`)],
  ['a member of _meta twice', callOf(`{${NAMED},"arguments":{},"_meta":{"a":1,"a":2}}`)],
  ['an argument twice', callOf(`{${NAMED},"arguments":{"a":1,"b":2,"a":1}}`)],
  ['an argument twice, in an escaped spelling', callOf(`{${NAMED},"arguments":{"a":1,"\\u0061":1}}`)],
  ['a key twice within', callOf(`{${NAMED},"arguments":{"a":[{"x":1,"y":{"x":1},"x":2}]}}`)],
  ['a key twice, the first one of its object', callOf(`{${NAMED},"arguments":{"a":{"x":{"y":1,"y":2}}}}`)],
  ['a key twice, behind an object', callOf(`{${NAMED},"arguments":{"a":{"x":{"y":1},"z":1,"x":2}}}`)],
  ['many arguments', callOf(`{${NAMED},"arguments":{${Array.from({ length: 33 }, (_, i) => `"${i}":1`)}}}`)],
  ['many keys', callOf(`{${NAMED},"arguments":{"a":{${Array.from({ length: 65 }, (_, i) => `"${i}":1`)}}}}`)],
  ['an exponent', callOf(`{${NAMED},"arguments":{"a":1e2}}`)],
  ['a number beyond a double', callOf(`{${NAMED},"arguments":{"a":{"b":9007199254740993}}}`)],
  ['a number out of range', callOf(`{${NAMED},"arguments":{"a":1e999}}`)],
  [
    'an id beyond a double',
    callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0","id":9007199254740993,${METHOD}`),
  ],
  ['an id that is no integer', callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0","id":1.5,${METHOD}`)],
  ['depth', callOf(`{${NAMED},"arguments":{"a":${'['.repeat(32)}${']'.repeat(32)}}}`)],
  ['a long line', callOf(`{${NAMED},"arguments":{"a":"${'x'.repeat(5000)}"}}`)],
  ['a blank before it', ` ${callOf(`{${NAMED},"arguments":{}}`)}`],
  ['a byte order mark', `\ufeff${callOf(`{${NAMED},"arguments":{}}`)}`],
  ['something behind it', `${callOf(`{${NAMED},"arguments":{}}`)}1`],
  ['another message behind it', callOf(`{${NAMED},"arguments":{}}`).repeat(2)],
  ['an end too early', callOf(`{${NAMED},"arguments":{}}`).slice(0, -1)],
  ['a comma too many', callOf(`{${NAMED},"arguments":{"a":1,}}`)],
  ['a comma too few', callOf(`{${NAMED},"arguments":{"a":1 "b":2}}`)],
  ['a control character', callOf(`{${NAMED},"arguments":{"a":"\u0001"}}`)],
  ['a word of its own', callOf(`{${NAMED},"arguments":{"a":NaN}}`)],
  ['a list', `[${callOf(`{${NAMED},"arguments":{}}`)}]`],
])('G8: what is odd, or would be refused, has to be read in full: %s', (_, text) => {
  expect(callAtAGlance(text)).toBeUndefined();
});

test('G8: of bytes that are no UTF-8, wherever they stand in the chunk, nothing is understood at a glance', () => {
  const call = Buffer.from(`${callOf(`{${NAMED},"arguments":{"a":"é"}}`)}\n`);
  for (const broken of [Buffer.from([0xc3]), Buffer.from([0xff]), Buffer.from([0xed, 0xa0, 0x80])]) {
    const text = Buffer.concat([call, Buffer.from('{"x":"'), broken, Buffer.from('"}\n')]);
    const [line] = new LineSplitter(1000).push(text);
    expect(glanceCall(line as Line)).toBeUndefined();
  }
  const cut = Buffer.from(call);
  cut[cut.indexOf(0xc3)] = 0x78;
  expect(glanceCall(Line.of(cut))).toBeUndefined();
});

test('calls that lie side by side in one chunk are not read into each other', () => {
  const half = callOf(`{${NAMED},"arguments":{"a":1}}`);
  for (let cut = 1; cut < half.length; cut++) {
    const text = `${half.slice(0, cut)}\n${half.slice(cut)}\n`;
    for (const line of new LineSplitter(1000).push(Buffer.from(text)))
      expect(glanceCall(line as Line)).toBeUndefined();
  }
});

test('a call that came in several chunks has to be read in full', () => {
  const splitter = new LineSplitter(1000);
  const text = `${callOf(`{${NAMED},"arguments":{"a":1}}`)}\n`;
  for (let cut = 1; cut < text.length; cut++) {
    splitter.push(Buffer.from(text.slice(0, cut)));
    const [line] = splitter.push(Buffer.from(text.slice(cut)));
    expect(glanceCall(line as Line)).toBeUndefined();
  }
});

test('G8: what stands in an earlier chunk belongs to the line, though a whole call follows', () => {
  for (const read of [glanceCall, glanceAnswer]) {
    const splitter = new LineSplitter(1000);
    const text =
      read === glanceCall ? callOf(`{${NAMED},"arguments":{}}`) : '{"jsonrpc":"2.0","id":1,"result":{}}';
    splitter.push(Buffer.from('['));
    const [line] = splitter.push(Buffer.from(`${text}\n`));
    expect(read(line as Line)).toBeUndefined();
    expect(read(Line.of(Buffer.from(`${text}\n`)))).toBeDefined();
  }
});

test('names are what stands in the bytes, though the memory is used again', () => {
  const memory = Buffer.alloc(100);
  for (const name of ['abcd', 'axyd', 'abcd']) {
    const size = memory.write(`${callOf(`{"name":"${name}","arguments":{"${name}":1}}`)}\n`);
    expect(glanceCall(Line.of(memory.subarray(0, size)))).toMatchObject({ name, args: { names: [name] } });
  }
});

test('names are told apart, whatever was read before', () => {
  const name = fc.oneof(
    fc.string({ maxLength: 4 }),
    fc.constantFrom('a', 'aa', 'ab', 'ba', 'x'.repeat(70), 'x'.repeat(69)),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 6 }), name, (names, tool) => {
      const args = Object.fromEntries(names.map((one) => [one, 1]));
      const text = callOf(JSON.stringify({ name: tool, arguments: args }));
      const found = callAtAGlance(text);
      if (!/\\/.test(text)) expect(found).toBeDefined();
      if (found) expect(found).toEqual(callInFull(text));
    }),
    { numRuns: 2000 },
  );
});

const argument = fc.tuple(fc.constantFrom('"a"', '"b"', '"ü"', '"\\u0061"', '"__proto__"', '""'), json);
const args = fc
  .array(argument, { maxLength: 4 })
  .map((all) => `{${all.map((one) => one.join(':')).join(',')}}`);
const param = fc.oneof(
  { weight: 3, arbitrary: args.map((all) => `"arguments":${all}`) },
  fc.constantFrom(
    '"name":"m"',
    '"_meta":{}',
    '"task":{}',
    '"Name":"m"',
    '"requestState":""',
    '"arguments":{}',
  ),
  args.map((all) => `"_meta":${all}`),
);
const params = fc.oneof(
  {
    weight: 4,
    arbitrary: args.chain((all) => fc.shuffledSubarray([NAMED, `"arguments":${all}`], { minLength: 2 })),
  },
  fc.array(param, { maxLength: 3 }).map((all) => [NAMED, ...all]),
);
const calls = fc
  .tuple(
    params.chain((all) =>
      fc.shuffledSubarray([ID, METHOD, '"jsonrpc":"2.0"', `"params":{${all.join(',')}}`], { minLength: 4 }),
    ),
    fc.oneof(
      { weight: 8, arbitrary: fc.constant(undefined) },
      fc.constantFrom('"x":1', '"id":2', '"result":{}', '"params":{}', '"Id":1'),
    ),
    fc.option(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'"{}[],:\\0-e. \u0001')), { freq: 1 }),
  )
  .map(([members, more, change]) => {
    const text = `{${(more ? [...members, more] : members).join(',')}}`;
    if (!change) return text;
    const at = change[0] % text.length;
    return text.slice(0, at) + (change[1] > 0 ? change[2] : '') + text.slice(change[1] === 2 ? at : at + 1);
  });

test('G1, G8: of a call a glance tells the gate what reading in full tells it, or nothing', () => {
  const seen = { understood: 0, left: 0 };
  fc.assert(
    fc.property(calls, (text) => {
      const found = callAtAGlance(text);
      seen[found ? 'understood' : 'left'] += 1;
      if (found) expect(found).toEqual(callInFull(text));
    }),
    { numRuns: 10_000 },
  );

  expect(Math.min(seen.understood, seen.left)).toBeGreaterThan(1000);
});
