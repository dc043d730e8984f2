import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idFromEnds, Line, LineSplitter } from '../../src/wire/lines.js';

/** All lines of `chunks`, as text; oversized ones as `oversized SIZE`. */
function split(chunks: Buffer[], cap = 1000): string[] {
  const splitter = new LineSplitter(cap);
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  const last = splitter.end();
  if (last) lines.push(last);
  return lines.map((line) => (line.kind === 'line' ? line.bytes.toString('utf8') : `oversized ${line.size}`));
}

describe('LineSplitter', () => {
  test.each([
    ['keeps line ends as they came', ['a\r\nb\n'], ['a\r\n', 'b\n']],
    ['joins a line from many chunks', ['a', 'b', 'c\n'], ['abc\n']],
    ['terminates the last line', ['a\nb'], ['a\n', 'b\n']],
    ['keeps empty lines', ['\n\n'], ['\n', '\n']],
    ['does not split at other separators', ['a\u2028b\u0085c\u2029d\n'], ['a\u2028b\u0085c\u2029d\n']],
    ['does not split at a lone CR', ['a\rb\n'], ['a\rb\n']],
  ])('%s', (_, chunks, expected) => {
    expect(split(chunks.map((chunk) => Buffer.from(chunk)))).toEqual(expected);
  });

  test('G7: any chunking of a byte stream gives the same lines', () => {
    const text = fc
      .array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 20 })
      .map((l) => l.join('\n'));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 30 }), (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const places = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((a, b) => a - b);
        const chunks = [...places, bytes.length].map((end, i) => bytes.subarray(places[i - 1] ?? 0, end));
        expect(split(chunks)).toEqual(split([bytes]));
        expect(split(chunks).join('').replace(/\n$/, '')).toBe(bytes.toString('utf8').replace(/\n$/, ''));
      }),
    );
  });

  test('G2: a line with a CR that is not directly before its LF says so, in whatever chunks it comes', () => {
    const text = fc
      .array(fc.constantFrom('\r', '\n', '\r\n', 'a', '{}'), { maxLength: 12 })
      .map((l) => l.join(''));
    let lone = 0;
    fc.assert(
      fc.property(text, fc.array(fc.nat(20), { maxLength: 10 }), (whole, cuts) => {
        const bytes = Buffer.from(whole);
        const places = [...new Set(cuts.filter((cut) => cut < bytes.length))].sort((a, b) => a - b);
        const splitter = new LineSplitter(1000);
        const lines = [...places, bytes.length].flatMap((end, i) =>
          splitter.push(bytes.subarray(places[i - 1] ?? 0, end)),
        );
        const last = splitter.end();
        for (const line of [...lines, ...(last ? [last] : [])] as Line[]) {
          expect(line.hasLoneCr, JSON.stringify(line.text)).toBe(/\r(?!\n)/.test(line.text));
          lone += Number(line.hasLoneCr);
        }
      }),
      { numRuns: 2000 },
    );
    expect(lone).toBeGreaterThan(100);
  });

  test('throws an oversized line away and goes on with the next', () => {
    const long = 'x'.repeat(2000);
    expect(split([Buffer.from(`${long.slice(0, 900)}`), Buffer.from(`${long.slice(900)}\nnext\n`)])).toEqual([
      'oversized 2001',
      'next\n',
    ]);
    expect(split([Buffer.from('123456789\n')], 10)).toEqual(['123456789\n']);
    expect(split([Buffer.from('1234567890\n')], 10)).toEqual(['oversized 11']);
  });

  test('holds no more than the cap and two ends of an oversized line', () => {
    const splitter = new LineSplitter(1 << 20);
    const chunk = Buffer.alloc(1 << 20, 0x61);
    for (let i = 0; i < 64; i++) splitter.push(chunk);
    const [line] = splitter.push(Buffer.from('\n'));
    expect(line).toMatchObject({ kind: 'oversized', size: 64 * (1 << 20) + 1 });
    if (line?.kind === 'oversized') expect(line.head.length + line.tail.length).toBeLessThanOrEqual(1024);
  });
});

