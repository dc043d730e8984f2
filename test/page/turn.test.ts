import { expect, test } from 'vitest';
import { onceATurn } from '../../src/page/turn.js';

test('what is made for an answer is made once, and anew for the next one', async () => {
  let made = 0;
  const make = onceATurn((key: string) => `${key} ${++made}`);
  expect([make('a'), make('b'), make('a')]).toEqual(['a 1', 'b 2', 'a 1']);
  // What follows without a pause belongs to the same answer.
  await Promise.resolve();
  expect(make('a')).toBe('a 1');
  await new Promise((done) => setImmediate(done));
  expect(make('a')).toBe('a 3');
});
