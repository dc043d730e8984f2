import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { textOf } from '../support/documents.js';

const page = textOf('docs/benchmarks.md');

test('the bounds of docs/benchmarks.md are those that the benchmark holds', () => {
  const [, table = ''] =
    /^\| as multiples of the raw relay \| must .*\n\|.*\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const told = table
    .trim()
    .split('\n')
    .flatMap((row) =>
      [...(row.split(' | ')[1]?.matchAll(/\d+(?:\.\d+)?/g) ?? [])].map(([number]) => Number(number)),
    );
  // Growth has its sentence below the table.
  const bounds = readFileSync('test/bench/parts.js', 'utf8')
    .split('\n')
    .filter((line) => !line.includes('p50 at '))
    .flatMap((line) =>
      [...line.matchAll(/\b(?:most|least): (\d+(?:\.\d+)?)/g)].map(([, number]) => Number(number)),
    );
  expect(bounds.length).toBeGreaterThan(5);
  expect(bounds.filter((bound) => !told.includes(bound))).toEqual([]);
});

test('it says when, with which Node and on what it was measured', () => {
  expect(page).toMatch(/^What .*Measured on \d+ \w+ \d{4} with Node \d+\.\d+\.\d+ on .+\.$/m);
});
