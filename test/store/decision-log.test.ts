import { expect, test } from 'vitest';
import { idOf } from '../../src/store/decision-log.js';

test.each<[string | undefined, number]>([
  ['1', 1],
  ['42', 42],
  ['007', 7],
  ['999999999999999', 999_999_999_999_999],
  ['0', 0],
  ['', 0],
  [undefined, 0],
  ['1000000000000000', 0],
  ['-1', 0],
  ['1.5', 0],
  ['1e3', 0],
  [' 1', 0],
  ['1 ', 0],
  ['x', 0],
  ['１', 0],
  ['1\u0000', 0],
])('the audit id %j names row %d, of which there is none with 0', (auditId, row) => {
  expect(idOf(auditId)).toBe(row);
});
