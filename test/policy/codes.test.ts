import { expect, test } from 'vitest';
import {
  CODES,
  codeRow,
  comesBefore,
  drawsLine,
  HIDDEN_RULE,
  type RefusalCode,
} from '../../src/policy/codes.js';

const ALL = Object.keys(CODES) as RefusalCode[];
const where = (holds: (code: RefusalCode) => boolean) => ALL.filter(holds).sort();

test('a pause is told before every rule of a listed tool, and after what is not listed', () => {
  expect(where((code) => comesBefore(code, 'PAUSED'))).toEqual(['MALFORMED', 'NOT_LISTED', 'NO_POLICY']);
  expect(comesBefore('PAUSED', 'CHANGED')).toBe(true);
  expect(comesBefore('PAUSED', 'PAUSED')).toBe(false);
  expect(comesBefore('CHANGED', 'REQUIRE')).toBe(true);
});

test('a call that waits for a task gets the error of its kind', () => {
  const withError = (error: number) => where((code) => codeRow(code).error === error);
  expect(withError(42900)).toEqual(['LIMIT']);
  expect(withError(40100)).toEqual(['APPROVAL_EXPIRED', 'APPROVAL_REJECTED', 'APPROVAL_REQUIRED']);
  expect(withError(40300)).toHaveLength(ALL.length - 4);
});

test('only what a person can still allow is asked', () => {
  expect(where((code) => codeRow(code).decision === 'ask')).toEqual(['APPROVAL_REQUIRED']);
  expect(where((code) => codeRow(code).isApproval)).toEqual([
    'APPROVAL_EXPIRED',
    'APPROVAL_REJECTED',
    'APPROVAL_REQUIRED',
  ]);
});

test('no policy has a part in a line that cannot be read, a pause, a store out of reach and a failure', () => {
  expect(where((code) => codeRow(code).policyPart === 'none')).toEqual([
    'INTERNAL',
    'MALFORMED',
    'PAUSED',
    'STORE',
  ]);
});

test('a rule draws a line, and the absence of one does not', () => {
  for (const rule of [HIDDEN_RULE, '(no policy)', '(default deny)', '(changed)'])
    expect(drawsLine(rule), rule).toBe(false);
  for (const rule of ['/tools/t/require/0', '(approval)', '']) expect(drawsLine(rule), rule).toBe(true);
});

test('a code of another version, or of the prototype, has no row', () => {
  expect(codeRow('TOMORROW')).toBeUndefined();
  expect(codeRow('toString')).toBeUndefined();
  expect(codeRow(undefined)).toBeUndefined();
  expect(codeRow('LIMIT')?.error).toBe(42900);
});

test('no sentence for a model names a command of ours', () => {
  for (const code of ALL)
    expect(`${codeRow(code).advice} ${codeRow(code).explanation ?? ''}`).not.toMatch(/policy-wrap/);
});

test('where no edit of the policy helps, a code says what else a person can do', () => {
  expect(where((code) => codeRow(code).policyPart === 'none' && codeRow(code).mend === undefined)).toEqual(
    [],
  );
});
