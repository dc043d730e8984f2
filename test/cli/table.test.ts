import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { bar, type Column, paint, table, wrapped } from '../../src/cli/table.js';
import { clockTime, localDay, localTime } from '../../src/cli/time.js';
import { FakeOutput } from './commands/support.js';

/** As a client shows it: 64 characters. */
const LONG = 'mcp__claude_ai_Google_Calendar__list_events_of_shared_calendars_';
const UUID = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';

function shown(columns: number, ...rest: [rows: string[][], kinds?: Column[], indent?: string]): string {
  const [rows, kinds = [], indent = ''] = rest;
  return table({ columns, hasColor: false }, rows, { columns: kinds, indent });
}

describe('table', () => {
  test('columns are as wide as their widest cell, and lines end without spaces', () => {
    const rows = [
      ['a', 'a long middle column', 'x'],
      ['bb', 'short', 'last'],
    ];
    expect(shown(80, rows)).toBe('a   a long middle column  x\nbb  short                 last\n');
    expect(shown(80, [])).toBe('');
  });

  test('characters of two columns, and of none, keep the columns straight', () => {
    expect(
      shown(80, [
        ['日本', 'x'],
        ['abcde', ''],
        ['é\u0301', 'y'],
        ['👩‍👩‍👧', 'z'],
      ]),
    ).toBe('日本   x\nabcde\né\u0301      y\n👩‍👩‍👧     z\n');
  });

  test('a row that does not fit goes on in the next line, and nothing of it is cut', () => {
    const rows = [
      ['12:00:32', 'calendar', LONG, 'deny', 'NOT_LISTED', '(default deny)'],
      ['12:00:33', 'afip', 'create_invoice', 'allow', '', 'ok 12 ms'],
    ];
    expect(LONG).toHaveLength(64);
    expect(shown(80, rows)).toBe(
      `12:00:32  calendar
    ${LONG}  deny
    NOT_LISTED  (default deny)
12:00:33  afip      create_invoice  allow              ok 12 ms
`,
    );
    expect(shown(100, rows).split('\n')).toHaveLength(4);
    expect(shown(200, rows).split('\n')).toHaveLength(3);
  });

  test('prose is broken between words, below its own beginning', () => {
    const why = 'a person must say yes to this call, since it costs money and cannot be taken back';
    expect(shown(60, [['why', why]], ['whole', 'prose'], '  ')).toBe(
      '  why  a person must say yes to this call, since it costs\n       money and cannot be taken back\n',
    );
    expect(shown(40, [[UUID, why]], ['whole', 'prose'])).toBe(
      `${UUID}\n    a person must say yes to this call,\n    since it costs money and cannot be\n    taken back\n`,
    );
  });

  test('a spare column goes where a row would need two lines with it, the last one first', () => {
    const rows = [['12:00:32', 'deny', 'claude-code 2.1.199', 'x']];
    const kinds: Column[] = ['whole', 'whole', 'spare', 'whole'];
    expect(shown(40, rows, kinds)).toBe('12:00:32  deny  claude-code 2.1.199  x\n');
    expect(shown(37, rows, kinds)).toBe('12:00:32  deny  x\n');
    expect(shown(20, [['name', '12345678', '12345678']], ['whole', 'spare', 'spare'])).toBe(
      'name  12345678\n',
    );
  });

  test('a row of one cell is a heading, and moves no column', () => {
    expect(shown(80, [['2026-11-22'], ['12:00', 'x']])).toBe('2026-11-22\n12:00  x\n');
  });

  test('widths that are handed on keep later tables straight', () => {
    const widths: number[] = [];
    const out = { columns: 80, hasColor: false };
    table(out, [['longer', 'x']], { widths });
    expect(table(out, [['a', 'y']], { widths })).toBe('a       y\n');
  });

  const kind = fc.constantFrom<Column>('whole', 'prose');
  const cell = fc
    .string({ maxLength: 70, unit: fc.constantFrom('a', 'b', ' ', '日', '\u0301') })
    .map((text) =>
      text
        .replace(/ +/g, ' ')
        .trim()
        .replace(/^\u0301+/, ''),
    );
  const row = fc.array(cell, { minLength: 3, maxLength: 3 });
  const rows = fc.array(row, { minLength: 1, maxLength: 5 });

  test('whatever the width, every word stands in it whole, and whole cells on one line', () => {
    fc.assert(
      fc.property(
        rows,
        fc.array(kind, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 1, max: 120 }),
        (cells, kinds, width) => {
          const text = shown(width, cells, kinds, '  ');
          const lines = text.split('\n');
          for (const [at, one] of cells.flatMap((each) => [...each.entries()])) {
            if (kinds[at] === 'whole') expect(lines.some((line) => line.includes(one))).toBe(true);
          }
          const words = (all: string) => all.split(/\s+/).filter(Boolean);
          expect(words(text)).toEqual(cells.flatMap((each) => words(each.join(' '))));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('no line is wider than the terminal, unless one name alone is', () => {
    fc.assert(
      fc.property(
        rows,
        fc.array(kind, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 30, max: 120 }),
        (cells, kinds, width) => {
          const alone = cells.flat().flatMap((text) => [text, ...text.split(' ')]);
          for (const line of shown(width, cells, kinds, '  ').split('\n'))
            expect(stringWidth(line) <= width || alone.includes(line.trim())).toBe(true);
        },
      ),
      { numRuns: 500 },
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

test('a word that is wider than a line has one for itself', () => {
  expect(wrapped(`see ${UUID} there`, 10)).toEqual(['see', UUID, 'there']);
  expect(wrapped('', 10)).toEqual(['']);
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

test('a time of today is the time alone; one of another day has its date', () => {
  const now = Date.UTC(2026, 10, 22, 11, 5, 6);
  const [day, time] = localTime(now).split(' ');
  expect(clockTime(now, now)).toBe(time);
  expect(clockTime(now, now + 3 * 86_400_000)).toBe(`${day} ${time}`);
  expect(localDay(now)).toBe(day);
});
