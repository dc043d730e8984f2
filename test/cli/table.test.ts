import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bar, paint, table } from '../../src/cli/table.js';
import { localTime } from '../../src/cli/time.js';
import { FakeOutput } from './commands/support.js';

describe('table', () => {
  const rows = [
    ['a', 'a long middle column', 'x'],
    ['bb', 'short', 'last'],
  ];

  test('columns are as wide as their widest cell, and lines end without spaces', () => {
    const out = new FakeOutput();
    expect(table(out, rows)).toBe('a   a long middle column  x\nbb  short                 last\n');
    expect(
      table(out, [
        ['日本', 'x'],
        ['abcde', ''],
      ]),
    ).toBe('日本   x\nabcde\n');
    expect(table(out, [])).toBe('');
  });

  test('what does not fit in the terminal is cut, the widest column first', () => {
    const out = new FakeOutput();
    out.columns = 20;
    expect(table(out, rows)).toBe('a   a long mi…  x\nbb  short       last\n');
  });

  test('no column is made narrower than 8, however narrow the terminal is', () => {
    const out = new FakeOutput();
    out.columns = 5;
    expect(table(out, [['a', 'twelve chars', 'ten chars!']])).toBe('a  twelve …  ten cha…\n');
  });

  test('no line is wider than the terminal, as long as each column can have 8', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(fc.string({ maxLength: 40, unit: fc.constantFrom('a', 'b', ' ') }), {
            minLength: 3,
            maxLength: 3,
          }),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        fc.integer({ min: 30, max: 90 }),
        (cells, columns) => {
          const out = new FakeOutput();
          out.columns = columns;
          for (const line of table(out, cells, { indent: '  ' }).split('\n'))
            expect(line.length).toBeLessThanOrEqual(columns);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('colour is for who sees it, and takes no room', () => {
    const out = new FakeOutput();
    const cells = [[{ text: 'deny', style: 'red' as const }, 'x']];
    expect(table(out, cells)).toBe('deny  x\n');
    out.hasColor = true;
    expect(table(out, cells)).toBe('\u001b[31mdeny\u001b[39m  x\n');
    expect(paint(out, 'bold', 'x')).toBe('\u001b[1mx\u001b[22m');
  });
});

test.each([
  [0, 0],
  [-1, 0],
  [0.001, 1],
  [0.5, 10],
  [0.999, 19],
  [1, 20],
  [7, 20],
])('a bar of %d has %d marks', (share, marks) => {
  expect(bar(share)).toBe('█'.repeat(marks) + '░'.repeat(20 - marks));
});

test('a time is local, with its zone', () => {
  const ms = Date.UTC(2026, 10, 22, 11, 5, 6);
  const text = localTime(ms);
  expect(text).toMatch(/^2026-11-2\d \d\d:\d\d:06 [+-]\d\d:\d\d$/);
  expect(Date.parse(text.replace(' ', 'T').replace(' ', ''))).toBe(ms);
});
