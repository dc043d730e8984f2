import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeeper, MAX_DEPTH, scan } from '../../src/json/strict.js';

const read = (text: string | Buffer) => scan(Buffer.from(text));
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('scan refuses what two parsers could read differently', () => {
  test('G2: a name with an escape is that name, also for an engine that was prepared to take it for another', () => {
    const call = (name: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"to":"x","${name}":1000000}}}`;
    for (let i = 0; i < 5; i++) expect(read(call('am\\\\u00'))).toMatchObject({ ok: true });
    expect(read(call('am\\u006funt'))).toMatchObject({
      ok: true,
      value: { params: { arguments: { to: 'x', amount: 1_000_000 } } },
    });
  });

  test.each<[string, string | Buffer, number, RegExp]>([
    ['a duplicate key', '{"a":1,"a":2}', -32600, /duplicate key "a" at the top level/],
    [
      'a duplicate key deep down',
      '{"params":{"arguments":{"x":[{"k":1,"k":1}]}}}',
      -32600,
      /"k" at params.arguments.x/,
    ],
    [
      'a duplicate key between blanks and other strings',
      '{ "x" : "a" , "a" : "a" , "b" : 1 , "b" : 2 }',
      -32600,
      /duplicate key "b" at the top level$/,
    ],
    [
      'a duplicate key behind other objects and lists',
      '{"x":{"a":[1]},"l":["k","k"],"y":{"b":1,"b":2}}',
      -32600,
      /duplicate key "b" at y$/,
    ],
    ['a duplicate key in another spelling', '{"name":1,"n\\u0061me":2}', -32600, /duplicate key "name"/],
    ['a duplicate __proto__', '{"__proto__":1,"__proto__":2}', -32600, /duplicate key "__proto__"/],
    ['a duplicate empty key', '{"":1,"":2}', -32600, /duplicate key ""/],
    ['a number that is not finite', '{"a":1e400}', -32600, /number out of range at character 5/],
    ['a negative one', '{"a":-1e999}', -32600, /number out of range/],
    ['an exponent of many digits', '{"a":1e-99999}', -32600, /number out of range/],
    ['a number of many digits', `{"a":${'1'.repeat(1001)}}`, -32600, /number out of range/],
    ['a number of many decimals', `{"a":0.${'1'.repeat(999)}}`, -32600, /number out of range/],
    ['NaN', '{"a":NaN}', -32700, /not JSON/],
    ['Infinity', '{"a":-Infinity}', -32700, /not JSON/],
    ['too much depth', nested(MAX_DEPTH + 1), -32600, /deeper than 128/],
    ['a depth bomb', nested(1_000_000), -32600, /deeper than 128/],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), -32700, /invalid UTF-8 at byte 2/],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), -32700, /invalid UTF-8 at byte 1/],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), -32700, /invalid UTF-8 at byte 1/],
    ['a byte order mark', '\ufeff{}', -32700, /byte order mark/],
    ['a NUL byte', '{"a":"\0"}', -32700, /not JSON/],
    ['a NUL byte outside', '{}\0', -32700, /not JSON/],
    ['a raw control character', '{"a":"\u0001"}', -32700, /not JSON/],
    ['trailing data', '{} {}', -32700, /not JSON/],
    ['a trailing comma', '{"a":1,}', -32700, /^not JSON: at position 7$/],
    ['an open object', '{"a":1', -32700, /^not JSON: /],
    ['a comment', '{"a":1}//', -32700, /not JSON/],
    ['single quotes', "{'a':1}", -32700, /not JSON/],
    ['a leading zero', '{"a":01}', -32700, /not JSON/],
    ['an open string', '{"a":"b', -32700, /unterminated/],
    ['nothing', '', -32700, /^not JSON: it ends too early or is malformed$/],
  ])('G2: %s', (_, text, code, reason) => {
    const scanned = read(text);
    expect(scanned).toMatchObject({ ok: false, code });
    if (!scanned.ok) expect(scanned.reason).toMatch(reason);
  });

  test.each([
    ['the same key in two objects', '{"a":{"x":1},"b":{"x":1}}'],
    ['keys of different case', '{"a":1,"A":2}'],
    ['colons and braces in strings', '{"a":"{\\"b\\":1,\\"b\\":2}","c":"\\\\"}'],
    ['escaped quotes before a key', '{"\\\\\\"":1,"b":[":",":"]}'],
    ['numbers of every form', '[0,-0,1.0,1e5,1E+5,-1.5e-7,9007199254740993]'],
    ['white space', ' { "a" : [ 1 , 2 ] } \r\n'],
    ['the deepest that is allowed', nested(MAX_DEPTH)],
    ['any number of containers beside each other', `[${'[],{},'.repeat(200)}{}]`],
    ['numbers of a thousand characters', `[0.${'1'.repeat(998)}]`],
    ['__proto__ and constructor', '{"__proto__":{"a":1},"constructor":1}'],
    ['lone surrogates as escapes', '{"a":"\\ud800"}'],
  ])('and passes %s', (_, text) => {
    const scanned = read(text);
    expect(scanned).toMatchObject({ ok: true });
    if (scanned.ok) expect(scanned.value).toEqual(JSON.parse(text));
  });

  test('names the byte that is no UTF-8, whatever stands before and behind it', () => {
    for (const before of ['', '{', 'é', '"é', '"\u20ac🧾\ufffd"', 'ab🧾é'.repeat(50)])
      for (const bad of [[0xff], [0xc3], [0x80], [0xef], [0xef, 0xbf], [0xc0, 0xaf], [0xed, 0xa0, 0x80]])
        for (const behind of ['', '"', 'é}', 'ab🧾é'.repeat(50)]) {
          const line = Buffer.concat([Buffer.from(before), Buffer.from(bad), Buffer.from(behind)]);
          expect(scan(line)).toMatchObject({ reason: `invalid UTF-8 at byte ${Buffer.byteLength(before)}` });
        }
  });

  test('says when numbers need their text', () => {
    expect(read('[1,2.5,123456789012345]')).toMatchObject({ exactText: undefined });
    for (const text of ['[9007199254740993]', '[0.30000000000000004]', '[1e2]', '[1E2]'])
      expect(read(text)).toMatchObject({ exactText: text });
  });

  test('takes no longer than its input deserves on quotes, backslashes and spaces', () => {
    for (const hostile of [
      `"${'\\"'.repeat(200_000)}"`,
      `"${'\\\\'.repeat(200_000)}"`,
      `{"a"${' '.repeat(400_000)}:1}`,
    ]) {
      expect(read(hostile).ok).toBe(true);
    }
    expect(read(`{${`"a"${' '.repeat(1000)}:1,`.repeat(200)}"b":1}`).ok).toBe(false);
  });
});