describe('Line', () => {
  test.each([
    ['', true],
    ['\n', true],
    [' \t\r\n', true],
    ['{}\n', false],
    ['x', false],
    [' {', false],
    ['\u000b\n', false],
    ['\u00a0', false],
  ])('%j is blank: %s', (text, isBlank) => {
    expect(Line.of(Buffer.from(text)).isBlank).toBe(isBlank);
  });

  test('is blank, or begins with a brace, wherever its chunks were cut', () => {
    const last = (...chunks: string[]) => {
      const splitter = new LineSplitter(1000);
      return chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))).at(-1) as Line;
    };
    expect(last('a\n ', '\t', '\n').isBlank).toBe(true);
    expect(last('a\n ', '{', '\n').isBlank).toBe(false);
    expect(last('{', '\n').isBlank).toBe(false);
    expect(last('a\n\n').isBlank).toBe(true);
  });

  test('of our own making has no CR inside', () => {
    expect(Line.of(Buffer.from('a\r\n')).hasLoneCr).toBe(false);
  });

  test('an empty chunk changes nothing of the lines around it', () => {
    const splitter = new LineSplitter(1000);
    const chunks = ['a\r', '', '\n', '', 'b\n'].map((chunk) => Buffer.from(chunk));
    const [a, b] = chunks.flatMap((chunk) => splitter.push(chunk)) as [Line, Line];
    expect([a.hasLoneCr, b.hasLoneCr]).toEqual([false, false]);
    expect(b.earlier).toEqual([]);
    expect(splitter.held).toBe(0);
    expect(splitter.end()).toBeUndefined();
  });

  test('as long as the cap stands where it was read; longer by one, it is oversized, also over two chunks', () => {
    for (const chunks of [['123456789\n'], ['12345', '6789\n']]) {
      const splitter = new LineSplitter(10);
      const [line] = chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))) as [Line];
      expect(Buffer.concat([...line.earlier, line.chunk.subarray(line.start, line.end)]).toString()).toBe(
        '123456789\n',
      );
      expect(
        split(
          chunks.map((chunk) => Buffer.from(chunk)),
          9,
        ),
      ).toEqual(['oversized 10']);
    }
  });
});

describe('idFromEnds', () => {
  const PAD = `"${'x'.repeat(2000)}"`;
  const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  test.each<[string, string, 'request' | 'answer', string | number | undefined]>([
    ['right after jsonrpc', `{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":${PAD}}}`, 'request', 7],
    ['after the method', `{"jsonrpc":"2.0","method":"x","id":7,"params":${DEEP}}`, 'request', 7],
    ['a string', `{"jsonrpc":"2.0","id":"a\\"b","method":"x","params":${DEEP}}`, 'request', 'a"b'],
    ['last', `{"result":{"x":${PAD}},"jsonrpc":"2.0","id":12}\n`, 'answer', 12],
    ['last but one', `{"method":"x","params":${PAD},"id":12, "jsonrpc":"2.0" }\r\n`, 'request', 12],
    ['in a short line', '{"jsonrpc":"2.0","id":1,"method":"x"}', 'request', 1],
    ['of what does not end', `{"jsonrpc":"2.0","id":1,"error":{"a":`, 'answer', 1],
    ['not one of an inner object', `{"jsonrpc":"2.0","result":{"x":${PAD},"id":5}}\n`, 'answer', undefined],
    [
      'not one inside a string',
      `{"jsonrpc":"2.0","result":{"x":"${PAD.slice(1, -1)}\\",\\"id\\":5}"}}\n`,
      'answer',
      undefined,
    ],
    ['not one of two', `{"jsonrpc":"2.0","id":1,"method":"x","params":${PAD},"id":2}`, 'request', undefined],
    [
      'not a request of the server',
      `{"jsonrpc":"2.0","id":1,"method":"x","params":${PAD}}`,
      'answer',
      undefined,
    ],
    ['not an answer of the client', `{"jsonrpc":"2.0","id":1,"result":${PAD}}`, 'request', undefined],
    ['not what is both', `{"jsonrpc":"2.0","id":1,"method":"x","result":${PAD}}`, 'answer', undefined],
    [
      'not a request with an answer',
      `{"jsonrpc":"2.0","id":1,"method":"x","result":${PAD}}`,
      'request',
      undefined,
    ],
    ['not of what is neither', `{"jsonrpc":"2.0","id":1,"other":${PAD}}`, 'request', undefined],
    ['of a request by its params', `{"jsonrpc":"2.0","id":1,"params":${PAD}}`, 'request', 1],
    ['of an error', `{"jsonrpc":"2.0","id":1,"error":${PAD}}`, 'answer', 1],
    ['not of another protocol', `{"id":1,"result":${PAD}}`, 'answer', undefined],
    ['not of a log line', 'sent {"jsonrpc":"2.0","id":1,"result":{}}', 'answer', undefined],
    ['not one beyond 2^53', '{"jsonrpc":"2.0","id":9999999999999999,"result":{}}', 'answer', undefined],
    ['none', '{"jsonrpc":"2.0","method":"x"}', 'request', undefined],
  ])('%s', (_, text, kind, id) => {
    const bytes = Buffer.from(text);
    expect(idFromEnds(Line.of(bytes), kind)).toBe(id);
    const ends = { head: bytes.subarray(0, 512), tail: bytes.subarray(-512) };
    expect(idFromEnds({ kind: 'oversized', size: bytes.length, ...ends }, kind)).toBe(id);
  });
});
