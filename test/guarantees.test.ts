import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** What policy-wrap promises stands in one place: the table of docs/guarantees.md. */
const promised = [...readFileSync('docs/guarantees.md', 'utf8').matchAll(/^\| (G\d+) \| \S/gm)].map(
  ([, id = '']) => id,
);

/** The suite that CI runs; the interop tests need the network. */
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((path) => path.endsWith('.test.ts') && !path.startsWith(join('test', 'interop')));

/** Ids in the titles of tests: `test('G1 G4: ...')`, `test.each(...)('G2: %s')`. */
const cited = files.flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/\(\s*['"`]((?:G\d+ ?)+):/g)].flatMap(([, ids = '']) =>
    ids.trim().split(/\s+/),
  ),
);

test('there are ten guarantees, by number', () => {
  expect(promised).toEqual(Array.from({ length: 10 }, (_, index) => `G${index + 1}`));
});

test.each(promised)('%s is cited by a test', (id) => {
  expect(cited).toContain(id);
});

test('no test cites a guarantee that does not exist', () => {
  expect([...new Set(cited)].filter((id) => !promised.includes(id))).toEqual([]);
});
