import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { glanceAnswer } from '../../src/proxy/answer-glance.js';
import { glanceCall } from '../../src/proxy/call-glance.js';
import { Line, LineSplitter } from '../../src/proxy/lines.js';
import { classify, type ToolCall } from '../../src/proxy/message.js';
import { scan } from '../../src/proxy/scan.js';
import { json } from './json-texts.js';

/** What the gate is told of a call that was read in full; undefined for anything else, and for what is refused. */
function callInFull(text: string | Buffer) {
  const message = classify(scan(Buffer.from(text)));
  return message.kind === 'call' ? told(message) : undefined;
}

function told({ kind, id, name, args, era, task }: ToolCall, values = args.values) {
  return { kind, id, name, names: args.names.toSorted(), values, era, task };
}

const PAD = 'All is \\"well\\", \\u00e9, ü.\\n '.repeat(200);

/** The same with an argument of some kilobytes before the others. */
function padded(text: string): Line {
  const more = text.replace(
    /"arguments":\{(\s*\}?)/,
    (_, end) => `"arguments":{"pad":"${PAD}"${end.includes('}') ? end : `,${end}`}`,
  );
  return Line.of(Buffer.from(`${more}\n`));
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
  ['a message that begins as a list', callOf(`{${NAMED},"arguments":{}}`).replace('{', '[')],
  ['params that begin as a list', callOf(`[${NAMED},"arguments":{}}`)],
  ['arguments that begin as a list', callOf(`{${NAMED},"arguments":["a":1}}`)],
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
  ['many keys', callOf(`{${NAMED},"arguments":{"a":{${Array.from({ length: 33 }, (_, i) => `"${i}":1`)}}}}`)],
  ['an exponent', callOf(`{${NAMED},"arguments":{"a":1e2}}`)],
  ['a number beyond a double', callOf(`{${NAMED},"arguments":{"a":{"b":9007199254740993}}}`)],
  ['a number out of range', callOf(`{${NAMED},"arguments":{"a":1e999}}`)],
  [
    'an id beyond a double',
    callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0","id":9007199254740993,${METHOD}`),
  ],
  ['an id that is no integer', callOf(`{${NAMED},"arguments":{}}`, `"jsonrpc":"2.0","id":1.5,${METHOD}`)],
  ['depth', callOf(`{${NAMED},"arguments":{"a":${'['.repeat(32)}${']'.repeat(32)}}}`)],
  ['a blank before it', ` ${callOf(`{${NAMED},"arguments":{}}`)}`],
  ['a byte order mark', `\ufeff${callOf(`{${NAMED},"arguments":{}}`)}`],
  ['something behind it', `${callOf(`{${NAMED},"arguments":{}}`)}1`],
  ['another message behind it', callOf(`{${NAMED},"arguments":{}}`).repeat(2)],
  ['an end too early', callOf(`{${NAMED},"arguments":{}}`).slice(0, -1)],
  ['a comma too many', callOf(`{${NAMED},"arguments":{"a":1,}}`)],
  ['a comma too few', callOf(`{${NAMED},"arguments":{"a":1 "b":2}}`)],
  ['a control character', callOf(`{${NAMED},"arguments":{"a":"\u0001"}}`)],
  ['a word of its own', callOf(`{${NAMED},"arguments":{"a":NaN}}`)],
  ['a name that would take long to compare', callOf(`{${NAMED},"arguments":{"${'k'.repeat(63)}":1}}`)],
  ['a key that would', callOf(`{${NAMED},"arguments":{"a":{"${'k'.repeat(63)}":1}}}`)],
  ['a list', `[${callOf(`{${NAMED},"arguments":{}}`)}]`],
])('G8: what is odd, or would be refused, has to be read in full: %s', (_, text) => {
  expect(callAtAGlance(text)).toBeUndefined();
});

test.each([
  ['a character that ends too early', [0xc3]],
  ['no character', [0xff]],
  ['half a pair', [0xed, 0xa0, 0x80]],
  ['a character longer than it must be', [0xc0, 0xaf]],
])('G8: %s in a line is never understood, and its neighbours in the chunk are', (_, bytes) => {
  const [before, after] = callOf(`{${NAMED},"arguments":{"a":"é|"}}`).split('|');
  const good = Buffer.from(`${before}${after}\n`);
  const bad = Buffer.concat([Buffer.from(before ?? ''), Buffer.from(bytes), Buffer.from(`${after}\n`)]);
  const cut = Buffer.from('{"jsonrpc":"é').subarray(0, -1);
  const lines = new LineSplitter(1000).push(Buffer.concat([good, bad, good, cut]));
  const found = lines.map((line) => glanceCall(line as Line)?.args.values);
  expect(found).toEqual([{ a: 'é' }, undefined, { a: 'é' }]);
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
    fc.constantFrom('a', 'aa', 'ab', 'ba', ...[61, 62, 63, 70].map((n) => 'x'.repeat(n))),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 6 }), name, (names, tool) => {
      const args = Object.fromEntries(names.map((one) => [one, 1]));
      const text = callOf(JSON.stringify({ name: tool, arguments: args }));
      const found = callAtAGlance(text);
      if (!/\\/.test(text) && names.every((one) => one.length < 63)) expect(found).toBeDefined();
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
      const line = padded(text);
      const long = glanceCall(line);
      expect(long !== undefined).toBe(found !== undefined);
      if (long) expect({ ...callInFull(line.bytes), values: {} }).toEqual(told(long, {}));
    }),
    { numRuns: 10_000 },
  );

  expect(Math.min(seen.understood, seen.left)).toBeGreaterThan(1000);
});

describe('of a long line', () => {
  const text = callOf(`{${NAMED},"arguments":{"a":{"b":[1,"ü"]},"c":"x"}}`);

  test('what came in several chunks is one, wherever it was cut', () => {
    const { bytes } = padded(text);
    for (const cut of [1, 60, 70, 4000, bytes.length - 10, bytes.length - 1]) {
      const splitter = new LineSplitter(100_000);
      splitter.push(bytes.subarray(0, cut));
      const [line] = splitter.push(bytes.subarray(cut));
      expect(glanceCall(line as Line)).toMatchObject({
        id: 1,
        name: 'n',
        args: { names: ['pad', 'a', 'c'] },
      });
    }
  });

  test('G8: bytes that are no UTF-8 are not understood, in a long text or before it', () => {
    for (const part of ['All', '"n"']) {
      const { bytes } = padded(text);
      bytes[bytes.indexOf(part) + 1] = 0xff;
      expect(glanceCall(Line.of(bytes))).toBeUndefined();
      expect(classify(scan(bytes)).kind).toBe('refused');
    }
  });

  test('the values are those of the long way, which the next long ones go', () => {
    const call = glanceCall(padded(text));
    expect(call?.args.values).toEqual(callInFull(padded(text).bytes)?.values);
    expect(glanceCall(padded(text))).toBeUndefined();
    expect(callAtAGlance(text)).toBeDefined();
  });
});
