import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idFromEnds, LineSplitter } from '../../src/proxy/lines.js';

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
    ['does not split at other separators', ['a\u2028b\u0085c\rd\n'], ['a\u2028b\u0085c\rd\n']],
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

describe('idFromEnds', () => {
  test.each([
    ['right after jsonrpc', '{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"', '"}}', 7],
    ['a string', '{"jsonrpc":"2.0","id":"a\\"b","method":', '', 'a"b'],
    ['last', '{"result":{"x":"', '"},"jsonrpc":"2.0","id":12}\n', 12],
    ['not one of an inner object', '{"result":{"x":"', '","id":5}}\n', undefined],
    ['not one inside a string', '{"result":{"x":"', '\\",\\"id\\":5}"}}\n', undefined],
    ['none', '{"method":"x"', '"}', undefined],
  ])('%s', (_, head, tail, id) => {
    expect(idFromEnds(Buffer.from(head), Buffer.from(tail))).toBe(id);
  });
});
