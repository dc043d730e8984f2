import { afterAll, describe, expect, test } from 'vitest';
import { keptOf, type LoggedRow, readLogged } from '../../src/advice/logged-call.js';
import { history } from '../../src/store/history.js';
import { Store } from '../../src/store/store.js';
import { tempDir } from '../store/support.js';
import { admission, INFO, open } from '../store/support-shapes.js';

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
  ['not to be read', { decision: 'deny', code: 'MALFORMED' }, 'unjudged', false],
  ['during a pause', { decision: 'deny', code: 'PAUSED', observe: true }, 'unjudged', false],
])('what became of a call: %s', (_, row, disposition, consented) => {
  expect(readLogged({ ...ROW, ...row })).toMatchObject({ disposition, consented });
});

test('counters of observing wrappers and of other grants are apart', () => {
  const owners = [{}, { observe: true }, { grant: 'other' }].map(
    (row) => readLogged({ ...ROW, ...row }).owner,
  );
  expect(new Set(owners).size).toBe(3);
});

describe('whether the log has the whole name', () => {
  const temp = tempDir();
  afterAll(temp.remove);

  test.each([
    ['512 letters', 'x'.repeat(512), true],
    ['one more', 'x'.repeat(513), false],
    ['characters of two bytes', 'ñ'.repeat(256), true],
    ['one more of two bytes', 'ñ'.repeat(257), false],
    ['one more of three bytes', '発'.repeat(171), false],
    ['one more of four bytes, after a letter', `x${'😀'.repeat(128)}`, false],
    ['an ellipsis of its own', 'wait…', true],
  ])('%s', async (_, tool, isNameWhole) => {
    const store = Store.open(temp.path());
    try {
      store.admit(store.startSession(INFO), [admission(open(), { tool })]);
      const { value: [row] = [] } = await history(store, { server: INFO.server }).next();
      expect(readLogged(row as LoggedRow)).toMatchObject({ isNameWhole });
      expect(row?.tool === tool).toBe(isNameWhole);
    } finally {
      store.close();
    }
  });
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
