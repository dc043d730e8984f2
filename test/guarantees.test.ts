import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GUARANTEES } from './guarantees.js';

function testFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return testFiles(path);
    return path.endsWith('.test.ts') ? [path] : [];
  });
}

/** Ids in the titles of tests: `test('G1 G4: ...')`, `test.each(...)('G2: %s')`. */
const cited = testFiles('test')
  .filter((path) => path !== join('test', 'guarantees.test.ts'))
  .flatMap((path) => [
    ...readFileSync(path, 'utf8').matchAll(/(?:test|it|describe)?\(\s*['"`]((?:G\d+ ?)+):/g),
  ])
  .flatMap(([, ids = '']) => ids.trim().split(/\s+/));

test.each(Object.keys(GUARANTEES))('%s is cited by a test', (id) => {
  expect(cited).toContain(id);
});

test('no test cites a guarantee that does not exist', () => {
  expect([...new Set(cited)].filter((id) => !Object.hasOwn(GUARANTEES, id))).toEqual([]);
});
