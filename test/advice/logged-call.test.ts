import { describe, expect, test } from 'vitest';
import { keptOf, type LoggedRow, readLogged } from '../../src/advice/logged-call.js';

const ROW: LoggedRow = {
  auditId: '1',
  at: 0,
  tool: 't',
  decision: 'allow',
  code: undefined,
  rule: undefined,
  observe: false,
  arguments: '[]',
  approval: undefined,
  outcome: 'ok',
  grant: 'default',
};

test.each<[string, Partial<LoggedRow>, string, boolean]>([
  ['allowed', {}, 'passed', false],
  ['allowed by a person', { approval: 'A1' }, 'passed', true],
  ['hidden', { decision: 'hide', rule: '(hidden)' }, 'refused', false],
  ['refused by a limit', { decision: 'deny', code: 'LIMIT' }, 'refused', false],
  ['refused while observing', { decision: 'deny', code: 'LIMIT', observe: true }, 'refused', false],
  ['without a policy', { decision: 'deny', code: 'NO_POLICY' }, 'refused', false],
  [
    'without a policy, while observing',
    { decision: 'deny', code: 'NO_POLICY', observe: true },
    'passed',
    false,
  ],
  ['asked about', { decision: 'ask', code: 'APPROVAL_REQUIRED', approval: 'A1' }, 'asked', false],
  ['asked about, where nobody could be', { decision: 'deny', code: 'APPROVAL_REQUIRED' }, 'asked', false],
  ['rejected', { decision: 'deny', code: 'APPROVAL_REJECTED', approval: 'A1' }, 'asked', false],
  ['not to be read', { decision: 'deny', code: 'MALFORMED' }, 'apart', false],
  ['during a pause', { decision: 'deny', code: 'PAUSED', observe: true }, 'apart', false],
])('what became of a call: %s', (_, row, fate, consented) => {
  expect(readLogged({ ...ROW, ...row })).toMatchObject({ fate, consented });
});

test('counters of observing wrappers and of other grants are apart', () => {
  const owners = [{}, { observe: true }, { grant: 'other' }].map(
    (row) => readLogged({ ...ROW, ...row }).owner,
  );
  expect(new Set(owners).size).toBe(3);
});

test.each([
  ['x'.repeat(512), true],
  [`${'x'.repeat(511)}…`, true],
  [`${'x'.repeat(512)}…`, false],
])('whether the log has the whole name', (tool, isNameWhole) => {
  expect(readLogged({ ...ROW, tool }).isNameWhole).toBe(isNameWhole);
});

describe('what was kept of the arguments', () => {
  test.each([
    ['["a","b"]', { kind: 'names', names: ['a', 'b'] }],
    ['[]', { kind: 'values', args: {} }],
    ['{}', { kind: 'values', args: {} }],
    ['{"a":[1]}', { kind: 'values', args: { a: [1] } }],
    ['["…"]', { kind: 'nothing' }],
    ['{"a":"cut o…', { kind: 'nothing' }],
    ['[1]', { kind: 'nothing' }],
    ['null', { kind: 'nothing' }],
    ['', { kind: 'nothing' }],
  ])('%s', (text, kept) => {
    expect(keptOf(text)).toEqual(kept);
  });

  test('numbers stay exact', () => {
    const kept = keptOf('{"a":9007199254740993}');
    expect(kept.kind === 'values' && String(kept.args.a)).toBe('9007199254740993');
  });
});
