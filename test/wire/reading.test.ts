import fc from 'fast-check';
import { type Node, parseTree } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { scan } from '../../src/json/strict.js';
import { type Line, LineSplitter } from '../../src/wire/lines.js';
import { type ClientMessage, parseClientMessage } from '../../src/wire/message.js';
import { scanLine } from '../../src/wire/scan-line.js';
import { json } from '../json/json-texts.js';

const read = (text: string): ClientMessage => parseClientMessage(scan(Buffer.from(text)));

/** All lines of chunks, as messages. */
function readAll(...chunks: Buffer[]): ClientMessage[] {
  const splitter = new LineSplitter(1 << 24);
  return chunks
    .flatMap((chunk) => splitter.push(chunk))
    .map((line) => parseClientMessage(scanLine(line as Line)));
}

const callOf = (args: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"n","arguments":${args}}}`;

const argument = fc.tuple(fc.constantFrom('"a"', '"b"', '"ü"', '"\\u0061"', '"__proto__"', '""'), json);
const args = fc
  .array(argument, { maxLength: 4 })
  .map((all) => `{${all.map((one) => one.join(':')).join(',')}}`);
const param = fc.oneof(
  { weight: 3, arbitrary: args.map((all) => `"arguments":${all}`) },
  fc.constantFrom('"name":"m"', '"_meta":{}', '"task":{}', '"Name":"m"', '"arguments":{}', '"x":1'),
);
const params = fc.oneof(
  {
    weight: 4,
    arbitrary: args.chain((all) =>
      fc.shuffledSubarray(['"name":"n"', `"arguments":${all}`], { minLength: 2 }),
    ),
  },
  fc.array(param, { maxLength: 3 }).map((all) => ['"name":"n"', ...all]),
);
const CALL = '"method":"tools/call"';
const method = fc.oneof(
  { weight: 5, arbitrary: fc.constant(CALL) },
  fc
    .constantFrom('"tools\\/call"', '"Tools/Call"', '"tools/call "', '"tools/list"', '"x"')
    .map((text) => `"method":${text}`),
);
/** Calls, and what is nearly one: a member too many, a character put in, left out or exchanged. */
const nearlyCalls = fc
  .tuple(
    fc.tuple(params, method).chain(([all, its]) =>
      fc.shuffledSubarray(['"id":1', its, '"jsonrpc":"2.0"', `"params":{${all.join(',')}}`], {
        minLength: 4,
      }),
    ),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      fc.constantFrom('"x":1', '"id":2', '"result":{}', '"params":{}', '"Id":1', '"method":"ping"', CALL),
    ),
    fc.option(fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'"{}[],:\\0-e. \u0001T')), { freq: 1 }),
  )
  .map(([members, more, change]) => {
    const text = `{${(more ? [more, ...members] : members).join(',')}}`;
    if (!change) return text;
    const at = change[0] % text.length;
    return text.slice(0, at) + (change[1] > 0 ? change[2] : '') + text.slice(change[1] === 2 ? at : at + 1);
  });

/** The members of an object as another parser reads them, doubles included. */
function membersOf(node: Node | undefined): readonly (readonly [string, Node | undefined])[] {
  if (node?.type !== 'object') return [];
  return (node.children ?? []).map(({ children = [] }) => [children[0]?.value as string, children[1]]);
}

function isDoubled(node: Node | undefined): boolean {
  const keys = membersOf(node).map(([key]) => key);
  return new Set(keys).size < keys.length || (node?.children ?? []).some(isDoubled);
}

test('G1 G2: what is judged as a call is what another parser reads, and nothing else could be read as one', () => {
  const seen = { call: 0, refused: 0, passed: 0 };
  fc.assert(
    fc.property(nearlyCalls, (text) => {
      const message = read(text);
      if (message.kind === 'refused') return void seen.refused++;
      const tree = parseTree(text, [], { disallowComments: true });
      const top = new Map(membersOf(tree));
      expect(isDoubled(tree)).toBe(false);
      if (message.kind !== 'call') {
        seen.passed++;
        // However a server reads names and values, it finds no call in it.
        const methods = membersOf(tree).filter(([key]) => key.toLowerCase() === 'method');
        for (const [, node] of methods)
          expect(String(node?.value).trim().toLowerCase()).not.toBe('tools/call');
        return;
      }
      seen.call++;
      const inner = new Map(membersOf(top.get('params')));
      expect(top.get('method')?.value).toBe('tools/call');
      expect(top.get('id')?.value).toBe(message.id);
      expect(inner.get('name')?.value).toBe(message.name);
      const given = inner.get('arguments');
      const whole = given ? text.slice(given.offset, given.offset + given.length) : '{}';
      // Not their values as doubles: those that need their text are exact.
      expect(message.args.names.toSorted()).toEqual(
        membersOf(given)
          .map(([key]) => key)
          .toSorted(),
      );
      expect(JSON.stringify(message.args.values)).toBe(JSON.stringify(JSON.parse(whole)));
    }),
    { numRuns: 10_000 },
  );
  expect(seen.call).toBeGreaterThan(1000);
  expect(seen.refused).toBeGreaterThan(1000);
  expect(seen.passed).toBeGreaterThan(100);
});

test.each([
  ['a character that ends too early', [0xc3]],
  ['no character', [0xff]],
  ['half a pair', [0xed, 0xa0, 0x80]],
  ['a character longer than it must be', [0xc0, 0xaf]],
])('G2: %s is refused, and its neighbours in the chunk are read', (_, bytes) => {
  const [before = '', after = ''] = callOf('{"a":"é|"}').split('|');
  const good = Buffer.from(`${before}${after}\n`);
  const bad = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(`${after}\n`)]);
  const cut = Buffer.from('{"jsonrpc":"é').subarray(0, -1);
  const found = readAll(Buffer.concat([good, bad, good, cut]));
  expect(found.map(({ kind }) => kind)).toEqual(['call', 'refused', 'call']);
});

test('calls that lie side by side in one chunk are not read into each other', () => {
  const text = callOf('{"a":1}');
  for (let cut = 1; cut < text.length; cut++) {
    const found = readAll(Buffer.from(`${text.slice(0, cut)}\n${text.slice(cut)}\n`));
    expect(found.map(({ kind }) => kind)).toEqual(['refused', 'refused']);
  }
});

describe('a call is the same in one chunk and in two, wherever it is cut', () => {
  const long = `"${'All is \\"well\\", \\u00e9, ü.\\n '.repeat(200)}"`;
  test.each([
    ['short', callOf('{"a":{"b":[1,"ü"]},"c":"x"}')],
    ['long', callOf(`{"a":{"b":[1,"ü"]},"pad":${long}}`)],
  ])('%s', (_, text) => {
    const bytes = Buffer.from(`${text}\n`);
    const [whole] = readAll(bytes);
    expect(whole).toMatchObject({ kind: 'call', name: 'n', args: { values: { a: { b: [1, 'ü'] } } } });
    const step = Math.ceil(bytes.length / 150);
    for (let cut = 1; cut < bytes.length; cut += step)
      expect(readAll(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual([whole]);
  });
});

test('G2: a line of megabytes is read as strictly as a short one', () => {
  const pad = `"pad":"${'x'.repeat(1 << 21)}"`;
  expect(read(callOf(`{${pad},"a":1}`))).toMatchObject({ kind: 'call', args: { names: ['pad', 'a'] } });
  expect(read(callOf(`{${pad},"a":1,"\\u0061":2}`))).toMatchObject({ kind: 'refused' });
  expect(read(callOf(`{${pad},"a":1e999}`))).toMatchObject({ kind: 'refused' });
  expect(read(`${callOf(`{${pad}}`)}x`)).toMatchObject({ kind: 'refused', code: -32700 });
});

/** Where some readers end a line and we do not: all of them together are Python's str.splitlines. */
const ENDS = ['\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\x85', '\u2028', '\u2029'];
const OTHER_ENDS = new RegExp(`[${ENDS.join('')}]`);

test('G1 G2 G6: no part of a line that passes is a message for a peer that ends lines elsewhere', () => {
  const CALL_INSIDE = '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"drop"}}';
  const end = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('', ' ', '\t') }, fc.constantFrom(...ENDS));
  const text = fc
    .array(fc.oneof(end, fc.constantFrom('a', ',', ':', '{', '}', '"', '\\', CALL_INSIDE)), { maxLength: 8 })
    .map((parts) => parts.join(''));
  const value = fc.oneof(
    text.map((inner) => JSON.stringify(inner)),
    // As it may stand in a line of whoever writes lines by hand.
    fc
      .tuple(fc.constantFrom(...ENDS), fc.constantFrom(...ENDS))
      .map(([before, after]) => `${before}${CALL_INSIDE}${after}`),
    fc.constantFrom('1', 'null', '{}'),
  );
  const lines = fc
    .array(fc.tuple(text, end, value), { maxLength: 4 })
    .map((all) =>
      all.map(([key, space, inner], i) => `${JSON.stringify(i + key)}${space}:${inner}`).join(','),
    )
    .map((members) => `{"jsonrpc":"2.0","method":"notifications/x","params":{${members}}}\n`);
  const seen = { passed: 0, split: 0, refused: 0 };
  fc.assert(
    fc.property(lines, (whole) => {
      const [message] = readAll(Buffer.from(whole));
      if (message?.kind === 'refused') return void seen.refused++;
      const parts = whole.split(OTHER_ENDS);
      seen[parts.length > 1 ? 'split' : 'passed']++;
      for (const part of parts.length > 1 ? parts : []) {
        let found: unknown;
        try {
          found = JSON.parse(part);
        } catch {
          continue;
        }
        expect(JSON.stringify(Object.keys(found ?? {}))).not.toMatch(/"(?:method|result)"/);
      }
    }),
    { numRuns: 5000 },
  );
  expect(Math.min(seen.passed, seen.split, seen.refused)).toBeGreaterThan(50);
});