/** Parses JSON keeping the first of duplicate keys, the last, or both (in an array under a marker). */
function parseKeeping(text: string, keep: 'first' | 'all'): unknown {
  let i = 0;
  const space = () => {
    while (' \t\r\n'.includes(text[i] ?? 'x')) i++;
  };
  const value = (): unknown => {
    space();
    if (text[i] === '{') {
      const members = new Map<string, unknown[]>();
      i++;
      for (space(); text[i] !== '}'; space()) {
        if (text[i] === ',') i++;
        const key = value() as string;
        space();
        i++;
        members.set(key, [...(members.get(key) ?? []), value()]);
      }
      i++;
      const entries = [...members].map(([key, all]) => [
        key,
        keep === 'first' || all.length === 1 ? all[0] : { all },
      ]);
      return Object.fromEntries(entries);
    }
    if (text[i] === '[') {
      const elements: unknown[] = [];
      i++;
      for (space(); text[i] !== ']'; space()) {
        if (text[i] === ',') i++;
        elements.push(value());
      }
      i++;
      return elements;
    }
    const token = /"(?:[^"\\]|\\.)*"|[^\s,\]}:]+/y;
    token.lastIndex = i;
    const [match = ''] = token.exec(text) ?? [];
    i += match.length;
    return JSON.parse(match);
  };
  return value();
}

test('G2: for any JSON text, either the scan refuses it or parsers that keep first, last or all duplicates agree', () => {
  const key = fc.oneof(
    fc.constantFrom('"a"', '"b"', '"\\u0061"', '"__proto_"', '"A"', '""'),
    fc.string().map((s) => JSON.stringify(s)),
  );
  const { text } = fc.letrec<{ text: string }>((tie) => ({
    text: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('1', '-0', '1.50', '"x"', '"\\u0061:{\\""', 'null', 'true', '[]', '{}'),
      fc.array(tie('text'), { maxLength: 4 }).map((elements) => `[${elements.join(' ,')}]`),
      fc
        .array(fc.tuple(key, tie('text')), { maxLength: 5 })
        .map((m) => `{${m.map(([k, v]) => `${k} :${v}`).join(',')}}`),
    ),
  }));
  let refused = 0;
  fc.assert(
    fc.property(text, (json) => {
      const scanned = read(json);
      if (!scanned.ok) {
        refused++;
        expect(scanned.reason).toContain('duplicate key');
        expect(parseKeeping(json, 'all')).not.toEqual(JSON.parse(json));
        return;
      }
      expect(parseKeeping(json, 'first')).toEqual(scanned.value);
      expect(parseKeeping(json, 'all')).toEqual(scanned.value);
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(0);
});

test('G3: no bytes make the scan throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)),
        fc.string().map((s) => Buffer.from(s)),
      ),
      (bytes) => {
        expect(scan(bytes).ok).toBeTypeOf('boolean');
      },
    ),
  );
});

test.each([
  ['[[1]]', 2, false],
  ['[[1]]', 1, true],
  ['[{"a":[]},[[]]]', 3, false],
  ['[{"a":[]},[[]]]', 2, true],
  ['["[[[","\\"{{{"]', 1, false],
  ['[[],[],[]]', 2, false],
  ['[{},{},{}]', 2, false],
  ['"[[', 0, false],
  ['{"a', 0, true],
])('%s is deeper than %i levels: %s', (text, limit, expected) => {
  expect(isDeeper(text, limit)).toBe(expected);
});
