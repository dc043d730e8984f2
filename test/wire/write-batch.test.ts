import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnyLine, Line, LineSplitter } from '../../src/wire/lines.js';
import { Parcel } from '../../src/wire/write-batch.js';

const lines = (chunk: string) => new LineSplitter(1000).push(Buffer.from(chunk)) as Line[];

test('lines that lie side by side leave as one piece of their chunk, without a copy', () => {
  const [a, b, , d] = lines('a\nb\nc\nd\n') as [Line, Line, Line, Line];
  const parcel = new Parcel<string>();
  for (const line of [a, b]) parcel.addLine(line);
  parcel.addText('own\n');
  parcel.addLine(d);
  const parts = parcel.parts();
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
        const parcel = new Parcel();
        const chosen = all.filter((line, i) => line.kind === 'line' && sent[i % sent.length]) as Line[];
        for (const line of chosen) parcel.addLine(line);
        expect(Buffer.concat(parcel.parts())).toEqual(Buffer.concat(chosen.map((line) => line.bytes)));
      },
    ),
  );
});

test('a line that is no part of a stream is added like any other', () => {
  const parcel = new Parcel();
  parcel.addLine(Line.of(Buffer.from('x\n')));
  parcel.addLine(Line.of(Buffer.from('y\n')));
  expect(parcel.parts().map(String)).toEqual(['x\n', 'y\n']);
});
