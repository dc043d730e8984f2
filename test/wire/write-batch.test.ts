import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnyLine, Line, LineSplitter } from '../../src/wire/lines.js';
import { WriteBatch } from '../../src/wire/write-batch.js';

const lines = (chunk: string) => new LineSplitter(1000).push(Buffer.from(chunk)) as Line[];

test('lines that lie side by side leave as one piece of their chunk, without a copy', () => {
  const [a, b, , d] = lines('a\nb\nc\nd\n') as [Line, Line, Line, Line];
  const batch = new WriteBatch<string>();
  for (const line of [a, b]) batch.addLine(line);
  batch.addText('own\n');
  batch.addLine(d);
  const parts = batch.parts();
  expect(parts.map(String)).toEqual(['a\nb\n', 'own\n', 'd\n']);
  expect((parts[0] as Buffer).buffer).toBe(a.chunk.buffer);
});

test('G7: whichever lines are sent, in whatever chunks they came, their bytes leave in order', () => {
  const stream = fc.array(fc.string({ maxLength: 20 }), { maxLength: 20 });
  const cuts = fc.array(fc.nat(300), { maxLength: 10 });
  fc.assert(
    fc.property(
      stream,
      cuts,
      fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
      (texts, places, sent) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        const ends = [...new Set(places.filter((place) => place < bytes.length))].sort((a, b) => a - b);
        const splitter = new LineSplitter(1000);
        const all: AnyLine[] = [...ends, bytes.length].flatMap((end, i) =>
          splitter.push(bytes.subarray(ends[i - 1] ?? 0, end)),
        );
        const batch = new WriteBatch();
        const chosen = all.filter((line, i) => line.kind === 'line' && sent[i % sent.length]) as Line[];
        for (const line of chosen) batch.addLine(line);
        expect(Buffer.concat(batch.parts())).toEqual(Buffer.concat(chosen.map((line) => line.bytes)));
      },
    ),
  );
});

test('a line that is no part of a stream is added like any other', () => {
  const batch = new WriteBatch();
  batch.addLine(Line.of(Buffer.from('x\n')));
  batch.addLine(Line.of(Buffer.from('y\n')));
  expect(batch.parts().map(String)).toEqual(['x\n', 'y\n']);
});
